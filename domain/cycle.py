"""Billing cycles: where billing periods begin and end, for any interval, anchor and turn of them.

A whole period runs from one boundary of its cycle to the next; what is sold from inside a period on
is billed for a stub, which is a part of the whole period it lies in. An anchor on day 29, 30 or 31
falls back to a shorter month's end and comes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from domain.calendar import Alignment, add_months

MONTHS_OF_A_YEAR = 12
# A Monday, and the first day of a year whose weeks begin on Mondays: calendar weeks count from it.
A_MONDAY = date(2001, 1, 1)

# Days from one to before another.
Span = tuple[date, date]
# day: calendar days, however many hours they have. second: elapsed time in the subscription's zone,
# to the last second of the period. thirty-days: every month has 30 days. none: all or nothing.
DayCount = Literal["day", "second", "thirty-days", "none"]
# A point in time among the facts of one day: the day and the order of the fact on it.
Point = tuple[date, int]


class Every(Struct, frozen=True):
    """The length of a billing period: whole months or whole days; neither is the whole term."""

    months: int = 0
    days: int = 0


class Cycle(Struct, frozen=True):
    """Boundaries at `anchor` and every interval before and after; months keep `anchor_day`."""

    every: Every
    anchor: date
    anchor_day: int


class BillingPeriod(Struct, frozen=True):
    """[start, end) is billed as one; a stub is a part of [whole_start, whole_end)."""

    start: date
    end: date
    whole_start: date
    whole_end: date


class Turn(Struct, frozen=True):
    """From `since` on billing follows `cycle`.

    `cuts`: the period that runs on that day ends there. Otherwise it keeps its end, and what is
    between its end and the first boundary of the new cycle is a stub.
    """

    since: Point
    cycle: Cycle
    cuts: bool = False


def cycle_of(every: Every, start: date, anchor_day: int | None, alignment: Alignment) -> Cycle:
    """The cycle of what is first sold on `start`.

    By anniversary the first whole period begins on the first anchor day from `start` on; by
    calendar, periods are those of calendar years cut evenly, and weeks begin on Mondays.
    """
    if alignment == "calendar":
        anchor = A_MONDAY if every.days else date(A_MONDAY.year, 1, 1)
        return Cycle(every, anchor, anchor_day or 1)
    if every.days:
        return Cycle(every, start, start.day)
    day = anchor_day or start.day
    return Cycle(every, first_on(start, day), day)


def first_on(start: date, anchor_day: int) -> date:
    """The first day from `start` on that is the anchor day of its month."""
    here = add_months(start, 0, anchor_day)
    return here if here >= start else add_months(start, 1, anchor_day)


def whole_period(cycle: Cycle, day: date) -> tuple[date, date]:
    """The whole period of the cycle that a day falls in, half-open."""
    every = cycle.every
    if every.days:
        count = (day - cycle.anchor).days // every.days
        begin = cycle.anchor + timedelta(days=count * every.days)
        return begin, begin + timedelta(days=every.days)
    apart = _month_index(day) - _month_index(cycle.anchor)
    count = apart // every.months
    begin = _boundary(cycle, count)
    if day < begin:
        return _boundary(cycle, count - 1), begin
    return begin, _boundary(cycle, count + 1)


def layout(start: Point, end: date, turns: Sequence[Turn]) -> Iterator[BillingPeriod]:
    """Billing periods of what is sold from `start` on until `end` is reached; the last may pass it.

    The first of `turns`, which come in order, is in force from the beginning. What is sold after a
    turn follows it at once.
    """
    cursor = start
    while cursor[0] < end:
        cycle = _in_force(turns, cursor)
        if cycle.every == Every():
            yield BillingPeriod(cursor[0], end, cursor[0], end)
            return
        whole = whole_period(cycle, cursor[0])
        finish = min(whole[1], _next_cut(turns, cursor, whole[1]))
        yield BillingPeriod(cursor[0], finish, *whole)
        cursor = (finish, 0)


def _in_force(turns: Sequence[Turn], cursor: Point) -> Cycle:
    """A turn that cuts counts from its day on, another from what begins after it."""
    found = turns[0].cycle
    for turn in turns[1:]:
        if turn.since <= cursor or (turn.cuts and turn.since[0] <= cursor[0]):
            found = turn.cycle
    return found


def _next_cut(turns: Sequence[Turn], cursor: Point, end: date) -> date:
    cuts = (turn.since[0] for turn in turns[1:] if turn.cuts and turn.since[0] > cursor[0])
    return min(cuts, default=end)


def _boundary(cycle: Cycle, count: int) -> date:
    return add_months(cycle.anchor, count * cycle.every.months, cycle.anchor_day)


def _month_index(day: date) -> int:
    return day.year * MONTHS_OF_A_YEAR + day.month
