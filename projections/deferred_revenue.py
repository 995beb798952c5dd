"""What is billed and not yet earned: balances by obligation, when they are earned, what moved them.

The balance is the journal's; its waterfall spreads that same balance along the stored schedules, or
along schedules measured again where the question looks back before the last run of a unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct, structs

from domain.accounting.curves import last_day, standing
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import Calendar, year_after
from domain.journal import CREDIT_ACCOUNTS
from domain.net_position import LIABILITY
from projections.question import Answer, Horizon, Question, calendar_at, looking
from projections.schedules import schedules_known
from store.db import Connection, queries

SQL = queries(__file__)

LATER = "unscheduled"
# What stands with an account of the other sign: receivable, or contract asset.
PRESENTED = ("unbilled", "conditional", "refund-conditional")


class Deferred(Struct, frozen=True, kw_only=True):
    """The contract liability of one obligation; positive is owed to the customer."""

    unit: str
    obligation: str
    customer: str
    currency: str
    minor: int


class Split(Struct, frozen=True, kw_only=True):
    """A balance by when it is earned: current + non-current. Non-current is what is scheduled later
    than twelve months after the day; what waits for an event may come at once, and is current.
    """

    unit: str
    obligation: str
    customer: str
    currency: str
    minor: int
    current_minor: int
    non_current_minor: int
    unscheduled_minor: int


class Release(Struct, frozen=True, kw_only=True):
    """What of today's balance is earned in a later period; `unscheduled` waits for an event."""

    period: str
    currency: str
    minor: int


class RollForward(Struct, frozen=True, kw_only=True):
    """Opening + billed - earned + reclassified + other = closing, for one period as booked.

    Reclassified is what stands with the account of the other sign: earned and not billed.
    """

    period: str
    currency: str
    opening_minor: int
    billed_minor: int
    earned_minor: int
    reclassified_minor: int
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
        sums: dict[tuple[date, str, str], int] = {}
        for row, flows in _with_flows(connection, seen, None):
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


def current_and_non_current(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[Split]:
    """Each balance at `as_of`, split by what is earned in the twelve months after that day."""
    with looking(connection, question) as seen:
        balances = _with_flows(connection, seen, customer)
        return seen.answer(tuple(_split(row, flows, seen.as_of) for row, flows in balances))


def roll_forward(
    connection: Connection, question: Question, *, account: str = LIABILITY
) -> Answer[RollForward]:
    """Each period of the calendar in which the balance moved, in order; of another account of
    contracts too. A balance has the sign that is usual for its account.
    """
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        sign = -1 if account in CREDIT_ACCOUNTS else 1
        names = seen.parameters(account=account, sign=sign)
        found = connection.execute(SQL.movements, names).fetchall()
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


def _with_flows(
    connection: Connection, seen: Horizon, customer: str | None
) -> list[tuple[Deferred, list[Flow]]]:
    """Each balance with the flows that will release it.

    Where lines bill a contract without saying which of its promises, its balances are one.
    """
    balances = _deferred(connection, seen, customer)
    schedules = schedules_known(connection, seen, {row.unit for row in balances})
    whole: dict[tuple[str, str], int] = {}
    for row in balances:
        joint = (own := schedules.get(row.unit)) is not None and own.joint
        place = (row.unit, "" if joint else row.obligation)
        whole[place] = whole.get(place, 0) + row.minor
    parties = {row.unit: (row.customer, row.currency) for row in balances}
    return [
        (
            Deferred(
                unit=unit,
                obligation=obligation,
                customer=parties[unit][0],
                currency=parties[unit][1],
                minor=minor,
            ),
            _flows(schedules.get(unit), obligation),
        )
        for (unit, obligation), minor in whole.items()
        if minor
    ]


def _split(row: Deferred, flows: Sequence[Flow], day: date) -> Split:
    """Nothing is scheduled of a balance below nothing: it waits to be billed."""
    before, year = (sum(standing(f.curve, at) for f in flows) for at in (day, year_after(day)))
    whole = sum(standing(flow.curve, last_day(flow.curve)) for flow in flows)
    scheduled = max(0, min(row.minor, whole - before))
    within = max(0, min(scheduled, year - before))
    return Split(
        **structs.asdict(row),
        current_minor=row.minor - (scheduled - within),
        non_current_minor=scheduled - within,
        unscheduled_minor=row.minor - scheduled,
    )


def _flows(schedule: Schedule | None, obligation: str) -> list[Flow]:
    if schedule is None:
        return []
    return [
        flow
        for flow in schedule.flows
        if flow.kind == "release"
        and (schedule.joint or flow.obligation == obligation)
        and _from_liability(flow)
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
        billed = kinds.get("billing", 0)
        reclassified = sum(kinds.get(kind, 0) for kind in PRESENTED)
        earned = -kinds.get("release", 0)
        yield RollForward(
            period=booked,
            currency=currency,
            opening_minor=opening,
            billed_minor=billed,
            earned_minor=earned,
            reclassified_minor=reclassified,
            other_minor=sum(kinds.values()) - billed + earned - reclassified,
            closing_minor=closing[currency],
        )
