"""How a fact becomes a journal line. Read this file first.

    known    the facts of one unit up to a position, less what later facts correct   (facts.py)
    measure  every dated amount they imply, with causes and steps    -> Schedule     (accounting/)
    due      what should stand in each slot by a date                -> Balances     (due.py)
    post     the balanced entries that close the difference          -> Entry, ...   (here)

A posting run settles every unit that has new facts, or whose figures move because time passed. A
late usage event, a backdated upgrade, a correction and a repeat need no code of their own:
measuring again gives other amounts, or the same, and the difference is posted into the earliest
period still open that is not before the one it was earned in. `measure` never asks what was posted,
`post` never asks why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct, structs

from domain.accounting.curves import first_day, last_day
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule, causes_of, without_steps
from domain.calendar import Period
from domain.due import due
from domain.errors import Rejected
from domain.facts import Fact, corrected
from domain.journal import Balances, Due, Entry, Line, Slot
from domain.master import MasterData
from domain.periods import PeriodStates
from domain.usage import UsageDay


class Posted(Struct, frozen=True, array_like=True):
    """What stands in one slot after the last settlement, and the causes it stood on."""

    slot: Slot
    minor: int
    functional_minor: int
    causes: tuple[int, ...]


class UnitState(Struct, frozen=True, kw_only=True):
    """One unit in one book as last settled: the schedule (without steps) and what is posted."""

    schedule: Schedule
    posted: tuple[Posted, ...] = ()
    measured_at: int = 0


class Fresh(Struct, frozen=True, kw_only=True):
    """What measuring reads: all facts of a unit up to the run, and its usage."""

    facts: tuple[Fact, ...]
    usage: tuple[UsageDay, ...] = ()


class Run(Struct, frozen=True, kw_only=True):
    """A posting run as one book sees it. `through` never goes back."""

    entity: str
    book: str
    position: int
    through: date
    recorded_on: date
    master: MasterData
    periods: PeriodStates


class Settled(Struct, frozen=True, kw_only=True):
    """What one run posts for one unit of one book, and the unit's state after it."""

    entries: tuple[Entry, ...]
    state: UnitState


def settle(unit: str, state: UnitState | None, fresh: Fresh | None, run: Run) -> Settled:
    """Measure again if the unit has new facts, else cut the schedule; post the difference."""
    before = state or UnitState(schedule=Schedule(unit=unit, book=run.book, currency=""))
    schedule, news = before.schedule, News()
    if fresh is not None:
        schedule = measure(unit, fresh.facts, fresh.usage, run.master, run.book)
        if not schedule.currency:
            # Every fact that names one was retracted; what stands is reversed as it was posted.
            schedule = structs.replace(
                schedule, currency=before.schedule.currency, customer=before.schedule.customer
            )
        _require_kept(schedule.currency, before)
        news = news_in(fresh.facts, before.measured_at)
    balances = due(schedule, run.through, run.master.calendar)
    lines = changes(balances, before.posted, news)
    entries = post(lines, schedule, run)
    return Settled(
        entries=entries,
        state=UnitState(
            schedule=schedule if fresh is None else without_steps(schedule),
            posted=_posted(balances, before.posted, lines),
            measured_at=run.position if fresh is not None else before.measured_at,
        ),
    )


def _require_kept(currency: str, before: UnitState) -> None:
    """Slots name no currency: what stands in another is taken back before anything is booked."""
    was = before.schedule.currency
    if currency != was and any(row.minor or row.functional_minor for row in before.posted):
        raise Rejected("currency-changed", field="currency", was=was, now=currency)


# --- post: the difference ----------------------------------------------------------------------


class News(Struct, frozen=True):
    """What a unit learned since it was last measured: new facts, and what each corrects."""

    facts: tuple[int, ...] = ()
    corrections: tuple[tuple[int, int], ...] = ()


class Change(Struct, frozen=True, kw_only=True):
    """The difference of one slot between what is due and what stands."""

    slot: Slot
    minor: int
    functional_minor: int
    causes: tuple[int, ...]
    rule: str
    on: date | None


def news_in(facts: Sequence[Fact], measured_at: int) -> News:
    new = tuple(fact.position for fact in facts if fact.position > measured_at)
    return News(new, tuple(sorted(corrected(facts).items())))


