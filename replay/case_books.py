"""What the books of a case say: its journal by one query, and the postings that were still to come.

What was to come, as known on a day, is found by posting again in memory: every run up to that day,
then one more through the end of the case, on nothing but what was known then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.books import PostingRun
from domain.facts import Fact
from domain.journal import Entry
from domain.ledger import Fresh, Run, UnitState, settle
from domain.master import MASTER_CATEGORIES, master_data
from domain.periods import period_states
from domain.routing import route
from domain.usage import UsageDay
from projections.booked import booked_sums, left_over
from replay.case_figures import Posted
from replay.case_plan import BOOK, Plan
from replay.case_translation import USAGE
from replay.ledger import Ledger
from store import log
from store.usage_days import usage_days


class CaseBooks:
    """Answers the figures of one case from its entity's log and journal."""

    def __init__(self, ledger: Ledger, entity: str, course: Plan) -> None:
        self.entity = entity
        self.course = course
        zones = {USAGE: course.zone}
        with ledger.connection() as connection:
            self.facts = tuple(log.read_all(connection, entity))
            self.usage = usage_days(connection, entity, zones)
            self.sums = booked_sums(connection, entity, BOOK)
            self.waiting = left_over(connection, entity)

    def posted(self) -> tuple[Posted, ...]:
        return tuple(
            Posted(
                account=row.account,
                booked=row.booked,
                booked_first=_first_day(row.booked),
                earned=row.earned,
                known_at=row.known_at,
                minor=row.minor,
                lines=row.lines,
            )
            for row in self.sums
        )

    def left_over(self) -> tuple[str, ...]:
        return tuple(f"{what}: {why}" for what, why in self.waiting)

    def position_on(self, known_on: date) -> int:
        """A day ends in the case's own time zone."""
        midnight = datetime.combine(known_on, time(), ZoneInfo(self.course.zone))
        end = (midnight + timedelta(days=1)).astimezone(UTC)
        return max((fact.position for fact in self.facts if fact.recorded_at < end), default=0)

    def forecast(self, known_on: date) -> tuple[Posted, ...]:
        position = self.position_on(known_on)
        known = tuple(fact for fact in self.facts if fact.position <= position)
        entries = still_to_come(known, self.usage, self.course.through)
        return tuple(row for entry in entries for row in _rows(entry))


def still_to_come(
    facts: Sequence[Fact], usage: Sequence[UsageDay], through: date
) -> tuple[Entry, ...]:
    """What one more run would post on these facts, after all the runs among them."""
    states: dict[str, UnitState] = {}
    for fact in facts:
        if isinstance(fact.event, PostingRun):
            _settle_all(states, facts[: fact.position], usage, fact.event.through)
    return _settle_all(states, facts, usage, through)


def _settle_all(
    states: dict[str, UnitState], facts: Sequence[Fact], usage: Sequence[UsageDay], through: date
) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    run = _run(facts, through)
    for unit, mine in sorted(_by_unit(facts).items()):
        used = tuple(
            row
            for row in usage
            if unit == f"subscription:{row.subscription}" and row.position <= run.position
        )
        settled = settle(unit, states.get(unit), Fresh(facts=tuple(mine), usage=used), run)
        states[unit] = settled.state
        entries += settled.entries
    return tuple(entries)


def _run(facts: Sequence[Fact], through: date) -> Run:
    master = master_data(f for f in facts if f.stream.partition(":")[0] in MASTER_CATEGORIES)
    closes = (fact for fact in facts if fact.stream == f"book:{BOOK}")
    last = facts[-1]
    return Run(
        entity=last.entity,
        book=BOOK,
        position=last.position,
        through=through,
        recorded_on=last.recorded_at.date(),
        master=master,
        periods=period_states(master.calendar, closes),
    )


def _by_unit(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """The facts of each unit; later facts of a stream go where its earlier ones went."""
    units: dict[str, list[Fact]] = {}
    went: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        touched = route(fact, lambda stream: went.get(stream, ()))
        went[fact.stream] = (*went.get(fact.stream, ()), *touched)
        for unit in touched:
            units.setdefault(unit, []).append(fact)
    return units


def _rows(entry: Entry) -> Iterable[Posted]:
    for line in entry.lines:
        yield Posted(
            account=line.slot.account,
            booked=entry.booked,
            booked_first=_first_day(entry.booked),
            earned=line.slot.earned,
            known_at=entry.known_at,
            minor=line.minor,
        )


def _first_day(period: str) -> date:
    """The periods of a case are calendar months, named by the harness itself."""
    return date.fromisoformat(f"{period}-01")
