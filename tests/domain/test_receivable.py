"""From when an invoice is receivable: nothing stands in any account before, but what is paid."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from msgspec import structs

from domain.books import BookOpened, PostingRun
from domain.calendar import months
from domain.contract_facts import ContractOpened, Obligation, ObligationSatisfied
from domain.entity import CalendarDefined
from domain.facts import Event, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.payment_facts import PaymentReceived
from domain.policy import Options, PolicyAdopted
from tests.laws import memory
from tests.laws.memory import Arrival, Books

Row = tuple[str, Event]
MARCH = date(2019, 3, 1)


def on(month: int, day: int = 1) -> When:
    return When(effective=date(2019, month, day))


def contract(cancellable_days: int | None = None) -> Row:
    event = ContractOpened(
        when=on(1),
        customer="c",
        currency="USD",
        price_minor=100_000,
        obligations=(Obligation(obligation="product", pattern="point-in-time"),),
        cancellable_days=cancellable_days,
    )
    return "contract:k", event


DONE = ("contract:k", ObligationSatisfied(when=on(3, 31), obligation="product"))
PAID = (
    "payment:p",
    PaymentReceived(when=on(3), customer="c", currency="USD", amount_minor=100_000),
)


def invoice(due: date = date(2019, 1, 31), **how: object) -> Row:
    line = InvoiceLine(line="1", amount_minor=100_000, contract="k", **how)  # type: ignore[arg-type]
    event = InvoiceIssued(
        when=on(1, 9), customer="c", currency="USD", number="I-1", due_on=due, lines=(line,)
    )
    return "invoice:i", event


def books(*rows: Row, receivable_at: str, through: date) -> Books:
    told = Books("acme")
    options = Options(receivable_at=receivable_at)  # type: ignore[arg-type]
    opening: list[Row] = [
        ("entity:self", CalendarDefined(when=on(1), periods=months(date(2019, 1, 1), 24))),
        ("book:main", BookOpened(when=on(1), name="main")),
        ("policy:main", PolicyAdopted(when=on(1), options=options)),
    ]
    last = ("run:self", PostingRun(when=When(effective=through), through=through))
    for place, (stream, event) in enumerate([*opening, *rows, last]):
        memory.accept(told, Arrival(key=f"k{place}", stream=stream, event=event))
    return told


def stands(
    *rows: Row, receivable_at: str = "by-right", through: date = date(2019, 12, 31)
) -> dict[str, dict[str, int]]:
    """What stands in each account at the end of each month in which it changed."""
    sums: dict[str, Counter[str]] = {}
    for entry in books(*rows, receivable_at=receivable_at, through=through).entries:
        for posted in entry.lines:
            month = f"{posted.slot.earned:%m}"
            sums.setdefault(posted.slot.account, Counter())[month] += posted.minor
    found = {}
    for account, own in sums.items():
        total, found[account] = 0, dict[str, int]()
        for month in sorted(name for name, minor in own.items() if minor):
            total += own[month]
            found[account][month] = total
    return {name: own for name, own in sorted(found.items()) if own}


def test_an_unconditional_right_from_the_due_date_on() -> None:
    """IFRS 15 example 38, case B: invoiced before, nothing is booked before it is due."""
    assert stands(contract(), invoice(), PAID, DONE, receivable_at="due") == {
        "accounts-receivable": {"01": 100_000, "03": 0},
        "cash-clearing": {"03": 100_000},
        "contract-liability": {"01": -100_000, "03": 0},
        "revenue": {"03": -100_000},
    }
    before = stands(contract(), invoice(), receivable_at="due", through=date(2019, 1, 30))
    assert before == {}


def test_by_right_what_may_not_be_left_is_receivable_at_issue() -> None:
    assert stands(contract(), invoice(MARCH))["accounts-receivable"] == {"01": 100_000}
    days = books(contract(), invoice(MARCH), receivable_at="by-right", through=date(2019, 1, 31))
    assert {line.accounting_date for entry in days.entries for line in entry.lines} == {
        date(2019, 1, 9)
    }


@pytest.mark.parametrize(
    ("start", "month"), [(date(2019, 2, 1), "03"), (date(2019, 5, 1), "05"), (None, "03")]
)
def test_by_right_what_may_be_left_is_receivable_when_due_and_begun(
    start: date | None, month: str
) -> None:
    end = date(2020, 1, 1) if start else None
    billed = invoice(MARCH, service_from=start, service_to=end)

    assert stands(contract(30), billed)["accounts-receivable"] == {month: 100_000}


def test_what_is_paid_before_is_a_liability_until_it_is_receivable() -> None:
    early = (
        "payment:p",
        PaymentReceived(when=on(2), customer="c", currency="USD", amount_minor=40_000),
    )
    found = stands(contract(0), invoice(date(2019, 4, 1)), early, DONE)

    assert found == {
        "accounts-receivable": {"04": 60_000},
        "cash-clearing": {"02": 40_000},
        "contract-liability": {"02": -40_000, "04": 0},
        "revenue": {"03": -100_000},
        "unbilled-receivable": {"03": 100_000, "04": 0},
    }


def test_what_is_credited_before_it_is_receivable_never_is() -> None:
    rows = (CreditLine(line="1", amount_minor=25_000),)
    credit = ("invoice:i", CreditIssued(when=on(2), number="C-1", lines=rows, treatment="from-now"))

    found = stands(contract(), invoice(MARCH), credit, receivable_at="due")

    assert found["accounts-receivable"] == {"03": 75_000}


@pytest.mark.parametrize(
    ("notice", "stood"),
    [(30, {"04": 75_000}), (None, {"02": -25_000, "04": 75_000})],
)
def test_what_is_credited_before_its_invoice_waits_where_the_invoice_would(
    notice: int | None, stood: dict[str, int]
) -> None:
    """An invoice is corrected to a later date than its credit note has. Of a deal that may be left
    it takes off nothing before it is due and begun; else it stands from its own date on.
    """
    stream, event = invoice(MARCH)
    assert isinstance(event, InvoiceIssued)
    later = structs.replace(event, when=on(4, 10))
    rows = (CreditLine(line="1", amount_minor=25_000),)
    credit = CreditIssued(when=on(2), number="C-1", lines=rows, treatment="from-now")

    found = stands(contract(notice), (stream, later), (stream, credit))

    assert found["accounts-receivable"] == stood


def test_tax_does_not_wait() -> None:
    tax = InvoiceLine(line="2", amount_minor=19_000, kind="tax", contract="k")
    stream, event = invoice(MARCH)
    assert isinstance(event, InvoiceIssued)
    both = (stream, InvoiceIssued(**{**_fields(event), "lines": (*event.lines, tax)}))

    found = stands(contract(), both, receivable_at="due")

    assert found["accounts-receivable"] == {"01": 19_000, "03": 119_000}
    assert found["tax-payable"] == {"01": -19_000}


def _fields(event: InvoiceIssued) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


@pytest.mark.parametrize(
    "later",
    [
        InvoiceVoided(when=on(4, 15)),
        CreditIssued(
            when=on(4, 15),
            number="C-1",
            lines=(CreditLine(line="1", amount_minor=100_000),),
            treatment="from-now",
        ),
    ],
)
def test_what_takes_off_later_what_is_not_receivable_yet_takes_off_nothing_before(
    later: Event,
) -> None:
    rows = (contract(30), invoice(MARCH), ("invoice:i", later))

    for through in (date(2019, 1, 31), date(2019, 2, 28)):
        assert "accounts-receivable" not in stands(*rows, through=through)
    # Once time has come to what it takes off, it is posted as any document: on its own date.
    for through in (MARCH, date(2019, 12, 31)):
        told = stands(*rows, through=through)
        assert told["accounts-receivable"] == {"03": 100_000, "04": 0}


def test_what_is_owed_back_is_taken_off_by_a_later_void_only_once_it_is_charged() -> None:
    _, event = contract(30)
    assert isinstance(event, ContractOpened)
    deal = ("contract:k", structs.replace(event, refundable=True))
    _, other = invoice(date(2019, 1, 9))
    both = (deal, invoice(MARCH), ("invoice:j", structs.replace(other, number="I-2")))
    rows = (*both, ("invoice:i", InvoiceVoided(when=on(4, 15))))

    # Of two bills one is not receivable yet: that it is void takes nothing off the other.
    owed = {
        through: stands(*rows, through=through)["refund-liability"]
        for through in (date(2019, 2, 28), MARCH, date(2019, 4, 30))
    }
    assert owed == {
        date(2019, 2, 28): {"01": -100_000},
        MARCH: {"01": -100_000, "03": -200_000, "04": -100_000},
        date(2019, 4, 30): {"01": -100_000, "03": -200_000, "04": -100_000},
    }
