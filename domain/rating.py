"""What usage is worth: each billing period at the price version in force, measured every time.

A charge priced over a whole period is earned cumulatively, as if the period ended at each date
(law 10): its marks say what it stood at after each day with usage. Usage nobody sold yet, or
outside the term, is pending with its reason and has no effect until a fact cures it.

What a subscription's usage costs in one billing period is rounded once, as one sum: the items are
cut from it by cumulative rounding in item order (rule 47), so many charges of a fraction of a cent
are neither lost nor made up, and an invoice's total is its exact total, rounded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import accumulate, chain, groupby
from operator import attrgetter, sub

from msgspec import Struct, field

from domain.accounting.schedule import PendingUsage, causes_of
from domain.charge import Charge
from domain.currency import exponent
from domain.cycle import BillingPeriod
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.master import MasterData
from domain.money import decimal_text, minors
from domain.price import PriceVersion, version_of
from domain.pricing import Pricer, ReadingModel, is_whole, pricer, rate
from domain.terms import Stretch, Terms
from domain.usage import UsageDay

_ZERO = Decimal(0)
_in_order = attrgetter("day", "meter", "position")
_by_meter = attrgetter("meter", "day", "position")
_meter, _day, _start = attrgetter("meter"), attrgetter("day"), attrgetter("start")


class RatedUsage(Struct, frozen=True):
    """Charges of one subscription's usage, and what has no effect yet."""

    charges: tuple[Charge, ...]
    pending: tuple[PendingUsage, ...]


class _Group(Struct):
    """Usage of one item in one billing period at one price version: all that its charge needs."""

    item: str
    period: BillingPeriod
    version: PriceVersion
    price: Pricer
    counted: bool
    rows: list[UsageDay] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def causes(self) -> tuple[int, ...]:
        """The batches, what is sold, and what ends it: why no later usage is in the charge."""
        found = {row.position for row in self.rows}
        for stretch in self.stretches:
            found.update(stretch.causes)
            if stretch.end < self.period.end:
                found.update(stretch.cut)
        return tuple(sorted(found))

    def totals(self) -> list[Decimal]:
        """What was used by the end of each row; the last of a day says what the day came to."""
        return [*accumulate(_quantities(self.rows, counted=self.counted), EXACT.add)]


def rate_usage(usage: Iterable[UsageDay], terms: Terms | None, master: MasterData) -> RatedUsage:
    """Charges of one subscription's usage, and what is pending with its reason."""
    sales = _Sales(terms, master)
    for meter, rows in groupby(sorted(usage, key=_by_meter), key=_meter):
        sales.take(meter, [*rows])
    return RatedUsage(tuple(sales.charges()), tuple(sorted(sales.pending, key=_in_order)))


class _Sales(Struct):
    """The groups that usage falls into, made as they are met, and what falls into none."""

    terms: Terms | None
    master: MasterData
    groups: dict[tuple[str, date, str], _Group] = field(default_factory=dict)
    pending: list[PendingUsage] = field(default_factory=list)

    def take(self, meter: str, rows: list[UsageDay]) -> None:
        """All usage of one meter, by day: what lies between two boundaries goes one way."""
        days = [row.day for row in rows]
        boundaries = _boundaries(meter, self.terms, self.master)
        place = 0
        while place < len(rows):
            until = boundaries[bisect_right(boundaries, days[place])]
            end = bisect_left(days, until, place)
            found = price_for(meter, days[place], self.terms, self.master)
            if isinstance(found, str):
                self.pending += [_pending(row, found) for row in rows[place:end]]
            else:
                self._sell(rows[place:end], days[place:end], *found)
            place = end

    def _sell(
        self, rows: list[UsageDay], days: list[date], stretch: Stretch, version: PriceVersion
    ) -> None:
        """Usage that one stretch takes at one price, a billing period at a time."""
        assert self.terms is not None
        price, counted = pricer(version.price.model), self._is_counted(version)
        periods = self.terms.billing_periods(stretch, version.price.every)
        place = 0
        for period in periods[bisect_right(periods, days[0], key=_start) - 1 :]:
            end = bisect_left(days, period.end, place)
            if end > place:
                key = (stretch.item, period.start, version.name)
                if key not in self.groups:
                    self.groups[key] = _Group(stretch.item, period, version, price, counted)
                group = self.groups[key]
                group.rows += rows[place:end]
                group.stretches.append(stretch)
            if end == len(rows):
                return
            place = end

    def _is_counted(self, version: PriceVersion) -> bool:
        assert version.price.meter is not None
        return self.master.meters[version.price.meter].aggregation == "count"

    def charges(self) -> list[Charge]:
        """By item, service period and price."""
        by_period: dict[tuple[date, date], list[_Group]] = {}
        for key in sorted(self.groups):
            period = self.groups[key].period
            by_period.setdefault((period.start, period.end), []).append(self.groups[key])
        made = [*_alone([own[0] for own in by_period.values() if len(own) == 1])]
        for together in by_period.values():
            if len(together) > 1:
                made += _shared(together)
        return sorted(made, key=attrgetter("item", "start", "price"))


