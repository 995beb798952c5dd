"""The least a ledger could do: rows encoded beforehand, copied into the same columns and indexes.

Imports nothing of tieout, so a floor cannot become slower or faster with it. The tables are made
LIKE the ledger's, indexes and checks included, in a schema of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg import sql

SCHEMA = "floor"
Connection = psycopg.Connection[Any]


class Rows(NamedTuple):
    """Rows of one table as binary COPY writes them."""

    table: str
    data: bytes


def make(connection: Connection, tables: Iterable[tuple[str, str]]) -> None:
    """Empty tables like those named by (schema, table)."""
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    for schema, table in tables:
        connection.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
                sql.Identifier(SCHEMA, table), sql.Identifier(schema, table)
            )
        )


def encoded(
    connection: Connection, schema: str, table: str, where: str, arguments: Sequence[object]
) -> Rows:
    """The rows that tieout wrote, to be written again."""
    query = sql.SQL("COPY (SELECT * FROM {} WHERE {}) TO STDOUT (FORMAT BINARY)").format(
        sql.Identifier(schema, table),
        sql.SQL(where).format(*(sql.Literal(value) for value in arguments)),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        return Rows(table, b"".join(bytes(part) for part in copy))


def copy_in(connection: Connection, transactions: Iterable[Iterable[Rows]]) -> float:
    """Seconds to copy the rows in, one commit for each group."""
    began = time.perf_counter()
    for group in transactions:
        with connection.transaction():
            for rows in group:
                _copy(connection, sql.Identifier(SCHEMA, rows.table), rows.data)
    return time.perf_counter() - began


def deduplicated(connection: Connection, keys: Rows, rows: Rows) -> float:
    """Seconds to stage, take each key once, and insert the rows whose key was new."""
    began = time.perf_counter()
    with connection.transaction():
        for place, part in (("staged_key", keys), ("staged_row", rows)):
            connection.execute(
                sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(
                    sql.Identifier(place), sql.Identifier(SCHEMA, part.table)
                )
            )
            _copy(connection, sql.Identifier(place), part.data)
        connection.execute(
            sql.SQL(
                "WITH taken AS (INSERT INTO {} SELECT * FROM staged_key"
                " ON CONFLICT DO NOTHING RETURNING bucket, entity, source, event_id)"
                " INSERT INTO {} SELECT r.* FROM staged_row r"
                " JOIN taken USING (bucket, entity, source, event_id)"
            ).format(sql.Identifier(SCHEMA, keys.table), sql.Identifier(SCHEMA, rows.table))
        )
    return time.perf_counter() - began


def decoded(payloads: Sequence[bytes]) -> float:
    """Seconds to decode what was read: whoever measures must have done that."""
    decode = msgspec.json.Decoder().decode
    began = time.perf_counter()
    for payload in payloads:
        decode(payload)
    return time.perf_counter() - began


def _copy(connection: Connection, into: sql.Composable, data: bytes) -> None:
    query = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(into)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.write(data)
