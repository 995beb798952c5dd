"""The statement of a customer's account: what was owed and held before, each document and payment,
and what stands after it. The last row ties to receivables, and to what is held for the customer.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class StatementRow(Struct, frozen=True, kw_only=True):
    """`receivable_minor` is what the row adds to what is owed, `held_minor` to money and credit
    held; `owed_minor` and `in_hand_minor` what stands after it. Opening has no day.
    """

    customer: str
    currency: str
    day: date | None
    document: str
    kind: str
    receivable_minor: int
    held_minor: int
    owed_minor: int
    in_hand_minor: int


def statement(
    connection: Connection,
    question: Question,
    *,
    customer: str | None = None,
    since: date = date.min,
) -> Answer[StatementRow]:
    """From a day on, up to `through`."""
    with looking(connection, question, "receivables") as seen:
        names = seen.parameters(customer=customer, since=since)
        rows = connection.execute(SQL.statement, names)
        return seen.answer_of(StatementRow, rows)
