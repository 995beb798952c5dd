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
from itertools import accumulate, groupby
from operator import attrgetter
from typing import assert_never

from msgspec import Struct, field

from domain.accounting.schedule import PendingUsage, causes_of
from domain.billing import BillingPeriod, Charge, billing_periods, first_version
from domain.currency import exponent
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.master import MasterData, PriceVersion
from domain.money import decimal_text, minor_in
from domain.pricing import Flat, Graduated, Model, PerUnit, Pricer, pricer, rate
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
    days: list[UsageDay] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    def causes(self) -> tuple[int, ...]:
        batches = tuple(sorted({day.position for day in self.days}))
        sold = [stretch.causes for stretch in self.stretches]
        # What ends the sale inside the period is why no later usage is in the charge.
        sold += [stretch.cut for stretch in self.ended()]
        return causes_of(batches, *sold)

    def ended(self) -> list[Stretch]:
        return [stretch for stretch in self.stretches if stretch.end < self.period.end]


def rate_usage(usage: Iterable[UsageDay], terms: Terms | None, master: MasterData) -> RatedUsage:
    """Charges of one subscription's usage, and what is pending with its reason."""
    sales = _Sales(terms, master, _boundaries(terms, master))
    pending: list[PendingUsage] = []
    for meter, rows in groupby(sorted(usage, key=_by_meter), key=_meter):
        days = list(rows)
        place = 0
        while place < len(days):
            first = days[place].day
            found = price_for(meter, first, terms, master)
            if isinstance(found, str):
                pending.append(_pending(days[place], found))
                place += 1
                continue
            group, until = sales.group(first, *found)
            end = bisect_left(days, until, place, key=_day)
            group.days += days[place:end]
            place = end
    return RatedUsage(tuple(sales.charges()), tuple(sorted(pending, key=_in_order)))


class _Sales(Struct):
    """The groups that usage falls into, made as they are met."""

    terms: Terms | None
    master: MasterData
    boundaries: list[date]
    groups: dict[tuple[str, date, str], _Group] = field(default_factory=dict)
    prices: dict[str, Pricer] = field(default_factory=dict)
    periods: dict[int, tuple[BillingPeriod, ...]] = field(default_factory=dict)

    def group(self, day: date, stretch: Stretch, version: PriceVersion) -> tuple[_Group, date]:
        """Where usage of a day goes, and the day before which all of the meter goes there."""
        boundary = self.boundaries[bisect_right(self.boundaries, day)]
        period = self._period(day, version)
        key = (stretch.item, period.start, version.name)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = self._new(stretch, period, version)
        if stretch not in group.stretches:
            group.stretches.append(stretch)
        return group, min(boundary, period.end)

    def _period(self, day: date, version: PriceVersion) -> BillingPeriod:
        months = version.price.interval_months
        periods = self.periods.get(months)
        if periods is None:
            assert self.terms is not None
            periods = self.periods[months] = billing_periods(self.terms, months)
        return periods[bisect_right(periods, day, key=_start) - 1]

    def _new(self, stretch: Stretch, period: BillingPeriod, version: PriceVersion) -> _Group:
        price = self.prices.get(version.name)
        if price is None:
            price = self.prices[version.name] = pricer(version.price.model)
        assert version.price.meter is not None
        counted = self.master.meters[version.price.meter].aggregation == "count"
        return _Group(stretch.item, period, version, price, counted)

    def charges(self) -> list[Charge]:
        """By item, service period and price."""
        by_period: dict[tuple[date, date], list[_Group]] = {}
        keys = sorted(self.groups)
        for key in keys:
            period = self.groups[key].period
            by_period.setdefault((period.start, period.end), []).append(self.groups[key])
        made = [charge for groups in by_period.values() for charge in _charges(groups)]
        return sorted(made, key=attrgetter("item", "start", "price"))


def _boundaries(terms: Terms | None, master: MasterData) -> list[date]:
    """Between two of these days the same price takes the usage of a meter, or none does."""
    days = {date.max}
    for stretch in terms.stretches if terms else ():
        days.update((stretch.start, stretch.end))
        days.update(version.since for version in master.prices.get(stretch.price, ()))
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
        version = master.price(stretch.price, day) or first_version(stretch.price, master)
        if version is None or version.price.meter != meter:
            continue
        if version.price.currency == terms.started.currency:
            return stretch, version
        reason = "currency-mismatch"
    return reason


class _Carried(Struct, frozen=True):
    """The exact sum of the items before, after each day with usage, and the items it rests on."""

    exact: Sequence[Decimal]
    causes: tuple[int, ...] = ()
    items: tuple[_Group, ...] = ()

    def steps(self) -> Iterator[Step]:
        """One rounding is shared, so an item shows the items before it as they show themselves."""
        for group in self.items:
            yield Step(what="item before", value=group.item)
            yield from _inputs(group)
        if self.items:
            yield Step(what="exact sum of the items before", value=plain(self.exact[-1]))


_NOTHING_CARRIED = _Carried(())


