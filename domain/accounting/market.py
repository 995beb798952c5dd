"""Whether the amounts of a unit are told in another currency than their own, and by which rates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial

from domain.accounting.exchange import Market
from domain.facts import Fact
from domain.invoice_facts import InvoiceIssued
from domain.master import MasterData
from domain.payment_facts import PaymentReceived, PaymentRefunded
from domain.rates import is_quoted


def market_of(
    currency: str, facts: Iterable[Fact], master: MasterData, book: str, through: date
) -> Market | None:
    """None where amounts stay in their own currency: it is the functional one, or has no rate."""
    into = master.functional_currency
    if not currency or not into or currency == into:
        return None
    quoted = is_quoted(master.rates, currency, into, crossing=master.crosses(book))
    if not quoted and not any(_states_rate(fact) for fact in facts):
        return None
    return market_between(currency, into, master, book, through)


def market_between(
    currency: str, into: str, master: MasterData, book: str, through: date
) -> Market:
    """The rates that a book reads for a pair of currencies, for amounts up to a day."""
    return Market(
        currency=currency,
        into=into,
        published=master.rates,
        calendar=master.calendar,
        elected=partial(master.options, book),
        through=through,
    )


def _states_rate(fact: Fact) -> bool:
    event = fact.event
    kinds = InvoiceIssued | PaymentReceived | PaymentRefunded
    if isinstance(event, PaymentReceived) and event.paid is not None:
        return True
    return isinstance(event, kinds) and event.rate is not None
