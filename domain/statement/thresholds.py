"""Which running periods have used so much that a price bills for it before their end.

A level counts once: when what is used passes it and what is billed of the period has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.master import MasterData
from domain.money import to_minor
from domain.statement.parts import came_to
from domain.statement.spans import Period, Sale, carried_by, periods


class Reached(Struct, frozen=True, kw_only=True):
    """The highest level passed by the end of `on`, and what the period came to by then."""

    subscription: str
    item: str
    price: str
    level_minor: int
    amount_minor: int
    currency: str
    period_from: date
    period_to: date
    on: date


def reached(sale: Sale, master: MasterData, through: date) -> Iterator[Reached]:
    """Every level newly passed in the periods that run on a day."""
    prices = {charge.price for charge in sale.charges if charge.usage}
    levels = {price: found for price in prices if (found := _levels(price, master))}
    if not levels:
        return
    running: dict[tuple[str, date], list[Period]] = {}
    for period in periods(sale):
        if period.is_ahead(through) and period.start <= through:
            running.setdefault((period.item, period.start), []).append(period)
    for together in running.values():
        own = levels.get(together[0].charges[-1].price, ())
        yield from _of_item(sale, together, own, through)


def _levels(price: str, master: MasterData) -> tuple[tuple[Decimal, str], ...]:
    version = master.version(price)
    if version is None:
        return ()
    return tuple((level, version.price.currency) for level in version.price.thresholds)


def _of_item(
    sale: Sale, together: list[Period], levels: tuple[tuple[Decimal, str], ...], through: date
) -> Iterator[Reached]:
    """All groups of an item's usage count together; what falls short of a promise is not used."""
    period, charges = together[0], [one for period in together for one in period.charges]
    used = sum(
        came_to(charge, through + ONE_DAY) for charge in charges if charge.kind != "commitment"
    )
    billed = sum(carried_by(row) for period in together for row in period.lines)
    for level, currency in reversed(levels):
        minor = to_minor(level, currency)
        if billed < minor <= used:
            yield Reached(
                subscription=sale.subscription,
                item=period.item,
                price=period.charges[-1].price,
                level_minor=minor,
                amount_minor=used,
                currency=currency,
                period_from=period.start,
                period_to=period.end,
                on=through,
            )
            return
