"""Generations of views: the tables of all of them in one schema, made beside the live one.

The one before the live is kept: a reader that still has it in hand finishes in peace, and a
rollback returns to it. What a runner still writes there nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from psycopg import sql
from psycopg.errors import LockNotAvailable, UndefinedTable

from projections import PROJECTIONS
from projections.view import View
from store import checkpoints
from store.db import Connection, queries

SQL = queries(__file__)

APPLICATION = "tieout_app"
# For readers of a generation that is to be dropped; one that reads longer keeps it until next time.
WAIT = "2s"


class Digest(NamedTuple):
    """Of the rows of one view and entity as known at one position."""

    position: int
    rows: int
    sha256: str


class Held(NamedTuple):
    """A view as one generation holds it, and how many posted facts it has still to fold."""

    view: str
    version: int
    shape: str
    has_keys: bool
    behind: int


class Standing(NamedTuple):
    """Which generation readers see, which they saw before, and which one ties and waits."""

    live: int
    before: int | None
    ready: int | None


def live(connection: Connection) -> int:
    """The live generation; its tables are made when it is first asked for."""
    generation = checkpoints.live_generation(connection)
    make(connection, generation)
    return generation


def standing(connection: Connection) -> Standing:
    found = connection.execute(SQL.standing).fetchone()
    assert found is not None, "view_generation has its one row from the first migration on"
    return Standing(*found)


def held(connection: Connection) -> dict[int, tuple[Held, ...]]:
    """What each generation there is holds, in order of their numbers."""
    found: dict[int, tuple[Held, ...]] = {}
    for generation, *columns in connection.execute(SQL.held):
        found[generation] = (*found.get(generation, ()), Held(*columns))
    return found


def followed(connection: Connection, generation: int) -> tuple[View, ...]:
    """The views that this tieout folds into a generation: those it holds in the same version."""
    there = set(connection.execute(SQL.views_of, {"generation": generation}).fetchall())
    return tuple(view for view in PROJECTIONS if (view.name, view.version) in there)


@contextmanager
def unless_dropped(connection: Connection, generation: int) -> Iterator[None]:
    """For who had a generation in hand while two others were switched in: it is nobody's now."""
    try:
        yield
    except UndefinedTable:
        if _has_schema(connection, generation):
            raise


def make(connection: Connection, generation: int, *, has_keys: bool = True) -> None:
    """The tables of every view in a schema of their own, unless they are there."""
    if _has_schema(connection, generation):
        return
    with connection.transaction():
        connection.execute(SQL.lock_generations)
        if not _has_schema(connection, generation):
            _make(connection, generation, has_keys=has_keys)


def _has_schema(connection: Connection, generation: int) -> bool:
    schema = checkpoints.schema_of(generation)
    return _is(connection.execute(SQL.has_schema, {"schema": schema}).fetchone())


def _make(connection: Connection, generation: int, *, has_keys: bool) -> None:
    schema = checkpoints.schema_of(generation)
    named = sql.Identifier(schema)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(named))
    checkpoints.look_in(connection, schema)
    for view in PROJECTIONS:
        connection.execute(view.tables)
        if has_keys and view.keys:
            connection.execute(view.keys)
    columns = {
        "views": [view.name for view in PROJECTIONS],
        "versions": [view.version for view in PROJECTIONS],
        "shapes": [view.shape for view in PROJECTIONS],
    }
    connection.execute(SQL.hold, {"generation": generation, "has_keys": has_keys} | columns)
    if _is(connection.execute(SQL.has_role, {"role": APPLICATION}).fetchone()):
        _grant(connection, named)


def _grant(connection: Connection, schema: sql.Identifier) -> None:
    role = sql.Identifier(APPLICATION)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    granted = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}"
    connection.execute(sql.SQL(granted).format(schema, role))


def _is(row: tuple[object, ...] | None) -> bool:
    return row is not None and row[0] is True


def add_keys(connection: Connection, generation: int) -> None:
    """The keys that a generation was built without; those that are there stay."""
    without = {row.view for row in held(connection).get(generation, ()) if not row.has_keys}
    for view in PROJECTIONS:
        if view.name in without:
            with connection.transaction():
                checkpoints.look_in(connection, checkpoints.schema_of(generation))
                if view.keys:
                    connection.execute(view.keys)
                connection.execute(SQL.now_has_keys, {"generation": generation, "view": view.name})


def is_of_this_shape(connection: Connection, generation: int) -> bool:
    """Whether this tieout would make the very same tables."""
    found = {row.view: row.shape for row in held(connection).get(generation, ())}
    return found == {view.name: view.shape for view in PROJECTIONS}


def next_number(connection: Connection) -> int:
    """Of a generation that is not there yet."""
    there: list[int] = [number for (number,) in connection.execute(SQL.schemas)]
    return max([*there, *(number for number in standing(connection) if number is not None)]) + 1


def drop_others(connection: Connection, keep: set[int]) -> None:
    """Every generation but some; one that a long reader holds stays until the next time."""
    for (generation,) in connection.execute(SQL.schemas).fetchall():
        if generation not in keep:
            mark(connection, generation, ties=False)
            with suppress(LockNotAvailable):
                drop(connection, generation)


def drop(connection: Connection, generation: int) -> None:
    """The tables of a generation, if there are any, and its checkpoints."""
    named = sql.Identifier(checkpoints.schema_of(generation))
    names = {"generation": generation}
    with connection.transaction():
        connection.execute(SQL.set_wait, {"wait": WAIT})
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(named))
        connection.execute(SQL.forget, names)
        connection.execute(SQL.let_go, names)
        connection.execute(SQL.no_longer_ready, names)


def mark(connection: Connection, generation: int, *, ties: bool) -> None:
    """Ready to be switched in; or, as it differs, to be looked at and not gone on with."""
    connection.execute(SQL.mark_ready if ties else SQL.let_go, {"generation": generation})


def digest(
    connection: Connection, entity: str, view: View, generation: int, upto: int | None = None
) -> Digest:
    """As known at a position, or where the view stands; it need not stand still for that."""
    with connection.transaction():
        checkpoints.look_in(connection, checkpoints.schema_of(generation))
        at = upto
        if at is None:
            at = checkpoints.passed(connection, entity, view.name, generation)
        found = connection.execute(view.digest, {"entity": entity, "upto": at}).fetchone()
    assert found is not None, view.name
    return Digest(at, *found)
