"""Parts of a billing period: every count cuts the whole, whatever day, zone or clock change."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cycle import BillingPeriod, DayCount, Every, cycle_of, whole_period
from domain.proration import Portion, factor, in_words, portion

COUNTS: list[DayCount] = ["day", "second", "thirty-days", "none"]
ZONES = ["UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin", "Asia/Kathmandu"]


def period_of(day: date, months: int, anchor: int) -> BillingPeriod:
    whole = whole_period(cycle_of(Every(months), day, anchor, "anniversary"), day)
    return BillingPeriod(*whole, *whole)


@given(
    st.dates(date(1999, 1, 1), date(2040, 1, 1)),
    st.sampled_from([1, 3, 12]),
    st.integers(1, 31),
    st.lists(st.integers(0, 400), max_size=5),
    st.sampled_from(COUNTS),
    st.sampled_from(ZONES),
)
def test_the_parts_of_a_period_sum_to_the_whole(
    day: date, months: int, anchor: int, cuts: list[int], by: DayCount, zone: str
) -> None:
    period = period_of(day, months, anchor)
    length = (period.whole_end - period.whole_start).days
    days = sorted({0, length, *(cut for cut in cuts if cut < length)})
    marks = [period.whole_start + timedelta(days=cut) for cut in days]

    parts = [portion(*span, period, by, zone) for span in pairwise(marks)]

    assert sum(row.part for row in parts) == parts[0].total
    assert all(row.part >= 0 for row in parts)
    assert portion(period.start, period.end, period, by, zone).is_whole


@pytest.mark.parametrize(
    ("start", "end", "day", "of"),
    [
        (date(2023, 5, 15), date(2023, 5, 23), 8, 30),
        (date(2023, 5, 23), date(2023, 6, 15), 22, 30),
        (date(2024, 2, 23), date(2024, 3, 15), 22, 30),
    ],
)
def test_months_of_thirty_days(start: date, end: date, day: int, of: int) -> None:
    period = period_of(start, 1, start.day)

    assert portion(start, end, period, "thirty-days", "UTC") == Portion(day, of)


def test_a_day_of_23_or_25_hours_is_a_day() -> None:
    period = period_of(date(2024, 11, 1), 1, 1)

    found = portion(date(2024, 11, 2), date(2024, 11, 4), period, "day", "America/New_York")

    assert found == Portion(2, 30)


def test_seconds_are_those_that_passed_in_the_zone() -> None:
    period = period_of(date(2024, 11, 1), 1, 1)

    found = portion(date(2024, 11, 3), date(2024, 11, 4), period, "second", "America/New_York")

    assert found.part == 25 * 3600
    assert found.total == (30 * 24 + 1) * 3600 - 1


def test_an_instant_counts_by_the_second() -> None:
    period = period_of(date(2024, 1, 1), 1, 1)
    noon = datetime(2024, 1, 31, 12, tzinfo=UTC)

    assert portion(noon, date(2024, 2, 1), period, "second", "UTC").part == 12 * 3600 - 1
    assert portion(noon, date(2024, 2, 1), period, "day", "UTC").part == 1


def test_a_factor_is_exact_or_rounded_half_up() -> None:
    assert factor(Portion(20, 28), None) == Fraction(5, 7)
    assert factor(Portion(20, 28), 9) == Fraction(714285714, 10**9)
    assert factor(Portion(8, 30), 9) == Fraction(266666667, 10**9)
    assert in_words(Portion(20, 28), 9) == "20 of 28, factor 0.714285714"
    assert in_words(Portion(20, 28), None) == "20 of 28"
