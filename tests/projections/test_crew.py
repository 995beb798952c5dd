"""Helpers beside the poster: who settles, when they are asked, how they end; the same journal."""

import signal
from datetime import date
from functools import partial

import pytest

from projections import journal, runner, settling
from projections.crew import Crew
from projections.settling import Task
from store import db
from tests.projections.conftest import ENTITY, JOURNAL, made_at_once

EVERYTHING = (
    "SELECT * FROM journal_entry ORDER BY entry",
    "SELECT * FROM journal_line ORDER BY entry, line",
    "SELECT * FROM charge ORDER BY position, unit, item",
    "SELECT * FROM unit_state ORDER BY unit",
    "SELECT * FROM parked ORDER BY unit",
)


def sold(books, count):
    """So many subscriptions, and the end of their first month."""
    for number in range(1, count + 1):
        books.subscribe(f"s{number}")
    books.run(date(2024, 1, 31))


def helpers_of(crew):
    return [helper.pid for helper, _ in crew._helpers]


def settle(connection, crew, poster=None):
    """Chunks of two units, up to the head."""
    more = True
    while more:
        poster, more = journal.advance(connection, ENTITY, poster, batch=5_000, units=2, crew=crew)


def test_helpers_make_the_journal_that_the_poster_makes_alone(books):
    books.quarter_with_late_usage()
    for name in ("s2", "s3", "s4", "s5"):
        books.subscribe(name)
        books.use(name, date(2024, 3, 3), 7)
    books.subscribe("s6", date(2025, 12, 1), date(2026, 2, 1))
    books.run(date(2026, 1, 31))
    connection = books.connection
    with connection.transaction(force_rollback=True):
        books.catch_up()
        alone = [connection.execute(query).fetchall() for query in EVERYTHING]

    with Crew(2, asking=0, starting=1) as crew:
        settle(connection, crew)

    assert [len(rows) > 0 for rows in alone] == [True] * len(EVERYTHING)
    assert [connection.execute(query).fetchall() for query in EVERYTHING] == alone


class AsleepCrew(Crew):
    """Helpers that do nothing before they are woken."""

    def _start(self):
        pipe = super()._start()
        self._helpers[-1][0].send_signal(signal.SIGSTOP)
        return pipe

    def wake(self):
        for helper, _ in self._helpers:
            helper.send_signal(signal.SIGCONT)


def test_the_poster_settles_what_waits_while_a_helper_is_slow(books):
    sold(books, 8)
    connection = books.connection
    alone = made_at_once(books)
    advance = partial(journal.advance, connection, ENTITY, batch=5_000, units=2)

    with AsleepCrew(1, asking=0, starting=1) as crew:
        poster, _ = advance(None)
        poster, _ = advance(poster, crew=crew)
        settled = [part.chunk and part.chunk.units for part in poster.turns.parts][:2]
        crew.wake()
        settle(connection, crew, poster)

    # The first two are stored; the helper has the next, and what follows was settled meanwhile.
    assert settled == [None, ("subscription:s4", "subscription:s5")]
    assert connection.execute(JOURNAL).fetchall() == alone


def test_a_helper_that_dies_leaves_the_run_to_the_poster(books):
    sold(books, 5)
    connection = books.connection
    alone = made_at_once(books)
    advance = partial(journal.advance, connection, ENTITY, batch=5_000, units=2)

    with Crew(2, asking=0, starting=1) as crew:
        poster, _ = advance(None)
        poster, _ = advance(poster, crew=crew)
        for helper, _ in crew._helpers:
            helper.kill()
            helper.wait()
        settle(connection, crew, poster)

    assert connection.execute(JOURNAL).fetchall() == alone


def at_work(connection, **elections):
    """Two helpers that have answered already."""
    crew = Crew(2, asking=0, starting=1, **elections)
    crew.begin(connection, [("unit", True)] * 2)
    day = date(2024, 1, 31)
    task = Task(entity=ENTITY, position=1, runs=(), before=day, through=day)
    for _ in range(2):
        crew.ask(task, [])
    for _ in range(2):
        crew.answer()
    return crew


def test_with_a_helper_for_each_process_the_poster_only_writes(books, monkeypatch):
    sold(books, 8)
    connection = books.connection
    alone = made_at_once(books)
    here = []
    settled = settling.settled
    monkeypatch.setattr(settling, "settled", lambda *work: here.append(work) or settled(*work))

    with at_work(connection) as crew:
        settle(connection, crew)

    assert not here
    assert connection.execute(JOURNAL).fetchall() == alone


def test_helpers_stay_for_the_next_run(books):
    sold(books, 3)

    with at_work(books.connection) as crew:
        before = helpers_of(crew)
        runner.post(books.connection, ENTITY, crew=crew)
        books.run(date(2024, 2, 29))
        runner.post(books.connection, ENTITY, crew=crew)
        after = helpers_of(crew)

    assert (len(before), after) == (2, before)


def test_helpers_that_nobody_asks_end_and_others_are_started(books):
    sold(books, 3)
    connection = books.connection
    alone = made_at_once(books)

    with at_work(connection, idle_seconds=0.05) as crew:
        before = helpers_of(crew)
        ends = [helper.wait(timeout=20) for helper, _ in crew._helpers]
        settle(connection, crew)
        after = helpers_of(crew)

    assert ends == [0, 0]
    assert after
    assert not {*before} & {*after}
    assert connection.execute(JOURNAL).fetchall() == alone


def test_a_session_of_another_kind_has_helpers_of_its_own(books):
    sold(books, 3)
    units = [("unit", True)] * 2

    with at_work(books.connection) as crew:
        same = crew.begin(books.connection, units), len(helpers_of(crew))
        with books.connection.transaction(force_rollback=True):
            books.connection.execute("SET LOCAL search_path TO elsewhere, public")
            other = crew.begin(books.connection, units), len(helpers_of(crew))

    assert (same, other) == ((True, 2), (True, 0))


@pytest.mark.parametrize(
    ("measured", "cut", "wanted"),
    [
        (249, 0, None),
        (250, 0, None),
        (749, 9, None),
        (750, 0, 1),
        (749, 10, 1),
        (0, 15_000, 2),
        (3_000, 0, 4),
        (50_000, 0, 4),
    ],
)
def test_so_many_helpers_are_started_as_a_run_is_worth(database, measured, cut, wanted):
    listed = [("unit", True)] * measured + [("unit", False)] * cut

    with db.connect(database) as connection, Crew(4) as crew:
        shared = crew.begin(connection, listed)

    assert (crew.wanted if shared else None) == wanted


@pytest.mark.parametrize(("measured", "shared"), [(249, False), (250, True)])
def test_helpers_at_work_are_asked_for_smaller_runs_too(books, measured, shared):
    with at_work(books.connection) as crew:
        crew._worth_asking, crew._worth_starting = 250, 750

        assert crew.begin(books.connection, [("unit", True)] * measured) is shared


def test_a_crew_is_lent_to_one_poster_at_a_time(database):
    with db.connect(database) as connection, Crew(2) as crew:
        with crew.lent(connection) as first, crew.lent(connection) as second:
            assert (first, second) == (crew, None)
        with crew.lent(connection) as again:
            assert again is crew
        with connection.transaction(), crew.lent(connection) as inside:
            assert inside is None
    with db.connect(database) as connection, Crew(1) as crew, crew.lent(connection) as lonely:
        assert lonely is None
