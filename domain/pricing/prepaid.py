"""Prepaid credits: an amount paid ahead, and the money's worth of usage it is good for."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import EXACT, bounded, plain, require_price
from domain.errors import Rejected, require_name
from domain.pricing import scale
from domain.pricing.parts import Part
from domain.pricing.scale import Pricer, Scale, Segment

EXPIRES_MAX = 36_525


class Prepaid(
    Struct, frozen=True, kw_only=True, tag="prepaid", tag_field="type", forbid_unknown_fields=True
):
    """`amount` for each unit sold buys `credits` (none said: as many), both in major units.

    `covers`: the items whose usage draws them (none named: all). Of several credits the lowest
    `priority` is drawn first. They expire after so many billing periods, months or days; where
    nothing is said, when the subscription ends.
    """

    amount: Decimal
    credits: Decimal | None = None
    covers: tuple[str, ...] = ()
    priority: int = 0
    expires_periods: int | None = None
    expires_months: int | None = None
    expires_days: int | None = None

    def covered(self, item: str) -> bool:
        return not self.covers or item in self.covers


def pricer(model: Prepaid) -> Pricer:
    """What any quantity of it costs."""
    return scale.pricer(_scale(model))


def parts(model: Prepaid, quantity: Fraction) -> tuple[Part, ...]:
    return scale.parts(_scale(model), quantity)


def _scale(model: Prepaid) -> Scale:
    return Scale(segments=(Segment(what="prepaid", unit_amount=model.amount),))


def credited(model: Prepaid, quantity: Decimal) -> Decimal:
    """The credits that a quantity of it grants."""
    each = model.amount if model.credits is None else model.credits
    return EXACT.multiply(each, quantity)


def require_valid(model: Prepaid) -> None:
    """It grants something, names each item once, and expires in one way if at all."""
    require_price(model.amount, "model.amount")
    if bounded(credited(model, Decimal(1)), "model.credits") <= 0:
        raise Rejected(
            "credits-not-positive",
            field="model.credits",
            credits=plain(credited(model, Decimal(1))),
        )
    for item in model.covers:
        require_name(item, "model.covers")
    if len(set(model.covers)) < len(model.covers):
        raise Rejected("duplicate-item", field="model.covers")
    if abs(model.priority) > EXPIRES_MAX:
        raise Rejected("priority-out-of-range", field="model.priority", priority_max=EXPIRES_MAX)
    _require_expiry(model)


def _require_expiry(model: Prepaid) -> None:
    ways = {
        "model.expires_periods": model.expires_periods,
        "model.expires_months": model.expires_months,
        "model.expires_days": model.expires_days,
    }
    said = {field: count for field, count in ways.items() if count is not None}
    if len(said) > 1:
        raise Rejected("expires-in-one-way", field=max(said))
    for field, count in said.items():
        if not 1 <= count <= EXPIRES_MAX:
            raise Rejected("expiry-out-of-range", field=field, count_max=EXPIRES_MAX)
