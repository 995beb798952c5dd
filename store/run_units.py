"""Which units a posting run settles, and how much measuring some of them reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from store.db import Connection, queries

SQL = queries(__file__)


def units_to_settle(
    connection: Connection,
    entity: str,
    *,
    since: int,
    run: int,
    after: str,
    moved_after: date | None,
    currencies: Iterable[str] = (),
    limit: int,
) -> list[tuple[str, bool]]:
    """At most so many units after one, in order, and whether each is to be measured.

    `since` is the run before; `currencies` are those that rates came of since. Units whose schedule
    moves after `moved_after` are only cut again.
    """
    wanted = {
        "entity": entity,
        "since": since,
        "run": run,
        "after": after,
        "moved_after": moved_after,
        "currencies": sorted(currencies),
        "limit": limit,
    }
    return [(unit, fresh) for unit, fresh in connection.execute(SQL.units_to_settle, wanted)]


def weights(connection: Connection, entity: str, units: Iterable[str]) -> dict[str, int]:
    """Facts of each unit, and hours in which a subscription used something."""
    wanted = {"entity": entity, "units": list(units)}
    return dict(connection.execute(SQL.weights, wanted).fetchall())
