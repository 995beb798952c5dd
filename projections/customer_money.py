"""What is held for each customer: money nothing took, deposits, credit, what is to be paid back.

And what a customer's bank took out of our account and nobody has decided yet. All of it is the
balance of an account of its own, so that each ties to what is listed here.
"""

from __future__ import annotations

from msgspec import Struct

from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class CustomerMoney(Struct, frozen=True, kw_only=True):
    """Of one customer in one currency; all but `disputed_minor` is owed to the customer.

    A payment that was given back more often than it came leaves less than nothing unapplied.
    """

    customer: str
    currency: str
    unapplied_minor: int
    deposits_minor: int
    credit_minor: int
    to_refund_minor: int
    disputed_minor: int


def customer_money(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[CustomerMoney]:
    with looking(connection, question) as seen:
        found = connection.execute(SQL.customer_money, seen.parameters(customer=customer))
        return seen.answer_of(CustomerMoney, found)
