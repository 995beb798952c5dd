"""The units of a run, in order, a chunk at a time: no more than one transaction should settle.

A chunk is bounded by units, by how many of them are measured, and by what measuring those reads, so
that its size does not grow with the log. A unit that alone is more than that goes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from projections.settling import Marked, Task
from store.db import Connection
from store.run_units import units_to_settle, weights

UNITS_IN_ONE_TRANSACTION = 1_000
# A unit that is measured makes so many times the rows of one that is cut.
MEASURED_IN_ONE_TRANSACTION = 250
# Facts and hours with usage: a few MiB of them.
READ_IN_ONE_TRANSACTION = 5_000
# Units listed at once: the query goes over all there are, so not chunk by chunk.
UNITS_LISTED = 50_000


class Listing(Struct, kw_only=True):
    """Units listed and not taken yet.

    `since` is the run before, 0 if every unit is to be measured; `currencies` are those that rates
    came of since: what is in one is measured, too. `after` is the last unit listed,
    `ends` says that there are no more. `weights` is what measuring some of them reads.
    """

    task: Task
    since: int
    after: str
    currencies: frozenset[str] = frozenset()
    listed: list[Marked] = []
    ends: bool = False
    weights: dict[str, int] = field(default_factory=dict)


def begin(
    connection: Connection,
    task: Task,
    since: int,
    after: str,
    currencies: frozenset[str] = frozenset(),
) -> Listing:
    """The first units after one that the run has reached."""
    listing = Listing(task=task, since=since, after=after, currencies=currencies)
    _list(connection, listing)
    return listing


def take(connection: Connection, listing: Listing, limit: int) -> list[Marked]:
    """The units of the next chunk, at most so many, with whether they are to be measured."""
    if len(listing.listed) < limit and not listing.ends:
        _list(connection, listing)
    near = _few(listing.listed[:limit])
    _weigh(connection, listing, near)
    taken = _light(near, listing.weights)
    del listing.listed[: len(taken)]
    for unit, _ in taken:
        listing.weights.pop(unit, None)
    return taken


def _list(connection: Connection, listing: Listing) -> None:
    """Add the next units to those listed."""
    task = listing.task
    found = units_to_settle(
        connection,
        task.entity,
        since=listing.since,
        run=task.position,
        after=listing.after,
        moved_after=task.before if task.before != task.through else None,
        currencies=listing.currencies,
        limit=UNITS_LISTED,
    )
    listing.listed += found
    listing.ends = len(found) < UNITS_LISTED
    listing.after = found[-1][0] if found else listing.after


def _few(listed: list[Marked]) -> list[Marked]:
    """As many as go together if each is an ordinary one."""
    measured = 0
    for place, (_, fresh) in enumerate(listed):
        measured += fresh
        if measured > MEASURED_IN_ONE_TRANSACTION:
            return listed[:place]
    return listed


def _weigh(connection: Connection, listing: Listing, near: Sequence[Marked]) -> None:
    new = [unit for unit, fresh in near if fresh and unit not in listing.weights]
    if new:
        listing.weights |= weights(connection, listing.task.entity, new)


def _light(near: list[Marked], reads: dict[str, int]) -> list[Marked]:
    """As many as are read together, and at least one."""
    read = 0
    for place, (unit, _) in enumerate(near):
        read += reads.get(unit, 0)
        if place and read > READ_IN_ONE_TRANSACTION:
            return near[:place]
    return near
