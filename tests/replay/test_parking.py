"""A unit that no run can settle is a fact of the log, and so is its release, each stated once."""

from datetime import date
from decimal import Decimal

import pytest

from domain.books import PostingRun
from domain.calendar import months
from domain.entity import DefineCalendar
from domain.facts import When
from domain.parking import UnitParked, UnitReleased
from domain.subscription import Item, StartSubscription
from replay.ledger import Ledger
from replay.rebuild import rebuild_journal
from store import log

NEXT_YEAR = months(date(2026, 1, 1), 12)
PARKED = "SELECT unit, from_run, to_run, code FROM parked"


@pytest.fixture
def beyond(company, send):
    """The company, with a subscription that goes on where the calendar ends."""
    send(
        "subscription:s2",
        StartSubscription(
            when=When(effective=date(2025, 12, 1)),
            customer="c1",
            currency="USD",
            term_from=date(2025, 12, 1),
            term_to=date(2026, 2, 1),
            items=(Item(item="seats", price="seat", quantity=Decimal(1)),),
        ),
    )
    return company


def stated(company):
    with company.connection() as connection:
        return log.read_categories(connection, "acme", ["parked"])


def test_a_park_is_stated_once_the_run_is_whole_and_only_once(beyond):
    run = beyond.run("acme", date(2026, 1, 31)).positions[0]
    beyond.catch_up("acme")

    (fact,) = stated(beyond)

    assert fact.stream == "parked:subscription:s2"
    assert (fact.actor, fact.command_id) == ("poster", f"parked:{run}:subscription:s2")
    assert fact.position > run
    assert isinstance(fact.event, UnitParked)
    assert fact.event.when.effective == date(2026, 1, 31)
    assert (fact.event.unit, fact.event.run, fact.event.code) == (
        "subscription:s2",
        run,
        "no-period",
    )


def test_it_moves_no_unit_and_asks_for_no_run(beyond):
    beyond.run("acme", date(2026, 1, 31))

    (fact,) = stated(beyond)

    with beyond.connection() as connection:
        touched = connection.execute("SELECT position FROM fact_unit").fetchall()
    assert (fact.position,) not in touched
    assert beyond.append_news("acme") is None


def test_the_release_is_stated_with_what_it_ends(beyond, send):
    first = beyond.run("acme", date(2026, 1, 31)).positions[0]
    longer = DefineCalendar(when=When(effective=date(2026, 1, 1)), periods=NEXT_YEAR)
    send("entity:self", longer)
    second = beyond.run("acme", date(2026, 1, 31)).positions[0]

    parked, released = stated(beyond)

    assert isinstance(parked.event, UnitParked)
    assert isinstance(released.event, UnitReleased)
    assert (released.event.unit, released.event.run, released.event.since) == (
        "subscription:s2",
        second,
        first,
    )
    with beyond.connection() as connection:
        assert connection.execute(PARKED).fetchall() == [
            ("subscription:s2", first, second, "no-period")
        ]


def test_a_rebuild_makes_the_table_again_and_states_nothing(beyond):
    beyond.run("acme", date(2026, 1, 31))
    head = beyond.head("acme")

    with beyond.connection() as connection:
        made = rebuild_journal(connection, "acme")

    assert made.breaks == ()
    assert beyond.head("acme") == head


def test_two_that_state_at_once_state_once(beyond, database):
    beyond.run("acme", date(2026, 1, 31))
    with Ledger.open(database, beyond.clock) as other:
        other.catch_up("acme")

    facts = stated(beyond)

    assert len(facts) == 1
    with beyond.connection() as connection:
        runs = log.read_categories(connection, "acme", ["run"])
    assert [type(fact.event) for fact in runs] == [PostingRun]
