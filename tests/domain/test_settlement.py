"""One customer account day by day: what stands against what, and where money goes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.curves import standing
from domain.balance_facts import BalanceApplied, BalanceGranted
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.facts import Event, Fact
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.invoicing import InvoicingOptions
from domain.payment_facts import (
    Application,
    Deduction,
    PaymentApplied,
    PaymentAttemptFailed,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.settlement import settlement_flows
from tests.domain.given import fact, on

END = date(2024, 12, 31)


def told(*rows: tuple[str, Event]) -> list[Fact]:
    facts = [fact(place, stream=stream, event=event) for place, (stream, event) in enumerate(rows)]
    return sorted(facts, key=lambda one: (one.when.effective, one.when.order))


def accounts(*rows: tuple[str, Event], day: date = END, **elected: Any) -> dict[str, int]:
    """What the account's facts leave in each account by a day; receivables but for the invoices."""
    options = InvoicingOptions(**elected)
    sums: Counter[str] = Counter()
    for flow in settlement_flows(told(*rows), "c", "USD", lambda _day: options):
        minor = standing(flow.curve, day)
        for account, sign in flow.legs:
            sums[account] += sign * minor
    return {name: minor for name, minor in sums.items() if minor}


def invoice(name: str = "i", minor: int = 100, month: int = 1) -> tuple[str, Event]:
    event = InvoiceIssued(
        when=on(month, 1),
        customer="c",
        currency="USD",
        number=name.upper(),
        due_on=date(2024, month, 28),
        lines=(InvoiceLine(line="1", amount_minor=minor),),
    )
    return f"invoice:{name}", event


def paid(minor: int = 100, name: str = "p", month: int = 2, **more: Any) -> tuple[str, Event]:
    event = PaymentReceived(
        when=on(month, 1), customer="c", currency="USD", amount_minor=minor, **more
    )
    return f"payment:{name}", event


def stated(minor: int, *parts: tuple[Any, int], to: str = "i") -> tuple[str, Event]:
    rows = tuple(Deduction(kind=kind, amount_minor=part) for kind, part in parts)
    row = Application(invoice=to, amount_minor=minor, deductions=rows)
    return "payment:p", PaymentApplied(when=on(2, 1), applications=(row,))


def credited(minor: int, to: Any = None, month: int = 3) -> tuple[str, Event]:
    event = CreditIssued(
        when=on(month, 1),
        number="CN",
        lines=(CreditLine(line="1", amount_minor=minor),),
        treatment="from-now",
        to=to,
    )
    return "invoice:i", event


OPENED = ("payment:p", ChargebackOpened(when=on(3, 1), chargeback="d", amount_minor=100))
WON = ("payment:p", ChargebackWon(when=on(4, 1), chargeback="d"))
LOST = ("payment:p", ChargebackLost(when=on(4, 1), chargeback="d"))
WRITTEN_OFF = ("invoice:i", InvoiceWrittenOff(when=on(5, 1)))


@pytest.mark.parametrize(
    ("kind", "account"),
    [
        ("withholding", "withholding-receivable"),
        ("discount", "settlement-discount"),
        ("fee", "bank-fees"),
        ("short-pay", "short-pay"),
    ],
)
def test_what_was_deducted_settles_too_and_goes_to_its_own_account(kind: Any, account: str) -> None:
    found = accounts(invoice(), paid(90), stated(90, (kind, 10)))

    assert found == {"cash-clearing": 90, account: 10, "accounts-receivable": -100}


def test_taken_off_money_leaves_its_deductions_and_is_not_applied_to_the_invoice_again() -> None:
    off = ("payment:p", PaymentUnapplied(when=on(3, 1), invoice="i"))
    found = accounts(invoice(), paid(90), stated(90, ("fee", 10)), off)

    assert found == {"cash-clearing": 90, "unapplied-cash": -90}


def test_money_taken_off_by_hand_settles_what_else_is_open() -> None:
    off = ("payment:p", PaymentUnapplied(when=on(3, 1), invoice="i"))
    found = accounts(invoice(), invoice("j", 40, 2), paid(100), off)

    assert found == {"cash-clearing": 100, "unapplied-cash": -60, "accounts-receivable": -40}


