"""Brings the poster and the views to the head of the log, in batches, each with its checkpoint.

Whoever is second on an entity waits on the checkpoint row and then goes on from where it stands, so
any number of processes may call at once and each fact is passed once.
"""

from __future__ import annotations

from collections.abc import Callable

from projections import journal
from store import log
from store.db import Connection

BATCH = 5_000

Progress = Callable[[str, str, int], None]


def catch_up(
    connection: Connection,
    entity: str | None = None,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> None:
    """Every view of one entity, or of all, up to its head; `progress` hears how far each is."""
    told = progress or _silent
    for name in [entity] if entity is not None else sorted(log.heads(connection)):
        post(connection, name, batch=batch, progress=told)


def post(
    connection: Connection, entity: str, *, batch: int = BATCH, progress: Progress | None = None
) -> None:
    """The poster alone, up to the head."""
    told = progress or _silent
    poster, more = journal.advance(connection, entity, None, batch=batch)
    while more:
        told(entity, journal.NAME, poster.place.position)
        poster, more = journal.advance(connection, entity, poster, batch=batch)


def _silent(entity: str, view: str, position: int) -> None:
    """Nobody listens."""
