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

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.curves import first_day
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule, without_steps
from domain.calendar import Period
from domain.due import due
from domain.errors import Rejected
from domain.facts import Fact, causes_of, corrected
from domain.journal import Balances, Due, Entry, Line, Slot
from domain.master import MasterData
from domain.periods import PeriodStates
from domain.terms import horizon
from domain.usage import UsageDay


class Posted(Struct, frozen=True, array_like=True):
    """What stands in one slot after the last settlement, and the causes it stood on."""

    slot: Slot
    minor: int
    functional_minor: int
    causes: tuple[int, ...]


class UnitState(Struct, frozen=True, kw_only=True):
    """One unit in one book as last settled: the schedule (without steps) and what is posted.

    `posted` is in order of its slots. `through` is how far time had come; none: not known any more.
    """

    schedule: Schedule
    posted: tuple[Posted, ...] = ()
    measured_at: int = 0
    through: date | None = None


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
        schedule = measure(unit, fresh.facts, fresh.usage, run.master, run.book, run.through)
        if not schedule.currency:
            # Every fact that names one was retracted; what stands is reversed as it was posted.
            schedule = structs.replace(
                schedule, currency=before.schedule.currency, customer=before.schedule.customer
            )
        _require_kept(schedule.currency, before)
        news = news_in(fresh.facts, before.measured_at)
    assert not is_outrun(schedule, run.through), unit
    # What stands in a period that is over moves with the schedule only.
    edge = _edge(before, run) if fresh is None else date.min
    final = bisect_right(before.posted, edge, key=_earned)
    stood = before.posted[final:]
    balances = due(schedule, run.through, run.master.calendar, edge)
    entries: tuple[Entry, ...] = ()
    if stood and schedule.told_in != before.schedule.told_in:
        # Told in another functional currency from now on: what stood is taken back as it was told.
        entries, stood = post(changes({}, stood, news), before.schedule, run), ()
    lines = changes(balances, stood, news)
    entries += post(lines, schedule, run)
    return Settled(
        entries=entries,
        state=UnitState(
            schedule=schedule if fresh is None else without_steps(schedule),
            posted=before.posted[:final] + _posted(balances, stood, lines),
            measured_at=run.position if fresh is not None else before.measured_at,
            through=run.through,
        ),
    )


def _edge(before: UnitState, run: Run) -> date:
    """The last day of the periods that were over when the unit was settled before."""
    return run.master.calendar.over_by(before.through) if before.through else date.min


def _earned(row: Posted) -> date:
    return row.slot.earned


def _require_kept(currency: str, before: UnitState) -> None:
    """Slots name no currency: what stands in another is taken back before anything is booked."""
    was = before.schedule.currency
    if currency != was and any(row.minor or row.functional_minor for row in before.posted):
        raise Rejected("currency-changed", field="currency", was=was, now=currency)


# --- post: the difference ----------------------------------------------------------------------


class News(Struct, frozen=True):
    """What a unit learned since it was last measured: new facts, and what each corrects."""

    facts: frozenset[int] = frozenset()
    corrections: dict[int, int] = {}


class Change(Struct, frozen=True, kw_only=True):
    """The difference of one slot between what is due and what stands."""

    slot: Slot
    minor: int
    functional_minor: int
    causes: tuple[int, ...]
    rule: str
    on: date | None


def news_in(facts: Sequence[Fact], measured_at: int) -> News:
    """What was corrected before is no news: a run that measures nothing does not know of it."""
    new = frozenset(fact.position for fact in facts if fact.position > measured_at)
    return News(new, {dead: by for dead, by in corrected(facts).items() if by in new})


def changes(balances: Balances, posted: Sequence[Posted], news: News) -> tuple[Change, ...]:
    """In slot order; nothing for a slot that stands as it should."""
    standing_in = {row.slot: row for row in posted}
    found = []
    for slot, should in balances.items():
        stands = standing_in.pop(slot, None)
        minor = should.minor - (stands.minor if stands else 0)
        functional = should.functional_minor - (stands.functional_minor if stands else 0)
        if minor or functional:
            causes = _why(should.causes, stands, news)
            found.append(_change(slot, minor, functional, causes, should))
    for slot, stands in standing_in.items():
        if stands.minor or stands.functional_minor:
            causes = _why(None, stands, news)
            found.append(_change(slot, -stands.minor, -stands.functional_minor, causes, None))
    return tuple(sorted(found, key=_slot))


_slot = attrgetter("slot")


