"""What a log ten times as long costs: append, ingest and the reads of one contract, near its end.

Everything is written by the ledger itself; contracts come first and lie under all that follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median

from bench.contract import SOURCE, play
from bench.lap import Reading
from bench.stand import Stand, now
from domain.facts import When
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.payment_facts import (
    PaymentReceived,
)
from store import log, unit_facts
from store.db import Connection
from store.usage_stage import UsageBatch

ENTITY = "growth"
# The smaller log has as many rows as five rounds of the other figures, the larger ten times those.
ROUNDS_OF_OTHERS = 5
TIMES = 10
STEP = 10_000
# Speed is taken over so many of the last steps before a size is reached.
LAST = 20
CONTRACTS = 50
MINUTES = 365 * 24 * 60

# Writes rows of these numbers.
Fill = Callable[[range], None]


def growth(stand: Stand, number: int) -> list[Reading]:
    """Once: each figure is the speed at the large size, as a share of that at the small one."""
    if number > 0:
        return []
    play(stand.ledger, ENTITY, stand.at_most(CONTRACTS))
    stand.ledger.catch_up(ENTITY)
    small = stand.rows * ROUNDS_OF_OTHERS
    appended, ingested, read = [], [], []
    for sizes in (range(small), range(small, small * TIMES)):
        appended.append(_speed(sizes, lambda rows: _append(stand, rows)))
        ingested.append(_speed(sizes, lambda rows: _ingest(stand, rows)))
        read.append(_reads(stand))
    found = {"append": appended, "ingest": ingested, "read": read}
    return [
        Reading(figure=f"growth-{name}", unit="of the speed", value=speeds[1] / speeds[0])
        for name, speeds in found.items()
    ]


def _speed(numbers: range, fill: Fill) -> float:
    """Rows/s, the median of the last steps."""
    speeds = []
    for start in range(numbers.start, numbers.stop, STEP):
        rows = range(start, min(start + STEP, numbers.stop))
        began = time.perf_counter()
        fill(rows)
        speeds.append(len(rows) / (time.perf_counter() - began))
    return median(speeds[-LAST:])


def _append(stand: Stand, rows: range) -> None:
    with stand.ledger.connection() as connection, connection.transaction():
        head = log.lock_head(connection, ENTITY)
        log.append_bulk(connection, head, [_draft(number) for number in rows])


def _draft(number: int) -> log.Draft:
    event = PaymentReceived(
        when=When(effective=date(2024, 1, 1) + timedelta(days=number % 366)),
        customer=f"p{number % 5_000:06}",
        currency="USD",
        amount_minor=10_000 + number,
        reference=f"INV-{number:09}",
    )
    return log.Draft(
        stream=f"payment:p{number:09}",
        event=event,
        recorded_at=now(),
        command_id=f"receipt:{number:09}",
        actor="bench",
    )


def _ingest(stand: Stand, rows: range) -> None:
    order = UsageBatch(entity=ENTITY, source=SOURCE, key=f"growth:{rows.start}")
    taken = stand.ledger.ingest(order, _usage(rows))
    assert taken.accepted == len(rows), taken


def _usage(rows: range) -> Iterator[dict[str, str]]:
    """A year of it, a tenth of a day in a batch: in the order in which it happened."""
    for number in rows:
        occurred = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number // 20 % MINUTES)
        yield {
            "event_id": f"g{number:09}",
            "subscription": f"g{number % 10_000:06}",
            "meter": "compute",
            "quantity": f"{number % 977 + 1}.{number % 10}",
            "unit": "unit",
            "occurred_at": occurred.isoformat(),
        }


def _reads(stand: Stand) -> float:
    """Contracts/s: all facts and all usage of one, as measuring or explaining it reads them."""
    head, count = stand.ledger.head(ENTITY), stand.at_most(CONTRACTS)
    with stand.ledger.connection() as connection:
        master = master_data(log.read_categories(connection, ENTITY, MASTER_CATEGORIES))
        _read(
            connection, head, master, count
        )  # what the last writes pushed out of memory comes back
        took = [_timed_read(connection, head, master, count) for _ in range(LAST)]
    return count / median(took)


def _timed_read(connection: Connection, head: int, master: MasterData, count: int) -> float:
    began = time.perf_counter()
    _read(connection, head, master, count)
    return time.perf_counter() - began


def _read(connection: Connection, head: int, master: MasterData, count: int) -> None:
    for number in range(count):
        unit = f"subscription:c{number:06}"
        found = unit_facts.fresh(connection, ENTITY, [unit], head, master)[unit]
        assert found.facts, unit
        assert found.usage, unit
