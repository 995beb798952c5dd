"""What the usage of a meter comes to at the end of each day, as if the billing period ended there.

The order in which rows came, and batches that cancel each other, change nothing; a longer look
changes no earlier day (law 10). Everything is exact: a quantity weighted by time is a fraction of
the days of the whole billing period.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import assert_never

from msgspec import Struct, field, structs

from domain.calendar import ONE_DAY
from domain.decimals import EXACT, exact_decimal
from domain.errors import Malformed
from domain.meter import MeterDefined, in_unit
from domain.usage import UsageDay

# A fraction where it is weighted by time, else a decimal.
Quantity = Decimal | Fraction
Group = tuple[tuple[str, str], ...]

_ZERO = Decimal(0)
_day, _start = attrgetter("day"), attrgetter("start")


class Span(Struct, frozen=True, order=True):
    """Days [start, end) on which usage goes to one price."""

    start: date
    end: date


class Window(Struct, frozen=True):
    """The spans, in order, of one price in the billing period that begins on `since`.

    `whole_days`: the length of the whole billing period, of which a stub is a part.
    """

    spans: tuple[Span, ...]
    since: date
    whole_days: int


# --- one row --------------------------------------------------------------------------------------


def converted(reading: UsageDay, meter: MeterDefined) -> UsageDay | None:
    """A reading in the meter's unit; none if nobody said what its own is in it."""
    if reading.unit is None or reading.unit == meter.unit:
        return reading
    quantity = in_unit(meter, reading.quantity, reading.unit)
    return None if quantity is None else structs.replace(reading, quantity=quantity, unit=None)


def lacks(reading: UsageDay, names: Sequence[str], meter: MeterDefined) -> bool:
    """Whether a row is without a dimension it must carry, or without a number that must be one."""
    if not names:
        return False
    has = dict(reading.dimensions)
    if not all(name in has for name in names):
        return True
    return meter.weighted_by is not None and stated_share(reading, meter.weighted_by) is None