def _change(
    slot: Slot, minor: int, functional: int, causes: tuple[int, ...], should: Due | None
) -> Change:
    return Change(
        slot=slot,
        minor=minor,
        functional_minor=functional,
        causes=causes,
        rule=should.rule if should else "no-longer-due@1",
        on=should.on if should else None,
    )


def _why(due: tuple[int, ...] | None, stands: Posted | None, news: News) -> tuple[int, ...]:
    """The causes of the amount due, and of its change: what corrected a fact it used to rest on.

    Where an amount went away without a trace in what is due now, all that is new is why.
    """
    causes = due or ()
    if stands is None or stands.causes == causes:
        return causes
    used, by = stands.causes, news.corrections
    causes = causes_of(causes, *[(by[dead],) for dead in used if dead in by])
    if not set(used) <= set(causes) and news.facts.isdisjoint(causes):
        causes = causes_of(causes, used if due is None else (), tuple(sorted(news.facts)))
    return causes


class _Place(NamedTuple):
    """Where what was earned in a period is booked; `late`: its date, if that is a later period."""

    booked: Period
    late: date | None


def post(lines: Sequence[Change], schedule: Schedule, run: Run) -> tuple[Entry, ...]:
    """Each difference into the earliest open period not before the one it was earned in (law 3)."""
    places: dict[tuple[date, bool], _Place] = {}
    booked: dict[date, tuple[str, list[Line]]] = {}
    for change in lines:
        key = (change.slot.earned, change.slot.kind == "adjustment")
        place = places.get(key)
        if place is None:
            place = places[key] = _place(*key, run)
        line = _line(change, _accounting_date(change, place, run))
        booked.setdefault(place.booked.first, (place.booked.name, []))[1].append(line)
    return tuple(_entry(*booked[first], schedule, run) for first in sorted(booked))


def _place(last: date, adjustment: bool, run: Run) -> _Place:  # noqa: FBT001 (a claim)
    earned = run.master.calendar.containing(last)
    assert earned is not None, last
    booked = run.periods.booking(earned, adjustment=adjustment)
    if booked is None:
        raise Rejected("no-open-period", earned=earned.name)
    if booked.name == earned.name:
        return _Place(booked, None)
    recorded = run.master.options(run.book, earned.last).closed_period_date == "day-recorded"
    return _Place(booked, run.recorded_on if recorded else booked.first)


def _accounting_date(change: Change, place: _Place, run: Run) -> date:
    """The document's date; `through` for what time drives; the first day booked if late."""
    booked = place.booked
    wanted = place.late or change.on or run.through
    return max(booked.first, min(wanted, booked.last))


def _line(change: Change, accounting_date: date) -> Line:
    return Line(
        slot=change.slot,
        minor=change.minor,
        functional_minor=change.functional_minor,
        accounting_date=accounting_date,
        rule=change.rule,
        causes=change.causes,
    )


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
        functional_currency=schedule.told_in,
        lines=tuple(lines),
    )


def _posted(
    balances: Balances, posted: tuple[Posted, ...], lines: Sequence[Change]
) -> tuple[Posted, ...]:
    """What stands after the changes: the balances due, with the causes each was last posted on."""
    if not lines:
        return posted
    changed = {change.slot: change.causes for change in lines}
    rows = []
    for row in posted:
        if row.slot not in changed:
            if row.minor or row.functional_minor or row.slot in balances:
                rows.append(row)
        elif row.slot in balances:
            rows.append(_stands(row.slot, balances, changed.pop(row.slot)))
    rows += [
        _stands(slot, balances, causes) for slot, causes in changed.items() if slot in balances
    ]
    return tuple(sorted(rows, key=_slot))


def _stands(slot: Slot, balances: Balances, causes: tuple[int, ...]) -> Posted:
    due = balances[slot]
    return Posted(slot, due.minor, due.functional_minor, causes)


def is_outrun(schedule: Schedule, through: date) -> bool:
    """Whether what has no end, or what is open in another currency, was measured less far than a
    run goes: it is measured again.
    """
    if schedule.valued_to is not None and schedule.valued_to < through:
        return True
    return schedule.measured_to is not None and schedule.measured_to < horizon(through)


def moves(schedule: Schedule, after: date, until: date) -> bool:
    """Whether time alone changes what is due between two dates."""
    return is_outrun(schedule, until) or any(
        first_day(flow.curve) <= until and flow.last_day > after
        for flow in (*schedule.flows, *schedule.memos)
    )
