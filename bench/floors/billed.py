"""The least a billing run could do: usage summed for each subscription, an invoice with its line.

One statement for each of the tables, no measuring of terms, no comparison with what is billed, no
leaf, and tables of the session, which are not even logged. Imports nothing of tieout.
"""

from __future__ import annotations

from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)


def make(connection: Connection) -> None:
    connection.execute(SQL.make_invoice)
    connection.execute(SQL.make_line)


def bill(connection: Connection, entity: str) -> None:
    """All usage of an entity, in one transaction."""
    with connection.transaction():
        connection.execute(SQL.fill_lines, {"entity": entity})
        connection.execute(SQL.fill_invoices, {"entity": entity})


def lines(connection: Connection, entity: str) -> int:
    found = connection.execute(SQL.count_lines, {"entity": entity}).fetchone()
    assert found is not None, entity
    return int(found[0])
