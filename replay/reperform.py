"""The whole journal again in memory, from facts and usage rows alone: no database, no stored state.

It settles the same units at the same runs as the poster, so entries come in the same order under
the same numbers; `explain` measures a line's unit as its run knew it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.accounting.measure import measure
from domain.accounting.rules import rule_of
from domain.aggregation import added_up
from domain.books import BookOpened, PostingRun
from domain.due import due
from domain.errors import Rejected
from domain.explained import explain
from domain.facts import Fact, known, timeline
from domain.journal import Entry, Line
from domain.judgement import NatureJudged, judgements, nature_of
from domain.ledger import Fresh, Run, UnitState, is_outrun, moves, settle
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.periods import period_states
from domain.routing import brings_along, is_stated, rests_on, route, taken_over
from domain.usage import UsageDay
from projections.lineage import Explanation, JournalLine
from projections.settling import FAULTS
from replay.export_lines import ExportedRow
from replay.source import Source, usage_rows
from store.unit_facts import zone_of


class Posted(Struct, frozen=True, kw_only=True):
    """An entry under its number, the customer of its unit, and how far time had come."""

    number: int
    entry: Entry
    customer: str
    through: date


class Reperformed(Struct, kw_only=True):
    """One entity's log, passed fact by fact."""

    entity: str
    facts: tuple[Fact, ...]
    usage: dict[str, list[ExportedRow]]
    posted: list[Posted] = []
    parked: set[str] = set()
    units: dict[str, list[int]] = {}
    streams: dict[str, tuple[set[str], list[int]]] = {}
    states: dict[tuple[str, str], UnitState] = {}
    last_run: int = 0
    through: date | None = None


def reperform(source: Source) -> Reperformed:
    """Every entry the facts imply, at every posting run among them."""
    usage: dict[str, list[ExportedRow]] = {}
    for row in source.rows:
        usage.setdefault(row.subscription, []).append(row)
    done = Reperformed(entity=source.entity, facts=source.facts, usage=usage)
    for fact in source.facts:
        if isinstance(fact.event, PostingRun):
            _run(done, fact, fact.event.through)
        else:
            _mark(done, fact)
    return done


def explain_again(done: Reperformed, entry: int, line: int) -> Explanation | None:
    """What a line is made of, from the same measure call as its amount."""
    if not 1 <= entry <= len(done.posted):
        return None
    found = done.posted[entry - 1]
    if not 1 <= line <= len(found.entry.lines):
        return None
    row = found.entry.lines[line - 1]
    run, unit = found.entry.known_at, found.entry.unit
    master = _master(done, run)
    fresh = _fresh(done, unit, run, master)
    schedule = measure(unit, fresh.facts, fresh.usage, master, found.entry.book, found.through)
    amount = due(schedule, found.through, master.calendar).get(row.slot)
    nature, judgement = _nature(done, row)
    return Explanation(
        nature=nature,
        judgement=judgement,
        line=_journal_line(found, row, line),
        by=rule_of(row.rule),
        stood_minor=sum(earlier.minor for earlier in _in_slot(done, found, row)),
        due_minor=amount.minor if amount else 0,
        through=found.through,
        shares=explain(schedule, row.slot, found.through, master.calendar),
    )


def _nature(done: Reperformed, row: Line) -> tuple[str | None, int | None]:
    """Of a line booked later than it was earned: what its newest cause is, or was judged to be."""
    if row.accounting_date <= row.slot.earned or not row.causes:
        return None, None
    newest = done.facts[max(row.causes) - 1]
    decision = judgements(timeline(done.facts)).get(newest.position)
    if decision is not None:
        assert isinstance(decision.event, NatureJudged), decision
        return decision.event.nature, decision.position
    category = newest.stream.partition(":")[0]
    tag = str(type(newest.event).__struct_config__.tag)
    return nature_of(tag, category, corrects=newest.corrects is not None), None


def journal_lines(done: Reperformed) -> Iterator[JournalLine]:
    """Every line under its entry's number, as the journal has it."""
    for found in done.posted:
        for place, line in enumerate(found.entry.lines, 1):
            yield _journal_line(found, line, place)


def _mark(done: Reperformed, fact: Fact) -> None:
    """The fact joins its units; a document that reaches one later brings its stream along."""
    before, positions = done.streams.setdefault(fact.stream, (set(), []))
    units = route(fact, lambda stream: tuple(sorted(done.streams.get(stream, (set(), []))[0])))
    for unit in units:
        brought = positions if brings_along(fact) and unit not in before else []
        own = done.units.setdefault(unit, [])
        own[:] = sorted({*own, *brought, fact.position})
    before.update(units)
    positions.append(fact.position)
    if (name := rests_on(fact)) is not None:
        resting, earlier = done.streams.setdefault(name, (set(), []))
        done.units[fact.stream][:] = sorted({*done.units[fact.stream], *earlier})
        resting.add(fact.stream)
    if (taken := taken_over(fact)) is not None:
        _take_over(done, taken, [unit for unit in units if is_stated(unit) and unit != taken])


