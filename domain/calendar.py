"""Accounting periods are rows of a calendar fact, never assumed; service periods are half-open."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from operator import attrgetter
from typing import Literal

from msgspec import Struct, structs

ONE_DAY = timedelta(days=1)
# Whether billing periods count from a day of their own, or are those of the calendar year.
Alignment = Literal["anniversary", "calendar"]
_first, _last = attrgetter("first"), attrgetter("last")
_FEBRUARY, _EVERY_MONTH_HAS = 2, 28
_DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Period(Struct, frozen=True, kw_only=True):
    """One accounting period of an entity; both days belong to it."""

    name: str
    first: date
    last: date


class Calendar(Struct, frozen=True):
    """The entity's periods in order, without gap or overlap (checked where the fact is decided).

    `ends_with_months` is worked out once from them: every amount earned by months asks for it.
    """

    periods: tuple[Period, ...] = ()
    ends_with_months: bool = True

    def __post_init__(self) -> None:
        every = all((period.last + ONE_DAY).day == 1 for period in self.periods)
        structs.force_setattr(self, "ends_with_months", every)

    def containing(self, day: date) -> Period | None:
        """The period a day falls in; none if the calendar does not reach it."""
        place = bisect_left(self.periods, day, key=_last)
        if place == len(self.periods) or self.periods[place].first > day:
            return None
        return self.periods[place]

    def named(self, name: str) -> Period | None:
        return next((period for period in self.periods if period.name == name), None)

    def between(self, first: date, last: date) -> tuple[Period, ...]:
        """Periods that share a day with [first, last], in order."""
        start = bisect_left(self.periods, first, key=_last)
        stop = bisect_right(self.periods, last, lo=start, key=_first)
        return self.periods[start:stop]

    def since(self, day: date) -> tuple[Period, ...]:
        """Periods that begin on a day or later, in order."""
        return self.periods[bisect_left(self.periods, day, key=_first) :]

    def over_by(self, day: date) -> date:
        """The last day of the periods that are over when a day is."""
        place = bisect_right(self.periods, day, key=_last)
        return self.periods[place - 1].last if place else date.min


def months(first: date, count: int) -> tuple[Period, ...]:
    """`count` calendar months from the month of `first`, named YYYY-MM."""
    rows = []
    for step in range(count):
        start = add_months(first.replace(day=1), step)
        last = add_months(start, 1) - ONE_DAY
        rows.append(Period(name=f"{start:%Y-%m}", first=start, last=last))
    return tuple(rows)


def add_months(day: date, count: int, anchor: int | None = None) -> date:
    """The same day of a later month; 29, 30 or 31 falls back to the month's end and comes back."""
    index = day.year * 12 + day.month - 1 + count
    year, month = divmod(index, 12)
    wanted = anchor or day.day
    if wanted > _EVERY_MONTH_HAS:
        wanted = min(wanted, _days(year, month + 1))
    return date(year, month + 1, wanted)


def year_after(day: date) -> date:
    """Twelve months later; the last day of a month leads to the last day of one."""
    if day.year >= date.max.year - 1:
        return date.max
    if (day + ONE_DAY).day == 1:
        return add_months(day + ONE_DAY, 12) - ONE_DAY
    return add_months(day, 12)


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=days_in_month(day))


def days_in_month(day: date) -> int:
    return _days(day.year, day.month)


def _days(year: int, month: int) -> int:
    return _DAYS_OF_MONTHS[month - 1] + (month == _FEBRUARY and isleap(year))


def spans(
    start: date, end: date, step_months: int, anchor: int | None = None
) -> Iterator[tuple[date, date]]:
    """Whole billing periods from `start` until `end` is reached; the last may reach beyond it."""
    count = 0
    begin = start
    while begin < end:
        count += step_months
        finish = add_months(start, count, anchor or start.day)
        yield begin, finish
        begin = finish
