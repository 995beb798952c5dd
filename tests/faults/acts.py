"""One step of a script done on a ledger, and what its sender was told.

A sender whose ledger went away asks again under the same key until it gets an answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import msgspec
import psycopg
from msgspec import Struct

from domain.books import PeriodClosed
from domain.errors import Malformed, Rejected
from domain.usage import UsageBatchAccepted
from projections import generations, journal, runner
from replay.ledger import Ledger
from replay.rebuild import rebuild_views
from store.db import Connection
from store.failpoint import FailpointReached
from store.failure import StoreError
from store.remembered import Remembered
from store.request import Conflict, Receipt, Request
from store.sitting import ask
from store.usage_rows import BatchReceipt, ingest
from store.usage_stage import UsageBatch
from tests.faults.plan import CatchUp, Rebuild, Step, Tell
from tests.laws.memory import Arrival
from tests.laws.postgres import request_of

Result = TypeVar("Result")
# Keys of arrivals by entity, and the last position each came to.
Places = dict[tuple[str, str], int]
# What a committer remembers of each entity.
Kept = dict[str, Remembered]


class Outage(Exception):
    """No answer over HTTP: what was asked may have happened, or not."""


# An outage: the sender knows nothing, and asks again. Not: a refusal or a fault of ours.
OUTAGES = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    StoreError,
    FailpointReached,
    Outage,
)
PATIENCE_SECONDS = 60.0
# A pool tells of each connection it loses, and here they are lost on purpose.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class Answer(Struct, frozen=True, kw_only=True):
    """What a sender holds in hand: the positions of its facts, or the code of its refusal.

    `kept` is false for what stores nothing, such as a conflict: that may end otherwise next time.
    """

    entity: str
    key: str
    positions: tuple[int, ...] = ()
    code: str | None = None
    rows: tuple[int, int, int] | None = None
    kept: bool = True


class Clock:
    """A clock nobody should trust: mostly a minute at a time, now and then days back or forth."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._now = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(minutes=1)
        if self._random.random() < 0.1:
            self._now += timedelta(days=self._random.choice((-400, -3, -1, 1, 2)))
        return self._now


def perform(ledger: Ledger, step: Step, places: Places, kept: Kept | None = None) -> Answer | None:
    """Do one step. None: nothing was asked that is answered.

    With `kept` commands go the way of a committer, else one by one.
    """
    match step:
        case CatchUp():
            with ledger.connection() as connection:
                catch_up(connection, step)
            return None
        case Rebuild():
            with ledger.connection() as connection:
                rebuilt = rebuild_views(connection, batch=step.batch)
            assert not rebuilt.breaks, rebuilt
            return None
        case Tell():
            answer = _told(ledger, step, places, kept)
            if answer is not None and answer.positions:
                places[step.entity, step.arrival.key] = answer.positions[-1]
            return answer


def catch_up(connection: Connection, step: CatchUp) -> None:
    """As the runner does, with chunks small enough that a run takes several transactions."""
    poster, more = journal.advance(
        connection, step.entity, None, batch=step.batch, units=step.units
    )
    while more:
        poster, more = journal.advance(
            connection, step.entity, poster, batch=step.batch, units=step.units
        )
    generation = generations.live(connection)
    for view in generations.followed(connection, generation):
        runner.follow(connection, step.entity, view, generation, batch=step.batch)


def _told(ledger: Ledger, step: Tell, places: Places, kept: Kept | None) -> Answer | None:
    entity, key = step.entity, step.arrival.key
    try:
        return _accepted(ledger, step, places, kept)
    except Rejected as refusal:
        return Answer(entity=entity, key=key, code=refusal.code)
    except (Malformed, Conflict) as problem:
        return Answer(entity=entity, key=key, code=problem.code, kept=False)


def _accepted(ledger: Ledger, step: Tell, places: Places, kept: Kept | None) -> Answer | None:
    entity, arrival = step.entity, step.arrival
    if isinstance(arrival.event, UsageBatchAccepted):
        receipt = _ingest(ledger, step)
        rows = (receipt.duplicates, receipt.rejected, receipt.accepted)
        return Answer(entity=entity, key=arrival.key, positions=(receipt.position,), rows=rows)
    if isinstance(arrival.event, PeriodClosed) and step.seals:
        book = arrival.stream.partition(":")[2]
        closed = ledger.close_period(entity, book, arrival.event.period, key=arrival.key)
        return Answer(entity=entity, key=arrival.key, positions=(closed.closed_at,))
    request = asked_of(entity, arrival, places)
    if request is None:
        return None
    told = ledger.submit(request) if kept is None else _in_a_group(ledger, request, kept)
    return Answer(entity=entity, key=arrival.key, positions=told.positions)


def asked_of(entity: str, arrival: Arrival, places: Places) -> Request | None:
    """None where there is nothing anybody could ask, or what it corrects was not taken."""
    known = {name: place for (of, name), place in places.items() if of == entity}
    if arrival.corrects is not None and arrival.corrects not in known:
        return None
    return request_of(entity, arrival, known)


def _in_a_group(ledger: Ledger, request: Request, kept: Kept) -> Receipt:
    """As a committer does: with streams remembered, and here beside its own repeat."""
    remembered = kept.setdefault(request.entity, Remembered())
    told, again = ledger.commit(request.entity, [ask(request), ask(request)], remembered)
    if isinstance(told, Receipt):
        assert isinstance(again, Receipt), again
        assert (again.positions, again.repeated) == (told.positions, True), (told, again)
        return told
    assert type(again) is type(told), (told, again)
    raise told


def _ingest(ledger: Ledger, step: Tell) -> BatchReceipt:
    arrival = step.arrival
    assert isinstance(arrival.event, UsageBatchAccepted)
    order = UsageBatch(
        entity=step.entity,
        source=arrival.stream.partition(":")[2],
        key=arrival.key,
        kind=arrival.event.kind,
        batch_number=arrival.event.batch_number,
    )
    rows: list[Any] = [msgspec.to_builtins(row) for row in (*arrival.rows, *step.repeats)]
    if order.kind == "retraction":
        rows = [row.event_id for row in arrival.rows]
    rows += [{"event_id": f"{arrival.key}-broken-{place}"} for place in range(step.broken)]
    with ledger.connection() as connection:
        return ingest(connection, order, rows, clock=ledger.clock, together=step.together)


def patiently(act: Callable[[], Result], outages: Callable[[BaseException], None]) -> Result:
    """Ask until there is an answer; `outages` hears of each time there was none."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except OUTAGES as outage:
            if time.monotonic() > deadline:
                raise
            outages(outage)
            time.sleep(0.01)
