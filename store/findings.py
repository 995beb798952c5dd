"""What a run could not do, kept as spans of runs: units that wait parked, usage without effect.

What stays as it was keeps its first run; what is over gets its last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from store.copying import write_rows
from store.db import Connection, queries

SQL = queries(__file__)

PENDING_TYPES = ["text", "text", "text", "date", "int8", "text", "int8", "int8", "numeric"]


class Parked(NamedTuple):
    """A unit that could not be settled, and why."""

    unit: str
    code: str
    detail: str


class Pending(NamedTuple):
    """Usage of one unit without effect: what it is, why, how much."""

    unit: str
    meter: str
    day: date
    position: int
    reason: str
    rows: int
    quantity: Decimal


def park(
    connection: Connection, entity: str, run: int, units: Sequence[str], failed: Sequence[Parked]
) -> None:
    """Of the units a run tried: release what was settled after all, park what failed."""
    arguments = {"entity": entity, "run": run, "units": list(units)}
    waiting = {unit for (unit,) in connection.execute(SQL.parked_units, arguments)}
    still = {row.unit for row in failed}
    if released := sorted(waiting - still):
        connection.execute(SQL.release_parked, arguments | {"units": released})
    if new := [row for row in failed if row.unit not in waiting]:
        columns = {
            "units": [row.unit for row in new],
            "codes": [row.code for row in new],
            "details": [row.detail for row in new],
        }
        connection.execute(SQL.park, arguments | columns)


def keep_pending(
    connection: Connection, entity: str, run: int, units: Sequence[str], pending: Iterable[Pending]
) -> None:
    """Of the units a run measured: end what is no longer pending, add what is."""
    if not units:
        return
    arguments = {"entity": entity, "units": list(units)}
    before = {Pending(*row) for row in connection.execute(SQL.pending_now, arguments)}
    now = set(pending)
    if gone := sorted(before - now):
        columns = {
            "units": [row.unit for row in gone],
            "meters": [row.meter for row in gone],
            "days": [row.day for row in gone],
            "positions": [row.position for row in gone],
            "reasons": [row.reason for row in gone],
        }
        connection.execute(SQL.end_pending, {"entity": entity, "run": run} | columns)
    added = [(entity, *row[:5], run, *row[5:]) for row in sorted(now - before)]
    write_rows(connection, SQL.copy_pending, PENDING_TYPES, added)


class Unstated(NamedTuple):
    """A park or release that no fact states yet; `effective` is the day of its run."""

    kind: Literal["parked", "released"]
    unit: str
    run: int
    since: int
    code: str
    detail: str
    effective: date


def unstated(connection: Connection, entity: str, upto: int) -> list[Unstated]:
    """In order of runs and units, up to the last run that is whole."""
    wanted = {"entity": entity, "upto": upto}
    return [Unstated(*row) for row in connection.execute(SQL.unstated, wanted)]
