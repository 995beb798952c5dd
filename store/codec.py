"""Events to columns and back: tags given by hand, canonical JSON payloads, upcasts on read.

The payload holds an event without its tag and without `when`, which are columns of their own. An
unknown tag or a version from the future stops the reader: a fact is never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from domain.deciders import EVENTS
from domain.decimals import plain
from domain.errors import Malformed
from domain.facts import Event, Fact, Source, When
from store.canonical import FactRow, instant, well_formed_json
from store.failure import StoreError

Payload = dict[str, Any]
Upcast = Callable[[Payload], Payload]

# (tag, version) -> how a payload of that version becomes one of the next. The version written is
# one above the highest here; a tag that never changed is at version 1.
UPCASTS: Mapping[tuple[str, int], Upcast] = {}


class Encoded(NamedTuple):
    """An event as the columns tag, schema_version and payload."""

    tag: str
    schema_version: int
    payload: str


class _Shape(NamedTuple):
    """How one tag is read at its current version."""

    event: type[Event]
    version: int
    decoder: msgspec.json.Decoder[Struct]


class Codec:
    """The table of tags; `EVENTS` and `UPCASTS` make the one in use, tests make others."""

    __slots__ = ("_shapes", "_upcasts")

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self._upcasts = upcasts
        self._shapes: dict[str, _Shape] = {}
        for event in events:
            tag = tag_of(event)
            assert tag not in self._shapes, tag
            version = 1 + max((last for name, last in upcasts if name == tag), default=0)
            self._shapes[tag] = _Shape(event, version, _decoder(event))

    def encode(self, event: Event) -> Encoded:
        """Canonical JSON: sorted keys, no blanks, decimals plain, instants in UTC microseconds."""
        payload = canonical_json(event, without=("type", "when"))
        return Encoded(tag_of(type(event)), self.version_of(type(event)), payload)

    def version_of(self, event: type[Event]) -> int:
        """The schema version that events of this class are written at."""
        return self._shapes[tag_of(event)].version

    def decode(self, encoded: Encoded, when: When) -> Event:
        shape = self._shapes.get(encoded.tag)
        if shape is None:
            raise StoreError("unknown-fact-type", f"no event has the tag {encoded.tag}")
        if not 1 <= encoded.schema_version <= shape.version:
            raise StoreError(
                "unknown-fact-version",
                f"{encoded.tag} is known up to version {shape.version}, "
                f"the log has version {encoded.schema_version}; use the newer tieout",
            )
        payload = self._upcast(encoded, shape.version)
        fields = msgspec.structs.asdict(shape.decoder.decode(payload))
        return shape.event(when=when, **fields)

    def _upcast(self, encoded: Encoded, current: int) -> str | bytes:
        if encoded.schema_version == current:
            return encoded.payload
        payload: Payload = msgspec.json.decode(encoded.payload)
        for version in range(encoded.schema_version, current):
            payload = self._upcasts[encoded.tag, version](payload)
        return msgspec.json.encode(payload)


def canonical_json(value: object, without: tuple[str, ...] = ()) -> str:
    """One text for one meaning. Refuses what could not be sealed: NUL, text not in NFC, NaN."""
    built = msgspec.to_builtins(
        value, builtin_types=(Decimal, datetime), order="sorted", enc_hook=str
    )
    for name in without:
        built.pop(name, None)
    text = msgspec.json.encode(_plain(built), order="sorted").decode()
    return well_formed_json(text)


def tag_of(kind: type[Struct]) -> str:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str), kind
    return tag


def to_row(fact: Fact, encoded: Encoded) -> FactRow:
    when, source = fact.when, fact.source
    assert when.order is not None, fact
    return FactRow(
        entity=fact.entity,
        position=fact.position,
        stream=fact.stream,
        version=fact.version,
        tag=encoded.tag,
        schema_version=encoded.schema_version,
        effective=when.effective,
        effective_at=when.at,
        agreed_on=when.agreed_on,
        sort_order=when.order,
        recorded_at=fact.recorded_at,
        command_id=fact.command_id,
        actor=fact.actor,
        reason=fact.reason,
        correlation_id=fact.correlation_id,
        causation_id=fact.causation_id,
        trace_id=fact.trace_id,
        source_system=source.system if source else None,
        source_kind=source.kind if source else None,
        source_id=source.id if source else None,
        source_version=source.version if source else None,
        corrects=fact.corrects,
        payload=encoded.payload,
    )


def to_fact(row: FactRow, codec: Codec) -> Fact:
    when = When(
        effective=row.effective,
        agreed_on=row.agreed_on,
        order=row.sort_order,
        at=row.effective_at,
    )
    return Fact(
        entity=row.entity,
        position=row.position,
        stream=row.stream,
        version=row.version,
        event=codec.decode(Encoded(row.tag, row.schema_version, row.payload), when),
        recorded_at=row.recorded_at,
        command_id=row.command_id,
        actor=row.actor,
        reason=row.reason,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        trace_id=row.trace_id,
        source=_source(row),
        corrects=row.corrects,
        schema=row.schema_version,
    )


def _source(row: FactRow) -> Source | None:
    if row.source_id is None:
        return None
    assert row.source_system is not None, row
    assert row.source_kind is not None, row
    assert row.source_version is not None, row
    return Source(
        system=row.source_system,
        kind=row.source_kind,
        id=row.source_id,
        version=row.source_version,
    )


def _decoder(event: type[Event]) -> msgspec.json.Decoder[Struct]:
    """A typed decoder of the event's own fields: what the columns hold is not in the payload."""
    fields = [
        (field.name, field.type, _default(field))
        for field in msgspec.structs.fields(event)
        if field.name != "when"
    ]
    payload = msgspec.defstruct(event.__name__, fields, kw_only=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(payload)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field(default=field.default)


def _plain(value: Any) -> Any:
    """Builtins with decimals and instants in their one canonical form."""
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case Decimal():
            if not value.is_finite():
                raise Malformed("not-finite", value=str(value))
            return plain(value)
        case datetime():
            return instant(value)
        case _:
            return value


CODEC = Codec(EVENTS)
