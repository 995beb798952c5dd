"""Workers in threads and in processes: each fact passed once, whoever stops and whoever wakes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from threading import Event

import pytest

from api.worker import Worker
from bench.contract import play, posting, send
from replay.ledger import Ledger
from replay.rebuild import rebuild_journal
from store import leases
from tests.waiting import PATIENCE_SECONDS, until

TIEOUT = (sys.executable, "-c", "from api.cli import main; main()")


@pytest.fixture
def ledger(database):
    with Ledger.open(database, lambda: datetime.now(UTC)) as opened:
        yield opened


def at_the_heads(ledger):
    return {row.facts for row in ledger.lag()} == {0}


def breaks_of(ledger, entity):
    """What the journal, made again serially, has otherwise."""
    with ledger.connection() as connection:
        made = rebuild_journal(connection, entity)
    assert made.lines > 0
    return made.breaks


@contextlib.contextmanager
def started(database, *words, failpoint=None):
    surroundings = {**os.environ, "TIEOUT_DATABASE_URL": database}
    if failpoint:
        surroundings["TIEOUT_FAILPOINT"] = failpoint
    command = (*TIEOUT, "work", *words)
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_SECONDS)


def test_a_worker_brings_every_entity_to_its_head_and_gives_it_back(ledger):
    for entity in ("a", "b"):
        play(ledger, entity, 1)
    worker = Worker(ledger, Event())

    assert worker.step() is True

    assert at_the_heads(ledger)
    assert {row.worker for row in ledger.lag()} == {None}
    assert worker.step() is False
    assert breaks_of(ledger, "a") == ()


def test_an_entity_that_another_has_is_left_alone(ledger):
    play(ledger, "a", 1)
    with ledger.connection() as connection:
        leases.claim(connection, "a", "somebody")

        assert Worker(ledger, Event()).step() is False

    assert {(row.facts > 0, row.worker) for row in ledger.lag()} == {(True, "somebody")}


def test_what_fails_by_itself_rests_and_does_not_keep_others_waiting(ledger):
    for entity in ("a", "b"):
        play(ledger, entity, 1)
    with ledger.connection() as connection:
        # What the poster is about to write is there already.
        connection.execute("INSERT INTO fact_unit VALUES ('a', 'subscription:c000000', 10)")
    worker = Worker(ledger, Event())

    worker.step()

    assert {row.facts for row in ledger.lag("b")} == {0}
    assert {(row.position, row.worker) for row in ledger.lag("a")} == {(0, worker.holder)}
    assert worker.step() is False


def test_a_worker_told_to_stop_ends_between_two_transactions(ledger):
    play(ledger, "a", 1)
    stop = Event()
    stop.set()

    assert Worker(ledger, stop).step() is False


def test_a_worker_that_overslept_is_overtaken_and_goes_on_when_it_wakes(ledger, database):
    play(ledger, "a", 3)
    words = ("--lease-seconds", "0.2", "--run-every", "0")
    with started(database, *words, failpoint="poster-mid-chunk:stop:1") as sleeper:
        _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

        other = Worker(ledger, Event())
        until(lambda: other.step() and at_the_heads(ledger))
        with ledger.connection() as connection:
            (entries,) = connection.execute("SELECT count(*) FROM journal_entry").fetchone()

        sleeper.send_signal(signal.SIGCONT)
        send(ledger, "a", [posting("a", date(2026, 1, 31))])
        until(lambda: at_the_heads(ledger))
        assert ended(sleeper) == 0

    assert entries > 0
    assert breaks_of(ledger, "a") == ()


def test_a_worker_that_is_long_about_a_chunk_keeps_its_entity(ledger, database):
    play(ledger, "a", 1)
    words = ("--lease-seconds", "0.3", "--run-every", "0")
    with started(database, *words, failpoint="poster-mid-chunk:sleep:1") as slow:
        until(lambda: any(row.worker for row in ledger.lag()))
        other = Worker(ledger, Event())
        until(lambda: other.step() or at_the_heads(ledger))
        assert ended(slow) == 0

    with ledger.connection() as connection:
        fences = connection.execute("SELECT fence FROM worker_lease WHERE fence > 1").fetchall()
    assert fences == []
    assert breaks_of(ledger, "a") == ()


def test_workers_in_processes_share_out_the_entities_and_end_when_told(ledger, database):
    for entity in ("a", "b", "c"):
        play(ledger, entity, 2)

    with started(database, "--processes", "2", "--json") as workers:
        assert json.loads(workers.stdout.readline()) == {"processes": 2}
        until(lambda: at_the_heads(ledger))
        assert ended(workers) == 0

    assert {row.worker for row in ledger.lag()} == {None}
    assert [breaks_of(ledger, entity) for entity in ("a", "b", "c")] == [(), (), ()]


def test_another_goes_on_where_a_killed_worker_was(ledger, database):
    play(ledger, "a", 1)
    lease = ("--lease-seconds", "0.2")
    with started(database, *lease, failpoint="poster-mid-chunk:kill:1") as worker:
        assert worker.wait(PATIENCE_SECONDS) == -signal.SIGKILL

    with started(database, *lease) as another:
        until(lambda: at_the_heads(ledger))
        assert ended(another) == 0

    assert breaks_of(ledger, "a") == ()
