"""Usage batches side by side, and by both ways into the ledger: exact, and in nobody's way."""

import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.entity import OpenEntity
from domain.facts import When
from store import db, log
from store.canonical import bucket
from store.request import Request
from store.transact import submit
from store.usage_read import standing_rows
from store.usage_rows import BatchReceipt, ingest
from store.usage_stage import CHUNK, UsageBatch
from tests.store.usage_sender import BATCHES, EVENTS, ROWS
from tests.usage import usage_row
from tests.waiting import until

ROOT = Path(__file__).parents[2]
NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)
WAYS = [CHUNK, 1]
WAY_NAMES = ["in memory", "staged"]


def clock():
    return NOW


def row(event_id, quantity="1", at="2024-03-01T12:00:00Z", subscription="s", **fields):
    return usage_row(event_id, quantity, at, subscription, **fields)


def take(connection, key, rows, *, together=CHUNK, **fields):
    order = UsageBatch(entity="e", source="app", key=key, **fields)
    return ingest(connection, order, rows, clock=clock, together=together)


def counts(receipt):
    return (receipt.received, receipt.duplicates, receipt.rejected, receipt.accepted)


def standing(connection):
    return {found.event_id: found.quantity for found in standing_rows(connection, "e", "app")}


# --- the two ways say the same ------------------------------------------------------------------

SENT = st.lists(
    st.lists(
        st.builds(
            lambda event, quantity, at, fields: row(event, quantity, at, **fields),
            st.sampled_from(["a", "b", "c", "d", "é", "f\x00", 7]),
            st.sampled_from(["1", "1.0", "2", "-0.5", "1e3", "NaN", "12345678901234567.5"]),
            st.sampled_from(
                [
                    "2024-03-01T12:00:00Z",
                    "2024-03-01T13:00:00+01:00",
                    "2024-02-29T23:59:59.5Z",
                    "2024-04-01T00:00:00Z",
                    "yesterday",
                ]
            ),
            st.fixed_dictionaries(
                {},
                optional={
                    "subscription": st.sampled_from(["t", "ü"]),
                    "meter": st.sampled_from(["bytes", "a\tb"]),
                    "unit": st.sampled_from(["GB", None]),
                    "dimensions": st.sampled_from([{}, {"b": "1", "a": "2"}]),
                },
            ),
        ),
        max_size=8,
    ),
    min_size=1,
    max_size=4,
)
TABLES = {
    "usage_key": "bucket, event_id, fingerprint",
    "usage_row": "bucket, event_id, subscription, meter, quantity, unit, occurred_at, dimensions",
    "usage_hour": "subscription, meter, hour, unit, rows, quantity",
    "usage_reject": "row_no, event_id, code, field, raw",
}


def everything(connection, batches, together):
    """What is answered, told in facts and stored, but for the batches' numbers."""
    told = []
    for number, rows in enumerate(batches):
        receipt = take(connection, f"k{number}", rows, together=together)
        told.append(counts(receipt))
        told.append([(one.row_no, one.code, one.field, one.raw) for one in receipt.rejects])
    events = [
        msgspec.structs.replace(fact.event, batch=0) for fact in log.read_all(connection, "e")
    ]
    stored = {
        table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}").fetchall()
        for table, columns in TABLES.items()
    }
    return told, events, stored


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=SENT)
def test_a_batch_in_memory_and_one_that_is_staged_leave_the_same(connection, batches):
    found = []
    for together in WAYS:
        with connection.transaction(force_rollback=True):
            found.append(everything(connection, batches, together))

    assert found[0] == found[1]


def test_quantities_are_stored_with_all_their_places(connection):
    sent = ["0", "-0.5", "999999999999999999.999999999999999", "0.000000000000001", "10000", "1e17"]

    take(connection, "k", [row(f"{place}", one) for place, one in enumerate(sent)])

    found = standing(connection)
    assert [found[f"{place}"] for place in range(len(sent))] == list(map(Decimal, sent))
    assert {value.as_tuple().exponent for value in found.values()} == {-15}


