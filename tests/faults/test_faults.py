"""Every fault of the harness at least once; the long runs are commands of their own."""

import json
import os
import signal
import subprocess
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest
from msgspec import structs

from domain.facts import When
from domain.party import CustomerRegistered
from replay.ledger import Ledger
from replay.rebuild import rebuild_views
from replay.verify import LAWS
from store import failpoint, log
from store.failure import StoreError
from store.home import Place
from tests.faults import cuts, disk, kills, papers, statements
from tests.faults.acts import patiently
from tests.faults.machine import BLOWS, machine
from tests.faults.plan import PLACES, Tell, script, story
from tests.faults.processes import POLL_SECONDS, Worker
from tests.faults.services import TIEOUT, Outage, sender, service
from tests.laws.memory import Arrival
from tests.laws.postgres import request_of

SEED = 3
ALONE = 6  # draws two rounds in which nobody else is at work
NEW_YEAR = When(effective=datetime(2024, 1, 1, tzinfo=UTC).date())


@pytest.fixture(scope="module")
def hurt():
    with machine() as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_stays_armed():
    yield
    failpoint.arm(None)


def silent(_):
    """Nobody listens."""


def told(name):
    event = CustomerRegistered(when=NEW_YEAR, currency="USD")
    return Tell(entity="acme", arrival=Arrival(key=name, stream=f"customer:{name}", event=event))


def usage(key):
    drawn = story(Random(0), 0)
    acts = script(Random(0), drawn, "usage-before-fact")
    bait = next(step for step in acts.baits if isinstance(step, Tell))
    arrival = structs.replace(bait.arrival, key=key)
    return structs.replace(bait, entity="acme", arrival=arrival, repeats=(), broken=0)


def customer(name):
    return request_of("acme", told(name).arrival, {})


def ledger_at(dsn, hour=0):
    return Ledger.open(dsn, lambda: datetime(2025, 1, 1, hour, tzinfo=UTC))


def test_a_kill_at_every_named_place_and_every_blow_to_postgresql_loses_and_doubles_nothing(hurt):
    report = kills.campaign(
        hurt, seed=SEED, process=len(PLACES), postgres=len(BLOWS), say=silent, size_max=20
    )

    killed = {name: count for name, count in report.faults.items() if name.startswith("process")}
    assert killed == {f"process: {name}": 1 for name in PLACES}
    assert {blow: report.counts[f"postgres by {blow}"] for blow in BLOWS} == dict.fromkeys(BLOWS, 1)
    assert report.counts["retried with the same key"] > 0
    assert all(report.compared[f"law {law}: {name}"] for law, name in LAWS.items())


def test_a_kill_at_every_place_of_a_statement_resumed_takes_each_entry_once(hurt):
    report = statements.campaign(hurt, seed=SEED, count=len(statements.PLACES), say=silent)

    assert {name.removeprefix("process: ") for name in report.faults} == {*statements.PLACES}
    assert report.counts["resumed"] == len(statements.PLACES)


def test_a_billing_run_killed_at_each_place_issues_what_an_undisturbed_one_does(hurt):
    report = papers.campaign(hurt, seed=SEED, count=len(papers.PLACES), say=silent)

    assert {name.removeprefix("process: ") for name in report.faults} == {*papers.PLACES}


def test_50_connections_cut_before_at_and_after_a_commit_leave_every_key_with_one_answer(hurt):
    report = cuts.campaign(hurt, seed=SEED, count=50, say=silent, size_max=20)

    assert report.faults.total() == 50
    assert report.counts["retried with the same key"] > 0


def test_one_seed_without_company_is_the_same_run_again(hurt):
    made = [
        kills.campaign(hurt, seed=ALONE, process=2, postgres=0, say=silent, size_max=5)
        for _ in range(2)
    ]

    assert not any(fault.beside for fault in kills.faults(Random(ALONE), 2, 0))
    assert made[0].faults == made[1].faults
    assert made[0].compared == made[1].compared


def test_a_full_disk_fails_what_does_not_fit_and_nothing_else():
    try:
        report = disk.campaign(seed=SEED, count=2, say=silent)
    except disk.NoMount as refused:
        pytest.skip(f"no small file system can be mounted here: {refused}")

    assert report.faults.total() == 2


def test_time_in_the_log_never_goes_back_though_the_clock_does(database):
    with ledger_at(database, 5) as ahead, ledger_at(database, 1) as behind:
        for number, ledger in enumerate((behind, ahead, behind, ahead, behind)):
            ledger.submit(customer(f"c{number}"))
        with ahead.connection() as connection:
            facts = log.read(connection, "acme")

    assert [fact.recorded_at.hour for fact in facts] == [1, 5, 5, 5, 5]


