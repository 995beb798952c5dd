"""The poster: passes every fact, marks its units, and at a posting run settles what changed.

One transaction marks a page of facts, or settles one chunk of units of a run; the checkpoint moves
in the same transaction. Readers look only up to the checkpoint, so they see a run when it is whole.
The journal is the same however facts were paged: a run knows only what the log says.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.books import BookOpened, PostingRun
from domain.facts import Fact, known
from domain.ledger import Run
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import period_states
from domain.rates import currencies_of
from projections import listing, settling
from projections.crew import Crew
from projections.settling import Chunk, Task
from projections.turns import Turns
from store import checkpoints, fact_units, failpoint, log
from store.db import Connection, queries
from store.leases import Lease
from store.unpaused import unpaused

SQL = queries(__file__)

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
    turns: Turns | None = None


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
    with unpaused(), connection.transaction():
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
    with unpaused():
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
    turns = poster.turns = poster.turns or _begin(connection, poster, fact, limit, crew)
    chunk = turns.next()
    to = Place(fact.position, None)
    if not turns.is_over:
        to = poster.place._replace(cursor=chunk.units[-1])
    store = partial(_store, connection, poster.entity, turns.task, chunk)
    if not turns.meanwhile(partial(store, poster.entry, poster.place, to, lease)):
        poster.place = NOWHERE
        return
    poster.entry += len(chunk.entries)
    poster.place = to
    if turns.is_over:
        poster.last_run, poster.through = fact.position, turns.task.through
        poster.page, poster.turns = poster.page[1:], None


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


def _begin(
    connection: Connection, poster: Poster, fact: Fact, limit: int, crew: Crew | None
) -> Turns:
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
    turns = Turns(connection=connection, task=task, listing=listed, limit=limit)
    if crew and crew.begin(connection, listed.listed):
        turns.crew = crew
    turns.stock()
    return turns


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
