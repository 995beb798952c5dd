"""Usage rows as prices of single readings see them, and a level over time as they weigh it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.aggregation import Quantity, Window, stated_share
from domain.calendar import ONE_DAY
from domain.decimals import EXACT
from domain.meter import MeterDefined
from domain.pricing import ReadingModel, started, told_apart, unpriced
from domain.pricing.readings import Reading, Running
from domain.usage import UsageDay

_ZERO = Decimal(0)


def reading_of(row: UsageDay, zone: ZoneInfo, weighted: Fraction | None = None) -> Reading:
    """A row by the clock of the subscription's zone."""
    assert row.at is not None, row
    return Reading(row.at.astimezone(zone), row.quantity, dict(row.dimensions), weighted)


def openings(
    model: ReadingModel, before: Iterable[UsageDay], day: date, zone: ZoneInfo
) -> tuple[Reading, ...]:
    """What a level is when a period begins, as if it were reached in that instant.

    One for each combination of the dimensions that the price goes by. What it has no price for
    costs nothing from here on: its rows were told where they were used.
    """
    names = told_apart(model)
    levels: dict[tuple[tuple[str, str], ...], Decimal] = {}
    for row in before:
        key = tuple(pair for pair in row.dimensions if pair[0] in names)
        levels[key] = EXACT.add(levels.get(key, _ZERO), row.quantity)
    at = datetime.combine(day, time(), zone)
    return tuple(
        Reading(at, level, dict(key))
        for key, level in sorted(levels.items())
        if level and unpriced(model, dict(key)) is None
    )


def as_decimal(quantity: Quantity) -> Decimal | None:
    """A quantity as a decimal, where it has an end."""
    if isinstance(quantity, Decimal):
        return quantity
    bottom = quantity.denominator
    for prime in (2, 5):
        while bottom % prime == 0:
            bottom //= prime
    if bottom > 1:
        return None
    return EXACT.divide(Decimal(quantity.numerator), Decimal(quantity.denominator))


def weighted_until(
    model: ReadingModel,
    rows: Sequence[UsageDay],
    begun: Sequence[Reading],
    meter: MeterDefined,
    window: Window,
    zone: ZoneInfo,
) -> Iterator[tuple[date, Running]]:
    """A price of a level over time, at the end of each day as if the period ended there.

    Each change counts by the days it was there until then, so every day is priced anew.
    """
    begin = window.spans[0].start
    for span in window.spans:
        day = span.start
        while day < span.end:
            running = started(model)
            share = Fraction(_days(window, begin, day), window.whole_days)
            for level in begun:
                running.add(level._replace(weighted=Fraction(level.quantity) * share))
            known = [row for row in rows if row.day <= day]
            for row in known:
                running.add(reading_of(row, zone, _share(row, meter, window, day)))
            if begun or known:
                yield day, running
            day += ONE_DAY


def _share(row: UsageDay, meter: MeterDefined, window: Window, until: date) -> Fraction:
    """A change times its part of the period until the end of a day, or what the source states."""
    if meter.weighted_by is not None:
        stated = stated_share(row, meter.weighted_by)
        assert stated is not None, row
        return stated
    return Fraction(row.quantity) * _days(window, row.day, until) / window.whole_days


def _days(window: Window, since: date, until: date) -> int:
    """Days of the window from one day to the end of another."""
    spans = ((max(span.start, since), min(span.end, until + ONE_DAY)) for span in window.spans)
    return sum(max((end - start).days, 0) for start, end in spans)
