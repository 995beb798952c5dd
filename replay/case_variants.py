"""A case again in other years, and how often its amounts are multiplied: for every kind of case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The Gregorian calendar repeats its weekdays and leap years after 28 years (until 2100).
SHIFT_YEARS = 28
FACTORS = (3, 7)
ISO_DATE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?=-(?:[0-9]{2}(?![0-9])|Q[1-4]))")
# In the name of a figure or a label any year counts, as in `2024-Q1`.
YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")


def shifted(raw: Mapping[str, Any], years: int = SHIFT_YEARS) -> dict[str, Any]:
    """The case with every ISO date and every year in a label so many years later."""
    moved = {name: _moved(raw.get(name, {}), years) for name in ("facts", "policy", "expected")}
    return {**raw, **moved}


def _moved(value: Any, years: int) -> Any:
    if isinstance(value, Mapping):
        return {_moved_label(str(name), years): _moved(part, years) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, years) for part in value]
    return _moved_text(value, years) if isinstance(value, str) else value


def _moved_label(label: str, years: int) -> str:
    return YEAR.sub(lambda found: _later(found, years), label)


def _moved_text(text: str, years: int) -> str:
    return ISO_DATE.sub(lambda found: _later(found, years), text)


def _later(found: re.Match[str], years: int) -> str:
    return str(int(found[1]) + years)
