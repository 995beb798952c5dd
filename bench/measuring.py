"""The pure core alone, in memory: the typical contract measured, settled and cut.

The garbage collector waits, as it does where the poster settles a chunk of units.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from time import process_time

from bench import grown_contract, stated_contract
from bench.contract import BOOK, play
from bench.floors import slots
from bench.lap import Lap, Reading, timed
from bench.stand import Stand
from domain.accounting.measure import measure as measured
from domain.due import due
from domain.journal import Balances
from domain.ledger import Fresh, Run, UnitState, settle
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import PeriodStates
from store import log, unit_facts
from store.db import Connection
from store.unpaused import unpaused

ENTITY = "measure"
UNIT = "subscription:c000000"
BEFORE, END = date(2025, 11, 30), date(2025, 12, 31)
ROWS_OF_A_PASS = 20
# A cut is short, the longest contract is long: as many of each as take about as long.
CUTS, SETTLEMENTS, GROWN, STATED = 6.0, 0.6, 0.1, 0.5
TYPICAL = 40
FEW, MANY = 50, 500


def measure(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floor: the slots of the same contract built in plain Python from amounts that are known."""
    if number == 0:
        play(stand.ledger, ENTITY, 1)
        stand.ledger.catch_up(ENTITY)
    fresh, master = _input(stand)
    passes = max(1, stand.rows // ROWS_OF_A_PASS)
    schedule = measured(UNIT, fresh.facts, fresh.usage, master, BOOK, END)
    balances = due(schedule, END, master.calendar)
    _verify(stand.floor, balances)
    rows = _rows(balances)
    assert len(slots.build(rows)) == len(balances), balances
    built = timed(stand.floor, lambda: _again(lambda: slots.build(rows), passes))
    before = settle(UNIT, None, fresh, _run(master, BEFORE)).state
    return [
        _lap(stand, "measure", passes, lambda: _measure(fresh, master), {"": built.seconds}),
        _lap(stand, "settle", passes * SETTLEMENTS, lambda: _settle(before, fresh, master)),
        _lap(stand, "cut", passes * CUTS, lambda: _settle(before, None, master)),
        _linear(max(1, int(passes * GROWN))),
        *_stated(stand, max(1, int(passes * STATED))),
    ]


def _stated(stand: Stand, passes: int) -> list[Lap | Reading]:
    """The same of a contract stated by itself, with modifications."""
    unit, book = stated_contract.UNIT, stated_contract.BOOK
    fresh, master = stated_contract.stated(TYPICAL)

    def once() -> object:
        return measured(unit, fresh.facts, (), master, book, END)

    balances = due(measured(unit, fresh.facts, (), master, book, END), END, master.calendar)
    assert balances, fresh
    assert sum(row.minor for row in balances.values()) == 0, balances
    rows = _rows(balances)
    built = timed(stand.floor, lambda: _again(lambda: slots.build(rows), passes))
    few, many = (_quickest_stated(facts, passes) for facts in (FEW, MANY))
    return [
        _lap(stand, "measure-stated", passes, once, {"": built.seconds}),
        Reading(figure="measure-stated-linear", unit="times", value=many / few),
    ]


def _quickest_stated(facts: int, passes: int) -> float:
    fresh, master = stated_contract.stated(facts)
    unit, book = stated_contract.UNIT, stated_contract.BOOK
    return _least(lambda: measured(unit, fresh.facts, (), master, book, END), passes, facts)


def _lap(
    stand: Stand,
    figure: str,
    passes: float,
    work: Callable[[], object],
    floors: dict[str, float] | None = None,
) -> Lap:
    count = max(1, int(passes))
    taken = timed(stand.floor, lambda: _again(work, count))
    return Lap(figure=figure, unit="contracts/s", count=count, taken=taken, floors=floors or {})


def _again(work: Callable[[], object], passes: int) -> None:
    with unpaused():
        for _ in range(passes):
            work()


def _measure(fresh: Fresh, master: MasterData) -> object:
    return measured(UNIT, fresh.facts, fresh.usage, master, BOOK, END)


def _settle(before: UnitState, fresh: Fresh | None, master: MasterData) -> object:
    """One month on: with facts measured again, without them cut."""
    return settle(UNIT, before, fresh, _run(master, END))


def _run(master: MasterData, through: date) -> Run:
    return Run(
        entity=ENTITY,
        book=BOOK,
        position=1,
        through=through,
        recorded_on=through,
        master=master,
        periods=PeriodStates(calendar=master.calendar),
    )


def _linear(passes: int) -> Reading:
    """How much longer ten times the facts take, the quickest pass of each."""
    few, many = (_quickest(facts, passes) for facts in (FEW, MANY))
    return Reading(figure="measure-linear", unit="times", value=many / few)


def _quickest(facts: int, passes: int) -> float:
    fresh, master = grown_contract.grown(facts)
    unit = grown_contract.UNIT
    return _least(
        lambda: measured(unit, fresh.facts, fresh.usage, master, BOOK, END), passes, facts
    )


def _least(work: Callable[[], object], passes: int, facts: int) -> float:
    """Processor time of the quickest pass; of a long contract fewer are taken."""
    found = []
    with unpaused():
        for _ in range(max(1, passes * MANY // facts)):
            began = process_time()
            work()
            found.append(process_time() - began)
    return min(found)


def _input(stand: Stand) -> tuple[Fresh, MasterData]:
    with stand.ledger.connection() as connection:
        head = stand.ledger.head(ENTITY)
        facts = log.read_categories(connection, ENTITY, MASTER_CATEGORIES)
        master = master_data(facts)
        return unit_facts.fresh(connection, ENTITY, [UNIT], head, master)[UNIT], master


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