def _take_over(done: Reperformed, taken: str, into: Sequence[str]) -> None:
    """All that one unit knows so far, for others; what comes later of those streams follows."""
    for unit in into:
        done.units[unit][:] = sorted({*done.units[unit], *done.units[taken]})
    for position in done.units[taken]:
        done.streams[done.facts[position - 1].stream][0].update(into)


def _run(done: Reperformed, fact: Fact, through: date) -> None:
    """Settle what has news, what was parked and what time moves, in order of units and books."""
    before = done.through
    done.through = max(through, before or through)
    runs = _runs(done, fact, done.through)
    everything = _measures_all(done, fact.position)
    master = next((run.master for run in runs), MasterData())
    for unit in sorted(done.units):
        has_news = done.units[unit][-1] > done.last_run
        unsettled = any((unit, run.book) not in done.states for run in runs)
        fresh = None
        if everything or has_news or unsettled or unit in done.parked:
            fresh = _fresh(done, unit, fact.position, master)
        _settle_unit(done, unit, fresh, runs, before or done.through)
    done.last_run = fact.position


def _settle_unit(
    done: Reperformed, unit: str, fresh: Fresh | None, runs: tuple[Run, ...], before: date
) -> None:
    """All books of a unit or none: what cannot be settled stays as it was and waits."""
    settled = []
    try:
        for run in runs:
            state = done.states.get((unit, run.book))
            if fresh is None and (state is None or not moves(state.schedule, before, run.through)):
                continue
            if fresh is None and state is not None and is_outrun(state.schedule, run.through):
                fresh = _fresh(done, unit, run.position, run.master)
            settled.append((run, settle(unit, state, fresh, run)))
    except (Rejected, *FAULTS):
        done.parked.add(unit)
        return
    done.parked.discard(unit)
    for run, result in settled:
        done.states[unit, run.book] = result.state
        for entry in result.entries:
            done.posted.append(
                Posted(
                    number=len(done.posted) + 1,
                    entry=entry,
                    customer=result.state.schedule.customer,
                    through=run.through,
                )
            )


def _measures_all(done: Reperformed, upto: int) -> bool:
    """Master data or a book came in since the last run: every unit may measure otherwise."""
    for fact in done.facts[done.last_run : upto]:
        category = fact.stream.partition(":")[0]
        if category in MASTER_CATEGORIES:
            return True
        if category == "book" and (isinstance(fact.event, BookOpened) or fact.corrects is not None):
            return True
    return False


def _runs(done: Reperformed, fact: Fact, through: date) -> tuple[Run, ...]:
    master = _master(done, fact.position)
    acts = [row for row in done.facts[: fact.position] if row.stream.startswith("book:")]
    opened = (row for row in known(acts) if isinstance(row.event, BookOpened))
    return tuple(
        Run(
            entity=done.entity,
            book=stream.partition(":")[2],
            position=fact.position,
            through=through,
            recorded_on=fact.recorded_at.astimezone(ZoneInfo(master.zone)).date(),
            master=master,
            periods=period_states(master.calendar, [row for row in acts if row.stream == stream]),
        )
        for stream in sorted({row.stream for row in opened})
    )


def _master(done: Reperformed, upto: int) -> MasterData:
    facts = done.facts[:upto]
    return master_data(row for row in facts if row.stream.partition(":")[0] in MASTER_CATEGORIES)


def _fresh(done: Reperformed, unit: str, upto: int, master: MasterData) -> Fresh:
    facts = tuple(done.facts[place - 1] for place in done.units[unit] if place <= upto)
    kind, _, name = unit.partition(":")
    days: tuple[UsageDay, ...] = ()
    if kind == "subscription" and name in done.usage:
        rows = usage_rows(done.usage[name], zone_of(facts), master.zone)
        known = (row for row in rows if row.position <= upto)
        days = added_up(known, master.by_row)
    return Fresh(facts=facts, usage=days)


def _in_slot(done: Reperformed, found: Posted, row: Line) -> Iterator[Line]:
    """The earlier lines of the same slot in the same book."""
    for earlier in done.posted[: found.number - 1]:
        if earlier.entry.unit == found.entry.unit and earlier.entry.book == found.entry.book:
            yield from (line for line in earlier.entry.lines if line.slot == row.slot)


def _journal_line(found: Posted, row: Line, place: int) -> JournalLine:
    entry, slot = found.entry, row.slot
    return JournalLine(
        entry=found.number,
        line=place,
        book=entry.book,
        unit=entry.unit,
        known_at=entry.known_at,
        booked=entry.booked,
        account=slot.account,
        kind=slot.kind,
        subject=slot.subject,
        obligation=slot.obligation,
        document=slot.document,
        customer=found.customer,
        earned=slot.earned,
        accounting_date=row.accounting_date,
        currency=entry.currency,
        minor=row.minor,
        functional_currency=entry.functional_currency,
        functional_minor=row.functional_minor,
        rule=row.rule,
    )
