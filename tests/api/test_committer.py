"""One committer thread for each entity: order kept, groups whole, nobody's failure another's."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from api.committer import Committers
from domain.catalogue import DefineProduct
from domain.facts import When
from replay.ledger import Ledger
from store.request import Receipt, Request

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
