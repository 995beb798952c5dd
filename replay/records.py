"""Records of a CSV or NDJSON file, one by one: a long file never stands in memory.

Numbers are read exactly. A line that is no record is handed on as its own text, to be refused by
whoever takes it, under its row number.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from domain.errors import Malformed
from replay.usage_mapping import Record


def records(path: Path, missing: tuple[str, ...]) -> Iterator[Record | str]:
    """Rows in the order of the file; values among `missing` are none."""
    match path.suffix.lower():
        case ".csv":
            return _from_csv(path, frozenset(missing))
        case ".ndjson" | ".jsonl":
            return _from_ndjson(path, frozenset(missing))
        case other:
            raise Malformed("unknown-file-kind", field="file", suffix=other)


def header_of(path: Path) -> tuple[str, ...] | None:
    """The columns that a file says it has; none of one whose lines each name their own."""
    if path.suffix.lower() != ".csv":
        return None
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return tuple(next(csv.reader(lines), []))


def _from_csv(path: Path, missing: frozenset[str]) -> Iterator[Record | str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        header = next(rows, [])
        for row in rows:
            if len(row) != len(header):
                yield ",".join(row)
                continue
            yield {
                name: None if value in missing else value
                for name, value in zip(header, row, strict=True)
            }


def _from_ndjson(path: Path, missing: frozenset[str]) -> Iterator[Record | str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_float=Decimal, parse_constant=Decimal)
            except ValueError:
                yield line.rstrip("\n")
                continue
            if not isinstance(found, dict):
                yield line.rstrip("\n")
                continue
            yield {name: None if _is(value, missing) else value for name, value in found.items()}


def _is(value: object, missing: frozenset[str]) -> bool:
    return isinstance(value, str) and value in missing