def test_two_committers_that_send_the_same_keys_append_each_once(hurt):
    with hurt.database() as dsn:
        steps = tuple(told(f"c{number}") for number in range(100))
        workers = [Worker(dsn, steps, {}, seed=seed) for seed in range(3)]
        for worker in workers:
            worker.wait()
        with ledger_at(dsn) as ledger, ledger.connection() as connection:
            facts = log.read(connection, "acme")

    assert [worker.answers for worker in workers] == [workers[0].answers] * 3
    assert [fact.position for fact in facts] == list(range(1, 101))
    assert {fact.command_id for fact in facts} == {f"c{number}" for number in range(100)}


def test_who_freezes_under_the_lock_is_overtaken_and_then_counts_once(hurt):
    with hurt.database() as dsn:
        steps, limit = (usage("u1"),), {"TIEOUT_IDLE_TIMEOUT": "300ms"}
        sleeper = Worker(dsn, steps, {}, seed=2, armed="head-updated:stop:1", **limit)
        while not sleeper.is_stopped():
            assert sleeper.hear(POLL_SECONDS)
        with ledger_at(dsn) as ledger:
            overtaken = ledger.submit(customer("c1"))
        sleeper.go_on()
        sleeper.wait()

    assert overtaken.positions == (1,)
    assert [answer.positions for answer in sleeper.answers] == [(2,)]
    assert len(sleeper.outages) == 1


def test_a_lock_held_too_long_beside_is_an_outage_and_the_same_key_goes_through_later(
    hurt, tmp_path
):
    with hurt.database() as dsn, ledger_at(dsn) as ledger, psycopg.connect(dsn) as beside:
        ledger.submit(customer("c1"))
        limit = {"TIEOUT_LOCK_TIMEOUT": "300ms"}
        with service(dsn, tmp_path / "log", **limit) as (_, address), sender(address, dsn) as sent:
            beside.execute("SELECT position FROM entity_head WHERE entity = 'acme' FOR UPDATE")
            with pytest.raises(Outage) as problem:
                sent.tell(told("c2"), "acme", {})
            beside.rollback()
            answer = sent.tell(told("c2"), "acme", {})

    assert str(problem.value) == "database-unreachable"
    assert answer.positions == (2,)


def test_a_service_starts_its_private_postgresql_again_and_goes_on(open_folder, tmp_path):
    own = {"TIEOUT_HOME": f"{open_folder}"}
    with service("", tmp_path / "log", **own) as (_, address):
        dsn = Place(open_folder).dsn("tieout")
        with sender(address, dsn) as sent:
            assert sent.tell(told("c1"), "acme", {}).positions == (1,)
            pid = (open_folder / "pgdata/postmaster.pid").read_text().partition("\n")[0]
            os.kill(int(pid), signal.SIGKILL)
            outages = []
            answer = patiently(lambda: sent.tell(told("c2"), "acme", {}), outages.append)

    assert answer.positions == (2,)
    assert {f"{outage}" for outage in outages} <= {"database-unreachable"}


def test_a_long_look_beside_stops_nobody_and_sees_what_it_saw(database):
    look = "SELECT count(*) FROM fact"
    with ledger_at(database) as ledger, psycopg.connect(database) as beside:
        ledger.submit(customer("before"))
        beside.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = beside.execute(look).fetchone()
        ledger.submit(customer("after"))
        ledger.catch_up()
        with ledger.connection() as connection:
            switched = rebuild_views(connection).switched

        assert (before, beside.execute(look).fetchone(), switched) == ((1,), (1,), True)


def test_a_process_told_to_die_after_the_commit_did_commit(database, tmp_path):
    body = {
        "stream": "customer:c1",
        "key": "k1",
        "command": {
            "type": "register-customer",
            "when": {"effective": "2024-01-01"},
            "currency": "USD",
        },
    }
    file = tmp_path / "command.json"
    file.write_text(json.dumps(body))
    command = (*TIEOUT, "post", f"{file}", "--entity", "acme", "--json")
    surroundings = {**os.environ, "TIEOUT_DATABASE_URL": database}
    armed = {**surroundings, failpoint.VARIABLE: "committed-not-answered:kill:1"}

    killed = subprocess.run(command, env=armed, capture_output=True, check=False)
    again = subprocess.run(command, env=surroundings, capture_output=True, check=True)

    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, b"")
    assert json.loads(again.stdout)["receipt"]["repeated"] is True


@pytest.mark.parametrize(
    "value", ["nowhere:kill:1", "head-updated:explode:1", "head-updated:kill:0", "head-updated"]
)
def test_a_failpoint_that_cannot_be_is_refused(value):
    with pytest.raises(StoreError) as refused:
        failpoint.arm(value)

    assert refused.value.code == "bad-failpoint"


def test_a_fault_raised_inside_a_transaction_leaves_nothing_and_the_next_try_goes_through(database):
    with ledger_at(database) as ledger:
        failpoint.arm("decided-not-written:raise:1")
        with pytest.raises(failpoint.FailpointReached):
            ledger.submit(customer("c1"))

        assert ledger.heads() == {}
        assert ledger.submit(customer("c1")).positions == (1,)
