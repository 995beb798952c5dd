"""Usage ingest: lines parsed and judged, ids once for ever, rows, totals per hour, a fact each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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
    lines = workload.usage(stand.rows)
    _open(stand, entity)
    taken = timed(stand.floor, lambda: _ingest(stand, entity, lines))
    if number == 0:
        usage.make(stand.floor)
    copied.make_partitions(stand.floor, "public", "usage_row")
    batches = usage.incoming(
        stand.floor, entity, every=workload.AGAIN, together=TOGETHER, sent=len(lines)
    )
    floor = timed(stand.floor, lambda: usage.take(stand.floor, batches))
    one = timed(stand.floor, lambda: usage.take_one(stand.floor, batches))
    _verify(stand, entity)
    return [
        Lap(
            figure="ingest",
            unit="rows/s",
            count=len(lines),
            taken=taken,
            floors={"": floor.seconds, "one-table": one.seconds},
        )
    ]


def _open(stand: Stand, entity: str) -> None:
    opening = typical("c").master[0]
    request = Request(entity=entity, stream=opening.stream, key="open", command=opening.command)
    send(stand.ledger, entity, [request])


def _ingest(stand: Stand, entity: str, lines: Sequence[bytes]) -> None:
    decode = msgspec.json.Decoder().decode
    received = accepted = 0
    for start in range(0, len(lines), TOGETHER):
        order = UsageBatch(entity=entity, source=SOURCE, key=f"batch:{start}")
        rows = (decode(line) for line in lines[start : start + TOGETHER])
        receipt = stand.ledger.ingest(order, rows)
        received, accepted = received + receipt.received, accepted + receipt.accepted
    assert (received, accepted) == (len(lines), stand.rows), (received, accepted)


def _verify(stand: Stand, entity: str) -> None:
    """Every event once, wherever it was written, and the repeats nowhere."""
    for schema in ("public", copied.SCHEMA):
        for table in ("usage_key", "usage_row"):
            found = copied.count(stand.floor, schema, table, entity)
            assert found == stand.rows, (schema, table, found)
        assert copied.count(stand.floor, schema, "usage_hour", entity) > 0, schema
    assert copied.count(stand.floor, usage.ONE, "usage_row", entity) == stand.rows
