"""Revenue of a stretch of time that is for what was performed before it (ASC 606-10-50-12A)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.accounting.earlier import earlier_minor
from domain.accounting.schedule import Schedule
from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    ProgressMeasured,
    VariableAmount,
)
from tests.domain.contracting import on, opened, revenue, scheduled

END = date(2024, 12, 31)


def earlier(schedule: Schedule, first: str, last: date = END) -> int:
    return sum(
        earlier_minor(flow, date.fromisoformat(first), last)
        for flow in schedule.flows
        if flow.kind == "release"
    )


def year(name: str = "service") -> Obligation:
    return Obligation(
        obligation=name, service_from=date(2024, 1, 1), service_to=date(2025, 1, 1), ssp_minor=1
    )


def bonus(minor: int) -> VariableAmount:
    return VariableAmount(name="bonus", estimate_minor=minor)


def test_what_is_caught_up_is_for_the_months_before() -> None:
    """1,000.00 and, from July, a bonus of 200.00: 16.67 for each month that is over."""
    schedule = scheduled(
        opened("2024-01-01", year(), price_minor=1_000_00, variable=(bonus(0),)),
        PriceEstimated(when=on("2024-07-01"), variable=(bonus(200_00),)),
    )

    assert earlier(schedule, "2024-07-01") == 100_00
    assert earlier(schedule, "2024-04-01") == 50_00
    assert earlier(schedule, "2024-01-01") == 0
    assert earlier(schedule, "2024-08-01") == 0
    assert earlier(schedule, "2024-04-01", date(2024, 6, 30)) == 0


def test_what_is_caught_up_twice_is_each_time_what_it_adds() -> None:
    """200.00 more in July, and 120.00 less in October."""
    schedule = scheduled(
        opened("2024-01-01", year(), price_minor=1_000_00, variable=(bonus(0),)),
        PriceEstimated(when=on("2024-07-01"), variable=(bonus(200_00),)),
        PriceEstimated(when=on("2024-10-01"), variable=(bonus(80_00),)),
    )

    assert earlier(schedule, "2024-10-01") == -90_00
    assert earlier(schedule, "2024-07-01") == 100_00 - 60_00
    assert earlier(schedule, "2024-07-01", date(2024, 9, 30)) == 100_00


def test_progress_that_was_made_before_is_earlier_performance() -> None:
    """Half is done in March, a quarter in May; in July the price is 400.00 higher."""
    build = Obligation(obligation="build", pattern="percent-complete", ssp_minor=1)
    schedule = scheduled(
        opened("2024-01-01", build, price_minor=1_000_00, variable=(bonus(0),)),
        ProgressMeasured(when=on("2024-03-31"), obligation="build", percent=Decimal(50)),
        ProgressMeasured(when=on("2024-05-31"), obligation="build", percent=Decimal(75)),
        PriceEstimated(when=on("2024-07-10"), variable=(bonus(400_00),)),
    )

    assert earlier(schedule, "2024-07-01") == 300_00
    assert earlier(schedule, "2024-05-01") == 200_00
    assert earlier(schedule, "2024-03-01") == 0


def test_a_price_that_changes_after_all_is_done_is_for_what_was_done() -> None:
    """Rule 19: what was delivered in February takes the change in September."""
    goods = Obligation(obligation="goods", pattern="point-in-time", ssp_minor=1)
    schedule = scheduled(
        opened("2024-01-01", goods, price_minor=500_00, variable=(bonus(0),)),
        ObligationSatisfied(when=on("2024-02-10"), obligation="goods"),
        PriceEstimated(when=on("2024-09-05"), variable=(bonus(50_00),)),
    )

    assert revenue(schedule, "2024-09-01", "2024-09-30") == 50_00
    assert earlier(schedule, "2024-09-01") == 50_00
    assert earlier(schedule, "2024-02-01") == 0


def test_a_change_from_now_on_is_for_nothing_earlier() -> None:
    schedule = scheduled(
        opened("2024-01-01", year(), price_minor=1_200_00),
        ContractModified(when=on("2024-07-01"), price_change_minor=600_00, treatment="prospective"),
    )

    assert earlier(schedule, "2024-07-01") == 0


def test_what_is_given_back_after_the_end_is_for_what_was_served() -> None:
    schedule = scheduled(
        opened("2024-01-01", year(), price_minor=1_200_00),
        ContractTerminated(when=on("2024-07-01")),
        PriceEstimated(when=on("2024-10-05"), variable=(bonus(-60_00),)),
    )

    assert earlier(schedule, "2024-10-01") == -60_00
    assert earlier(schedule, "2024-01-01") == 0
