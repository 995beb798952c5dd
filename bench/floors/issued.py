"""The least that issuing invoices could do: lines copied in, invoices summed and numbered by one
statement.

No measuring, no decision, no leaf; tables of the session. Imports nothing of tieout.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)
_TYPES = ["text", "text", "int8", "int8"]


def make(connection: Connection) -> None:
    connection.execute(SQL.make_line)
    connection.execute(SQL.make_invoice)


def issue(connection: Connection, entity: str, rows: Iterable[tuple[str, str, int, int]]) -> None:
    """Each line and each invoice, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(SQL.copy_lines.encode()) as copying:
            copying.set_types(_TYPES)
            for row in rows:
                copying.write_row(row)
        cursor.execute(SQL.issue, {"entity": entity})
