"""Whatever a tax engine does, it is a tax that adds up or a refusal by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec import structs

from domain.errors import Malformed, Rejected
from domain.tax.moved import TaxMoved
from domain.tax.port import TaxMessage
from domain.tax.question import Taxable, TaxAnswer, TaxQuestion
from domain.tax.status import TaxStatus
from replay.tax.engines import engines
from replay.tax.http import HttpEngine, Patience
from tests.replay.tax_server import TaxServer, serving

AT_ONCE = Patience(seconds=0.5, failures=4, sleep=lambda _: None)
QUESTION = TaxQuestion(
    document="invoice:i1",
    currency="EUR",
    on=date(2024, 1, 1),
    customer=TaxStatus(jurisdiction="FR"),
    lines=(Taxable(line="1", exact_minor=Fraction(3500)),),
)


@pytest.fixture
def server() -> Iterator[TaxServer]:
    with serving() as found:
        yield found


@pytest.fixture
def engine(server: TaxServer) -> Iterator[HttpEngine]:
    found = HttpEngine("avalon", server.url, "secret", AT_ONCE)
    yield found
    found.close()


def code(engine: HttpEngine) -> str:
    (answer,) = engine.quote([QUESTION])
    assert isinstance(answer, Rejected), answer
    return answer.code


def answered(**changes: object) -> bytes:
    tax = {
        "line": "1",
        "jurisdiction": "FR",
        "name": "VAT",
        "percent": "20",
        "taxable": "35.00",
        "tax": "7.00",
    }
    document = {"document": "invoice:i1", "taxes": [tax | changes]}
    return json.dumps({"documents": [document]}).encode()


def test_an_engine_is_asked_what_the_contract_says(engine: HttpEngine, server: TaxServer) -> None:
    (answer,) = engine.quote([QUESTION])
    assert isinstance(answer, TaxAnswer)

    assert [(tax.tax_minor, tax.exact_minor) for tax in answer.taxes] == [(700, 3500)]
    assert (answer.engine, answer.reference) == ("avalon", "q-invoice:i1")
    assert server.asked == [
        {
            "documents": [
                {
                    "document": "invoice:i1",
                    "currency": "EUR",
                    "date": "2024-01-01",
                    "customer": {
                        "jurisdiction": "FR",
                        "is_business": False,
                        "tax_id_valid": False,
                        "exemption": None,
                    },
                    "lines": [
                        {"line": "1", "amount": "35", "tax_code": None, "includes_tax": False}
                    ],
                }
            ]
        }
    ]


def test_a_stumble_is_asked_again(engine: HttpEngine, server: TaxServer) -> None:
    server.answers = [503, 429]

    assert isinstance(engine.quote([QUESTION])[0], TaxAnswer)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([500] * 3, "tax-engine-unreachable"),
        ([401], "tax-engine-unreachable"),
        (["late"] * 3, "tax-engine-late"),
        ([b"no json"], "tax-engine-nonsense"),
        ([b'{"documents": []}'], "tax-engine-nonsense"),
        ([answered(line="2")], "tax-engine-nonsense"),
        ([answered(tax="7.05")], "tax-engine-nonsense"),
        ([answered(tax="7.001")], "tax-engine-nonsense"),
        ([answered(tax="NaN")], "tax-engine-nonsense"),
        ([answered(taxable="34")], "tax-engine-nonsense"),
        ([answered(percent="2000", tax="700.00")], "tax-engine-nonsense"),
        ([answered(jurisdiction="France")], "tax-engine-nonsense"),
        ([answered(name=" ")], "tax-engine-nonsense"),
        ([answered(category="exempt")], "tax-engine-nonsense"),
        ([answered(surprise=1)], "tax-engine-nonsense"),
    ],
)
def test_what_an_engine_does_wrong_has_a_name(
    engine: HttpEngine, server: TaxServer, answers: list[int | bytes | str], expected: str
) -> None:
    server.answers = answers

    assert code(engine) == expected


def test_nobody_there_has_a_name() -> None:
    with serving() as gone:
        url = gone.url
    engine = HttpEngine("avalon", url, patience=AT_ONCE)

    assert code(engine) == "tax-engine-unreachable"
    engine.close()


def test_a_refusal_says_the_engines_own_words(engine: HttpEngine) -> None:
    line = Taxable(line="1", exact_minor=Fraction(1), code="forbidden")
    (answer,) = engine.quote([structs.replace(QUESTION, lines=(line,))])
    assert isinstance(answer, Rejected)

    assert (answer.code, answer.context) == (
        "tax-engine-refused",
        {"said": "no-such-code", "detail": "ask the tax desk"},
    )


def test_an_engine_that_is_down_is_left_alone(engine: HttpEngine, server: TaxServer) -> None:
    server.answers = [500] * 100
    found = [code(engine) for _ in range(6)]

    assert found == ["tax-engine-unreachable"] * 3 + ["tax-engine-down"] * 3
    assert len(server.asked) == 3 * 4


def test_a_message_is_told_under_a_key_of_its_own(engine: HttpEngine, server: TaxServer) -> None:
    moved = TaxMoved(
        position=1,
        number="I-1",
        day=date(2024, 1, 1),
        currency="EUR",
        jurisdiction="FR",
        name="VAT",
        percent=Decimal(20),
        category="taxed",
        taxable_minor=3500,
        tax_minor=700,
    )
    message = TaxMessage(
        kind="commit",
        key="commit:I-1",
        number="I-1",
        invoice="I-1",
        reference="q1",
        currency="EUR",
        on=date(2024, 1, 1),
        taxes=(moved,),
    )
    engine.commit(message)

    assert server.told == [
        (
            "commit:I-1",
            {
                "kind": "commit",
                "number": "I-1",
                "invoice": "I-1",
                "reference": "q1",
                "currency": "EUR",
                "date": "2024-01-01",
                "taxes": [
                    {
                        "jurisdiction": "FR",
                        "name": "VAT",
                        "percent": "20",
                        "category": "taxed",
                        "taxable": "35.00",
                        "tax": "7.00",
                    }
                ],
            },
        )
    ]


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ("avalon", ""),
        ("=http://here", ""),
        ("avalon=ftp://here", ""),
        ("table=http://here", ""),
        ("a=http://here a=http://there", ""),
        ("a=http://here", "b=secret"),
    ],
)
def test_what_names_no_engine_is_refused(told: str, tokens: str) -> None:
    with pytest.raises(Malformed) as caught:
        engines(told, tokens)

    assert caught.value.code == "bad-tax-engine"


def test_engines_have_names() -> None:
    found = engines("a=http://localhost:1/tax b=https://tax.example", "b=secret")

    assert {*found} == {"a", "b"}
    for one in found.values():
        one.close()
