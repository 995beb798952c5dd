"""What stands in each account: totals of the journal by run, account and period."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from projections.question import Answer, Question, looking
from projections.view import View
from store.db import Connection, queries

SQL = queries(__file__)

NAME = "trial_balance"


class Balance(Struct, frozen=True, kw_only=True):
    """One account in one pair of currencies; debit positive, credit negative."""

    account: str
    currency: str
    minor: int
    functional_currency: str
    functional_minor: int


class PeriodBalance(Struct, frozen=True, kw_only=True):
    """What one period added to an account. `period` is the last day of the earned period."""

    account: str
    booked: str
    earned: date
    currency: str
    minor: int


def trial_balance(connection: Connection, question: Question) -> Answer[Balance]:
    """Every account that ever moved; they sum to zero in each currency."""
    with looking(connection, question, NAME) as seen:
        found = connection.execute(SQL.trial_balance, seen.parameters())
        return seen.answer_of(Balance, found)


def by_period(connection: Connection, question: Question, account: str) -> Answer[PeriodBalance]:
    """One account's movements by the period they were booked in and the one they were earned in."""
    with looking(connection, question, NAME) as seen:
        found = connection.execute(SQL.by_period, seen.parameters(account=account))
        return seen.answer(
            tuple(
                PeriodBalance(
                    account=account, booked=booked, earned=earned, currency=currency, minor=minor
                )
                for booked, earned, currency, minor in found
            )
        )


def _apply(connection: Connection, entity: str, after: int, upto: int) -> None:
    connection.execute(SQL.fold, {"entity": entity, "after": after, "upto": upto})


VIEW = View(
    name=NAME,
    version=1,
    tables=SQL.make_tables,
    keys=SQL.make_keys,
    # One statement folds them all, and the server keeps the sums only; yet it must have an end.
    step=250_000,
    apply=_apply,
    digest=SQL.digest,
)
