"""One committer thread for each entity: order kept, groups whole, nobody's failure another's."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Semaphore

import pytest
from msgspec import structs

from api import committer
from api.committer import Committers
from domain.catalogue import DefineProduct
from domain.facts import When
from replay.ledger import Ledger
from store import db, log
from store.failure import StoreError
from store.request import Receipt, Request
from tests.api.submitting import COMMANDS, CUSTOMERS

ROOT = Path(__file__).parents[2]
NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(database):
    with Ledger.open(database, lambda: NOW) as opened:
        yield opened


@pytest.fixture
def committers(ledger):
    made = Committers(ledger)
    yield made
    made.stop()


def _product(number, entity="acme"):
    return Request(
        entity=entity,
        stream=f"product:p{number}",
        key=f"k{number}",
        command=DefineProduct(when=When(effective=date(2024, 1, 1)), name=f"P{number}"),
    )


def test_commands_that_come_together_keep_their_order_and_get_their_own_answers(committers):
    waiting = [committers.submit(_product(number)) for number in range(200)]

    answers = [answer.result(30) for answer in waiting]

    assert [answer.positions for answer in answers] == [(at,) for at in range(1, 201)]


def test_two_entities_do_not_wait_for_each_other(committers):
    def blocked():
        return committers.submit(_product(1, "other")).result(30)

    assert isinstance(committers.call("acme", blocked).result(30), Receipt)


def test_an_act_that_fails_fails_alone(committers):
    def failing():
        raise RuntimeError("ours")

    failed = committers.call("acme", failing)
    after = committers.submit(_product(1))

    assert str(failed.exception(30)) == "ours"
    assert after.result(30).positions == (1,)


def test_who_hangs_up_before_the_turn_came_is_left_out_and_the_thread_goes_on(committers, ledger):
    async def hang_up():
        started, may_end = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def holding():
            loop.call_soon_threadsafe(started.set)
            asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(30)

        held = asyncio.wrap_future(committers.call("acme", holding))
        await started.wait()
        left = asyncio.wrap_future(committers.submit(_product(1)))
        left.cancel()
        await asyncio.sleep(0)
        may_end.set()
        await held
        return await asyncio.wrap_future(committers.submit(_product(2)))

    answered = asyncio.run(hang_up())

    assert answered.positions == (1,)
    assert ledger.head("acme") == 1


def test_64_in_flight_share_their_commits(committers, ledger):
    free = Semaphore(64)
    waiting = []
    for number in range(640):
        free.acquire()
        waiting.append(committers.submit(_product(number)))
        waiting[-1].add_done_callback(lambda _: free.release())
    positions = [answer.result(30).positions for answer in waiting]

    with ledger.connection() as connection:
        (commits,) = connection.execute("SELECT count(DISTINCT xmin::text) FROM fact").fetchone()
    assert positions == [(at,) for at in range(1, 641)]
    assert commits <= 640 / 16


def test_what_is_malformed_is_told_before_its_turn(committers):
    told = committers.submit(structs.replace(_product(1), actor="\0"))

    assert told.done()
    assert told.result().code == "nul-character"


def test_two_processes_at_once_on_one_entity_answer_every_key_once_and_alike(database):
    command = [sys.executable, "-m", "tests.api.submitting", database]
    processes = [
        subprocess.Popen([*command, str(seed)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for seed in range(2)
    ]
    one, two = (json.loads(process.communicate(timeout=120)[0]) for process in processes)

    with db.connect(database) as connection:
        facts = tuple(log.read_all(connection, "e"))
        refused = connection.execute("SELECT key, code FROM refusal").fetchall()
        (writers,) = connection.execute("SELECT count(DISTINCT xmin::text) FROM fact").fetchone()
    accepted = {fact.command_id: [fact.position] for fact in facts}
    assert [process.returncode for process in processes] == [0, 0]
    assert one == two == accepted | dict(refused)
    assert [fact.position for fact in facts] == [*range(1, len(facts) + 1)]
    assert len(facts) == COMMANDS - len(refused)
    assert [code for _, code in refused] == ["customer-already-registered"] * CUSTOMERS
    assert writers < len(facts)
    for name in {fact.stream for fact in facts}:
        versions = [fact.version for fact in facts if fact.stream == name]
        assert versions == [*range(1, len(versions) + 1)]


def test_who_comes_when_too_many_wait_is_told_to_come_again(committers, monkeypatch):
    monkeypatch.setattr(committer, "WAITING_MAX", 2)
    free = Semaphore(0)
    began = Semaphore(0)

    def busy():
        began.release()
        free.acquire()

    first = committers.call("acme", busy)
    began.acquire()
    waiting = [committers.submit(_product(number)) for number in (1, 2)]

    with pytest.raises(StoreError) as told:
        committers.submit(_product(3))
    other = committers.submit(_product(3, "other"))

    free.release()
    assert told.value.code == "too-many-waiting"
    assert [answer.result(30) is not None for answer in (other, *waiting)] == [True] * 3
    assert first.result(30) is None
    assert committers.submit(_product(3)).result(30).positions == (3,)
