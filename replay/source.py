"""An export: all of one entity that is not derived, as NDJSON, and reading it back in memory.

Whoever reads it checks by the leaves that no fact was altered before measuring from it. Names of
persons are not in it: the party vault stays where it is, and facts hold ids and digests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw, Struct, structs

from domain.decimals import plain
from domain.errors import Malformed
from domain.facts import Fact
from domain.master import MASTER_CATEGORIES, master_data
from domain.usage import UsageDay
from domain.written import json_bytes
from replay.export_lines import (
    FORMAT,
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
from store.canonical import FactRow, fact_leaf
from store.codec import CODEC, to_fact
from store.db import Connection, queries
from store.seals import log_digest
from store.usage_days import event_name

SQL = queries(__file__)


class Source(Struct, frozen=True, kw_only=True):
    """What an export holds, in memory."""

    entity: str
    position: int
    facts: tuple[Fact, ...]
    rows: tuple[ExportedRow, ...]


def export(connection: Connection, entity: str, upto: int) -> Iterator[bytes]:
    """The lines of an export up to a position."""
    lines: Counter[str] = Counter()
    digest = sha256()
    for value in _values(connection, entity, upto):
        line = _line(value)
        digest.update(line)
        lines[value.__struct_config__.tag] += 1  # type: ignore[index]
        yield line
    yield _line(End(lines=dict(sorted(lines.items())), digest=digest.hexdigest()))


def _values(connection: Connection, entity: str, upto: int) -> Iterator[Exported]:
    """Facts first: what follows is of batches and keys that they name."""
    yield Head(
        format=FORMAT,
        entity=entity,
        position=upto,
        log_digest=log_digest(connection, entity, upto=upto),
    )
    facts = []
    names = {"entity": entity, "upto": upto}
    for *columns, leaf in _rows(connection, SQL.facts, names):
        row = FactRow(*columns)
        if row.stream.partition(":")[0] in MASTER_CATEGORIES:
            facts.append(to_fact(row, CODEC))
        yield _exported(row, leaf)
    for book, adopted in sorted(master_data(facts).policies.items()):
        for since, options in adopted:
            yield ExportedPolicy(book=book, since=since, options=options)
    for key, fingerprint, stream, positions in _rows(connection, SQL.keys, names):
        yield ExportedKey(
            key=key, fingerprint=fingerprint.hex(), stream=stream, positions=tuple(positions)
        )
    for row_columns in _rows(connection, SQL.refusals, names):
        yield _exported_refusal(row_columns)
    for row_columns in _rows(connection, SQL.usage_rows, names):
        yield _exported_row(row_columns)
    for row_columns in _rows(connection, SQL.usage_rejects, names):
        yield _exported_reject(row_columns)


def _rows(
    connection: Connection, statement: str, names: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """However many, a page of them at a time."""
    with connection.transaction(), connection.cursor(name="exported") as found:
        yield from found.execute(statement.encode(), names)


def read_export(lines: Iterable[bytes]) -> Source:
    """What measuring needs, in memory; a line that is not as it was written is refused."""
    head: Head | None = None
    facts: list[Fact] = []
    rows: list[ExportedRow] = []
    for number, line in enumerate(lines, 1):
        match read_line(line, number):
            case Head() as read:
                head = read
            case ExportedFact() as read:
                facts.append(_fact(read, number))
            case ExportedRow() as read:
                rows.append(read)
            case ExportedPolicy() | ExportedKey() | ExportedRefusal() | ExportedReject() | End():
                pass
    if head is None or [fact.position for fact in facts] != list(range(1, head.position + 1)):
        raise Malformed("not-an-export", field="line 1", detail="facts are missing")
    return Source(entity=head.entity, position=head.position, facts=tuple(facts), rows=tuple(rows))


def usage_rows(rows: Iterable[ExportedRow], zone: str, books: str) -> Iterator[UsageDay]:
    """Each row on its local day, and where a later batch takes it out again.

    `books` is the entity's zone, by which it is earned.
    """
    place, earned = ZoneInfo(zone), None if books == zone else ZoneInfo(books)
    for row in rows:
        brought = UsageDay(
            subscription=row.subscription,
            meter=row.meter,
            day=row.occurred_at.astimezone(place).date(),
            position=row.position,
            rows=1,
            quantity=row.quantity,
            unit=row.unit,
            earned_on=row.occurred_at.astimezone(earned).date() if earned else None,
            at=row.occurred_at,
            event=event_name(row.source, row.event_id),
            dimensions=tuple(
                sorted(msgspec.json.decode(row.dimensions, type=dict[str, str]).items())
            ),
        )
        yield brought
        if row.replaced_at is not None:
            quantity = row.quantity.copy_negate()
            yield structs.replace(brought, position=row.replaced_at, rows=-1, quantity=quantity)


def _line(value: Exported) -> bytes:
    return json_bytes(value) + b"\n"


def _exported(row: FactRow, leaf: bytes) -> ExportedFact:
    columns = row._asdict() | {"payload": Raw(row.payload.encode()), "leaf": leaf.hex()}
    return ExportedFact(**columns)


def _exported_refusal(columns: tuple[Any, ...]) -> ExportedRefusal:
    *known, leaf = columns
    key, stream, command, body, code, field, context, actor, reason, recorded_at, position = known
    return ExportedRefusal(
        key=key,
        stream=stream,
        command=command,
        body=body,
        code=code,
        field=field,
        context=context,
        actor=actor,
        reason=reason,
        recorded_at=recorded_at,
        at_position=position,
        leaf=leaf.hex(),
    )


def _exported_reject(columns: tuple[Any, ...]) -> ExportedReject:
    source, batch, row_no, event_id, code, field, raw, leaf = columns
    return ExportedReject(
        source=source,
        batch=batch,
        row_no=row_no,
        event_id=event_id,
        code=code,
        field=field,
        raw=raw,
        leaf=leaf.hex(),
    )


def _exported_row(columns: tuple[Any, ...]) -> ExportedRow:
    *known, dimensions, replaced_at, stream_partition, stream_offset = columns
    source, event_id, batch, position, subscription, meter, quantity, unit, occurred_at = known
    return ExportedRow(
        source=source,
        event_id=event_id,
        batch=batch,
        position=position,
        subscription=subscription,
        meter=meter,
        quantity=Decimal(plain(quantity)),
        unit=unit,
        occurred_at=occurred_at,
        dimensions=Raw(dimensions.encode()),
        replaced_at=replaced_at,
        stream_partition=stream_partition,
        stream_offset=stream_offset,
    )


def _fact(read: ExportedFact, number: int) -> Fact:
    row = fact_row(read)
    if fact_leaf(row).hex() != read.leaf:
        raise Malformed("altered-fact", field=f"line {number}", position=read.position)
    return to_fact(row, CODEC)