def _boundaries(meter: str, terms: Terms | None, master: MasterData) -> list[date]:
    """Between two of these days one price takes all usage of a meter, or none for one reason."""
    days = {date.max}
    for covered in terms.cover if terms else ():
        days.update((covered.start, covered.end))
    for stretch in terms.stretches if terms else ():
        versions = master.prices.get(stretch.price, ())
        if any(version.price.meter == meter for version in versions):
            days.update((stretch.start, stretch.end))
            days.update(version.since for version in versions)
    return sorted(days)


def _pending(day: UsageDay, reason: str) -> PendingUsage:
    return PendingUsage(
        subscription=day.subscription,
        meter=day.meter,
        day=day.day,
        position=day.position,
        rows=day.rows,
        reason=reason,
    )


def price_for(
    meter: str, day: date, terms: Terms | None, master: MasterData
) -> tuple[Stretch, PriceVersion] | str:
    """The stretch and price that take a day of a meter's usage, or the reason why none does."""
    if terms is None:
        return "unknown-subscription"
    if not terms.customer_is_known:
        return "unknown-customer"
    if meter not in master.meters:
        return "unknown-meter"
    if terms.covering(day) is None:
        return "out-of-term"
    reason = "no-price-for-meter"
    for stretch in terms.stretches:
        if not stretch.start <= day < stretch.end:
            continue
        version = version_of(stretch.price, day, master.prices)
        if version is None or version.price.meter != meter:
            continue
        if isinstance(version.price.model, ReadingModel):
            reason = "no-price-for-meter"  # rows are handed in by day, not one by one
            continue
        if version.price.currency == terms.started.currency:
            return stretch, version
        reason = "currency-mismatch"
    return reason


class _Carried(Struct, frozen=True):
    """The exact sum of the items before after each day with usage, that sum rounded, and why."""

    exact: Sequence[Decimal]
    minor: Sequence[int]
    causes: tuple[int, ...] = ()
    items: tuple[_Group, ...] = ()

    def steps(self) -> Iterator[Step]:
        """One rounding is shared, so an item shows the items before it as they show themselves."""
        for group in self.items:
            yield Step(what="item before", value=group.item)
            yield from _inputs(group)
        if self.items:
            yield Step(what="exact sum of the items before", value=plain(self.exact[-1]))


_NOTHING_CARRIED = _Carried((), ())


def _alone(groups: Sequence[_Group]) -> Iterator[Charge]:
    """With nothing to carry, what each day comes to is rounded as it stands: all in one pass."""
    if not groups:
        return
    totals = [group.totals() for group in groups]
    exact = [map(group.price, own) for group, own in zip(groups, totals, strict=True)]
    stood = iter(minors(chain.from_iterable(exact), groups[0].version.price.currency))
    for group, own in zip(groups, totals, strict=True):
        marks = dict(zip([row.day for row in group.rows], stood, strict=False))
        yield _charge(group, group.causes(), own[-1], tuple(marks.items()), _NOTHING_CARRIED)


def _shared(groups: Sequence[_Group]) -> Iterator[Charge]:
    """The items of one billing period, cut from their exact sum in item order.

    Each is the sum with it less the sum before it, both rounded.
    """
    used = [_used(group) for group in groups]
    days = sorted(set().union(*used))
    carried = _Carried([_ZERO] * len(days), [0] * len(days))
    for group, own in zip(groups, used, strict=True):
        exact = [*map(EXACT.add, carried.exact, _stood(group, own, days))]
        minor = minors(exact, group.version.price.currency)
        marks = _moved(own, days, map(sub, minor, carried.minor))
        causes = group.causes()
        yield _charge(group, causes, own[group.rows[-1].day], marks, carried)
        if _is_always_whole(group):
            carried = _Carried(exact, minor, carried.causes, carried.items)
        else:
            rests_on = causes_of(carried.causes, causes)
            carried = _Carried(exact, minor, rests_on, (*carried.items, group))


