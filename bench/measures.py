"""The five measurements: append, ingest, catch-up, rebuild and measure, each with its floor.

Each is one round: how many things, how long tieout took for them, and how long the floor took for
the same rows. What is made ready beforehand is not timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from msgspec import Struct

from bench import workload
from bench.floors import copied
from bench.stand import Stand
from domain.accounting.measure import measure as measured
from domain.books import RunPosting
from domain.facts import When
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from replay.rebuild import rebuild_views
from store import checkpoints, log, unit_facts
from store.db import Connection
from store.request import Receipt, Request
from store.usage_stage import UsageBatch

# Commands of one transaction, in append and in its floor.
TOGETHER = 5_000
JOURNAL = ("fact_unit", "unit_state", "journal_entry", "journal_line", "line_cause")


class Round(Struct, frozen=True):
    """`count` things, and the seconds of both."""

    count: int
    seconds: float
    floor_seconds: float


Measure = Callable[[Stand, int], Round]


def append(stand: Stand, number: int) -> Round:
    """Commands decided, numbered and stored with their leaves and keys, many in a transaction."""
    entity = f"append-{number}"
    requests = list(workload.customers(entity, stand.rows // 2))
    began = time.perf_counter()
    for start in range(0, len(requests), TOGETHER):
        _send(stand, entity, requests[start : start + TOGETHER])
    seconds = time.perf_counter() - began
    groups = [
        [
            copied.encoded(
                stand.floor, "public", "fact", "entity = {} AND position BETWEEN {} AND {}", span
            ),
            copied.encoded(
                stand.floor,
                "public",
                "command_key",
                "entity = {} AND positions[1] BETWEEN {} AND {}",
                span,
            ),
        ]
        for span in _spans(entity, len(requests))
    ]
    copied.make(stand.floor, [("public", "fact"), ("public", "command_key")])
    return Round(len(requests), seconds, copied.copy_in(stand.floor, groups))


def _spans(entity: str, count: int) -> Iterable[tuple[str, int, int]]:
    return [(entity, start + 1, start + TOGETHER) for start in range(0, count, TOGETHER)]


def ingest(stand: Stand, number: int) -> Round:
    """A batch of usage rows: read, deduplicated for ever, summed by hour, one fact."""
    entity = f"ingest-{number}"
    _send(stand, entity, workload.opening(entity))
    rows = list(workload.usage(stand.rows))
    began = time.perf_counter()
    stand.ledger.ingest(UsageBatch(entity=entity, source="bench", key="batch"), rows)
    seconds = time.perf_counter() - began
    keys, found = (
        copied.encoded(stand.floor, "public", table, "entity = {}", (entity,))
        for table in ("usage_key", "usage_row")
    )
    copied.make(stand.floor, [("public", "usage_key"), ("public", "usage_row")])
    return Round(stand.rows, seconds, copied.deduplicated(stand.floor, keys, found))


def catch_up(stand: Stand, number: int) -> Round:
    """The poster over new facts and a run: marks, measures, posts. Counted in journal lines."""
    entity = f"catch-up-{number}"
    _fill(stand, entity)
    began = time.perf_counter()
    stand.ledger.catch_up(entity)
    seconds = time.perf_counter() - began
    group = [
        copied.encoded(stand.floor, "public", table, "entity = {}", (entity,)) for table in JOURNAL
    ]
    copied.make(stand.floor, [("public", table) for table in JOURNAL])
    lines = _count(stand.floor, "SELECT count(*) FROM journal_line WHERE entity = %s", entity)
    return Round(lines, seconds, copied.copy_in(stand.floor, [group]))


def rebuild(stand: Stand, number: int) -> Round:
    """Every view made again beside the live one, compared by hash, switched. Counted in facts."""
    if number == 0:
        _fill(stand, "rebuild")
        stand.ledger.catch_up("rebuild")
    with stand.ledger.connection() as connection:
        began = time.perf_counter()
        rebuilt = rebuild_views(connection)
        seconds = time.perf_counter() - began
    assert not rebuilt.breaks, rebuilt.breaks
    schema = checkpoints.schema_of(rebuilt.generation)
    tables = _tables(stand.floor, schema)
    rows = [copied.encoded(stand.floor, schema, table, "true", ()) for table in tables]
    copied.make(stand.floor, [(schema, table) for table in tables])
    facts = _count(stand.floor, "SELECT position FROM entity_head WHERE entity = %s", "rebuild")
    return Round(facts, seconds, copied.copy_in(stand.floor, [rows]))


def measure(stand: Stand, number: int) -> Round:
    """The pure function alone: what the books should say about each unit. Counted in units."""
    entity = "measure"
    if number == 0:
        _fill(stand, entity)
        stand.ledger.catch_up(entity)
    units, master = _units(stand, entity)
    payloads = _payloads(stand.floor, entity)
    began = time.perf_counter()
    for unit, fresh in units:
        measured(unit, fresh.facts, fresh.usage, master, workload.BOOK)
    seconds = time.perf_counter() - began
    return Round(len(units), seconds, copied.decoded(payloads))


MEASURES: dict[str, tuple[Measure, str]] = {
    "append": (append, "commands/s"),
    "ingest": (ingest, "rows/s"),
    "catch-up": (catch_up, "journal lines/s"),
    "rebuild": (rebuild, "facts/s"),
    "measure": (measure, "units/s"),
}


# --- made ready, not timed ---------------------------------------------------------------------


def _fill(stand: Stand, entity: str) -> None:
    """Subscriptions with three months of usage, and a run that nobody has posted yet."""
    count = max(1, stand.rows // workload.ROWS_EACH)
    _send(stand, entity, workload.opening(entity))
    _send(stand, entity, workload.customers(entity, count))
    _send(stand, entity, workload.subscriptions(entity, count))
    batch = UsageBatch(entity=entity, source="bench", key="batch")
    stand.ledger.ingest(batch, workload.usage(stand.rows))
    through = workload.FIRST.replace(month=3, day=31)
    run = RunPosting(when=When(effective=through), through=through)
    _send(stand, entity, [Request(entity=entity, stream="run:self", key="run", command=run)])


def _send(stand: Stand, entity: str, requests: Iterable[Request]) -> None:
    waiting = iter(requests)
    while chunk := list(islice(waiting, TOGETHER)):
        for outcome in stand.ledger.submit_many(entity, chunk):
            assert isinstance(outcome, Receipt), outcome


def _count(connection: Connection, query: str, entity: str) -> int:
    row = connection.execute(query.encode(), (entity,)).fetchone()
    assert row is not None, query
    return int(row[0])


def _tables(connection: Connection, schema: str) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    return [str(name) for (name,) in connection.execute(query, (schema,))]


def _units(stand: Stand, entity: str) -> tuple[Sequence[tuple[str, Fresh]], MasterData]:
    with stand.ledger.connection() as connection:
        head = stand.ledger.head(entity)
        master = master_data(log.read_categories(connection, entity, MASTER_CATEGORIES))
        query = "SELECT DISTINCT unit FROM fact_unit WHERE entity = %s ORDER BY unit"
        names = [str(unit) for (unit,) in connection.execute(query, (entity,))]
        found = unit_facts.fresh(connection, entity, names, head)
    return sorted(found.items()), master


def _payloads(connection: Connection, entity: str) -> list[bytes]:
    """The facts and the usage hours of the units, as JSON: what has to be read in any case."""
    query = (
        "SELECT payload FROM fact JOIN fact_unit USING (entity, position) WHERE entity = %s"
        " UNION ALL SELECT row_to_json(usage_hour)::text FROM usage_hour WHERE entity = %s"
    )
    return [str(text).encode() for (text,) in connection.execute(query, (entity, entity))]
