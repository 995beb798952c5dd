"""How something is said of a subscription: what, from which day on, and when it is keyed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.calendar import add_months
from domain.deciders import Command
from domain.facts import When
from domain.party import RegisterCustomer
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from replay.demo.company import Act, Customer
from replay.demo.price_list import LADDER, PLANS, price_id

# People are at their desks on these days of a month: what is signed between two is keyed before.
DESK_DAYS = (1, 10, 20)


def day(who: Customer, months: int, days: int = 0) -> date:
    """So many months and days after the month in which a customer joined began."""
    return add_months(who.start.replace(day=1), months) + timedelta(days=days)


def desk(on: date) -> date:
    """The last desk day by a day."""
    return on.replace(day=max(first for first in DESK_DAYS if first <= on.day))


def said(
    who: Customer, on: date, reason: str, command: Command | None, told: date | None = None
) -> Act:
    """Something said of the customer's subscription, in time unless `told` says when."""
    return Act(
        told=desk(told or on),
        stream=f"subscription:{who.subscription}",
        name=f"{reason} {on}",
        command=command,
        reason=reason,
    )


def registered(who: Customer, **more: Any) -> Act:
    """A new customer, of the day on which its subscription starts."""
    command = RegisterCustomer(
        when=When(effective=who.start),
        currency=who.country.currency,
        locale=who.region.locale,
        tax=who.region.tax,
        **more,
    )
    return Act(
        told=desk(who.start),
        stream=f"customer:{who.name}",
        name="register",
        command=command,
        reason="new customer",
    )


def sold(who: Customer, reason: str = "order form", **more: Any) -> Act:
    """A year of the plan, billed from the first of each month, unless it says otherwise."""
    rhythm = "annual" if who.annual else "monthly"
    fields: dict[str, Any] = {
        "customer": who.name,
        "currency": who.country.currency,
        "term_from": who.start,
        "term_to": day(who, 12),
        "zone": who.country.zone,
        "anchor_day": 1,
        "items": (item(who, "seats", f"{rung(who)}-{rhythm}", who.seats), *_of_plan(who)),
    }
    command = StartSubscription(when=When(effective=who.start), **fields | more)
    return said(who, who.start, reason, command)


def rung(who: Customer, steps: int = 0) -> str:
    """What seats the customer's plan has, or those so many rungs up."""
    return LADDER[LADDER.index(PLANS[who.plan].seats) + steps]


def item(who: Customer, name: str, price: str, quantity: int = 1) -> Item:
    """An item at a price of the list, in the customer's currency."""
    priced = price_id(price, who.country.currency)
    return Item(item=name, price=priced, quantity=Decimal(quantity))


def _of_plan(who: Customer) -> Iterator[Item]:
    return (item(who, name, name) for name in PLANS[who.plan].prices)


def changed(who: Customer, on: date, reason: str, told: date | None = None, **change: Any) -> Act:
    """One item of the subscription from a day on."""
    if isinstance(price := change.get("price"), str):
        change["price"] = price_id(price, who.country.currency)
    if "quantity" in change:
        change["quantity"] = Decimal(change["quantity"])
    one = ItemChange(**{"item": "seats", **change})
    return said(
        who, on, reason, AmendSubscription(when=When(effective=on), items=(one,)), told=told
    )


def undone(act: Act, on: date, reason: str) -> Act:
    """What was said counts no more: it is retracted."""
    return structs.replace(
        act, told=desk(on), name=f"undo {act.name}", command=None, reason=reason,
        instead_of=act.name,
    )  # fmt: skip


def corrected(act: Act, right: Act, on: date, reason: str) -> Act:
    """What was said counts as `right` says it."""
    return structs.replace(
        right, told=desk(on), name=f"correct {act.name}", reason=reason, instead_of=act.name
    )
