"""One round of one figure: what it did, how long that took, and the same by each floor."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from msgspec import Struct

from bench import memory
from store.db import Connection


class Taken(Struct, frozen=True):
    """Seconds of one piece of work, and the largest the client was meanwhile."""

    seconds: float
    peak_mib: float


class Lap(Struct, frozen=True, kw_only=True):
    """`count` things and the seconds they took; `floors` by what they are, the first is the usual.

    The usual floor is named by nothing; `heap` makes the figure `append` also `append-heap`. Where
    no floor says anything there is none.
    """

    figure: str
    unit: str
    count: int
    taken: Taken
    floors: dict[str, float] = {}


class Reading(Struct, frozen=True, kw_only=True):
    """One round of a figure that is no rate: a share, a size, a growth."""

    figure: str
    unit: str
    value: float
    peak_mib: float = 0.0


def timed(connection: Connection, work: Callable[[], object]) -> Taken:
    """Between two checkpoints: one before, so that nobody pays for what another has dirtied.

    The second is timed, so that each pays for the pages it dirtied itself.
    """
    connection.execute("CHECKPOINT")
    gc.collect()
    memory.reset_peak()
    began = time.perf_counter()
    work()
    connection.execute("CHECKPOINT")
    seconds = time.perf_counter() - began
    return Taken(seconds, memory.peak_mib())
