from datetime import date
from typing import Any

import pytest
from msgspec import structs

from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    DocumentSent,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
)
from domain.routing import route
from domain.sending import SendDocument
from tests.domain.given import code, decide, fact, on, refusal

STREAM = "invoice:i1"
ISSUED = InvoiceIssued(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    number="I-1",
    due_on=date(2024, 1, 31),
    lines=(InvoiceLine(line="1", amount_minor=500),),
)
CREDITED = CreditIssued(
    when=on(1, 5),
    number="C-1",
    lines=(CreditLine(line="1", amount_minor=100),),
    treatment="from-now",
)
SEND = SendDocument(
    when=on(1, 2),
    sha256="0f" * 32,
    media_type="application/pdf",
    channel="email",
    recipient="p-7",
    template="ab12",
    locale="de-CH",
    known_at=12,
)
SENT = DocumentSent(**structs.asdict(SEND))


def test_what_left_the_house_is_a_fact() -> None:
    assert decide(STREAM, SEND, ISSUED) == (SENT,)


def test_it_may_be_sent_again_and_when_it_is_void() -> None:
    assert decide(STREAM, SEND, ISSUED, SENT, InvoiceVoided(when=on(1, 3))) == (SENT,)


def test_what_was_not_issued_was_not_sent_unless_another_system_says_so() -> None:
    assert code(STREAM, SEND) == "not-issued"
    assert decide(STREAM, SEND, outside=True) == (SENT,)


def test_a_credit_note_that_is_sent_is_one_of_the_invoice() -> None:
    note = structs.replace(SEND, credit="C-1")

    assert decide(STREAM, note, ISSUED, CREDITED) == (structs.replace(SENT, credit="C-1"),)
    assert refusal(STREAM, note, ISSUED) == ("unknown-credit-note", {"credit": "C-1"})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sha256": "0F" * 32}, "not-a-digest"),
        ({"sha256": "0f" * 31}, "not-a-digest"),
        ({"recipient": "ada@example.org"}, "not-opaque"),
        ({"recipient": "Ada Lovelace"}, "not-opaque"),
        ({"recipient": ""}, "empty-text"),
        ({"channel": " "}, "empty-text"),
        ({"media_type": ""}, "empty-text"),
        ({"locale": "german_"}, "unknown-locale"),
        ({"known_at": 0}, "negative-number"),
    ],
)
def test_what_it_says_can_be_relied_on(change: dict[str, Any], expected: str) -> None:
    assert code(STREAM, structs.replace(SEND, **change), ISSUED) == expected


def test_that_a_document_was_sent_moves_nothing() -> None:
    sent = fact(9, stream=STREAM, event=SENT)

    assert route(sent, lambda _: ("subscription:s1",)) == ()
    corrected = structs.replace(sent, corrects=8)
    assert route(corrected, lambda _: ("subscription:s1",)) == ("subscription:s1",)
