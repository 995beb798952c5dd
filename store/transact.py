"""Commands into facts: load, fold, decide, append, under the head row's lock, many at once.

A key is looked up before anything is validated and never expires. A refusal is kept and is the
final answer for its key; malformed input, a version conflict or an outage stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import psycopg
from msgspec import structs
from psycopg.pq import TransactionStatus
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from domain.books import AdjustmentApproved, ClosePeriod, PeriodReopened, SoftClosePeriod
from domain.deciders import decider_of
from domain.errors import Malformed, Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted
from store import failpoint, log
from store.db import Connection, queries
from store.keys import (
    Known,
    Refusal,
    SourceKey,
    context_text,
    find_keys,
    find_sources,
    source_key,
    write_keys,
    write_refusals,
)
from store.request import (
    Clock,
    Conflict,
    Evidence,
    Outcome,
    Receipt,
    Request,
    body,
    check,
    fingerprint,
    name,
)
from store.timeline import Timeline

SQL = queries(__file__)

COMMANDS_IN_ONE_TRANSACTION = 5_000
ATTEMPTS = 5
LONGEST_WAIT = timedelta(milliseconds=200)

Result = TypeVar("Result")


def submit(
    connection: Connection, request: Request, *, clock: Clock, evidence: Evidence | None = None
) -> Receipt:
    """One command. Raises Rejected, which is kept and final for the key; Malformed; Conflict."""
    (outcome,) = append_many(connection, request.entity, [request], clock=clock, evidence=evidence)
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome


def append_many(
    connection: Connection,
    entity: str,
    requests: Iterable[Request],
    *,
    clock: Clock,
    evidence: Evidence | None = None,
) -> list[Outcome]:
    """Many commands of one entity, each answered by itself; a bad one never fails another."""
    outcomes: list[Outcome] = []
    remaining = iter(requests)
    while chunk := list(islice(remaining, COMMANDS_IN_ONE_TRANSACTION)):
        attempt = partial(_decide, connection, entity, chunk, clock, evidence)
        outcomes += retrying(connection, attempt)
    return outcomes


def retrying(connection: Connection, attempt: Callable[[], Result]) -> Result:
    """Again, when the database broke a tie; not inside a transaction that others began."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return attempt()
    ties = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
    again = Retrying(
        retry=retry_if_exception_type(ties),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(max=LONGEST_WAIT),
        reraise=True,
    )
    return again(attempt)


def _decide(
    connection: Connection,
    entity: str,
    requests: Sequence[Request],
    clock: Clock,
    evidence: Evidence | None,
) -> list[Outcome]:
    with connection.transaction():
        sitting = Sitting(connection, log.lock_head(connection, entity), clock, evidence)
        sitting.load(requests)
        outcomes = [sitting.judge(request) for request in requests]
        failpoint.reach("decided-not-written")
        sitting.write()
    failpoint.reach("committed-not-answered")
    return outcomes


