"""Which generation of views readers see: changed by one row, while the views stand still.

Readers take no lock and never wait: one that began before sees the old generation to its end.
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg.errors import LockNotAvailable

from store.db import Connection, StoreError, queries

SQL = queries(__file__)

# Folding needs the rows that a switch holds, so the switch waits this long for each and no longer.
WAIT = "500ms"


class Standstill(NamedTuple):
    """A view that readers see, where it stands and stays, and where the other generation's does."""

    entity: str
    view: str
    position: int
    beside: int


class Busy(StoreError):
    """Somebody else folds the live views just now; nothing was switched, ask again."""

    def __init__(self) -> None:
        super().__init__("switch-busy", "the live views did not stand still; nothing was switched")


def hold_still(connection: Connection, to: int) -> tuple[Standstill, ...]:
    """Within a transaction: until it ends, no view that readers see moves."""
    try:
        connection.execute(SQL.set_wait, {"wait": WAIT})
        generation = connection.execute(SQL.lock_live).fetchone()
        assert generation is not None, "view_generation has its one row from the first migration on"
        found = connection.execute(SQL.hold_still, {"generation": generation[0], "to": to})
    except LockNotAvailable as problem:
        raise Busy from problem
    return tuple(Standstill(*row) for row in found.fetchall())


def switch(connection: Connection, to: int) -> int:
    """Point readers to a generation; milliseconds that anything was held for it."""
    found = connection.execute(SQL.switch, {"to": to}).fetchone()
    assert found is not None, to
    held_ms: int = found[0]
    return held_ms
