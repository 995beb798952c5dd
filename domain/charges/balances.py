"""What became of prepaid credits by the end of a day, purse by purse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.charge import stood
from domain.charges.drawdown import Drawn
from domain.cover import NEVER


class Balance(Struct, frozen=True, kw_only=True):
    """granted = drawn + expired + given back + open. `open_until` none: without end."""

    item: str
    price: str
    granted_on: date
    open_until: date | None
    priority: int
    currency: str
    paid_minor: int
    granted_minor: int
    drawn_minor: int
    expired_minor: int
    given_back_minor: int
    open_minor: int


def balances(purses: Iterable[Drawn], day: date) -> tuple[Balance, ...]:
    """Of each purse bought by a day, in the order in which they are drawn."""
    return tuple(_balance(own, day) for own in purses if own.purse.start <= day)


def _balance(own: Drawn, day: date) -> Balance:
    purse = own.purse
    drawn = stood(own.marks, day)
    left = purse.credits_minor - drawn
    is_over = day >= purse.until - ONE_DAY
    return Balance(
        item=purse.item,
        price=purse.charge.price,
        granted_on=purse.start,
        open_until=None if purse.until == NEVER else purse.until,
        priority=purse.model.priority,
        currency=purse.currency,
        paid_minor=purse.paid_minor,
        granted_minor=purse.credits_minor,
        drawn_minor=drawn,
        expired_minor=left if is_over and not purse.gives_back else 0,
        given_back_minor=left if is_over and purse.gives_back else 0,
        open_minor=0 if is_over else left,
    )
