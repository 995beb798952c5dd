"""The ledger a command works on: the database named outside, else the private one of the home."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from api.surroundings import tax_engines
from replay.ledger import Ledger
from store.db import connect, migrate, open_database


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """Started if need be, migrated, and let go of at the end."""
    with open_database() as server:
        with connect(server.dsn) as connection:
            migrate(connection)
        with Ledger.open(server.dsn, now, tax_engines()) as ledger:
            yield ledger
