"""The views by the name they are asked for, on the command line and over HTTP alike."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from projections.exceptions import exceptions
from projections.question import Answer, Question
from projections.revenue import bridge, revenue_by_period
from projections.trial_balance import trial_balance
from store.db import Connection

Ask = Callable[[Connection, Question], Answer[Any]]


class Named(Struct, frozen=True, kw_only=True):
    """A view, what it answers, and whether it is asked of one book."""

    ask: Ask
    says: str
    of_book: bool = True


VIEWS: dict[str, Named] = {
    "bridge": Named(ask=bridge, says="From reported to earned revenue, by cause."),
    "exceptions": Named(
        ask=exceptions, says="What waits for a person: parked, pending, missing.", of_book=False
    ),
    "revenue": Named(ask=revenue_by_period, says="Revenue by period, reported and earned."),
    "trial-balance": Named(ask=trial_balance, says="What stands in each account."),
}
