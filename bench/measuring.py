"""The pure core alone: what the books should say about the typical contract, measured in memory."""

from __future__ import annotations

from datetime import date

from bench.contract import BOOK, play
from bench.floors import slots
from bench.lap import Lap, timed
from bench.stand import Stand
from domain.accounting.measure import measure as measured
from domain.accounting.schedule import Schedule
from domain.due import due
from domain.journal import Balances
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from store import log, unit_facts
from store.db import Connection

ENTITY = "measure"
UNIT = "subscription:c000000"
END = date(2025, 12, 31)
ROWS_OF_A_PASS = 100


def measure(stand: Stand, number: int) -> list[Lap]:
    """Floor: the slots of the same contract built in plain Python from amounts that are known."""
    if number == 0:
        play(stand.ledger, ENTITY, 1)
        stand.ledger.catch_up(ENTITY)
    fresh, master = _input(stand)
    passes = max(1, stand.rows // ROWS_OF_A_PASS)
    found: list[Schedule] = []
    taken = timed(stand.floor, lambda: _measure(fresh, master, passes, found))
    balances = due(found[-1], END, master.calendar)
    rows = _rows(balances)
    built: list[int] = []
    floor = timed(stand.floor, lambda: _build(rows, passes, built))
    assert built == [len(balances)], built
    _verify(stand.floor, balances)
    return [
        Lap(
            figure="measure",
            unit="contracts/s",
            count=passes,
            taken=taken,
            floors={"": floor.seconds},
        )
    ]


def _input(stand: Stand) -> tuple[Fresh, MasterData]:
    with stand.ledger.connection() as connection:
        head = stand.ledger.head(ENTITY)
        facts = log.read_categories(connection, ENTITY, MASTER_CATEGORIES)
        return unit_facts.fresh(connection, ENTITY, [UNIT], head)[UNIT], master_data(facts)


def _measure(fresh: Fresh, master: MasterData, passes: int, found: list[Schedule]) -> None:
    for _ in range(passes):
        found[:] = [measured(UNIT, fresh.facts, fresh.usage, master, BOOK)]


def _rows(balances: Balances) -> list[slots.Row]:
    return [
        slots.Row(
            slot.earned,
            slot.kind,
            slot.subject,
            slot.account,
            slot.obligation,
            slot.document,
            row.minor,
            row.functional_minor,
            row.causes,
            row.rule,
            row.on,
        )
        for slot, row in balances.items()
    ]


def _build(rows: list[slots.Row], passes: int, built: list[int]) -> None:
    for _ in range(passes):
        built[:] = [len(slots.build(rows))]


def _verify(connection: Connection, balances: Balances) -> None:
    """What was measured is what the ledger has posted for this contract, account by account."""
    sums: dict[str, int] = {}
    for slot, row in balances.items():
        sums[slot.account] = sums.get(slot.account, 0) + row.minor
    query = (
        "SELECT account, sum(minor)::bigint FROM journal_line"
        " WHERE entity = %s AND unit = %s GROUP BY account"
    )
    posted: dict[str, int] = dict(connection.execute(query, (ENTITY, UNIT)).fetchall())
    assert posted == sums, (posted, sums)
