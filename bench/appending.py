"""Bulk append: commands judged, numbered and stored with their leaves and keys."""

from __future__ import annotations

from bench import workload
from bench.contract import send
from bench.floors import copied
from bench.lap import Lap, timed
from bench.stand import Stand
from store.transact import COMMANDS_IN_ONE_TRANSACTION

TABLES = ("fact", "command_key")
OF_FACTS = (
    "SELECT * FROM fact WHERE entity = %(entity)s AND position BETWEEN %(first)s AND %(last)s"
)
OF_KEYS = (
    "SELECT * FROM command_key WHERE entity = %(entity)s"
    " AND positions[1] BETWEEN %(first)s AND %(last)s"
)


def append(stand: Stand, number: int) -> list[Lap]:
    """Floors: the same rows into the same indexes, and the facts into a table without any."""
    entity = f"append-{number}"
    requests = list(workload.payments(entity, stand.rows))
    taken = timed(stand.floor, lambda: send(stand.ledger, entity, requests))
    _make_tables(stand, number)
    groups = _groups(stand, entity)
    facts = [[group[0] for group in groups]]
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, groups))
    heap = timed(stand.floor, lambda: copied.copy_in(stand.floor, facts, schema=copied.HEAP))
    _verify(stand, entity)
    return [
        Lap(
            figure="append",
            unit="facts/s",
            count=len(requests),
            taken=taken,
            floors={"": floor.seconds, "heap": heap.seconds},
        )
    ]


def _make_tables(stand: Stand, number: int) -> None:
    """Once: they grow from round to round as the ledger's own do."""
    if number == 0:
        copied.make(stand.floor, [("public", table) for table in TABLES])
        copied.make_heap(stand.floor, "public", "fact")


def _groups(stand: Stand, entity: str) -> list[list[copied.Rows]]:
    """What the ledger wrote, one group for each of its transactions."""
    return [
        [
            copied.encoded(
                stand.floor,
                table,
                query,
                {
                    "entity": entity,
                    "first": start + 1,
                    "last": start + COMMANDS_IN_ONE_TRANSACTION,
                },
            )
            for table, query in zip(TABLES, (OF_FACTS, OF_KEYS), strict=True)
        ]
        for start in range(0, stand.rows, COMMANDS_IN_ONE_TRANSACTION)
    ]


def _verify(stand: Stand, entity: str) -> None:
    assert stand.ledger.head(entity) == stand.rows
    places = [
        *((schema, table) for schema in ("public", copied.SCHEMA) for table in TABLES),
        (copied.HEAP, "fact"),
    ]
    for schema, table in places:
        found = copied.count(stand.floor, schema, table, entity)
        assert found == stand.rows, (schema, table, found)
