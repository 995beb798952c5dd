"""Discounts of a subscription: what is taken off the price of its items, for how long, in order.

A discount is a negative charge of the item it reduces, so what is billed and earned of the item is
what is left.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import assert_never

from msgspec import Struct, structs

from domain.decimals import bounded
from domain.errors import Rejected, require_name
from domain.facts import Context, Event, When

ALL_PERCENT = Decimal(100)


class DiscountGranted(Event, frozen=True, kw_only=True, tag="discount-granted"):
    """Taken off each billing period that begins from `effective` on: a percentage, or an amount.

    `items` none: of all items. It ends after so many `periods`, or with those that begin before
    `until`. Of several the lowest `order` is taken off first, the next from what is left.
    """

    discount: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    items: tuple[str, ...] = ()
    periods: int | None = None
    until: date | None = None
    order: int = 0


class DiscountWithdrawn(Event, frozen=True, kw_only=True, tag="discount-withdrawn"):
    """Billing periods that begin from `effective` on no longer have the discount."""

    discount: str


class GrantDiscount(
    Struct, frozen=True, kw_only=True, tag="grant-discount", forbid_unknown_fields=True
):
    """Take a percentage or an amount off billing periods."""

    when: When
    discount: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    items: tuple[str, ...] = ()
    periods: int | None = None
    until: date | None = None
    order: int = 0


class WithdrawDiscount(
    Struct, frozen=True, kw_only=True, tag="withdraw-discount", forbid_unknown_fields=True
):
    """End a discount for billing periods to come."""

    when: When
    discount: str


DiscountEvent = DiscountGranted | DiscountWithdrawn
DiscountCommand = GrantDiscount | WithdrawDiscount


def granted_since(event: DiscountEvent, granted: frozenset[str]) -> frozenset[str]:
    """The discounts in force after an event."""
    match event:
        case DiscountGranted():
            return granted | {event.discount}
        case DiscountWithdrawn():
            return granted - {event.discount}
        case _:
            assert_never(event)


def decide_discount(
    command: DiscountCommand, granted: frozenset[str], context: Context
) -> DiscountEvent:
    """A discount is granted once under its name; correct it, or withdraw it first."""
    require_name(command.discount, "discount")
    match command:
        case GrantDiscount():
            if command.discount in granted and not context.outside:
                raise Rejected("discount-already-granted", field="discount")
            require_reduction(command.percent, command.amount)
            _require_limit(command)
            return DiscountGranted(**structs.asdict(command))
        case WithdrawDiscount():
            if command.discount not in granted and not context.outside:
                raise Rejected("unknown-discount", field="discount")
            return DiscountWithdrawn(**structs.asdict(command))
        case _:
            assert_never(command)


def require_reduction(percent: Decimal | None, amount: Decimal | None) -> None:
    """A percentage of no more than all, or an amount above zero."""
    if (percent is None) == (amount is None):
        raise Rejected("percent-or-amount", field="percent")
    if percent is not None and not 0 < bounded(percent, "percent") <= ALL_PERCENT:
        raise Rejected("percent-out-of-range", field="percent", percent=str(percent))
    if amount is not None and bounded(amount, "amount") <= 0:
        raise Rejected("amount-not-positive", field="amount", amount=str(amount))


def _require_limit(command: GrantDiscount) -> None:
    if command.periods is not None and command.until is not None:
        raise Rejected("periods-or-until", field="until")
    if command.periods is not None and command.periods < 1:
        raise Rejected("discount-without-period", field="periods", periods=command.periods)
    if command.until is not None and command.until <= command.when.effective:
        raise Rejected("discount-without-period", field="until")
    if len(set(command.items)) < len(command.items):
        raise Rejected("duplicate-item", field="items")
    for item in command.items:
        require_name(item, "items")