def test_what_bounced_is_owed_again_and_an_attempt_moves_nothing() -> None:
    bounced = ("payment:p", PaymentFailed(when=on(3, 1), amount_minor=100))
    tried = PaymentAttemptFailed(when=on(2, 1), customer="c", currency="USD", amount_minor=100)

    assert accounts(invoice(), paid(), bounced) == {}
    assert accounts(invoice(), ("payment:p", tried)) == {}


def test_out_of_band_money_settles_and_never_was_in_our_account() -> None:
    found = accounts(invoice(), paid(out_of_band=True))

    assert found == {"external-clearing": 100, "accounts-receivable": -100}


def test_a_deposit_waits_until_it_is_stated() -> None:
    assert accounts(invoice(), paid(deposit=True)) == {"cash-clearing": 100, "deposits": -100}
    assert accounts(invoice(), paid(deposit=True), stated(100)) == {
        "cash-clearing": 100,
        "accounts-receivable": -100,
    }


def test_what_taking_money_costs_comes_out_of_our_account() -> None:
    fee = ("payment:p", PaymentFeeCharged(when=on(2, 1), amount_minor=3))

    assert accounts(invoice(), paid(), fee) == {
        "cash-clearing": 97,
        "bank-fees": 3,
        "accounts-receivable": -100,
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((), {"disputed-cash": 100, "unapplied-cash": -100}),
        ((WON,), {"cash-clearing": 100, "accounts-receivable": -100}),
        ((LOST,), {}),
        (
            (LOST, ("payment:p", ChargebackWon(when=on(5, 1), chargeback="d"))),
            {
                "cash-clearing": 100,
                "accounts-receivable": -100,
            },
        ),
    ],
)
def test_a_chargeback_opens_the_item_until_it_is_won(
    after: tuple[tuple[str, Event], ...], expected: dict[str, int]
) -> None:
    assert accounts(invoice(), paid(), OPENED, *after) == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("offset", {"unapplied-cash": -40}),
        ("balance", {"customer-credit": -40}),
        ("refund", {"refund-clearing": -40}),
    ],
)
@pytest.mark.parametrize("by", ["the note", "the entity", "a statement before"])
def test_what_a_credit_note_sets_free_goes_where_it_says(
    to: Any, expected: dict[str, int], by: str
) -> None:
    note = credited(40, None if by == "the entity" else to)
    more = (stated(100),) if by == "a statement before" else ()
    elected = {"credits_to": to} if by == "the entity" else {}
    found = accounts(invoice(), paid(), *more, note, **elected)

    assert found == {"cash-clearing": 100, "accounts-receivable": -60} | expected


def test_credit_of_a_note_is_for_later_invoices_and_offset_for_those_that_are_open() -> None:
    open_one, later = invoice("j", 10, 2), invoice("k", 25, 4)
    base = (invoice(), open_one, later, paid(), stated(100))
    kept = accounts(*base, credited(40, "balance"))
    offset = accounts(*base, credited(40, "offset"))

    assert (kept["accounts-receivable"], kept["customer-credit"]) == (-85, -15)
    assert (offset["accounts-receivable"], offset["unapplied-cash"]) == (-95, -5)


def test_a_refund_takes_what_waits_to_be_refunded_first() -> None:
    back = ("payment:p", PaymentRefunded(when=on(4, 1), amount_minor=40))
    found = accounts(invoice(), paid(), credited(40, "refund"), back)

    assert found == {"cash-clearing": 60, "accounts-receivable": -60}


def test_money_kept_as_credit_is_taken_back_with_the_payment() -> None:
    found = accounts(invoice(), paid(), credited(40, "balance"), OPENED, LOST)

    assert found == {}


def test_granted_credit_is_applied_like_money() -> None:
    granted = BalanceGranted(when=on(2, 1), customer="c", currency="USD", amount_minor=30)
    rows = (Application(invoice="i", amount_minor=20),)
    said = BalanceApplied(when=on(2, 1), applications=rows)
    taken = ("balance:b", structs.replace(granted, reason="taken-over"))

    assert accounts(invoice(), ("balance:b", granted)) == {
        "credits-granted": 30,
        "accounts-receivable": -30,
    }
    assert accounts(invoice(), taken, ("balance:b", said))["opening-clearing"] == 30


