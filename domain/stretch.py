"""A stretch of time in which what is sold of one item stands still, and its end; why they do."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from domain.cycle import Point as Moment
from domain.subscription import Refund


class Stretch(Struct, frozen=True, kw_only=True):
    """One item at one price and quantity over [start, end), sold like that since `since`.

    `moment` is when it was changed to that, `sold_from` since when the item is sold at all. `cut`
    is what ended it early, `again` what resumed service where a stop did, and `then` says in words
    what follows; `starts_at` and `ends_at` are the instants on those days, where seconds count, so
    that it may be part of one day. `is_over`: what follows is another price, or nothing any more.
    """

    item: str
    start: date
    end: date
    since: date
    price: str
    quantity: Decimal
    causes: tuple[int, ...]
    moment: Moment
    sold_from: date
    cut: tuple[int, ...] = ()
    again: tuple[int, ...] = ()
    then: str = ""
    renewed: date | None = None
    resumed: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_over: bool = False


class Ending(Struct, frozen=True):
    """When an item is sold no more, because of which facts, and what is given back for it."""

    item: str
    day: date
    causes: tuple[int, ...]
    refund: Refund
    at: datetime | None = None
