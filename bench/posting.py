"""What is derived from the log: caught up with once, and made again beside the live one."""

from __future__ import annotations

from collections.abc import Sequence

from bench.contract import play
from bench.floors import copied, totals
from bench.lap import Lap, Taken, timed
from bench.stand import Stand
from projections import PROJECTIONS, generations, runner, trial_balance
from replay.rebuild import RebuiltJournal, rebuild_journal
from store import checkpoints
from store.db import Connection

ROWS_OF_A_CONTRACT = 400
PUBLIC = "public"
JOURNAL = ("fact_unit", "unit_state", "journal_entry", "journal_line", "line_cause", "charge")
REBUILT = "rebuild"
REBUILT_FLOOR = "floor_rebuild"
# Never the next one: a real rebuild beside this one would make that.
BESIDE = 1_000


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
    rows = _encoded(stand.floor, tables, entity)
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, [rows]))
    _verify_passed(stand.floor, entity, head)
    _verify_copied(stand.floor, tables, entity, copied.SCHEMA)
    return [_lap("catch-up", "facts/s", head, taken, floor)]


def rebuild(stand: Stand, number: int) -> list[Lap]:
    """One additive view beside the live one, and the journal; both compared with what is live."""
    if number == 0:
        play(stand.ledger, REBUILT, contracts(stand))
        stand.ledger.catch_up(REBUILT)
        copied.make(stand.floor, [(PUBLIC, table) for table in JOURNAL], into=REBUILT_FLOOR)
        copied.make(stand.floor, [_live(stand.floor, totals.TABLE)], into=totals.VIEW)
    lines = copied.count(stand.floor, PUBLIC, "journal_line", REBUILT)
    assert lines > 0
    return [_rebuild_view(stand, lines), _rebuild_journal(stand, lines)]


def _rebuild_view(stand: Stand, lines: int) -> Lap:
    """Floor: one INSERT of one SELECT over the same lines."""
    with stand.ledger.connection() as connection:
        taken = timed(stand.floor, lambda: _make_view(connection))
        found = generations.digest(connection, REBUILT, trial_balance.VIEW, BESIDE)
        generations.drop(connection, BESIDE)
    copied.empty(stand.floor, [totals.TABLE], schema=totals.VIEW)
    floor = timed(stand.floor, lambda: totals.fold(stand.floor, REBUILT))
    folded = copied.count(stand.floor, totals.VIEW, totals.TABLE, REBUILT)
    assert folded == found.rows > 0, (folded, found)
    return _lap("rebuild-view", "lines/s", lines, taken, floor)


def _make_view(connection: Connection) -> None:
    """Tables, rows, and the proof that they are those of the live view."""
    view = trial_balance.VIEW
    generations.make(connection, BESIDE)
    runner.follow(connection, REBUILT, view, BESIDE)
    again = generations.digest(connection, REBUILT, view, BESIDE)
    assert again == generations.digest(connection, REBUILT, view, generations.live(connection))


def _rebuild_journal(stand: Stand, lines: int) -> Lap:
    """Floor: the rows of the journal, copied in."""
    made: list[RebuiltJournal] = []
    with stand.ledger.connection() as connection:
        taken = timed(stand.floor, lambda: made.append(rebuild_journal(connection, REBUILT)))
    assert not made[0].breaks, made[0].breaks
    assert made[0].lines == lines, made[0]
    tables = [(PUBLIC, table) for table in JOURNAL]
    rows = _encoded(stand.floor, tables, REBUILT)
    copied.empty(stand.floor, JOURNAL, schema=REBUILT_FLOOR)
    floor = timed(stand.floor, lambda: copied.copy_in(stand.floor, [rows], schema=REBUILT_FLOOR))
    _verify_copied(stand.floor, tables, REBUILT, REBUILT_FLOOR)
    return _lap("rebuild-journal", "lines/s", lines, taken, floor)


def _lap(figure: str, unit: str, count: int, taken: Taken, floor: Taken) -> Lap:
    return Lap(figure=figure, unit=unit, count=count, taken=taken, floors={"": floor.seconds})


def _encoded(
    connection: Connection, tables: Sequence[tuple[str, str]], entity: str
) -> list[copied.Rows]:
    return [copied.encoded_table(connection, schema, table, entity) for schema, table in tables]


def _tables_of_views(connection: Connection) -> list[tuple[str, str]]:
    """What a poster and the live views write."""
    schema = checkpoints.schema_of(generations.live(connection))
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    views = [str(name) for (name,) in connection.execute(query, (schema,))]
    return [*((PUBLIC, table) for table in JOURNAL), *((schema, table) for table in views)]


def _live(connection: Connection, table: str) -> tuple[str, str]:
    return checkpoints.schema_of(generations.live(connection)), table


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


def _verify_copied(
    connection: Connection, tables: Sequence[tuple[str, str]], entity: str, floor: str
) -> None:
    for schema, table in tables:
        there = copied.count(connection, schema, table, entity)
        assert copied.count(connection, floor, table, entity) == there, table