def test_a_write_off_takes_what_is_open_and_gives_way_to_what_is_paid_for_it() -> None:
    part = (invoice(), paid(30), WRITTEN_OFF)
    late = paid(70, "q", 6)
    rows = (Application(invoice="i", amount_minor=70),)
    said = ("payment:q", PaymentApplied(when=on(6, 1), applications=rows))
    base = {"cash-clearing": 30, "bad-debt": 70, "accounts-receivable": -100}

    assert accounts(*part) == base
    assert accounts(*part, late) == base | {"cash-clearing": 100, "unapplied-cash": -70}
    assert accounts(*part, late, said) == {"cash-clearing": 100, "accounts-receivable": -100}


def test_what_a_credit_set_free_and_a_statement_took_again_a_void_sets_free() -> None:
    """Row by row a credit note takes more than is left, before what goes beside gives it back."""
    stream, whole = invoice(minor=1000)
    assert isinstance(whole, InvoiceIssued)
    coupon = InvoiceLine(line="2", amount_minor=-400, kind="coupon", of_line="1")
    issued = stream, structs.replace(whole, lines=(*whole.lines, coupon))
    rows = (CreditLine(line="1", amount_minor=900), CreditLine(line="2", amount_minor=-350))
    note = CreditIssued(when=on(3, 1), number="CN", lines=rows, treatment="from-now")
    facts = issued, paid(600), stated(600), (stream, note)
    void = (stream, InvoiceVoided(when=on(6, 1)))

    assert accounts(*facts)["accounts-receivable"] == -50
    assert accounts(*facts, void) == {"cash-clearing": 600, "unapplied-cash": -600}


def test_a_void_takes_a_write_off_back_and_a_recovery_opens_the_item() -> None:
    void = ("invoice:i", InvoiceVoided(when=on(6, 1)))
    recovered = ("invoice:i", InvoiceRecovered(when=on(6, 1), amount_minor=60))

    assert accounts(invoice(), WRITTEN_OFF, void) == {}
    assert accounts(invoice(), WRITTEN_OFF, recovered) == {
        "bad-debt": 40,
        "accounts-receivable": -40,
    }
    assert accounts(invoice(), WRITTEN_OFF, recovered, paid(60, "q", 7)) == {
        "bad-debt": 40,
        "cash-clearing": 60,
        "accounts-receivable": -100,
    }


def test_what_was_recovered_and_charged_back_is_bad_debt_again() -> None:
    rows = (Application(invoice="i", amount_minor=100),)
    said = ("payment:p", PaymentApplied(when=on(6, 1), applications=rows))
    back = ("payment:p", ChargebackOpened(when=on(7, 1), chargeback="d", amount_minor=100))
    lost = ("payment:p", ChargebackLost(when=on(8, 1), chargeback="d"))
    found = accounts(invoice(), WRITTEN_OFF, paid(month=6), said, back, lost)

    assert found == {"bad-debt": 100, "accounts-receivable": -100}


@pytest.mark.parametrize(
    ("apply", "first"),
    [("oldest-due", "soon"), ("oldest-issued", "old"), ("reference-first", "named")],
)
def test_money_goes_first_where_the_entity_elects(apply: Any, first: str) -> None:
    def open_item(name: str, month: int, due: int) -> tuple[str, Event]:
        event = InvoiceIssued(
            when=on(month, 1),
            customer="c",
            currency="USD",
            number=name.upper(),
            due_on=date(2024, due, 1),
            lines=(InvoiceLine(line="1", amount_minor=100),),
        )
        return f"invoice:{name}", event

    items = (open_item("old", 1, 9), open_item("soon", 2, 3), open_item("named", 2, 8))
    facts = told(*items, paid(month=3, reference="NAMED"))
    flows = settlement_flows(facts, "c", "USD", lambda _day: InvoicingOptions(apply=apply))

    assert [flow.document for flow in flows if flow.kind == "application"] == [first]
