from datetime import date

import pytest
from msgspec import structs

from domain.books import (
    AdjustmentApproved,
    AdjustmentLine,
    AdjustmentProposed,
    ApproveAdjustment,
    BookOpened,
    ProposeAdjustment,
)
from domain.money import LARGEST_MINOR
from tests.domain.given import code, decide, on, refusal, state

STREAM = "adjustment:a1"
BOOK = {"book:us-gaap": (BookOpened(when=on(1, 1), name="US GAAP"),)}
LINES = (
    AdjustmentLine(account="unbilled-receivable", amount_minor=500_000),
    AdjustmentLine(account="revenue", amount_minor=-500_000),
)
PROPOSE = ProposeAdjustment(
    when=on(3, 31),
    book="us-gaap",
    currency="USD",
    lines=LINES,
    memo="March accrual",
    reverses_on=date(2024, 4, 1),
)
PROPOSED = AdjustmentProposed(
    when=on(3, 31),
    book="us-gaap",
    currency="USD",
    lines=LINES,
    memo="March accrual",
    reverses_on=date(2024, 4, 1),
    proposed_by="ana",
)
APPROVE = ApproveAdjustment(when=on(4, 2))
APPROVED = AdjustmentApproved(when=on(4, 2), approved_by="bob", proposed_by="ana")


def against(*amounts: int, account: str = "revenue") -> ProposeAdjustment:
    lines = tuple(AdjustmentLine(account=account, amount_minor=minor) for minor in amounts)
    return structs.replace(PROPOSE, lines=lines)


def test_whoever_proposes_is_the_preparer() -> None:
    assert decide(STREAM, PROPOSE, others=BOOK) == (PROPOSED,)


def test_an_adjustment_is_proposed_once() -> None:
    assert code(STREAM, PROPOSE, PROPOSED, others=BOOK) == "already-proposed"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (against(), "unbalanced-adjustment"),
        (against(1), "unbalanced-adjustment"),
        (against(100, -99), "unbalanced-adjustment"),
        (against(LARGEST_MINOR + 1, -LARGEST_MINOR - 1), "amount-too-large"),
        (against(1, -1, account="revnue"), "unknown-account"),
        (structs.replace(PROPOSE, currency="??"), "unknown-currency"),
        (structs.replace(PROPOSE, book="tax"), "unknown-book"),
        (structs.replace(PROPOSE, reverses_on=date(2024, 3, 31)), "reverses-before-it-counts"),
    ],
)
def test_an_adjustment_that_could_not_be_booked_is_refused(
    command: ProposeAdjustment, expected: str
) -> None:
    assert code(STREAM, command, others=BOOK) == expected


def test_an_adjustment_may_be_as_large_as_the_ledger_holds() -> None:
    assert decide(STREAM, against(LARGEST_MINOR, -LARGEST_MINOR), others=BOOK)


def test_another_person_approves() -> None:
    assert decide(STREAM, APPROVE, PROPOSED, actor="bob") == (APPROVED,)


def test_nobody_approves_their_own() -> None:
    assert refusal(STREAM, APPROVE, PROPOSED, actor="ana") == ("own-approval", {"actor": "ana"})


def test_what_is_not_proposed_is_not_approved() -> None:
    assert code(STREAM, APPROVE, actor="bob") == "not-proposed"


def test_an_adjustment_is_approved_once() -> None:
    assert code(STREAM, APPROVE, PROPOSED, APPROVED, actor="eve") == "already-approved"


def test_an_approval_dated_before_the_proposal_is_an_approval() -> None:
    early = structs.replace(APPROVED, when=on(1, 1))

    assert state(STREAM, PROPOSED, early).is_approved
    assert code(STREAM, APPROVE, PROPOSED, early, actor="eve") == "already-approved"
