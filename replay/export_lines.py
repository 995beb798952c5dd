"""The lines of an export: one JSON object each, told apart by `type`.

The first line says what follows and the last what was written, so that a cut is found. Facts,
refusals and rejected rows keep every stored column and their leaf.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from domain.errors import Malformed
from domain.policy import Options
from store.canonical import FactRow

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
    stream_partition: int | None = None
    stream_offset: int | None = None


class ExportedPolicy(Struct, frozen=True, kw_only=True, tag="policy"):
    """The elections of a book from a day on, as the facts say: for readers, not read back."""

    book: str
    since: date
    options: Options


class ExportedKey(Struct, frozen=True, kw_only=True, tag="key"):
    """What a key stands for: the facts at these positions, or the refusal kept under it.

    `fingerprint` is in hex; it tells a repeat of the same request from another one.
    """

    key: str
    fingerprint: str
    stream: str
    positions: tuple[int, ...]


class ExportedRefusal(Struct, frozen=True, kw_only=True, tag="refusal", omit_defaults=True):
    """The columns of a refusal; `leaf` is in hex."""

    key: str
    stream: str
    command: str
    body: str
    code: str
    context: str
    actor: str
    recorded_at: datetime
    at_position: int
    leaf: str
    field: str | None = None
    reason: str | None = None


class ExportedReject(Struct, frozen=True, kw_only=True, tag="usage-reject", omit_defaults=True):
    """A usage row that was not taken, as it came; `leaf` is in hex."""

    source: str
    batch: int
    row_no: int
    code: str
    raw: str
    leaf: str
    event_id: str | None = None
    field: str | None = None


class End(Struct, frozen=True, kw_only=True, tag="end"):
    """How many lines of each type came, and the SHA-256 over all bytes before this line, in hex."""

    lines: dict[str, int]
    digest: str


Exported = (
    Head
    | ExportedFact
    | ExportedPolicy
    | ExportedKey
    | ExportedRefusal
    | ExportedRow
    | ExportedReject
    | End
)
_decoder = msgspec.json.Decoder(Exported)


def read_line(line: bytes, number: int) -> Exported:
    """A line as it was written; any other is refused by its number."""
    try:
        read: Exported = _decoder.decode(line)
    except msgspec.DecodeError as problem:
        raise Malformed("not-an-export", field=f"line {number}", detail=str(problem)) from None
    return read


def fact_row(read: ExportedFact) -> FactRow:
    """The fact's columns as they are stored."""
    columns = {name: getattr(read, name) for name in FactRow._fields}
    return FactRow(**(columns | {"payload": bytes(read.payload).decode()}))
