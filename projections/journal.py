"""The poster: passes every fact, marks its units, and at a posting run settles what changed.

One transaction marks a page of facts, or settles one chunk of units of a run; the checkpoint moves
in the same transaction. Readers look only up to the checkpoint, so they see a run when it is whole.
The journal is the same however facts were paged: a run knows only what the log says.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from domain.books import BookOpened, PostingRun
from domain.facts import Fact, known
from domain.ledger import Run
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import period_states
from domain.rates import currencies_of
from projections import listing, settling
from projections.crew import Crew
from projections.listing import Listing
from projections.settling import Chunk, Marked, Task
from store import checkpoints, fact_units, failpoint, log
from store.db import Connection, queries
from store.leases import Lease

SQL = queries(__file__)
LOG = logging.getLogger("tieout.poster")

NAME = checkpoints.JOURNAL


class Place(NamedTuple):
    """Where the poster stands: past `position`, or in the run after it, past unit `cursor`."""

    position: int
    cursor: str | None


# Where no poster stands: it is then loaded anew.
NOWHERE = Place(-1, None)


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
    settling: Settling | None = None


class Settling(Struct, kw_only=True):
    """A run under way: units not taken yet, and chunks begun ahead of their turn.

    `crew`: who settles the chunks; none if the poster does.
    """

    task: Task
    listing: Listing
    begun: deque[list[Marked]] = msgspec.field(default_factory=deque)
    ahead: Chunk | None = None
    crew: Crew | None = None


def advance(
    connection: Connection,
    entity: str,
    poster: Poster | None,
    *,
    batch: int,
    units: int = listing.UNITS_IN_ONE_TRANSACTION,
    upto: int = log.END,
    lease: Lease | None = None,
    crew: Crew | None = None,
) -> tuple[Poster, bool]:
    """One transaction further: so many facts, or units. False: there was nothing left to do."""
    with connection.transaction():
        at = checkpoints.lease(connection, entity, NAME, checkpoints.ONLY)
        place = Place(at.position, at.cursor)
        if poster is None or poster.place != place:
            poster = _load(connection, entity, place)
        if not poster.page:
            poster.page = list(
                log.read(connection, entity, after=place.position, upto=upto, limit=batch)
            )
        if not poster.page:
            return poster, False
        if not isinstance(poster.page[0].event, PostingRun):
            _mark(connection, poster)
            _move(connection, entity, poster.place, at.fence, lease)
            return poster, True
    _settle_chunk(connection, poster, units, lease, crew)
    return poster, True


def _move(connection: Connection, entity: str, to: Place, fence: int, lease: Lease | None) -> None:
    failpoint.reach("poster-before-checkpoint")
    moved = checkpoints.Checkpoint(*to, fence)
    checkpoints.move(connection, entity, NAME, checkpoints.ONLY, moved, lease)


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
    fact_units.mark(connection, poster.entity, passed, poster.place.position)
    poster.book_facts += [fact for fact in passed if _category(fact) == "book"]
    if new := [fact for fact in passed if _category(fact) in MASTER_CATEGORIES]:
        poster.master_facts += new
        poster.master = None
    poster.place = Place(passed[-1].position, None)


# --- at a run: settle ----------------------------------------------------------------------------


def _settle_chunk(
    connection: Connection, poster: Poster, limit: int, lease: Lease | None, crew: Crew | None
) -> None:
    """Settle the next units of a run; past the last one the run is whole and the place moves on.

    Settling takes no lock and holds no transaction open, however long it takes; only storing does.
    """
    fact = poster.page[0]
    run = poster.settling = poster.settling or _begin(connection, poster, fact, crew)
    _begin_chunks(connection, run, limit)
    chunk = _next_chunk(connection, run)
    _begin_chunks(connection, run, limit)
    is_last = not run.begun
    to = Place(fact.position, None) if is_last else poster.place._replace(cursor=chunk.units[-1])
    store = partial(_store, connection, poster.entity, run.task, chunk)
    if not _meanwhile(connection, run, partial(store, poster.entry, poster.place, to, lease)):
        poster.place = NOWHERE
        return
    poster.entry += len(chunk.entries)
    poster.place = to
    if is_last:
        poster.last_run, poster.through = fact.position, run.task.through
        poster.page, poster.settling = poster.page[1:], None


def _store(
    connection: Connection,
    entity: str,
    task: Task,
    chunk: Chunk,
    after: int,
    place: Place,
    to: Place,
    lease: Lease | None,
) -> bool:
    """The chunk and the checkpoint; nothing if the poster is elsewhere: another was quicker."""
    with connection.transaction():
        at = checkpoints.lease(connection, entity, NAME, checkpoints.ONLY)
        if Place(at.position, at.cursor) != place:
            return False
        settling.write(connection, task, chunk, after)
        _move(connection, entity, to, at.fence, lease)
    return True


def _begin_chunks(connection: Connection, run: Settling, limit: int) -> None:
    """Take the units of the next chunks: as many as the crew is free for, or just the next."""
    while (run.crew.is_free if run.crew else not run.begun) and (
        marked := listing.take(connection, run.listing, limit)
    ):
        run.begun.append(marked)
        if run.crew:
            with _unless_gone(run, run.crew):
                run.crew.ask(run.task, marked)


def _next_chunk(connection: Connection, run: Settling) -> Chunk:
    marked = run.begun.popleft() if run.begun else []
    chunk, run.ahead = run.ahead, None
    if run.crew and marked:
        with _unless_gone(run, run.crew):
            chunk = run.crew.answer()
    return chunk or settling.settled(settling.read(connection, run.task, marked))


@contextmanager
def _unless_gone(run: Settling, crew: Crew) -> Iterator[None]:
    """A helper that died takes no part of the run with it: the poster settles by itself."""
    try:
        yield
    except (EOFError, OSError) as gone:
        LOG.warning("a helper is gone (%r); the poster settles by itself", gone)
        crew.close()
        run.crew = None


def _meanwhile(connection: Connection, run: Settling, store: Callable[[], bool]) -> bool:
    """While the database takes in a chunk, the one after is settled here, if no crew does it."""
    if run.crew or not run.begun:
        return store()
    work = settling.read(connection, run.task, run.begun[0])
    with ThreadPoolExecutor(1, "copy") as writer:
        stored = writer.submit(store)
        run.ahead = settling.settled(work)
        return stored.result()


def _begin(connection: Connection, poster: Poster, fact: Fact, crew: Crew | None) -> Settling:
    through = _through(poster, fact)
    task = Task(
        entity=poster.entity,
        position=fact.position,
        runs=_runs(poster, fact, through),
        before=poster.through or through,
        through=through,
    )
    since = 0 if _measures_all(poster) else poster.last_run
    assert poster.master is not None
    own = {poster.master.functional_currency}
    currencies = currencies_of(poster.master_facts, poster.last_run) - own
    listed = listing.begin(connection, task, since, poster.place.cursor or "", currencies)
    run = Settling(task=task, listing=listed)
    if crew and crew.is_worth(listed.listed):
        run.crew = crew
        crew.forget()
    return run


def _through(poster: Poster, fact: Fact) -> date:
    """How far time has come by this run: it never goes back."""
    assert isinstance(fact.event, PostingRun)
    return max(fact.event.through, poster.through or fact.event.through)


def _measures_all(poster: Poster) -> bool:
    """Master data or a book came in since the last run: every unit may measure otherwise.

    Rates come every day, and move what is in their currencies only.
    """
    news = (fact for fact in poster.master_facts if fact.position > poster.last_run)
    if any(_category(fact) != "rates" for fact in news):
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
