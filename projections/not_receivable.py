"""What is invoiced and not receivable yet, line by line: open items that stand in no account."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.accounting.receivable import NEVER
from domain.master import MASTER_CATEGORIES, master_data
from projections.question import Answer, Question, looking
from projections.waiting import documents, lines_that_wait, waits
from store import log
from store.db import Connection


class NotReceivable(Struct, frozen=True, kw_only=True):
    """A line of an invoice that stands in no account before `receivable_on`; none: of what is no
    contract, and nobody knows when it will be.
    """

    document: str
    line: str
    customer: str
    currency: str
    minor: int
    issued_on: date
    due_on: date
    receivable_on: date | None


def not_receivable(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[NotReceivable]:
    """In the order in which they become receivable."""
    with looking(connection, question) as seen:
        kept = log.read_categories(connection, seen.entity, MASTER_CATEGORIES, upto=seen.run)
        rows = lines_that_wait(documents(connection, seen), master_data(kept), seen.book)
        found = [
            NotReceivable(
                document=row.invoice,
                line=row.line.line,
                customer=row.customer,
                currency=row.currency,
                minor=minor,
                issued_on=row.issued_on,
                due_on=row.due_on,
                receivable_on=None if row.receivable_on == NEVER else row.receivable_on,
            )
            for row in rows
            if row.receivable_on is not None and customer in (None, row.customer)
            if (minor := waits(row, seen.as_of, seen.as_of))
        ]
        found.sort(key=lambda row: (row.receivable_on or NEVER, row.document, row.line))
        return seen.answer(tuple(found))
