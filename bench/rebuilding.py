"""What is derived, made again beside the live rows: one view, the journal, everything, and live.

Two entities, so that both cores have one. Each round makes everything again; the log stays as it is
but for `rebuild-live`, where facts come in meanwhile. The typical contract has two runs, each of
which posts a year: that log says how fast lines are made. Changed units are counted on another log,
with a run after every month, where a changed unit posts what a month makes: 11 lines.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from statistics import mean

from msgspec import Struct
from psycopg.conninfo import make_conninfo

from bench.contract import BOOK, play, play_monthly, send
from bench.floors import copied, totals
from bench.lap import Lap, Reading, Taken, timed
from bench.posting import JOURNAL, PUBLIC, contracts, encoded, lap, verify_copied
from bench.stand import Stand, now
from domain.cash import (
    ReceivePayment,
)
from domain.facts import When
from projections import generations, runner, trial_balance
from projections.question import Question
from projections.receivables import ageing
from replay.ledger import Ledger
from replay.rebuild import RebuiltJournal, RebuiltViews, build_views, switch_views
from replay.side_by_side import rebuild_journals
from store import checkpoints
from store.db import Connection, connect, migrate
from store.request import Request

DATABASE = "rebuilt"
BY_MONTH = "rebuilt_by_month"
# A run each month measures a contract so many times as often: fewer take as long.
FEWER = 4
ENTITIES = ("rebuild-1", "rebuild-2")
FLOOR = "floor_rebuild"
# Never the next one: a real rebuild beside this one would make that.
BESIDE = 1_000
# Of the live part: reads without a rebuild, and how much comes in beside them.
READS_MIN = 5
ROWS_OF_A_READ = 2_000
GROUP = 10
GROUPS_OF_A_RUN = 20
MOMENT_SECONDS = 0.1
THROUGH = date(2025, 12, 31)


class Own(Struct, frozen=True):
    """A database of its own on the stand's server: everything in it is what is made again."""

    ledger: Ledger
    floor: Connection
    dsn: str


