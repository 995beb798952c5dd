"""What money and credit of the customers of a case did, as measured from all that is known.

Nothing is posted: the flows are those a posting run would settle.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct

from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.currency import exponent
from domain.facts import Fact, timeline
from domain.invoicing import InvoicingAdopted, elected_on
from domain.settlement import settlement_flows

RECEIVABLE, CREDIT, UNAPPLIED = "accounts-receivable", "customer-credit", "unapplied-cash"
HELD = frozenset({RECEIVABLE, CREDIT, UNAPPLIED})


class Settled(Struct, frozen=True, kw_only=True):
    """In major units: what money and credit did to what is owed, by invoice what was drawn from
    credit that was granted, and how much of that is left.
    """

    moved: Fraction = Fraction(0)
    drawn: dict[str, Fraction] = {}
    left: Fraction = Fraction(0)


def settle(facts: Iterable[Fact], customers: Iterable[str], currency: str) -> Settled:
    """All facts of an entity, of whatever kind, in one currency."""
    told = timeline(facts)
    elected = tuple(
        (fact.when.effective, fact.event.options)
        for fact in told
        if isinstance(fact.event, InvoicingAdopted)
    )
    flows = [
        flow
        for customer in customers
        for flow in settlement_flows(told, customer, currency, lambda day: elected_on(elected, day))
    ]
    scale = 10 ** exponent(currency)
    drawn: dict[str, int] = {}
    for flow in flows:
        if (CREDIT, 1) in flow.legs and (RECEIVABLE, -1) in flow.legs:
            drawn[flow.document] = drawn.get(flow.document, 0) + _minor(flow)
    return Settled(
        moved=Fraction(sum(_on(flow, HELD) for flow in flows), scale),
        drawn={invoice: Fraction(minor, scale) for invoice, minor in drawn.items()},
        left=Fraction(-sum(_on(flow, {CREDIT}) for flow in flows), scale),
    )


def _on(flow: Flow, accounts: Iterable[str]) -> int:
    """What a flow does to some accounts, debit positive."""
    return sum(sign for account, sign in flow.legs if account in accounts) * _minor(flow)


def _minor(flow: Flow) -> int:
    assert isinstance(flow.curve, At), flow
    return flow.curve.minor
