"""Proration: what part of a whole billing period a piece of it is, by the count a price elects.

Every count is a place on one axis from the beginning of the period to its end, so the parts of a
period always sum to the whole. The ledger's own count is by day and exact; the others are there
because contracts and the engines that bill them say so.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from msgspec import Struct

from domain.cycle import BillingPeriod, DayCount
from domain.decimals import EXACT
from domain.money import rounded_share
from domain.zones import instant

DAYS_OF_A_MONTH = 30


class Portion(Struct, frozen=True):
    """`part` of `total` days or seconds of a whole period."""

    part: int
    total: int

    @property
    def is_whole(self) -> bool:
        return self.part == self.total


def portion(
    start: datetime | date, end: datetime | date, period: BillingPeriod, by: DayCount, zone: str
) -> Portion:
    """The part of the period's whole that [start, end) is; instants count only by the second."""
    total = _place(period.whole_end, period, by, zone)
    part = _place(end, period, by, zone) - _place(start, period, by, zone)
    return Portion(part, total)


def _place(moment: datetime | date, period: BillingPeriod, by: DayCount, zone: str) -> int:
    """How far into the whole period a moment is."""
    day = moment.date() if isinstance(moment, datetime) else moment
    match by:
        case "day":
            return (day - period.whole_start).days
        case "second":
            return _seconds(moment, period, zone)
        case "thirty-days":
            return _thirty_days(day, period)
        case "none":
            return int(day >= period.whole_end)
        case _:
            assert_never(by)


def _seconds(moment: datetime | date, period: BillingPeriod, zone: str) -> int:
    """Seconds since the period began; its last second is the one before midnight."""
    last = instant(period.whole_end, zone) - timedelta(seconds=1)
    elapsed = min(instant(moment, zone), last) - instant(period.whole_start, zone)
    return elapsed.days * 86_400 + elapsed.seconds


def _thirty_days(day: date, period: BillingPeriod) -> int:
    """Days by months of 30: a month's real length is made up for where a month ends."""
    begin, end = period.whole_start, period.whole_end
    total = DAYS_OF_A_MONTH * max(1, _months_between(begin, end))
    if day >= end:
        return total
    return min(total, max(0, DAYS_OF_A_MONTH * _months_between(begin, day) + day.day - begin.day))


def _months_between(begin: date, end: date) -> int:
    return (end.year - begin.year) * 12 + end.month - begin.month


def factor(found: Portion, places: int | None) -> Fraction:
    """The portion as a fraction, exact, or rounded half up to so many decimal places."""
    if places is None:
        return Fraction(found.part, found.total)
    scale: int = 10**places
    return Fraction(rounded_share(scale, found.part, found.total), scale)


def in_words(found: Portion, places: int | None) -> str:
    """`17 of 31`, with the factor where it is rounded."""
    told = f"{found.part} of {found.total}"
    if places is None:
        return told
    digits = rounded_share(10**places, found.part, found.total)
    return f"{told}, factor {EXACT.scaleb(Decimal(digits), -places):f}"
