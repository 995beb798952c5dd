"""What is kept of each unit between runs: its schedule without steps, and what stands posted.

A cut reads and writes only what may still move: the schedule stays, and slots of periods that are
over are added to and never read. Measuring reads them all. A row of before that is not known so
well is read whole, and its unit measured again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from domain.accounting.schedule import Schedule
from domain.journal import Slot
from domain.ledger import Posted, UnitState
from store.db import Connection, queries

SQL = queries(__file__)

# One slot as stored: by place, without the names of its fields.
_Row = tuple[date, str, str, str, str, str, int, int, tuple[int, ...]]
States = dict[tuple[str, str], UnitState]

# MessagePack: an array of so many values begins with this byte, or within it, or with this one.
_LONG_ARRAY, _SHORT_ARRAY, _SHORTER_ARRAY = b"\xdd", 16, 1 << 16
_encoder = msgspec.msgpack.Encoder()
_schedule = msgspec.msgpack.Decoder(Schedule)
_rows = msgspec.msgpack.Decoder(tuple[_Row, ...])
_open = msgspec.msgpack.Decoder(tuple[date | None, tuple[_Row, ...]])
_both = msgspec.msgpack.Decoder(UnitState)


class _Party(Struct, frozen=True, kw_only=True):
    """Of a schedule what measuring again needs: the flows are read past."""

    unit: str
    book: str
    currency: str
    customer: str = ""
    functional_currency: str = ""


_party = msgspec.msgpack.Decoder(_Party)


class Kept(Struct, frozen=True):
    """A unit's state, packed: `posted` are so many rows that are over, without their number."""

    book: str
    unit: str
    posted: bytes
    rows: int
    open: bytes
    schedule: bytes = b""
    moves_until: date | None = None
    currency: str = ""


def open_states(
    connection: Connection, entity: str, units: Iterable[str], books: Sequence[str]
) -> States:
    """What may still move of some units, by unit and book; units not known so well are left out."""
    wanted = {"entity": entity, "units": list(units), "books": list(books)}
    return {
        (unit, book): _state(_schedule.decode(schedule), (), stored, measured_at)
        for unit, book, measured_at, schedule, stored in connection.execute(SQL.open, wanted)
        if stored is not None
    }


def whole_states(
    connection: Connection, entity: str, units: Iterable[str], books: Sequence[str]
) -> States:
    """All that stands posted of some units, and of their schedules whom and what they are about."""
    wanted = {"entity": entity, "units": list(units), "books": list(books)}
    found: States = {}
    for unit, book, measured_at, schedule, posted, rows, stored in connection.execute(
        SQL.whole, wanted
    ):
        if stored is None:
            found[unit, book] = _both.decode(schedule)
        else:
            over = _posted(_rows.decode(_LONG_ARRAY + rows.to_bytes(4, "big") + posted))
            found[unit, book] = _state(_named(schedule), over, stored, measured_at)
    return found


def schedules(
    connection: Connection, entity: str, book: str, units: Iterable[str], upto: int
) -> dict[str, Schedule]:
    """The last schedules of some units; those measured after a position are left out."""
    names = {"entity": entity, "book": book, "units": sorted(units)}
    return {
        unit: schedule_of(stored)
        for unit, measured_at, stored in connection.execute(SQL.schedules, names)
        if measured_at <= upto
    }


def ahead(
    connection: Connection,
    entity: str,
    book: str,
    *,
    run: int,
    day: date,
    since: date,
    units: Sequence[str] | None = None,
) -> Iterator[tuple[str, Schedule, bool, bool]]:
    """Units in order that may have something left after `day`, and moved after `since`, each with
    its schedule, whether that was measured after the run, and whether something is of a later day.
    """
    names = {
        "entity": entity,
        "book": book,
        "run": run,
        "day": day,
        "since": since,
        "units": None if units is None else [*units],
    }
    with connection.cursor(name="ahead") as found:
        for name, measured_at, stored, is_later in found.execute(SQL.ahead.encode(), names):
            yield name, schedule_of(stored), measured_at > run, is_later


def schedule_of(stored: bytes) -> Schedule:
    """The schedule of a row, as it is stored now or was before."""
    try:
        return _schedule.decode(stored)
    except msgspec.ValidationError:
        return _both.decode(stored).schedule


def measured(unit: str, state: UnitState, edge: date) -> Kept:
    """A unit with a new schedule. `edge` is the last day of the periods that are over."""
    kept, schedule = cut(unit, state, edge), state.schedule
    # Charges are rows of their own table.
    stored = _encoder.encode(msgspec.structs.replace(schedule, charges=()))
    return msgspec.structs.replace(
        kept, schedule=stored, moves_until=schedule.moves_until, currency=schedule.currency
    )


def cut(unit: str, state: UnitState, edge: date) -> Kept:
    """A unit whose schedule stays."""
    place = bisect_right(state.posted, edge, key=_earned)
    over, left = state.posted[:place], state.posted[place:]
    packed = _encoder.encode([_row(row) for row in over])
    head = 1 if place < _SHORT_ARRAY else 3 if place < _SHORTER_ARRAY else 5
    stored = _encoder.encode((state.through, [_row(row) for row in left]))
    return Kept(state.schedule.book, unit, packed[head:], place, stored)


def save(
    connection: Connection, entity: str, run: int, new: Sequence[Kept], same: Sequence[Kept]
) -> None:
    """Units that were measured, and units that were cut: two statements, however many."""
    if new:
        more = {
            "schedules": [row.schedule for row in new],
            "moves": [row.moves_until for row in new],
            "currencies": [row.currency for row in new],
        }
        connection.execute(SQL.save_measured, _columns(entity, run, new) | more)
    if same:
        connection.execute(SQL.save_cut, _columns(entity, run, same))


def _columns(entity: str, run: int, kept: Sequence[Kept]) -> dict[str, object]:
    return {
        "entity": entity,
        "run": run,
        "books": [row.book for row in kept],
        "units": [row.unit for row in kept],
        "posted": [row.posted for row in kept],
        "rows": [row.rows for row in kept],
        "open": [row.open for row in kept],
    }


def _named(stored: bytes) -> Schedule:
    party = _party.decode(stored)
    return Schedule(
        unit=party.unit,
        book=party.book,
        currency=party.currency,
        customer=party.customer,
        functional_currency=party.functional_currency,
    )


def _state(
    schedule: Schedule, over: tuple[Posted, ...], stored: bytes, measured_at: int
) -> UnitState:
    through, left = _open.decode(stored)
    return UnitState(
        schedule=schedule, posted=over + _posted(left), measured_at=measured_at, through=through
    )


def _posted(rows: Iterable[_Row]) -> tuple[Posted, ...]:
    return tuple(Posted(Slot(*row[:6]), row[6], row[7], row[8]) for row in rows)


def _row(row: Posted) -> _Row:
    slot = row.slot
    return (
        slot.earned,
        slot.kind,
        slot.subject,
        slot.account,
        slot.obligation,
        slot.document,
        row.minor,
        row.functional_minor,
        row.causes,
    )


def _earned(row: Posted) -> date:
    return row.slot.earned
