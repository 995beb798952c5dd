"""Usage rows into the ledger by the batch: once for ever by (source, event id), all or nothing.

Rows are read and staged first, outside any lock. One transaction then takes the ids, inserts rows
and hourly totals and, last, locks the head for the one fact of the batch. What is not taken is kept
with its reason, so that received = duplicates + rejected + accepted always holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from typing import NamedTuple

from msgspec import Struct

from domain.errors import Malformed, Rejected
from domain.facts import When
from domain.usage import UsageBatchAccepted
from store import failpoint, log
from store.canonical import well_formed
from store.codec import canonical_json
from store.db import Connection, queries
from store.keys import (
    Known,
    Refusal,
    context_text,
    find_keys,
    reused,
    write_keys,
    write_refusals,
)
from store.patience import patient
from store.request import Clock
from store.transact import retrying
from store.usage_bytes import Chunk, UsageBytes
from store.usage_input import Raw, read_text
from store.usage_judge import take_staged
from store.usage_stage import (
    CHUNK,
    Figures,
    Kind,
    Overtaken,
    UsageBatch,
    chunks,
    copy,
    fingerprint,
    fingerprint_only,
    make_months,
    months_of,
    stage,
)
from store.usage_take import take

SQL = queries(__file__)

OVERTAKEN_MAX = 1_000


class Reject(Struct, frozen=True, kw_only=True):
    """A row that was not taken; its id stays free. `row_no` counts from 1 as they came."""

    row_no: int
    event_id: str | None
    code: str
    field: str | None
    raw: str


class BatchReceipt(Struct, frozen=True, kw_only=True):
    """What became of every row: received = duplicates + rejected + accepted."""

    entity: str
    key: str
    source: str
    kind: Kind
    batch: int
    position: int
    received: int
    duplicates: int
    rejected: int
    accepted: int
    rejects: tuple[Reject, ...]
    repeated: bool = False


class _Waiting(NamedTuple):
    """A batch that is read, and how to take it within a transaction."""

    batch: int
    received: int
    months: frozenset[date]
    fingerprint: bytes
    take: Callable[[], Figures]


def ingest(
    connection: Connection,
    order: UsageBatch,
    rows: Iterable[Raw | str],
    *,
    clock: Clock,
    together: int = CHUNK,
) -> BatchReceipt:
    """Take a batch of rows, corrections or retractions. The same key again changes nothing.

    Of a longer batch no more than `together` rows are in memory at once.
    """
    _check(order)
    read = chunks(order, rows, together)
    if (earlier := find_keys(connection, order.entity, [order.key]).get(order.key)) is not None:
        return _repeated(connection, order, earlier, fingerprint_only(order, read))
    (batch,) = connection.execute(SQL.next_batch).fetchone() or (0,)
    beginning = deque(islice(read, 2))
    if order.kind == "rows" and len(beginning) <= 1:
        chunk = beginning[0] if beginning else UsageBytes(order.entity, order.source).rows(1, [])
        return _settle(connection, order, _at_once(connection, order, batch, chunk), clock)
    # The server may work on a long batch for longer than on anything else.
    with stage(connection), patient(connection):
        staged = copy(connection, order, batch, chain(_drained(beginning), read))
        take = partial(take_staged, connection, order, batch, staged)
        waiting = _Waiting(batch, staged.received, staged.months, staged.fingerprint, take)
        return _settle(connection, order, waiting, clock)


def _drained(waiting: deque[Chunk]) -> Iterator[Chunk]:
    """Each of them once: whoever has stored a chunk is not kept holding it."""
    while waiting:
        yield waiting.popleft()


def _at_once(connection: Connection, order: UsageBatch, batch: int, chunk: Chunk) -> _Waiting:
    asked = fingerprint(order, sha256(chunk.digests).hexdigest())
    work = partial(take, connection, order, batch, chunk)
    return _Waiting(batch, chunk.received, months_of(chunk), asked, work)


def _settle(
    connection: Connection, order: UsageBatch, waiting: _Waiting, clock: Clock
) -> BatchReceipt:
    """All that is read goes in, or the reason why nothing of it does."""
    retrying(connection, partial(make_months, connection, waiting.months))
    try:
        outcome = _accepted(connection, order, waiting, clock)
        failpoint.reach("committed-not-answered")
    except Rejected as refusal:
        _keep(connection, order, waiting, refusal, clock)
        raise
    if isinstance(outcome, Known):
        return _repeated(connection, order, outcome, waiting.fingerprint)
    return _receipt(connection, order, outcome, repeated=False)


def rejects(connection: Connection, entity: str, batch: int) -> tuple[Reject, ...]:
    rows = connection.execute(SQL.rejects, {"entity": entity, "batch": batch})
    return tuple(
        Reject(row_no=row_no, event_id=event_id, code=code, field=field, raw=raw)
        for row_no, event_id, code, field, raw in rows
    )


def _check(order: UsageBatch) -> None:
    for field in ("entity", "source", "key", "actor"):
        read_text(getattr(order, field), field)
    for field in ("reason", "correlation_id"):
        if (text := getattr(order, field)) is not None:
            well_formed(text, field)
    if order.batch_number is not None and order.batch_number < 0:
        raise Malformed("negative-number", field="batch_number")


def _accepted(
    connection: Connection, order: UsageBatch, waiting: _Waiting, clock: Clock
) -> tuple[int, UsageBatchAccepted] | Known:
    """Each time we are overtaken another batch has gone in, so this comes to an end."""
    for _ in range(OVERTAKEN_MAX):
        try:
            return retrying(connection, partial(_accept, connection, order, waiting, clock))
        except Overtaken:
            continue
    raise AssertionError(f"{order.key} is overtaken by nobody: a row of it goes in twice")


def _accept(
    connection: Connection, order: UsageBatch, waiting: _Waiting, clock: Clock
) -> tuple[int, UsageBatchAccepted] | Known:
    """The whole batch in one transaction, or what its key turned out to stand for meanwhile.

    The head is locked last: commands of the entity wait for the insert of one fact, no longer.
    """
    with connection.transaction() as everything:
        event = _event(order, waiting, waiting.take(), clock)
        failpoint.reach("usage-before-fact")
        head = log.lock_head(connection, order.entity)
        known = find_keys(connection, order.entity, [order.key]).get(order.key)
        if known is None:
            return _append(connection, order, waiting, head, event, clock), event
        # Another sender came in between with the same key: nothing of this one may stay.
        everything.force_rollback = True
    return known


def _event(
    order: UsageBatch, waiting: _Waiting, figures: Figures, clock: Clock
) -> UsageBatchAccepted:
    """The batch in figures, and the root over its rows."""
    taken = figures.duplicates + figures.rejected + figures.accepted
    assert waiting.received == taken, (waiting, figures)
    return UsageBatchAccepted(
        when=When(effective=clock().date()),
        batch=waiting.batch,
        kind=order.kind,
        received=waiting.received,
        duplicates=figures.duplicates,
        rejected=figures.rejected,
        accepted=figures.accepted,
        totals=figures.totals,
        subscriptions=figures.subscriptions,
        first_day=figures.first_day,
        last_day=figures.last_day,
        root=figures.root,
        batch_number=order.batch_number,
    )


def _append(
    connection: Connection,
    order: UsageBatch,
    waiting: _Waiting,
    head: log.Head,
    event: UsageBatchAccepted,
    clock: Clock,
) -> int:
    """The one fact of the batch, under the head's lock."""
    _refuse_second_number(connection, order)
    now = clock()
    draft = log.Draft(
        stream=order.stream,
        event=event,
        recorded_at=max(now, head.recorded_at or now),
        command_id=order.key,
        actor=order.actor,
        reason=order.reason,
        correlation_id=order.correlation_id,
    )
    (fact,) = log.append(connection, head, [draft])
    arguments = {
        "entity": order.entity,
        "batch": waiting.batch,
        "source": order.source,
        "position": fact.position,
        "batch_number": order.batch_number,
    }
    connection.execute(SQL.insert_batch, arguments)
    known = Known(waiting.fingerprint, order.stream, (fact.position,))
    write_keys(connection, order.entity, [(order.key, known)])
    return fact.position


