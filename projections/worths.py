"""Whether amounts in another currency are worth what rates say, account by account (law 7).

What is owed or claimed in money is worth the rate of the last period's end, place by place; what
was billed or paid ahead costs nothing once nothing of it is left; what came is worth its own day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from domain.accounting.market import market_between
from domain.master import MasterData

# What is compared, what it should be in functional minor units, and what accounts say.
Worth = tuple[str, int, int]
Rows = Iterable[tuple[Any, ...]]


def settled(rows: Rows, where: str) -> Iterator[Worth]:
    """What was billed or paid ahead of each unit: nothing that is left of it is worth nothing."""
    for unit, into, minor, functional in rows:
        if not minor:
            yield f"contract-liability of {unit} in {into}, {where}", 0, functional


def open_money(
    rows: Rows, where: str, book: str, last: date, master: MasterData
) -> Iterator[Worth]:
    """By the rate of the day, where the book elects to tell anew what is open."""
    if master.options(book, last).remeasure != "period-end":
        return
    for account, place, currency, into, minor, functional in rows:
        market = market_between(currency, into, master, book, last)
        expected = market.on(last).worth(minor) if minor else 0
        yield f"{account} of {place} in {into}, {where}", expected, functional


def receipts(rows: Rows, where: str, book: str, last: date, master: MasterData) -> Iterator[Worth]:
    """By the rate of the payment, or of its day; or what came in another currency for it."""
    for row in rows:
        stream, position, currency, into, stated, paid_in, paid_minor, day, minor, functional = row
        if paid_in == into:
            expected = paid_minor
        else:
            market = market_between(paid_in or currency, into, master, book, last)
            quote = market.of(day, Decimal(stated) if stated else None, position)
            expected = quote.worth(paid_minor if paid_in else minor)
        yield f"receipt of {stream} in {into}, {where}", expected, functional
