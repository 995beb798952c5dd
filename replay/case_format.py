"""A worked case as a file: one JSON object, read exactly, and the error that says what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn


class CaseError(Exception):
    """A case that cannot be run, each reason by name."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def read_document(path: Path) -> dict[str, Any]:
    """The raw case; numbers keep their exact text, NaN and infinities are refused."""
    try:
        raw = json.loads(
            path.read_text(encoding="utf-8"), parse_float=Decimal, parse_constant=_no_constant
        )
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise CaseError(f"not a readable JSON file: {fault}") from None
    if not isinstance(raw, dict):
        raise CaseError("not a case: the file must hold one JSON object")
    return raw


def _no_constant(text: str) -> NoReturn:
    raise CaseError(f"not a case: {text} is not an amount")
