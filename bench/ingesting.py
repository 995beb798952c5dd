"""Usage ingest: lines parsed and judged, ids once for ever, rows, totals per hour, a fact each.

Lines come from a file, as they do in life, so that ten million of them do not stand in memory.
"""

from __future__ import annotations

from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from bench import workload
from bench.contract import send, typical
from bench.floors import copied, usage
from bench.lap import Lap, timed
from bench.stand import Stand
from store.request import Request
from store.usage_stage import UsageBatch

SOURCE = "bench"
TOGETHER = 10_000


def ingest(stand: Stand, number: int) -> list[Lap]:
    """Floors: the fastest SQL we know into the same tables, and COPY with ON CONFLICT into one."""
    entity = f"ingest-{number}"
    sent = workload.usage_lines(stand.rows)
    _open(stand, entity)
    if number == 0:
        usage.make(stand.floor)
    with TemporaryFile() as lines:
        lines.writelines(workload.usage(stand.rows))
        lines.seek(0)
        taken = timed(stand.floor, lambda: _ingest(stand, entity, lines))
        assert not lines.read(1)
    copied.make_partitions(stand.floor, "public", "usage_row")
    with TemporaryFile() as encoded:
        again = usage.Again(workload.AGAIN, workload.AGAIN_AFTER)
        source = usage.Source(entity, SOURCE)
        batches = usage.write(stand.floor, encoded, source, again, TOGETHER)
        floor = timed(stand.floor, lambda: usage.take(stand.floor, batches))
        one = timed(stand.floor, lambda: usage.take_one(stand.floor, batches))
    _verify(stand, entity)
    return [
        Lap(
            figure="ingest",
            unit="rows/s",
            count=sent,
            taken=taken,
            floors={"": floor.seconds, "one-table": one.seconds},
        )
    ]


def _open(stand: Stand, entity: str) -> None:
    opening = typical("c").master[0]
    request = Request(entity=entity, stream=opening.stream, key="open", command=opening.command)
    send(stand.ledger, entity, [request])


def _ingest(stand: Stand, entity: str, lines: IO[bytes]) -> None:
    received = accepted = duplicates = 0
    while rows := list(islice(lines, TOGETHER)):
        order = UsageBatch(entity=entity, source=SOURCE, key=f"batch:{received}")
        receipt = stand.ledger.ingest(order, rows)
        received, accepted = received + receipt.received, accepted + receipt.accepted
        duplicates += receipt.duplicates
    assert accepted == stand.rows, accepted
    assert received == accepted + duplicates == workload.usage_lines(stand.rows), received


def _verify(stand: Stand, entity: str) -> None:
    """Every event once, wherever it was written, and the repeats nowhere."""
    for schema in ("public", copied.SCHEMA):
        for table in ("usage_key", "usage_row"):
            found = copied.count(stand.floor, schema, table, entity)
            assert found == stand.rows, (schema, table, found)
    hours = [usage.hours(stand.floor, schema, entity) for schema in ("public", copied.SCHEMA)]
    assert hours[0] == hours[1], hours
    assert copied.count(stand.floor, usage.ONE, "usage_row", entity) == stand.rows
