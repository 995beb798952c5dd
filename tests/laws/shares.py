"""The slow reference of shares: what items earn where their prices say what they sell for alone.

By its own reasoning, as `reference`: it has nothing in common with the ledger but the facts. Units
with a discount are left out, of which it knows nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from domain.accounting.curves import standing
from domain.discount import DiscountGranted
from domain.subscription import SubscriptionStarted
from tests.laws import reference
from tests.laws.memory import Books, Settlement, fresh_of
from tests.laws.reference import (
    DAY,
    FAR,
    Amount,
    Deal,
    World,
    at,
    by_share,
    evenly,
    minor_of,
    stands,
)
from tests.laws.time_laws import Ledger, last_of_each_book, same

ALWAYS = (date.min, date.max)
LAST = date(2026, 12, 31)


class Waits(Exception):
    """Something that is sold says not what it sells for alone."""


class Row(NamedTuple):
    """What is charged of an item for some days, and how many whole periods of units that is."""

    item: str
    start: date
    end: date
    minor: int
    units: Fraction
    price: str
    at_once: bool
    kept: bool = False
    fee: Fee | None = None


class Fee(NamedTuple):
    """Until when it may be for something, and the days of what is given day by day beside it."""

    until: date
    beside: list[tuple[date, date]]


class Earned(NamedTuple):
    item: str
    amount: Amount
    at_once: bool


def shares(_history: object, ledger: Ledger) -> int:
    """Every item of every subscription that shares its price has earned what the reference says."""
    count = 0
    for books in ledger.values():
        for settlement in last_of_each_book(books):
            for unit in sorted(settlement.states):
                if unit.startswith("subscription:"):
                    count += _agrees(books, settlement, unit)
    return count


def _agrees(books: Books, settlement: Settlement, unit: str) -> int:
    run = settlement.run
    world = World(books.facts[: run.position], (), run.book)
    own = [fact for fact in world.facts if fact.stream == unit]
    started = next((f.event for f in own if isinstance(f.event, SubscriptionStarted)), None)
    reduced = any(isinstance(fact.event, DiscountGranted) for fact in own)
    if started is None or started.contract == "none" or started.term_to is None or reduced:
        return 0
    assert fresh_of(books, unit, run.position).facts
    prices = [price for row in world.prices.values() for price in row.values()]
    if not any(price.ssp and price.currency == started.currency for price in prices):
        return 0
    try:
        expected = shared(world, own, world.by(started.term_from))
    except Waits:
        return 0
    schedule, count = settlement.states[unit].schedule, 0
    for item in sorted({one.item for one in expected}):
        flows = [flow for flow in schedule.flows if flow.subject == item and flow.kind == "release"]
        # What has no end is measured, and due, only so far.
        for period in [p for p in world.periods if p.last <= (schedule.measured_to or LAST)]:
            found = sum(standing(flow.curve, period.last) for flow in flows)
            wanted = sum(stands(one.amount, period.last) for one in expected if one.item == item)
            count += same(found, wanted, unit, item, period.name, run.book, run.position)
    return count


def shared(world: World, own: Sequence[Any], by: str) -> list[Earned]:
    deal = Deal(world, own)
    begin = deal.started.term_from
    spans = [ALWAYS]
    if deal.started.renews_months is not None:
        spans = [(a, b) for a, b, *_ in deal.whole_terms(date.min)]
    found = [*turns(world, own, begin)]
    return [one for span in spans for one in in_span(found, span, begin, by)] + beyond(deal, by)


def beyond(deal: Deal, by: str) -> list[Earned]:
    """Fees that are of use beyond the term: each by itself."""
    return [
        Earned(charge.item, charge.amount, at_once=False)
        for sold, since, price, period in _sales(deal)
        if price.upfront and price.benefits_months
        for charge in deal.upfront(sold, period, since, price, by)
    ]


Turn = tuple[date, World, list[Row], Deal]


def turns(world: World, own: Sequence[Any], begin: date) -> Iterator[Turn]:
    first = [f for f in own if isinstance(f.event, SubscriptionStarted)]
    later = [f for f in own if f not in first and not reference.is_access(f)]
    later.sort(key=lambda f: (f.when.measured, f.when.effective, f.when.order))
    # Also what was undone later: it was sold until then.
    said = [change for f in own for change in getattr(f.event, "items", ())]
    sold = {change.price for change in said if getattr(change, "price", None) in world.prices}
    days = {begin, *(max(f.when.measured, begin) for f in later)}
    days |= {day for name in sold for day in sorted(world.prices[name])[1:] if day > begin}
    for day in sorted(days):
        then = copy.copy(world)
        then.prices = {name: _until(rows, day) for name, rows in world.prices.items()}
        before = [f for f in later if max(f.when.measured, begin) < day]
        today = [f for f in later if max(f.when.measured, begin) == day]
        for count in range(len(today) + 1):
            facts = [*first, *before, *today[:count], *filter(reference.is_access, own)]
            facts.sort(key=lambda f: (f.when.effective, f.when.order))
            deal = Deal(then, facts)
            yield day, then, [*rows_of(deal)], deal


def _until(rows: dict[date, Any], day: date) -> dict[date, Any]:
    return {since: price for since, price in rows.items() if since == min(rows) or since <= day}


def _sales(deal: Deal) -> Iterator[tuple[Any, date, Any, Any]]:
    """What is sold in each billing period, and the version of the price it is sold at."""
    for item in deal.items():
        for sold in deal.stretches(item):
            head = deal.world.first_price(sold.price, sold.start)
            if head is None or head[1].meter is not None:
                continue
            made, since = deal.made(item, sold.start), deal.since(item, sold.start)
            for period in deal.periods(reference.every_of(head[1]), made, since):
                if period[1] > sold.start and sold.end > period[0]:
                    yield sold, *(deal.world.price(sold.price, period[0]) or head), period


def rows_of(deal: Deal) -> Iterator[Row]:
    """Every charge of the deal, as `Deal.charge` has it, before it is earned."""
    begin = deal.started.term_from
    for sold, _, price, period in _sales(deal):
        if price.upfront and not price.benefits_months:
            yield from _fee(deal, sold, price, period)
        free = max(deal.started.trial_to or begin, begin + price.trial_days * DAY)
        start, end = max(sold.start, period[0], free), min(sold.end, period[1])
        none = price.proration == "none"
        end = period[1] if none else end
        if not price.upfront and start < end and not (none and start > period[0]):
            yield from _charged(deal, sold, price, period, (start, end))


def _fee(deal: Deal, sold: Any, price: Any, period: tuple[date, ...]) -> Iterator[Row]:
    minor = deal.fee(sold, period, price)
    if minor is None:
        return
    beside = [
        (one.start, one.end)
        for item in deal.items()
        for one in deal.stretches(item)
        for named in [deal.world.first_price(one.price, one.start)]
        if named and not named[1].upfront and named[1].pattern != "point-in-time"
    ]
    ended = min((day for day, _ in deal.endings[sold.item] if day >= sold.start), default=FAR)
    fee = Fee(min(ended, period[1]), beside)
    yield Row(
        sold.item, sold.start, period[1], minor, Fraction(0), sold.price, at_once=False, fee=fee
    )


def _charged(
    deal: Deal, sold: Any, price: Any, period: tuple[date, ...], days: tuple[date, date]
) -> Iterator[Row]:
    start, end = days
    whole = (period[3] - period[2]).days
    full = price.proration == "none"
    units = Fraction(sold.quantity) * (1 if full else Fraction((end - start).days, whole))
    on, minor = reference.parted(price, sold.quantity, days, period)  # type: ignore[arg-type]
    ended = [e for e in deal.endings[sold.item] if period[0] < e[0] < period[1]]
    back = any(refund == "full" for _, refund in ended)
    once = price.pattern == "point-in-time"
    yield Row(sold.item, start, end, 0 if back else minor, units, sold.price, once)
    for day, refund in ended:
        if refund == "none" and sold.end == day and not full:
            rest = on - minor
            yield Row(sold.item, day, period[1], rest, Fraction(0), sold.price, once, kept=not once)


def in_span(found: Sequence[Turn], span: tuple[date, date], begin: date, by: str) -> list[Earned]:
    earned: list[Earned] = []
    before: list[Row] | None = None
    # What is agreed on the first day of the deal is part of it.
    since, inception = date.min, max(span[0], begin)
    for day, world, every, deal in found:
        rows = [row for row in every if span[0] <= row.start < span[1]]
        when = max(day, span[0])
        waits = None
        if before is not None:
            waits = waiting(before, since, when, world, by)
            if waits is None and _plain(rows) == _plain(before):
                continue
        if before is None or day <= inception:
            earned = spread([], rows, when, date.min, world, deal, by)
        else:
            start = world.anew(day, by)
            more = apart(before, rows, day, start, world, deal, by) if not waits else None
            if more is not None:
                earned = [*earned, *more]
            else:
                earned = spread(_kept(earned, day, start), rows, when, start, world, deal, by)
        before, since = rows, when
    return earned


def waiting(rows: Sequence[Row], since: date, day: date, world: World, by: str) -> list[Row] | None:
    """Fees that wait for something to be sold; none where something that is sold bears them."""
    fees = [row for row in rows if row.fee and row.fee.until > max(row.start, since)]
    if not fees or [*left_of(rows, day, world.anew(day, by), world, by)]:
        return None
    return [row for row in fees if not _beside(row, since)]


def _beside(row: Row, day: date) -> list[date]:
    assert row.fee is not None
    spans = [(a, b) for a, b in row.fee.beside if b > day and a < row.fee.until]
    return [max(row.start, a) for a, _ in spans]


def _plain(rows: Sequence[Row]) -> Sequence[object]:
    return sorted((row.item, row.kept, row.start, row.end, row.minor) for row in rows)


def _kept(earned: Sequence[Earned], day: date, start: date) -> list[Earned]:
    kept: list[Earned] = []
    for one in earned:
        if one.at_once:
            kept += [one] if one.amount.start < day else []
        else:
            kept += [
                one._replace(amount=amount) for amount in reference.until([one.amount], start - DAY)
            ]
    return kept


def worth(row: Row, day: date, world: World) -> int:
    version = world.first_price(row.price, day)
    assert version is not None
    if version[1].ssp is None:
        raise Waits
    return minor_of(Fraction(version[1].ssp) * row.units, version[1].currency)


def left_of(
    rows: Sequence[Row], day: date, start: date, world: World, by: str
) -> Iterator[tuple[Row, date, int]]:
    for row in rows:
        if row.kept or row.fee:
            continue
        whole = worth(row, day, world)
        if row.at_once:
            if start == date.min or row.start >= day:
                yield row, row.start, whole
        elif max(row.start, start) < row.end:
            begin = max(row.start, start)
            gone = stands(evenly(row.start, row.end, whole, by), begin - DAY)
            yield row, begin, whole - (gone if begin > row.start else 0)


def spread(
    kept: list[Earned],
    rows: Sequence[Row],
    day: date,
    start: date,
    world: World,
    deal: Deal,
    by: str,
) -> list[Earned]:
    left = sum(row.minor for row in rows)
    left -= sum(stands(one.amount, reference.AFTER_ALL) for one in kept)
    parts = [*left_of(rows, day, start, world, by)]
    if parts:
        return [*kept, *given(left, parts, deal, by)]
    if not left or not (rows or kept):
        return kept
    named, kept = [row.item for row in rows] + [one.item for one in kept], [*kept]
    fees = [r for r in rows if r.fee and r.fee.until > max(r.start, day)]
    for row in fees:
        own = max(0, min(left, row.minor))
        left -= own
        begun = _beside(row, day)
        assert row.fee is not None
        if begun and own:
            one = evenly(max(min(begun), start), row.fee.until, own, by)
            kept += [Earned(row.item, a, at_once=False) for a in deal.accessible(row.item, one, by)]
        elif own:
            kept.append(Earned(row.item, at(row.fee.until - DAY, own), at_once=True))
    if not left:
        return kept
    others = [item for item in named if item not in [row.item for row in fees]]
    return [*kept, Earned((others or named)[0], at(day, left), at_once=True)]


def given(
    minor: int, parts: Sequence[tuple[Row, date, int]], deal: Deal, by: str
) -> Iterator[Earned]:
    items = list(dict.fromkeys(row.item for row, *_ in parts))
    mine = [[part for part in parts if part[0].item == item] for item in items]
    for own, share in zip(
        mine, by_share(minor, [sum(part[2] for part in own) for own in mine]), strict=True
    ):
        rates = [part[2] for part in own]
        rates = rates if any(rates) else [1] * len(own)
        running = [sum(rates[:count]) for count in range(len(rates) + 1)]
        marks = [reference.half_away(Fraction(share * some, running[-1])) for some in running]
        for (row, begin, _), (low, high) in zip(own, pairwise(marks), strict=True):
            if row.at_once:
                day = deal.first_use(row.item, begin)
                yield Earned(row.item, at(day, high - low), at_once=True)
                continue
            one = evenly(begin, row.end, high - low, by)
            for amount in deal.accessible(row.item, one, by):
                yield Earned(row.item, amount, at_once=False)


def apart(
    before: Sequence[Row],
    rows: Sequence[Row],
    day: date,
    start: date,
    world: World,
    deal: Deal,
    by: str,
) -> list[Earned] | None:
    """More of something at what it sells for alone leaves all else as it was."""

    def sums(some: Sequence[Row], item: str) -> tuple[int, int]:
        mine = [row for row in some if row.item == item]
        alone = sum(worth(row, day, world) for row in mine if not (row.kept or row.fee))
        return sum(row.minor for row in mine), alone

    was, now = {row.item for row in before}, {row.item for row in rows}
    if not was <= now:
        return None
    more = {
        item: tuple(a - b for a, b in zip(sums(rows, item), sums(before, item), strict=True))
        for item in sorted(now)
    }
    if not any(alone for _, alone in more.values()):
        return None
    if any(minor != alone or alone < 0 for minor, alone in more.values()):
        return None
    found: list[Earned] = []
    for item, (minor, _) in more.items():
        parts = [part for part in left_of(rows, day, start, world, by) if part[0].item == item]
        if minor and not any(part[2] for part in parts):
            return None
        found += given(minor, parts, deal, by) if minor else ()
    return found
