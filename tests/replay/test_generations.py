"""Generations of views: resumed, switched and rolled back while facts come in and readers read."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from msgspec import Struct

from domain.balance import ApplyBalance, GrantBalance, UnapplyBalance
from domain.cash import ApplyPayment, ReceivePayment, UnapplyPayment
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.payment_facts import Application
from projections import generations, receivables, runner, shadow, trial_balance
from projections import switch as switching
from projections.alone import alone
from projections.question import Question, looking
from replay import rebuild
from replay.rebuild import build_views, rebuild_journal, rebuild_views, roll_back, switch_views
from replay.side_by_side import rebuild_journals
from replay.switching import status
from store import checkpoints, db
from store.db import StoreError, connect
from store.reset import reset
from tests.conftest import Founded
from tests.projections.conftest import BOOK, ENTITY, Books
from tests.waiting import until

ASK = Question(entity=ENTITY, book=BOOK)
ROOT = Path(__file__).parents[2]
MARCH, APRIL, MAY = (When(effective=date(2024, month, 1)) for month in (3, 4, 5))
TWENTY = (Application(invoice="first", amount_minor=20_00),)


def _found(database: str) -> None:
    with connect(database) as connection:
        started = Books(connection, "before").open().quarter_with_late_usage()
        bill(started, "first")
        started.catch_up()


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    return founded(_found)[0] if "books" in request.fixturenames else origin


@pytest.fixture
def books(connection: db.Connection) -> Books:
    return Books(connection).on(2024, 4, 30)


def bill(books: Books, name: str) -> int:
    """An invoice of hundred; where it stands in the log."""
    return books.tell(
        f"invoice:{name}",
        IssueInvoice(
            when=When(effective=date(2024, 4, 1)),
            customer="c1",
            currency="USD",
            number=name,
            due_on=date(2024, 4, 30),
            lines=(InvoiceLine(line="1", amount_minor=100_00),),
        ),
    )


def sales(books: Books, *names: str) -> None:
    """A subscription, an invoice, and one that is retracted again; then a posting run."""
    for name in names:
        books.subscribe(name)
        bill(books, name)
        books.retract(f"invoice:{name}-wrong", bill(books, f"{name}-wrong"))
        books.run(date(2024, 4, 30))


def digests(connection: db.Connection, generation: int, upto: int) -> list[generations.Digest]:
    return [
        generations.digest(connection, ENTITY, view, generation, upto)
        for view in (trial_balance.VIEW, receivables.VIEW)
    ]


# --- made once ---


def test_two_processes_may_make_the_first_generation_at_once(empty_database: str) -> None:
    with (
        connect(empty_database) as one,
        connect(empty_database) as two,
        ThreadPoolExecutor(1) as beside,
    ):
        db.migrate(one)
        with one.transaction():
            generations.make(one, 1)
            made = beside.submit(generations.make, two, 1)
            _until_it_waits(one, two.info.backend_pid)
        made.result(60)

        assert [row.view for row in generations.held(two)[1]] == ["receivables", "trial_balance"]


def _until_it_waits(connection: db.Connection, backend: int) -> None:
    """The server says when a session waits for a lock."""
    query = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
    with connect(connection.info.dsn) as asking:
        until(lambda: asking.execute(query, (backend,)).fetchone() == ("Lock",))


@pytest.mark.parametrize("batch", [1, 7, 5_000])
def test_a_generation_is_the_same_however_facts_were_batched(books: Books, batch: int) -> None:
    built = build_views(books.connection, batch=batch)

    head = checkpoints.passed(books.connection, ENTITY, checkpoints.JOURNAL)
    assert (built.generation, built.breaks) == (2, ())
    assert digests(books.connection, 2, head) == digests(books.connection, 1, head)


PAYMENT = (
    ReceivePayment(when=MARCH, customer="c1", currency="USD", amount_minor=60_00),
    UnapplyPayment(when=APRIL, invoice="first"),
    ApplyPayment(when=MARCH, applications=TWENTY),
    ApplyPayment(when=MAY, applications=TWENTY),
)
CREDIT = (
    GrantBalance(when=MARCH, customer="c1", currency="USD", amount_minor=60_00),
    UnapplyBalance(when=APRIL, invoice="first"),
    ApplyBalance(when=MARCH, applications=TWENTY),
    ApplyBalance(when=MAY, applications=TWENTY),
)


@pytest.mark.parametrize(("stream", "facts"), [("payment:p", PAYMENT), ("balance:b", CREDIT)])
def test_what_was_taken_back_is_not_applied_by_what_is_told_later(
    books: Books, stream: str, facts: tuple[Struct, ...]
) -> None:
    for fact in facts:
        last = books.tell(stream, fact)
        books.catch_up()

    # Taken back from April on: of what is applied, only what is applied in May stands.
    stated = "SELECT position, minor FROM view_1.open_amount WHERE kind = 'stated'"
    assert books.connection.execute(stated).fetchall() == [(last, -20_00)]
    for batch in (1, 7, 5_000):
        assert build_views(books.connection, batch=batch).breaks == ()


def test_a_digest_is_of_a_position_also_when_the_view_has_passed_it(books: Books) -> None:
    wrong = bill(books, "wrong")
    before = books.run(date(2024, 5, 31))
    books.catch_up()
    then = digests(books.connection, 1, before)
    books.retract("invoice:wrong", wrong)
    sales(books, "s2")
    after = books.run(date(2024, 6, 30))
    books.catch_up()

    now = digests(books.connection, 1, after)
    assert digests(books.connection, 1, before) == then
    assert (then[1].rows, now[1].rows) == (4, 8)
    assert [one.sha256 for one in now] != [one.sha256 for one in then]


# --- switched, and back ---


def test_what_is_built_is_shown_by_a_command_of_its_own(books: Books) -> None:
    connection = books.connection
    with pytest.raises(StoreError, match="no generation of views is built and ties"):
        switch_views(connection)
    build_views(connection)
    assert generations.live(connection) == 1

    switched = switch_views(connection)

    assert (switched.live, switched.before) == (2, 1)
    assert generations.standing(connection) == (2, 1, None)


def test_a_rollback_shows_the_generation_before_with_all_that_came_in_since(books: Books) -> None:
    connection = books.connection
    with pytest.raises(StoreError, match="no generation was live before"):
        roll_back(connection)
    rebuild_views(connection)
    sales(books, "s2", "s3")
    books.catch_up()
    seen = trial_balance.trial_balance(connection, ASK)

    back = roll_back(connection)

    assert (back.live, back.before) == (1, 2)
    assert trial_balance.trial_balance(connection, ASK) == seen
    assert roll_back(connection).live == 2


def test_views_of_another_version_are_told_made_anew_and_never_folded_or_shown(
    books: Books,
) -> None:
    connection = books.connection
    older = "UPDATE generation_view SET version = 99 WHERE view = 'trial_balance'"
    connection.execute(older)
    assert status(connection).outdated == ("trial_balance",)
    assert generations.followed(connection, 1) == (receivables.VIEW,)

    rebuilt = rebuild_views(connection)

    assert (rebuilt.switched, rebuilt.not_compared) == (True, ("trial_balance",))
    assert status(connection).outdated == ()
    with pytest.raises(StoreError, match="views of another version") as refused:
        roll_back(connection)
    assert refused.value.code == "generation-of-another-version"


def test_a_reader_sees_one_generation_or_the_other_and_never_both(
    books: Books, database: str
) -> None:
    build_views(books.connection)
    books.connection.execute("UPDATE view_2.account_total SET minor = minor + 1")
    first = trial_balance.trial_balance(books.connection, ASK)
    with connect(database) as reading, looking(reading, ASK, trial_balance.NAME):
        switch_views(books.connection)
        meanwhile = trial_balance.trial_balance(books.connection, ASK)
        counted = reading.execute("SELECT sum(minor), count(*) FROM account_total").fetchone()

    assert counted == (0, 15)
    assert sum(row.minor for row in meanwhile.rows) == 15
    assert sum(row.minor for row in first.rows) == 0


def test_a_switch_gives_up_rather_than_wait_for_long(books: Books, database: str) -> None:
    build_views(books.connection)
    with connect(database) as folding, folding.transaction():
        checkpoints.lease(folding, ENTITY, trial_balance.NAME, 1)

        with pytest.raises(switching.Busy), books.connection.transaction():
            switching.hold_still(books.connection, 2)

    assert switch_views(books.connection).live == 2


def test_a_second_rebuild_at_once_is_refused_in_words(books: Books, database: str) -> None:
    with (
        connect(database) as other,
        alone(other, rebuild.VIEWS),
        pytest.raises(StoreError, match="another process is at work on the views") as refused,
    ):
        build_views(books.connection)

    assert refused.value.code == "rebuild-running"
    assert build_views(books.connection).breaks == ()


def test_status_says_who_sees_what(books: Books) -> None:
    connection = books.connection
    build_views(connection)
    sales(books, "s2")
    runner.post(connection, ENTITY)

    found = status(connection)

    assert [(one.generation, one.standing) for one in found.generations] == [
        (1, "live"),
        (2, "ready"),
    ]
    assert {row.behind for one in found.generations for row in one.views} == {5}
    assert (found.outdated, found.journals) == ((), ())


# --- cut off, and gone on with ---

VIEWS_AGAIN = "from replay.rebuild import rebuild_views as again"
JOURNAL_AGAIN = "from replay.rebuild import rebuild_journal as again"


def _killed(database: str, what: str, place: str) -> None:
    """A process of its own that is killed where the failpoint says."""
    words = f"{what}; from store.db import connect; again(connect({database!r}), batch=2)"
    ended = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "TIEOUT_FAILPOINT": place},
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL


def test_a_build_that_was_killed_goes_on_where_it_stood(books: Books, database: str) -> None:
    connection = books.connection
    _killed(database, VIEWS_AGAIN, "view-copied:kill:11")
    stood = {
        view.name: checkpoints.passed(connection, ENTITY, view.name, 2)
        for view in (trial_balance.VIEW, receivables.VIEW)
    }
    told: list[tuple[str, str, int]] = []

    found = rebuild_views(connection, batch=2, progress=lambda *passed: told.append(passed))

    head = checkpoints.passed(connection, ENTITY, checkpoints.JOURNAL)
    assert stood == {"trial_balance": head, "receivables": 2}
    assert told[0] == (ENTITY, "receivables", 4)
    assert (found.generation, found.resumed, found.switched, found.breaks) == (2, True, True, ())


def test_a_build_is_begun_anew_when_asked_or_when_tables_are_others_now(
    books: Books, database: str
) -> None:
    _killed(database, VIEWS_AGAIN, "view-copied:kill:11")
    books.connection.execute("UPDATE generation_view SET shape = 'other' WHERE generation = 2")
    assert not build_views(books.connection).resumed
    _killed(database, VIEWS_AGAIN, "view-copied:kill:11")

    assert not build_views(books.connection, restart=True).resumed


@pytest.mark.parametrize("place", ["rebuild-before-switch", "rebuild-in-switch"])
def test_a_switch_that_was_killed_did_not_happen(books: Books, database: str, place: str) -> None:
    _killed(database, VIEWS_AGAIN, f"{place}:kill:1")
    assert generations.standing(books.connection) == (1, None, 2)

    assert switch_views(books.connection).live == 2


def test_a_journal_that_was_killed_goes_on_where_it_stood(books: Books, database: str) -> None:
    connection = books.connection
    _killed(database, JOURNAL_AGAIN, "poster-before-checkpoint:kill:6")
    assert status(connection).journals == (ENTITY,)
    told: list[tuple[str, str, int]] = []

    found = rebuild_journal(connection, batch=2, progress=lambda *passed: told.append(passed))

    whole: list[tuple[str, str, int]] = []
    assert found == rebuild_journal(
        connection, batch=2, progress=lambda *passed: whole.append(passed)
    )
    assert (found.entries, found.lines, found.breaks) == (4, 20, ())
    assert told[0][2] > whole[4][2]
    assert status(connection).journals == ()


def test_a_journal_that_was_begun_is_gone_with_the_ledger_it_is_of(
    connection: db.Connection,
) -> None:
    Books(connection).open()
    shadow.make(connection, ENTITY)
    assert shadow.cut_off(connection) == (ENTITY,)

    reset(connection, actor="ann", entities=[ENTITY])

    assert shadow.cut_off(connection) == ()


def test_journals_of_many_entities_are_made_side_by_side(books: Books) -> None:
    again = rebuild_journals(books.connection, processes=2)

    assert again == rebuild_journal(books.connection)


def test_a_second_rebuild_of_a_journal_is_refused_also_from_a_process(
    books: Books, database: str
) -> None:
    with (
        connect(database) as other,
        alone(other, f"the journal of {ENTITY}"),
        pytest.raises(StoreError, match="at work on the journal of acme") as refused,
    ):
        rebuild_journals(books.connection, processes=1)

    assert refused.value.code == "rebuild-running"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux who is whose child")
def test_a_rebuild_that_was_killed_leaves_no_process_behind(books: Books, database: str) -> None:
    del books
    words = (
        "from replay.side_by_side import rebuild_journals as again; from store.db import connect;"
        f"again(connect({database!r}), processes=1, progress=lambda *at: print(at, flush=True))"
    )
    environment = {**os.environ, "TIEOUT_FAILPOINT": "poster-before-checkpoint:sleep:2"}
    with subprocess.Popen(
        [sys.executable, "-c", words], env=environment, cwd=ROOT, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.kill()

    until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))

    assert children


# --- while facts come in ---


def test_everything_is_made_again_while_facts_come_in(books: Books, database: str) -> None:
    """Somebody sells and posts, somebody folds, somebody reads: nothing differs, none goes back."""
    connection, done = books.connection, threading.Event()
    with ThreadPoolExecutor(3) as others:
        selling = others.submit(_sell_and_post, database, done)
        folding = others.submit(_fold, database, done)
        reading = others.submit(_read, database, done)
        try:
            rounds = [_everything(connection) for _ in range(3)]
            back = roll_back(connection)
        finally:
            done.set()
        sold, folded, read = selling.result(60), folding.result(60), reading.result(60)

    assert [(one.breaks, one.switched) for one, _ in rounds] == [((), True)] * 3
    assert [again.breaks for _, again in rounds] == [()] * 3
    assert (back.live, back.before) == (3, 4)
    assert min(sold, folded, read) > 0
    runner.catch_up(connection, ENTITY)
    switched = roll_back(connection)
    head = checkpoints.passed(connection, ENTITY, checkpoints.JOURNAL)
    assert switched.live == 4
    assert digests(connection, 3, head) == digests(connection, 4, head)


def _everything(connection: db.Connection) -> tuple[rebuild.RebuiltViews, rebuild.RebuiltJournal]:
    return rebuild_views(connection), rebuild_journal(connection)


def _sell_and_post(database: str, done: threading.Event) -> int:
    with connect(database) as connection:
        other = Books(connection, keys="meanwhile").on(2024, 4, 30)
        for number in itertools.count(1):
            sales(other, f"more-{number}")
            if done.is_set():
                return number
    return 0


def _fold(database: str, done: threading.Event) -> int:
    with connect(database) as connection:
        for number in itertools.count(1):
            runner.catch_up(connection, ENTITY)
            if done.is_set():
                return number
    return 0


def _read(database: str, done: threading.Event) -> int:
    reached = 0
    with connect(database) as connection:
        for number in itertools.count(1):
            found = trial_balance.trial_balance(connection, ASK)
            assert sum(row.minor for row in found.rows) == 0
            assert found.known_at >= reached, "a reader saw less than before"
            reached = found.known_at
            if done.is_set():
                return number
    return 0
