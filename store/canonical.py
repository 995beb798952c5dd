"""Canonical bytes of facts, entries and usage rows, and the SHA-256 leaves over them.

The encodings are documented with test vectors in docs/reference/canonical-encodings.md. A leaf is
sealed for ever: whoever changes a byte here needs a new encoding name beside the old one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple, assert_never
from unicodedata import is_normalized

import msgspec

from domain.decimals import plain
from domain.errors import Malformed
from domain.journal import Entry, Line, Slot

FACT = "tieout-fact-1"
ENTRY = "tieout-entry-1"
USAGE = "tieout-usage-1"
BATCH = "tieout-usage-batch-1"
KEPT = "tieout-kept-1"
COMMAND = "tieout-command-1"
JOURNAL = "tieout-journal-1"
SEAL = "tieout-seal-1"
PARTY = "tieout-party-1"

_JSON = msgspec.json.Encoder().encode
_ABSENT = b"\xff\xff\xff\xff"
# A NUL in JSON text is the escape after an even number of backslashes.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

Value = str | int | date | Decimal | None


class FactRow(NamedTuple):
    """The columns of `fact` without its leaf, in the order of the table."""

    entity: str
    position: int
    stream: str
    version: int
    tag: str
    schema_version: int
    effective: date
    effective_at: datetime | None
    agreed_on: date | None
    sort_order: int
    recorded_at: datetime
    command_id: str
    actor: str
    reason: str | None
    correlation_id: str | None
    causation_id: str | None
    trace_id: str | None
    source_system: str | None
    source_kind: str | None
    source_id: str | None
    source_version: str | None
    corrects: int | None
    payload: str


class UsageLeafRow(NamedTuple):
    """What a usage row says, apart from the batch that brought it."""

    entity: str
    source: str
    event_id: str
    subscription: str
    meter: str
    quantity: Decimal
    unit: str | None
    occurred_at: datetime
    dimensions: str


def fact_leaf(row: FactRow) -> bytes:
    """SHA-256 over every column of the envelope and the payload."""
    return _digest(FACT, row._asdict())


def entry_leaf(entry: Entry) -> bytes:
    """SHA-256 over an entry and its lines in order of their slots, without the entry's number."""
    head = _record(
        ENTRY,
        {
            "book": entry.book,
            "booked": entry.booked,
            "currency": entry.currency,
            "entity": entry.entity,
            "functional_currency": entry.functional_currency,
            "known_at": entry.known_at,
            "lines": len(entry.lines),
            "unit": entry.unit,
        },
    )
    lines = sorted((_slot_key(line.slot), _line(line)) for line in entry.lines)
    return sha256(head + b"".join(encoded for _, encoded in lines)).digest()


def usage_leaf(row: UsageLeafRow) -> bytes:
    """SHA-256 over what a usage row says: its fingerprint, and its leaf in the batch's root."""
    return _digest(USAGE, row._asdict())


def retraction_leaf(entity: str, source: str, event_id: str) -> bytes:
    """SHA-256 over what a row of a retraction says: which event never was."""
    return _digest(USAGE, {"entity": entity, "event_id": event_id, "source": source})


def bucket(entity: str, source: str, event_id: str) -> int:
    """0 to 255, alike on every machine: spreads the usage of one entity evenly over the nodes."""
    return sha256(_text(entity) + _text(source) + _text(event_id)).digest()[0]


def batch_root(leaves: Iterable[bytes]) -> str:
    """SHA-256 over the leaves of the accepted rows in order of (source, event id), in hex."""
    return chained(BATCH, leaves, {})


def kept_leaf(columns: Mapping[str, Value]) -> bytes:
    """SHA-256 over the columns of a refusal or of a rejected row."""
    return _digest(KEPT, columns)


def command_fingerprint(columns: Mapping[str, Value]) -> bytes:
    """SHA-256 over what a command asks: a key stands for one request, repeated or misused."""
    return _digest(COMMAND, columns)


def journal_digest(leaves: Iterable[bytes]) -> str:
    """SHA-256 over the leaves of a period's entries, in hex.

    In order of (run, unit, functional currency).
    """
    return chained(JOURNAL, leaves, {})


def kept_digest(leaves: Iterable[bytes]) -> str:
    """SHA-256 over the leaves of what was refused, in hex."""
    return chained(KEPT, leaves, {})


