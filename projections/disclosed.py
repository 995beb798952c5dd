"""What notes to the accounts say of revenue: how much of it was contract liability at the beginning
of the time reported, and how much is for what was done before (rule 42).

Contract by contract, since a contract has one position: what it earns uses up what was there first.
What is given back of earlier documents takes of it, too, without being earned.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.accounting.curves import first_day
from domain.accounting.earlier import earlier_minor
from domain.accounting.schedule import Flow
from projections.question import Answer, Horizon, Question, calendar_at, looking
from projections.schedules import schedules_known
from store.db import Connection, queries

SQL = queries(__file__)

UNITS_AT_ONCE = 2_000


class DisclosedRevenue(Struct, frozen=True, kw_only=True):
    """Revenue booked from `since` on: of it, so much was contract liability before, and so much is
    for performance before (ASC 606-10-50-8(b), 50-12A; IFRS 15.116(b), (c)). One may be both.

    `given_back_minor` is what left the opening liability without being earned.
    """

    currency: str
    since: date
    contracts: int
    opening_liability_minor: int
    given_back_minor: int
    revenue_minor: int
    from_opening_minor: int
    from_earlier_minor: int


def disclosed_revenue(
    connection: Connection,
    question: Question,
    *,
    since: date | None = None,
    customer: str | None = None,
    unit: str | None = None,
) -> Answer[DisclosedRevenue]:
    """By currency, over all contracts or some; without `since`, from the first day of `as_of`'s
    year.
    """
    with looking(connection, question) as seen:
        first = since or seen.as_of.replace(month=1, day=1)
        names = seen.parameters(since=first, customer=customer, unit=unit)
        caught = _caught_up(connection, seen, names, first)
        names |= {"units": [*caught], "minors": [*caught.values()]}
        rows = connection.execute(SQL.disclosed, names)
        return seen.answer(tuple(_disclosed(first, *row) for row in rows))


def _caught_up(
    connection: Connection, seen: Horizon, names: dict[str, object], first: date
) -> dict[str, int]:
    """By contract, what was caught up since the first day for performance before it, and booked."""
    calendar = calendar_at(connection, seen.entity, seen.known_at)
    units = [unit for (unit,) in connection.execute(SQL.units_with_revenue, names)]
    found: dict[str, int] = {}
    for start in range(0, len(units), UNITS_AT_ONCE):
        chunk = units[start : start + UNITS_AT_ONCE]
        known = schedules_known(connection, seen, chunk)
        flows = [
            (unit, flow, minor)
            for unit, schedule in known.items()
            for flow in schedule.flows
            if _is_revenue(flow) and (minor := earlier_minor(flow, first, seen.through))
        ]
        of = names | {"units": sorted({unit for unit, _, _ in flows})}
        booked = set(connection.execute(SQL.slots_booked, of).fetchall()) if flows else set()
        for unit, flow, minor in flows:
            period = calendar.containing(first_day(flow.curve))
            if period is not None and (unit, flow.subject, period.last) in booked:
                found[unit] = found.get(unit, 0) + minor
    return found


def _is_revenue(flow: Flow) -> bool:
    return any(account == "revenue" for account, _ in flow.legs)


def _disclosed(
    since: date,
    currency: str,
    contracts: int,
    opening: int,
    given_back: int,
    revenue: int,
    from_opening: int,
    from_earlier: int,
) -> DisclosedRevenue:
    return DisclosedRevenue(
        currency=currency,
        since=since,
        contracts=contracts,
        opening_liability_minor=opening,
        given_back_minor=given_back,
        revenue_minor=revenue,
        from_opening_minor=from_opening,
        from_earlier_minor=from_earlier,
    )