def changes(balances: Balances, posted: Sequence[Posted], news: News) -> tuple[Change, ...]:
    """Slot by slot, in slot order; nothing for a slot that stands as it should."""
    standing_in = {row.slot: row for row in posted}
    found = []
    for slot in sorted({*balances, *standing_in}):
        should, stands = balances.get(slot), standing_in.get(slot)
        minor = (should.minor if should else 0) - (stands.minor if stands else 0)
        functional = (should.functional_minor if should else 0) - (
            stands.functional_minor if stands else 0
        )
        if minor or functional:
            found.append(
                Change(
                    slot=slot,
                    minor=minor,
                    functional_minor=functional,
                    causes=_why(should, stands, news),
                    rule=should.rule if should else "no-longer-due@1",
                    on=should.on if should else None,
                )
            )
    return tuple(found)


def _why(should: Due | None, stands: Posted | None, news: News) -> tuple[int, ...]:
    """The causes of the amount due, and of its change: what corrected a fact it used to rest on.

    Where an amount went away without a trace in what is due now, all that is new is why.
    """
    due_causes = should.causes if should else ()
    used = stands.causes if stands else ()
    correcting = tuple(by for dead, by in news.corrections if dead in used)
    causes = causes_of(due_causes, correcting)
    lost = {*used} - {*causes}
    if lost and not {*causes} & {*news.facts}:
        causes = causes_of(causes, used if should is None else (), news.facts)
    return causes


def post(lines: Sequence[Change], schedule: Schedule, run: Run) -> tuple[Entry, ...]:
    """Each difference into the earliest open period not before the one it was earned in (law 3)."""
    booked: dict[str, tuple[Period, list[Line]]] = {}
    for change in lines:
        earned = run.master.calendar.containing(change.slot.earned)
        assert earned is not None, change
        period = run.periods.booking(earned, adjustment=change.slot.kind == "adjustment")
        if period is None:
            raise Rejected("no-open-period", earned=earned.name)
        booked.setdefault(period.name, (period, []))[1].append(_line(change, earned, period, run))
    return tuple(
        _entry(name, booked[name][1], schedule, run)
        for name in sorted(booked, key=lambda name: booked[name][0].first)
    )


def _line(change: Change, earned: Period, booked: Period, run: Run) -> Line:
    return Line(
        slot=change.slot,
        minor=change.minor,
        functional_minor=change.functional_minor,
        accounting_date=_accounting_date(change, earned, booked, run),
        rule=change.rule,
        causes=change.causes,
    )


def _accounting_date(change: Change, earned: Period, booked: Period, run: Run) -> date:
    """The document's date; `through` for what time drives; the first day booked if late."""
    if booked.name != earned.name:
        recorded = run.master.options(run.book, earned.last).closed_period_date == "day-recorded"
        wanted = run.recorded_on if recorded else booked.first
    else:
        wanted = change.on or run.through
    return max(booked.first, min(wanted, booked.last))


def _entry(booked: str, lines: list[Line], schedule: Schedule, run: Run) -> Entry:
    assert sum(line.minor for line in lines) == 0, lines
    assert sum(line.functional_minor for line in lines) == 0, lines
    return Entry(
        entity=run.entity,
        book=run.book,
        unit=schedule.unit,
        known_at=run.position,
        booked=booked,
        currency=schedule.currency,
        functional_currency=schedule.currency,
        lines=tuple(lines),
    )


def _posted(
    balances: Balances, posted: Sequence[Posted], lines: Sequence[Change]
) -> tuple[Posted, ...]:
    """What stands after the changes: the balances due, with the causes each was last posted on."""
    if not lines:
        return tuple(posted)
    changed = {change.slot: change.causes for change in lines}
    stood = {row.slot: row.causes for row in posted}
    return tuple(
        Posted(slot, row.minor, row.functional_minor, changed.get(slot) or stood[slot])
        for slot, row in sorted(balances.items(), key=lambda pair: pair[0])
        if slot in changed or slot in stood
    )


def moves(schedule: Schedule, after: date, until: date) -> bool:
    """Whether time alone changes what is due between two dates."""
    return any(
        first_day(flow.curve) <= until and last_day(flow.curve) > after for flow in schedule.flows
    )
