"""The ceiling: rows of 336 bytes, encoded beforehand, by one binary COPY into a bare table.

Every other figure is some share of this one. Imports nothing of tieout.
"""

from __future__ import annotations

import struct

from psycopg import sql

from bench.floors import copied
from bench.floors.copied import Connection
from bench.floors.named import queries

SQL = queries(__file__)

TABLE = sql.Identifier("floor_ceiling")
STATE = bytes(range(256)) + bytes(30)
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"


def make(connection: Connection) -> None:
    connection.execute(SQL.make)


def encoded(rows: int) -> bytes:
    """Position, stream, version, type and a state of 286 bytes."""
    row = struct.Struct(f">hiqiqiiihi{len(STATE)}s")
    each = (
        row.pack(5, 8, number, 8, number % 1_000, 4, number, 2, 1, len(STATE), STATE)
        for number in range(rows)
    )
    return b"".join((_HEADER, *each, _END))


def copy(connection: Connection, data: bytes) -> None:
    connection.execute(sql.SQL("TRUNCATE {}").format(TABLE))
    copied.copy(connection, TABLE, data)


def count(connection: Connection) -> int:
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(TABLE)).fetchone()
    assert found is not None
    return int(found[0])
