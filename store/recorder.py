"""The log of one entity as an `ApplicationRecorder` of the eventsourcing library.

A module of its own, because importing that library changes `dataclasses` for the whole process:
only who wants the library pays for it. Notification ids are positions, topics are tags. A fact
travels as a `FactEvent` with its whole envelope. A plain `StoredEvent` gets this one: stream
`aggregate:UUID` (or the originator's own text), schema version 0, which the codec refuses to read
as one of our facts, effective on the day it is recorded, actor `eventsourcing`, and as payload the
state, which must be text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    DataError,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from store import log
from store.canonical import FactRow
from store.db import Connection, Pool, queries, transaction
from store.request import Clock

SQL = queries(__file__)

AGGREGATE = "aggregate:"
FOREIGN = 0
BETWEEN_POLLS = timedelta(milliseconds=50)
PAGE = 500


@dataclass(frozen=True)
class FactEvent(StoredEvent):
    """A stored event with the envelope it has in the log."""

    row: FactRow


@dataclass(frozen=True)
class FactNotification(Notification):
    """A notification with the envelope of its fact."""

    row: FactRow


def now() -> datetime:
    return datetime.now(UTC)


class EntityLog(ApplicationRecorder):
    """Reads and appends the facts of one entity; several may be used at once, in any process."""

    def __init__(self, pool: Pool, entity: str, *, clock: Clock = now) -> None:
        self.pool = pool
        self.entity = entity
        self.clock = clock

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        **kwargs: Any,  # noqa: ARG002 (the library passes what other recorders understand)
    ) -> Sequence[int]:
        """Append in one transaction; a version that is taken fails them all."""
        if not stored_events:
            return []
        try:
            with transaction(self.pool) as connection:
                return self._append(connection, stored_events)
        except psycopg.errors.UniqueViolation as problem:
            raise IntegrityError(str(problem)) from problem

    def _append(self, connection: Connection, events: Sequence[StoredEvent]) -> Sequence[int]:
        head = log.lock_head(connection, self.entity)
        clock = self.clock()
        recorded_at = max(clock, head.recorded_at or clock)
        rows = [
            self._row(event, position, recorded_at)
            for position, event in enumerate(events, head.position + 1)
        ]
        log.write_rows(connection, head, rows)
        return [row.position for row in rows]

    def _row(self, event: StoredEvent, position: int, recorded_at: datetime) -> FactRow:
        if isinstance(event, FactEvent):
            return event.row._replace(
                entity=self.entity, position=position, recorded_at=recorded_at
            )
        stream = stream_of(event.originator_id)
        return FactRow(
            entity=self.entity,
            position=position,
            stream=stream,
            version=event.originator_version,
            tag=event.topic,
            schema_version=FOREIGN,
            effective=recorded_at.date(),
            effective_at=None,
            agreed_on=None,
            sort_order=event.originator_version,
            recorded_at=recorded_at,
            command_id=f"{stream}/{event.originator_version}",
            actor="eventsourcing",
            reason=None,
            correlation_id=None,
            causation_id=None,
            trace_id=None,
            source_system=None,
            source_kind=None,
            source_id=None,
            source_version=None,
            corrects=None,
            payload=_text(event.state),
        )

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        arguments = {
            "entity": self.entity,
            "stream": stream_of(originator_id),
            "after": -1 if gt is None else gt,
            "upto": log.END if lte is None else lte,
            "limit": limit,
        }
        statement = SQL.events_of_stream_backwards if desc else SQL.events_of_stream
        with self.pool.connection() as connection:
            rows = [FactRow(*row) for row in connection.execute(statement, arguments)]
        return [
            FactEvent(originator_of(row.stream), row.version, row.tag, row.payload.encode(), row)
            for row in rows
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        arguments = {
            "entity": self.entity,
            "start": (start or 0) + (not inclusive_of_start),
            "stop": log.END if stop is None else stop,
            "every_topic": not topics,
            "topics": list(topics),
            "limit": limit,
        }
        with self.pool.connection() as connection:
            rows = [FactRow(*row) for row in connection.execute(SQL.notifications, arguments)]
        return [
            FactNotification(
                originator_of(row.stream),
                row.version,
                row.tag,
                row.payload.encode(),
                row.position,
                row,
            )
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        with self.pool.connection() as connection:
            head = log.head(connection, self.entity)
        return head.position if head and head.position else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return PolledSubscription(self, gt, topics)


class PolledSubscription(Subscription[ApplicationRecorder]):
    """Follows by polling: a NOTIFY in the writer's transaction would slow every writer down."""

    def __init__(
        self, recorder: ApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._stopped = Event()
        self._page: list[Notification] = []

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            if not self._page:
                self._page = self._next_page()
            if self._page:
                notification = self._page.pop()
                self._last_notification_id = notification.id
                return notification
            self._stopped.wait(BETWEEN_POLLS.total_seconds())
        raise StopIteration

    def _next_page(self) -> list[Notification]:
        """Last first, so that the next one is popped from the end."""
        page = self._recorder.select_notifications(
            start=self._last_notification_id,
            limit=PAGE,
            topics=self._topics,
            inclusive_of_start=self._last_notification_id is None,
        )
        return list(reversed(page))


def stream_of(originator_id: UUID | str) -> str:
    return f"{AGGREGATE}{originator_id}" if isinstance(originator_id, UUID) else originator_id


def originator_of(stream: str) -> UUID | str:
    return UUID(stream.removeprefix(AGGREGATE)) if stream.startswith(AGGREGATE) else stream


def _text(state: bytes) -> str:
    try:
        text = state.decode()
    except UnicodeDecodeError as problem:
        raise DataError("the state of an event must be UTF-8 text") from problem
    if "\x00" in text:
        raise DataError("the state of an event must not hold a NUL")
    return text
