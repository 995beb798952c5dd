"""Usage rows into the ledger by the batch: once for ever by (source, event id), all or nothing.

Rows are read and staged first, outside any lock. One transaction then takes the ids, inserts rows
and hourly totals and, last, locks the head for the one fact of the batch. What is not taken is kept
with its reason, so that received = duplicates + rejected + accepted always holds.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec
from msgspec import Struct
from psycopg.rows import TupleRow

from domain.errors import Malformed, Rejected
from domain.facts import When
from domain.usage import MeterTotal, UsageBatchAccepted
from store import failpoint, log
from store.canonical import batch_root, well_formed
from store.codec import canonical_json
from store.db import Connection, queries
from store.keys import (
    Known,
    Refusal,
    context_text,
    find_keys,
    write_keys,
    write_refusals,
)
from store.request import Clock
from store.transact import retrying
from store.usage_input import Raw, read_text
from store.usage_stage import (
    Kind,
    Refused,
    Staged,
    UsageBatch,
    copy,
    fingerprint_only,
    make_months,
    stage,
    stage_refused,
)

SQL = queries(__file__)


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


def ingest(
    connection: Connection, order: UsageBatch, rows: Iterable[Raw | str], *, clock: Clock
) -> BatchReceipt:
    """Take a batch of rows, corrections or retractions. The same key again changes nothing."""
    _check(order)
    if (earlier := find_keys(connection, order.entity, [order.key]).get(order.key)) is not None:
        return _repeated(connection, order, earlier, fingerprint_only(order, rows))
    (batch,) = connection.execute(SQL.next_batch).fetchone() or (0,)
    with stage(connection):
        staged = copy(connection, order, batch, rows)
        retrying(connection, partial(make_months, connection))
        try:
            outcome = retrying(connection, partial(_accept, connection, order, staged, clock))
            failpoint.reach("committed-not-answered")
        except Rejected as refusal:
            _keep(connection, order, staged, refusal, clock)
            raise
    if isinstance(outcome, Known):
        return _repeated(connection, order, outcome, staged.fingerprint)
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


def _accept(
    connection: Connection, order: UsageBatch, staged: Staged, clock: Clock
) -> tuple[int, UsageBatchAccepted] | Known:
    """The whole batch in one transaction, or what its key turned out to stand for meanwhile."""
    names = {
        "entity": order.entity,
        "source": order.source,
        "batch": staged.batch,
        "kind": order.kind,
    }
    with connection.transaction() as everything:
        if order.kind != "rows":
            # Two corrections of one event must not both replace the same version.
            log.lock_head(connection, order.entity)
        _insert(connection, order, names)
        event = _event(connection, order, staged, names, clock)
        failpoint.reach("usage-before-fact")
        head = log.lock_head(connection, order.entity)
        known = find_keys(connection, order.entity, [order.key]).get(order.key)
        if known is None:
            return _append(connection, order, staged, head, event, clock), event
        # Another sender came in between with the same key: nothing of this one may stay.
        everything.force_rollback = True
    return known


def _insert(connection: Connection, order: UsageBatch, names: Mapping[str, object]) -> None:
    match order.kind:
        case "rows":
            connection.execute(SQL.insert_keys, names)
            failpoint.reach("usage-keys-taken")
            connection.execute(SQL.judge_rows, names)
            connection.execute(SQL.insert_rows, names)
            connection.execute(SQL.insert_hours_of_new, names)
        case "correction":
            connection.execute(SQL.judge_corrections, names)
            connection.execute(SQL.insert_replaced, names)
            connection.execute(SQL.insert_rows, names)
            connection.execute(SQL.insert_hours_of_change, names)
        case "retraction":
            connection.execute(SQL.judge_retractions, names)
            connection.execute(SQL.insert_replaced, names)
            connection.execute(SQL.insert_hours_of_change, names)
    refused = [_judged(row) for row in connection.execute(SQL.refused_by_judgement)]
    stage_refused(connection, order, int(str(names["batch"])), refused)
    connection.execute(SQL.insert_refused, names)


def _judged(row: TupleRow) -> Refused:
    """A well-formed row that was not taken, written out again as it was understood."""
    row_no, event_id, code, subscription, meter, quantity, unit, occurred_at, dimensions = row
    if subscription is None:
        raw: object = {"event_id": event_id}
    else:
        raw = {
            "event_id": event_id,
            "subscription": subscription,
            "meter": meter,
            "quantity": quantity,
            "unit": unit,
            "occurred_at": occurred_at,
            "dimensions": msgspec.json.decode(dimensions),
        }
    return Refused(row_no, event_id, code, "event_id", canonical_json(raw))


def _event(
    connection: Connection,
    order: UsageBatch,
    staged: Staged,
    names: Mapping[str, object],
    clock: Clock,
) -> UsageBatchAccepted:
    """The batch in figures, and the root over its rows."""
    accepted, duplicates, refused = connection.execute(SQL.verdicts).fetchone() or (0, 0, 0)
    reach = connection.execute(SQL.reach, names).fetchall()
    rejected = staged.malformed + refused
    assert staged.received == duplicates + rejected + accepted, (staged, names)
    with connection.cursor(name="accepted_leaves") as leaves:
        leaves.execute(SQL.accepted_leaves)
        root = batch_root(leaf for (leaf,) in leaves)
    return UsageBatchAccepted(
        when=When(effective=clock().date()),
        batch=staged.batch,
        kind=order.kind,
        received=staged.received,
        duplicates=duplicates,
        rejected=rejected,
        accepted=accepted,
        totals=tuple(
            MeterTotal(meter=meter, rows=rows, quantity=quantity)
            for meter, rows, quantity in connection.execute(SQL.totals)
        ),
        subscriptions=tuple(subscription for subscription, _, _ in reach),
        first_day=min((first for _, first, _ in reach), default=None),
        last_day=max((last for _, _, last in reach), default=None),
        root=root,
        batch_number=order.batch_number,
    )


def _append(
    connection: Connection,
    order: UsageBatch,
    staged: Staged,
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
        "batch": staged.batch,
        "source": order.source,
        "position": fact.position,
        "batch_number": order.batch_number,
    }
    connection.execute(SQL.insert_batch, arguments)
    known = Known(staged.fingerprint, order.stream, (fact.position,))
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
    connection: Connection, order: UsageBatch, staged: Staged, refusal: Rejected, clock: Clock
) -> None:
    """The refusal of a whole batch: final for its key, like that of a command."""
    told = {"batch_number": order.batch_number, "kind": order.kind, "received": staged.received}
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
        known = Known(staged.fingerprint, order.stream, (), refusal)
        write_keys(connection, order.entity, [(order.key, known)])
        write_refusals(connection, [row])


def _repeated(
    connection: Connection, order: UsageBatch, earlier: Known, asked: bytes
) -> BatchReceipt:
    if earlier.fingerprint != asked:
        raise Malformed("key-reused", field="key", key=order.key)
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
