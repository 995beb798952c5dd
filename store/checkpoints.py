"""How far the poster and each view are in an entity's log, and which views are the live ones."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from store.db import Connection, queries
from store.leases import Lease, Overtaken

SQL = queries(__file__)

JOURNAL = "journal"
# The journal has one generation for ever: it is rebuilt to be compared, never switched.
ONLY = 0


class Checkpoint(NamedTuple):
    """Past `position`; in the fact after it as far as `cursor`. `fence` counts the moves."""

    position: int
    cursor: str | None
    fence: int


class PassedRun(NamedTuple):
    """The last posting run up to a position, and the furthest day any run so far looked to."""

    position: int
    through: date | None


def lease(connection: Connection, entity: str, projection: str, generation: int) -> Checkpoint:
    """The checkpoint, held until the transaction ends: whoever is second waits and goes on."""
    row = {"entity": entity, "projection": projection, "generation": generation}
    found = connection.execute(SQL.lock_checkpoint, row).fetchone()
    if found is None:
        connection.execute(SQL.make_checkpoint, row)
        found = connection.execute(SQL.lock_checkpoint, row).fetchone()
    assert found is not None, row
    return Checkpoint(*found)


def move(
    connection: Connection,
    entity: str,
    projection: str,
    generation: int,
    to: Checkpoint,
    lease: Lease | None = None,
) -> None:
    """In the transaction that wrote what the checkpoint says; `to.fence` is the one leased.

    A worker moves it only as long as it has its lease, and raises Overtaken.
    """
    row = {"entity": entity, "projection": projection, "generation": generation}
    row |= to._asdict()
    if lease is None:
        moved = connection.execute(SQL.move_checkpoint, row)
        assert moved.rowcount == 1, row
        return
    moved = connection.execute(SQL.move_held, row | {"holder": lease.holder, "lease": lease.fence})
    if moved.rowcount != 1:
        raise Overtaken(entity)


def passed(connection: Connection, entity: str, projection: str, generation: int = ONLY) -> int:
    """The position a projection has passed; 0 before it began."""
    row = {"entity": entity, "projection": projection, "generation": generation}
    found = connection.execute(SQL.passed, row).fetchone()
    return found[0] if found else 0


def passed_run(connection: Connection, entity: str, position: int) -> PassedRun:
    row = {"entity": entity, "position": position}
    found = connection.execute(SQL.passed_run, row).fetchone()
    assert found is not None, row
    return PassedRun(*found)


def live_generation(connection: Connection) -> int:
    found = connection.execute(SQL.live_generation).fetchone()
    assert found is not None, "view_generation has its one row from the first migration on"
    generation: int = found[0]
    return generation


def look_in(connection: Connection, *schemas: str) -> None:
    """Find unqualified tables in these schemas first, until the transaction ends."""
    path = ", ".join(f'"{schema}"' for schema in (*schemas, "public"))
    connection.execute(SQL.look_in, {"path": path})


def schema_of(generation: int) -> str:
    return f"view_{generation}"
