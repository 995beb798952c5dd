"""How long receivables stay out, and when they are to be expected: both follow from the documents,
and all rows together are what is open.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.money import rounded
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

DAYS = 90


class Outstanding(Struct, frozen=True, kw_only=True):
    """Days sales outstanding: open / billed * days, to a tenth; none where nothing was billed.

    `billed_minor`: invoices less credits and voids of the last `days` days, tax included as it is
    in what is open.
    """

    currency: str
    days: int
    open_minor: int
    billed_minor: int
    outstanding_days: Decimal | None


class Expected(Struct, frozen=True, kw_only=True):
    """Open items of a customer expected on a day: due, and `delay_days` as usual for it."""

    expected_on: date
    customer: str
    currency: str
    delay_days: int
    items: int
    open_minor: int


def days_outstanding(
    connection: Connection, question: Question, *, customer: str | None = None, days: int = DAYS
) -> Answer[Outstanding]:
    """As of `through`, else as of the last run."""
    with looking(connection, question, "receivables") as seen:
        rows = connection.execute(SQL.outstanding, seen.parameters(customer=customer, days=days))
        return seen.answer(
            tuple(
                Outstanding(
                    currency=currency,
                    days=days,
                    open_minor=minor,
                    billed_minor=billed,
                    outstanding_days=_tenths(Fraction(minor * days, billed)) if billed else None,
                )
                for currency, minor, billed in rows
            )
        )


def forecast(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[Expected]:
    """Nothing is guessed: the same facts lead to the same days."""
    with looking(connection, question, "receivables") as seen:
        rows = connection.execute(SQL.forecast, seen.parameters(customer=customer))
        return seen.answer_of(Expected, rows)


def _tenths(exact: Fraction) -> Decimal:
    return Decimal(rounded(exact * 10)).scaleb(-1)
