"""What a subscription should be billed by a date and is not, item by item."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

from msgspec import structs

from domain.billing_options import BillingOptions
from domain.statement import days, parts
from domain.statement.granted import beside_their_items
from domain.statement.spans import (
    Difference,
    Period,
    Sale,
    by_price,
    by_version,
    elected,
    periods,
    stays_billed,
)

_what = attrgetter("what")


def differences(sale: Sale, through: date, interim: Collection[str] = ()) -> tuple[Difference, ...]:
    """Every difference there is by a date, in order of item and service.

    `interim` names items whose running period is billed as far as it is used. Otherwise a period
    that is not due yet is left alone, also where a line bills it ahead.
    """
    found = [
        difference
        for _, own in groupby(periods(sale), key=_what)
        for difference in _of_item(sale, [*own], through, interim)
    ]
    return tuple(one for one in _beside(sale, found) if one.is_news)


def _beside(sale: Sale, found: Iterable[Difference]) -> list[Difference]:
    """Coupons that came off something, or may now."""
    reduced = any(row.line.kind == "coupon" for row in sale.lines)
    return beside_their_items(found, has_coupons=sale.has_coupons or reduced)


def interim_only(sale: Sale, through: date, interim: Collection[str]) -> tuple[Difference, ...]:
    """The same of the running periods of some items, and of nothing that is due."""
    if not interim:
        return ()
    found = [
        difference
        for period in periods(sale)
        if period.item in interim and period.is_ahead(through)
        for difference in _of_period(sale, period, through, interim)
    ]
    return tuple(one for one in found if one.is_news)


def _of_item(
    sale: Sale, own: Sequence[Period], through: date, interim: Collection[str]
) -> list[Difference]:
    options = elected(sale, own[-1])
    recurring = not any(charge.marks for period in own for charge in period.charges)
    if options.billed_days == "kept" and recurring and days.straddle(own):
        return [*days.differences(sale.subscription, own, through, options)]
    found = [one for period in own for one in _of_period(sale, period, through, interim)]
    return _on_current(found) if options.correction_period == "current" else found


def _of_period(
    sale: Sale, period: Period, through: date, interim: Collection[str]
) -> Iterator[Difference]:
    if period.is_ahead(through):
        if period.item in interim:
            yield from parts.so_far(sale.subscription, period, through, elected(sale, period))
        return
    options = elected(sale, period)
    kept = [row for row in period.lines if stays_billed(sale, period, row)]
    if kept:
        period = structs.replace(period, lines=[row for row in period.lines if row not in kept])
        if not period.charges and not period.lines:
            return
    for one in _apart(period, options):
        yield from parts.due(sale.subscription, one, one.due(through), options)


def _apart(period: Period, options: BillingOptions) -> Iterable[Period]:
    """What has lines of its own: a correction only where a price elects that for each change."""
    if options.change_lines == "separate":
        return by_price(period)
    return (period,) if period.lines else by_version(period)


def _on_current(found: Sequence[Difference]) -> list[Difference]:
    """Corrections of what was billed together, in the service period billed last."""
    fresh = [one for one in found if not one.lines]
    billed = [one for one in found if one.lines]
    minor = sum(one.minor for one in billed)
    if not minor:
        return fresh
    lines = tuple(row for one in billed for row in one.lines)
    together = structs.replace(found[-1], lines=lines)
    correction = structs.replace(together, charged_minor=together.invoiced_minor + minor)
    return [*fresh, correction]