class Sitting:
    """One turn at the head of a log: what was loaded, what was decided and is not yet written."""

    def __init__(
        self, connection: Connection, head: log.Head, clock: Clock, evidence: Evidence | None
    ) -> None:
        self.connection = connection
        self.head = head
        self.clock = clock
        self.evidence = evidence
        self.recorded_at = head.recorded_at
        self.keys: dict[str, Known] = {}
        self.sources: dict[SourceKey, Known] = {}
        self.timelines: dict[str, Timeline] = {}
        self.facts: list[Fact] = []
        self.new_keys: list[tuple[str, Known]] = []
        self.refusals: list[Refusal] = []

    def load(self, requests: Sequence[Request]) -> None:
        """Keys, outside names and streams of all requests, one query each."""
        entity = self.head.entity
        sources = [request.source for request in requests if request.source is not None]
        streams = {stream for request in requests for stream in _streams(request)}
        self.keys = find_keys(self.connection, entity, (request.key for request in requests))
        self.sources = find_sources(self.connection, entity, sources)
        for stream, facts in log.read_streams(self.connection, entity, streams).items():
            self.timelines[stream] = Timeline(facts)

    def judge(self, request: Request) -> Outcome:
        """The answer to one request; accepted facts and refusals wait for `write`."""
        try:
            asked = fingerprint(check(request))
        except Malformed as problem:
            return problem
        if (earlier := self.keys.get(request.key)) is not None:
            return _repeated(request, earlier, asked)
        try:
            return self._accept(request, asked)
        except Rejected as refusal:
            self._refuse(request, asked, refusal)
            return refusal
        except (Malformed, Conflict) as problem:
            return problem

    def _accept(self, request: Request, asked: bytes) -> Receipt:
        if request.source is not None and (first := self.sources.get(source_key(request.source))):
            if first.fingerprint != asked:
                raise Rejected("source-id-reused", field="source", positions=first.positions)
            self._remember(request.key, first)
            return _receipt(request, first, repeated=True)
        timeline = self._timeline(request.stream)
        if request.expected_version not in (None, timeline.version):
            raise Conflict(
                request.stream, expected=request.expected_version, found=timeline.version
            )
        events = self._events(request, timeline)
        facts = self._number(request, events, timeline)
        known = Known(asked, request.stream, tuple(fact.position for fact in facts))
        self._remember(request.key, known)
        if request.source is not None:
            self.sources[source_key(request.source)] = known
        return _receipt(request, known, repeated=False)

    def _events(self, request: Request, timeline: Timeline) -> tuple[Event, ...]:
        """What the request makes true: decided on the timeline without the fact it replaces."""
        target = timeline.correctable(request.corrects) if request.corrects is not None else None
        if request.command is None:
            assert target is not None
            return (Retracted(when=target.when),)
        decider = decider_of(request.stream)
        if not isinstance(request.command, decider.commands):
            raise Malformed("wrong-command", field="command", command=name(request))
        context = self._context(request, decider)
        state = timeline.state(decider, without=request.corrects)
        events: tuple[Event, ...] = decider.decide(request.command, state, context)
        if target is not None:
            return tuple(_in_place_of(target, event) for event in events)
        if request.source is not None:
            timeline.refuse_ambiguous(events)
        return events

    def _context(self, request: Request, decider: Decider[Any, Any]) -> Context:
        """What the decision may look at beside its own stream, as it stands under the lock."""
        gathered = None
        if isinstance(request.command, SoftClosePeriod | ClosePeriod) and self.evidence is not None:
            self.write()
            gathered = self.evidence(self.connection, request)
        return Context(
            stream=request.stream,
            actor=request.actor,
            outside=request.source is not None,
            evidence=gathered,
            others={
                stream: self._timeline(stream).state(decider_of(stream))
                for stream in decider.needs(request.command)
            },
        )

    def _timeline(self, stream: str) -> Timeline:
        if stream not in self.timelines:
            facts = log.read_stream(self.connection, self.head.entity, stream)
            self.timelines[stream] = Timeline(facts)
        return self.timelines[stream]

    def _number(
        self, request: Request, events: Sequence[Event], timeline: Timeline
    ) -> tuple[Fact, ...]:
        drafts = [
            log.Draft(
                stream=request.stream,
                event=event,
                recorded_at=self._now(),
                command_id=request.key,
                actor=request.actor,
                reason=request.reason,
                correlation_id=request.correlation_id,
                causation_id=request.causation_id,
                trace_id=request.trace_id,
                # The outside name belongs to the command; its first fact carries it.
                source=request.source if place == 0 else None,
                corrects=request.corrects,
            )
            for place, event in enumerate(events)
        ]
        assert drafts, request
        top = structs.replace(self.head, position=self.head.position + len(self.facts))
        facts = log.number(top, drafts, {request.stream: timeline.version})
        timeline.extend(facts)
        self.facts += facts
        return facts

    def _refuse(self, request: Request, asked: bytes, refusal: Rejected) -> None:
        known = Known(asked, request.stream, (), refusal)
        self._remember(request.key, known)
        row = Refusal(
            entity=self.head.entity,
            key=request.key,
            stream=request.stream,
            command=name(request),
            body=body(request),
            code=refusal.code,
            field=refusal.field,
            context=context_text(refusal.context),
            actor=request.actor,
            reason=request.reason,
            recorded_at=self._now(),
            at_position=self.head.position + len(self.facts),
        )
        self.refusals.append(row)

    def _remember(self, key: str, known: Known) -> None:
        self.keys[key] = known
        self.new_keys.append((key, known))

    def _now(self) -> datetime:
        """The clock, never before the last fact: recorded_at does not decrease along the log."""
        now = self.clock()
        if self.recorded_at is None or now > self.recorded_at:
            self.recorded_at = now
        return self.recorded_at

    def write(self) -> None:
        """Store what was decided so far. The transaction stays open, the head stays locked."""
        if self.facts:
            log.write(self.connection, self.head, self.facts)
            self._write_approvals()
            self.head = structs.replace(
                self.head, position=self.facts[-1].position, recorded_at=self.facts[-1].recorded_at
            )
        write_keys(self.connection, self.head.entity, self.new_keys)
        write_refusals(self.connection, self.refusals)
        self.facts, self.new_keys, self.refusals = [], [], []

    def _write_approvals(self) -> None:
        rows = [row for fact in self.facts if (row := _approval(fact)) is not None]
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(SQL.insert_approval, rows)


def _repeated(request: Request, earlier: Known, asked: bytes) -> Outcome:
    """The first outcome of a key is the only one."""
    if earlier.fingerprint != asked:
        return Malformed("key-reused", field="key", key=request.key)
    return earlier.refusal or _receipt(request, earlier, repeated=True)


def _streams(request: Request) -> tuple[str, ...]:
    """The request's own stream and those its decision looks at; none, if it is no request."""
    try:
        decider = decider_of(check(request).stream)
    except Malformed:
        return ()
    if isinstance(request.command, decider.commands):
        return request.stream, *decider.needs(request.command)
    return (request.stream,)


def _receipt(request: Request, known: Known, *, repeated: bool) -> Receipt:
    return Receipt(
        entity=request.entity,
        key=request.key,
        stream=known.stream,
        positions=known.positions,
        repeated=repeated,
    )


def _in_place_of(target: Fact, event: Event) -> Event:
    """A correction inherits the order of what it replaces, or two runs of one file would differ."""
    return structs.replace(event, when=structs.replace(event.when, order=target.when.order))


def _approval(fact: Fact) -> dict[str, object] | None:
    """Who prepared and who approved, for the facts that take two people."""
    match fact.event:
        case AdjustmentApproved():
            subject, preparer = fact.stream, fact.event.proposed_by
        case PeriodReopened():
            subject, preparer = f"{fact.stream}:{fact.event.period}", fact.actor
        case _:
            return None
    return {
        "entity": fact.entity,
        "subject": subject,
        "preparer": preparer,
        "approver": fact.event.approved_by,
        "position": fact.position,
    }
