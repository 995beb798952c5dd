"""A ledger in memory: positions, routing, unit states and posting runs as the poster keeps them.

It knows no database and no view. What it settles it settles with `domain.ledger.settle`, so a law
that breaks here breaks the pure core, and a law that breaks only on PostgreSQL breaks the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct, field, structs

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.aggregation import added_up
from domain.books import PostingRun
from domain.errors import Rejected
from domain.facts import Event, Fact
from domain.journal import Entry
from domain.ledger import Fresh, Run, Settled, UnitState, is_outrun, moves, settle
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import period_states
from domain.routing import brings_along, is_stated, rests_on, route, taken_over
from domain.usage import UsageBatchAccepted, UsageDay, UsageRow

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


class Arrival(Struct, frozen=True, kw_only=True):
    """One fact on its way in. `corrects` names the key of an earlier arrival of the same stream.

    Rows come with a usage batch; in a correction or retraction they name the events they replace.
    What `is_refused` its decider must refuse: it never becomes a fact.
    """

    key: str
    stream: str
    event: Event
    corrects: str | None = None
    rows: tuple[UsageRow, ...] = ()
    is_refused: bool = False


class History(Struct, frozen=True):
    """Arrivals of each entity, in order, and the seed that drew them."""

    seed: int
    logs: dict[str, tuple[Arrival, ...]]


class Settlement(Struct, frozen=True, kw_only=True):
    """One posting run in one book, as it happened; `anew` is what a law measured again there."""

    run: Run
    entries: tuple[Entry, ...]
    states: dict[str, UnitState]
    anew: dict[str, Schedule] = field(default_factory=dict)


class Asked(NamedTuple):
    """What one unit was settled from at one run."""

    state: UnitState | None
    fresh: Fresh | None
    run: Run


class Books(Struct):
    """One entity's log with everything derived from it.

    `settled` is what came of what was asked, by unit, book and position; `waiting` are units, by
    book, that could not be measured when a run last looked at them.
    """

    entity: str
    facts: list[Fact] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    units: dict[str, list[int]] = field(default_factory=dict)
    stream_units: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: list[tuple[int, str, UsageRow, int]] = field(default_factory=list)
    live: dict[tuple[str, str], UsageRow] = field(default_factory=dict)
    states: dict[tuple[str, str], UnitState] = field(default_factory=dict)
    settlements: list[Settlement] = field(default_factory=list)
    settled: dict[tuple[str, str, int], tuple[Asked, Settled]] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    answered: dict[int, object] = field(default_factory=dict)
    settled_at: int = 0
    through: date = date.min

    @property
    def entries(self) -> list[Entry]:
        return [entry for settled in self.settlements for entry in settled.entries]

    @property
    def books(self) -> list[str]:
        return sorted({f.stream.partition(":")[2] for f in self.facts if f.stream[:5] == "book:"})


def play(
    entity: str,
    arrivals: Iterable[Arrival],
    *,
    measure_all: bool = False,
    ask: Callable[[Books, int], object] | None = None,
) -> Books:
    """Take the arrivals in order, settle at every posting run among them, and ask it there."""
    books = Books(entity)
    for arrival in arrivals:
        fact = accept(books, arrival, measure_all=measure_all)
        if ask is not None and fact is not None and isinstance(fact.event, PostingRun):
            books.answered[fact.position] = ask(books, fact.position)
    return books


def and_then(books: Books, arrival: Arrival) -> Books:
    """The ledger with one fact more; the one given stays as it is."""
    own = {name: copy(getattr(books, name)) for name in books.__struct_fields__}
    own["units"] = {unit: list(positions) for unit, positions in books.units.items()}
    later = Books(**own)
    accept(later, arrival)
    return later


def logged(entity: str, arrivals: Iterable[Arrival]) -> Books:
    """The arrivals as facts of a log, of which nothing is settled: for who asks nothing else."""
    books = Books(entity)
    for arrival in arrivals:
        if not _is_done(books, arrival):
            _log(books, _fact(books, arrival))
    return books


def accept(books: Books, arrival: Arrival, *, measure_all: bool = False) -> Fact | None:
    """Append a fact once; the same key again is answered and changes nothing, a refusal neither."""
    if _is_done(books, arrival):
        return None
    fact = _fact(books, arrival)
    take(books, fact, arrival.rows, measure_all=measure_all)
    return fact


def take(
    books: Books, fact: Fact, rows: Sequence[UsageRow] = (), *, measure_all: bool = False
) -> None:
    """A fact into the log, with everything that follows from it."""
    _log(books, fact)
    if isinstance(fact.event, UsageBatchAccepted):
        _take_rows(books, fact, rows)
    _mark(books, fact)
    if isinstance(fact.event, PostingRun):
        _run(books, fact, measure_all=measure_all)


def _is_done(books: Books, arrival: Arrival) -> bool:
    return arrival.key in books.keys or arrival.is_refused


def _log(books: Books, fact: Fact) -> None:
    books.keys[fact.command_id] = fact.position
    books.versions[fact.stream] = fact.version
    books.facts.append(fact)
    if isinstance(fact.event, PostingRun):
        books.through = max(books.through, fact.event.through)


def _fact(books: Books, arrival: Arrival) -> Fact:
    position = len(books.facts) + 1
    version = books.versions.get(arrival.stream, 0) + 1
    event = arrival.event
    if event.when.order is None:
        event = structs.replace(event, when=structs.replace(event.when, order=version))
    return Fact(
        entity=books.entity,
        position=position,
        stream=arrival.stream,
        version=version,
        event=event,
        recorded_at=BEGINNING + timedelta(hours=position),
        command_id=arrival.key,
        actor="test",
        corrects=books.keys[arrival.corrects] if arrival.corrects else None,
    )


def _take_rows(books: Books, fact: Fact, rows: Sequence[UsageRow]) -> None:
    """Rows count from their batch on; a later batch takes back what it replaces in its own name."""
    assert isinstance(fact.event, UsageBatchAccepted)
    source = fact.stream.partition(":")[2]
    for row in rows:
        old = books.live.pop((source, row.event_id), None)
        if old is not None:
            books.rows.append((fact.position, source, old, -1))
        if fact.event.kind != "retraction":
            books.rows.append((fact.position, source, row, 1))
            books.live[source, row.event_id] = row


def _mark(books: Books, fact: Fact) -> None:
    """A fact touches its units; a document that reaches one later brings its stream along."""
    before = books.stream_units.get(fact.stream, ())
    units = route(fact, lambda stream: books.stream_units.get(stream, ()))
    books.stream_units[fact.stream] = tuple(sorted({*before, *units}))
    for unit in units:
        known = books.units.setdefault(unit, [])
        if unit not in before and brings_along(fact):
            earlier = (other.position for other in books.facts if other.stream == fact.stream)
            known[:] = sorted({*known, *earlier})
        else:
            known.append(fact.position)
    if (name := rests_on(fact)) is not None:
        resting = books.stream_units.get(name, ())
        books.stream_units[name] = tuple(sorted({*resting, fact.stream}))
        earlier = (other.position for other in books.facts if other.stream == name)
        books.units[fact.stream] = sorted({*books.units[fact.stream], *earlier})
    if (taken := taken_over(fact)) is not None:
        for unit in (other for other in units if is_stated(other) and other != taken):
            books.units[unit] = sorted({*books.units[unit], *books.units[taken]})
            for stream in {books.facts[place - 1].stream for place in books.units[taken]}:
                reached = {*books.stream_units.get(stream, ()), unit}
                books.stream_units[stream] = tuple(sorted(reached))


def usage_of(books: Books, unit: str, at: int) -> tuple[UsageDay, ...]:
    """What each batch up to a position adds to each day of a subscription's meters."""
    name = unit.partition(":")[2]
    rows = [
        UsageDay(
            subscription=name,
            meter=row.meter,
            day=row.occurred_at.date(),
            position=position,
            rows=sign,
            quantity=sign * row.quantity,
            unit=row.unit,
            at=row.occurred_at,
            event=f"{source}|{row.event_id}",
            dimensions=tuple(sorted(row.dimensions.items())),
        )
        for position, source, row, sign in books.rows
        if position <= at and row.subscription == name
    ]
    return added_up(rows, master_at(books, at).by_row) if rows else ()


