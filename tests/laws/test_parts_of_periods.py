"""Anchor days, leap years, zones and clock changes against references that count one by one.

Days are looked at day by day, seconds by the quarter of an hour on a clock of the zone: every clock
there is moves by whole quarters. Nothing here knows how long a month is or when a clock changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing import recurring_charges
from domain.calendar import ONE_DAY, days_in_month
from domain.charge import Charge
from domain.cycle import BillingPeriod
from domain.facts import When
from domain.price import PriceSet
from domain.pricing import PerUnit
from domain.proration import portion
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from tests.laws.lives import Catalogue, Life, opened, sold_of

QUARTER = timedelta(minutes=15)
CENTS = 100
# West and east, by half and by three quarters of an hour; clocks that change at midnight, by half
# an hour, never; and one that left out a whole day.
ZONES = (
    "UTC",
    "America/New_York",
    "America/Havana",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
DAYS = st.one_of(
    st.dates(date(2019, 11, 1), date(2029, 1, 31)),
    st.sampled_from([date(2024, 2, 29), date(2024, 1, 31), date(2024, 10, 31), date(2011, 12, 29)]),
)


class Sold(NamedTuple):
    """From a day and a time on, so many."""

    day: date
    at: datetime
    quantity: int


def quarters(start: date, end: date, zone: str) -> Iterator[tuple[datetime, date]]:
    """Every quarter of an hour that a clock shows on the days [start, end), and its day."""
    clock = ZoneInfo(zone)
    moment = datetime.combine(start, time(), UTC) - 2 * ONE_DAY
    last = datetime.combine(end, time(), UTC) + 2 * ONE_DAY
    while moment < last:
        day = moment.astimezone(clock).date()
        if start <= day < end:
            yield moment, day
        moment += QUARTER


def seconds(start: date, end: date, zone: str) -> int:
    return 900 * sum(1 for _ in quarters(start, end, zone))


@settings(max_examples=100)
@given(
    DAYS,
    st.integers(0, 20),
    st.integers(1, 45),
    st.integers(0, 45),
    st.sampled_from(ZONES),
    st.sampled_from(("day", "second")),
)
def test_a_part_of_a_stub_is_what_a_clock_counts(
    begin: date, lead: int, days: int, cut: int, zone: str, by: str
) -> None:
    """A stub of a whole period that began before it."""
    start, end = begin + timedelta(lead), begin + timedelta(lead + days)
    day = min(start + timedelta(cut), end)

    found = portion(start, day, BillingPeriod(start, end, begin, end), by, zone)

    if by == "day":
        assert (found.part, found.total) == ((day - start).days, (end - begin).days)
        return
    # Its last second belongs to no part: a period ends the second before midnight.
    whole, rest = seconds(begin, end, zone), seconds(day, end, zone)
    assert found.total == whole - (whole > 0)
    part = seconds(start, day, zone)
    assert found.part == part - (not rest and part > 0)


@settings(max_examples=80)
@given(
    DAYS,
    st.none() | st.integers(1, 31),
    st.sampled_from((1, 1, 1, 2, 3, 12)),
    st.sampled_from(ZONES[:-1]),
    st.sampled_from(("day", "second")),
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 95), st.integers(0, 9)),
        max_size=4,
        unique_by=lambda change: change[:2],
    ),
    st.sampled_from(("anniversary", "calendar")),
)
def test_what_is_sold_of_each_period_is_counted_one_by_one(
    start: date,
    anchor: int | None,
    every: int,
    zone: str,
    by: str,
    changes: list[tuple[int, int, int]],
    alignment: str,
) -> None:
    """Whole periods by walking to the anchor days; the parts by asking at each moment."""
    said = [Sold(start, datetime.min.replace(tzinfo=UTC), 3)]
    for days, quarter, quantity in sorted(changes):
        day = start + timedelta(days)
        clock = time(quarter // 4, quarter % 4 * 15)
        at = datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
        if at.astimezone(ZoneInfo(zone)).date() == day and at > said[-1].at:
            said.append(Sold(day, at, quantity))
    end = start + timedelta(110)
    charges = _charges(said, end, zone, by, anchor=anchor, every=every, alignment=alignment)
    by_period: dict[BillingPeriod, list[Charge]] = {}
    for one in charges:
        by_period.setdefault(one.period, []).append(one)
    cursor = start
    for period, own in sorted(by_period.items(), key=lambda row: row[0].start):
        whole = walked(start, cursor, anchor, every, alignment)
        assert (period.whole_start, period.whole_end) == whole
        assert (period.start, period.end) == (cursor, whole[1])
        _parts_agree(period, own, said, end, zone, by)
        cursor = period.end
    assert cursor >= end


def walked(
    start: date, day: date, anchor: int | None, every: int, alignment: str
) -> tuple[date, date]:
    """The whole period of a day: from the last day that begins one to the next."""
    begin, end = day, day + ONE_DAY
    while not begins(begin, start, anchor, every, alignment):
        begin -= ONE_DAY
    while not begins(end, start, anchor, every, alignment):
        end += ONE_DAY
    return begin, end


def begins(day: date, start: date, anchor: int | None, every: int, alignment: str) -> bool:
    """Whether a period begins: on the anchor day, or the last of a shorter month, in its months."""
    wanted = (anchor or 1) if alignment == "calendar" else (anchor or start.day)
    if day.day != min(wanted, days_in_month(day)):
        return False
    first = date(start.year, 1, 1)
    if alignment == "anniversary":
        first = start
        while first.day != min(wanted, days_in_month(first)):
            first += ONE_DAY
    return (day.year * 12 + day.month - first.year * 12 - first.month) % every == 0


def _parts_agree(
    period: BillingPeriod, own: list[Charge], said: list[Sold], end: date, zone: str, by: str
) -> None:
    total = (
        (period.whole_end - period.whole_start).days
        if by == "day"
        else seconds(period.whole_start, period.whole_end, zone) - 1
    )
    counted: Counter[int] = Counter()
    if by == "day":
        day = period.start
        while day < min(period.end, end):
            counted[[one for one in said if one.day <= day][-1].quantity] += 1
            day += ONE_DAY
    else:
        for moment, _ in quarters(period.start, min(period.end, end), zone):
            counted[[one for one in said if one.at <= moment][-1].quantity] += 900
        if period.whole_end <= end:
            counted[[one for one in said if one.day < period.end][-1].quantity] -= 1
    found: Counter[int] = Counter()
    for one in own:
        part = (one.portion.part, one.portion.total) if one.portion else (total, total)
        assert part[1] == total
        found[int(one.quantity)] += part[0]
    assert {q: n for q, n in found.items() if n} == {q: n for q, n in counted.items() if n}
    exact = sum(Fraction(quantity * UNIT * part, total) for quantity, part in counted.items())
    assert abs(sum(one.minor for one in own) - exact) < len(own) + 1


UNIT = 7_31


def _charges(
    said: list[Sold],
    end: date,
    zone: str,
    by: str,
    *,
    anchor: int | None,
    every: int,
    alignment: str,
) -> tuple[Charge, ...]:
    start = said[0].day
    price = PriceSet(
        when=When(effective=date(2010, 1, 1)),
        currency="USD",
        model=PerUnit(unit_amount=Decimal(UNIT) / CENTS),
        interval_months=every,
        proration=by,
    )
    facts, master = opened(("price:seats", price))
    life = Life(Catalogue(tuple(facts), master, ()), facts)
    life.say(
        StartSubscription(
            when=When(effective=start),
            customer="c1",
            currency="USD",
            term_from=start,
            term_to=end,
            items=(Item(item="seats", price="seats", quantity=Decimal(said[0].quantity)),),
            zone=zone,
            anchor_day=anchor,
            alignment=alignment,
        )
    )
    for one in said[1:]:
        change = ItemChange(item="seats", quantity=Decimal(one.quantity))
        life.say(AmendSubscription(when=When(effective=one.day, at=one.at), items=(change,)))
    assert not life.refused
    return recurring_charges(sold_of(life, ()), master.prices)


@pytest.mark.parametrize("anchor", range(1, 32))
@pytest.mark.parametrize("year", [2023, 2024])
def test_every_anchor_day_falls_back_in_short_months_and_comes_back(anchor: int, year: int) -> None:
    """A year and a half of months, through February of a common year and of a leap year."""
    start = date(year, 1, anchor)
    said = [Sold(start, datetime.min.replace(tzinfo=UTC), 1)]
    charges = _charges(
        said, date(year + 1, 7, 1), "UTC", "day", anchor=anchor, every=1, alignment="anniversary"
    )
    begun = [one.start for one in charges]
    months = [(year + place // 12, place % 12 + 1) for place in range(len(begun))]

    assert begun == [
        date(y, month, min(anchor, days_in_month(date(y, month, 1)))) for y, month in months
    ]
    assert {one.minor for one in charges[:-1]} == {UNIT}
