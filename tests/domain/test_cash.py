from datetime import date

import pytest
from msgspec import structs

from domain.cash import (
    ApplyPayment,
    CashCommand,
    ReceivePayment,
    RefundPayment,
)
from domain.facts import Event
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.money import LARGEST_MINOR
from domain.payment_facts import (
    Application,
    PaymentApplied,
    PaymentReceived,
    PaymentRefunded,
)
from tests.domain.given import code, decide, on, refusal, state

STREAM = "payment:p1"
RECEIVE = ReceivePayment(when=on(2, 1), customer="c1", currency="USD", amount_minor=10_000)
RECEIVED = PaymentReceived(when=on(2, 1), customer="c1", currency="USD", amount_minor=10_000)
LINES = (InvoiceLine(line="1", amount_minor=9_000),)
ISSUED = InvoiceIssued(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    number="R-1",
    due_on=date(2024, 1, 31),
    lines=LINES,
)
OWED = {"invoice:i1": (ISSUED,)}


def applying(*rows: tuple[str, int]) -> ApplyPayment:
    parts = tuple(Application(invoice=invoice, amount_minor=minor) for invoice, minor in rows)
    return ApplyPayment(when=on(2, 2), applications=parts)


def applied(*rows: tuple[str, int]) -> PaymentApplied:
    return PaymentApplied(when=on(2, 2), applications=applying(*rows).applications)


def refunded(minor: int) -> PaymentRefunded:
    return PaymentRefunded(when=on(2, 3), amount_minor=minor)


def test_money_is_received() -> None:
    assert decide(STREAM, RECEIVE) == (RECEIVED,)


def test_a_payment_may_be_as_small_and_as_large_as_the_ledger_holds() -> None:
    assert decide(STREAM, structs.replace(RECEIVE, amount_minor=1))
    assert decide(STREAM, structs.replace(RECEIVE, amount_minor=LARGEST_MINOR))


def test_a_payment_is_received_once() -> None:
    assert code(STREAM, RECEIVE, RECEIVED) == "already-received"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(RECEIVE, customer=""), "empty-text"),
        (structs.replace(RECEIVE, currency="$"), "unknown-currency"),
        (structs.replace(RECEIVE, amount_minor=0), "amount-not-positive"),
        (structs.replace(RECEIVE, amount_minor=-1), "amount-not-positive"),
        (structs.replace(RECEIVE, amount_minor=LARGEST_MINOR + 1), "amount-too-large"),
    ],
)
def test_a_receipt_that_makes_no_sense_is_refused(command: ReceivePayment, expected: str) -> None:
    assert code(STREAM, command) == expected


def test_a_stated_application_is_a_fact() -> None:
    assert decide(STREAM, applying(("i1", 9_000)), RECEIVED, others=OWED) == (
        applied(("i1", 9_000)),
    )


def test_the_same_application_may_be_stated_again_while_money_is_left() -> None:
    command = applying(("i1", 4_000))

    assert decide(STREAM, command, RECEIVED, applied(("i1", 4_000)), others=OWED)


def test_no_more_is_applied_than_is_left() -> None:
    given = (RECEIVED, applied(("i1", 3_000)), refunded(2_000))

    assert decide(STREAM, applying(("i1", 5_000)), *given, others=OWED)
    assert refusal(STREAM, applying(("i1", 2_500), ("i1", 2_501)), *given, others=OWED) == (
        "application-above-payment",
        {"left": 5_000},
    )


def test_money_does_not_settle_an_invoice_in_another_currency() -> None:
    others = {"invoice:i1": (structs.replace(ISSUED, currency="EUR"),)}

    assert refusal(STREAM, applying(("i1", 1)), RECEIVED, others=others) == (
        "currency-mismatch",
        {"invoice": "EUR", "payment": "USD"},
    )
    assert code(STREAM, applying(("i1", 1)), RECEIVED, others=others, outside=True) == (
        "currency-mismatch"
    )


def test_money_does_not_settle_an_invoice_of_another_customer() -> None:
    others = {"invoice:i1": (structs.replace(ISSUED, customer="c2"),)}

    assert refusal(STREAM, applying(("i1", 1)), RECEIVED, others=others) == (
        "customer-mismatch",
        {"invoice": "c2", "payment": "c1"},
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((), "no-applications"),
        ((("i1", 0),), "amount-not-positive"),
        ((("i1", -1),), "amount-not-positive"),
        ((("i9", 1),), "unknown-invoice"),
    ],
)
def test_an_application_that_makes_no_sense_is_refused(
    rows: tuple[tuple[str, int], ...], expected: str
) -> None:
    assert code(STREAM, applying(*rows), RECEIVED, others=OWED) == expected


@pytest.mark.parametrize(
    ("invoice", "expected"),
    [
        (
            (InvoiceDrafted(when=on(1, 1), customer="c1", currency="USD", lines=LINES),),
            "unknown-invoice",
        ),
        ((ISSUED, InvoiceVoided(when=on(2, 1))), "already-void"),
    ],
)
def test_a_person_applies_money_only_to_an_invoice_that_stands_but_a_file_may_be_early(
    invoice: tuple[Event, ...], expected: str
) -> None:
    others = {"invoice:i1": invoice}

    assert code(STREAM, applying(("i1", 1)), RECEIVED, others=others) == expected
    assert decide(STREAM, applying(("i1", 1)), RECEIVED, others=others, outside=True)


def test_money_not_applied_is_given_back() -> None:
    command = RefundPayment(when=on(2, 3), amount_minor=1_000)

    assert decide(STREAM, command, RECEIVED, applied(("i1", 9_000))) == (refunded(1_000),)


def test_no_more_is_refunded_than_is_left() -> None:
    command = RefundPayment(when=on(2, 3), amount_minor=6_001)

    assert refusal(STREAM, command, RECEIVED, refunded(4_000)) == (
        "refund-above-payment",
        {"left": 6_000},
    )


@pytest.mark.parametrize(
    ("minor", "expected"), [(0, "amount-not-positive"), (-1, "amount-not-positive")]
)
def test_a_refund_is_above_zero(minor: int, expected: str) -> None:
    assert code(STREAM, RefundPayment(when=on(2, 3), amount_minor=minor), RECEIVED) == expected


@pytest.mark.parametrize(
    "command", [applying(("i1", 1)), RefundPayment(when=on(2, 3), amount_minor=1)]
)
def test_a_person_cannot_use_money_that_never_came_but_a_file_may_be_early(
    command: CashCommand,
) -> None:
    assert code(STREAM, command, others=OWED) == "not-received"
    assert len(decide(STREAM, command, others=OWED, outside=True)) == 1


def test_what_is_left_does_not_depend_on_the_order_of_dates() -> None:
    early = structs.replace(refunded(2_000), when=on(1, 1))

    assert state(STREAM, early, RECEIVED, applied(("i1", 3_000))).left_minor == 5_000
