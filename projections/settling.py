"""A chunk of units of one run: what settling them reads, what it makes, what is written.

The three are apart, so that a chunk is settled while the one before is on its way to the database.
What a chunk makes is packed unit by unit: of its lines only their bytes are kept.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import date

from msgspec import Struct, field

from domain.errors import Rejected
from domain.ledger import Fresh, Run, Settled, UnitState, is_outrun, moves, settle
from domain.master import MasterData
from domain.money import LARGEST_MINOR
from projections import charging
from store import charge_rows, entry_rows, failpoint, findings, unit_facts, unit_states
from store.db import Connection
from store.entry_rows import EntryRows, Packed
from store.findings import Parked, Pending
from store.unit_states import Kept
from store.unpaused import unpaused

# What a fault in our own arithmetic or in a hostile fact may raise; anything else stops the poster.
FAULTS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError, struct.error)

# Units settled before looking whether there is something else to do.
BETWEEN = 16

# A unit, and whether it is to be measured: it has news, or waits parked.
Marked = tuple[str, bool]


class Task(Struct, frozen=True, kw_only=True):
    """What a run asks of every unit: as each book sees it, from how far time had come before."""

    entity: str
    position: int
    runs: tuple[Run, ...]
    before: date
    through: date


class Work(Struct, frozen=True, kw_only=True):
    """Units of one run with all that settling them reads.

    `edge` is the last day of the periods that are over by the run; every book has one calendar.
    """

    task: Task
    edge: date
    units: tuple[str, ...]
    fresh: dict[str, Fresh]
    states: dict[tuple[str, str], UnitState]


class Chunk(Struct, kw_only=True):
    """What settling some units made, packed as far as it can be."""

    units: tuple[str, ...]
    entries: list[Packed] = field(default_factory=list)
    measured: list[Kept] = field(default_factory=list)
    cut: list[Kept] = field(default_factory=list)
    charges: dict[str, list[tuple[charging.Place, charging.Charged]]] = field(default_factory=dict)
    pending: dict[str, list[Pending]] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)


def read(connection: Connection, task: Task, marked: Sequence[Marked]) -> Work:
    """A unit without a state in some book is measured for all of them."""
    units = [unit for unit, _ in marked]
    books = [run.book for run in task.runs]
    fresh = {unit for unit, is_fresh in marked if is_fresh}
    cut = [unit for unit in units if unit not in fresh]
    # A chunk is small, and half of what reading it takes would be looking for cycles.
    with unpaused():
        states = unit_states.open_states(connection, task.entity, cut, books) if cut else {}
        fresh |= {unit for unit in cut for book in books if (unit, book) not in states}
        fresh |= {key[0] for key, one in states.items() if is_outrun(one.schedule, task.through)}
        states = {
            key: state
            for key, state in states.items()
            if key[0] not in fresh and moves(state.schedule, task.before, task.through)
        }
        if fresh:
            states |= unit_states.whole_states(connection, task.entity, sorted(fresh), books)
        master = next((run.master for run in task.runs), MasterData())
        known = unit_facts.fresh(connection, task.entity, fresh, task.position, master)
    calendars = (run.master.calendar for run in task.runs)
    return Work(
        task=task,
        edge=next((calendar.over_by(task.through) for calendar in calendars), date.min),
        units=tuple(units),
        fresh=known,
        states=states,
    )


def settled(work: Work, between: Callable[[], None] = lambda: None) -> Chunk:
    """Unit by unit, then book by book; one that fails is parked whole and the others go on.

    `between` some of them it does what else there is to do.
    """
    chunk, rows = Chunk(units=work.units), EntryRows(work.task.entity)
    with unpaused():
        for place, unit in enumerate(work.units):
            if place % BETWEEN == 0:
                between()
            try:
                _settle(chunk, rows, unit, work)
            except Rejected as refusal:
                chunk.parked.append(Parked(unit, refusal.code, str(refusal)))
            except FAULTS as fault:
                told = f"{type(fault).__name__}: {fault}"
                chunk.parked.append(Parked(unit, "unexpected", told))
    return chunk


def _settle(chunk: Chunk, rows: EntryRows, unit: str, work: Work) -> None:
    """Nothing of the unit is kept before all of it is there."""
    fresh = work.fresh.get(unit)
    done = [
        settle(unit, work.states.get((unit, run.book)), fresh, run)
        for run in work.task.runs
        if fresh is not None or (unit, run.book) in work.states
    ]
    try:
        packed = [
            rows.pack(entry, result.state.schedule.customer)
            for result in done
            for entry in result.entries
        ]
        pack = unit_states.cut if fresh is None else unit_states.measured
        kept = [pack(unit, result.state, work.edge) for result in done]
    except (struct.error, OverflowError):
        raise Rejected("amount-too-large", field="amount_minor") from None
    if fresh is None:
        chunk.cut += kept
        chunk.entries += packed
        return
    if unit.startswith("subscription:") and done:
        charges, pending = _charges(done), _pending(unit, done)
        chunk.charges[unit], chunk.pending[unit] = charges, pending
    chunk.measured += kept
    chunk.entries += packed


def _charges(done: Sequence[Settled]) -> list[tuple[charging.Place, charging.Charged]]:
    """Usage that is billed elsewhere has charges, and no line that would not fit either."""
    charges = charging.usage_charges(done[0].state.schedule)
    if any(abs(charged.minor) > LARGEST_MINOR for _, charged in charges):
        raise Rejected("amount-too-large", field="amount_minor")
    return charges


def _pending(unit: str, done: Sequence[Settled]) -> list[Pending]:
    """Usage without effect, as the last of the books found it; all find the same."""
    return [
        Pending(unit, row.meter, row.day, row.position, row.reason, row.rows, row.quantity)
        for row in done[-1].state.schedule.pending
    ]


def write(connection: Connection, task: Task, chunk: Chunk, after: int) -> None:
    """All of it in the caller's transaction; entries are numbered from `after` on."""
    entry_rows.copy(connection, task.entity, chunk.entries, after)
    failpoint.reach("poster-mid-chunk")
    unit_states.save(connection, task.entity, task.position, chunk.measured, chunk.cut)
    _write_charges(connection, task, chunk)
    pending = [row for rows in chunk.pending.values() for row in rows]
    findings.keep_pending(connection, task.entity, task.position, sorted(chunk.pending), pending)
    if chunk.measured or chunk.parked:
        findings.park(connection, task.entity, task.position, chunk.units, chunk.parked)


def _write_charges(connection: Connection, task: Task, chunk: Chunk) -> None:
    """Charges measured now less those recorded so far: what rating appends."""
    if not chunk.charges:
        return
    subscriptions = [unit.partition(":")[2] for unit in chunk.charges]
    before = charging.charged(charge_rows.standing(connection, task.entity, subscriptions))
    now = {place: row for made in chunk.charges.values() for place, row in made}
    charge_rows.add(connection, charging.charge_rows(task.entity, task.position, now, before))
