"""What the books of a case say: its journal by one query, and the postings that were still to come.

What was to come, as known on a day, is read from the schedules of that day: the log up to then is
posted again in memory, with one more run through the end of the case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs

from domain.accounting.curves import total
from domain.accounting.schedule import Schedule
from domain.books import PostingRun
from domain.errors import Rejected
from domain.facts import Fact, When
from domain.journal import Entry
from domain.money import decimal_text
from projections.booked import booked_sums, left_over
from projections.disclosed import disclosed_revenue
from projections.question import Question
from projections.remaining import remaining_by_band, remaining_obligations
from projections.remeasure import place_at, schedules_at
from replay.accounting_cases.answers import BOOK, Disclosed, Left, Posted, Told
from replay.accounting_cases.explained import PROMISED
from replay.accounting_cases.plan import Plan
from replay.ledger import Ledger
from replay.reperform import reperform
from replay.source import Source, export, read_export
from store import log

OF_A_FACT = re.compile(r"fact-([0-9]+)(-[0-9]+)?")


class CaseBooks:
    """Answers the figures of one case from its entity's log and journal."""

    def __init__(self, ledger: Ledger, entity: str, course: Plan) -> None:
        self.ledger = ledger
        self.entity = entity
        self.course = course

    def posted(self, book: str = BOOK) -> tuple[Posted, ...]:
        with self.ledger.connection() as connection:
            sums = booked_sums(connection, self.entity, book)
        return tuple(
            Posted(
                account=row.account,
                booked=row.booked,
                booked_first=_first_day(row.booked),
                earned=row.earned,
                known_at=row.known_at,
                minor=row.functional_minor,
                lines=row.lines,
                dated=row.accounting_date,
                unit=row.unit,
                obligation=row.obligation,
                currency=row.functional_currency,
            )
            for row in sums
        )

    def left_over(self) -> tuple[str, ...]:
        with self.ledger.connection() as connection:
            waiting = left_over(connection, self.entity)
        return tuple(f"{what}: {why}" for what, why in waiting)

    def refused(self) -> tuple[str, ...]:
        """A contract that waits is measured again: the refusal says more than its code."""
        with self.ledger.connection() as connection:
            waiting = left_over(connection, self.entity)
        if not any(what.startswith("parked contract:") for what, _ in waiting):
            return ()
        try:
            self.told()
        except Rejected as no:
            return (str(no),)
        return tuple(why for _, why in waiting)

    def facts(self) -> tuple[Fact, ...]:
        with self.ledger.connection() as connection:
            return tuple(log.read_all(connection, self.entity))

    def ends(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for fact in self.facts():
            of = OF_A_FACT.fullmatch(fact.command_id)
            if of:
                found[int(of[1])] = fact.position
        return found

    def position_on(self, known_on: date) -> int:
        """A day ends in the case's own time zone."""
        midnight = datetime.combine(known_on, time(), ZoneInfo(self.course.zone))
        end = (midnight + timedelta(days=1)).astimezone(UTC)
        return max((fact.position for fact in self.facts() if fact.recorded_at < end), default=0)

    def known_on(self, fact: Fact) -> date:
        return fact.recorded_at.astimezone(ZoneInfo(self.course.zone)).date()

    def forecast(self, known_on: date) -> tuple[Posted, ...]:
        """Of the postings made again, those of the run that has not been yet."""
        position = self.position_on(known_on)
        rows = self.at(position, self.course.through)
        return tuple(row for row in rows if row.known_at > position)

    def at(self, position: int, through: date) -> tuple[Posted, ...]:
        """The journal made again in memory from the log up to a position, and one more run."""
        with self.ledger.connection() as connection:
            known = read_export(export(connection, self.entity, position))
        again = reperform(_with_run(known, through))
        return tuple(
            row
            for posted in again.posted
            if posted.entry.book == BOOK
            for row in _rows(posted.entry)
        )

    def remaining(self, day: date) -> tuple[Left, ...]:
        """By the view of remaining obligations, contract by contract."""
        question = Question(entity=self.entity, book=BOOK, through=day)
        with self.ledger.connection() as connection:
            rows = remaining_obligations(connection, question).rows
            return tuple(
                Left(contract=unit.partition(":")[2], year=row.band, minor=row.minor)
                for unit in sorted({row.unit for row in rows})
                for row in remaining_by_band(connection, question, unit=unit).rows
            )

    def disclosed(self, since: date, through: date) -> Disclosed:
        """By the view of the notes, all contracts together."""
        question = Question(entity=self.entity, book=BOOK, through=through)
        with self.ledger.connection() as connection:
            rows = disclosed_revenue(connection, question, since=since).rows
        return Disclosed(
            from_opening_minor=sum(row.from_opening_minor for row in rows),
            from_earlier_minor=sum(row.from_earlier_minor for row in rows),
        )

    def told(self, upto: int | None = None, book: str = BOOK) -> tuple[Told, ...]:
        """By measuring the contracts again: steps come out of the call that amounts come out of."""
        with self.ledger.connection() as connection, connection.transaction():
            position = upto or log.heads(connection)[self.entity]
            facts = tuple(log.read_all(connection, self.entity))
            units = sorted({fact.stream for fact in facts if fact.stream.startswith("contract:")})
            place = place_at(connection, self.entity, book, position, self.course.through)
            schedules = schedules_at(connection, place, units)
        return tuple(row for schedule in schedules.values() for row in _told(schedule))


def _told(schedule: Schedule) -> Iterator[Told]:
    """The steps of every amount; and what each promise is allocated, which is an amount itself."""
    moving = {flow.obligation for flow in schedule.flows if flow.kind == "release"}
    for flow in (*schedule.flows, *schedule.memos):
        is_told = bool(flow.legs) or flow.obligation not in moving
        for step in flow.steps if is_told else ():
            yield Told(
                unit=schedule.unit, obligation=flow.obligation, what=step.what, value=step.value
            )
        if flow.kind == PROMISED:
            price = decimal_text(total(flow.curve), schedule.currency)
            for what in (PROMISED, "allocated price"):
                yield Told(unit=schedule.unit, obligation=flow.obligation, what=what, value=price)


def _with_run(known: Source, through: date) -> Source:
    """What is known, and a posting run through a day yet to come."""
    run = Fact(
        entity=known.entity,
        position=known.position + 1,
        stream="run:self",
        version=known.position + 1,
        event=PostingRun(when=When(effective=through, order=0), through=through),
        recorded_at=known.facts[-1].recorded_at,
        command_id="still-to-come",
        actor="case",
    )
    return structs.replace(known, position=run.position, facts=(*known.facts, run))


def _rows(entry: Entry) -> Iterator[Posted]:
    for line in entry.lines:
        yield Posted(
            account=line.slot.account,
            booked=entry.booked,
            booked_first=_first_day(entry.booked),
            earned=line.slot.earned,
            known_at=entry.known_at,
            minor=line.functional_minor,
            dated=line.accounting_date,
            unit=entry.unit,
            obligation=line.slot.obligation,
            currency=entry.functional_currency,
        )


def _first_day(period: str) -> date:
    """The periods of a case are calendar months, named by the harness itself."""
    return date.fromisoformat(f"{period}-01")
