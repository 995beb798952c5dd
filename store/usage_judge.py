"""A batch that waits in temporary tables, judged against what is there and taken, by set-based SQL.

For batches too long for memory, and for corrections and retractions, which replace a version that
only the database knows. Head and keys are nobody's business here: all is within the caller's
transaction.
"""

from collections.abc import Mapping

import msgspec
import psycopg
from psycopg.rows import TupleRow

from domain.usage import MeterTotal
from store import failpoint
from store.canonical import batch_root
from store.codec import canonical_json
from store.db import Connection, queries
from store.usage_input import Refused
from store.usage_stage import Figures, Overtaken, Staged, UsageBatch, stage_refused

SQL = queries(__file__)

LEAVES_AT_ONCE = 2_000


def take_staged(connection: Connection, order: UsageBatch, batch: int, staged: Staged) -> Figures:
    """Keys, rows, totals and what was refused. Raises Overtaken."""
    names = {"entity": order.entity, "source": order.source, "batch": batch, "kind": order.kind}
    _judge(connection, order, staged, names)
    accepted, duplicates, refused = connection.execute(SQL.verdicts).fetchone() or (0, 0, 0)
    assert staged.received == staged.malformed + refused + duplicates + accepted, (staged, names)
    _insert(connection, order, names, accepted)
    found = [_judged(row) for row in connection.execute(SQL.refused_by_judgement)]
    stage_refused(connection, order, batch, found)
    connection.execute(SQL.insert_refused, names)
    reach = connection.execute(SQL.reach, names).fetchall()
    return Figures(
        duplicates=duplicates,
        rejected=staged.malformed + refused,
        accepted=accepted,
        totals=tuple(
            MeterTotal(meter=meter, rows=rows, quantity=quantity)
            for meter, rows, quantity in connection.execute(SQL.totals)
        ),
        subscriptions=tuple(subscription for subscription, _, _ in reach),
        first_day=min((first for _, first, _ in reach), default=None),
        last_day=max((last for _, _, last in reach), default=None),
        root=_root(connection),
    )


def _judge(
    connection: Connection, order: UsageBatch, staged: Staged, names: Mapping[str, object]
) -> None:
    match order.kind:
        case "rows":
            _judge_rows(connection, staged, names)
        case "correction" | "retraction":
            connection.execute(SQL.judge_changes, names)
            connection.execute(SQL.analyze_judged)


def _judge_rows(connection: Connection, staged: Staged, names: Mapping[str, object]) -> None:
    """Keys first: whoever has the id writes its row, and whoever comes second begins anew."""
    connection.execute(SQL.judge_new, names)
    connection.execute(SQL.analyze_judged)
    try:
        taken = connection.execute(SQL.insert_keys, names).rowcount
    except psycopg.errors.UniqueViolation:
        raise Overtaken from None
    failpoint.reach("usage-keys-taken")
    if taken < staged.received - staged.malformed:
        connection.execute(SQL.judge_repeated, names)


def _insert(
    connection: Connection, order: UsageBatch, names: Mapping[str, object], accepted: int
) -> None:
    if order.kind == "rows":
        connection.execute(SQL.insert_rows, names)
        connection.execute(SQL.insert_hours_of_new, names)
        return
    if connection.execute(SQL.insert_replaced, names).rowcount < accepted:
        raise Overtaken
    if order.kind == "correction":
        connection.execute(SQL.insert_rows, names)
    connection.execute(SQL.insert_hours_of_change, names)


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


def _root(connection: Connection) -> str:
    with connection.cursor(name="accepted_leaves") as leaves:
        leaves.itersize = LEAVES_AT_ONCE
        leaves.execute(SQL.accepted_leaves)
        return batch_root(leaf for (leaf,) in leaves)
