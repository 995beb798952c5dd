"""From a journal line down to the facts and usage rows under it, and from those up to every line.

`explain` measures the line's unit again on what was known at its run: the steps come from the same
call as the amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from domain.accounting.rules import Rule, rule_of
from domain.due import due
from domain.effects import COMES_TO_NOTHING, Standing, why_without_effect
from domain.explained import Explained, explain
from domain.facts import timeline
from domain.journal import Slot
from domain.judgement import NatureJudged, judgements, nature_of
from projections.remeasure import place_at, schedules_at
from store import checkpoints, log
from store.canonical import bucket
from store.db import Connection, queries

SQL = queries(__file__)

ROWS = 1_000


class JournalLine(Struct, frozen=True):
    """One posted line, with the entry it stands in."""

    entry: int
    line: int
    book: str
    unit: str
    known_at: int
    booked: str
    account: str
    kind: str
    subject: str
    obligation: str
    document: str
    customer: str
    earned: date
    accounting_date: date
    currency: str
    minor: int
    functional_currency: str
    functional_minor: int
    rule: str

    @property
    def slot(self) -> Slot:
        return Slot(
            self.earned, self.kind, self.subject, self.account, self.obligation, self.document
        )


class CauseFact(Struct, frozen=True):
    """A fact under a line: without it the amount or its steps would differ."""

    position: int
    stream: str
    what: str
    effective: date
    recorded_at: datetime
    actor: str
    corrects: int | None
    content: str


class UsageRowVersion(Struct, frozen=True):
    """A usage row as one batch brought it; `replaced_at` is the position of what took it out."""

    source: str
    event_id: str
    batch: int
    position: int
    subscription: str
    meter: str
    quantity: Decimal
    occurred_at: datetime
    replaced_at: int | None


class Down(Struct, frozen=True, kw_only=True):
    """A line, the facts that caused it, and the usage rows of its unit in their batches."""

    line: JournalLine
    causes: tuple[CauseFact, ...]
    rows: tuple[UsageRowVersion, ...]


class Up(Struct, frozen=True, kw_only=True):
    """Facts or row versions, and every line that rests on them, reversals included.

    `why_none` says why a fact has no lines (law 8).
    """

    facts: tuple[CauseFact, ...]
    rows: tuple[UsageRowVersion, ...]
    lines: tuple[JournalLine, ...]
    why_none: str | None = None


class Explanation(Struct, frozen=True, kw_only=True):
    """Stood + changed = due; `shares` are the measured amounts in the slot with their steps.

    `by` is the rule that the line names, in words. `nature`: of a line booked later than earned
    what the newest fact it rests on is, as two people judged at `judgement`, or by itself.
    """

    line: JournalLine
    by: Rule
    stood_minor: int
    due_minor: int
    through: date
    shares: tuple[Explained, ...]
    nature: str | None = None
    judgement: int | None = None


def lines_of(
    connection: Connection, entity: str, *, entry: int | None = None, line: int | None = None
) -> tuple[JournalLine, ...]:
    """The lines of one entry, or one of them."""
    names = {"entity": entity, "entry": entry, "line": line, "upto": _reached(connection, entity)}
    return tuple(JournalLine(*row) for row in connection.execute(SQL.lines, names))


def lineage_down(
    connection: Connection, entity: str, entry: int, line: int, *, limit: int = ROWS
) -> Down | None:
    """None if there is no such line."""
    with connection.transaction():
        found = lines_of(connection, entity, entry=entry, line=line)
        if not found:
            return None
        names = {"entity": entity, "entry": entry, "line": line}
        causes = _facts(connection, SQL.causes, names)
        batches = [fact.position for fact in causes if fact.what == "usage-batch-accepted"]
        rows = connection.execute(
            SQL.rows_of_batches,
            {
                "entity": entity,
                "subscription": found[0].unit.partition(":")[2],
                "positions": batches,
                "earned": found[0].earned,
                "limit": limit,
            },
        )
        return Down(line=found[0], causes=causes, rows=tuple(UsageRowVersion(*row) for row in rows))


def lineage_up(connection: Connection, entity: str, position: int) -> Up | None:
    """From one fact. None if the log has no such position."""
    with connection.transaction():
        facts = _facts(connection, SQL.one_fact, {"entity": entity, "position": position})
        if not facts:
            return None
        names = {"entity": entity, "position": position, "upto": _reached(connection, entity)}
        is_rate = facts[0].stream.startswith("rates:")
        asked = SQL.lines_on_rate if is_rate else SQL.lines_on_fact
        found = connection.execute(asked, names)
        lines = tuple(JournalLine(*row) for row in found)
        why = None if lines else _why_none(connection, entity, position)
        return Up(facts=facts, rows=(), lines=lines, why_none=why)


def _why_none(connection: Connection, entity: str, position: int) -> str:
    """What the law on orphans asks, answered for a person."""
    (fact,) = log.read_positions(connection, entity, [position])
    names = {"entity": entity, "position": position}
    waits = connection.execute(SQL.what_keeps_a_fact_waiting, names).fetchone()
    assert waits is not None, position
    last_run = checkpoints.passed_run(connection, entity, _reached(connection, entity))
    standing = Standing(is_settled=position <= last_run.position, parked=waits[0], pending=waits[1])
    of_stream = log.read_stream(connection, entity, fact.stream)
    return why_without_effect(fact, of_stream, standing) or COMES_TO_NOTHING


def lineage_up_event(connection: Connection, entity: str, source: str, event_id: str) -> Up | None:
    """From one usage event, by every version of it: what its batches moved from its day on."""
    with connection.transaction():
        names = {
            "bucket": bucket(entity, source, event_id),
            "entity": entity,
            "source": source,
            "event_id": event_id,
        }
        versions = connection.execute(SQL.versions_of_event, names).fetchall()
        if not versions:
            return None
        rows = tuple(UsageRowVersion(*row) for row in versions)
        touched = {(row.subscription, row.position, row.occurred_at) for row in rows}
        touched |= {
            (row.subscription, row.replaced_at, row.occurred_at) for row in rows if row.replaced_at
        }
        ordered = sorted(touched)
        names = {
            "entity": entity,
            "units": [f"subscription:{subscription}" for subscription, _, _ in ordered],
            "positions": [position for _, position, _ in ordered],
            "days": [moment for _, _, moment in ordered],
            "upto": _reached(connection, entity),
        }
        lines = connection.execute(SQL.lines_on_usage, names)
        positions = {"entity": entity, "positions": sorted({at for _, at, _ in ordered})}
        return Up(
            facts=_facts(connection, SQL.facts_at, positions),
            rows=rows,
            lines=tuple(JournalLine(*row) for row in lines),
        )


def explain_line(connection: Connection, entity: str, entry: int, line: int) -> Explanation | None:
    """Measure the unit again as its run knew it, and show what the slot is made of."""
    with connection.transaction():
        found = lines_of(connection, entity, entry=entry, line=line)
        if not found:
            return None
        row = found[0]
        through = checkpoints.passed_run(connection, entity, row.known_at).through
        assert through is not None, row
        place = place_at(connection, entity, row.book, row.known_at, through)
        schedule = schedules_at(connection, place, [row.unit])[row.unit]
        amount = due(schedule, through, place.master.calendar).get(row.slot)
        names = {"entity": entity, "entry": entry, "line": line}
        stood = connection.execute(SQL.stood_before, names).fetchone()
        assert stood is not None, row
        nature, judgement = _nature(connection, entity, row, names)
        return Explanation(
            nature=nature,
            judgement=judgement,
            line=row,
            by=rule_of(row.rule),
            stood_minor=stood[0],
            due_minor=amount.minor if amount else 0,
            through=through,
            shares=explain(schedule, row.slot, through, place.master.calendar),
        )


def _nature(
    connection: Connection, entity: str, row: JournalLine, names: Mapping[str, object]
) -> tuple[str | None, int | None]:
    """Nothing of a line that stands in the period it was earned in."""
    causes = _facts(connection, SQL.causes, names)
    if row.accounting_date <= row.earned or not causes:
        return None, None
    newest = max(causes, key=lambda fact: fact.position)
    said = log.read_categories(connection, entity, ["judgement"])
    decision = judgements(timeline(said)).get(newest.position)
    if decision is None:
        category = newest.stream.partition(":")[0]
        return nature_of(newest.what, category, corrects=newest.corrects is not None), None
    assert isinstance(decision.event, NatureJudged), decision
    return decision.event.nature, decision.position


def _reached(connection: Connection, entity: str) -> int:
    """Lines of a run that is not whole yet are not there for a reader."""
    return checkpoints.passed(connection, entity, checkpoints.JOURNAL)


def _facts(
    connection: Connection, statement: str, names: Mapping[str, object]
) -> tuple[CauseFact, ...]:
    return tuple(CauseFact(*row) for row in connection.execute(statement.encode(), names))