def matches(reading: UsageDay, where: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a price wants a row: of each dimension that it names, one of the values."""
    if not where:
        return True
    has = dict(reading.dimensions)
    return all(has.get(name) in values for name, values in where.items())


def group_of(reading: UsageDay, names: Sequence[str]) -> Group:
    """The values by which a price makes charges of their own."""
    if not names:
        return ()
    has = dict(reading.dimensions)
    return tuple((name, has[name]) for name in names)


def stated_share(reading: UsageDay, name: str) -> Fraction | None:
    """The time-weighted quantity that the source states itself, as far as it is a decimal."""
    try:
        share = exact_decimal(dict(reading.dimensions).get(name, ""))
    except Malformed:
        return None
    return Fraction(share) * (1 if reading.rows > 0 else -1)


def standing(readings: Iterable[UsageDay]) -> list[UsageDay]:
    """Rows that were not taken out again, in the order in which they were used."""
    net: dict[tuple[object, ...], int] = {}
    rows: dict[tuple[object, ...], UsageDay] = {}
    for reading in readings:
        quantity = reading.quantity if reading.rows > 0 else EXACT.minus(reading.quantity)
        key = (
            reading.event,
            reading.at,
            reading.day,
            reading.unit,
            reading.dimensions,
            EXACT.normalize(quantity),
        )
        net[key] = net.get(key, 0) + reading.rows
        if reading.rows > 0:
            rows[key] = reading
    return sorted((row for key, row in rows.items() if net[key] > 0), key=in_order)


def in_order(reading: UsageDay) -> tuple[date, datetime, str, Decimal]:
    """By instant, then by source and id: never by arrival."""
    assert reading.at is not None, reading
    return reading.day, reading.at, reading.event, reading.quantity


def added_up(rows: Iterable[UsageDay], by_row: Container[str]) -> tuple[UsageDay, ...]:
    """Single rows as they are read: by batch, day and unit, but for meters wanted row by row."""
    found: list[UsageDay] = []
    sums: dict[tuple[str, str, date, date, int, str], UsageDay] = {}
    for row in rows:
        if row.meter in by_row:
            found.append(row)
            continue
        days = (row.day, row.earned_on or row.day)
        key = (row.subscription, row.meter, *days, row.position, row.unit or "")
        was = sums.get(key)
        sums[key] = structs.replace(
            row,
            rows=row.rows + (was.rows if was else 0),
            quantity=EXACT.add(row.quantity, was.quantity if was else _ZERO),
            at=None,
            event="",
            dimensions=(),
        )
    alive = (sums[key] for key in sorted(sums) if sums[key].rows or sums[key].quantity)
    return (*alive, *found)


# --- many rows ------------------------------------------------------------------------------------


def quantities(
    meter: MeterDefined, readings: Sequence[UsageDay], window: Window
) -> Iterator[tuple[date, Quantity]]:
    """What stands at the end of each day of the spans on which it changes, in order of days.

    `readings` are in the meter's unit. Before the window they count for what goes on in it: for
    the level of a recurring meter, and within the billing period for a level weighted by time.
    """
    if meter.aggregation == "time-weighted-sum":
        yield from _weighted(meter, readings, window)
        return
    tally = tally_of(meter)
    rows = readings if meter.aggregation in {"sum", "count"} else standing(readings)
    by_day = [(day, list(group)) for day, group in groupby(sorted(rows, key=_day), key=_day)]
    place = known = 0
    for span in window.spans:
        while place < len(by_day) and by_day[place][0] < span.start:
            known += _count(by_day[place][1])
            if meter.recurring:
                tally.pass_by(by_day[place][1])
            place += 1
        if meter.recurring:
            tally.go_on()
            # Before the first row there is no level that could go on, not even one of nothing.
            if known and (place == len(by_day) or by_day[place][0] > span.start):
                yield span.start, tally.quantity
        while place < len(by_day) and by_day[place][0] < span.end:
            known += _count(by_day[place][1])
            tally.add(by_day[place][1])
            yield by_day[place][0], tally.quantity
            place += 1


def _count(rows: Iterable[UsageDay]) -> int:
    """How many rows there are, less those that were taken out again."""
    return sum(row.rows for row in rows)


class _Sum(Struct):
    """Of quantities, or of rows: what was taken out is negative and takes itself out."""

    counted: bool
    quantity: Decimal = _ZERO

    def add(self, rows: Sequence[UsageDay]) -> None:
        for row in rows:
            more = Decimal(row.rows) if self.counted else row.quantity
            self.quantity = EXACT.add(self.quantity, more)

    def pass_by(self, rows: Sequence[UsageDay]) -> None:
        self.add(rows)

    def go_on(self) -> None:
        """The level goes on as it is."""


class _Largest(Struct):
    """The largest quantity of a row; of changes, the highest level."""

    is_level: bool
    highest: Decimal | None = None
    level: Decimal = _ZERO

    @property
    def quantity(self) -> Decimal:
        return _ZERO if self.highest is None else self.highest

    def add(self, rows: Sequence[UsageDay]) -> None:
        for row in rows:
            self.pass_by((row,))
            self._reach(self.level if self.is_level else row.quantity)

    def pass_by(self, rows: Sequence[UsageDay]) -> None:
        for row in rows:
            self.level = EXACT.add(self.level, row.quantity)

    def go_on(self) -> None:
        self._reach(self.level)

    def _reach(self, value: Decimal) -> None:
        if self.highest is None or value > self.highest:
            self.highest = value


class _Latest(Struct):
    """The quantity of the last row."""

    quantity: Decimal = _ZERO

    def add(self, rows: Sequence[UsageDay]) -> None:
        self.quantity = rows[-1].quantity

    def pass_by(self, rows: Sequence[UsageDay]) -> None:
        self.add(rows)

    def go_on(self) -> None:
        """What was last stated stands."""


class _Distinct(Struct):
    """How many values a dimension has; of changes, values that are there: above zero in sum."""

    name: str
    is_level: bool
    quantity: Decimal = _ZERO
    seen: dict[str, Decimal] = field(default_factory=dict)

    def add(self, rows: Sequence[UsageDay]) -> None:
        for row in rows:
            value = dict(row.dimensions)[self.name]
            before = self.seen.get(value, _ZERO)
            after = EXACT.add(before, row.quantity if self.is_level else 1)
            self.seen[value] = after
            self.quantity += (after > 0) - (before > 0)

    def pass_by(self, rows: Sequence[UsageDay]) -> None:
        self.add(rows)

    def go_on(self) -> None:
        """Who is there stays."""


def tally_of(meter: MeterDefined) -> _Sum | _Largest | _Latest | _Distinct:
    """An empty tally; rows are added in the order in which they were used."""
    match meter.aggregation:
        case "sum" | "count" as aggregation:
            return _Sum(counted=aggregation == "count")
        case "max":
            return _Largest(is_level=meter.recurring)
        case "latest":
            return _Latest()
        case "unique-count":
            assert meter.property is not None, meter
            return _Distinct(meter.property, meter.recurring)
        case "time-weighted-sum":
            raise AssertionError(meter)
        case _:
            assert_never(meter.aggregation)


# --- a level over time ----------------------------------------------------------------------------


def _weighted(
    meter: MeterDefined, readings: Sequence[UsageDay], window: Window
) -> Iterator[tuple[date, Fraction]]:
    """The level at the end of each day, added up, over the days of the whole billing period."""
    changes: dict[date, Fraction] = {}
    level = Fraction(0)
    for reading in readings:
        if reading.day >= window.since:
            change = _change(reading, meter, window)
            changes[reading.day] = changes.get(reading.day, Fraction(0)) + change
        elif meter.recurring:
            level += Fraction(reading.quantity)
    passed, added = Fraction(0), Fraction(0)
    for day in _days_until(window):
        if meter.weighted_by is None:
            level += changes.get(day, 0)
        if not any(span.start <= day < span.end for span in window.spans):
            continue
        passed += level
        stated = changes.get(day) if meter.weighted_by else None
        added += stated or 0
        if level or stated or day in changes:
            yield day, passed / window.whole_days + added


def _change(reading: UsageDay, meter: MeterDefined, window: Window) -> Fraction:
    """The change of the level; where the source states its share of the period, that share."""
    if meter.weighted_by is None:
        return Fraction(reading.quantity)
    share = stated_share(reading, meter.weighted_by)
    assert share is not None, (reading, window)
    return share


def _days_until(window: Window) -> Iterator[date]:
    day = window.since
    while day < window.spans[-1].end:
        yield day
        day += ONE_DAY
