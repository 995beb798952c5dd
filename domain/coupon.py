"""Coupons: what is taken off a customer's invoices, of which lines, how often and until when.

Streams are `coupon:NAME`. A discount lowers what an item is charged; a coupon lowers what an
invoice asks for. How much of one was used is measured from the invoices that stand.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.currency import exponent
from domain.discount import require_reduction
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.money import minor_exactly

AmountPer = Literal["coupon", "invoice"]


class CouponGranted(Event, frozen=True, kw_only=True, tag="coupon-granted"):
    """Taken off the invoices of a customer dated from `effective` on: a percentage of what is left
    of the lines it may reduce, or an amount in major units.

    An amount per coupon is what there is of it in all: what one invoice leaves is used on the next.
    One per invoice comes off each. It may reduce lines of these `items`, `products` and
    `subscriptions`; where one of them is empty, of any. It comes off so many invoices (`times`), of
    those dated before `until`. Limited coupons go first, then the lowest `order`.
    """

    customer: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    amount_per: AmountPer = "coupon"
    items: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    times: int | None = None
    until: date | None = None
    order: int = 0

    @property
    def is_limited(self) -> bool:
        """Whether it may reduce some lines only."""
        return bool(self.items or self.products or self.subscriptions)


class CouponWithdrawn(Event, frozen=True, kw_only=True, tag="coupon-withdrawn"):
    """Invoices dated from `effective` on no longer have the coupon; what it took off stays."""


class GrantCoupon(
    Struct, frozen=True, kw_only=True, tag="grant-coupon", forbid_unknown_fields=True
):
    """Take a percentage or an amount off a customer's invoices."""

    when: When
    customer: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    amount_per: AmountPer = "coupon"
    items: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    times: int | None = None
    until: date | None = None
    order: int = 0


class WithdrawCoupon(
    Struct, frozen=True, kw_only=True, tag="withdraw-coupon", forbid_unknown_fields=True
):
    """Take no more of a coupon off invoices to come."""

    when: When


CouponEvent = CouponGranted | CouponWithdrawn
CouponCommand = GrantCoupon | WithdrawCoupon


class CouponState(Struct, frozen=True, kw_only=True):
    """What was granted, and the first day of which invoices no longer have it."""

    granted: CouponGranted | None = None
    withdrawn_on: date | None = None

    def is_in_force(self, day: date, currency: str) -> bool:
        """Whether an invoice of a day, in a currency, may be reduced by it."""
        granted = self.granted
        if granted is None or granted.currency not in {None, currency}:
            return False
        ends = [end for end in (granted.until, self.withdrawn_on) if end is not None]
        return granted.when.effective <= day and all(day < end for end in ends)


def evolve(state: CouponState, fact: Fact) -> CouponState:
    """The first withdrawal by date counts."""
    event = fact.event
    assert isinstance(event, CouponEvent), fact
    match event:
        case CouponGranted():
            return structs.replace(state, granted=event)
        case CouponWithdrawn():
            day = min(state.withdrawn_on or event.when.effective, event.when.effective)
            return structs.replace(state, withdrawn_on=day)
        case _:
            assert_never(event)


def decide(command: CouponCommand, state: CouponState, context: Context) -> tuple[Event, ...]:
    """A coupon is granted once under its name, for one customer."""
    match command:
        case GrantCoupon():
            if state.granted is not None:
                raise Rejected("coupon-already-granted", field="stream")
            _require_reduction(command)
            _require_limits(command)
            return (CouponGranted(**structs.asdict(command)),)
        case WithdrawCoupon():
            if state.granted is None and not context.outside:
                raise Rejected("unknown-coupon", field="stream")
            return (CouponWithdrawn(when=command.when),)
        case _:
            assert_never(command)


def _require_reduction(command: GrantCoupon) -> None:
    require_name(command.customer, "customer")
    require_reduction(command.percent, command.amount)
    if (command.amount is None) != (command.currency is None):
        raise Rejected("amount-without-currency", field="currency")
    if command.amount is not None and command.currency is not None:
        exponent(command.currency)
        minor_exactly(command.amount, command.currency)


def _require_limits(command: GrantCoupon) -> None:
    if command.times is not None and command.times < 1:
        raise Rejected("coupon-without-invoice", field="times", times=command.times)
    if command.until is not None and command.until <= command.when.effective:
        raise Rejected("coupon-without-invoice", field="until")
    for field in ("items", "products", "subscriptions"):
        names = getattr(command, field)
        if len(set(names)) < len(names):
            raise Rejected("duplicate-item", field=field)
        for name in names:
            require_name(name, field)


DECIDER: Decider[CouponState, CouponCommand] = Decider(
    category="coupon",
    initial=CouponState(),
    evolve=evolve,
    decide=decide,
    commands=(GrantCoupon, WithdrawCoupon),
    events=(CouponGranted, CouponWithdrawn, Retracted),
)
