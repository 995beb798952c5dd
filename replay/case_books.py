"""What the books of a case say: its journal by one query, and the postings that were still to come.

What was to come, as known on a day, is read from the schedules of that day: the log up to then is
posted again in memory, with one more run through the end of the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs

from domain.books import PostingRun
from domain.facts import Fact, When
from domain.journal import Entry
from projections.booked import booked_sums, left_over
from replay.case_figures import Posted
from replay.case_plan import BOOK, Plan
from replay.ledger import Ledger
from replay.reperform import reperform
from replay.source import Source, export, read_export
from store import log


class CaseBooks:
    """Answers the figures of one case from its entity's log and journal."""

    def __init__(self, ledger: Ledger, entity: str, course: Plan) -> None:
        self.ledger = ledger
        self.entity = entity
        self.course = course

    def posted(self) -> tuple[Posted, ...]:
        with self.ledger.connection() as connection:
            sums = booked_sums(connection, self.entity, BOOK)
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
            for row in sums
        )

    def left_over(self) -> tuple[str, ...]:
        with self.ledger.connection() as connection:
            waiting = left_over(connection, self.entity)
        return tuple(f"{what}: {why}" for what, why in waiting)

    def position_on(self, known_on: date) -> int:
        """A day ends in the case's own time zone."""
        midnight = datetime.combine(known_on, time(), ZoneInfo(self.course.zone))
        end = (midnight + timedelta(days=1)).astimezone(UTC)
        with self.ledger.connection() as connection:
            facts = log.read_all(connection, self.entity)
            return max((fact.position for fact in facts if fact.recorded_at < end), default=0)

    def forecast(self, known_on: date) -> tuple[Posted, ...]:
        """Of the postings made again, those of the run that has not been yet."""
        position = self.position_on(known_on)
        with self.ledger.connection() as connection:
            known = read_export(export(connection, self.entity, position))
        again = reperform(_with_run(known, self.course.through))
        entries = (posted.entry for posted in again.posted)
        return tuple(row for entry in entries if entry.known_at > position for row in _rows(entry))


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
            minor=line.minor,
        )


def _first_day(period: str) -> date:
    """The periods of a case are calendar months, named by the harness itself."""
    return date.fromisoformat(f"{period}-01")
