"""The least that commits could cost: one bare row each, or groups of rows encoded beforehand.

Imports nothing of tieout. A group is one statement that moves the head and inserts facts and keys
from two arrays, which are taken as bytes from what the ledger wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)


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
    connection.execute(SQL.make)


def bare(connection: Connection, count: int) -> None:
    """So many commits of one small row."""
    with connection.cursor() as cursor:
        for number in range(count):
            cursor.execute(SQL.insert_bare, {"number": number}, prepare=True)


def groups(connection: Connection, entity: str, size: int) -> list[Group]:
    """What the ledger wrote for an entity, `size` facts to a commit."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute(SQL.groups, {"entity": entity, "size": size})
        result = cursor.pgresult
        assert result is not None
        return [Group(*_values(result, row)) for row in range(result.ntuples)]


def append(connection: Connection, entity: str, rows: Sequence[Group], size: int) -> None:
    connection.execute(SQL.begin, {"entity": entity})
    with connection.cursor() as cursor:
        for facts, keys in rows:
            arguments = {"entity": entity, "count": size, "facts": facts, "keys": keys}
            cursor.execute(SQL.append, arguments, prepare=True)


def count(connection: Connection, entity: str) -> int:
    found = connection.execute(SQL.count, {"entity": entity}).fetchone()
    assert found is not None
    return int(found[0])


def _values(result: psycopg.pq.abc.PGresult, row: int) -> tuple[Encoded, Encoded]:
    facts, keys = result.get_value(row, 0), result.get_value(row, 1)
    assert facts is not None
    assert keys is not None
    return Encoded(facts), Encoded(keys)
