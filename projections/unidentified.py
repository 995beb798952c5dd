"""Money in the books of which nobody knows whose it is: held under its payer's id."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.bank import PAYER
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class Unidentified(Struct, frozen=True, kw_only=True):
    """A payment that waits for a customer. `channel` is our account it came to."""

    payment: str
    day: date
    payer: str
    currency: str
    amount_minor: int
    channel: str
    because: str


def unidentified(connection: Connection, question: Question) -> Answer[Unidentified]:
    """All of it is in the account of unapplied cash; the oldest first."""
    with looking(connection, question, "receivables") as seen:
        rows = connection.execute(SQL.unidentified, seen.parameters(nobody=PAYER))
        return seen.answer_of(Unidentified, rows)
