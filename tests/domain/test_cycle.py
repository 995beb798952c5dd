"""Billing periods for any anchor, interval and change of anchor, against a walk day by day."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import ONE_DAY, days_in_month
from domain.cycle import (
    A_MONDAY,
    BillingPeriod,
    Cycle,
    Every,
    Turn,
    cycle_of,
    layout,
    whole_period,
)

DAYS = st.dates(date(1999, 1, 1), date(2040, 12, 31))
ANCHORS = st.integers(1, 31)
MONTHS = st.sampled_from([1, 2, 3, 5, 6, 12, 24])
NEVER = (date.min, 0)


def periods(start: date, end: date, cycle: Cycle, *turns: Turn) -> list[BillingPeriod]:
    return list(layout((start, 1), end, [Turn(NEVER, cycle), *turns]))


def is_boundary(day: date, cycle: Cycle) -> bool:
    """The slow answer: the anchor day of its month, or its last, in a month that counts."""
    every = cycle.every
    if every.days:
        return (day - cycle.anchor).days % every.days == 0
    apart = day.year * 12 + day.month - cycle.anchor.year * 12 - cycle.anchor.month
    wanted = min(cycle.anchor_day, days_in_month(day))
    return day.day == wanted and apart % every.months == 0


def walked(start: date, cycle: Cycle) -> tuple[date, date]:
    begin = start
    while not is_boundary(begin, cycle):
        begin -= ONE_DAY
    end = start + ONE_DAY
    while not is_boundary(end, cycle):
        end += ONE_DAY
    return begin, end


@given(DAYS, DAYS, ANCHORS, MONTHS, st.sampled_from(["anniversary", "calendar"]))
def test_the_whole_period_of_a_day_is_the_one_walked_to(
    start: date, day: date, anchor: int, months: int, alignment: str
) -> None:
    cycle = cycle_of(Every(months), start, anchor, alignment)  # type: ignore[arg-type]

    assert whole_period(cycle, day) == walked(day, cycle)


@given(DAYS, DAYS, st.integers(1, 45), st.sampled_from(["anniversary", "calendar"]))
def test_periods_of_days_are_walked_to_as_well(
    start: date, day: date, days: int, alignment: str
) -> None:
    cycle = cycle_of(Every(0, days), start, None, alignment)  # type: ignore[arg-type]

    assert whole_period(cycle, day) == walked(day, cycle)


@given(DAYS, st.integers(1, 900), ANCHORS, MONTHS)
def test_periods_follow_each_other_and_only_the_first_may_be_a_stub(
    start: date, length: int, anchor: int, months: int
) -> None:
    end = start + timedelta(days=length)
    cycle = cycle_of(Every(months), start, anchor, "anniversary")

    found = periods(start, end, cycle)

    assert found[0].start == start
    assert found[-1].start < end <= found[-1].end
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(row.whole_start <= row.start < row.end == row.whole_end for row in found)
    assert all(row.start == row.whole_start for row in found[1:])


@given(DAYS, st.integers(0, 400), ANCHORS, ANCHORS, MONTHS, st.booleans())
def test_a_turn_leaves_no_gap_and_no_overlap(
    start: date, after: int, before: int, anchor: int, months: int, cuts: bool
) -> None:
    day = start + timedelta(days=after)
    end = day + timedelta(days=1000)
    first = cycle_of(Every(months), start, before, "anniversary")
    then = cycle_of(Every(months), day, anchor, "anniversary")

    found = periods(start, end, first, Turn((day, 2), then, cuts=cuts))

    assert found[0].start == start
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(row.whole_start <= row.start < row.end <= row.whole_end for row in found)
    assert all(is_boundary(row.end, then) for row in found if row.start > day)
    running = next(row for row in found if row.start <= day < row.end)
    if cuts:
        assert day in (running.start, start)
    else:
        assert is_boundary(running.end, first)


def test_a_cycle_day_of_31_falls_back_and_returns() -> None:
    cycle = cycle_of(Every(1), date(2017, 1, 31), 31, "anniversary")

    found = periods(date(2017, 1, 31), date(2017, 5, 1), cycle)

    assert [row.start for row in found] == [
        date(2017, 1, 31),
        date(2017, 2, 28),
        date(2017, 3, 31),
        date(2017, 4, 30),
    ]


def test_calendar_quarters_begin_with_a_part_of_the_running_one() -> None:
    cycle = cycle_of(Every(3), date(2024, 5, 20), None, "calendar")

    first = periods(date(2024, 5, 20), date(2024, 7, 2), cycle)[0]

    assert first == BillingPeriod(
        date(2024, 5, 20), date(2024, 7, 1), date(2024, 4, 1), date(2024, 7, 1)
    )


def test_calendar_weeks_begin_on_mondays() -> None:
    cycle = cycle_of(Every(0, 7), date(2023, 2, 1), None, "calendar")

    assert A_MONDAY.isoweekday() == 1
    assert whole_period(cycle, date(2023, 2, 1)) == (date(2023, 1, 30), date(2023, 2, 6))


def test_without_an_interval_the_whole_term_is_one_period() -> None:
    start, end = date(2024, 1, 1), date(2026, 7, 1)
    cycle = cycle_of(Every(), start, None, "anniversary")

    assert periods(start, end, cycle) == [BillingPeriod(start, end, start, end)]


@pytest.mark.parametrize(
    ("cuts", "since", "first_end"),
    [
        (False, (date(2016, 6, 4), 2), date(2016, 7, 1)),
        (True, (date(2016, 6, 4), 2), date(2016, 6, 4)),
        # What begins after the turn follows it at once, also on the day of the turn.
        (False, (date(2016, 6, 1), 0), date(2016, 6, 4)),
        (False, (date(2016, 6, 1), 2), date(2016, 7, 1)),
    ],
)
def test_a_moved_anchor_keeps_or_cuts_the_running_period(
    cuts: bool, since: tuple[date, int], first_end: date
) -> None:
    start = date(2016, 6, 1)
    old = cycle_of(Every(1), start, 1, "anniversary")
    new = cycle_of(Every(1), since[0], 4, "anniversary")

    found = periods(start, date(2016, 9, 1), old, Turn(since, new, cuts=cuts))

    assert found[0].end == first_end