def fresh_of(books: Books, unit: str, at: int) -> Fresh:
    """All facts of a unit up to a position, with its usage."""
    facts = (books.facts[place - 1] for place in books.units.get(unit, ()) if place <= at)
    usage = usage_of(books, unit, at) if unit.startswith("subscription:") else ()
    return Fresh(facts=tuple(facts), usage=usage)


def master_at(books: Books, at: int) -> MasterData:
    own = (fact for fact in books.facts[:at] if _is_master(fact))
    return master_data(own)


def run_at(books: Books, book: str, fact: Fact, through: date, master: MasterData) -> Run:
    closes = [other for other in books.facts[: fact.position] if other.stream == f"book:{book}"]
    return Run(
        entity=books.entity,
        book=book,
        position=fact.position,
        through=through,
        recorded_on=fact.recorded_at.date(),
        master=master,
        periods=period_states(master.calendar, closes),
    )


def _is_master(fact: Fact) -> bool:
    return fact.stream.partition(":")[0] in MASTER_CATEGORIES


def _run(books: Books, fact: Fact, *, measure_all: bool) -> None:
    """Settle marked units anew and cut the schedules of those that move, each book by itself."""
    master = master_at(books, fact.position)
    news = books.facts[books.settled_at : fact.position]
    everything = measure_all or any(_is_master(other) for other in news)
    before = books.settlements[-1].run.through if books.settlements else date.min
    for book in books.books:
        run = run_at(books, book, fact, books.through, master)
        entries: list[Entry] = []
        for unit in sorted(books.units):
            marked = everything or books.units[unit][-1] > books.settled_at
            state = books.states.get((unit, book))
            waits = (unit, book) in books.waiting
            stays = waits or not (state and moves(state.schedule, before, books.through))
            if not marked and stays:
                continue
            outrun = state is not None and is_outrun(state.schedule, books.through)
            fresh = fresh_of(books, unit, fact.position) if marked or outrun else None
            try:
                settled = _settled(books, unit, Asked(state, fresh, run))
            except Rejected:
                # It waits, as a parked unit does; the fact that cures it marks it again.
                books.waiting.add((unit, book))
                continue
            books.waiting.discard((unit, book))
            books.states[unit, book] = settled.state
            entries.extend(settled.entries)
        states = {unit: state for (unit, at), state in books.states.items() if at == book}
        books.settlements.append(Settlement(run=run, entries=tuple(entries), states=states))
    books.settled_at = fact.position


def _settled(books: Books, unit: str, asked: Asked) -> Settled:
    """Where the very same was asked before, its answer: that it comes again is law 6."""
    place = unit, asked.run.book, asked.run.position
    if place not in books.settled or books.settled[place][0] != asked:
        books.settled[place] = asked, settle(unit, *asked)
    return books.settled[place][1]


def measured_anew(books: Books, settlement: Settlement, unit: str) -> Schedule:
    """A unit measured from all of its facts at a run, with its steps."""
    if unit not in settlement.anew:
        run = settlement.run
        fresh = fresh_of(books, unit, run.position)
        settlement.anew[unit] = measure(
            unit, fresh.facts, fresh.usage, run.master, run.book, run.through
        )
    return settlement.anew[unit]
