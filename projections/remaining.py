"""Remaining obligations: of each promise, the price that is still to be earned, and when (rule 41).

Read from the schedules that the last run stored. A unit of which something was agreed or happened
after the day, or learned after the position, is measured again: the deal stands as it stood then,
and what was earned by the day is what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from msgspec import Struct

from domain.accounting.remaining import UNSCHEDULED, Band, Remains, remaining
from domain.accounting.schedule import Schedule
from domain.calendar import ONE_DAY, Calendar
from domain.errors import Malformed
from projections.question import Answer, Horizon, Question, looking
from projections.remeasure import Place, place_at, schedules_agreed
from projections.schedules import schedules_known
from store import checkpoints, log, unit_states
from store.db import Connection

UNITS_AT_ONCE = 2_000
YEARS = 100
LATER = "later"


class RemainingObligation(Struct, frozen=True, kw_only=True):
    """Price = earned + remaining + left out, for one promise; `reason` says why something is left
    out, or why nothing is estimated.
    """

    unit: str
    obligation: str
    customer: str
    currency: str
    price_minor: int
    earned_minor: int
    remaining_minor: int
    left_out_minor: int
    reason: str


class RemainingBand(Struct, frozen=True, kw_only=True):
    """What will be earned in a year or period to come; `unscheduled` waits for an event."""

    band: str
    currency: str
    minor: int


def remaining_obligations(
    connection: Connection,
    question: Question,
    *,
    customer: str | None = None,
    unit: str | None = None,
) -> Answer[RemainingObligation]:
    """At the end of `as_of`, every promise with something left, or left out for a reason."""
    with looking(connection, question) as seen:
        place = _place(connection, seen)
        return seen.answer(
            tuple(
                _obligation(name, schedule, row)
                for name, schedule, row in promises(connection, seen, place, (), units=_only(unit))
                if (row.remaining_minor or row.left_out_minor or row.reason)
                and customer in (None, schedule.customer)
            )
        )


def remaining_by_band(
    connection: Connection,
    question: Question,
    *,
    by: str = "year",
    customer: str | None = None,
    unit: str | None = None,
) -> Answer[RemainingBand]:
    """The same by the year or period it will be earned in, of all contracts or some."""
    if by not in ("year", "period"):
        raise Malformed("wrong-type", field="by", expected="year or period")
    with looking(connection, question) as seen:
        place = _place(connection, seen)
        bands = _bands(place.master.calendar, seen.as_of, by)
        order = [*(name for name, _ in bands), UNSCHEDULED]
        sums: dict[tuple[str, int], int] = {}
        for _, schedule, row in promises(connection, seen, place, bands, units=_only(unit)):
            if customer in (None, schedule.customer):
                for name, minor in row.bands.items():
                    band = (schedule.currency, order.index(name))
                    sums[band] = sums.get(band, 0) + minor
        return seen.answer(
            tuple(
                RemainingBand(band=order[at], currency=currency, minor=minor)
                for (currency, at), minor in sorted(sums.items())
                if minor
            )
        )


def promises(
    connection: Connection,
    seen: Horizon,
    place: Place,
    bands: tuple[Band, ...],
    *,
    units: Sequence[str] | None = None,
) -> Iterator[tuple[str, Schedule, Remains]]:
    """Every promise of every contract or of some, unit by unit."""
    options = place.master.options(seen.book, seen.as_of)
    last = checkpoints.passed_run(connection, seen.entity, log.END)
    found = unit_states.ahead(
        connection,
        seen.entity,
        seen.book,
        run=seen.run,
        day=seen.as_of,
        # What was known before may have moved longer than what is known now.
        since=seen.as_of if last.position == seen.run else date.min,
        units=units,
    )
    while some := list(islice(found, UNITS_AT_ONCE)):
        older = [name for name, _, is_newer, _ in some if is_newer]
        now = {name: stored for name, stored, _, _ in some}
        now |= schedules_known(connection, seen, older)
        later = [name for name, _, _, is_later in some if is_later]
        then = schedules_agreed(connection, place, later)
        for name, schedule in now.items():
            # What cannot be measured waits parked, and stands as it was settled last.
            for row in remaining(schedule, seen.as_of, bands, options, then.get(name)):
                yield name, schedule, row


def _only(unit: str | None) -> list[str] | None:
    return None if unit is None else [unit]


def _place(connection: Connection, seen: Horizon) -> Place:
    return place_at(connection, seen.entity, seen.book, seen.run, seen.as_of)


def _bands(calendar: Calendar, day: date, by: str) -> tuple[Band, ...]:
    """From the day after on; beyond the calendar years are those of everybody."""
    periods = calendar.between(day + ONE_DAY, date.max) if day < date.max else ()
    if by == "period":
        ahead = [(period.name, period.last) for period in periods if period.last > day]
    else:
        years = {year: date(year, 12, 31) for year in _years(day)}
        whole = periods[-1].last.year if periods else date.min.year
        years |= {one.last.year: one.last for one in periods if one.last.year < whole}
        ahead = [(str(year), last) for year, last in sorted(years.items()) if last > day]
    return (*ahead, (LATER, date.max))


def _years(day: date) -> range:
    return range(day.year, min(day.year + YEARS, date.max.year) + 1)


def _obligation(unit: str, schedule: Schedule, row: Remains) -> RemainingObligation:
    return RemainingObligation(
        unit=unit,
        obligation=row.obligation,
        customer=schedule.customer,
        currency=schedule.currency,
        price_minor=row.price_minor,
        earned_minor=row.earned_minor,
        remaining_minor=row.remaining_minor,
        left_out_minor=row.left_out_minor,
        reason=row.reason,
    )
