"""The names that `tieout bench` takes, in the order they are measured: one round of each."""

from __future__ import annotations

from collections.abc import Callable

from bench.appending import append
from bench.ingesting import ingest
from bench.lap import Lap
from bench.measuring import measure
from bench.posting import catch_up, rebuild
from bench.stand import Stand

MEASURES: dict[str, Callable[[Stand, int], list[Lap]]] = {
    "append": append,
    "ingest": ingest,
    "catch-up": catch_up,
    "rebuild": rebuild,
    "measure": measure,
}
