"""Billing periods in which nothing was used: each is billed once all the same, by a line of 0.

So there is a document for every item and period that says it was looked at, and what was known
then; and usage that comes late finds which period was billed last.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from operator import attrgetter

from domain.cycle import BillingPeriod
from domain.price import Prices, PriceVersion, version_of
from domain.statement.spans import Difference, Sale
from domain.stretch import Stretch
from domain.terms import Terms

_end = attrgetter("end")


def unused(sale: Sale, terms: Terms, prices: Prices, through: date) -> Iterator[Difference]:
    """The periods over by a date of which no charge and no line speaks."""
    charged = {(charge.item, charge.period.start) for charge in sale.charges}
    begun = _begun(sale, terms)
    for (item, start, end), version in _metered(sale, terms, prices, through).items():
        if (item, start) in charged or _speaks(begun.get(item, ()), start, end):
            continue
        yield Difference(
            subscription=sale.subscription,
            item=item,
            kind="usage",
            service_from=start,
            service_to=end,
            price=version.name,
            options=version.price.options,
            is_first=True,
        )


def _metered(
    sale: Sale, terms: Terms, prices: Prices, through: date
) -> dict[tuple[str, date, date], PriceVersion]:
    """What is sold by usage in each billing period that is over by a date, and at which price."""
    found: dict[tuple[str, date, date], PriceVersion] = {}
    for stretch in terms.stretches:
        head = version_of(stretch.price, stretch.start, prices)
        if head is None or head.price.meter is None:
            continue
        periods = terms.billing_periods(stretch, head.price.every)
        for period in _overlapping(stretch, periods, sale.since, through):
            day = max(period.start, stretch.start)
            version = version_of(stretch.price, day, prices) or head
            found[stretch.item, period.start, period.end] = version
    return found


def _overlapping(
    stretch: Stretch, periods: Sequence[BillingPeriod], since: date, through: date
) -> Iterator[BillingPeriod]:
    first = bisect_right(periods, max(stretch.start, since), key=_end)
    for place in range(first, len(periods)):
        period = periods[place]
        if stretch.end <= period.start or through < period.end:
            return
        yield period


def _begun(sale: Sale, terms: Terms) -> dict[str, list[date]]:
    """By item the first days of its lines that stand, in order."""
    items = {stretch.item for stretch in terms.stretches}
    only = next(iter(items)) if len(items) == 1 else None
    found: dict[str, list[date]] = {}
    for row in sale.lines:
        item, begin = row.line.obligation or only, row.line.service_from
        if item is not None and begin is not None and row.line.is_charged and not row.is_void:
            found.setdefault(item, []).append(begin)
    for days in found.values():
        days.sort()
    return found


def _speaks(begun: Sequence[date], start: date, end: date) -> bool:
    place = bisect_left(begun, start)
    return place < len(begun) and begun[place] < end
