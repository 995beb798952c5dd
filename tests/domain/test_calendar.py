from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    ONE_DAY,
    Calendar,
    Period,
    add_months,
    days_in_month,
    month_start,
    months,
    spans,
)

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
YEAR = Calendar(months(date(2024, 1, 15), 12))


def test_months_are_named_and_whole() -> None:
    assert months(date(2024, 1, 31), 2) == (
        Period(name="2024-01", first=date(2024, 1, 1), last=date(2024, 1, 31)),
        Period(name="2024-02", first=date(2024, 2, 1), last=date(2024, 2, 29)),
    )


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2024, 1, 1), "2024-01"),
        (date(2024, 2, 29), "2024-02"),
        (date(2024, 12, 31), "2024-12"),
    ],
)
def test_a_day_is_in_one_period(day: date, name: str) -> None:
    found = YEAR.containing(day)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2025, 1, 1)])
def test_a_day_the_calendar_does_not_reach_is_in_none(day: date) -> None:
    assert YEAR.containing(day) is None
    assert Calendar().containing(day) is None


def test_a_period_is_found_by_name() -> None:
    assert YEAR.named("2024-03") == months(date(2024, 3, 1), 1)[0]
    assert YEAR.named("2025-03") is None


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        (date(2024, 1, 31), date(2024, 2, 1), ["2024-01", "2024-02"]),
        (date(2024, 2, 2), date(2024, 2, 3), ["2024-02"]),
        (date(2023, 1, 1), date(2024, 1, 1), ["2024-01"]),
        (date(2024, 12, 31), date(2030, 1, 1), ["2024-12"]),
        (date(2025, 1, 1), date(2030, 1, 1), []),
        (date(2023, 1, 1), date(2023, 12, 31), []),
    ],
)
def test_the_periods_between_two_days_share_a_day_with_them(
    first: date, last: date, names: list[str]
) -> None:
    assert [period.name for period in YEAR.between(first, last)] == names


@pytest.mark.parametrize(
    ("day", "count", "anchor", "expected"),
    [
        (date(2024, 1, 31), 1, None, date(2024, 2, 29)),
        (date(2024, 1, 31), 2, None, date(2024, 3, 31)),
        (date(2023, 1, 31), 1, None, date(2023, 2, 28)),
        (date(2024, 2, 29), 1, 31, date(2024, 3, 31)),
        (date(2024, 2, 29), 12, None, date(2025, 2, 28)),
        (date(2024, 3, 31), -1, None, date(2024, 2, 29)),
        (date(2024, 1, 15), -1, None, date(2023, 12, 15)),
        (date(2024, 5, 10), 0, 31, date(2024, 5, 31)),
    ],
)
def test_a_month_later_is_the_anchor_day_or_the_end_of_the_month(
    day: date, count: int, anchor: int | None, expected: date
) -> None:
    assert add_months(day, count, anchor) == expected


@given(DAYS, st.integers(1, 36))
def test_a_month_later_is_never_more_than_a_day_of_the_month_away(day: date, count: int) -> None:
    later = add_months(day, count)

    assert later.day == min(day.day, days_in_month(later))
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count


def test_an_end_of_month_subscription_comes_back_to_the_31st() -> None:
    assert list(spans(date(2024, 1, 31), date(2024, 5, 1), 1)) == [
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 3, 31)),
        (date(2024, 3, 31), date(2024, 4, 30)),
        (date(2024, 4, 30), date(2024, 5, 31)),
    ]


def test_billing_periods_stop_where_the_term_does_and_follow_the_anchor() -> None:
    assert list(spans(date(2024, 1, 1), date(2024, 3, 1), 1)) == [
        (date(2024, 1, 1), date(2024, 2, 1)),
        (date(2024, 2, 1), date(2024, 3, 1)),
    ]
    assert list(spans(date(2024, 2, 29), date(2024, 4, 1), 1, 31)) == [
        (date(2024, 2, 29), date(2024, 3, 31)),
        (date(2024, 3, 31), date(2024, 4, 30)),
    ]


@given(DAYS, st.integers(1, 800), st.integers(1, 12))
def test_billing_periods_follow_one_another_until_the_end(
    start: date, length: int, step: int
) -> None:
    end = start + timedelta(days=length)
    found = list(spans(start, end, step))

    assert found[0][0] == start
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert found[-1][0] < end <= found[-1][1]


@given(DAYS)
def test_a_month_starts_on_its_first_day(day: date) -> None:
    assert month_start(day).day == 1
    assert month_start(day) + days_in_month(day) * ONE_DAY == add_months(month_start(day), 1)
