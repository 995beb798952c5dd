"""An export: one entity's facts, usage rows and policies as NDJSON, and reading it back in memory.

The first line says what follows. A fact keeps every stored column and its leaf, so whoever reads it
checks that nothing was altered before measuring from it. Names of persons are not in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw, Struct

from domain.decimals import EXACT, plain
from domain.errors import Malformed
from domain.facts import Fact
from domain.master import MASTER_CATEGORIES, master_data
from domain.policy import Options
from domain.usage import UsageDay
from store.canonical import FactRow, fact_leaf
from store.codec import CODEC, to_fact
from store.db import Connection, queries
from store.seals import log_digest

SQL = queries(__file__)

FORMAT: Literal["tieout-export-1"] = "tieout-export-1"


class Head(Struct, frozen=True, kw_only=True, tag="export"):
    """What the export is of, up to which position, and the digest over the leaves up to it."""

    format: Literal["tieout-export-1"]
    entity: str
    position: int
    log_digest: str


class ExportedFact(Struct, frozen=True, kw_only=True, tag="fact", omit_defaults=True):
    """The columns of a fact; `payload` is the canonical JSON itself, `leaf` is in hex."""

    entity: str
    position: int
    stream: str
    version: int
    tag: str
    schema_version: int
    effective: date
    sort_order: int
    recorded_at: datetime
    command_id: str
    actor: str
    payload: Raw
    leaf: str
    effective_at: datetime | None = None
    agreed_on: date | None = None
    reason: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None
    source_system: str | None = None
    source_kind: str | None = None
    source_id: str | None = None
    source_version: str | None = None
    corrects: int | None = None


class ExportedRow(Struct, frozen=True, kw_only=True, tag="usage-row", omit_defaults=True):
    """A usage row as one batch brought it; it counts from `position` until `replaced_at`."""

    source: str
    event_id: str
    batch: int
    position: int
    subscription: str
    meter: str
    quantity: Decimal
    occurred_at: datetime
    unit: str | None = None
    dimensions: Raw = Raw(b"{}")
    replaced_at: int | None = None


class ExportedPolicy(Struct, frozen=True, kw_only=True, tag="policy"):
    """The elections of a book from a day on, as the facts say: for readers, not read back."""

    book: str
    since: date
    options: Options


Exported = Head | ExportedFact | ExportedRow | ExportedPolicy


class Source(Struct, frozen=True, kw_only=True):
    """What an export holds, in memory."""

    entity: str
    position: int
    facts: tuple[Fact, ...]
    rows: tuple[ExportedRow, ...]


def export(connection: Connection, entity: str, upto: int) -> Iterator[bytes]:
    """The lines of an export up to a position."""
    names = {"entity": entity, "upto": upto}
    head = Head(
        format=FORMAT,
        entity=entity,
        position=upto,
        log_digest=log_digest(connection, entity, upto=upto),
    )
    yield _line(head)
    facts = []
    with connection.transaction(), connection.cursor(name="exported_facts") as found:
        for *columns, leaf in found.execute(SQL.facts, names):
            row = FactRow(*columns)
            if row.stream.partition(":")[0] in MASTER_CATEGORIES:
                facts.append(to_fact(row, CODEC))
            yield _line(_exported(row, leaf))
    for book, adopted in sorted(master_data(facts).policies.items()):
        for since, options in adopted:
            yield _line(ExportedPolicy(book=book, since=since, options=options))
    with connection.transaction(), connection.cursor(name="exported_rows") as found:
        for row_columns in found.execute(SQL.usage_rows, names):
            yield _line(_exported_row(row_columns))


def read_export(lines: Iterable[bytes]) -> Source:
    """Everything in memory; a line that is not as it was written is refused by its number."""
    decoder = msgspec.json.Decoder(Exported)
    head: Head | None = None
    facts: list[Fact] = []
    rows: list[ExportedRow] = []
    for number, line in enumerate(lines, 1):
        try:
            read: Exported = decoder.decode(line)
        except msgspec.DecodeError as problem:
            raise Malformed("not-an-export", field=f"line {number}", detail=str(problem)) from None
        match read:
            case Head():
                head = read
            case ExportedFact():
                facts.append(_fact(read, number))
            case ExportedRow():
                rows.append(read)
            case ExportedPolicy():
                pass
    if head is None or [fact.position for fact in facts] != list(range(1, head.position + 1)):
        raise Malformed("not-an-export", field="line 1", detail="facts are missing")
    return Source(entity=head.entity, position=head.position, facts=tuple(facts), rows=tuple(rows))


def usage_days(rows: Iterable[ExportedRow], zone: str) -> tuple[UsageDay, ...]:
    """What each batch adds to each local day, and what a later one takes away again."""
    place = ZoneInfo(zone)
    counts: Counter[tuple[str, str, date, int]] = Counter()
    quantities: dict[tuple[str, str, date, int], Decimal] = {}
    for row in rows:
        day = row.occurred_at.astimezone(place).date()
        for position, sign in ((row.position, 1), (row.replaced_at, -1)):
            if position is not None:
                key = (row.subscription, row.meter, day, position)
                counts[key] += sign
                amount = row.quantity.copy_negate() if sign < 0 else row.quantity
                quantities[key] = EXACT.add(quantities.get(key, Decimal(0)), amount)
    return tuple(
        UsageDay(
            subscription=key[0],
            meter=key[1],
            day=key[2],
            position=key[3],
            rows=counts[key],
            quantity=quantities[key],
        )
        for key in sorted(counts)
        if counts[key] or quantities[key]
    )


def _line(value: Exported) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _exported(row: FactRow, leaf: bytes) -> ExportedFact:
    columns = row._asdict() | {"payload": Raw(row.payload.encode()), "leaf": leaf.hex()}
    return ExportedFact(**columns)


def _exported_row(columns: tuple[Any, ...]) -> ExportedRow:
    *known, dimensions, replaced_at = columns
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
    )


def _fact(read: ExportedFact, number: int) -> Fact:
    columns = {name: getattr(read, name) for name in FactRow._fields}
    row = FactRow(**(columns | {"payload": bytes(read.payload).decode()}))
    if fact_leaf(row).hex() != read.leaf:
        raise Malformed("altered-fact", field=f"line {number}", position=read.position)
    return to_fact(row, CODEC)
