"""One rebuild at a time: whoever comes second is told so at once, instead of undoing the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable

from store.db import Connection, StoreError, queries
from store.patience import patient

SQL = queries(__file__)

# "tiou" in ASCII; only has to be the same in every process, and no other use of such locks.
SPACE = 0x74696F75
# A process that was killed is noticed by the server a moment later, and its lock is gone with it.
WAIT = "3s"


@contextmanager
def alone(connection: Connection, what: str) -> Iterator[None]:
    """The session holds the name within the block; it is free again however the process ends."""
    names = {"space": SPACE, "what": what}
    try:
        with connection.transaction():
            connection.execute(SQL.set_wait, {"wait": WAIT})
            connection.execute(SQL.lock, names)
    except LockNotAvailable as held:
        raise StoreError(
            "rebuild-running",
            f"another process is at work on {what}; wait until it is done, "
            "or end it: what it did so far is kept",
        ) from held
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute(SQL.unlock, names)


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """No statement of the block is cut off unless its process is gone; none waits for the disk.

    What a crash takes with it is taken whole, checkpoint and rows, and made again.
    """
    before = connection.execute(SQL.settings).fetchone()
    assert before is not None, "a session has settings"
    connection.execute(SQL.set_settings, {"durable": "off", "check": "1s"})
    try:
        with patient(connection):
            yield
    finally:
        if not connection.broken:
            durable, check = before
            connection.execute(SQL.set_settings, {"durable": durable, "check": check})
