"""Curves at their edges: where they begin, stand still, are caught up, and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from msgspec.structs import replace

from domain.accounting.curves import (
    At,
    Curve,
    Instants,
    Ratable,
    Steps,
    ahead,
    evenly,
    first_day,
    frozen_at,
    last_day,
    measured_from,
    months_between,
    moving_days,
    not_before,
    standing,
    total,
)

JANUARY, APRIL = date(2024, 1, 1), date(2024, 4, 1)
QUARTER = Ratable(JANUARY, APRIL, 300_00, "month")
MARKS = Steps(((date(2024, 1, 10), 5_00), (date(2024, 2, 10), 9_00)))


def test_what_is_caught_up_stands_from_its_day_on_less_what_was_earned_before() -> None:
    curve = Ratable(JANUARY, APRIL, 300_00, "month", since=date(2024, 2, 10), less=40_00)

    assert [standing(curve, date(2024, 2, day)) for day in (9, 10, 29)] == [0, 60_00, 160_00]
    assert (first_day(curve), last_day(curve), total(curve)) == (
        date(2024, 2, 10),
        date(2024, 3, 31),
        260_00,
    )
    early = Ratable(JANUARY, APRIL, 300_00, "month", since=date(2023, 12, 1))
    assert first_day(early) == JANUARY
    after = Ratable(JANUARY, APRIL, 300_00, "month", since=date(2024, 5, 9), less=40_00)
    assert (last_day(after), total(after)) == (date(2024, 5, 9), 260_00)


@pytest.mark.parametrize(
    ("curve", "stop", "kept"),
    [
        (MARKS, date(2024, 1, 9), None),
        (MARKS, date(2024, 1, 10), Steps(MARKS.marks[:1])),
        (MARKS, date(2024, 2, 10), MARKS),
        (At(JANUARY, 5_00), JANUARY, At(JANUARY, 5_00)),
        (At(APRIL, 5_00), date(2024, 3, 31), None),
        (QUARTER, date(2023, 12, 31), None),
        (QUARTER, JANUARY, Ratable(JANUARY, APRIL, 300_00, "month", stop=JANUARY)),
        (QUARTER, date(2024, 3, 31), QUARTER),
    ],
)
def test_what_is_frozen_keeps_what_stood_that_day(
    curve: Curve, stop: date, kept: Curve | None
) -> None:
    assert frozen_at(curve, stop) == kept


def test_a_stretch_of_one_month_is_earned_at_its_first_cut_off() -> None:
    curve = Ratable(date(2024, 1, 16), date(2024, 2, 16), 100_00, "month-cut-off")

    assert [standing(curve, date(2024, 1, day)) for day in (30, 31)] == [0, 100_00]


def test_within_a_month_it_is_by_days_of_that_month_where_months_are_so() -> None:
    curve = Ratable(JANUARY, APRIL, 300_00, "month-by-days")
    days = (date(2024, 1, 15), date(2024, 2, 10), date(2024, 3, 31))

    # 15 of 31 days; 10 of 29.
    assert [standing(curve, day) for day in days] == [48_39, 134_48, 300_00]


def test_a_month_begun_on_its_second_day_counts_half() -> None:
    curve = Ratable(date(2024, 1, 2), date(2024, 3, 2), 200_00, "half-month")

    assert [standing(curve, date(2024, 1, 31)), standing(curve, date(2024, 2, 29))] == [
        50_00,
        150_00,
    ]


def test_service_to_midnight_ends_with_the_day_before() -> None:
    midnight = datetime(2024, 2, 1, tzinfo=UTC)
    to_midnight = evenly(JANUARY, date(2024, 2, 1), 31_00, Instants("UTC", None, midnight))
    to_noon = Instants("UTC", None, midnight.replace(hour=12))

    assert to_midnight.end == date(2024, 2, 1)
    assert standing(to_midnight, JANUARY) == 1_00
    assert evenly(JANUARY, date(2024, 2, 2), 31_00, to_noon).end == date(2024, 2, 2)


def test_months_lie_between_days_by_parts_of_each_month() -> None:
    assert months_between(JANUARY, APRIL) == 3
    assert months_between(date(2024, 1, 16), date(2024, 2, 15)) == 1 + Fraction(14, 29) - Fraction(
        15, 31
    )


def test_a_change_moves_from_the_first_day_that_its_progress_knows() -> None:
    day = date(2024, 7, 15)

    assert measured_from(day, "month") == date(2024, 7, 1)
    assert measured_from(day, "half-month") == date(2024, 7, 1)
    assert {measured_from(day, by) for by in ("day", "month-by-days", Instants("UTC"))} == {day}


def test_what_never_comes_to_anything_is_known_ahead_as_nothing() -> None:
    none = Ratable(JANUARY, date(2024, 1, 3), 0, "month")

    assert ahead(none, 1, JANUARY) == Steps(((JANUARY, 0),))


def test_what_stands_ahead_is_what_comes_so_many_days_later() -> None:
    march = date(2024, 3, 10)

    assert ahead(At(march, 5_00), 10, JANUARY) == At(date(2024, 2, 29), 5_00)
    assert ahead(At(march, 5_00), 99, JANUARY) == At(JANUARY, 5_00)
    assert ahead(MARKS, 9, JANUARY) == Steps(((JANUARY, 5_00), (date(2024, 2, 1), 9_00)))
    by_day = Ratable(JANUARY, APRIL, 91_00, "day", since=march)
    assert standing(ahead(by_day, 10, JANUARY), date(2024, 2, 28)) == 0
    assert standing(ahead(by_day, 10, JANUARY), date(2024, 2, 29)) == 70_00
    assert ahead(QUARTER, 30, JANUARY) == Steps(
        ((JANUARY, 100_00), (date(2024, 1, 30), 200_00), (date(2024, 3, 1), 300_00))
    )


def test_what_stopped_before_there_was_a_contract_stands_from_its_day() -> None:
    stopped = Ratable(JANUARY, APRIL, 300_00, "month", stop=date(2024, 2, 29))

    assert not_before(stopped, date(2024, 3, 10)) == At(date(2024, 3, 10), 200_00)
    assert standing(not_before(stopped, date(2024, 2, 29)), date(2024, 2, 29)) == 200_00


MOVING = [
    replace(curve, by=by, minor=minor)
    for curve in (
        Ratable(date(2024, 1, 1), date(2024, 7, 1), 0, "month"),
        Ratable(date(2024, 1, 31), date(2024, 5, 20), 0, "month"),
        Ratable(date(2024, 1, 10), date(2024, 5, 20), 0, "month", stop=date(2024, 3, 5)),
        Ratable(date(2024, 1, 10), date(2024, 5, 20), 0, "month", since=date(2024, 3, 5), less=3),
        Ratable(date(2024, 1, 10), date(2024, 2, 20), 0, "month", since=date(2024, 3, 5)),
        Ratable(date(2024, 1, 10), date(2024, 2, 20), 0, "month", stop=date(2024, 1, 5)),
    )
    for by in ("day", "month", "month-by-days", "month-cut-off", "half-month", Instants("UTC"))
    for minor in (100_00, -7, 0)
]


@pytest.mark.parametrize("curve", MOVING)
def test_the_days_on_which_it_may_move_are_all_on_which_it_does(curve: Ratable) -> None:
    days = [date(2023, 12, 31) + timedelta(days=number) for number in range(250)]
    does = {b for a, b in pairwise(days) if standing(curve, a) != standing(curve, b)}
    may = [*moving_days([curve])]

    assert does <= {*may}
    assert may == sorted({*may})
    known = ahead(curve, 0, date.min)
    assert [standing(known, day) for day in days] == [standing(curve, day) for day in days]


def test_what_stands_still_inside_a_month_is_looked_at_by_months() -> None:
    began = Ratable(date(2024, 1, 10), date(2024, 4, 20), 100_00, "month")
    days = [date(2024, 1, 10), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]

    assert [*moving_days([began])] == [*days, date(2024, 4, 19)]
    assert [*moving_days([replace(began, stop=date(2024, 1, 9))])] == []
