"""What exchange gained and lost, period by period: what is realised, and what is only told anew."""

from __future__ import annotations

from msgspec import Struct

from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class ExchangeDifference(Struct, frozen=True, kw_only=True):
    """What a period booked on amounts in `currency`; in functional minor units, gains positive."""

    period: str
    currency: str
    functional_currency: str
    functional_realised_minor: int
    functional_unrealised_minor: int


def exchange_differences(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[ExchangeDifference]:
    """By the period booked, over all customers or one."""
    with looking(connection, question) as seen:
        rows = connection.execute(SQL.exchange_differences, seen.parameters(customer=customer))
        return seen.answer_of(ExchangeDifference, rows)
