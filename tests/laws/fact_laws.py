"""Laws 7 to 9: conservation, no orphan, nothing silent."""

from __future__ import annotations

from random import Random

from msgspec import Struct

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.due import UNBILLED, due
from domain.explained import Explained, explain
from domain.journal import Due, Slot
from domain.ledger import Fresh, Run
from tests.laws.memory import Books, History, Settlement, fresh_of
from tests.laws.time_laws import Ledger, _last_of_each_book, holds, same

SAMPLED_UNITS = 6
SAMPLED_SLOTS = 4


# --- 8 no orphan ---


def causes(history: History, ledger: Ledger) -> int:
    """An amount from its causes alone is the same; without any one, what explain shows differs."""
    random, count = Random(history.seed), 0
    for books in ledger.values():
        for settlement in _last_of_each_book(books):
            units = random.sample(
                sorted(settlement.states), min(SAMPLED_UNITS, len(settlement.states))
            )
            for unit in units:
                count += _causes_of_unit(books, settlement, unit, random)
    return count


def _causes_of_unit(books: Books, settlement: Settlement, unit: str, random: Random) -> int:
    run = settlement.run
    fresh = fresh_of(books, unit, run.position)
    whole = _Measured(unit, fresh, run)
    balances = due(whole.schedule(None), run.through, run.master.calendar)
    slots = random.sample(sorted(balances), min(SAMPLED_SLOTS, len(balances)))
    return sum(_causes_of_slot(whole, slot, balances[slot]) for slot in slots)


class _Measured(Struct, frozen=True):
    """A unit at one run, to be measured from some of its facts."""

    unit: str
    fresh: Fresh
    run: Run

    def schedule(self, positions: set[int] | None) -> Schedule:
        facts, usage = self.fresh.facts, self.fresh.usage
        if positions is not None:
            facts = tuple(fact for fact in facts if fact.position in positions)
            usage = tuple(day for day in usage if day.position in positions)
        return measure(self.unit, facts, usage, self.run.master, self.run.book)

    def shown(self, slot: Slot, positions: set[int]) -> tuple[int, object]:
        """The amount in a slot and what explain shows for it."""
        through, calendar = self.run.through, self.run.master.calendar
        schedule = self.schedule(positions)
        row = due(schedule, through, calendar).get(slot)
        told = explain(schedule, slot, through, calendar)
        return row.minor if row else 0, [(one.subject, one.minor, one.steps) for one in told]


def _causes_of_slot(whole: _Measured, slot: Slot, row: Due) -> int:
    positions = set(row.causes)
    if slot.kind == "unbilled":
        return _presented(whole, slot, row)
    minor, told = whole.shown(slot, positions)
    count = same(
        minor, row.minor, whole.unit, slot, "from its causes alone", positions, whole.run.entity
    )
    for cause in sorted(positions):
        other = whole.shown(slot, positions - {cause})
        count += holds(
            other != (minor, told),
            whole.unit,
            slot,
            "without",
            cause,
            positions,
            whole.run.entity,
            told,
        )
    return count


def _presented(whole: _Measured, slot: Slot, row: Due) -> int:
    """Unbilled is presented from what explain shows of earned and billed, and rests on that."""
    run, schedule = whole.run, whole.schedule(None)
    shown = explain(schedule, slot, run.through, run.master.calendar)
    now = _unbilled(list(shown))
    before = _unbilled([one for one in shown if one.earned < slot.earned])
    sign = 1 if slot.account == UNBILLED else -1
    count = same(row.minor, sign * (now - before), whole.unit, slot, shown)
    return count + same(set(row.causes), {c for one in shown for c in one.causes}, whole.unit, slot)


def _unbilled(parts: list[Explained]) -> int:
    earned = sum(one.minor for one in parts if one.kind == "release")
    billed = sum(one.minor for one in parts if one.kind != "release")
    return max(0, min(earned, earned - billed))
