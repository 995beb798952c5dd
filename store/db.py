"""The way to the database: which one, connections, a pool, a transaction.

Every connection is in autocommit: a statement alone is its own transaction, and several belong to
one only inside a `transaction` block. So no transaction is ever left open by having read something.
Each has limits on how long a statement runs, a lock is waited for and a transaction stays idle, so
that whoever hangs cannot hold up the others; a job that is known to be long lifts them by name.
"""

import os
import select
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

SQL = queries(__file__)

MAJORS = range(15, 19)
# As PostgreSQL writes them; 0 is no limit.
TIMEOUTS = {
    "statement": ("TIEOUT_STATEMENT_TIMEOUT", "60s"),
    "lock": ("TIEOUT_LOCK_TIMEOUT", "30s"),
    "idle": ("TIEOUT_IDLE_TIMEOUT", "60s"),
}


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
    except psycopg.ProgrammingError:
        # What could not be read may hold a password: it is not said again.
        raise StoreError(
            "bad-database-address", "TIEOUT_DATABASE_URL is not read as postgresql://USER@HOST/NAME"
        ) from None
    except psycopg.OperationalError as problem:
        # libpq names host and database, never the password.
        raise StoreError("database-unreachable", f"cannot connect: {problem}") from problem
    _set_up(connection)
    return connection


def pool(dsn: str, *, size_min: int = 1, size_max: int = 8) -> Pool:
    """Close it, or use it in a `with`. Connections are as from `connect`; a closed one is replaced.

    Who lends one is not asked to wait for an answer of the server: a cut is seen on the socket.
    """
    return ConnectionPool(
        dsn,
        min_size=size_min,
        max_size=size_max,
        kwargs={"autocommit": True},
        configure=_set_up,
        check=_check,
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


def _set_up(connection: Connection) -> None:
    wanted = {name: os.environ.get(key, usual) for name, (key, usual) in TIMEOUTS.items()}
    try:
        connection.execute(SQL.set_up_session, wanted)
    except psycopg.errors.InvalidParameterValue as problem:
        connection.close()
        raise StoreError("bad-timeout", f"{problem.diag.message_primary}") from problem


def _check(connection: Connection) -> None:
    """Nothing waits to be read from a healthy connection; else the server has hung up, or may have.

    Costs no round trip. A cut that is not seen yet is told by the first statement, as ever.
    """
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    if watch.poll(0):
        ConnectionPool.check_connection(connection)