def seal_digest(columns: Mapping[str, Value]) -> str:
    """SHA-256 over what a period's seal says, in hex."""
    return chained(SEAL, (), columns)


def party_digest(salt: bytes, content: str) -> bytes:
    """SHA-256 over a salt and a party's content; without the salt nobody can guess the content."""
    return _digest(PARTY, {"content": content, "salt": salt.hex()})


def chained(name: str, leaves: Iterable[bytes], fields: Mapping[str, Value]) -> str:
    """SHA-256 over a record and then leaves in the order given, in hex."""
    digest = sha256(_record(name, fields))
    for leaf in leaves:
        digest.update(leaf)
    return digest.hexdigest()


def instant(moment: datetime) -> str:
    """UTC with six digits of microseconds: 2026-01-31T23:59:59.000000Z."""
    assert moment.tzinfo is not None, moment
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # As msgspec writes it, in a tenth of the time of isoformat: without a fraction that is zero.
    text = _JSON(moment).decode()
    return text[1:-1] if moment.microsecond else f"{text[1:-2]}.000000Z"


def well_formed(text: str, field: str) -> str:
    """The text, if it can be stored and hashed as it stands: Unicode in NFC, without NUL.

    Refused rather than normalised: what is sealed is what was sent, byte for byte.
    """
    if "\x00" in text:
        raise Malformed("nul-character", field=field)
    if not text.isascii():
        _composed(text, field)
    return text


def well_formed_json(text: str) -> str:
    """The same for a whole JSON text, where a NUL stands escaped."""
    if "\\u0000" in text and _NUL.search(text):
        raise Malformed("nul-character")
    if not text.isascii():
        _composed(text, None)
    return text


def _composed(text: str, field: str | None) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("not-unicode", field=field) from None
    if not is_normalized("NFC", text):
        raise Malformed("not-nfc", field=field)


def _digest(name: str, fields: Mapping[str, Value]) -> bytes:
    return sha256(_record(name, fields)).digest()


def _record(name: str, fields: Mapping[str, Value]) -> bytes:
    """The encoding's name, then each field as name and value, in ascending order of names."""
    pattern, values = _layout(name, tuple(fields))
    return pattern % (*map(_field, values(fields)),)


@cache
def _layout(name: str, keys: tuple[str, ...]) -> tuple[bytes, Callable[[Any], Iterable[Value]]]:
    """What is alike in all records of one kind, with a gap for each value; and their order."""
    ordered = sorted(keys)
    pattern = _text(name).replace(b"%", b"%%")
    for key in ordered:
        pattern += _text(key).replace(b"%", b"%%") + b"%b"
    if len(ordered) > 1:
        return pattern, itemgetter(*ordered)
    return pattern, lambda fields: [fields[key] for key in ordered]


def _field(value: Value) -> bytes:
    """A value as text, or what is absent as the length 2^32-1 alone."""
    if value is None:
        return _ABSENT
    if isinstance(value, str):
        data = value.encode()
        return len(data).to_bytes(4, "big") + data
    if isinstance(value, int):
        return _text(str(value))
    if isinstance(value, datetime):
        return _text(instant(value))
    if isinstance(value, date):
        return _text(value.isoformat())
    if isinstance(value, Decimal):
        return _text(plain(value))
    assert_never(value)


def _text(text: str) -> bytes:
    """Four bytes of length, big-endian, then UTF-8."""
    data = text.encode()
    return len(data).to_bytes(4, "big") + data


def _slot_key(slot: Slot) -> tuple[str, ...]:
    return (
        slot.earned.isoformat(),
        slot.kind,
        slot.subject,
        slot.account,
        slot.obligation,
        slot.document,
    )


def _line(line: Line) -> bytes:
    slot = line.slot
    return _record(
        "line",
        {
            "account": slot.account,
            "accounting_date": line.accounting_date,
            "causes": " ".join(str(cause) for cause in sorted(line.causes)),
            "document": slot.document,
            "earned": slot.earned,
            "functional_minor": line.functional_minor,
            "kind": slot.kind,
            "minor": line.minor,
            "obligation": slot.obligation,
            "rule": line.rule,
            "subject": slot.subject,
        },
    )
