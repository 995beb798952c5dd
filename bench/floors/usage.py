"""Usage taken in by SQL alone: staged by COPY, each id once for ever, rows, totals per hour.

Of the ways to write it in SQL this was the fastest here: look the ids up, then insert what is new
into all three tables from one sorted result. `INSERT ... ON CONFLICT ... RETURNING` and a join with
what it returns took a third longer. `take_one` has the shape of D1 and D2 of the measured limits
(COPY into a temporary table and ON CONFLICT DO NOTHING into a table with one key, one row in twenty
sent twice, 10,000 to a transaction: 232,000 rows/s with rows of 114 bytes and one narrow key).
Imports nothing of tieout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, NamedTuple

import psycopg
from psycopg import sql

from bench.floors import copied
from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)

TABLES = ("usage_key", "usage_row", "usage_hour")
ONE = "floor_one"
# A binary COPY: signature, no flags, no extension; and at the end a row of -1 columns.
HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"


class Source(NamedTuple):
    """Whose rows; the same for all of them, so no row of a stage repeats it."""

    entity: str
    source: str


class Again(NamedTuple):
    """Each so many-th row comes a second time, so many rows later."""

    every: int
    after: int


class Batches(NamedTuple):
    """What the ledger was sent, as bytes of COPY in a file, cut into batches."""

    source: Source
    file: IO[bytes]
    lengths: Sequence[int]


def make(connection: Connection) -> None:
    copied.make(connection, [("public", table) for table in TABLES])
    connection.execute(SQL.make_one)
    connection.execute(SQL.make_stage)


def write(
    connection: Connection, file: IO[bytes], source: Source, again: Again, together: int
) -> Batches:
    """In the order in which the ledger was sent them, `together` rows in a batch."""
    arguments = {**source._asdict(), **again._asdict()}
    query = psycopg.ClientCursor(connection).mogrify(SQL.incoming.encode(), arguments)
    statement = f"COPY ({query}) TO STDOUT (FORMAT BINARY)"
    lengths = []
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copying:
        rows = _rows(copying)
        while batch := b"".join(islice(rows, together)):
            lengths.append(file.write(HEAD + batch + END))
    return Batches(source, file, lengths)


def _rows(parts: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """The server sends a row at a time, its head with the first and the end by itself."""
    for part in parts:
        row = bytes(part).removeprefix(HEAD)
        if row and row != END:
            yield row


def take(connection: Connection, batches: Batches) -> None:
    """Into the same tables as the ledger's."""
    _each(connection, copied.SCHEMA, SQL.take, batches)


def take_one(connection: Connection, batches: Batches) -> None:
    """Into one table only."""
    _each(connection, ONE, SQL.take_one, batches)


def hours(connection: Connection, schema: str, entity: str) -> tuple[object, ...]:
    """What the totals per hour come to."""
    with connection.transaction():
        _enter(connection, schema)
        found = connection.execute(SQL.hours, {"entity": entity}).fetchone()
    assert found is not None, schema
    return tuple(found)


def _each(connection: Connection, schema: str, statement: str, batches: Batches) -> None:
    batches.file.seek(0)
    stage = sql.Identifier("pg_temp", "floor_incoming")
    for number, length in enumerate(batches.lengths, 1):
        with connection.transaction():
            _enter(connection, schema)
            copied.copy(connection, stage, batches.file.read(length))
            connection.execute(statement.encode(), {**batches.source._asdict(), "batch": number})


def _enter(connection: Connection, schema: str) -> None:
    connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema)))
