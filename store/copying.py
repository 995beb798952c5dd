"""Rows in the form of PostgreSQL's binary COPY, packed by hand and sent as bytes.

Writing a row of twenty columns value by value costs more than making it. Here a field is packed
once, and texts, dates and numbers that come back are looked up. A text is its length in four bytes
and its UTF-8: the same as in our canonical encodings, so a row and its leaf share their fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice
from struct import Struct

import psycopg
from psycopg.rows import TupleRow

# As in store.db, which imports half the store.
Connection = psycopg.Connection[TupleRow]

# The signature, no flags, no extension of the header; and at the end a row of -1 columns.
HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
# PostgreSQL counts days from 2000-01-01.
EPOCH = date(2000, 1, 1).toordinal()
# What is handed to the driver at a time: large enough to cost nothing, small beside a batch.
PIECE = 1 << 20
TOGETHER = 500

_int4 = Struct(">ii").pack
_int8 = Struct(">iq").pack
_count = Struct(">h").pack


class Texts(dict[str, bytes]):
    """Texts as fields, each made once. Lives as long as a batch: names do not pile up."""

    def __missing__(self, value: str) -> bytes:
        made = self[value] = text(value)
        return made


class Dates(dict[date, bytes]):
    """Days as fields, each made once."""

    def __missing__(self, value: date) -> bytes:
        made = self[value] = day(value)
        return made


def columns(count: int) -> bytes:
    """What a row of so many columns begins with."""
    return _count(count)


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(4, "big") + data


def raw(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def int4(value: int) -> bytes:
    return _int4(4, value)


def int8(value: int) -> bytes:
    return _int8(8, value)


def day(value: date) -> bytes:
    return _int4(4, value.toordinal() - EPOCH)


def send(
    connection: Connection, statement: str, rows: Iterable[bytes], *, together: int = TOGETHER
) -> None:
    """Copy rows already packed; nothing is sent where there are none.

    Piece by piece, so that the server stores some while others are still being made.
    """
    pieces = iter(rows)
    data = b"".join(islice(pieces, together))
    if not data:
        return
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copying:
        copying.write(HEADER)
        while data:
            for start in range(0, len(data), PIECE):
                copying.write(data[start : start + PIECE])
            data = b"".join(islice(pieces, together))
        copying.write(TRAILER)


def write_rows(
    connection: Connection,
    statement: str,
    types: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> None:
    """Rows of values, packed by the driver: for tables with few rows, or with numerics."""
    waiting = list(rows)
    if not waiting:
        return
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copying:
        copying.set_types(types)
        for row in waiting:
            copying.write_row(row)
