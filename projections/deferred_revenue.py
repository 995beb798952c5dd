"""What is billed and not yet earned: balances by obligation, their waterfall, their roll-forward.

The balance is the journal's; its waterfall spreads that same balance along the stored schedules, or
along schedules measured again where the question looks back before the last run of a unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from domain.accounting.curves import last_day, standing
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import Calendar
from domain.due import LIABILITY
from domain.master import MASTER_CATEGORIES, master_data
from projections.question import Answer, Horizon, Question, calendar_at, looking
from projections.remeasure import schedules_at
from store import log
from store.db import Connection, queries
from store.unit_states import schedule_of

SQL = queries(__file__)

LATER = "unscheduled"


class Deferred(Struct, frozen=True, kw_only=True):
    """The contract liability of one obligation; positive is owed to the customer."""

    unit: str
    obligation: str
    customer: str
    currency: str
    minor: int


class Release(Struct, frozen=True, kw_only=True):
    """What of today's balance is earned in a later period; `unscheduled` waits for an event."""

    period: str
    currency: str
    minor: int


class RollForward(Struct, frozen=True, kw_only=True):
    """Opening + billed - earned + other = closing, for one period as booked."""

    period: str
    currency: str
    opening_minor: int
    billed_minor: int
    earned_minor: int
    other_minor: int
    closing_minor: int


def deferred(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[Deferred]:
    """Balances that are not nothing, by unit and obligation."""
    with looking(connection, question) as seen:
        return seen.answer(_deferred(connection, seen, customer))


def waterfall(connection: Connection, question: Question) -> Answer[Release]:
    """The balance at `as_of`, by the period in which it will be earned on what is known."""
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        balances = _deferred(connection, seen, None)
        schedules = _schedules(connection, seen, {row.unit for row in balances})
        sums: dict[tuple[date, str, str], int] = {}
        for row in balances:
            flows = _flows(schedules.get(row.unit), row.obligation)
            for last, name, minor in released(row.minor, flows, seen.as_of, calendar):
                key = (last, name, row.currency)
                sums[key] = sums.get(key, 0) + minor
        return seen.answer(
            tuple(
                Release(period=name, currency=currency, minor=minor)
                for (_, name, currency), minor in sorted(sums.items())
                if minor
            )
        )


def roll_forward(connection: Connection, question: Question) -> Answer[RollForward]:
    """Each period of the calendar in which the balance moved, in order."""
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        found = connection.execute(SQL.movements, seen.parameters()).fetchall()
        return seen.answer(tuple(_rolled(found, calendar)))


def released(
    balance: int, flows: Iterable[Flow], after: date, calendar: Calendar
) -> list[tuple[date, str, int]]:
    """Spread a balance over the periods in which its flows go on, until it is used up."""
    own = list(flows)
    end = max((last_day(flow.curve) for flow in own), default=after)
    left, before = balance, sum(standing(flow.curve, after) for flow in own)
    found = []
    for period in calendar.between(after, end) if end > after else ():
        now = sum(standing(flow.curve, period.last) for flow in own)
        part = max(min(now - before, left), 0) if left > 0 else 0
        if part:
            found.append((period.last, period.name, part))
        left, before = left - part, now
    if left:
        found.append((date.max, LATER, left))
    return found


def _deferred(connection: Connection, seen: Horizon, customer: str | None) -> tuple[Deferred, ...]:
    rows = connection.execute(SQL.deferred, seen.parameters(customer=customer))
    return tuple(
        Deferred(unit=unit, obligation=obligation, customer=who, currency=currency, minor=minor)
        for unit, obligation, who, currency, minor in rows
    )


def _schedules(connection: Connection, seen: Horizon, units: set[str]) -> dict[str, Schedule]:
    """The schedules the balances rest on: stored ones as of the last run, else measured again."""
    names = seen.parameters(units=sorted(units))
    found: dict[str, Schedule] = {}
    for unit, measured_at, stored in connection.execute(SQL.stored_schedules, names):
        if measured_at <= seen.run:
            found[unit] = schedule_of(stored)
    if older := sorted(units - found.keys()):
        kept = log.read_categories(connection, seen.entity, MASTER_CATEGORIES, upto=seen.run)
        found |= schedules_at(
            connection, seen.entity, seen.book, older, seen.run, master_data(kept), seen.as_of
        )
    return found


def _flows(schedule: Schedule | None, obligation: str) -> list[Flow]:
    if schedule is None:
        return []
    return [
        flow
        for flow in schedule.flows
        if flow.kind == "release" and flow.obligation == obligation and _from_liability(flow)
    ]


def _from_liability(flow: Flow) -> bool:
    return any(account == LIABILITY for account, _ in flow.legs)


def _rolled(
    found: Sequence[tuple[str, str, str, int]], calendar: Calendar
) -> Iterable[RollForward]:
    moved: dict[tuple[str, date, str], dict[str, int]] = {}
    for booked, currency, kind, minor in found:
        period = calendar.named(booked)
        assert period is not None, booked
        moved.setdefault((currency, period.last, booked), {})[kind] = minor
    closing: dict[str, int] = {}
    for (currency, _, booked), kinds in sorted(moved.items()):
        opening = closing.get(currency, 0)
        closing[currency] = opening + sum(kinds.values())
        billed, earned = kinds.get("billing", 0), -kinds.get("release", 0)
        yield RollForward(
            period=booked,
            currency=currency,
            opening_minor=opening,
            billed_minor=billed,
            earned_minor=earned,
            other_minor=sum(kinds.values()) - billed + earned,
            closing_minor=closing[currency],
        )
