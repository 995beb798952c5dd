"""The commercial truth of a subscription: what was sold, in which term, and every change to it.

Dates are half-open: `term_to` and the effective date of a cancellation are the first day not served.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.facts import Event, When


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One priced position; `quantity` multiplies a recurring price and is ignored by a usage price."""

    item: str
    price: str
    quantity: Decimal = Decimal(1)


class ItemChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an item is from a date on; fields left out stay. An unknown item with a price is added."""

    item: str
    price: str | None = None
    quantity: Decimal | None = None
    removed: bool = False


class SubscriptionStarted(Event, frozen=True, kw_only=True, tag="subscription-started"):
    """`contract`: open a revenue contract by rule, or `none`, when invoices or a contract fact carry it."""

    customer: str
    currency: str
    term_from: date
    term_to: date
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"


class SubscriptionAmended(Event, frozen=True, kw_only=True, tag="subscription-amended"):
    """Items as they are from `effective` on; upgrades, downgrades, additions and removals alike."""

    items: tuple[ItemChange, ...]


class SubscriptionRenewed(Event, frozen=True, kw_only=True, tag="subscription-renewed"):
    """The term goes on from `effective` (the old term's end) to `term_to`."""

    term_to: date
    items: tuple[ItemChange, ...] = ()


class SubscriptionCancelled(Event, frozen=True, kw_only=True, tag="subscription-cancelled"):
    """Service ends at `effective`. `refund`: what of the running billing period is given back."""

    refund: Literal["none", "prorated", "full"] = "prorated"


class StartSubscription(Struct, frozen=True, kw_only=True, tag="start-subscription", forbid_unknown_fields=True):
    when: When
    customer: str
    currency: str
    term_from: date
    term_to: date
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"


class AmendSubscription(Struct, frozen=True, kw_only=True, tag="amend-subscription", forbid_unknown_fields=True):
    when: When
    items: tuple[ItemChange, ...]


class RenewSubscription(Struct, frozen=True, kw_only=True, tag="renew-subscription", forbid_unknown_fields=True):
    when: When
    term_to: date
    items: tuple[ItemChange, ...] = ()


class CancelSubscription(Struct, frozen=True, kw_only=True, tag="cancel-subscription", forbid_unknown_fields=True):
    when: When
    refund: Literal["none", "prorated", "full"] = "prorated"
