"""Who brings which entity to its head: a lease for a time, with a fence against who overslept.

A lease shares out work; it does not guard the books. Two that work on one entity wait for each
other at the checkpoint and pass every fact once. What the lease adds is that nobody waits there for
long: a holder that stops is overtaken when its time is up, and its session ended.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from store.db import Connection, queries

SQL = queries(__file__)

SECONDS = 60.0


class Lease(NamedTuple):
    """An entity, who has it, and the fence it was taken with."""

    entity: str
    holder: str
    fence: int


class Overtaken(Exception):
    """Another took the lease after ours had expired; what we were about to write is not written."""


def new_holder() -> str:
    """A name no other worker has: where it runs, for whoever looks, and a part by chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim(
    connection: Connection, entity: str, holder: str, seconds: float = SECONDS
) -> Lease | None:
    """Take an entity that is free; none if another has it. Work on it by this same connection."""
    wanted = {"entity": entity, "holder": holder, "seconds": seconds}
    connection.execute(SQL.end_overtaken, wanted)
    row = connection.execute(SQL.claim, wanted).fetchone()
    return Lease(entity, holder, row[0]) if row else None


def renew(connection: Connection, lease: Lease, seconds: float = SECONDS) -> None:
    """From now on, for so long again. Raises Overtaken."""
    renewed = connection.execute(SQL.renew, {**lease._asdict(), "seconds": seconds})
    if renewed.rowcount != 1:
        raise Overtaken(lease.entity)


def release(connection: Connection, lease: Lease) -> None:
    """Let others have it at once; nothing happens if one has it already."""
    connection.execute(SQL.release, lease._asdict())


def behind(
    connection: Connection, holder: str, projections: Sequence[str], generation: int
) -> list[str]:
    """Entities for which something is to be done and that nobody else has: one query for all."""
    wanted = {"holder": holder, "projections": list(projections), "generation": generation}
    return [entity for (entity,) in connection.execute(SQL.behind, wanted)]
