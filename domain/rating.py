"""What usage is worth: each billing period at the price version in force, measured every time.

A charge priced over a whole period is earned cumulatively, as if the period ended at each date
(law 10): its marks say what it stood at after each day with usage. Usage nobody sold yet, or
outside the term, is pending with its reason and has no effect until a fact cures it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.accounting.schedule import PendingUsage, causes_of
from domain.billing import BillingPeriod, Charge, billing_periods, first_version
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.master import MasterData, PriceVersion
from domain.money import decimal_text, to_minor
from domain.pricing import rate
from domain.terms import Stretch, Terms
from domain.usage import UsageDay


class RatedUsage(Struct, frozen=True):
    """Charges of one subscription's usage, and what has no effect yet."""

    charges: tuple[Charge, ...]
    pending: tuple[PendingUsage, ...]


class _Group(Struct):
    """Usage of one item in one billing period under one price version."""

    item: str
    period: BillingPeriod
    version: PriceVersion
    days: list[UsageDay]
    causes: set[int]


def rate_usage(usage: Iterable[UsageDay], terms: Terms | None, master: MasterData) -> RatedUsage:
    """Charges of one subscription's usage, and what is pending with its reason."""
    groups: dict[tuple[str, date, str], _Group] = {}
    pending: list[PendingUsage] = []
    periods: dict[int, tuple[BillingPeriod, ...]] = {}
    for day in sorted(usage, key=_in_order):
        found = _stretch_for(day, terms, master)
        if isinstance(found, str):
            pending.append(_pending(day, found))
            continue
        assert terms is not None
        stretch, version = found
        period = _period_of(day.day, terms, version.price.interval_months, periods)
        key = (stretch.item, period.start, version.name)
        group = groups.setdefault(key, _Group(stretch.item, period, version, [], set()))
        group.days.append(day)
        group.causes.update(stretch.causes, (day.position,))
    return RatedUsage(tuple(_charge(groups[key], master) for key in sorted(groups)), tuple(pending))


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


def _stretch_for(
    day: UsageDay, terms: Terms | None, master: MasterData
) -> tuple[Stretch, PriceVersion] | str:
    """The stretch and price that take a day of usage, or the reason why none does."""
    if terms is None:
        return "unknown-subscription"
    if day.meter not in master.meters:
        return "unknown-meter"
    if terms.covering(day.day) is None:
        return "out-of-term"
    for stretch in terms.stretches:
        if not stretch.start <= day.day < stretch.end:
            continue
        version = master.price(stretch.price, day.day) or first_version(stretch.price, master)
        if version is not None and version.price.meter == day.meter:
            return stretch, version
    return "no-price-for-meter"


def _period_of(
    day: date, terms: Terms, months: int, cache: dict[int, tuple[BillingPeriod, ...]]
) -> BillingPeriod:
    if months not in cache:
        cache[months] = tuple(billing_periods(terms, months))
    periods = cache[months]
    return periods[bisect_right(periods, day, key=lambda period: period.start) - 1]


def _charge(group: _Group, master: MasterData) -> Charge:
    price = group.version.price
    assert price.meter is not None
    counted = master.meters[price.meter].aggregation == "count"
    marks, quantity = _marks(group, counted=counted)
    rated = rate(price.model, quantity)
    minor = marks[-1][1]
    return Charge(
        item=group.item,
        price=group.version.name,
        period=group.period,
        start=group.period.start,
        end=group.period.end,
        minor=minor,
        bill_on=group.period.end,
        causes=causes_of(tuple(group.causes)),
        pattern="usage",
        usage=True,
        marks=marks,
        steps=(
            Step(what=f"usage of {price.meter}", value=plain(quantity)),
            *rated.steps,
            Step(what="charged, rounded once", value=decimal_text(minor, price.currency)),
        ),
    )


def _marks(group: _Group, *, counted: bool) -> tuple[tuple[tuple[date, int], ...], Decimal]:
    """The charge as it stood after each day with usage, as if the period ended there."""
    price = group.version.price
    quantity = Decimal(0)
    marks: list[tuple[date, int]] = []
    for day in group.days:
        added = Decimal(day.rows) if counted else day.quantity
        quantity = EXACT.add(quantity, added)
        if marks and marks[-1][0] == day.day:
            marks.pop()
        marks.append((day.day, to_minor(rate(price.model, quantity).amount, price.currency)))
    return tuple(marks), quantity
