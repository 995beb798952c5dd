"""Parks and releases of units, stated as facts once the run that found them is whole.

The journal's own table says the same and is derived: a rebuild makes it again and states nothing.
"""

from __future__ import annotations

from domain.facts import When
from domain.parking import ParkingCommand, ParkUnit, ReleaseUnit
from store import checkpoints, findings
from store.db import Connection
from store.findings import Unstated
from store.request import Clock, Receipt, Request
from store.transact import append_many

ACTOR = "poster"


def state(connection: Connection, entity: str, clock: Clock) -> int:
    """Append what is not stated yet, each once by its key; how many facts there were."""
    whole = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    found = findings.unstated(connection, entity, whole)
    if not found:
        return 0
    requests = [_request(entity, row) for row in found]
    outcomes = append_many(connection, entity, requests, clock=clock)
    for outcome in outcomes:
        assert isinstance(outcome, Receipt), outcome
    return len(outcomes)


def _request(entity: str, row: Unstated) -> Request:
    return Request(
        entity=entity,
        stream=f"parked:{row.unit}",
        key=f"{row.kind}:{row.run}:{row.unit}",
        command=_command(row),
        actor=ACTOR,
    )


def _command(row: Unstated) -> ParkingCommand:
    when = When(effective=row.effective)
    if row.kind == "released":
        return ReleaseUnit(when=when, unit=row.unit, run=row.run, since=row.since)
    return ParkUnit(when=when, unit=row.unit, run=row.run, code=row.code, detail=row.detail)
