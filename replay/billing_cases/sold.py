"""What a case sells: plans of items, each at a price, and what the price says of billing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from domain.meter import Aggregation
from domain.pricing.per_unit import PerUnit
from replay.billing_cases.terms import Bill, Said, said
from replay.billing_cases.words import is_number, number
from replay.case_format import CaseError

ITEM, USAGE, COMMITMENT, SUBSCRIPTION = "plan", "usage", "commitment", "subscription"
NOT_STATED = Decimal(1)
WEIGHT = "time-weighted-units"


class Metered(Struct, frozen=True, kw_only=True):
    """How usage of an item is counted."""

    meter: str
    aggregation: Aggregation = "sum"
    property: str | None = None
    dimensions: tuple[str, ...] = ()
    recurring: bool = False
    weighted_by: str | None = None


class Sale(Struct, frozen=True, kw_only=True):
    """One item at one price. `bill` none: as the rest of the case is billed.

    `coupon`: how much a coupon takes off it on each invoice.
    """

    item: str
    model: Any
    metered: Metered | None = None
    bill: Bill | None = None
    quantity: Decimal = Decimal(1)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    discount_percent: Decimal | None = None
    trial_days: int = 0
    thresholds: tuple[Decimal, ...] = ()
    group_by: tuple[str, ...] = ()
    tax_percent: Decimal | None = None
    coupon: Decimal | None = None


Plan = tuple[Sale, ...]
Mode = Literal["own", "all"]


class Asked(Struct, frozen=True, kw_only=True):
    """A credit that is asked for of an invoice that is paid, some of it credited already."""

    amount: Decimal
    already: Decimal
    paid: Decimal


class Offer(Struct, frozen=True, kw_only=True):
    """The plans of a case, the one it begins with, and what the price says of billing.

    `granted`: credit the customer has from the start.
    """

    plans: dict[str, Plan]
    first: str
    terms: Said
    bill_cycle_day: int | None = None
    granted: Decimal | None = None
    asked: Asked | None = None

    def plan(self, name: str) -> Plan:
        """A plan by its name, or one that is only an amount, such as `455.00 per quarter`."""
        if name in self.plans:
            return self.plans[name]
        if said(name).amount is None:
            raise CaseError(f"unknown plan {name}")
        return (fee_of(ITEM, name),)

    def sales(self) -> Iterator[Sale]:
        for plan in self.plans.values():
            yield from plan


def fee_of(item: str, text: object) -> Sale:
    """A recurring price of one; what is not sold any more, or not yet, is none of it."""
    if not isinstance(text, str | int | Decimal) or isinstance(text, bool):
        raise CaseError(f"a price of {item} must be an amount, not {text!r}")
    amount = number(text, item) if is_number(text) else said(str(text)).amount
    return Sale(item=item, model=PerUnit(unit_amount=NOT_STATED if amount is None else amount))
