"""Usage rows as they stand at a position: accepted, less what was replaced or retracted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from store.db import Connection, queries
from store.log import END

SQL = queries(__file__)


class StandingRow(NamedTuple):
    """One usage row in force, and the position of the batch that brought it."""

    event_id: str
    subscription: str
    meter: str
    quantity: Decimal
    unit: str | None
    occurred_at: datetime
    position: int


def standing_rows(
    connection: Connection, entity: str, source: str, *, upto: int = END
) -> Iterator[StandingRow]:
    """Every row of a source in force at a position, by event id; streamed, however many."""
    arguments = {"entity": entity, "source": source, "upto": upto}
    with connection.transaction(), connection.cursor(name="standing_rows") as cursor:
        cursor.execute(SQL.standing_rows, arguments)
        for row in cursor:
            yield StandingRow(*row)


def rejected_events(connection: Connection, entity: str, source: str) -> dict[str, str]:
    """Ids of a source's rejected rows and why; one that had no readable id is not among them."""
    arguments = {"entity": entity, "source": source}
    return dict(connection.execute(SQL.rejected_events, arguments).fetchall())
