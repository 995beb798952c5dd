"""What usage is worth: each billing period at the price version in force, measured every time.

A charge priced over a whole period is earned cumulatively, as if the period ended at each date
(law 10): its marks say what it stood at after each day with usage. Usage nobody sold yet, or
outside the term, is pending with its reason and has no effect until a fact cures it.

What a subscription's usage costs in one billing period is rounded once, as one sum: the items are
cut from it by cumulative rounding in item order (rule 47), so many charges of a fraction of a cent
are neither lost nor made up, and an invoice's total is its exact total, rounded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import assert_never

from msgspec import Struct

from domain.accounting.schedule import PendingUsage, causes_of
from domain.billing import BillingPeriod, Charge, billing_periods, first_version
from domain.currency import exponent
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.master import MasterData, PriceVersion
from domain.money import decimal_text, to_minor
from domain.pricing import Flat, Graduated, Model, PerUnit, amount, rate
from domain.terms import Stretch, Terms
from domain.usage import UsageDay

# Billing periods remembered with their charges. A period that is over rarely changes, and every
# run and bill rates it again: measured, three quarters of rating a long history.
REMEMBERED = 16_384


class RatedUsage(Struct, frozen=True):
    """Charges of one subscription's usage, and what has no effect yet."""

    charges: tuple[Charge, ...]
    pending: tuple[PendingUsage, ...]


class _Found(Struct):
    """What one item in one billing period under one price version gathers."""

    period: BillingPeriod
    version: PriceVersion
    days: list[UsageDay]
    causes: set[int]
    since: set[date]
    until: set[tuple[date, str]]


class _Group(Struct, frozen=True):
    """Usage of one item in one billing period at one price version: all that its charge needs."""

    item: str
    period: BillingPeriod
    version: PriceVersion
    counted: bool
    days: tuple[UsageDay, ...]
    causes: tuple[int, ...]
    since: tuple[date, ...]
    until: tuple[tuple[date, str], ...]


def rate_usage(usage: Iterable[UsageDay], terms: Terms | None, master: MasterData) -> RatedUsage:
    """Charges of one subscription's usage, and what is pending with its reason."""
    groups: dict[tuple[str, date, str], _Found] = {}
    pending: list[PendingUsage] = []
    periods: dict[int, tuple[BillingPeriod, ...]] = {}
    for day in sorted(usage, key=_in_order):
        found = price_for(day.meter, day.day, terms, master)
        if isinstance(found, str):
            pending.append(_pending(day, found))
            continue
        assert terms is not None
        stretch, version = found
        period = _period_of(day.day, terms, version.price.interval_months, periods)
        key = (stretch.item, period.start, version.name)
        group = groups.setdefault(key, _Found(period, version, [], set(), set(), set()))
        group.days.append(day)
        group.since.add(stretch.since)
        group.causes.update(stretch.causes, (day.position,))
        if stretch.end < period.end:
            # What ends the sale inside the period is why no later usage is in the charge.
            group.causes.update(stretch.cut)
            group.until.add((stretch.end, stretch.then))
    by_period: dict[tuple[date, date], list[_Group]] = {}
    for key in sorted(groups):
        whole = _group(key[0], groups[key], master)
        by_period.setdefault((whole.period.start, whole.period.end), []).append(whole)
    charges = [charge for one in by_period.values() for charge in _charges(tuple(one))]
    charges.sort(key=lambda charge: (charge.item, charge.start, charge.price))
    return RatedUsage(tuple(charges), tuple(pending))


def _group(item: str, found: _Found, master: MasterData) -> _Group:
    meter = found.version.price.meter
    assert meter is not None
    return _Group(
        item=item,
        period=found.period,
        version=found.version,
        counted=master.meters[meter].aggregation == "count",
        days=tuple(found.days),
        causes=tuple(sorted(found.causes)),
        since=tuple(sorted(found.since)),
        until=tuple(sorted(found.until)),
    )


def _in_order(day: UsageDay) -> tuple[date, str, int]:
    return (day.day, day.meter, day.position)


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


def _period_of(
    day: date, terms: Terms, months: int, cache: dict[int, tuple[BillingPeriod, ...]]
) -> BillingPeriod:
    if months not in cache:
        cache[months] = tuple(billing_periods(terms, months))
    periods = cache[months]
    return periods[bisect_right(periods, day, key=lambda period: period.start) - 1]


