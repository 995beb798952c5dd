"""Curves: how much of an amount stands at the end of a day, cumulative and rounded once.

A curve is closed-form, so a stored schedule is cut at any date without measuring again, and what
stands at a date never depends on how far beyond it one looks (law 10).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from operator import itemgetter
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.calendar import ONE_DAY, days_in_month, month_end, month_start
from domain.money import rounded_share
from domain.zones import day_of, instant

_mark_day = itemgetter(0)
_MICROSECOND = timedelta(microseconds=1)


class Instants(Struct, frozen=True, tag="instant"):
    """Exact time in a zone, from and to an instant, or without one the first moment of the day."""

    zone: str
    begins: datetime | None = None
    ends: datetime | None = None


Evenly = Literal["day", "month", "month-by-days", "month-cut-off", "half-month"]
Progress = Evenly | Instants


class At(Struct, frozen=True, tag="at"):
    """The whole amount from one day on."""

    day: date
    minor: int


class Steps(Struct, frozen=True, tag="steps"):
    """Cumulative amounts from each day on, in order."""

    marks: tuple[tuple[date, int], ...]


class Ratable(Struct, frozen=True, tag="ratable"):
    """An amount earned evenly over [start, end); after `stop`, if set, it stands still for good.

    Caught up: nothing stands before `since`, and from then on `less` than what was earned by days.

    `month` stands still between month ends and takes a month it touches only in part by days;
    `month-by-days` moves inside the month too, for calendars whose periods cut months;
    `month-cut-off` counts the first month whole and leaves a last partial month out (SPEC 6);
    `half-month` is `month` but takes half of a month it touches only in part. By instants it moves
    with time itself, from day to day.
    """

    start: date
    end: date
    minor: int
    by: Progress
    stop: date | None = None
    since: date | None = None
    less: int = 0


Curve = At | Steps | Ratable


def standing(curve: Curve, day: date) -> int:
    """The cumulative amount at the end of `day`, in minor units."""
    match curve:
        case At():
            return curve.minor if day >= curve.day else 0
        case Steps():
            place = bisect_right(curve.marks, day, key=_mark_day)
            return curve.marks[place - 1][1] if place else 0
        case Ratable():
            if curve.since is not None and day < curve.since:
                return 0
            return _earned(curve, day if curve.stop is None else min(day, curve.stop)) - curve.less
        case _:
            assert_never(curve)


def first_day(curve: Curve) -> date:
    """The first day on which the curve may stand above nothing."""
    match curve:
        case At():
            return curve.day
        case Steps():
            return curve.marks[0][0]
        case Ratable():
            return curve.start if curve.since is None else max(curve.start, curve.since)
        case _:
            assert_never(curve)


def last_day(curve: Curve) -> date:
    """From this day on the curve no longer moves."""
    match curve:
        case At():
            return curve.day
        case Steps():
            return curve.marks[-1][0]
        case Ratable():
            end = curve.end - ONE_DAY
            if curve.since is not None:
                end = max(end, curve.since)
            return end if curve.stop is None else min(end, curve.stop)
        case _:
            assert_never(curve)


def total(curve: Curve) -> int:
    """What stands when the curve no longer moves."""
    match curve:
        case At():
            return curve.minor
        case Steps():
            return curve.marks[-1][1]
        case Ratable():
            if curve.stop is not None:
                return standing(curve, curve.stop)
            return curve.minor - curve.less
        case _:
            assert_never(curve)


def frozen_at(curve: Curve, stop: date) -> Curve | None:
    """The curve as it stood at the end of `stop`, for good; none if nothing stood."""
    if last_day(curve) <= stop:
        return curve
    match curve:
        case At():
            return None
        case Steps():
            marks = tuple(mark for mark in curve.marks if mark[0] <= stop)
            return Steps(marks) if marks else None
        case Ratable():
            if stop < first_day(curve):
                return None
            return structs.replace(curve, stop=stop)
        case _:
            assert_never(curve)


def not_before(curve: Curve, day: date) -> Curve:
    """The same amounts, none of them before a day."""
    match curve:
        case At():
            return At(max(curve.day, day), curve.minor)
        case Steps():
            rows = {max(mark, day): minor for mark, minor in curve.marks}
            return Steps(tuple(rows.items()))
        case Ratable() if curve.stop is not None and curve.stop < day:
            return At(day, total(curve))
        case Ratable():
            return structs.replace(curve, since=max(curve.since or day, day))
        case _:
            assert_never(curve)


def ahead(curve: Curve, days: int, since: date) -> Curve:
    """What will stand so many days later, from `since` on."""
    sooner = timedelta(days=days)
    match curve:
        case At():
            return At(max(curve.day - sooner, since), curve.minor)
        case Ratable(by="day", start=start, end=end, stop=stop):
            begin = since if curve.since is None else max(curve.since - sooner, since)
            kept = None if stop is None else stop - sooner
            anew = structs.replace(curve, start=start - sooner, end=end - sooner, stop=kept)
            return structs.replace(anew, since=begin)
        case Steps():
            rows = {max(day - sooner, since): minor for day, minor in curve.marks}
        case Ratable():
            rows = {max(day - sooner, since): standing(curve, day) for day in _moving(curve)}
        case _:
            assert_never(curve)
    return Steps(tuple(rows.items()))


def _moving(curve: Ratable) -> Iterator[date]:
    """The days at whose end it stands otherwise than the day before."""
    stood = 0
    for day in _days_of(curve):
        now = standing(curve, day)
        if now != stood:
            yield day
        stood = now
    if not stood:
        yield last_day(curve)


def _days_of(curve: Ratable) -> Iterator[date]:
    """The days by whose end it may move: its first and last, and between them month ends where it
    stands still inside a month.
    """
    day, last = first_day(curve), last_day(curve)
    by_months = curve.by in ("month", "month-cut-off", "half-month")
    while day < last:
        yield day
        after = day + ONE_DAY
        day = min(month_end(after), last) if by_months else after
    if day == last:
        yield last


def measured_from(day: date, by: Progress) -> date:
    """The first day a change measured on `day` moves: month-even stands still inside a month."""
    inside = isinstance(by, Instants) or by in ("day", "month-by-days")
    return day if inside else month_start(day)


def spread_from(day: date, by: Progress) -> date:
    """From when what remains is spread: month-even progress stands still inside a month, so a
    change inside one is measured at the month end before, and one on its last day at its own.
    """
    stands_still = measured_from(day, by) != day
    return measured_from(day + ONE_DAY, by) if stands_still else day


def evenly(start: date, end: date, minor: int, by: Progress) -> Ratable:
    """An amount over [start, end), or from instant to instant, as far as they lie in it."""
    if not isinstance(by, Instants):
        return Ratable(start, end, minor, by)
    if by.ends is not None:
        end = day_of(by.ends - _MICROSECOND, by.zone) + ONE_DAY
    begins = by.begins if by.begins is not None and day_of(by.begins, by.zone) >= start else None
    if begins is not None:
        start = day_of(begins, by.zone)
    return Ratable(start, end, minor, Instants(by.zone, begins, by.ends))


def shares(start: date, end: date, by: Progress) -> tuple[tuple[date, Fraction], ...]:
    """How much of [start, end) is over at the end of each day by which that is more."""
    curve, day = evenly(start, end, 0, by), start
    found = [(day, Fraction(0))]
    while day < end:
        now = _share(curve, day)
        if now != found[-1][1]:
            found.append((day, now))
        day += ONE_DAY
    return tuple(found[1:])


def _share(curve: Ratable, day: date) -> Fraction:
    after = day + ONE_DAY
    if after >= curve.end:
        return Fraction(1)
    return Fraction(0) if after <= curve.start else Fraction(*_over(curve, after))


def _earned(curve: Ratable, day: date) -> int:
    after = day + ONE_DAY
    if after >= curve.end:
        return curve.minor
    if after <= curve.start:
        return 0
    return rounded_share(curve.minor, *_over(curve, after))


def _over(curve: Ratable, after: date) -> tuple[int, int]:
    """The part that is over before a day between the first and the last, and what all of it is."""
    if isinstance(curve.by, Instants):
        return _by_time(curve, curve.by, after)
    if curve.by == "day":
        return (after - curve.start).days, (curve.end - curve.start).days
    if curve.by in ("month", "half-month") and curve.start.day == curve.end.day == 1:
        # Whole months, as most are: counted, without an exact share of each.
        begin = _month_index(curve.start)
        return _month_index(after) - begin, _month_index(curve.end) - begin
    return _months_progress(curve, after).as_integer_ratio()


def _by_time(curve: Ratable, by: Instants, after: date) -> tuple[int, int]:
    """By microseconds, the unit that instants are kept in."""
    begins = by.begins or instant(curve.start, by.zone)
    ends = by.ends or instant(curve.end, by.zone)
    elapsed = instant(after, by.zone) - begins
    return elapsed // _MICROSECOND, (ends - begins) // _MICROSECOND


def _months_progress(curve: Ratable, after: date) -> Fraction:
    if curve.by == "month-cut-off":
        whole = max(1, _month_index(curve.end) - _month_index(curve.start))
        done = _month_index(after) - _month_index(curve.start)
        return Fraction(min(done, whole), whole)
    cut = after if curve.by == "month-by-days" else month_start(after)
    if cut <= curve.start:
        return Fraction(0)
    is_half = curve.by == "half-month"
    place = _half_month_place if is_half else _month_place
    begin = place(curve.start)
    return (place(cut) - begin) / (place(curve.end) - begin)


def _month_index(day: date) -> int:
    return day.year * 12 + day.month


def months_between(start: date, end: date) -> Fraction:
    return _month_place(end) - _month_place(start)


def _month_place(day: date) -> Fraction:
    """A day's place on the axis of months: whole months plus the share of the running one."""
    return _month_index(day) + Fraction(day.day - 1, days_in_month(day))


def _half_month_place(day: date) -> Fraction:
    """Whole months, and the middle of the running one on every day but its first."""
    return _month_index(day) + Fraction(day.day > 1, 2)


def word_of(by: Progress) -> str:
    return "instant" if isinstance(by, Instants) else by


def moving_days(curves: Sequence[Curve]) -> Iterator[date]:
    """Every day on which one of them may move."""
    found = set[date]()
    for curve in curves:
        match curve:
            case Steps():
                found.update(day for day, _ in curve.marks)
            case At():
                found.add(curve.day)
            case Ratable():
                found.update(_days_of(curve))
            case _:
                assert_never(curve)
    yield from sorted(found)
