"""The poster: passes every fact, marks its units, and at a posting run settles what changed.

One transaction marks a page of facts, or settles one chunk of units of a run; the checkpoint moves
in the same transaction. Readers look only up to the checkpoint, so they see a run when it is whole.
The journal is the same however facts were paged: a run knows only what the log says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from domain.books import BookOpened, PostingRun
from domain.errors import Rejected
from domain.facts import Fact, known
from domain.ledger import Fresh, Run, Settled, UnitState, moves, settle
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import period_states
from domain.routing import Directory, brings_along, route
from projections import charging
from projections import journal_rows as rows
from projections.charging import usage_charges
from store import checkpoints, failpoint, log, unit_facts
from store.db import Connection, queries

SQL = queries(__file__)

NAME = checkpoints.JOURNAL
UNITS_IN_ONE_TRANSACTION = 2_000
# What a fault in our own arithmetic or in a hostile fact may raise; anything else stops the poster.
FAULTS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)


# Of each subscription measured afresh: what its usage should cost.
Charges = dict[str, dict[charging.Place, charging.Charged]]


class Place(NamedTuple):
    """Where the poster stands: past `position`, or in the run after it, past unit `cursor`."""

    position: int
    cursor: str | None


class Poster(Struct, kw_only=True):
    """What the poster keeps in memory between transactions; all of it follows from the log."""

    entity: str
    place: Place
    entry: int
    last_run: int
    through: date | None
    master_facts: list[Fact]
    book_facts: list[Fact]
    page: list[Fact] = []
    master: MasterData | None = None


class Work(Struct, frozen=True, kw_only=True):
    """A chunk of units of one run with all that settling them reads."""

    runs: tuple[Run, ...]
    units: tuple[str, ...]
    fresh: dict[str, Fresh]
    states: dict[tuple[str, str], UnitState]


class Stream(Struct):
    """Where the facts of one stream went so far."""

    units: set[str] = msgspec.field(default_factory=set)
    positions: list[int] = msgspec.field(default_factory=list)


class Parked(NamedTuple):
    """A unit that could not be settled, and why."""

    unit: str
    code: str
    detail: str


def advance(
    connection: Connection,
    entity: str,
    poster: Poster | None,
    *,
    batch: int,
    units: int = UNITS_IN_ONE_TRANSACTION,
    upto: int = log.END,
) -> tuple[Poster, bool]:
    """One transaction further: so many facts, or units. False: there was nothing left to do."""
    with connection.transaction():
        lease = checkpoints.lease(connection, entity, NAME, checkpoints.ONLY)
        place = Place(lease.position, lease.cursor)
        if poster is None or poster.place != place:
            poster = _load(connection, entity, place)
        if not poster.page:
            poster.page = list(
                log.read(connection, entity, after=place.position, upto=upto, limit=batch)
            )
        if not poster.page:
            return poster, False
        if isinstance(poster.page[0].event, PostingRun):
            _settle_chunk(connection, poster, poster.page[0], units)
        else:
            _mark(connection, poster)
        failpoint.reach("poster-before-checkpoint")
        to = checkpoints.Checkpoint(*poster.place, lease.fence)
        checkpoints.move(connection, entity, NAME, checkpoints.ONLY, to)
    return poster, True


def _load(connection: Connection, entity: str, place: Place) -> Poster:
    entry = connection.execute(SQL.last_entry, {"entity": entity}).fetchone()
    assert entry is not None, entity
    run = checkpoints.passed_run(connection, entity, place.position)
    kept = log.read_categories(
        connection, entity, [*MASTER_CATEGORIES, "book"], upto=place.position
    )
    return Poster(
        entity=entity,
        place=place,
        entry=entry[0],
        last_run=run.position,
        through=run.through,
        master_facts=[fact for fact in kept if _category(fact) != "book"],
        book_facts=[fact for fact in kept if _category(fact) == "book"],
    )


def _category(fact: Fact) -> str:
    return fact.stream.partition(":")[0]


# --- between runs: mark --------------------------------------------------------------------------


def _mark(connection: Connection, poster: Poster) -> None:
    """Note which units the facts up to the next run touch; nothing is measured yet."""
    end = next(
        (place for place, fact in enumerate(poster.page) if isinstance(fact.event, PostingRun)),
        len(poster.page),
    )
    passed, poster.page = poster.page[:end], poster.page[end:]
    streams = _streams(connection, poster.entity, passed, poster.place.position)
    touched: list[tuple[str, str, int]] = []
    for fact in passed:
        stream = streams.setdefault(fact.stream, Stream())
        units = route(fact, _directory(streams))
        earlier = stream.positions if brings_along(fact) else []
        first = [unit for unit in units if unit not in stream.units]
        touched += [(poster.entity, unit, fact.position) for unit in units]
        touched += [(poster.entity, unit, position) for unit in first for position in earlier]
        stream.units.update(units)
        stream.positions.append(fact.position)
    rows.copy(connection, SQL.copy_fact_units, rows.FACT_UNIT_TYPES, touched)
    poster.book_facts += [fact for fact in passed if _category(fact) == "book"]
    if new := [fact for fact in passed if _category(fact) in MASTER_CATEGORIES]:
        poster.master_facts += new
        poster.master = None
    poster.place = Place(passed[-1].position, None)


def _streams(
    connection: Connection, entity: str, facts: Iterable[Fact], before: int
) -> dict[str, Stream]:
    """Streams whose facts follow one another, as they were before a page: two queries for it."""
    wanted = {fact.stream for fact in facts if fact.corrects is not None or brings_along(fact)}
    found = {stream: Stream() for stream in sorted(wanted)}
    if found:
        names = {"entity": entity, "streams": list(found), "before": before}
        for name, unit in connection.execute(SQL.units_of_streams, names):
            found[name].units.add(unit)
        for name, position in connection.execute(SQL.positions_of_streams, names):
            found[name].positions.append(position)
    return found


def _directory(streams: dict[str, Stream]) -> Directory:
    return lambda name: tuple(sorted(streams[name].units)) if name in streams else ()


# --- at a run: settle ----------------------------------------------------------------------------


def _settle_chunk(connection: Connection, poster: Poster, fact: Fact, limit: int) -> None:
    """Settle the next units of a run; past the last one the run is whole and the place moves on."""
    through = _through(poster, fact)
    work = _work(connection, poster, fact, through, limit)
    settled, charges, parked = _settle_units(work)
    posted = rows.posting(settled, poster.entry)
    _write(connection, poster.entity, fact.position, work, settled, posted)
    _write_charges(connection, poster.entity, fact.position, charges)
    _park(connection, poster.entity, fact.position, work.units, parked)
    poster.entry += len(posted.entries)
    if len(work.units) == limit:
        poster.place = Place(poster.place.position, work.units[-1])
        return
    poster.place = Place(fact.position, None)
    poster.last_run, poster.through = fact.position, through
    poster.page = poster.page[1:]


def _through(poster: Poster, fact: Fact) -> date:
    """How far time has come by this run: it never goes back."""
    assert isinstance(fact.event, PostingRun)
    return max(fact.event.through, poster.through or fact.event.through)


def _work(connection: Connection, poster: Poster, fact: Fact, through: date, limit: int) -> Work:
    wanted = {
        "entity": poster.entity,
        "since": 0 if _measures_all(poster) else poster.last_run,
        "run": fact.position,
        "after": poster.place.cursor or "",
        "moved_after": poster.through if poster.through != through else None,
        "limit": limit,
    }
    marked: dict[str, bool] = dict(connection.execute(SQL.units_to_settle, wanted).fetchall())
    states = _states(connection, poster.entity, marked)
    runs = _runs(poster, fact, through)
    missing = {unit for unit in marked for run in runs if (unit, run.book) not in states}
    fresh = {unit for unit, is_fresh in marked.items() if is_fresh} | missing
    return Work(
        runs=runs,
        units=tuple(sorted(marked)),
        fresh=unit_facts.fresh(connection, poster.entity, fresh, fact.position),
        states={
            key: state
            for key, state in states.items()
            if key[0] in fresh or moves(state.schedule, poster.through or through, through)
        },
    )


def _measures_all(poster: Poster) -> bool:
    """Master data or a book came in since the last run: every unit may measure otherwise."""
    if any(fact.position > poster.last_run for fact in poster.master_facts):
        return True
    return any(
        isinstance(fact.event, BookOpened) or fact.corrects is not None
        for fact in poster.book_facts
        if fact.position > poster.last_run
    )


def _runs(poster: Poster, fact: Fact, through: date) -> tuple[Run, ...]:
    """The run as each book known at it sees it, in order of their names."""
    if poster.master is None:
        poster.master = master_data(poster.master_facts)
    master = poster.master
    books = {
        opened.stream.partition(":")[2]
        for opened in known(poster.book_facts)
        if isinstance(opened.event, BookOpened)
    }
    return tuple(
        Run(
            entity=poster.entity,
            book=book,
            position=fact.position,
            through=through,
            recorded_on=fact.recorded_at.astimezone(ZoneInfo(master.zone)).date(),
            master=master,
            periods=period_states(
                master.calendar,
                [row for row in poster.book_facts if row.stream == f"book:{book}"],
            ),
        )
        for book in sorted(books)
    )


def _states(
    connection: Connection, entity: str, units: Iterable[str]
) -> dict[tuple[str, str], UnitState]:
    arguments = {"entity": entity, "units": list(units)}
    return {
        (unit, book): rows.unpack(stored)
        for unit, book, stored in connection.execute(SQL.unit_states, arguments)
    }


def _settle_units(work: Work) -> tuple[list[Settled], Charges, list[Parked]]:
    """Unit by unit, then book by book; one that fails is parked whole and the others go on."""
    done: list[Settled] = []
    charges: Charges = {}
    parked: list[Parked] = []
    for unit in work.units:
        try:
            settled = _settle_unit(unit, work)
            if unit in work.fresh and unit.startswith("subscription:") and work.runs:
                charges[unit] = usage_charges(unit, work.fresh[unit], work.runs[0].master)
            done += settled
        except Rejected as refusal:
            parked.append(Parked(unit, refusal.code, str(refusal)))
        except FAULTS as fault:
            parked.append(Parked(unit, "unexpected", f"{type(fault).__name__}: {fault}"))
    return done, charges, parked


def _settle_unit(unit: str, work: Work) -> list[Settled]:
    fresh = work.fresh.get(unit)
    return [
        settle(unit, work.states.get((unit, run.book)), fresh, run)
        for run in work.runs
        if fresh is not None or (unit, run.book) in work.states
    ]


# --- what is written -----------------------------------------------------------------------------


def _write(
    connection: Connection,
    entity: str,
    run: int,
    work: Work,
    settled: Sequence[Settled],
    posted: rows.Posting,
) -> None:
    rows.copy(connection, SQL.copy_entries, rows.ENTRY_TYPES, posted.entries)
    failpoint.reach("poster-mid-chunk")
    rows.copy(connection, SQL.copy_lines, rows.LINE_TYPES, posted.lines)
    rows.copy(connection, SQL.copy_causes, rows.CAUSE_TYPES, posted.causes)
    schedules = [result.state.schedule for result in settled]
    connection.execute(
        SQL.save_states,
        {
            "entity": entity,
            "run": run,
            "books": [schedule.book for schedule in schedules],
            "units": [schedule.unit for schedule in schedules],
            "measured": [result.state.measured_at for result in settled],
            "schedules": [rows.pack(result.state) for result in settled],
            "moves": [schedule.moves_until for schedule in schedules],
        },
    )
    _write_pending(connection, entity, run, work, settled)


def _write_charges(connection: Connection, entity: str, run: int, charges: Charges) -> None:
    """Charges measured now less those recorded so far: what rating appends."""
    if charges:
        found = connection.execute(SQL.charges, {"entity": entity, "units": sorted(charges)})
        before = charging.charged(found.fetchall())
        now = {place: row for charged in charges.values() for place, row in charged.items()}
        changed = charging.charge_rows(entity, run, now, before)
        rows.copy(connection, SQL.copy_charges, charging.CHARGE_TYPES, changed)


def _write_pending(
    connection: Connection, entity: str, run: int, work: Work, settled: Sequence[Settled]
) -> None:
    """End what is no longer pending, add what is; whatever stays as it was keeps its first run."""
    measured = {
        result.state.schedule.unit: result.state.schedule.pending
        for result in settled
        if result.state.schedule.unit in work.fresh
    }
    units = sorted(unit for unit in measured if unit.startswith("subscription:"))
    if not units:
        return
    arguments = {"entity": entity, "units": units}
    before = {rows.Pending(*row) for row in connection.execute(SQL.pending_now, arguments)}
    now = {
        row
        for unit in units
        for row in rows.pending_rows(unit, measured[unit], work.fresh[unit].usage)
    }
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
    rows.copy(connection, SQL.copy_pending, rows.PENDING_TYPES, added)


def _park(
    connection: Connection,
    entity: str,
    run: int,
    units: Sequence[str],
    failed: Sequence[Parked],
) -> None:
    """Release what was settled after all, park what failed; what stays keeps its first run."""
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
