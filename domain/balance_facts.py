"""What is known of credit that no money was paid for: granted, applied, paid out, withdrawn."""

from __future__ import annotations

from typing import Literal

from domain.facts import Event
from domain.payment_facts import Application

# Why credit is granted says where its other side goes.
GrantReason = Literal["goodwill", "taken-over"]


class BalanceGranted(Event, frozen=True, kw_only=True, tag="balance-granted"):
    """`goodwill` lowers what we earn; `taken-over` was owed in books before these."""

    customer: str
    currency: str
    amount_minor: int
    reason: GrantReason = "goodwill"


class BalanceApplied(Event, frozen=True, kw_only=True, tag="balance-applied"):
    """What a person or a file states the credit is for."""

    applications: tuple[Application, ...]


class BalanceUnapplied(Event, frozen=True, kw_only=True, tag="balance-unapplied"):
    """From then on nothing of the credit stands against the invoice, until it is stated again."""

    invoice: str


class BalanceRefunded(Event, frozen=True, kw_only=True, tag="balance-refunded"):
    """Credit paid out to the customer in money."""

    amount_minor: int


class BalanceWithdrawn(Event, frozen=True, kw_only=True, tag="balance-withdrawn"):
    """Credit that lapsed, back to where its other side went."""

    amount_minor: int


BalanceEvent = (
    BalanceGranted | BalanceApplied | BalanceUnapplied | BalanceRefunded | BalanceWithdrawn
)
