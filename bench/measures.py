"""The names that `tieout bench` takes, in the order they are measured: one round of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.appending import append, append_decided
from bench.billing import billing
from bench.committing import command, commands
from bench.footprint import footprint
from bench.growing import growth
from bench.ingesting import ingest
from bench.issuing import issuing
from bench.lap import Lap, Reading
from bench.measuring import measure
from bench.month_end import month_end
from bench.paying import ages, paying
from bench.posting import catch_up
from bench.rebuilding import rebuild, rebuild_live
from bench.stand import Stand

MEASURES: dict[str, Callable[[Stand, int], Sequence[Lap | Reading]]] = {
    "append": append,
    "append-decided": append_decided,
    "command": command,
    "commands-64": commands,
    "ingest": ingest,
    "catch-up": catch_up,
    "rebuild": rebuild,
    "rebuild-live": rebuild_live,
    "measure": measure,
    "month-end": month_end,
    "billing-run": billing,
    "issuing": issuing,
    "payments": paying,
    "ageing": ages,
    "memory": footprint,
    "growth": growth,
}
