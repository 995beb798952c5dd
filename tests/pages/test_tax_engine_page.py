"""The contract with a tax engine is as its page says: what is asked, answered and told."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.errors import Rejected
from domain.tax.answer import sound
from domain.tax.moved import TaxMoved
from domain.tax.port import TaxMessage
from domain.tax.question import Taxable, TaxAnswer, TaxQuestion
from domain.tax.status import TaxStatus
from replay.tax.contract import answers, asked, told
from tests.pages.page import REFERENCE

PAGE = (REFERENCE.parent / "how-to" / "connect-your-tax-engine.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- contract: (?P<name>\w+) -->\n```json\n(?P<text>.*?)```", re.DOTALL)
SAID = {found["name"]: found["text"] for found in BLOCK.finditer(PAGE)}
QUESTION = TaxQuestion(
    document="invoice:paris-EUR-20240201-1",
    currency="EUR",
    on=date(2024, 2, 1),
    customer=TaxStatus(jurisdiction="FR", is_business=True, tax_id_valid=True),
    lines=(Taxable(line="1", exact_minor=Fraction(3500), code="services"),),
)


def read(name: str) -> Any:
    return json.loads(SAID[name])


def test_what_an_engine_is_asked_is_as_told() -> None:
    assert json.loads(asked([QUESTION])) == read("question")


def test_the_answer_on_the_page_is_one() -> None:
    (answer,) = answers(SAID["answer"].encode(), [QUESTION], "avalon")
    assert isinstance(answer, TaxAnswer)

    assert sound(QUESTION, answer).taxes[0].tax_minor == 700
    assert answer.reference == "q-4711"


def test_the_refusal_on_the_page_is_one() -> None:
    (answer,) = answers(SAID["refusal"].encode(), [QUESTION], "avalon")
    assert isinstance(answer, Rejected)

    assert (answer.code, answer.context["said"]) == ("tax-engine-refused", "address-incomplete")


def test_what_an_engine_is_told_is_as_told() -> None:
    moved = TaxMoved(
        position=1,
        number="paris-EUR-20240201-1",
        day=date(2024, 2, 1),
        currency="EUR",
        jurisdiction="FR",
        name="TVA",
        percent=Decimal(20),
        category="taxed",
        taxable_minor=3500,
        tax_minor=700,
    )
    message = TaxMessage(
        kind="commit",
        key=f"commit:{moved.number}",
        number=moved.number,
        invoice=moved.number,
        reference="q-4711",
        currency="EUR",
        on=moved.day,
        taxes=(moved,),
    )

    assert json.loads(told(message)) == read("told")
