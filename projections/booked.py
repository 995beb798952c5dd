"""What stands booked, by account, period, day earned and run; and what could not be booked yet."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from store.db import Connection, queries

SQL = queries(__file__)


class BookedSum(Struct, frozen=True):
    """Debits positive, in minor units, from so many lines."""

    account: str
    unit: str
    obligation: str
    booked: str
    earned: date
    accounting_date: date
    known_at: int
    currency: str
    functional_currency: str
    minor: int
    functional_minor: int
    lines: int


def booked_sums(connection: Connection, entity: str, book: str) -> tuple[BookedSum, ...]:
    rows = connection.execute(SQL.booked_sums, {"entity": entity, "book": book})
    return tuple(BookedSum(*row) for row in rows)


def left_over(connection: Connection, entity: str) -> tuple[tuple[str, str], ...]:
    """What waits, and its reason."""
    return tuple(connection.execute(SQL.left_over, {"entity": entity}).fetchall())
