"""Revenue by period, as reported and as earned, and the bridge between the two by cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct, structs

from domain.calendar import Calendar
from domain.facts import Fact, timeline
from domain.judgement import NatureJudged, judgements, nature_of
from projections.question import Answer, Question, calendar_at, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)


class PeriodRevenue(Struct, frozen=True, kw_only=True):
    """Revenue booked in a period, and revenue that belongs to it."""

    period: str
    currency: str
    reported_minor: int
    earned_minor: int


class Late(Struct, frozen=True, kw_only=True):
    """Revenue earned in one period and booked in a later one, because of one kind of fact.

    `cause` is the tag of the newest fact behind the lines; `time` where none was new: the run that
    let time pass came after the close. `nature` is what that fact is, by itself or as two people
    judged at the position `judgement`; `restates` if they judged it a material error.
    """

    earned: str
    booked: str
    currency: str
    cause: str
    minor: int
    lines: int
    nature: str = "late-information"
    judgement: int | None = None
    judged_by: tuple[str, ...] = ()
    restates: bool = False


class Bridge(Struct, frozen=True, kw_only=True):
    """Reported + booked later - booked here for earlier = earned, per period; `late` says why.

    `restated_minor` is what was reported with every material error in the period it belongs to
    (ASC 250-10-45-23, IAS 8.42).
    """

    period: str
    currency: str
    reported_minor: int
    booked_later_minor: int
    booked_here_minor: int
    earned_minor: int
    restated_minor: int
    late: tuple[Late, ...]


def revenue_by_period(connection: Connection, question: Question) -> Answer[PeriodRevenue]:
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        found = connection.execute(SQL.by_period, seen.parameters()).fetchall()
        return seen.answer(_by_period(found, calendar))


def bridge(connection: Connection, question: Question) -> Answer[Bridge]:
    """From what each period reported to what was earned in it; periods where they agree too."""
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        found = connection.execute(SQL.by_period, seen.parameters()).fetchall()
        said = log.read_categories(connection, seen.entity, ["judgement"], upto=seen.known_at)
        judged = judgements(timeline(said))
        names = seen.parameters(judged=sorted(judged))
        rows = connection.execute(SQL.late, names).fetchall()
        late = tuple(_late(calendar, judged, *row) for row in rows)
        return seen.answer(tuple(_bridge(row, late) for row in _by_period(found, calendar)))


def _late(
    calendar: Calendar,
    judged: dict[int, Fact],
    earned: date,
    booked: str,
    currency: str,
    cause: str,
    category: str,
    corrects: bool,  # noqa: FBT001 (a row's column)
    position: int | None,
    minor: int,
    lines: int,
) -> Late:
    row = Late(
        earned=_name(calendar, earned),
        booked=booked,
        currency=currency,
        cause=cause,
        minor=minor,
        lines=lines,
        nature=nature_of(cause, category, corrects=corrects),
    )
    decision = judged.get(position or 0)
    if decision is None:
        return row
    event = decision.event
    assert isinstance(event, NatureJudged), decision
    return structs.replace(
        row,
        nature=event.nature,
        judgement=decision.position,
        judged_by=(event.judged_by, event.approved_by),
        restates=event.is_material,
    )


def _by_period(
    found: Iterable[tuple[str, date, str, int]], calendar: Calendar
) -> tuple[PeriodRevenue, ...]:
    sums: dict[tuple[date, str], list[int]] = {}
    for booked, earned, currency, minor in found:
        period = calendar.named(booked)
        assert period is not None, booked
        sums.setdefault((period.last, currency), [0, 0])[0] += minor
        sums.setdefault((earned, currency), [0, 0])[1] += minor
    return tuple(
        PeriodRevenue(
            period=_name(calendar, last),
            currency=currency,
            reported_minor=reported,
            earned_minor=earned,
        )
        for (last, currency), (reported, earned) in sorted(sums.items())
    )


def _bridge(row: PeriodRevenue, late: tuple[Late, ...]) -> Bridge:
    mine = tuple(part for part in late if part.currency == row.currency)
    later = tuple(part for part in mine if part.earned == row.period)
    here = tuple(part for part in mine if part.booked == row.period)
    return Bridge(
        period=row.period,
        currency=row.currency,
        reported_minor=row.reported_minor,
        booked_later_minor=sum(part.minor for part in later),
        booked_here_minor=sum(part.minor for part in here),
        earned_minor=row.earned_minor,
        restated_minor=row.reported_minor
        + sum(part.minor for part in later if part.restates)
        - sum(part.minor for part in here if part.restates),
        late=later,
    )


def _name(calendar: Calendar, last: date) -> str:
    period = calendar.containing(last)
    return period.name if period else str(last)
