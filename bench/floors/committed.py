"""The least that commits could cost: one bare row each, or groups of rows encoded beforehand.

Imports nothing of tieout. A group is one statement that moves the head and inserts facts and keys
from two arrays, which are taken as bytes from what the ledger wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from bench.floors import copied
from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)

SCHEMA = "floor_commands"
TABLES = ("entity_head", "fact", "command_key")
BARE = sql.Identifier(SCHEMA, "bare")


class Encoded(bytes):
    """An array as the server sends and takes it."""


class Group(NamedTuple):
    """The rows of one commit."""

    facts: Encoded
    keys: Encoded


class _EncodedDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Encoded) -> bytes:
        return obj


psycopg.adapters.register_dumper(Encoded, _EncodedDumper)


def make(connection: Connection) -> None:
    """A head, facts and keys like the ledger's, and a table of one column."""
    copied.make(connection, [("public", table) for table in TABLES], into=SCHEMA)
    connection.execute(sql.SQL("CREATE TABLE {} (number bigint)").format(BARE))


def is_made(connection: Connection) -> bool:
    found = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (SCHEMA,)).fetchone()
    return found == (True,)


def bare(connection: Connection, count: int) -> None:
    """So many commits of one small row."""
    insert = sql.SQL("INSERT INTO {} (number) VALUES (%s)").format(BARE)
    with connection.cursor() as cursor:
        for number in range(count):
            cursor.execute(insert, (number,), prepare=True)


def groups(connection: Connection, entity: str, size: int) -> list[Group]:
    """What the ledger wrote for an entity, `size` facts to a commit."""
    with _among(connection), connection.cursor(binary=True) as cursor:
        cursor.execute(SQL.groups, {"entity": entity, "size": size})
        result = cursor.pgresult
        assert result is not None
        return [Group(*_values(result, row)) for row in range(result.ntuples)]


def append(connection: Connection, entity: str, rows: Sequence[Group], size: int) -> None:
    with _among(connection), connection.cursor() as cursor:
        cursor.execute(SQL.begin, {"entity": entity})
        for facts, keys in rows:
            arguments = {"entity": entity, "count": size, "facts": facts, "keys": keys}
            cursor.execute(SQL.append, arguments, prepare=True)


def count(connection: Connection, entity: str) -> int:
    return copied.count(connection, SCHEMA, "fact", entity)


@contextmanager
def _among(connection: Connection) -> Iterator[None]:
    """Unqualified names are those of the floor."""
    connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(SCHEMA)))
    try:
        yield
    finally:
        connection.execute("RESET search_path")


def _values(result: psycopg.pq.abc.PGresult, row: int) -> tuple[Encoded, Encoded]:
    facts, keys = result.get_value(row, 0), result.get_value(row, 1)
    assert facts is not None
    assert keys is not None
    return Encoded(facts), Encoded(keys)
