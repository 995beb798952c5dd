"""The way to the database: which one, connections, a pool, a transaction.

Every connection is in autocommit: a statement alone is its own transaction, and several belong to
one only inside a `transaction` block. So no transaction is ever left open by having read something.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from store import embedded
from store.failure import StoreError
from store.migrate import migrate
from store.named import Queries, queries

__all__ = [
    "Connection",
    "Pool",
    "Queries",
    "StoreError",
    "connect",
    "migrate",
    "open_database",
    "pool",
    "queries",
    "require_supported",
    "transaction",
]

Connection: TypeAlias = psycopg.Connection[TupleRow]
Pool: TypeAlias = ConnectionPool[Connection]

MAJORS = range(15, 19)


def open_database(url: str | None = None, *, home: Path | None = None) -> embedded.Server:
    """The database to use: `url`, else TIEOUT_DATABASE_URL, else the private server of the home."""
    if outside := url or os.environ.get("TIEOUT_DATABASE_URL"):
        with connect(outside) as connection:
            require_supported(connection)
        return embedded.Server(outside)
    return embedded.start(home)


def connect(dsn: str) -> Connection:
    try:
        connection = psycopg.connect(dsn, autocommit=True)
    except psycopg.OperationalError as problem:
        # libpq names host and database, never the password.
        raise StoreError("database-unreachable", f"cannot connect: {problem}") from problem
    _configure(connection)
    return connection


def pool(dsn: str, *, size_min: int = 1, size_max: int = 8) -> Pool:
    """Close it, or use it in a `with`. Connections are as from `connect`, and checked when lent."""
    return ConnectionPool(
        dsn,
        min_size=size_min,
        max_size=size_max,
        kwargs={"autocommit": True},
        configure=_configure,
        check=ConnectionPool.check_connection,
        open=True,
    )


@contextmanager
def transaction(source: Pool) -> Iterator[Connection]:
    """A connection of the pool within one transaction: all of the block, or none of it."""
    with source.connection() as connection, connection.transaction():
        yield connection


def require_supported(connection: Connection) -> None:
    """The SQL of tieout is for PostgreSQL 15 to 18, and tested on no other."""
    major = connection.info.server_version // 10_000
    if major not in MAJORS:
        raise StoreError(
            "unsupported-postgresql",
            f"the server is PostgreSQL {major}; tieout needs {MAJORS[0]} to {MAJORS[-1]}",
        )


def _configure(connection: Connection) -> None:
    connection.execute("SET timezone TO 'UTC'")
