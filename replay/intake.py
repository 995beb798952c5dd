"""An export taken in whole, into an entity that has nothing yet: the same log, the same keys.

What is not derived is stored as it was: facts with their leaves, what every key stands for, what
was refused, usage rows with who replaced them. The poster then makes the same journal of it. All of
it goes in, or nothing does: one transaction, and in memory no more than some thousand lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date
from hashlib import sha256
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from msgspec import Struct

from domain.errors import Malformed, Rejected
from replay.export_lines import (
    End,
    Exported,
    ExportedFact,
    ExportedKey,
    ExportedPolicy,
    ExportedRefusal,
    ExportedReject,
    ExportedRow,
    Head,
    fact_row,
    read_line,
)
from store import copying, log
from store.canonical import (
    UsageLeafRow,
    batch_root,
    bucket,
    fact_leaf,
    kept_leaf,
    retraction_leaf,
    usage_leaf,
)
from store.db import Connection, queries
from store.keys import Known, Refusal, refusal_leaf, write_keys, write_refusals
from store.seals import log_digest
from store.usage_stage import make_months

SQL = queries(__file__)

TOGETHER = 5_000
_ROW_TYPES = [
    *("int2", "text", "text", "text", "int8", "text", "text", "numeric", "text", "timestamptz"),
    *("text", "int4", "int8"),
]
_KEY_TYPES = ["int2", "text", "text", "text", "int8", "bytea"]
_REPLACED_TYPES = ["int2", "text", "text", "text", "int8", "int8"]
_REJECT_TYPES = ["text", "text", "int8", "int8", "text", "text", "text", "text", "bytea"]

Told = Callable[[str, int], None]


class Intake(Struct, frozen=True, kw_only=True):
    """What was taken in: lines by type, and the log as it stands now."""

    entity: str
    position: int
    log_digest: str
    lines: dict[str, int]


class _Batch(Struct, frozen=True):
    """A usage batch as its fact tells it."""

    number: int
    source: str
    kind: str
    rejected: int
    root: str


class _State(Struct, kw_only=True):
    """How far the intake is."""

    connection: Connection
    head: log.Head
    position: int
    log_digest: str
    batches: dict[int, _Batch] = {}
    months: set[date] = set()
    has_log: bool = False

    @property
    def entity(self) -> str:
        return self.head.entity


def take_export(connection: Connection, lines: Iterable[bytes], told: Told | None = None) -> Intake:
    """Raises Malformed for a file that is cut, altered or no export; Rejected where there is
    something of the entity already.
    """
    say = told or _silent
    counts: Counter[str] = Counter()
    with connection.transaction():
        connection.execute(SQL.no_time_limit)
        values = _read(lines)
        state = _begin(connection, next(values, None))
        for kind, group in groupby(values, type):
            while chunk := list(islice(group, TOGETHER)):
                _take(state, kind, chunk)
                counts[kind.__name__] += len(chunk)
                say(_WORDS[kind], counts[kind.__name__])
        _require_log(state)
        _finish(state)
    return Intake(
        entity=state.entity,
        position=state.position,
        log_digest=state.log_digest,
        lines={_WORDS[kind]: counts[kind.__name__] for kind in _WORDS if counts[kind.__name__]},
    )


_WORDS: dict[type, str] = {
    ExportedFact: "facts",
    ExportedPolicy: "policies",
    ExportedKey: "keys",
    ExportedRefusal: "refusals",
    ExportedRow: "usage rows",
    ExportedReject: "rejected usage rows",
}


def _silent(kind: str, count: int) -> None:
    """Nobody listens."""


# --- lines ---------------------------------------------------------------------------------------


def _read(lines: Iterable[bytes]) -> Iterator[Exported]:
    """Every line but the last, which must say that these are all, byte for byte."""
    counts: Counter[str] = Counter()
    digest = sha256()
    end: End | None = None
    for number, line in enumerate(lines, 1):
        if end is not None:
            raise Malformed("not-an-export", field=f"line {number}", detail="follows the end")
        read = read_line(line, number)
        if isinstance(read, End):
            end = read
            continue
        digest.update(line)
        counts[str(read.__struct_config__.tag)] += 1
        yield read
    if end is None or end.lines != counts:
        raise Malformed("truncated-export", field="end", lines=sum(counts.values()))
    if end.digest != digest.hexdigest():
        raise Malformed("altered-export", field="end", detail="digest")


def _begin(connection: Connection, head: Exported | None) -> _State:
    """The entity's head, locked for all of the intake; it must not have moved before."""
    if head is None:
        raise Malformed("truncated-export", field="line 1", lines=0)
    if not isinstance(head, Head):
        raise Malformed("not-an-export", field="line 1", detail="does not begin one")
    locked = log.lock_head(connection, head.entity)
    (is_there,) = connection.execute(SQL.is_there, {"entity": head.entity}).fetchone() or (True,)
    if locked.position or is_there:
        raise Rejected("entity-not-empty", field="entity", position=locked.position)
    return _State(
        connection=connection, head=locked, position=head.position, log_digest=head.log_digest
    )


