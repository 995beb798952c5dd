"""Rows as arrays of a table's own type, in PostgreSQL's binary form: many rows as one parameter.

A field is made as for COPY; a row of a table's type says the type of each column before its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import NamedTuple

from store import copying

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT8 = 20

_length = Struct(">I").pack
_int8 = Struct(">iq").pack
_array = Struct(">iiIii").pack
_empty_array = Struct(">iiI").pack


class Framing(NamedTuple):
    """What stands before a row, and before each of its fields."""

    head: bytes
    before: tuple[bytes, ...]


def copy_framing(columns: int) -> Framing:
    """A row of a binary COPY."""
    return Framing(copying.columns(columns), (b"",) * columns)


def record_framing(types: Sequence[int]) -> Framing:
    """A value of a row type whose columns are of these types."""
    return Framing(_length(len(types)), tuple(map(_length, types)))


def framed(framing: Framing, fields: Iterable[bytes]) -> bytes:
    """One row of fields that are already encoded."""
    parts = [framing.head]
    for before, field in zip(framing.before, fields, strict=True):
        parts += (before, field)
    return b"".join(parts)


def array(kind: int, rows: Sequence[bytes]) -> bytes:
    """An array of values of one type, each without its length."""
    if not rows:
        return _empty_array(0, 0, kind)
    parts = [_array(1, 0, kind, len(rows), 1)]
    for row in rows:
        parts += (_length(len(row)), row)
    return b"".join(parts)


def optional_text(value: str | None) -> bytes:
    return copying.NULL if value is None else copying.text(value)


def instant(value: datetime) -> bytes:
    """Microseconds since 2000 in UTC, whatever zone the value is told in."""
    return _int8(8, (value - _EPOCH) // _MICROSECOND)


def int8s(values: Sequence[int]) -> bytes:
    """An array of bigint as a field."""
    return copying.raw(array(_INT8, [value.to_bytes(8, "big", signed=True) for value in values]))