def _refuse_second_number(connection: Connection, order: UsageBatch) -> None:
    if order.batch_number is None:
        return
    arguments = {
        "entity": order.entity,
        "source": order.source,
        "batch_number": order.batch_number,
    }
    if connection.execute(SQL.batch_of_number, arguments).fetchone() is not None:
        number = order.batch_number
        raise Rejected("batch-number-reused", field="batch_number", batch_number=number)


def _keep(
    connection: Connection, order: UsageBatch, waiting: _Waiting, refusal: Rejected, clock: Clock
) -> None:
    """The refusal of a whole batch: final for its key, like that of a command."""
    told = {"batch_number": order.batch_number, "kind": order.kind, "received": waiting.received}
    with connection.transaction():
        head = log.lock_head(connection, order.entity)
        if order.key in find_keys(connection, order.entity, [order.key]):
            return
        now = clock()
        row = Refusal(
            entity=order.entity,
            key=order.key,
            stream=order.stream,
            command=f"usage-{order.kind}",
            body=canonical_json(told),
            code=refusal.code,
            field=refusal.field,
            context=context_text(refusal.context),
            actor=order.actor,
            reason=order.reason,
            recorded_at=max(now, head.recorded_at or now),
            at_position=head.position,
        )
        known = Known(waiting.fingerprint, order.stream, (), refusal)
        write_keys(connection, order.entity, [(order.key, known)])
        write_refusals(connection, [row])


def _repeated(
    connection: Connection, order: UsageBatch, earlier: Known, asked: bytes
) -> BatchReceipt:
    if earlier.fingerprint != asked:
        raise reused(order.key, order.stream, "rows", earlier)
    if earlier.refusal is not None:
        raise earlier.refusal
    (fact,) = log.read_positions(connection, order.entity, earlier.positions)
    assert isinstance(fact.event, UsageBatchAccepted), fact
    return _receipt(connection, order, (fact.position, fact.event), repeated=True)


def _receipt(
    connection: Connection,
    order: UsageBatch,
    outcome: tuple[int, UsageBatchAccepted],
    *,
    repeated: bool,
) -> BatchReceipt:
    position, event = outcome
    return BatchReceipt(
        entity=order.entity,
        key=order.key,
        source=order.source,
        kind=order.kind,
        batch=event.batch,
        position=position,
        received=event.received,
        duplicates=event.duplicates,
        rejected=event.rejected,
        accepted=event.accepted,
        rejects=rejects(connection, order.entity, event.batch) if event.rejected else (),
        repeated=repeated,
    )
