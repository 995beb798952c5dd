"""One raw usage row as it comes in: read exactly, or refused with a code and the field at fault.

A row is a mapping, a `UsageRow`, a CloudEvent, a line of JSON in bytes, or a text that is no record
at all.

Nothing is guessed: a binary float is refused, because the decimal its sender meant is lost, and so
is a timestamp without its offset from UTC.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from domain.errors import Malformed
from domain.quantity import quantity
from domain.usage import UsageRow
from store.canonical import well_formed
from store.cloud_event import THEIRS, CloudEvent, row_of
from store.cloud_event import event_id_of as cloud_event_id

REQUIRED = ("event_id", "subscription", "meter", "quantity", "occurred_at")
KNOWN = frozenset({*REQUIRED, "unit", "dimensions"})
# An index entry has to hold three of them.
LONGEST_TEXT = 512
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_TOO_FINE = re.compile(r"\.\d{6}\d*[1-9]")

Raw = Mapping[str, Any] | UsageRow | CloudEvent | bytes


class Refused(NamedTuple):
    """A row that could not be read, or was not taken, as it is kept."""

    row_no: int
    event_id: str | None
    code: str
    field: str | None
    raw: str


def read_row(raw: Raw | str) -> UsageRow:
    """A whole row of a batch of rows or of corrections."""
    raw = row_of(raw) if isinstance(raw, CloudEvent) else _opened(raw)
    if isinstance(raw, str):
        raise Malformed("not-a-row")
    if isinstance(raw, UsageRow):
        fields: Mapping[str, Any] = msgspec.structs.asdict(raw)
    else:
        fields = _only_known(raw, KNOWN, REQUIRED)
    unit = fields.get("unit")
    return UsageRow(
        event_id=read_text(fields["event_id"], "event_id"),
        subscription=read_text(fields["subscription"], "subscription"),
        meter=read_text(fields["meter"], "meter"),
        quantity=read_quantity(fields["quantity"]),
        occurred_at=read_instant(fields["occurred_at"]),
        unit=None if unit is None else read_text(unit, "unit"),
        dimensions=read_dimensions(fields.get("dimensions") or {}),
    )


def read_event_id(raw: Raw | str) -> str:
    """A row of a retraction: the id of the event that never was."""
    if isinstance(raw, CloudEvent):
        return read_text(cloud_event_id(raw), "event_id")
    raw = _opened(raw)
    if isinstance(raw, UsageRow):
        return read_text(raw.event_id, "event_id")
    if isinstance(raw, str):
        return read_text(raw, "event_id")
    return read_text(_only_known(raw, KNOWN, ("event_id",))["event_id"], "event_id")


def read_text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise Malformed("not-a-text", field=field)
    if not value:
        raise Malformed("empty-text", field=field)
    if len(value) > LONGEST_TEXT:
        raise Malformed("text-too-long", field=field)
    return well_formed(value, field)


def refused(row_no: int, raw: Raw | str, problem: Malformed) -> Refused:
    """A row that could not be read, and why."""
    if isinstance(raw, CloudEvent):
        field = THEIRS.get(problem.field or "", problem.field)
        return Refused(row_no, _id_of(raw), problem.code, field, raw_text(raw.event))
    opened = _opened(raw)
    return Refused(row_no, event_id_of(opened), problem.code, problem.field, raw_text(opened))


def raw_text(raw: object) -> str:
    """A row as it came, in a form that can be kept whatever is in it: JSON in plain ASCII."""
    if isinstance(raw, UsageRow):
        raw = msgspec.structs.asdict(raw)
    return json.dumps(raw, default=str, sort_keys=False, skipkeys=True)


def event_id_of(raw: object) -> str | None:
    """The id of a row that was refused, if it has one that can be stored."""
    named = raw.event_id if isinstance(raw, UsageRow) else raw
    if isinstance(raw, Mapping):
        named = raw.get("event_id")
    try:
        return read_text(named, "event_id")
    except Malformed:
        return None


def _id_of(event: CloudEvent) -> str | None:
    try:
        return read_event_id(event)
    except Malformed:
        return None


def _opened(raw: Mapping[str, Any] | UsageRow | bytes | str) -> Mapping[str, Any] | UsageRow | str:
    """A line of JSON as what it says; what is no JSON is its own text."""
    if not isinstance(raw, bytes):
        return raw
    try:
        found: Mapping[str, Any] | str = json.loads(raw, parse_constant=str)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")
    return found


def _only_known(
    raw: Mapping[str, Any], known: frozenset[str], required: tuple[str, ...]
) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise Malformed("not-a-row")
    for name in required:
        if raw.get(name) is None:
            raise Malformed("missing-field", field=name)
    if not raw.keys() <= known:
        raise Malformed("unknown-field", field=str(min(raw.keys() - known, key=str)))
    return raw


def read_quantity(value: object) -> Decimal:
    match value:
        case bool():
            raise Malformed("not-a-decimal", field="quantity")
        case float():
            raise Malformed("inexact-number", field="quantity")
        case Decimal() | int():
            return quantity(value)
        case str() if _NUMBER.fullmatch(value) or value.strip().lower().lstrip("+-") in _ENDLESS:
            return quantity(value)
        case _:
            raise Malformed("not-a-decimal", field="quantity")


_ENDLESS = frozenset({"nan", "snan", "inf", "infinity"})


def read_instant(value: object) -> datetime:
    match value:
        case datetime():
            moment = value
        case str() if not _TOO_FINE.search(value):
            try:
                moment = msgspec.convert(value, datetime)
            except msgspec.ValidationError:
                raise Malformed("bad-timestamp", field="occurred_at") from None
        case str():
            raise Malformed("wrong-scale", field="occurred_at")
        case _:
            raise Malformed("bad-timestamp", field="occurred_at")
    if moment.tzinfo is None:
        raise Malformed("no-utc-offset", field="occurred_at")
    if not EARLIEST <= moment < LATEST:
        raise Malformed("timestamp-out-of-range", field="occurred_at")
    return moment


def read_dimensions(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Malformed("not-texts", field="dimensions")
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise Malformed("not-texts", field="dimensions")
        well_formed(name, "dimensions")
        well_formed(text, "dimensions")
    return dict(value)