def _charges(groups: Sequence[_Group]) -> Iterator[Charge]:
    """The items of one billing period, cut from their exact sum in item order."""
    used = [_used(group) for group in groups]
    if len(groups) == 1:
        yield _alone(groups[0], used[0])
        return
    days = sorted({day for own in used for day in own})
    carried = _Carried([_ZERO] * len(days))
    for group, own in zip(groups, used, strict=True):
        exact, causes = _stood(group, own, days), group.causes()
        marks = tuple(_marks(group, own, days, exact, carried))
        yield _charge(group, causes, own, marks, carried)
        both = [EXACT.add(before, now) for before, now in zip(carried.exact, exact, strict=True)]
        if _is_always_whole(group):
            carried = _Carried(both, carried.causes, carried.items)
        else:
            carried = _Carried(both, causes_of(carried.causes, causes), (*carried.items, group))


def _alone(group: _Group, used: dict[date, Decimal]) -> Charge:
    """With nothing to carry, what each day comes to is rounded as it stands."""
    rounded = minor_in(group.version.price.currency)
    marks = tuple(zip(used, map(rounded, map(group.price, used.values())), strict=True))
    return _charge(group, group.causes(), used, marks, _NOTHING_CARRIED)


def _is_always_whole(group: _Group) -> bool:
    """Whole minor units whichever of its batches are known: it moves no cent of a later item."""
    units = group.counted or all(_is_whole(day.quantity) for day in group.days)
    return units and _is_priced_whole(group.version.price.model, group.version.price.currency)


def _is_priced_whole(model: Model, currency: str) -> bool:
    """Whether any number of whole units comes to whole minor units."""
    places = exponent(currency)
    match model:
        case Flat():
            return _is_whole(model.amount, places)
        case PerUnit():
            return _is_whole(model.unit_amount, places)
        case Graduated():
            return all(
                _is_whole(tier.unit_amount, places)
                and _is_whole(tier.flat_amount, places)
                and _is_whole(tier.up_to or Decimal(0))
                for tier in model.tiers
            )
        case _:
            assert_never(model)


def _is_whole(exact: Decimal, places: int = 0) -> bool:
    scaled = EXACT.scaleb(exact, places)
    return scaled == scaled.to_integral_value()


def _charge(
    group: _Group,
    causes: tuple[int, ...],
    used: dict[date, Decimal],
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
        usage=True,
        meter=group.version.price.meter or "",
        quantity=used[group.days[-1].day],
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
    price, quantity = group.version.price, _sum(group.days, counted=group.counted)
    for since in sorted({stretch.since for stretch in group.stretches}):
        yield Step(what="sold since", value=str(since))
    for _, renewed in sorted({(one.since, one.renewed) for one in group.stretches if one.renewed}):
        yield Step(what="term renewed from", value=str(renewed))
    for end, then in sorted({(stretch.end, stretch.then) for stretch in group.ended()}):
        yield Step(what=f"sold until {end}", value=then)
    yield from _batches(group)
    yield Step(what=f"usage of {price.meter}", value=plain(quantity))
    yield from rate(price.model, quantity).steps


def _batches(group: _Group) -> Iterator[Step]:
    """What each batch brought or took back: one that cancels another still shows."""
    by_batch: dict[int, list[UsageDay]] = {}
    for day in group.days:
        by_batch.setdefault(day.position, []).append(day)
    for position in sorted(by_batch):
        days = by_batch[position]
        span = f"{days[0].day} to {days[-1].day}"
        brought = plain(_sum(days, counted=group.counted))
        yield Step(what=f"usage of fact {position}", value=f"{brought} from {span}")


def _quantities(days: Iterable[UsageDay], *, counted: bool) -> Iterable[Decimal]:
    return [Decimal(day.rows) if counted else day.quantity for day in days]


def _sum(days: Iterable[UsageDay], *, counted: bool) -> Decimal:
    return reduce(EXACT.add, _quantities(days, counted=counted), _ZERO)


def _used(group: _Group) -> dict[date, Decimal]:
    """What was used by the end of each day with usage."""
    quantities = _quantities(group.days, counted=group.counted)
    days = [day.day for day in group.days]
    return dict(zip(days, accumulate(quantities, EXACT.add), strict=True))


def _stood(group: _Group, used: dict[date, Decimal], days: Sequence[date]) -> list[Decimal]:
    """The group's exact amount as it stood after each day, as if the period ended there."""
    price, exact = group.price, _ZERO
    found = []
    for day in days:
        if day in used:
            exact = price(used[day])
        found.append(exact)
    return found


def _marks(
    group: _Group,
    own: Container[date],
    days: Sequence[date],
    exact: Sequence[Decimal],
    carried: _Carried,
) -> Iterator[tuple[date, int]]:
    """The charge as it stood after each day: the sum with it less the sum before it, both rounded.

    Days that change nothing are left out, but the first day with usage of its own is always there.
    """
    rounded = minor_in(group.version.price.currency)
    stood = 0
    for day, now, before in zip(days, exact, carried.exact, strict=True):
        minor = rounded(EXACT.add(before, now)) - rounded(before) if before else rounded(now)
        if day in own or minor != stood:
            yield day, minor
            stood = minor
