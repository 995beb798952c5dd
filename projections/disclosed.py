"""What notes to the accounts say of revenue: how much of it was contract liability at the beginning
of the time reported, and how much is for what was done before (rule 42).

Contract by contract, since a contract has one position: what it earns uses up what was there first.
What is given back of earlier documents takes of it, too, without being earned.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.accounting.rules import LOOKING_BACK
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


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
        names = seen.parameters(
            since=first, customer=customer, unit=unit, looking_back=sorted(LOOKING_BACK)
        )
        rows = connection.execute(SQL.disclosed, names)
        return seen.answer(tuple(_disclosed(first, *row) for row in rows))


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
