"""When a price for all promises is due, beside what the contract states for each of them."""

from __future__ import annotations

from typing import Any

import pytest

from domain.accounting.curves import Steps
from domain.accounting.schedule import Flow, Schedule
from domain.contract_facts import ContractModified, ContractTerminated, Fee, Obligation
from domain.facts import Event
from tests.domain.contracting import (
    YEAR,
    balance,
    billed,
    even,
    on,
    opened,
    point,
    satisfied,
    scheduled,
    units,
)

BY_MONTH = Fee(
    amount_minor=100_00,
    per="month",
    service_from=on(YEAR[0]).effective,
    service_to=on(YEAR[1]).effective,
)
SERVICE = even("service", *YEAR, fees=(BY_MONTH,))
# Twelve months at 100.00 and 120.00 for all of it: 110.00 a month are earned.
DEAL = opened(YEAR[0], SERVICE, price_minor=120_00)


def stands(schedule: Schedule, *days: str) -> list[tuple[int, int]]:
    """What is due and not billed, and what is due only when more is transferred."""
    accounts = ("unbilled-receivable", "contract-asset")
    return [tuple(balance(schedule, one, day) for one in accounts) for day in days]  # type: ignore[misc]


def all_due(*events: Event) -> list[Flow]:
    found = [memo for memo in scheduled(*events).memos if memo.kind == "entitled"]
    return [memo for memo in found if any("for all promises" in s.what for s in memo.steps)]


def changed(day: str, minor: int, **how: Any) -> ContractModified:
    return ContractModified(when=on(day), price_change_minor=minor, **how)


def test_a_price_for_all_promises_is_due_once_all_are_transferred() -> None:
    schedule = scheduled(DEAL)

    assert stands(schedule, "2024-01-31", "2024-11-30", "2024-12-31") == [
        (100_00, 10_00),
        (1100_00, 110_00),
        (1320_00, 0),
    ]
    (due,) = all_due(DEAL)
    assert [(step.what, step.value) for step in due.steps] == [
        ("price for all promises", "120.00"),
        ("service transferred or ended", "2024-12-31"),
    ]


def test_what_is_billed_of_it_before_is_a_liability_as_ever() -> None:
    schedule = scheduled(DEAL, billed("2024-01-01", 120_00))

    assert stands(schedule, "2024-01-31", "2024-02-29", "2024-12-31") == [
        (0, 0),
        (80_00, 20_00),
        (1200_00, 0),
    ]


def test_the_last_of_all_promises_counts() -> None:
    """Units at 10.00 beside the service; the goods that were added come last."""
    seats = units("seats", "10", "10")
    said = [
        opened(YEAR[0], SERVICE, seats, price_minor=130_00),
        satisfied("2024-02-01", "seats", "9"),
        changed("2024-03-01", 7_00, added=(point("goods", 1, price_minor=50_00),)),
        satisfied("2025-02-10", "seats", "1"),
    ]

    assert all_due(*said) == []
    (due,) = all_due(*said, satisfied("2025-03-05", "goods"))
    assert due.curve == Steps(((on("2025-03-05").effective, 137_00),))
    assert due.causes == (1, 2, 3, 4, 5)
    schedule = scheduled(*said, satisfied("2025-03-05", "goods"))
    assert stands(schedule, "2025-02-28", "2025-03-31")[1] == (1487_00, 0)
    assert stands(schedule, "2025-02-28")[0][1] > 0


def test_it_rests_on_what_says_that_all_was_transferred_and_on_nothing_later() -> None:
    """What is priced by its invoices has no part in it."""
    hours = Obligation(obligation="hours", pattern="as-invoiced")
    seats, goods = units("seats", "10", "10"), point("goods", 1, price_minor=50_00)
    deal = opened("2024-01-01", seats, hours, price_minor=30_00)
    first = satisfied("2024-02-01", "seats", "9")

    assert all_due(deal, first) == []
    (due,) = all_due(
        deal,
        first,
        changed("2024-03-01", 0, added=(goods,)),
        satisfied("2024-04-01", "seats", "1"),
        satisfied("2024-05-01", "goods"),
        satisfied("2024-06-01", "seats", "1"),
    )
    assert due.causes == (1, 2, 3, 4, 5)


def test_a_change_of_it_counts_from_its_own_day_once_all_is_transferred() -> None:
    (due,) = all_due(DEAL, changed("2024-06-01", -20_00), changed("2025-02-01", 5_00))
    first, later = on("2024-12-31").effective, on("2025-02-01").effective

    assert due.curve == Steps(((first, 100_00), (later, 105_00)))
    assert due.causes == (1, 2, 3)


def test_a_discount_for_all_lowers_what_is_due_at_last() -> None:
    schedule = scheduled(opened(YEAR[0], SERVICE, price_minor=0), changed("2024-01-01", -120_00))

    assert stands(schedule, "2024-01-31", "2024-12-31") == [(90_00, 0), (1080_00, 0)]


def test_where_the_contract_ends_nothing_more_must_be_transferred() -> None:
    end = ContractTerminated(when=on("2024-07-01"), refund_minor=600_00)

    assert stands(scheduled(DEAL, end), "2024-06-30", "2024-07-31") == [
        (600_00, 60_00),
        (720_00, 0),
    ]


@pytest.mark.parametrize(
    "deal",
    [
        # What states nothing itself has its share of it as it is transferred.
        opened(YEAR[0], SERVICE, point("goods", 10_00), price_minor=120_00),
        # Each states all that there is.
        opened(YEAR[0], SERVICE, price_minor=0),
        # Nothing comes before the goods, and everything after them.
        opened(
            YEAR[0], SERVICE, point("goods", 1, price_minor=1), price_minor=5, right_after="goods"
        ),
    ],
)
def test_elsewhere_it_is_due_as_before(deal: Event) -> None:
    assert all_due(deal, satisfied("2024-02-01", "goods")) == []
