"""An additive view as one INSERT of one SELECT. Imports nothing of tieout."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)

VIEW = "floor_view"
TABLE = "account_total"


def fold(connection: Connection, entities: Sequence[str]) -> None:
    """One statement for each."""
    with connection.transaction():
        path = sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(VIEW))
        connection.execute(path)
        for entity in entities:
            connection.execute(SQL.fold, {"entity": entity})
