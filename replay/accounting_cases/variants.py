"""A case of accounting again with other amounts: what must scale scales.

Every amount of money is multiplied, given and expected; percentages, units, rates and policies
stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from replay.accounting_cases.fields import FIELDS, PARTS, Kind, fields_of
from replay.accounting_cases.figure import LEADING
from replay.accounting_cases.figures import NO_MONEY
from replay.accounting_cases.format import by_its_names
from replay.accounting_cases.words import RANGE

MONEY = frozenset({"money", "money-by-name", "money-list", "money-or-flag", "price", "alone"})
# Of an expected entry of a journal, what is no amount.
NO_AMOUNT = frozenset({"account", "date", "memo"})


def scaled(raw: Mapping[str, Any], factor: int) -> dict[str, Any]:
    """The case with every amount of money, given and expected, times a factor."""
    facts = [_scaled_fact(by_its_names(fact), factor) for fact in raw["facts"]]
    expected = {
        name: value if name in NO_MONEY else _times(value, factor)
        for name, value in raw["expected"].items()
    }
    return {**raw, "facts": facts, "expected": expected}


def _scaled_fact(fact: Mapping[str, Any], factor: int) -> dict[str, Any]:
    event = str(fact.get("event"))
    kinds = fields_of(event, fact) if event in FIELDS else {}
    return {field: _scaled(kinds.get(field), value, factor) for field, value in fact.items()}


def _scaled(kind: Kind | None, value: Any, factor: int) -> Any:
    if kind in MONEY:
        return _times(value, factor)
    if kind in PARTS:
        return _scaled_parts(PARTS[kind], value, factor)
    return value


def _scaled_parts(kinds: Mapping[str, Kind], value: Any, factor: int) -> Any:
    """An object by its own kinds; a list or a dictionary of objects, each."""
    if isinstance(value, list):
        return [_scaled_parts(kinds, row, factor) for row in value]
    if isinstance(value, Mapping) and not set(value) <= set(kinds):
        return {name: _scaled_parts(kinds, row, factor) for name, row in value.items()}
    if isinstance(value, Mapping):
        return {field: _scaled(kinds.get(field), part, factor) for field, part in value.items()}
    return value


def _times(value: Any, factor: int) -> Any:
    """Amounts as deep as they stand; the text keeps its number of places, and words after it."""
    if isinstance(value, Mapping):
        return {
            name: part if name in NO_AMOUNT else _times(part, factor)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_times(part, factor) for part in value]
    if isinstance(value, str):
        return _times_text(value, factor)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value * factor
    return value


def _times_text(text: str, factor: int) -> str:
    ends = RANGE.fullmatch(text)
    if ends:
        low, high = (str(Decimal(end) * factor) for end in ends.groups())
        return f"observed range {low}-{high}"
    found = LEADING.fullmatch(text)
    return text.replace(found[1], str(Decimal(found[1]) * factor), 1) if found else text
