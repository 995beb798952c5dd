"""The invoices that went out: what each came to, what became of it, and what is open."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from msgspec import Struct

from domain.errors import Malformed
from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)

DOCUMENTS = "receivables"
PAGE = 1_000
State = Literal["open", "settled", "void"]


class ListedInvoice(Struct, frozen=True, kw_only=True):
    """An invoice or debit note: total + credited + applied = open, of which void leaves nothing.

    `position` is that of the fact that issued it; `credited_minor` what credit notes and a void
    took off it, `applied_minor` what settles it. Without a number it went to nobody.
    """

    position: int
    invoice: str
    number: str
    kind: str
    customer: str
    currency: str
    issued_on: date
    due_on: date
    total_minor: int
    credited_minor: int
    applied_minor: int
    open_minor: int
    state: State


def invoices(
    connection: Connection,
    question: Question,
    *,
    customer: str | None = None,
    state: str | None = None,
    since: date = date.min,
    after: int = 0,
    limit: int = PAGE,
) -> Answer[ListedInvoice]:
    """Those dated from `since` up to `through`, in the order the ledger learned of them: the next
    after a position. What settles them is as far as it is posted.
    """
    if state is not None and state not in get_args(State):
        raise Malformed("wrong-type", field="state", expected=" or ".join(get_args(State)))
    with looking(connection, question, DOCUMENTS) as seen:
        names = seen.parameters(
            customer=customer, state=state, since=since, after=after, limit=limit
        )
        rows = connection.execute(SQL.invoices, names)
        return seen.answer_of(ListedInvoice, rows)
