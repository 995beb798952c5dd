"""Generations of views: the tables of all of them in one schema, made beside the live one.

The one before the live is kept until the next rebuild: a reader or runner that still has it in hand
finishes in peace, and what it writes there nobody asks for.
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg import sql

from projections import PROJECTIONS
from projections.view import View
from store import checkpoints
from store.db import Connection, queries

SQL = queries(__file__)

APPLICATION = "tieout_app"


class Digest(NamedTuple):
    """Of the rows of one view and entity at one position."""

    position: int
    rows: int
    sha256: str


def live(connection: Connection) -> int:
    """The live generation; its tables are made when it is first asked for."""
    generation = checkpoints.live_generation(connection)
    make(connection, generation)
    return generation


def make(connection: Connection, generation: int) -> None:
    """The tables of every view in a schema of their own, unless they are there."""
    schema = checkpoints.schema_of(generation)
    with connection.transaction():
        if _is(connection.execute(SQL.has_schema, {"schema": schema}).fetchone()):
            return
        connection.execute(SQL.lock_generations)
        if _is(connection.execute(SQL.has_schema, {"schema": schema}).fetchone()):
            return
        named = sql.Identifier(schema)
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(named))
        checkpoints.look_in(connection, schema)
        for view in PROJECTIONS:
            connection.execute(view.tables)
        if _is(connection.execute(SQL.has_role, {"role": APPLICATION}).fetchone()):
            _grant(connection, named)


def _grant(connection: Connection, schema: sql.Identifier) -> None:
    role = sql.Identifier(APPLICATION)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    granted = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}"
    connection.execute(sql.SQL(granted).format(schema, role))


def _is(row: tuple[object, ...] | None) -> bool:
    return row is not None and row[0] is True


def drop_before(connection: Connection, generation: int) -> None:
    """Generations older than one."""
    found = connection.execute(SQL.older, {"generation": generation}).fetchall()
    for (old,) in found:
        drop(connection, old)


def drop(connection: Connection, generation: int) -> None:
    """The tables of a generation, if there are any, and its checkpoints."""
    named = sql.Identifier(checkpoints.schema_of(generation))
    with connection.transaction():
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(named))
        connection.execute(SQL.forget, {"generation": generation})


def digest(connection: Connection, entity: str, view: View, generation: int) -> Digest:
    """Read under the lease of the view's checkpoint, so that the rows stand still."""
    with connection.transaction():
        checkpoints.look_in(connection, checkpoints.schema_of(generation))
        at = checkpoints.lease(connection, entity, view.name, generation)
        found = connection.execute(view.digest, {"entity": entity}).fetchone()
    assert found is not None, view.name
    return Digest(at.position, *found)
