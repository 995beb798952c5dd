"""What the leaves cost of the CPU that a write takes, on both sides.

Measured apart: the leaves of the same facts once more, from texts that are encoded for the rows
anyway, as a share of what client and server took for the whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from bench.stand import Stand
from store import log
from store.canonical import FACT, FactRow
from store.codec import CODEC, to_row
from store.copying import NULL, raw, text
from store.db import Connection

TICKS = os.sysconf("SC_CLK_TCK")
# Where in /proc/PID/stat the time in user mode and in the kernel stands, after the name.
TIMES = slice(11, 13)
# What differs from fact to fact of one kind, beside the position, which is written for the leaf
# alone; the rest of a leaf is a remembered pattern, and version and order are remembered bytes.
PIECES = 8


def cpu_seconds(stand: Stand, work: Callable[[], object]) -> float:
    """CPU of this process and of every backend that serves it."""
    before = time.process_time() + _backends(stand.floor)
    work()
    return time.process_time() + _backends(stand.floor) - before


def leaf_seconds(connection: Connection, entity: str) -> float:
    """CPU of one thread for the leaves of an entity's facts."""
    spent, after = 0.0, 0
    while page := log.read(connection, entity, after=after):
        spent += _hash([to_row(fact, CODEC.encode(fact.event)) for fact in page])
        after = page[-1].position
    return spent


def _hash(rows: Sequence[FactRow]) -> float:
    pieces = [_pieces(row) for row in rows]
    positions = [row.position for row in rows]
    pattern = b"%b" * (PIECES + 1)
    began = time.process_time()
    for encoded, position in zip(pieces, positions, strict=True):
        sha256(pattern % (*encoded, raw(b"%d" % position))).digest()
    return time.process_time() - began


def _pieces(row: FactRow) -> tuple[bytes, ...]:
    """The leaf's bytes but for the numbers, in so many parts as are put together for each fact."""
    fields = [text(name) + _field(getattr(row, name)) for name in FactRow._fields]
    whole = text(FACT) + b"".join(fields)
    size = -(-len(whole) // PIECES)
    return tuple(whole[start : start + size] for start in range(0, size * PIECES, size))


def _field(value: object) -> bytes:
    return NULL if value is None else text(str(value))


def _backends(connection: Connection) -> float:
    found = connection.execute(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
    ).fetchall()
    return sum(sum(_times(pid)) for (pid,) in found) / TICKS


def _times(pid: int) -> Iterator[int]:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return map(int, stat.rpartition(")")[2].split()[TIMES])