def _take(state: _State, kind: type, chunk: list[Any]) -> None:
    if kind is ExportedFact:
        _take_facts(state, chunk)
        return
    _require_log(state)
    if kind is ExportedKey:
        keys = ((row.key, _known(row)) for row in chunk)
        write_keys(state.connection, state.entity, keys)
    elif kind is ExportedRefusal:
        write_refusals(state.connection, [_refusal(state.entity, row) for row in chunk])
    elif kind is ExportedRow:
        _take_rows(state, chunk)
    elif kind is ExportedReject:
        rejects = [_reject(state.entity, row) for row in chunk]
        copying.write_rows(state.connection, SQL.copy_rejects, _REJECT_TYPES, rejects)
    elif kind is not ExportedPolicy:
        # Policies are repeated for readers; the facts have them.
        raise Malformed("not-an-export", detail="begins twice")


# --- the log -------------------------------------------------------------------------------------


def _take_facts(state: _State, chunk: Sequence[ExportedFact]) -> None:
    rows = [fact_row(read) for read in chunk]
    for position, (row, read) in enumerate(zip(rows, chunk, strict=True), state.head.position + 1):
        if row.position != position:
            raise Malformed("truncated-export", field="position", position=position)
        if row.entity != state.entity or fact_leaf(row).hex() != read.leaf:
            raise Malformed("altered-fact", field="leaf", position=position)
    state.head = log.write_rows(state.connection, state.head, rows)


def _require_log(state: _State) -> None:
    """Once all facts are there: the log as the export says it was, and what its facts repeat."""
    if state.has_log:
        return
    connection, names = state.connection, {"entity": state.entity}
    if state.head.position != state.position:
        raise Malformed("truncated-export", field="position", position=state.head.position)
    if log_digest(connection, state.entity) != state.log_digest:
        raise Malformed("altered-export", field="log_digest", detail="facts")
    connection.execute(SQL.insert_approvals, names)
    connection.execute(SQL.insert_numbers, names)
    connection.execute(SQL.count_numbers, names)
    connection.execute(SQL.insert_batches, names)
    connection.execute(SQL.pass_batch_numbers, names)
    for position, *batch in connection.execute(SQL.batches, names):
        state.batches[position] = _Batch(*batch)
    state.has_log = True


def _known(read: ExportedKey) -> Known:
    return Known(_bytes(read.fingerprint), read.stream, read.positions)


def _refusal(entity: str, read: ExportedRefusal) -> Refusal:
    columns = {name: getattr(read, name) for name in Refusal._fields if name != "entity"}
    row = Refusal(entity=entity, **columns)
    if refusal_leaf(row).hex() != read.leaf:
        raise Malformed("altered-export", field="leaf", key=read.key)
    return row


