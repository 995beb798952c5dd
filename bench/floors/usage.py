"""Usage taken in by SQL alone: staged by COPY, each id once for ever, rows, totals per hour.

Imports nothing of tieout.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from bench.floors import copied
from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)

TABLES = ("usage_key", "usage_row", "usage_hour")
ONE = "floor_one"
STAGE = sql.Identifier("pg_temp", "floor_incoming")


def make(connection: Connection) -> None:
    copied.make(connection, [("public", table) for table in TABLES])
    connection.execute(SQL.make_one)
    connection.execute(SQL.make_stage)


def incoming(
    connection: Connection, entity: str, *, every: int, together: int, sent: int
) -> list[bytes]:
    """The batches that the ledger took, as bytes: `sent` rows, `together` in a batch."""
    return [
        copied.encoded(
            connection,
            "floor_incoming",
            SQL.incoming,
            {"entity": entity, "every": every, "sent": start, "together": together},
        ).data
        for start in range(0, sent, together)
    ]


def take(connection: Connection, batches: Sequence[bytes]) -> None:
    """Into the same tables as the ledger's."""
    _each(connection, copied.SCHEMA, SQL.take, batches)


def take_one(connection: Connection, batches: Sequence[bytes]) -> None:
    """Into one table only."""
    _each(connection, ONE, SQL.take_one, batches)


def _each(connection: Connection, schema: str, statement: str, batches: Sequence[bytes]) -> None:
    for data in batches:
        with connection.transaction():
            connection.execute(
                sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema))
            )
            connection.execute(SQL.empty_stage)
            copied.copy(connection, STAGE, data)
            connection.execute(statement.encode())
