"""Where the benchmarks run: a database of their own on the server, and the settings that decide."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import make_conninfo

from replay.ledger import Ledger
from store.db import Connection, connect, migrate

SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


class Stand(Struct, frozen=True):
    """A ledger to measure, and a second connection for the floors."""

    ledger: Ledger
    floor: Connection
    rows: int


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def stand(server: str, name: str, rows: int) -> Iterator[Stand]:
    """A fresh database of one measurement, on the ledger's server; gone afterwards."""
    database = f"tieout_bench_{os.getpid()}_{name.replace('-', '_')}"
    dsn = make_conninfo(server, dbname=database)
    place = {"name": sql.Identifier(database)}
    with psycopg.connect(server, autocommit=True) as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE template0").format(**place))
        try:
            with connect(dsn) as connection:
                migrate(connection)
                with Ledger.open(dsn, now) as ledger:
                    yield Stand(ledger, connection, rows)
        finally:
            administrator.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**place))


def settings(connection: Connection) -> dict[str, str]:
    """What decides how fast commits are, and who measured."""
    found = {}
    for name in SETTINGS:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row is not None, name
        found[name] = str(row[0])
    versions = {name: version(name) for name in ("tieout", "psycopg", "msgspec")}
    python = platform.python_version()
    return {**found, **versions, "python": python, "cores": str(os.cpu_count())}