def _reject(entity: str, read: ExportedReject) -> tuple[object, ...]:
    columns: dict[str, str | int | None] = {
        "entity": entity,
        "source": read.source,
        "batch": read.batch,
        "row_no": read.row_no,
        "event_id": read.event_id,
        "code": read.code,
        "field": read.field,
        "raw": read.raw,
    }
    leaf = kept_leaf(columns)
    if leaf.hex() != read.leaf:
        raise Malformed("altered-export", field="leaf", batch=read.batch, row_no=read.row_no)
    return (*columns.values(), leaf)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Malformed("not-an-export", field="fingerprint", detail=text) from None


# --- usage ---------------------------------------------------------------------------------------


def _take_rows(state: _State, chunk: Sequence[ExportedRow]) -> None:
    """Rows, the ids they took, and by whom they were replaced."""
    connection, entity = state.connection, state.entity
    months = {read.occurred_at.astimezone(UTC).date().replace(day=1) for read in chunk}
    if fresh := months - state.months:
        make_months(connection, fresh)
        state.months |= fresh
    rows, keys, replaced = [], [], []
    for read in chunk:
        batch = _batch(state, read.position)
        key = (bucket(entity, read.source, read.event_id), entity, read.source, read.event_id)
        content = _content(entity, read)
        place = (read.stream_partition, read.stream_offset)
        rows.append((*key, batch.number, *content[3:8], content.dimensions, *place))
        if batch.kind == "rows":
            keys.append((*key, batch.number, usage_leaf(content)))
        if read.replaced_at is not None:
            replaced.append((*key, batch.number, _batch(state, read.replaced_at).number))
    copying.write_rows(connection, SQL.copy_rows, _ROW_TYPES, rows)
    copying.write_rows(connection, SQL.copy_keys, _KEY_TYPES, keys)
    copying.write_rows(connection, SQL.copy_replaced, _REPLACED_TYPES, replaced)


def _batch(state: _State, position: int) -> _Batch:
    if position not in state.batches:
        raise Malformed("altered-export", field="position", position=position)
    return state.batches[position]


def _content(entity: str, read: ExportedRow) -> UsageLeafRow:
    return UsageLeafRow(
        entity=entity,
        source=read.source,
        event_id=read.event_id,
        subscription=read.subscription,
        meter=read.meter,
        quantity=read.quantity,
        unit=read.unit,
        occurred_at=read.occurred_at,
        dimensions=bytes(read.dimensions).decode(),
    )


def _finish(state: _State) -> None:
    """Hourly totals; then every batch must come to the root that its fact tells, row by row."""
    connection, names = state.connection, {"entity": state.entity}
    connection.execute(SQL.insert_hours, names)
    rejected: dict[int, int] = dict(connection.execute(SQL.rejected_rows, names).fetchall())
    roots = dict(chain(_roots(state, SQL.rows_by_batch), _roots(state, SQL.retracted_by_batch)))
    nothing = batch_root(())
    for position, batch in state.batches.items():
        if roots.get(position, nothing) != batch.root:
            raise Malformed("altered-export", field="root", position=position)
        if rejected.get(batch.number, 0) != batch.rejected:
            raise Malformed("truncated-export", field="rejected", position=position)


def _roots(state: _State, statement: str) -> Iterator[tuple[int, str]]:
    """The root over the rows that each batch brought or took out, from the rows as stored."""
    names = {"entity": state.entity}
    with state.connection.cursor(name="rows_by_batch") as found:
        rows = found.execute(statement.encode(), names)
        for position, group in groupby(rows, itemgetter(0)):
            yield position, batch_root(_leaf(state.entity, row) for _, *row in group)


def _leaf(entity: str, columns: Sequence[Any]) -> bytes:
    if len(columns) == len(("source", "event_id")):
        return retraction_leaf(entity, *columns)
    return usage_leaf(UsageLeafRow(entity, *columns))
