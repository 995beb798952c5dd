import pytest
from msgspec import structs

from domain.balance import (
    ApplyBalance,
    BalanceCommand,
    GrantBalance,
    RefundBalance,
    UnapplyBalance,
    WithdrawBalance,
)
from domain.balance_facts import (
    BalanceApplied,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.facts import Event
from domain.payment_facts import Application, Deduction
from tests.domain.given import code, decide, on, refusal
from tests.domain.test_cash import OWED

STREAM = "balance:b1"
GRANT = GrantBalance(when=on(2, 1), customer="c1", currency="USD", amount_minor=5_000)
GRANTED = BalanceGranted(when=on(2, 1), customer="c1", currency="USD", amount_minor=5_000)
ROWS = (Application(invoice="i1", amount_minor=3_000),)
APPLY = ApplyBalance(when=on(2, 2), applications=ROWS)
APPLIED = BalanceApplied(when=on(2, 2), applications=ROWS)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (GRANT, (), GRANTED),
        (APPLY, (GRANTED,), APPLIED),
        (
            UnapplyBalance(when=on(2, 3), invoice="i1"),
            (GRANTED, APPLIED),
            BalanceUnapplied(when=on(2, 3), invoice="i1"),
        ),
        (
            RefundBalance(when=on(2, 3), amount_minor=5_000),
            (GRANTED, APPLIED),
            BalanceRefunded(when=on(2, 3), amount_minor=5_000),
        ),
        (
            WithdrawBalance(when=on(2, 3), amount_minor=1),
            (GRANTED,),
            BalanceWithdrawn(when=on(2, 3), amount_minor=1),
        ),
    ],
)
def test_credit_is_granted_applied_taken_off_paid_out_and_withdrawn(
    command: BalanceCommand, given: tuple[Event, ...], expected: Event
) -> None:
    assert decide(STREAM, command, *given, others=OWED) == (expected,)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (GRANT, (GRANTED,), "already-granted"),
        (structs.replace(GRANT, amount_minor=0), (), "amount-not-positive"),
        (structs.replace(APPLY, applications=()), (GRANTED,), "no-applications"),
        (APPLY, (GRANTED, APPLIED), "application-above-balance"),
        (RefundBalance(when=on(2, 3), amount_minor=5_001), (GRANTED,), "above-balance"),
        (WithdrawBalance(when=on(2, 3), amount_minor=0), (GRANTED,), "amount-not-positive"),
        (
            structs.replace(
                APPLY,
                applications=(
                    structs.replace(
                        ROWS[0], deductions=(Deduction(kind="discount", amount_minor=1),)
                    ),
                ),
            ),
            (GRANTED,),
            "deduction-without-money",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    command: BalanceCommand, given: tuple[Event, ...], expected: str
) -> None:
    assert code(STREAM, command, *given, others=OWED) == expected


def test_what_was_taken_off_may_be_stated_again() -> None:
    off = BalanceUnapplied(when=on(2, 3), invoice="i1")

    assert decide(STREAM, APPLY, GRANTED, APPLIED, off, others=OWED) == (APPLIED,)


def test_no_more_is_withdrawn_than_was_not_paid_out() -> None:
    paid = BalanceRefunded(when=on(2, 3), amount_minor=2_000)
    command = WithdrawBalance(when=on(2, 4), amount_minor=3_001)

    assert refusal(STREAM, command, GRANTED, paid) == ("above-balance", {"left": 3_000})


@pytest.mark.parametrize("command", [APPLY, RefundBalance(when=on(2, 3), amount_minor=1)])
def test_an_outside_system_may_be_ahead_of_the_grant_and_a_person_may_not(
    command: BalanceCommand,
) -> None:
    assert code(STREAM, command, others=OWED) == "not-granted"
    assert len(decide(STREAM, command, others=OWED, outside=True)) == 1
