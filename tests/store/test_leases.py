"""Leases share out entities between workers; whoever overslept is fenced off."""

import psycopg
import pytest

from store import checkpoints, db, leases
from store.checkpoints import Checkpoint

VIEW = ("acme", "journal", 0)


def test_an_entity_is_had_by_one_at_a_time(connection, other):
    mine = leases.claim(connection, "acme", "ann")

    assert mine == leases.Lease("acme", "ann", 1)
    assert leases.claim(other, "acme", "bob") is None
    assert leases.claim(other, "beta", "bob") == leases.Lease("beta", "bob", 1)


def test_what_is_given_back_is_free_at_once_and_the_fence_grows(connection, other):
    leases.release(connection, leases.claim(connection, "acme", "ann"))

    assert leases.claim(other, "acme", "bob") == leases.Lease("acme", "bob", 2)


def test_whoever_overslept_cannot_renew(connection, other):
    mine = leases.claim(connection, "acme", "ann", seconds=0)
    leases.renew(connection, mine, seconds=0)
    leases.claim(other, "acme", "bob")

    with pytest.raises(psycopg.OperationalError):
        leases.renew(connection, mine)
    with db.connect(connection.info.dsn) as again, pytest.raises(leases.Overtaken):
        leases.renew(again, mine)


def test_giving_back_what_another_has_by_now_takes_nothing_from_it(connection, other, database):
    mine = leases.claim(connection, "acme", "ann", seconds=0)
    theirs = leases.claim(other, "acme", "bob")
    with db.connect(database) as again:
        leases.release(again, mine)

        assert leases.claim(again, "acme", "cem") is None
        leases.renew(again, theirs)


def moved(connection, lease):
    with connection.transaction():
        at = checkpoints.lease(connection, *VIEW)
        checkpoints.move(connection, *VIEW, Checkpoint(7, None, at.fence), lease)


def test_the_checkpoint_of_an_overtaken_worker_does_not_move(connection, other, database):
    mine = leases.claim(connection, "acme", "ann", seconds=0)
    theirs = leases.claim(other, "acme", "bob")
    with db.connect(database) as again, pytest.raises(leases.Overtaken):
        moved(again, mine)
    assert checkpoints.passed(other, *VIEW) == 0

    moved(other, theirs)
    assert checkpoints.passed(other, *VIEW) == 7


def test_the_session_of_a_holder_that_stands_in_a_transaction_is_ended(connection, other):
    leases.claim(connection, "acme", "ann", seconds=0)
    connection.execute("BEGIN")
    checkpoints.lease(connection, *VIEW)

    theirs = leases.claim(other, "acme", "bob")

    moved(other, theirs)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_what_is_behind_and_nobody_else_has_is_to_be_done(connection, other):
    for entity, head, passed in (("a", 9, 3), ("b", 9, 9), ("c", 9, None), ("d", 9, 1)):
        connection.execute(
            "INSERT INTO entity_head (entity, position) VALUES (%s, %s)", (entity, head)
        )
        for projection, generation in (("journal", 0), ("trial-balance", 4)):
            if passed is not None:
                connection.execute(
                    "INSERT INTO checkpoint (entity, projection, generation, position)"
                    " VALUES (%s, %s, %s, %s)",
                    (entity, projection, generation, passed),
                )
    leases.claim(other, "d", "bob")

    views = ["journal", "trial-balance"]
    assert leases.behind(connection, "ann", views, 4) == ["a", "c"]
    assert leases.behind(connection, "ann", views, 5) == ["a", "b", "c"]
    assert leases.behind(connection, "bob", views, 4) == ["a", "c", "d"]
