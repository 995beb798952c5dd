"""Bulk append: facts that are already decided, and commands that are judged on the way.

The first are numbered, encoded, hashed and copied, as an import does or a billing run; the second
are looked up by their keys and decided too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bench import workload
from bench.contract import send
from bench.floors import copied
from bench.lap import Lap, Reading, Taken, timed
from bench.sealing import cpu_seconds, leaf_seconds
from bench.stand import Stand
from domain.cash import (
    ReceivePayment,
)
from domain.payment_facts import (
    PaymentReceived,
)
from store import log
from store.request import Request
from store.transact import COMMANDS_IN_ONE_TRANSACTION

RECORDED = datetime(2025, 1, 1, tzinfo=UTC)
TABLES = ("fact", "command_key")
DECIDED = "floor_decided"
OF_FACTS = (
    "SELECT * FROM fact WHERE entity = %(entity)s AND position BETWEEN %(first)s AND %(last)s"
)
OF_KEYS = (
    "SELECT * FROM command_key WHERE entity = %(entity)s"
    " AND positions[1] BETWEEN %(first)s AND %(last)s"
)


def append(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floors: the same rows into the same indexes, and into a table without any."""
    entity = f"append-{number}"
    drafts = [_draft(request) for request in workload.payments(entity, stand.rows)]
    laps: list[Taken] = []

    def work() -> None:
        laps.append(timed(stand.floor, lambda: _append(stand, entity, drafts)))

    cpu = cpu_seconds(stand, work)
    if number == 0:
        copied.make(stand.floor, [("public", "fact")])
        copied.make_heap(stand.floor, "public", "fact")
    facts = _groups(stand, entity, ("fact",), log.LARGEST_APPEND)
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, facts))
    heap = timed(stand.floor, lambda: copied.copy_in(stand.floor, facts, schema=copied.HEAP))
    _verify(stand, entity, ("fact",), copied.SCHEMA)
    seals = leaf_seconds(stand.floor, entity) / cpu
    return [
        Lap(
            figure="append",
            unit="facts/s",
            count=len(drafts),
            taken=laps[0],
            floors={"": floor.seconds, "heap": heap.seconds},
        ),
        Reading(figure="seals-bulk", unit="% of CPU", value=100 * seals),
    ]


def append_decided(stand: Stand, number: int) -> list[Lap]:
    """Floor: the same rows into the same indexes, keys included."""
    entity = f"decided-{number}"
    requests = list(workload.payments(entity, stand.rows))
    taken = timed(stand.floor, lambda: send(stand.ledger, entity, requests))
    if number == 0:
        copied.make(stand.floor, [("public", table) for table in TABLES], into=DECIDED)
    groups = _groups(stand, entity, TABLES, COMMANDS_IN_ONE_TRANSACTION)
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, groups, schema=DECIDED))
    _verify(stand, entity, TABLES, DECIDED)
    return [
        Lap(
            figure="append-decided",
            unit="commands/s",
            count=len(requests),
            taken=taken,
            floors={"": floor.seconds},
        )
    ]


def _draft(request: Request) -> log.Draft:
    """What the decider would make of it."""
    command = request.command
    assert isinstance(command, ReceivePayment)
    return log.Draft(
        stream=request.stream,
        event=PaymentReceived(
            when=command.when,
            customer=command.customer,
            currency=command.currency,
            amount_minor=command.amount_minor,
            reference=command.reference,
        ),
        recorded_at=RECORDED,
        command_id=request.key,
        actor=request.actor,
        source=request.source,
    )


def _append(stand: Stand, entity: str, drafts: Sequence[log.Draft]) -> None:
    with stand.ledger.connection() as connection:
        for start in range(0, len(drafts), log.LARGEST_APPEND):
            with connection.transaction():
                head = log.lock_head(connection, entity)
                log.append_bulk(connection, head, drafts[start : start + log.LARGEST_APPEND])


def _groups(stand: Stand, entity: str, tables: Sequence[str], size: int) -> list[list[copied.Rows]]:
    """What the ledger wrote, one group for each of its transactions."""
    queries = {"fact": OF_FACTS, "command_key": OF_KEYS}
    return [
        [
            copied.encoded(
                stand.floor,
                table,
                queries[table],
                {"entity": entity, "first": start + 1, "last": start + size},
            )
            for table in tables
        ]
        for start in range(0, stand.rows, size)
    ]


def _verify(stand: Stand, entity: str, tables: Sequence[str], floor: str) -> None:
    """Both grow from round to round, and by the same rows."""
    assert stand.ledger.head(entity) == stand.rows
    for schema in ("public", floor):
        for table in tables:
            found = copied.count(stand.floor, schema, table, entity)
            assert found == stand.rows, (schema, table, found)
