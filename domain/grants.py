"""Which discounts a subscription has, from which billing period on and for how many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct, structs

from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.facts import Fact

_KINDS = (DiscountGranted, DiscountWithdrawn)


class Grant(Struct, frozen=True, kw_only=True):
    """A discount for billing periods that begin on [since, until)."""

    discount: str
    by: int
    since: date
    until: date
    percent: Decimal | None
    amount: Decimal | None
    items: frozenset[str]
    periods: int | None
    order: int

    def reduces(self, item: str) -> bool:
        return not self.items or item in self.items


def grants_of(facts: Sequence[Fact]) -> tuple[Grant, ...]:
    """The discounts in the order they are taken off.

    A discount ends where it is withdrawn, or granted anew under its name.
    """
    found: list[Grant] = []
    for fact in [one for one in facts if isinstance(one.event, _KINDS)]:
        event, day = fact.event, fact.when.effective
        assert isinstance(event, _KINDS), event
        found = [
            structs.replace(one, until=min(one.until, day))
            if one.discount == event.discount
            else one
            for one in found
        ]
        if isinstance(event, DiscountGranted):
            found.append(_granted(fact.position, day, event))
    return tuple(sorted(found, key=lambda one: (one.order, one.since, one.discount)))


def _granted(position: int, day: date, event: DiscountGranted) -> Grant:
    return Grant(
        discount=event.discount,
        by=position,
        since=day,
        until=event.until or date.max,
        percent=event.percent,
        amount=event.amount,
        items=frozenset(event.items),
        periods=event.periods,
        order=event.order,
    )