# --- side by side -------------------------------------------------------------------------------


@contextmanager
def senders(database, ways):
    """Processes that begin at the same word."""
    command = [sys.executable, "-m", "tests.store.usage_sender", database]
    started = [
        subprocess.Popen(
            [*command, f"{number}", f"{together}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, together in enumerate(ways, 1)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("ways", [(CHUNK, CHUNK), (100, 100), (CHUNK, 100, CHUNK)])
def test_processes_that_send_the_same_events_take_each_of_them_once(database, ways):
    with senders(database, ways) as started, ThreadPoolExecutor(len(ways)) as threads:
        answers = list(threads.map(lambda process: process.communicate("go\n")[0], started))

    receipts = [
        msgspec.json.decode(line, type=BatchReceipt)
        for answer in answers
        for line in answer.splitlines()
    ]
    assert len(receipts) == len(ways) * BATCHES
    assert {receipt.received for receipt in receipts} == {ROWS}
    for receipt in receipts:
        assert receipt.received == receipt.duplicates + receipt.rejected + receipt.accepted
    with db.connect(database) as connection:
        accepted = sum(receipt.accepted for receipt in receipts)
        (keys,) = connection.execute("SELECT count(*) FROM usage_key").fetchone()
        totals = connection.execute("SELECT sum(rows), sum(quantity) FROM usage_hour").fetchone()
        (deadlocks,) = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        found = standing(connection)
        rejected = connection.execute("SELECT DISTINCT event_id::int % 50 FROM usage_reject")
        assert {*rejected.fetchall()} <= {(0,)}
        assert accepted == keys == len(found) <= EVENTS
        assert totals == (accepted, sum(found.values()))
        assert [fact.position for fact in log.read_all(connection, "e")] == [
            *range(1, len(receipts) + 1)
        ]
        assert deadlocks == 0


def wait_until_it_waits(connection, pid):
    """Until the other session stands before a lock."""
    query = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    until(lambda: connection.execute(query, [pid]).fetchone() == (True,))


@contextmanager
def overtaken(database, take_second):
    """A second batch that waits for what a first one, still open, has taken."""
    answers = []
    with (
        db.connect(database) as first,
        db.connect(database) as second,
        ThreadPoolExecutor(1) as thread,
    ):
        with first.transaction():
            yield first, answers
            waiting = thread.submit(take_second, second)
            wait_until_it_waits(first, second.info.backend_pid)
        answers.append(waiting.result())


@pytest.mark.parametrize("together", WAYS, ids=WAY_NAMES)
def test_who_comes_second_to_an_event_finds_it_taken(database, together):
    def take_second(connection):
        rows = [row("a"), row("b", "2"), row("c")]
        return take(connection, "k2", rows, together=together)

    with overtaken(database, take_second) as (first, answers):
        take(first, "k1", [row("a"), row("b")])

    assert [*map(counts, answers)] == [(3, 1, 1, 1)]


@pytest.mark.parametrize("kind", ["correction", "retraction"])
def test_who_comes_second_to_correct_an_event_corrects_the_correction(database, kind):
    with db.connect(database) as connection:
        take(connection, "k0", [row("a", "1")])

    def take_second(connection):
        return take(connection, "k2", ["a" if kind == "retraction" else row("a", "3")], kind=kind)

    with overtaken(database, take_second) as (first, answers):
        take(first, "k1", [row("a", "2")], kind="correction")

    assert [*map(counts, answers)] == [(1, 0, 0, 1)]
    with db.connect(database) as connection:
        assert standing(connection) == ({} if kind == "retraction" else {"a": 3})


def test_a_correction_may_replace_one_that_got_its_number_later(database):
    def overtaken_rows():
        with db.connect(database) as other:
            take(other, "k2", [row("a", "2")], kind="correction")
        yield row("a", "3")

    with db.connect(database) as connection:
        take(connection, "k0", [row("a", "1")])
        take(connection, "k1", overtaken_rows(), kind="correction")

        assert standing(connection) == {"a": 3}


BLOCKS = {
    "rows": "INSERT INTO usage_key SELECT %s, 'e', 'app', %s, 0, decode(repeat('00', 32), 'hex')",
    "correction": "INSERT INTO usage_replaced SELECT %s, 'e', 'app', %s, batch, 0 FROM usage_batch",
    "retraction": "INSERT INTO usage_replaced SELECT %s, 'e', 'app', %s, batch, 0 FROM usage_batch",
}


@pytest.mark.parametrize("together", WAYS, ids=WAY_NAMES)
@pytest.mark.parametrize("kind", BLOCKS)
def test_a_command_is_answered_while_a_batch_is_in_the_middle(database, kind, together):
    rows = ["a", "b"] if kind == "retraction" else [row("a", "2"), row("b", "2")]
    with db.connect(database) as blocker, db.connect(database) as sender:
        if kind != "rows":
            take(blocker, "k0", [row("a"), row("b")])
        with ThreadPoolExecutor(1) as thread:
            with blocker.transaction(force_rollback=True):
                blocker.execute(BLOCKS[kind], [bucket("e", "app", "b"), "b"])
                waiting = thread.submit(take, sender, "k1", rows, kind=kind, together=together)
                wait_until_it_waits(blocker, sender.info.backend_pid)
                with db.connect(database) as other:
                    opened = submit(other, opening(), clock=clock)
            receipt = waiting.result()

    assert opened.positions[-1] < receipt.position
    assert counts(receipt) == (2, 0, 0, 2)


@pytest.mark.parametrize("together", WAYS, ids=WAY_NAMES)
def test_senders_of_the_same_events_in_other_orders_do_not_lock_each_other_up(database, together):
    names = sorted("abc", key=lambda name: (bucket("e", "app", name), name))
    orders = [[row(name) for name in names], [row(name) for name in reversed(names)]]
    with (
        db.connect(database) as blocker,
        db.connect(database) as first,
        db.connect(database) as second,
        ThreadPoolExecutor(2) as threads,
    ):
        for sender in (first, second):
            # Whoever is in a ring is to stay there, and to be told.
            sender.execute("SET deadlock_timeout TO '1h'")
        with blocker.transaction(force_rollback=True):
            blocker.execute(BLOCKS["rows"], [bucket("e", "app", names[1]), names[1]])
            waiting = [
                threads.submit(take, sender, f"k{place}", rows, together=together)
                for place, (sender, rows) in enumerate(zip((first, second), orders, strict=True))
            ]
            for sender in (first, second):
                wait_until_it_waits(blocker, sender.info.backend_pid)
        receipts = [one.result() for one in waiting]

    assert sorted(map(counts, receipts)) == [(3, 0, 0, 3), (3, 3, 0, 0)]


def opening():
    command = OpenEntity(
        when=When(effective=date(2024, 1, 1)), name="E", functional_currency="USD", zone="UTC"
    )
    return Request(entity="e", stream="entity:self", key="open", command=command)


# --- memory -------------------------------------------------------------------------------------


def peak(connection, key, first, count):
    """The largest that Python's own objects were while a batch of so many rows came in."""
    rows = (row(f"{number:06}", f"{number % 10}") for number in range(first, first + count))
    tracemalloc.start()
    try:
        receipt = take(connection, key, rows, together=250)
        assert receipt.accepted == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_batch_ten_times_as_long_takes_no_more_memory(connection):
    peak(connection, "warm", 0, 1_000)

    short = peak(connection, "short", 10_000, 2_500)
    long = peak(connection, "long", 20_000, 25_000)

    assert long < 1.5 * short
