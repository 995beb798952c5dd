"""Where the benchmarks run: a private server made for them, and the settings that decide.

It is never the ledger of the home or of TIEOUT_DATABASE_URL: a log only grows.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from replay.ledger import Ledger
from store import embedded
from store.db import Connection, connect, migrate
from store.patience import patient

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "wal_level",
    "max_wal_size",
)

# From so many rows on, everything is as large as it is meant to be.
ROWS_OF_ALL = 1_000


class Stand(Struct, frozen=True):
    """A ledger to measure, a second connection for the floors, and where both are."""

    ledger: Ledger
    floor: Connection
    rows: int
    dsn: str

    def at_most(self, count: int) -> int:
        """What does not count rows is smaller, too, on a stand of few: a tenth, of a small one."""
        return count if self.rows >= ROWS_OF_ALL else max(1, count // 10)


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def stand(rows: int) -> Iterator[Stand]:
    """A server of our own in a temporary folder; TMPDIR says where, and so on which disk."""
    folder = Path(tempfile.mkdtemp(prefix="tieout-bench-"))
    # Root drops to another account to run the server, and that one must be able to enter.
    folder.chmod(0o755)
    try:
        with embedded.start(folder) as server, connect(server.dsn) as connection:
            migrate(connection)
            with patient(connection), Ledger.open(server.dsn, now) as ledger:
                yield Stand(ledger, connection, rows, server.dsn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settings(connection: Connection) -> dict[str, str]:
    """What decides how fast commits are, and who measured."""
    found = {}
    for name in SETTINGS:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        assert row is not None, name
        found[name] = str(row[0])
    versions = {name: version(name) for name in ("tieout", "psycopg", "msgspec")}
    return {
        **found,
        **versions,
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
    }
