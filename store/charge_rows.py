"""What usage should cost, as runs recorded it: the last row of each charge is how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg.rows import TupleRow

from store.copying import write_rows
from store.db import Connection, queries

SQL = queries(__file__)

TYPES = [
    *("text", "int8", "text", "text", "text", "text", "date", "date"),
    *("numeric", "int8", "int8", "text", "text"),
]


def standing(connection: Connection, entity: str, subscriptions: Iterable[str]) -> list[TupleRow]:
    """Unit, item, price and service period of each charge, and what it comes to."""
    arguments = {"entity": entity, "subscriptions": sorted(subscriptions)}
    return connection.execute(SQL.charges, arguments).fetchall()


def add(connection: Connection, rows: Iterable[Sequence[object]]) -> None:
    write_rows(connection, SQL.copy_charges, TYPES, rows)
