"""Group facts taken into an entity's own log, and what becomes of them when the group corrects."""

from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import structs

from domain.catalogue import Adopted
from domain.facts import Retracted, Source, When, known
from domain.meter import DefineMeter
from domain.price import SetPrice
from domain.pricing import PerUnit
from store import log
from store.adoption import adopt
from store.canonical import fact_leaf
from store.codec import CODEC, to_row
from store.request import Receipt, Request
from store.transact import append_many, submit

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def clock():
    return NOW


def price(amount, key, **fields):
    when = When(effective=date(2026, 1, 1))
    model = PerUnit(unit_amount=Decimal(amount))
    command = SetPrice(when=when, currency="USD", meter="calls", model=model)
    return Request(entity="group", stream="price:p", key=key, command=command, **fields)


def group(connection):
    meter = DefineMeter(when=When(effective=date(2026, 1, 1), order=4), aggregation="sum")
    requests = [
        Request(entity="group", stream="meter:calls", key="m", command=meter),
        price("2", "p"),
    ]
    assert all(
        isinstance(outcome, Receipt)
        for outcome in append_many(connection, "group", requests, clock=clock)
    )


def take(connection, **fields):
    return adopt(connection, group="group", entity="e", clock=clock, **fields)


def test_a_group_fact_is_adopted_with_its_content_its_dates_and_its_leaf(connection):
    group(connection)

    take(connection)

    origin = log.read_positions(connection, "group", [1])[0]
    fact = log.read_positions(connection, "e", [1])[0]
    leaf = fact_leaf(to_row(origin, CODEC.encode(origin.event)))
    assert fact.stream == "meter:calls"
    assert fact.source == Source(system="group", kind="fact", id="1")
    assert fact.event == Adopted(
        when=origin.when,
        origin="group",
        origin_position=1,
        origin_stream="meter:calls",
        origin_leaf=leaf.hex(),
        content=origin.event,
    )


def test_adopting_again_adds_only_what_is_new(connection):
    group(connection)
    assert len(take(connection)) == 2
    assert take(connection) == []
    submit(connection, structs.replace(price("3", "q"), stream="price:q"), clock=clock)

    (new,) = take(connection)

    assert new.positions == (3,)


def test_only_some_streams_may_be_adopted(connection):
    group(connection)

    (only,) = take(connection, streams=["price:p"])

    assert only.stream == "price:p"


def test_a_correction_of_the_group_corrects_what_was_adopted(connection):
    group(connection)
    take(connection, streams=["price:p"])
    submit(connection, price("3", "fix", corrects=2), clock=clock)

    take(connection, streams=["price:p"])

    first, second = log.read_all(connection, "e")
    assert second.corrects == first.position
    assert second.event.content.model.unit_amount == 3
    assert [fact.position for fact in known([first, second])] == [2]


def test_a_retraction_of_the_group_retracts_what_was_adopted(connection):
    group(connection)
    submit(connection, price("3", "fix", corrects=2), clock=clock)
    submit(
        connection,
        Request(entity="group", stream="price:p", key="never", corrects=3),
        clock=clock,
    )

    take(connection)

    facts = tuple(log.read_all(connection, "e"))
    assert isinstance(facts[-1].event, Retracted)
    assert [fact.position for fact in known(facts)] == [1, 2]
