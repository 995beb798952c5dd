"""Events to columns and back: tags given by hand, canonical JSON payloads, upcasts on read.

The payload holds an event without its tag and without `when`, which are columns of their own. An
unknown tag or a version from the future stops the reader: a fact is never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from domain.deciders import EVENTS
from domain.decimals import plain
from domain.errors import Malformed
from domain.facts import Event, Fact, Source, When
from store.canonical import FactRow, instant, well_formed_json
from store.canonical_form import doubtful, stands
from store.failure import StoreError

Payload = dict[str, Any]
Upcast = Callable[[Payload], Payload]

# (tag, version) -> how a payload of that version becomes one of the next. The version written is
# one above the highest here; a tag that never changed is at version 1.
UPCASTS: Mapping[tuple[str, int], Upcast] = {}

_ENCODE = msgspec.json.Encoder(order="sorted").encode
# `when` comes from the columns; until then the decoder is given any date, so that it can make the
# event itself and nothing is made twice.
_UNDATED = '{"when":{"effective":"2000-01-01"},'
_NOBODY = (None,) * 4
_ONLY = '{"when":{"effective":"2000-01-01"}}'


class Encoded(NamedTuple):
    """An event as the columns tag, schema_version and payload."""

    tag: str
    schema_version: int
    payload: str


class _Shape(NamedTuple):
    """How one tag is written and read at its current version.

    `payload` is the event's twin without tag and `when`, its fields in order of their names.
    """

    tag: str
    version: int
    decode: Callable[[str], Event]
    payload: type[Struct]
    fields: Callable[[Event], tuple[object, ...]]
    doubtful: tuple[str, ...]


class Codec:
    """The table of tags; `EVENTS` and `UPCASTS` make the one in use, tests make others."""

    __slots__ = ("_by_event", "_shapes", "_upcasts")

    def __init__(
        self,
        events: Collection[type[Event]],
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self._upcasts = upcasts
        self._shapes: dict[str, _Shape] = {}
        for event in events:
            tag = tag_of(event)
            assert tag not in self._shapes, tag
            version = 1 + max((last for name, last in upcasts if name == tag), default=0)
            self._shapes[tag] = _shape(event, tag, version)
        self._by_event = {event: self._shapes[tag_of(event)] for event in events}

    def encode(self, event: Event) -> Encoded:
        """Canonical JSON: sorted keys, no blanks, decimals plain, instants in UTC microseconds."""
        shape = self._by_event[type(event)]
        for name in shape.doubtful:
            if not stands(getattr(event, name)):
                payload = _built_json(event, without=("type", "when"))
                break
        else:
            payload = _ENCODE(shape.payload(*shape.fields(event))).decode()
        return Encoded(shape.tag, shape.version, well_formed_json(payload))

    def version_of(self, event: type[Event]) -> int:
        """The schema version that events of this class are written at."""
        return self._by_event[event].version

    def decode(self, encoded: Encoded, when: When) -> Event:
        tag, schema_version, payload = encoded
        shape = self._shapes.get(tag)
        if shape is None or schema_version != shape.version:
            shape, payload = self._upcast(encoded, shape)
        event = shape.decode(_ONLY if payload == "{}" else _UNDATED + payload[1:])
        structs.force_setattr(event, "when", when)
        return event

    def _upcast(self, encoded: Encoded, shape: _Shape | None) -> tuple[_Shape, str]:
        """An old payload as it is written today."""
        if shape is None:
            raise StoreError("unknown-fact-type", f"no event has the tag {encoded.tag}")
        if not 1 <= encoded.schema_version <= shape.version:
            raise StoreError(
                "unknown-fact-version",
                f"{encoded.tag} is known up to version {shape.version}, "
                f"the log has version {encoded.schema_version}; use the newer tieout",
            )
        payload: Payload = msgspec.json.decode(encoded.payload)
        for version in range(encoded.schema_version, shape.version):
            payload = self._upcasts[encoded.tag, version](payload)
        return shape, msgspec.json.encode(payload).decode()


def canonical_json(value: object) -> str:
    """One text for one meaning. Refuses what could not be sealed: NUL, text not in NFC, NaN."""
    text = _ENCODE(value).decode() if stands(value) else _built_json(value)
    return well_formed_json(text)


def _built_json(value: object, without: tuple[str, ...] = ()) -> str:
    """The same by way of builtins, for what msgspec would write in another form."""
    built = msgspec.to_builtins(
        value, builtin_types=(Decimal, datetime), order="sorted", enc_hook=str
    )
    for name in without:
        built.pop(name, None)
    return _ENCODE(_plain(built)).decode()


def tag_of(kind: type[Struct]) -> str:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str), kind
    return tag


def to_row(fact: Fact, encoded: Encoded) -> FactRow:
    when, source = fact.event.when, fact.source
    tag, schema_version, payload = encoded
    assert when.order is not None, fact
    system, kind, name, version = _NOBODY if source is None else structs.astuple(source)
    # fmt: off
    return FactRow(
        fact.entity, fact.position, fact.stream, fact.version, tag, schema_version, when.effective,
        when.at, when.agreed_on, when.order, fact.recorded_at, fact.command_id, fact.actor,
        fact.reason, fact.correlation_id, fact.causation_id, fact.trace_id, system, kind, name,
        version, fact.corrects, payload)
    # fmt: on


def to_fact(row: Sequence[Any], codec: Codec) -> Fact:
    """The fact of a row as `FactRow` names its columns, whether it is one or plainly fetched."""
    # fmt: off
    (entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
     sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
     source_system, source_kind, source_id, source_version, corrects, payload) = row
    # fmt: on
    when = When(effective=effective, agreed_on=agreed_on, order=sort_order, at=effective_at)
    source = None
    if source_id is not None:
        source = Source(
            system=source_system, kind=source_kind, id=source_id, version=source_version
        )
    return Fact(
        entity=entity,
        position=position,
        stream=stream,
        version=version,
        event=codec.decode(Encoded(tag, schema_version, payload), when),
        recorded_at=recorded_at,
        command_id=command_id,
        actor=actor,
        reason=reason,
        correlation_id=correlation_id,
        causation_id=causation_id,
        trace_id=trace_id,
        source=source,
        corrects=corrects,
        schema=schema_version,
    )


def _shape(event: type[Event], tag: str, version: int) -> _Shape:
    names = sorted(name for name in event.__struct_fields__ if name != "when")
    return _Shape(
        tag=tag,
        version=version,
        decode=msgspec.json.Decoder(event).decode,
        payload=msgspec.defstruct(event.__name__, [(name, Any) for name in names]),
        fields=_getter(names),
        doubtful=tuple(name for name in doubtful(event) if name != "when"),
    )


def _getter(names: Sequence[str]) -> Callable[[Event], tuple[Any, ...]]:
    """By attrgetter, which gives a tuple only for two names and more."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda event: tuple(getattr(event, name) for name in names)


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
