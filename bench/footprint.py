"""How large a process grows over a log ten times as long: resident size, each log in a new process.

`python -m bench.footprint DSN ENTITY FACTS` is that process; it prints the peak of each step.
"""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from datetime import date

import msgspec

from bench import memory, workload
from bench.contract import opening, posting, sent
from bench.lap import Reading
from bench.stand import Stand, now
from replay.ledger import Ledger
from replay.rebuild import rebuild_journal
from store import log

# The larger log has as many facts as five rounds of the other figures.
ROUNDS_OF_OTHERS = 5
TIMES = 10
END = date(2025, 1, 31)


def footprint(stand: Stand, number: int) -> list[Reading]:
    """Once: it is a ratio of two sizes, not a rate."""
    if number > 0:
        return []
    large = stand.rows * ROUNDS_OF_OTHERS
    sizes = [_size_of(stand.dsn, facts) for facts in (large // TIMES, large)]
    grown = {step: sizes[1][step] / sizes[0][step] for step in sizes[0]}
    return [
        Reading(
            figure="memory",
            unit="times",
            value=max(grown.values()),
            peak_mib=max(sizes[1].values()),
        ),
        *(
            Reading(figure=f"memory-{step}", unit="times", value=times, peak_mib=sizes[1][step])
            for step, times in grown.items()
        ),
    ]


def _size_of(dsn: str, facts: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.footprint", dsn, f"memory-{facts}", str(facts)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return msgspec.json.decode(told, type=dict[str, float])


def steps(ledger: Ledger, entity: str, facts: int) -> dict[str, float]:
    """What a log goes through, and the largest the process was meanwhile, in MiB."""
    return {
        "append": _peak(lambda: _append(ledger, entity, facts)),
        "catch-up": _peak(lambda: ledger.catch_up(entity)),
        "read": _peak(lambda: _read(ledger, entity, facts)),
        "rebuild": _peak(lambda: _rebuild(ledger, entity)),
    }


def _peak(step: Callable[[], None]) -> float:
    memory.reset_peak()
    step()
    return memory.peak_mib()


def _append(ledger: Ledger, entity: str, facts: int) -> None:
    _pass(sent(ledger, entity, opening(entity)))
    _pass(sent(ledger, entity, workload.payments(entity, facts)))
    _pass(sent(ledger, entity, [posting(entity, END)]))


def _read(ledger: Ledger, entity: str, facts: int) -> None:
    with ledger.connection() as connection:
        read = sum(1 for _ in log.read_all(connection, entity))
    assert read > facts, read


def _rebuild(ledger: Ledger, entity: str) -> None:
    with ledger.connection() as connection:
        made = rebuild_journal(connection, entity)
    assert made.lines > 0, made
    assert not made.breaks, made.breaks


def _pass(items: Iterable[object]) -> None:
    deque(items, maxlen=0)


def main(dsn: str, entity: str, facts: str) -> None:
    with Ledger.open(dsn, now) as ledger:
        sys.stdout.buffer.write(msgspec.json.encode(steps(ledger, entity, int(facts))))


if __name__ == "__main__":
    main(*sys.argv[1:])