def _is_always_whole(group: _Group) -> bool:
    """Whole minor units whichever of its batches are known: it moves no cent of a later item."""
    units = group.counted or all(_is_whole(row.quantity) for row in group.rows)
    price = group.version.price
    return units and is_whole(price.model, exponent(price.currency))


def _is_whole(exact: Decimal) -> bool:
    return exact == exact.to_integral_value()


def _charge(
    group: _Group,
    causes: tuple[int, ...],
    quantity: Decimal,
    marks: tuple[tuple[date, int], ...],
    carried: _Carried,
) -> Charge:
    minor = marks[-1][1]
    return Charge(
        item=group.item,
        price=group.version.name,
        period=group.period,
        start=group.period.start,
        end=group.period.end,
        minor=minor,
        running_minor=minor,
        bill_on=group.period.end,
        causes=causes_of(causes, carried.causes) if carried.causes else causes,
        pattern="usage",
        kind="usage",
        meter=group.version.price.meter or "",
        quantity=quantity,
        marks=marks,
        told=lambda: _told(group, carried, minor),
    )


def _told(group: _Group, carried: _Carried, minor: int) -> Iterator[Step]:
    yield from _inputs(group)
    yield from carried.steps()
    charged = decimal_text(minor, group.version.price.currency)
    yield Step(what="charged, rounded once", value=charged)


def _inputs(group: _Group) -> Iterator[Step]:
    """Since when it is sold, what each batch brought, and what that comes to exactly."""
    price, quantity = group.version.price, _sum(group.rows, counted=group.counted)
    for since in sorted({stretch.since for stretch in group.stretches}):
        yield Step(what="sold since", value=str(since))
    for _, renewed in sorted({(one.since, one.renewed) for one in group.stretches if one.renewed}):
        yield Step(what="term renewed from", value=str(renewed))
    ended = [stretch for stretch in group.stretches if stretch.end < group.period.end]
    for end, then in sorted({(stretch.end, stretch.then) for stretch in ended}):
        yield Step(what=f"sold until {end}", value=then)
    yield from _batches(group)
    yield Step(what=f"usage of {price.meter}", value=plain(quantity))
    yield from rate(price.model, quantity).steps


def _batches(group: _Group) -> Iterator[Step]:
    """What each batch brought or took back: one that cancels another still shows."""
    by_batch: dict[int, list[UsageDay]] = {}
    for row in group.rows:
        by_batch.setdefault(row.position, []).append(row)
    for position in sorted(by_batch):
        rows = by_batch[position]
        span = f"{rows[0].day} to {rows[-1].day}"
        brought = plain(_sum(rows, counted=group.counted))
        yield Step(what=f"usage of fact {position}", value=f"{brought} from {span}")


def _quantities(rows: Iterable[UsageDay], *, counted: bool) -> list[Decimal]:
    return [Decimal(row.rows) for row in rows] if counted else [row.quantity for row in rows]


def _sum(rows: Iterable[UsageDay], *, counted: bool) -> Decimal:
    return reduce(EXACT.add, _quantities(rows, counted=counted), _ZERO)


def _used(group: _Group) -> dict[date, Decimal]:
    """What was used by the end of each day with usage."""
    return dict(zip([row.day for row in group.rows], group.totals(), strict=True))


def _stood(group: _Group, used: dict[date, Decimal], days: Sequence[date]) -> Iterator[Decimal]:
    """The group's exact amount as it stood after each day, as if the period ended there."""
    exact = _ZERO
    for day in days:
        if day in used:
            exact = group.price(used[day])
        yield exact


def _moved(
    own: Container[date], days: Iterable[date], minor: Iterable[int]
) -> tuple[tuple[date, int], ...]:
    """The marks of a charge: days that change nothing are left out, but not those of its own."""
    marks: list[tuple[date, int]] = []
    for day, stood in zip(days, minor, strict=True):
        if day in own or stood != (marks[-1][1] if marks else 0):
            marks.append((day, stood))
    return tuple(marks)
