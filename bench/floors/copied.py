"""The least a ledger could do: rows encoded beforehand, copied into the same columns and indexes.

Imports nothing of tieout, so a floor cannot become slower or faster with it. The tables are read
from the catalogue: made LIKE the ledger's, indexes, checks and partitions included, in a schema of
their own. Rows are taken as bytes from where the ledger wrote them, so both write the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from bench.floors.named import queries

SQL = queries(__file__)

SCHEMA = "floor"
HEAP = "floor_heap"
Connection = psycopg.Connection[Any]


class Rows(NamedTuple):
    """Rows of one table as binary COPY writes them."""

    table: str
    data: bytes


def make(connection: Connection, tables: Iterable[tuple[str, str]], *, into: str = SCHEMA) -> None:
    """Empty tables like those named by (schema, table), with all that slows an insert down."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(into)))
    for schema, table in tables:
        (key,) = _row(connection, SQL.partitioning, {"table": f"{schema}.{table}"})
        spread = sql.SQL(f" PARTITION BY {key}" if key else "")
        like = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(
            sql.Identifier(into, table), sql.Identifier(schema, table)
        )
        connection.execute(like + spread)


def make_heap(connection: Connection, schema: str, table: str) -> None:
    """A table of the same columns and nothing else."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(HEAP)))
    heap = sql.SQL("CREATE TABLE {} (LIKE {})")
    names = sql.Identifier(HEAP, table), sql.Identifier(schema, table)
    connection.execute(heap.format(*names))


def make_partitions(connection: Connection, schema: str, table: str) -> None:
    """Those that the ledger has by now."""
    found = connection.execute(SQL.partitions, {"table": f"{schema}.{table}"}).fetchall()
    for name, bound in found:
        statement = sql.SQL(f"CREATE TABLE IF NOT EXISTS {{}} PARTITION OF {{}} {bound}")
        names = sql.Identifier(SCHEMA, name), sql.Identifier(SCHEMA, table)
        connection.execute(statement.format(*names))


def empty(connection: Connection, tables: Iterable[str], *, schema: str = SCHEMA) -> None:
    for table in tables:
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(schema, table)))


def encoded(
    connection: Connection, table: str, query: str, arguments: Mapping[str, object]
) -> Rows:
    """What a query finds, as bytes to be copied into a table."""
    whole = psycopg.ClientCursor(connection).mogrify(query.encode(), arguments)
    statement = f"COPY ({whole}) TO STDOUT (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        return Rows(table, b"".join(bytes(part) for part in copy))


def encoded_table(connection: Connection, schema: str, table: str, entity: str) -> Rows:
    """The rows of one entity in one of the ledger's tables, in the order they lie there."""
    query = sql.SQL("SELECT * FROM {} WHERE entity = %(entity)s ORDER BY ctid")
    text = query.format(sql.Identifier(schema, table)).as_string(connection)
    return encoded(connection, table, text, {"entity": entity})


def copy_in(
    connection: Connection, transactions: Iterable[Iterable[Rows]], *, schema: str = SCHEMA
) -> None:
    """One commit for each group of rows."""
    for group in transactions:
        with connection.transaction():
            for rows in group:
                copy(connection, sql.Identifier(schema, rows.table), rows.data)


def copy(connection: Connection, into: sql.Composable, data: bytes) -> None:
    query = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(into)
    with connection.cursor() as cursor, cursor.copy(query) as copying:
        copying.write(data)


def count(connection: Connection, schema: str, table: str, entity: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE entity = %(entity)s")
    found = connection.execute(
        query.format(sql.Identifier(schema, table)), {"entity": entity}
    ).fetchone()
    assert found is not None, table
    return int(found[0])


def _row(connection: Connection, query: str, arguments: Mapping[str, object]) -> tuple[Any, ...]:
    found = connection.execute(query.encode(), arguments).fetchone()
    assert found is not None, query
    return tuple(found)