class _Carried(Struct, frozen=True):
    """The exact sum of the items before, after each day with usage, and what it rests on."""

    exact: dict[date, Decimal]
    causes: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()

    def told(self) -> tuple[Step, ...]:
        """One rounding is shared, so an item shows the items before it as they show themselves."""
        if not self.causes:
            return ()
        last = self.exact[max(self.exact)]
        return (*self.steps, Step(what="exact sum of the items before", value=plain(last)))


@lru_cache(maxsize=REMEMBERED)
def _charges(groups: tuple[_Group, ...]) -> tuple[Charge, ...]:
    """The items of one billing period, cut from their exact sum in item order."""
    return tuple(_cut(groups))


def _cut(groups: Sequence[_Group]) -> Iterable[Charge]:
    days = sorted({day.day for group in groups for day in group.days})
    carried = _Carried(dict.fromkeys(days, Decimal(0)))
    for group in groups:
        rated, inputs = _rated(group, days), _inputs(group)
        yield _charge(group, rated, carried, inputs)
        exact = {day: EXACT.add(carried.exact[day], rated[day]) for day in days}
        if _is_always_whole(group):
            carried = _Carried(exact, carried.causes, carried.steps)
            continue
        carried = _Carried(
            exact,
            causes_of(carried.causes, group.causes),
            (*carried.steps, Step(what="item before", value=group.item), *inputs),
        )


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


def _inputs(group: _Group) -> tuple[Step, ...]:
    """Since when it is sold, what each batch brought, and what that comes to exactly."""
    price = group.version.price
    quantity = _quantity(group.days, counted=group.counted)
    return (
        *(Step(what="sold since", value=str(since)) for since in group.since),
        *(Step(what=f"sold until {end}", value=then) for end, then in group.until),
        *_batches(group),
        Step(what=f"usage of {price.meter}", value=plain(quantity)),
        *rate(price.model, quantity).steps,
    )


def _charge(
    group: _Group, rated: dict[date, Decimal], carried: _Carried, inputs: tuple[Step, ...]
) -> Charge:
    price = group.version.price
    marks = _marks(group, rated, carried)
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
        causes=causes_of(group.causes, carried.causes),
        pattern="usage",
        usage=True,
        marks=marks,
        steps=(
            *inputs,
            *carried.told(),
            Step(what="charged, rounded once", value=decimal_text(minor, price.currency)),
        ),
    )


def _batches(group: _Group) -> Iterable[Step]:
    """What each batch brought or took back: one that cancels another still shows."""
    by_batch: dict[int, list[UsageDay]] = {}
    for day in group.days:
        by_batch.setdefault(day.position, []).append(day)
    for position in sorted(by_batch):
        days = by_batch[position]
        span = f"{days[0].day} to {days[-1].day}"
        brought = plain(_quantity(days, counted=group.counted))
        yield Step(what=f"usage of fact {position}", value=f"{brought} from {span}")


def _quantity(days: Iterable[UsageDay], *, counted: bool) -> Decimal:
    total = Decimal(0)
    for day in days:
        total = EXACT.add(total, Decimal(day.rows) if counted else day.quantity)
    return total


def _rated(group: _Group, days: Sequence[date]) -> dict[date, Decimal]:
    """The group's exact amount as it stood after each day, as if the period ended there."""
    added: dict[date, list[UsageDay]] = {}
    for row in group.days:
        added.setdefault(row.day, []).append(row)
    quantity = exact = Decimal(0)
    found = {}
    for day in days:
        if day in added:
            quantity = EXACT.add(quantity, _quantity(added[day], counted=group.counted))
            exact = amount(group.version.price.model, quantity)
        found[day] = exact
    return found


def _marks(
    group: _Group, rated: dict[date, Decimal], carried: _Carried
) -> tuple[tuple[date, int], ...]:
    """The charge as it stood after each day: the sum with it less the sum before it, both rounded.

    Days that change nothing are left out, but the first day with usage of its own is always there.
    """
    currency = group.version.price.currency
    own = {day.day for day in group.days}
    marks: list[tuple[date, int]] = []
    for day, exact in rated.items():
        before = carried.exact[day]
        minor = to_minor(EXACT.add(before, exact), currency)
        if before:
            minor -= to_minor(before, currency)
        if day in own or minor != (marks[-1][1] if marks else 0):
            marks.append((day, minor))
    return tuple(marks)
