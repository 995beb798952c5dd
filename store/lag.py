"""How far the poster and each view are behind the head of each entity, in facts and in time."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from store.db import Connection, queries

SQL = queries(__file__)


class Lag(Struct, frozen=True, kw_only=True):
    """`oldest_seconds`: how long ago the first fact not passed was recorded; none at the head.

    `worker` has the entity now; none if nobody has.
    """

    entity: str
    projection: str
    head: int
    position: int
    facts: int
    oldest_seconds: int | None
    worker: str | None


def lag(
    connection: Connection,
    projections: Sequence[str],
    generation: int,
    entity: str | None = None,
) -> tuple[Lag, ...]:
    """Of one entity, or of all."""
    names = {"projections": list(projections), "generation": generation, "entity": entity}
    return tuple(
        Lag(
            entity=name,
            projection=projection,
            head=head,
            position=position,
            facts=head - position,
            oldest_seconds=oldest,
            worker=worker,
        )
        for name, projection, head, position, oldest, worker in connection.execute(SQL.lag, names)
    )
