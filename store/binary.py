"""Rows as arrays of a table's own type, in PostgreSQL's binary form: many rows as one parameter.

A field is made as for COPY; a row of a table's type says the type of each column before its field.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from store import copying

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT8 = 20
_TEXT = 25

_length = Struct(">I").pack
_int8 = Struct(">iq").pack
_bigint = Struct(">q").pack
_one_int8 = Struct(">IiiIiiiq").pack
_array = Struct(">iiIii").pack
_empty_array = Struct(">iiI").pack


class Framing(NamedTuple):
    """What stands before a row, and before each of its fields; and all of it as a format."""

    head: bytes
    before: tuple[bytes, ...]
    pattern: bytes


class Packed(bytes):
    """A parameter that is in binary form already; its type is what the statement casts it to."""


def copy_framing(columns: int) -> Framing:
    """A row of a binary COPY."""
    return _framing(copying.columns(columns), (b"",) * columns)


def record_framing(types: Sequence[int]) -> Framing:
    """A value of a row type whose columns are of these types."""
    return _framing(_length(len(types)), tuple(map(_length, types)))


def _framing(head: bytes, before: tuple[bytes, ...]) -> Framing:
    pattern = head.replace(b"%", b"%%")
    for part in before:
        pattern += part.replace(b"%", b"%%") + b"%b"
    return Framing(head, before, pattern)


def array(kind: int, rows: Sequence[bytes]) -> Packed:
    """An array of values of one type, each without its length."""
    if not rows:
        return Packed(_empty_array(0, 0, kind))
    parts = [_array(1, 0, kind, len(rows), 1)]
    for row in rows:
        parts += (_length(len(row)), row)
    return Packed(b"".join(parts))


def text_array(values: Sequence[str]) -> Packed:
    return array(_TEXT, [value.encode() for value in values])


def int8_array(values: Sequence[int]) -> Packed:
    return array(_INT8, [_bigint(value) for value in values])


def optional_text(value: str | None) -> bytes:
    return copying.NULL if value is None else copying.text(value)


def instant(value: datetime) -> bytes:
    """Microseconds since 2000 in UTC, whatever zone the value is told in."""
    since = value - _EPOCH
    return _int8(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def int8s(values: Sequence[int]) -> bytes:
    """An array of bigint as a field."""
    if len(values) == 1:
        return _one_int8(32, 1, 0, _INT8, 1, 1, 8, values[0])
    return copying.raw(int8_array(values))


class _PackedDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Packed) -> bytes:
        return obj


psycopg.adapters.register_dumper(Packed, _PackedDumper)
