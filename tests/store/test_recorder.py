"""The recorder against the library's own suite, and what it adds: the whole envelope."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from eventsourcing.persistence import DataError, StoredEvent
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from domain.facts import Fact, When
from domain.party import CustomerRegistered
from store import db, log
from store.codec import CODEC, to_row
from store.failure import StoreError
from store.recorder import EntityLog, FactEvent

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


@pytest.fixture
def pool(database: str) -> Iterator[db.Pool]:
    with db.pool(database, size_max=12) as opened:
        yield opened


class TestConformance(ApplicationRecorderTestCase):
    """The library's suite, with its optional insert-and-subscribe test."""

    @pytest.fixture(autouse=True)
    def _take(self, pool: db.Pool) -> None:
        self.pool = pool

    def create_recorder(self) -> EntityLog:
        return EntityLog(self.pool, "acme")

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


def test_the_suite_passes_beside_another_entity_with_its_own_positions(pool):
    first, second = EntityLog(pool, "a"), EntityLog(pool, "b")
    event = StoredEvent(uuid4(), 1, "topic", b"state")

    assert first.insert_events([event]) == [1]
    assert second.insert_events([event]) == [1]
    assert first.max_notification_id() == 1


def test_a_fact_goes_in_and_out_with_its_whole_envelope(pool):
    event = CustomerRegistered(when=When(effective=date(2026, 1, 2), order=7), currency="USD")
    fact = Fact(
        entity="acme",
        position=1,
        stream="customer:c",
        version=1,
        event=event,
        recorded_at=NOW,
        command_id="k",
        actor="ann",
        reason="a reason",
    )
    row = to_row(fact, CODEC.encode(event))
    recorder = EntityLog(pool, "acme", clock=lambda: NOW)

    recorder.insert_events([FactEvent("customer:c", 1, row.tag, row.payload.encode(), row)])

    (found,) = recorder.select_notifications(start=1, limit=1)
    assert found.row == row
    with pool.connection() as connection:
        assert log.read(connection, "acme") == (fact,)


def test_a_plain_event_is_stored_but_never_taken_for_a_fact_of_ours(pool):
    EntityLog(pool, "acme").insert_events(
        [StoredEvent("customer:c", 1, "customer-registered", b"{}")]
    )

    with pool.connection() as connection, pytest.raises(StoreError, match="version 0"):
        log.read(connection, "acme")


def test_a_state_that_is_no_text_is_refused(pool):
    recorder = EntityLog(pool, "acme")

    with pytest.raises(DataError, match="UTF-8"):
        recorder.insert_events([StoredEvent(uuid4(), 1, "topic", b"\xff")])
