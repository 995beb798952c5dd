"""Cash by day and channel: what came in, what it cost, what went back. All rows are the account."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class CashDay(Struct, frozen=True, kw_only=True):
    """`channel`: our account by a statement's name, else the system that told of the payment.
    `back_minor`: refunds, failures and chargebacks.
    """

    day: date
    channel: str
    currency: str
    received_minor: int
    fees_minor: int
    back_minor: int
    total_minor: int


def cash_by_day(connection: Connection, question: Question) -> Answer[CashDay]:
    """What passed through cash clearing, the oldest day first."""
    with looking(connection, question, "receivables") as seen:
        rows = connection.execute(SQL.cash_by_day, seen.parameters())
        return seen.answer_of(CashDay, rows)
