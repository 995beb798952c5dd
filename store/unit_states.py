"""What is kept of each unit between runs: its schedule without steps, and what stands posted.

They are stored apart, so a run that only cuts writes neither schedule nor its date. A row of before
that split holds both in one, and is read as long as its unit was not settled again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from domain.accounting.schedule import Schedule, without_steps
from domain.journal import Slot
from domain.ledger import Posted, UnitState
from store.db import Connection, queries

SQL = queries(__file__)

# One slot as stored: by place, without the names of its fields.
_Row = tuple[date, str, str, str, str, str, int, int, tuple[int, ...]]

_encoder = msgspec.msgpack.Encoder()
_schedule = msgspec.msgpack.Decoder(Schedule)
_posted = msgspec.msgpack.Decoder(tuple[_Row, ...])
_both = msgspec.msgpack.Decoder(UnitState)


class Measured(Struct, frozen=True):
    """A unit with a new schedule, packed."""

    book: str
    unit: str
    schedule: bytes
    posted: bytes
    moves_until: date | None


class Cut(Struct, frozen=True):
    """A unit whose schedule stays, packed."""

    book: str
    unit: str
    posted: bytes


def states(
    connection: Connection, entity: str, units: Iterable[str], books: Iterable[str]
) -> dict[tuple[str, str], UnitState]:
    """The states of some units, by unit and book."""
    wanted = {"entity": entity, "units": list(units), "books": list(books)}
    if not wanted["units"]:
        return {}
    return {
        (unit, book): _state(measured_at, schedule, posted)
        for unit, book, measured_at, schedule, posted in connection.execute(SQL.states, wanted)
    }


def schedule_of(stored: bytes) -> Schedule:
    """The schedule of a row, as it is stored now or was before."""
    try:
        return _schedule.decode(stored)
    except msgspec.ValidationError:
        return _both.decode(stored).schedule


def measured(unit: str, state: UnitState) -> Measured:
    schedule = state.schedule
    stored = _encoder.encode(without_steps(schedule))
    return Measured(schedule.book, unit, stored, _pack_posted(state.posted), schedule.moves_until)


def cut(unit: str, state: UnitState) -> Cut:
    return Cut(state.schedule.book, unit, _pack_posted(state.posted))


def save(
    connection: Connection, entity: str, run: int, new: Sequence[Measured], same: Sequence[Cut]
) -> None:
    """Two statements at most, however many units."""
    if new:
        columns = {
            "books": [row.book for row in new],
            "units": [row.unit for row in new],
            "schedules": [row.schedule for row in new],
            "posted": [row.posted for row in new],
            "moves": [row.moves_until for row in new],
        }
        connection.execute(SQL.save_measured, {"entity": entity, "run": run} | columns)
    if same:
        columns = {
            "books": [row.book for row in same],
            "units": [row.unit for row in same],
            "posted": [row.posted for row in same],
        }
        connection.execute(SQL.save_cut, {"entity": entity, "run": run} | columns)


def _state(measured_at: int, schedule: bytes, posted: bytes | None) -> UnitState:
    if posted is None:
        return _both.decode(schedule)
    return UnitState(
        schedule=_schedule.decode(schedule),
        posted=tuple(
            Posted(Slot(*row[:6]), row[6], row[7], row[8]) for row in _posted.decode(posted)
        ),
        measured_at=measured_at,
    )


def _pack_posted(posted: Iterable[Posted]) -> bytes:
    return _encoder.encode(
        [
            (
                *(slot.earned, slot.kind, slot.subject, slot.account),
                *(slot.obligation, slot.document),
                *(row.minor, row.functional_minor, row.causes),
            )
            for row in posted
            for slot in (row.slot,)
        ]
    )
