import pytest
from msgspec import structs

from domain.facts import Event
from domain.invoice import InvoiceCommand
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.write_off import RecoverInvoice, WriteOffInvoice
from tests.domain.given import code, decide, on
from tests.domain.test_cash import ISSUED

STREAM = "invoice:i1"
WRITE_OFF = WriteOffInvoice(when=on(5, 1), reason="gone")
WRITTEN_OFF = InvoiceWrittenOff(when=on(5, 1), reason="gone")
RECOVER = RecoverInvoice(when=on(6, 1))
RECOVERED = InvoiceRecovered(when=on(6, 1))
CREDITED = CreditIssued(
    when=on(2, 1),
    number="CN",
    lines=(CreditLine(line="1", amount_minor=4_000),),
    treatment="from-now",
)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (WRITE_OFF, (), WRITTEN_OFF),
        (WRITE_OFF, (WRITTEN_OFF,), WRITTEN_OFF),
        (
            structs.replace(WRITE_OFF, amount_minor=5_000),
            (CREDITED,),
            structs.replace(WRITTEN_OFF, amount_minor=5_000),
        ),
        (RECOVER, (WRITTEN_OFF,), RECOVERED),
        (
            structs.replace(RECOVER, amount_minor=1),
            (WRITTEN_OFF, structs.replace(RECOVERED, amount_minor=1)),
            structs.replace(RECOVERED, amount_minor=1),
        ),
    ],
)
def test_an_invoice_is_given_up_and_recovered(
    command: InvoiceCommand, given: tuple[Event, ...], expected: Event
) -> None:
    assert decide(STREAM, command, ISSUED, *given) == (expected,)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (structs.replace(WRITE_OFF, amount_minor=0), (), "amount-not-positive"),
        (structs.replace(WRITE_OFF, amount_minor=5_001), (CREDITED,), "write-off-above-invoice"),
        (WRITE_OFF, (InvoiceVoided(when=on(3, 1)),), "already-void"),
        (RECOVER, (), "not-written-off"),
        (RECOVER, (WRITTEN_OFF, RECOVERED), "not-written-off"),
        (structs.replace(RECOVER, amount_minor=0), (WRITTEN_OFF,), "amount-not-positive"),
    ],
)
def test_what_makes_no_sense_is_refused(
    command: InvoiceCommand, given: tuple[Event, ...], expected: str
) -> None:
    assert code(STREAM, command, ISSUED, *given) == expected


def test_a_person_gives_up_only_what_went_out_and_a_file_may_be_early() -> None:
    assert code(STREAM, WRITE_OFF) == "not-issued"
    assert decide(STREAM, WRITE_OFF, outside=True) == (WRITTEN_OFF,)
    assert decide(STREAM, RECOVER, outside=True) == (RECOVERED,)
