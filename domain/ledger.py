"""How a fact becomes a journal line. Read this file first.

    known    the facts of one accounting unit up to a position, less what later facts correct
    measure  every dated amount they imply, with causes and steps          -> Schedule
    due      what should stand in each slot by a date                      -> Balances
    post     the balanced entries that close the difference to what stands -> Entry, Entry, ...

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

from domain.accounting.curves import first_day, last_day, standing
from domain.accounting.measure import measure
from domain.accounting.schedule import Flow, Schedule, causes_of
from domain.calendar import Calendar, Period
from domain.errors import Rejected
from domain.facts import Fact, corrected
from domain.journal import Balances, Due, Entry, Line, Slot
from domain.master import MasterData
from domain.periods import PeriodStates
from domain.usage import UsageDay

LIABILITY = "contract-liability"
UNBILLED = "unbilled-receivable"
# An obligation's billed and earned changes by period end: what its unbilled part is presented from.
_Position = dict[date, list[tuple[Flow, int]]]


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
        news = news_in(fresh.facts, before.measured_at)
    balances = due(schedule, run.through, run.master.calendar)
    lines = changes(balances, before.posted, news)
    entries = post(lines, schedule, run)
    return Settled(
        entries=entries,
        state=UnitState(
            schedule=schedule,
            posted=_posted(balances, before.posted, lines),
            measured_at=run.position if fresh is not None else before.measured_at,
        ),
    )


# --- due: what should be booked by a date ------------------------------------------------------


def due(schedule: Schedule, through: date, calendar: Calendar) -> Balances:
    """What should stand: documents at their date, what time drives up to `through`."""
    balances: Balances = {}
    positions: dict[str, _Position] = {}
    for flow in schedule.flows:
        changes_by_period = by_period(flow, through, calendar)
        for period, minor in changes_by_period:
            for account, sign in flow.legs:
                _add(balances, slot_of(flow, account, period.last), sign * minor, flow)
        if flow.obligation and any(account == LIABILITY for account, _ in flow.legs):
            position = positions.setdefault(flow.obligation, {})
            for period, minor in changes_by_period:
                position.setdefault(period.last, []).append((flow, minor))
    for obligation, position in positions.items():
        _present_unbilled(balances, obligation, position)
    return balances


def slot_of(flow: Flow, account: str, earned: date) -> Slot:
    return Slot(earned, flow.kind, flow.subject, account, flow.obligation, flow.document)


def by_period(flow: Flow, through: date, calendar: Calendar) -> list[tuple[Period, int]]:
    """The flow's change in each period that shares a day with it, up to its cut."""
    cut = last_day(flow.curve) if flow.on is not None else min(through, last_day(flow.curve))
    begin = first_day(flow.curve)
    if cut < begin:
        return []
    before, found = 0, []
    for period in _periods(calendar, begin, cut):
        now = standing(flow.curve, min(period.last, cut))
        if now != before:
            found.append((period, now - before))
        before = now
    return found


def _periods(calendar: Calendar, first: date, last: date) -> tuple[Period, ...]:
    """Every day must have a period; a calendar that ends too early parks the unit."""
    found = calendar.between(first, last)
    if not found or found[0].first > first or found[-1].last < last:
        raise Rejected("no-period", first=str(first), last=str(last))
    return found


def _add(balances: Balances, slot: Slot, minor: int, flow: Flow) -> None:
    stands = balances.get(slot)
    if stands is None:
        balances[slot] = Due(minor, minor, flow.causes, flow.rule, flow.on)
        return
    balances[slot] = Due(
        stands.minor + minor,
        stands.functional_minor + minor,
        causes_of(stands.causes, flow.causes),
        stands.rule,
        max(filter(None, (stands.on, flow.on)), default=None),
    )


def _present_unbilled(balances: Balances, obligation: str, position: _Position) -> None:
    """Delivered but not billed is an unbilled receivable, no negative liability (rule 38)."""
    billed = earned = before = 0
    causes: set[int] = set()
    for last in sorted(position):
        for flow, minor in position[last]:
            if flow.kind == "release":
                earned += minor
            else:
                billed += minor
            causes.update(flow.causes)
        now = max(0, min(earned, earned - billed))
        if now != before:
            _reclass(balances, obligation, last, now - before, tuple(sorted(causes)))
        before = now


def _reclass(
    balances: Balances, obligation: str, last: date, minor: int, causes: tuple[int, ...]
) -> None:
    for account, sign in ((UNBILLED, 1), (LIABILITY, -1)):
        slot = Slot(last, "unbilled", obligation, account, obligation)
        balances[slot] = Due(sign * minor, sign * minor, causes, "unbilled-receivable@1")


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
