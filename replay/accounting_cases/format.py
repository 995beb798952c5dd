"""The parts of a case of accounting, and every word of it that the schema does not hold.

The whole format is docs/reference/case-format.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from replay.accounting_cases.fields import FIELDS, PARTS, Kind, fields_of
from replay.accounting_cases.synonyms import EVENTS, NAMES, OF_UNITS
from replay.case_format import CaseError


class Given(Struct, frozen=True, kw_only=True):
    """All that a translation may see of a case."""

    currency: str
    facts: tuple[dict[str, Any], ...]
    policy: dict[str, Any]
    options: dict[str, Any]


class Document(Struct, frozen=True, kw_only=True):
    """A case file in its parts. `name` only labels the result."""

    name: str
    given: Given
    expected: dict[str, Any]


def document(raw: Mapping[str, Any], name: str) -> Document:
    """The parts of a case; what else the file holds is for the reader and has no effect."""
    facts = raw.get("facts")
    expected = raw.get("expected")
    if not isinstance(facts, list) or not all(isinstance(fact, dict) for fact in facts):
        raise CaseError("not a case: `facts` must be a list of objects")
    if not facts:
        raise CaseError("not a case: `facts` holds none")
    if not isinstance(expected, dict):
        raise CaseError("not a case: `expected` must be an object")
    given = Given(
        currency=str(raw.get("currency", "")),
        facts=tuple(map(by_its_names, facts)),
        policy=_object(raw, "policy"),
        options=_object(raw, "options"),
    )
    return Document(name=name, given=given, expected=expected)


def by_its_names(fact: Mapping[str, Any]) -> dict[str, Any]:
    """A fact by the names of the schema. Raises CaseError for what is said by two names."""
    said = fact.get("event")
    event = EVENTS.get(said, said) if isinstance(said, str) and said not in FIELDS else said
    if said in OF_UNITS and fact.get("units") is not None:
        event = "units_transferred"
    if not isinstance(event, str) or event not in FIELDS:
        return dict(fact)
    known = fields_of(event, fact)
    found = _named(event, {**fact, "event": event}, known)
    for field, kind in known.items():
        rows = found.get(field)
        if kind == "promises" and isinstance(rows, dict):
            found[field] = {
                name: _named(event, row, PARTS[kind]) if isinstance(row, dict) else row
                for name, row in rows.items()
            }
    return found


def _named(event: str, row: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in row.items():
        meant = (name for name in NAMES.get(field, ()) if name in known)
        name = field if field in known else next(meant, field)
        if name in found or (name != field and name in row):
            raise CaseError(f"{event}.{field}: said twice, as {name} too")
        found[name] = value
    return found


def unknown_words(given: Given) -> tuple[str, ...]:
    """Every event and field of a case that the schema does not name."""
    found: list[str] = []
    for fact in given.facts:
        event = str(fact.get("event"))
        if event not in FIELDS:
            found.append(f"unknown event {event}")
            continue
        known = fields_of(event, fact)
        found += [f"unknown field {event}.{field}" for field in fact if field not in known]
        found += _unknown_parts(event, fact, known)
    return tuple(dict.fromkeys(found))


def _unknown_parts(event: str, fact: Mapping[str, Any], known: Mapping[str, Kind]) -> Iterator[str]:
    for field, value in fact.items():
        kind = known.get(field, "text")
        parts = PARTS.get(kind, {})
        for row in parts_of(value, kind) if parts else ():
            yield from (f"unknown field {event}.{field}.{key}" for key in row if key not in parts)


def parts_of(value: Any, kind: Kind) -> list[dict[str, Any]]:
    """The objects a field holds: one, a list, or one by each name."""
    if kind == "promises" and isinstance(value, dict):
        value = list(value.values())
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]


def _object(raw: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = raw.get(field) or {}
    if not isinstance(value, dict):
        raise CaseError(f"not a case: `{field}` must be an object")
    return value
