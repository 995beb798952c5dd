"""Curves: how much of an amount stands at the end of a day, cumulative and rounded once.

A curve is closed-form, so a stored schedule is cut at any date without measuring again, and what
stands at a date never depends on how far beyond it one looks (law 10).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from fractions import Fraction
from operator import itemgetter
from typing import Literal, assert_never

from msgspec import Struct

from domain.calendar import ONE_DAY, days_in_month, month_start
from domain.money import rounded, rounded_share

_mark_day = itemgetter(0)

Progress = Literal["day", "month", "month-by-days", "month-cut-off"]


class At(Struct, frozen=True, tag="at"):
    """The whole amount from one day on."""

    day: date
    minor: int


class Steps(Struct, frozen=True, tag="steps"):
    """Cumulative amounts from each day on, in order."""

    marks: tuple[tuple[date, int], ...]


class Ratable(Struct, frozen=True, tag="ratable"):
    """An amount earned evenly over [start, end); after `stop`, if set, it stands still for good.

    `month` stands still between month ends and takes a month it touches only in part by days;
    `month-by-days` moves inside the month too, for calendars whose periods cut months; and
    `month-cut-off` counts the first month whole and leaves a last partial month out (SPEC 6).
    """

    start: date
    end: date
    minor: int
    by: Progress
    stop: date | None = None


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
            return _earned(curve, day if curve.stop is None else min(day, curve.stop))
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
            return curve.start
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
            return end if curve.stop is None else min(end, curve.stop)
        case _:
            assert_never(curve)


def total(curve: Curve) -> int:
    """What stands when the curve no longer moves."""
    return standing(curve, last_day(curve))


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
            if stop < curve.start:
                return None
            return Ratable(curve.start, curve.end, curve.minor, curve.by, stop)
        case _:
            assert_never(curve)


def measured_from(day: date, by: Progress) -> date:
    """The first day a change measured on `day` moves: month-even stands still inside a month."""
    return day if by in ("day", "month-by-days") else month_start(day)


def _earned(curve: Ratable, day: date) -> int:
    after = day + ONE_DAY
    if after >= curve.end:
        return curve.minor
    if after <= curve.start:
        return 0
    if curve.by == "day":
        return rounded_share(
            curve.minor, (after - curve.start).days, (curve.end - curve.start).days
        )
    return rounded(curve.minor * _months_progress(curve, after))


def _months_progress(curve: Ratable, after: date) -> Fraction:
    if curve.by == "month-cut-off":
        whole = max(1, _month_index(curve.end) - _month_index(curve.start))
        done = _month_index(after) - _month_index(curve.start)
        return Fraction(min(done, whole), whole)
    cut = after if curve.by == "month-by-days" else month_start(after)
    if cut <= curve.start:
        return Fraction(0)
    return _months_between(curve.start, cut) / _months_between(curve.start, curve.end)


def _month_index(day: date) -> int:
    return day.year * 12 + day.month


def _months_between(start: date, end: date) -> Fraction:
    return _month_place(end) - _month_place(start)


def _month_place(day: date) -> Fraction:
    """A day's place on the axis of months: whole months plus the share of the running one."""
    return _month_index(day) + Fraction(day.day - 1, days_in_month(day))