def rebuild(stand: Stand, number: int) -> list[Lap | Reading]:
    """Views, the journal and both, while nobody else is at work. Each round does the same again."""
    del number
    found: list[Lap | Reading] = []
    many = contracts(stand)
    with _own(stand, DATABASE, play, many) as own, own.ledger.connection() as connection:
        # Whoever wrote while views were switched may have followed those of before to the end.
        own.ledger.catch_up()
        facts = sum(own.ledger.heads().values())
        lines = _lines(own)
        found += _one_view(own, connection, facts, lines)
        found += _all(own, connection, facts, lines)
    fewer = max(1, many // FEWER)
    with _own(stand, BY_MONTH, play_monthly, fewer) as own, own.ledger.connection() as connection:
        return [*found, *_by_month(own, connection)]


@contextmanager
def _own(
    stand: Stand, name: str, fill: Callable[[Ledger, str, int], int], many: int
) -> Iterator[Own]:
    """Made by the first who asks, with so many contracts in each entity."""
    dsn = make_conninfo(stand.dsn, dbname=name)
    there = "SELECT FROM pg_database WHERE datname = %s"
    is_new = stand.floor.execute(there, (name,)).fetchone() is None
    if is_new:
        stand.floor.execute(f"CREATE DATABASE {name}".encode())
        with connect(dsn) as connection:
            migrate(connection)
    with Ledger.open(dsn, now) as ledger, connect(dsn) as floor:
        own = Own(ledger, floor, dsn)
        if is_new:
            _begin(own, fill, many)
        yield own


def _begin(own: Own, fill: Callable[[Ledger, str, int], int], many: int) -> None:
    for entity in ENTITIES:
        fill(own.ledger, entity, many)
        own.ledger.catch_up(entity)
    own.floor.execute("VACUUM ANALYZE")
    copied.make(own.floor, [(PUBLIC, table) for table in JOURNAL], into=FLOOR)
    schema = checkpoints.schema_of(generations.live(own.floor))
    copied.make(own.floor, [(schema, totals.TABLE)], into=totals.VIEW)


# --- one additive view ---------------------------------------------------------------------------


def _one_view(own: Own, connection: Connection, facts: int, lines: int) -> Iterator[Lap]:
    """Followed as the live one is, and made again with its proof; floor of both: one INSERT of one
    SELECT over the same lines.
    """
    followed = timed(own.floor, lambda: _follow(connection))
    generations.drop(connection, BESIDE)
    made = timed(own.floor, lambda: _make(connection))
    found = [
        generations.digest(connection, entity, trial_balance.VIEW, BESIDE).rows
        for entity in ENTITIES
    ]
    generations.drop(connection, BESIDE)
    copied.empty(own.floor, [totals.TABLE], schema=totals.VIEW)
    floor = timed(own.floor, lambda: totals.fold(own.floor, ENTITIES))
    folded = [copied.count(own.floor, totals.VIEW, totals.TABLE, entity) for entity in ENTITIES]
    assert folded == found, (folded, found)
    assert min(found) > 0, found
    yield lap("view-catch-up", "facts/s", facts, followed, floor)
    yield lap("rebuild-view", "facts/s", facts, made, floor)
    yield lap("rebuild-view-lines", "lines/s", lines, made, floor)


def _follow(connection: Connection) -> None:
    """Into tables with their keys, as a runner does."""
    generations.make(connection, BESIDE)
    for entity in ENTITIES:
        runner.follow(connection, entity, trial_balance.VIEW, BESIDE)


def _make(connection: Connection) -> None:
    """Tables, rows, keys, and the proof that they are those of the live view."""
    generations.make(connection, BESIDE, has_keys=False)
    for entity in ENTITIES:
        runner.follow(connection, entity, trial_balance.VIEW, BESIDE)
    generations.add_keys(connection, BESIDE)
    live = generations.live(connection)
    for entity in ENTITIES:
        again = generations.digest(connection, entity, trial_balance.VIEW, BESIDE)
        assert again == generations.digest(connection, entity, trial_balance.VIEW, live)


# --- everything ----------------------------------------------------------------------------------


def _all(own: Own, connection: Connection, facts: int, lines: int) -> Iterator[Lap]:
    """The journal's floor: its rows, copied in. All views are built, compared and switched in."""
    views: list[RebuiltViews] = []
    viewed = timed(own.floor, lambda: views.append(_views(connection)))
    assert not views[0].breaks, views[0]
    posted = _posted_again(own, connection, lines)
    tables = [(PUBLIC, table) for table in JOURNAL]
    copied.empty(own.floor, JOURNAL, schema=FLOOR)
    rows = [encoded(own.floor, tables, entity) for entity in ENTITIES]
    floor = timed(own.floor, lambda: copied.copy_in(own.floor, rows, schema=FLOOR))
    for entity in ENTITIES:
        verify_copied(own.floor, tables, entity, FLOOR)
    yield lap("rebuild-journal", "lines/s", lines, posted, floor)
    whole = Taken(viewed.seconds + posted.seconds, max(viewed.peak_mib, posted.peak_mib))
    yield _unmeasured("rebuild-all", "facts/s", facts, whole)


def _by_month(own: Own, connection: Connection) -> Iterator[Lap]:
    """The journal with a run each month."""
    lines = _lines(own)
    posted = _posted_again(own, connection, lines)
    yield _unmeasured("rebuild-journal-units", "units/s", _units(own.floor), posted)
    yield _unmeasured("rebuild-journal-by-month", "lines/s", lines, posted)


def _posted_again(own: Own, connection: Connection, lines: int) -> Taken:
    journals: list[RebuiltJournal] = []
    posted = timed(own.floor, lambda: journals.append(_journals(connection)))
    assert not journals[0].breaks, journals[0]
    assert journals[0].lines == lines > 0, journals[0]
    return posted


def _views(connection: Connection) -> RebuiltViews:
    built = build_views(connection, restart=True)
    switch_views(connection)
    return built


def _journals(connection: Connection) -> RebuiltJournal:
    return rebuild_journals(connection, processes=os.cpu_count() or 1, restart=True)


def _unmeasured(figure: str, unit: str, count: int, taken: Taken) -> Lap:
    """No floor says anything."""
    return Lap(figure=figure, unit=unit, count=count, taken=taken)


def _lines(own: Own) -> int:
    return sum(copied.count(own.floor, PUBLIC, "journal_line", one) for one in ENTITIES)


def _units(connection: Connection) -> int:
    """Changed units: those for which a run posted something, run by run."""
    query = "SELECT count(*) FROM (SELECT DISTINCT entity, known_at, unit FROM journal_entry) AS u"
    found = connection.execute(query).fetchone()
    assert found is not None, query
    return int(found[0])


# --- everything, while facts come in and readers read --------------------------------------------


def rebuild_live(stand: Stand, number: int) -> list[Reading]:
    """Reads while everything is made again, as a multiple of the same reads without; the switch.

    Facts come in, are posted and folded all the time, with and without.
    """
    del number
    reads = max(READS_MIN, stand.rows // ROWS_OF_A_READ)
    with (
        _own(stand, DATABASE, play, contracts(stand)) as own,
        _beside(_write, own.dsn) as begun,
    ):
        begun.get()
        alone = _read(own, lambda taken: len(taken) >= reads)
        with _beside(_everything, own.dsn) as done:
            beside = _read(own, lambda taken: len(taken) >= READS_MIN and not done.empty())
            switched = done.get()
    return [
        Reading(figure="rebuild-live", unit="times", value=mean(beside) / mean(alone)),
        Reading(figure="switch", unit="s", value=switched),
    ]


def _read(own: Own, is_enough: Callable[[list[float]], bool]) -> list[float]:
    """Seconds of each look at what stands in the accounts and at who owes what."""
    taken: list[float] = []
    ask = Question(entity=ENTITIES[0], book=BOOK)
    with own.ledger.connection() as connection:
        while not is_enough(taken):
            began = time.perf_counter()
            balances = trial_balance.trial_balance(connection, ask)
            aged = ageing(connection, ask)
            taken.append(time.perf_counter() - began)
            assert sum(row.minor for row in balances.rows) == 0, balances
            assert aged.rows
    return taken


@contextmanager
def _beside(
    work: Callable[[str, SimpleQueue[float], Event], None], dsn: str
) -> Iterator[SimpleQueue[float]]:
    """A process at work for as long as the block lasts, and where it says something."""
    context = get_context("spawn")
    said: SimpleQueue[float] = context.SimpleQueue()
    stop = context.Event()
    process = context.Process(target=work, args=(dsn, said, stop))
    process.start()
    try:
        yield said
    finally:
        stop.set()
        process.join()


def _write(dsn: str, said: SimpleQueue[float], stop: Event) -> None:
    """Payments, some a moment, and now and then a posting run; views follow. Says it has begun."""
    name = os.getpid()
    with Ledger.open(dsn, now) as ledger:
        for number in count():
            for entity in ENTITIES:
                send(
                    ledger, entity, [_payment(entity, f"{name}-{number}-{n}") for n in range(GROUP)]
                )
                if number % GROUPS_OF_A_RUN == 0:
                    ledger.run(entity, THROUGH)
                ledger.catch_up(entity)
            if number == 0:
                said.put(0.0)
            if stop.wait(MOMENT_SECONDS):
                return


def _payment(entity: str, name: str) -> Request:
    command = ReceivePayment(
        when=When(effective=THROUGH), customer="c000000", currency="USD", amount_minor=100
    )
    return Request(entity=entity, stream=f"payment:{name}", key=f"payment:{name}", command=command)


def _everything(dsn: str, said: SimpleQueue[float], stop: Event) -> None:
    """Views and journal; says how long the switch took, level with the live views by then."""
    with connect(dsn) as connection:
        built = build_views(connection, restart=True)
        assert not built.breaks, built
        again = _journals(connection)
        assert not again.breaks, again
        began = time.perf_counter()
        switch_views(connection)
        said.put(time.perf_counter() - began)
    stop.wait()
