"""The least that taking a statement and telling ages could do: rows copied in, rows summed.

No matching, no decision, no leaf; tables of the session, without what it takes to look back.
Imports nothing of tieout.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)
_TYPES = ["text", "text", "text", "int8"]


def make(connection: Connection) -> None:
    connection.execute(SQL.make_money)
    connection.execute(SQL.make_paid)


def pay(connection: Connection, rows: Iterable[tuple[str, str, str, int]], entity: str) -> None:
    """Each entry, and what it pays, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(SQL.copy_money.encode()) as copying:
            copying.set_types(_TYPES)
            for row in rows:
                copying.write_row(row)
        cursor.execute(SQL.pay, {"entity": entity})


def fill(connection: Connection, count: int) -> None:
    connection.execute(SQL.make_item)
    connection.execute(SQL.fill_items, {"count": count})
    connection.execute("ANALYZE floor_item")


def age(connection: Connection) -> int:
    return len(connection.execute(SQL.age).fetchall())
