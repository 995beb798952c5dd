"""Brings the poster and the views to the head of the log, in batches, each with its checkpoint.

Whoever is second on an entity waits on the checkpoint row and then goes on from where it stands, so
any number of processes may call at once and each fact is passed once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from projections import generations, journal
from projections.crew import Crew
from projections.view import View
from store import checkpoints, failpoint, log
from store.db import Connection
from store.leases import Lease

BATCH = 5_000

# Hears the entity, the name of the view and the position it has passed.
Progress = Callable[[str, str, int], None]


def catch_up(
    connection: Connection,
    entity: str | None = None,
    *,
    batch: int | None = None,
    progress: Progress | None = None,
    lease: Lease | None = None,
    crew: Crew | None = None,
) -> None:
    """Every view of one entity, or of all, up to its head; large runs with the help of a crew."""
    told = progress or _silent
    generation = generations.live(connection)
    views = generations.followed(connection, generation)
    for name in [entity] if entity is not None else sorted(log.heads(connection)):
        post(connection, name, batch=batch or BATCH, progress=told, lease=lease, crew=crew)
        for view in views:
            with generations.unless_dropped(connection, generation):
                follow(connection, name, view, generation, batch=batch, progress=told, lease=lease)


def followed(connection: Connection) -> tuple[int, list[str]]:
    """The live generation, and what is brought to the head in it: the poster, then its views."""
    generation = generations.live(connection)
    views = generations.followed(connection, generation)
    return generation, [journal.NAME, *(view.name for view in views)]


def post(
    connection: Connection,
    entity: str,
    *,
    batch: int = BATCH,
    upto: int = log.END,
    progress: Progress | None = None,
    lease: Lease | None = None,
    crew: Crew | None = None,
) -> int:
    """The poster alone, up to the head; where it stands then.

    A large run is settled by it and the helpers of a crew together.
    """
    told = progress or _silent
    with crew.lent(connection) if crew else nullcontext() as lent:
        advance = partial(
            journal.advance, connection, entity, batch=batch, upto=upto, lease=lease, crew=lent
        )
        poster, more = advance(None)
        while more:
            told(entity, journal.NAME, poster.place.position)
            poster, more = advance(poster)
    return poster.place.position


def follow(
    connection: Connection,
    entity: str,
    view: View,
    generation: int,
    *,
    batch: int | None = None,
    upto: int = log.END,
    progress: Progress | None = None,
    lease: Lease | None = None,
) -> int:
    """One view up to where the poster stands: a view of entries is never ahead of them."""
    told = progress or _silent
    while True:
        with connection.transaction():
            checkpoints.look_in(connection, checkpoints.schema_of(generation))
            at = checkpoints.lease(connection, entity, view.name, generation)
            end = min(upto, checkpoints.passed(connection, entity, checkpoints.JOURNAL))
            if at.position >= end:
                return at.position
            to = min(at.position + (batch or view.step), end)
            view.apply(connection, entity, at.position, to)
            failpoint.reach("view-copied")
            moved = checkpoints.Checkpoint(to, None, at.fence)
            checkpoints.move(connection, entity, view.name, generation, moved, lease)
        told(entity, view.name, to)
        if to == end:
            return to


def _silent(entity: str, view: str, position: int) -> None:
    """Nobody listens."""
