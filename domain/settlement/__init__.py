"""Cash against open items: one customer account in one currency, all that moves in it.

Money no open item takes goes to contract liability while it names a contract in force; what a
person states is a fact and goes first; what is applied by default is measured, never a fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.accounting.exchange import Market
from domain.accounting.schedule import Flow
from domain.facts import Fact
from domain.settlement.account import account_of
from domain.settlement.advances import kept
from domain.settlement.applying import applied
from domain.settlement.cash_flows import cash_flows
from domain.settlement.shares import Habit
from domain.settlement.valuing import settled_in_functional
from domain.settlement.walk import Elections


def settlement_flows(
    facts: Sequence[Fact],
    customer: str,
    currency: str,
    elections: Elections,
    habit: Habit | None = None,
) -> tuple[Flow, ...]:
    """Flows of one customer account in one currency; facts are known and in effective order."""
    account = account_of(facts, customer, currency, habit)
    cash = (flow for _, _, flow in cash_flows(account))
    moved = [one.flow for one in applied(account, elections)]
    return (*cash, *moved, *kept(moved))


def told_in_functional(
    facts: Sequence[Fact],
    customer: str,
    currency: str,
    elections: Elections,
    market: Market,
    habit: Habit | None = None,
) -> tuple[tuple[Flow, ...], date | None]:
    """The same flows with what they are worth, and what exchange makes of them.

    The day is how far that is known; none: for good.
    """
    account = account_of(facts, customer, currency, habit)
    cash, moved = [*cash_flows(account)], applied(account, elections)
    flows, known_until = settled_in_functional(account.rows, cash, moved, market)
    return (*flows, *kept(flows)), known_until
