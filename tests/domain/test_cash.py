from datetime import date
from typing import Any

import pytest
from msgspec import structs

from domain.cash import (
    ApplyPayment,
    CashCommand,
    ChargePaymentFee,
    FailPayment,
    FailPaymentAttempt,
    NamePayment,
    ReceivePayment,
    RefundPayment,
    UnapplyPayment,
)
from domain.facts import Event
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.money import LARGEST_MINOR
from domain.payment_facts import (
    Application,
    Deduction,
    PaymentApplied,
    PaymentAttemptFailed,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentNamed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
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


def deducted(minor: int, *parts: tuple[Any, int]) -> Application:
    rows = tuple(Deduction(kind=kind, amount_minor=part) for kind, part in parts)
    return Application(invoice="i1", amount_minor=minor, deductions=rows)


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


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            UnapplyPayment(when=on(2, 3), invoice="i1"),
            PaymentUnapplied(when=on(2, 3), invoice="i1"),
        ),
        (NamePayment(when=on(2, 3), contract="k"), PaymentNamed(when=on(2, 3), contract="k")),
        (FailPayment(when=on(2, 3), amount_minor=5), PaymentFailed(when=on(2, 3), amount_minor=5)),
        (
            ChargePaymentFee(when=on(2, 3), amount_minor=5),
            PaymentFeeCharged(when=on(2, 3), amount_minor=5),
        ),
    ],
)
def test_money_is_taken_off_named_bounces_and_costs(command: CashCommand, expected: Event) -> None:
    assert decide(STREAM, command, RECEIVED) == (expected,)
    assert code(STREAM, command) == "not-received"
    assert len(decide(STREAM, command, outside=True)) == 1


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (UnapplyPayment(when=on(2, 3), invoice=""), "empty-text"),
        (NamePayment(when=on(2, 3), contract=""), "empty-text"),
        (FailPayment(when=on(2, 3), amount_minor=10_001), "failure-above-payment"),
        (FailPayment(when=on(2, 3), amount_minor=0), "amount-not-positive"),
        (ChargePaymentFee(when=on(2, 3), amount_minor=0), "amount-not-positive"),
    ],
)
def test_what_makes_no_sense_of_money_is_refused(command: CashCommand, expected: str) -> None:
    assert code(STREAM, command, RECEIVED) == expected


def test_an_attempt_may_fail_before_and_after_money_comes() -> None:
    attempt = FailPaymentAttempt(when=on(1, 1), customer="c1", currency="USD", amount_minor=10_000)
    failed = PaymentAttemptFailed(when=on(1, 1), customer="c1", currency="USD", amount_minor=10_000)

    assert decide(STREAM, attempt) == (failed,)
    assert decide(STREAM, attempt, failed) == (failed,)
    assert decide(STREAM, RECEIVE, failed) == (RECEIVED,)
    assert state(STREAM, failed, RECEIVED).kept_minor == 10_000


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (deducted(0, ("fee", 5)), None),
        (deducted(5, ("fee", 5), ("discount", 1)), None),
        (deducted(5, ("fee", 0)), "amount-not-positive"),
        (deducted(-5, ("fee", 5)), "amount-not-positive"),
        (deducted(5, ("fee", 5), ("fee", 5)), "duplicate-deduction"),
    ],
)
def test_deductions_are_above_nothing_and_each_of_a_kind(
    row: Application, expected: str | None
) -> None:
    command = ApplyPayment(when=on(2, 2), applications=(row,))

    if expected is None:
        assert decide(STREAM, command, RECEIVED, others=OWED)
    else:
        assert code(STREAM, command, RECEIVED, others=OWED) == expected


def test_what_is_deducted_takes_nothing_of_the_money() -> None:
    said = PaymentApplied(when=on(2, 2), applications=(deducted(9_000, ("fee", 500)),))

    assert state(STREAM, RECEIVED, said).left_minor == 1_000


def test_what_was_taken_off_is_left_again() -> None:
    off = PaymentUnapplied(when=on(2, 3), invoice="i1")

    assert state(STREAM, RECEIVED, applied(("i1", 3_000)), off).left_minor == 10_000


def test_money_that_settled_an_invoice_may_be_refunded() -> None:
    command = RefundPayment(when=on(2, 3), amount_minor=10_000)

    assert decide(STREAM, command, RECEIVED, applied(("i1", 9_000))) == (refunded(10_000),)
