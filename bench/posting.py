"""What is derived from the log, caught up with once: poster and every view."""

from __future__ import annotations

from collections.abc import Sequence

from bench.contract import play
from bench.floors import copied
from bench.lap import Lap, Taken, timed
from bench.stand import Stand
from projections import PROJECTIONS, generations
from store import checkpoints
from store.db import Connection

ROWS_OF_A_CONTRACT = 400
PUBLIC = "public"
JOURNAL = ("fact_unit", "unit_state", "journal_entry", "journal_line", "charge")


def contracts(stand: Stand) -> int:
    return max(1, stand.rows // ROWS_OF_A_CONTRACT)


def catch_up(stand: Stand, number: int) -> list[Lap]:
    """The poster and every view, from nothing to the head. Floor: the rows they left, copied in."""
    entity = f"catch-up-{number}"
    head = play(stand.ledger, entity, contracts(stand))
    taken = timed(stand.floor, lambda: stand.ledger.catch_up(entity))
    tables = _tables_of_views(stand.floor)
    if number == 0:
        copied.make(stand.floor, tables)
    rows = encoded(stand.floor, tables, entity)
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, [rows]))
    _verify_passed(stand.floor, entity, head)
    verify_copied(stand.floor, tables, entity, copied.SCHEMA)
    return [lap("catch-up", "facts/s", head, taken, floor)]


def lap(figure: str, unit: str, count: int, taken: Taken, floor: Taken) -> Lap:
    return Lap(figure=figure, unit=unit, count=count, taken=taken, floors={"": floor.seconds})


def encoded(
    connection: Connection, tables: Sequence[tuple[str, str]], entity: str
) -> list[copied.Rows]:
    return [copied.encoded_table(connection, schema, table, entity) for schema, table in tables]


def _tables_of_views(connection: Connection) -> list[tuple[str, str]]:
    """What a poster and the live views write."""
    schema = checkpoints.schema_of(generations.live(connection))
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    views = [str(name) for (name,) in connection.execute(query, (schema,))]
    return [*((PUBLIC, table) for table in JOURNAL), *((schema, table) for table in views)]


def _verify_passed(connection: Connection, entity: str, head: int) -> None:
    """Every checkpoint is at the head, and the books balance."""
    query = "SELECT projection, position FROM checkpoint WHERE entity = %s"
    passed: dict[str, int] = dict(connection.execute(query, (entity,)).fetchall())
    wanted = [checkpoints.JOURNAL, *(view.name for view in PROJECTIONS)]
    assert passed == dict.fromkeys(wanted, head), passed
    query = "SELECT unit, code, detail FROM parked WHERE entity = %s"
    parked = connection.execute(query, (entity,)).fetchall()
    assert not parked, parked
    query = "SELECT sum(minor), count(*) > 0 FROM journal_line WHERE entity = %s"
    posted = connection.execute(query, (entity,)).fetchone()
    assert posted == (0, True), posted


def verify_copied(
    connection: Connection, tables: Sequence[tuple[str, str]], entity: str, floor: str
) -> None:
    for schema, table in tables:
        there = copied.count(connection, schema, table, entity)
        assert copied.count(connection, floor, table, entity) == there, table
