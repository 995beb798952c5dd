"""JSON as it comes in, read exactly or refused with a code and the field at fault.

A binary float is refused wherever it stands: the decimal its sender meant is lost. Decimals are
texts or whole numbers, money is whole minor units.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from domain.deciders import Command
from domain.errors import Malformed
from domain.facts import Source
from store.request import Request

Shape = TypeVar("Shape")
# What the decoder says of these names no form that a person could write.
IN_WORDS = {
    "Invalid RFC3339 encoded date": "a date written YYYY-MM-DD",
    "Invalid RFC3339 encoded datetime": "an instant written as in RFC 3339",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sender states of a request; the entity may come from the address instead."""

    stream: str
    command: Command | None = None
    entity: str | None = None
    key: str | None = None
    actor: str | None = None
    reason: str | None = None
    source: Source | None = None
    corrects: int | None = None
    expected_version: int | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None


class _Inexact:
    """A number with a point or an exponent, until it is known where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text


def read_json(body: bytes | str) -> Any:
    """The value of a JSON text, without floats, NaN, infinities or a field given twice."""
    try:
        value = json.loads(
            body, parse_float=_Inexact, parse_constant=_Inexact, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as problem:
        raise Malformed("malformed-json", detail=str(problem)) from None
    for path, found in _inexact(value, "$"):
        finite = found.text.lstrip("-")[:1].isdigit()
        raise Malformed("inexact-number" if finite else "not-finite", field=path, value=found.text)
    return value


def read_as(value: object, shape: type[Shape]) -> Shape:
    """The value as a struct; what is missing, unknown or of another kind is named by its place."""
    try:
        read = msgspec.convert(value, shape)
    except msgspec.ValidationError as problem:
        raise _malformed(str(problem)) from None
    for path, number in _decimals(read, "$"):
        if not number.is_finite():
            raise Malformed("not-finite", field=path, value=str(number))
    return read


def read_request(
    value: object, *, entity: str | None = None, key: str | None = None, actor: str | None = None
) -> Request:
    """A request from its JSON and from what is said outside of it, which must not contradict."""
    asked = read_as(value, Asked)
    return Request(
        entity=_one(entity, asked.entity, "entity"),
        stream=asked.stream,
        key=_one(key, asked.key, "key"),
        command=asked.command,
        actor=asked.actor or actor or "system",
        reason=asked.reason,
        source=asked.source,
        corrects=asked.corrects,
        expected_version=asked.expected_version,
        correlation_id=asked.correlation_id,
        causation_id=asked.causation_id,
        trace_id=asked.trace_id,
    )


def read_date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed("bad-date", field=field, value=text) from None


def _one(outside: str | None, inside: str | None, field: str) -> str:
    if outside is not None and inside is not None and outside != inside:
        raise Malformed("contradiction", field=field, outside=outside, inside=inside)
    found = outside if outside is not None else inside
    if found is None:
        raise Malformed("missing-field", field=field)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed("duplicate-field", field=twice)
    return found


def _inexact(value: object, path: str) -> Iterator[tuple[str, _Inexact]]:
    if isinstance(value, _Inexact):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _inexact(part, f"{path}.{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _inexact(part, f"{path}[{place}]")


def _decimals(value: object, path: str) -> Iterator[tuple[str, Decimal]]:
    match value:
        case Decimal():
            yield path, value
        case None | str() | int() | date() | datetime():
            return
        case msgspec.Struct():
            for field in value.__struct_fields__:
                yield from _decimals(getattr(value, field), f"{path}.{field}")
        case tuple() | list():
            for place, part in enumerate(value):
                yield from _decimals(part, f"{path}[{place}]")
        case _:
            return


def _malformed(said: str) -> Malformed:
    """The decoder's words, taken apart into a code, the field and what was expected."""
    what, _, path = said.partition(" - at `")
    path = path.rstrip("`") or "$"
    quoted = what.split("`")
    if what.startswith("Object missing required field"):
        return Malformed("missing-field", field=f"{path}.{quoted[1]}")
    if what.startswith("Object contains unknown field"):
        return Malformed("unknown-field", field=f"{path}.{quoted[1]}")
    if what.startswith("Invalid value '") and path.endswith(".type"):
        return Malformed("unknown-command", field=path, value=what.split("'")[1])
    return Malformed("wrong-type", field=path, expected=IN_WORDS.get(what, what))
