"""A case again with other amounts or other years: what must scale scales, what must shift shifts.

A variant is made of the case as written, by the kinds of its fields. Percentages, units and
policies stay; every amount of money is multiplied, every date and year moves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from replay.case_format import FIELDS, LINE_FIELDS, Kind

# The Gregorian calendar repeats its weekdays and leap years after 28 years (until 2100).
SHIFT_YEARS = 28
FACTORS = (3, 7)
ISO_DATE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?=-[0-9]{2}(?![0-9]))")
YEAR_LABEL = re.compile(r"((?:19|20)[0-9]{2})(?![0-9])")


def scaled(raw: Mapping[str, Any], factor: int) -> dict[str, Any]:
    """The case with every amount of money, given and expected, times a factor."""
    facts = [_scaled_fact(fact, factor) for fact in raw["facts"]]
    return {**raw, "facts": facts, "expected": _times(raw["expected"], factor)}


def shifted(raw: Mapping[str, Any], years: int = SHIFT_YEARS) -> dict[str, Any]:
    """The case with every ISO date and every year in a label so many years later."""
    moved = {name: _moved(raw.get(name, {}), years) for name in ("facts", "policy", "expected")}
    return {**raw, **moved}


def _scaled_fact(fact: Mapping[str, Any], factor: int) -> dict[str, Any]:
    kinds = FIELDS.get(str(fact.get("event")), {})
    return {field: _scaled(kinds.get(field), value, factor) for field, value in fact.items()}


def _scaled(kind: Kind | None, value: Any, factor: int) -> Any:
    if kind in ("money", "money-by-name"):
        return _times(value, factor)
    if kind == "lines":
        return [
            {field: _scaled(LINE_FIELDS.get(field), part, factor) for field, part in line.items()}
            for line in value
        ]
    return value


def _times(value: Any, factor: int) -> Any:
    """Amounts as deep as they stand; the text keeps its number of places."""
    if isinstance(value, Mapping):
        return {name: _times(part, factor) for name, part in value.items()}
    if isinstance(value, str):
        return str(Decimal(value) * factor)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value * factor
    return value


def _moved(value: Any, years: int) -> Any:
    if isinstance(value, Mapping):
        return {_moved_label(str(name), years): _moved(part, years) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, years) for part in value]
    return _moved_text(value, years) if isinstance(value, str) else value


def _moved_label(label: str, years: int) -> str:
    whole = YEAR_LABEL.fullmatch(label)
    return _later(whole, years) if whole else _moved_text(label, years)


def _moved_text(text: str, years: int) -> str:
    return ISO_DATE.sub(lambda found: _later(found, years), text)


def _later(found: re.Match[str], years: int) -> str:
    return str(int(found[1]) + years)
