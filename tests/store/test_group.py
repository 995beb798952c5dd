"""Groups stored without a lock: two statements, one commit; whoever was slower decides again."""

from contextlib import contextmanager

import psycopg
import pytest

from domain.errors import Rejected
from store import db, group, log
from store.remembered import Remembered
from store.request import Receipt
from store.reset import reset
from store.sitting import Sitting, ask
from store.transact import LOSSES_MAX, append_group, append_many, append_surely, submit
from tests.store.groups import NOW, amend, clock, register, round_trips


def meanwhile(*acts):
    """A clock: what it does is done after the group was read and before it is stored."""
    waiting = iter(acts)

    def read():
        for act in waiting:
            act()
            break
        return NOW

    return read


def stored(connection):
    facts = tuple(log.read_all(connection, "e"))
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    return [(fact.command_id, fact.stream, fact.version) for fact in facts]


def test_a_command_takes_at_most_three_round_trips_and_as_many_do_for_a_hundred(connection):
    submit(connection, register("first", "first"), clock=clock)
    with round_trips(connection) as one:
        submit(connection, register("k"), clock=clock)
    with round_trips(connection) as many:
        append_many(connection, "e", [register(f"m{n}", f"m{n}") for n in range(100)], clock=clock)
    with round_trips(connection) as repeated:
        submit(connection, register("k"), clock=clock)

    assert (one, many, repeated) == ([2], [2], [1])


def test_a_group_is_one_transaction_with_all_that_belongs_to_it(connection):
    append_many(
        connection, "e", [register("a"), register("again"), register("b", "b")], clock=clock
    )

    transactions = connection.execute(
        "SELECT xmin FROM fact UNION SELECT xmin FROM command_key UNION SELECT xmin FROM refusal"
        " UNION SELECT xmin FROM entity_head"
    )
    assert len(transactions.fetchall()) == 1
    assert stored(connection) == [("a", "customer:a", 1), ("b", "customer:b", 1)]


def test_whoever_was_slower_decides_again_and_leaves_no_hole(connection, other):
    clock = meanwhile(lambda: submit(other, register("theirs"), clock=lambda: NOW))

    with pytest.raises(Rejected, match="customer-already-registered"):
        submit(connection, register("ours"), clock=clock)
    ours = submit(connection, amend("more"), clock=clock)

    assert ours.positions == (2,)
    assert stored(connection) == [("theirs", "customer:a", 1), ("more", "customer:a", 2)]


def test_one_key_that_two_send_at_once_is_answered_to_both_alike(connection, other):
    clock = meanwhile(lambda: submit(other, register("k"), clock=lambda: NOW))

    told = submit(connection, register("k"), clock=clock)

    assert (told.positions, told.repeated) == ((1,), True)
    assert stored(connection) == [("k", "customer:a", 1)]


def test_a_refusal_that_two_get_at_once_is_kept_once(connection, other):
    def refused():
        with pytest.raises(Rejected):
            submit(other, register("again"), clock=lambda: NOW)

    submit(connection, register("k"), clock=lambda: NOW)
    with pytest.raises(Rejected, match="customer-already-registered"):
        submit(connection, register("again"), clock=meanwhile(refused))

    kept = connection.execute("SELECT key, code, at_position FROM refusal").fetchall()
    assert kept == [("again", "customer-already-registered", 1)]
    assert log.head(connection, "e").position == 1


def test_who_loses_again_and_again_takes_the_lock(connection, other):
    def theirs(number):
        name = f"t{number}"
        return lambda: submit(other, register(name, name), clock=lambda: NOW)

    told = submit(connection, register("ours"), clock=meanwhile(*map(theirs, range(LOSSES_MAX))))

    assert told.positions == (LOSSES_MAX + 1,)
    assert [key for key, _, _ in stored(connection)] == ["t0", "t1", "t2", "ours"]


def test_a_head_whose_epoch_has_changed_is_moved_by_nobody_who_read_it_before(connection, other):
    submit(connection, register("k"), clock=clock)
    loaded, types = group.load(connection, "e", [ask(amend("late"))], Remembered())
    sitting = Sitting(loaded, clock)
    assert isinstance(sitting.judge(ask(amend("late"))), Receipt)
    other.execute("UPDATE entity_head SET epoch = epoch + 1")

    assert not group.store(connection, sitting.take(), types)
    assert stored(connection) == [("k", "customer:a", 1)]
    assert submit(connection, amend("late"), clock=clock).positions == (2,)


def lend(connection):
    @contextmanager
    def lending():
        yield connection

    return lending


def test_what_others_add_to_a_remembered_stream_is_seen(connection, other):
    remembered = Remembered()

    def ours(*requests, by=clock):
        return append_surely(lend(connection), "e", requests, clock=by, remembered=remembered)

    ours(register("a"))
    submit(other, amend("b"), clock=clock)
    ours(amend("c"))
    lost = meanwhile(lambda: submit(other, amend("d"), clock=clock))
    (told,) = ours(amend("e"), by=lost)
    ours(amend("f"))

    assert told.positions == (5,)
    assert stored(connection) == [
        (key, "customer:a", version) for version, key in enumerate("abcdef", 1)
    ]


def test_a_connection_that_is_lost_before_the_group_is_stored_costs_nothing(database, other):
    with db.pool(database, size_max=1) as pool:
        with pool.connection() as lent:
            ours = lent.info.backend_pid

        def cut():
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [ours])

        asking = [ask(register("a")), ask(register("b", "b"))]
        told = append_group(pool.connection, "e", asking, clock=meanwhile(cut))

    assert [receipt.positions for receipt in told] == [(1,), (2,)]
    assert stored(other) == [("a", "customer:a", 1), ("b", "customer:b", 1)]


def test_a_connection_that_is_lost_for_good_is_told(database, other):
    with db.connect(database) as lost:

        def cut():
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [lost.info.backend_pid])

        with pytest.raises(psycopg.OperationalError):
            submit(lost, register("k"), clock=meanwhile(cut))

    assert stored(other) == []


def test_a_schema_that_was_made_anew_is_written_to_by_connections_of_before(connection, other):
    submit(connection, register("k"), clock=clock)
    reset(other, actor="system", entities=["e"])

    told = submit(connection, register("k"), clock=clock)

    assert (told.positions, told.repeated) == ((1,), False)
    assert stored(connection) == [("k", "customer:a", 1)]
