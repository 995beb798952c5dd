"""The journal itself, line by line, as known at a position and narrowed by what a line is about."""

from __future__ import annotations

from projections.lineage import JournalLine
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

LINES = 10_000


def journal(
    connection: Connection,
    question: Question,
    *,
    unit: str | None = None,
    account: str | None = None,
    customer: str | None = None,
    document: str | None = None,
    after: int = 0,
    limit: int = LINES,
) -> Answer[JournalLine]:
    """Lines in order of their entries, from the entry after `after` on."""
    with looking(connection, question) as seen:
        names = seen.parameters(
            unit=unit,
            account=account,
            customer=customer,
            document=document,
            after=after,
            limit=limit,
        )
        return seen.answer(
            tuple(JournalLine(*row) for row in connection.execute(SQL.journal, names))
        )
