"""Per unit: quantity times one unit amount, at any precision."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import plain, require_price
from domain.explain import Step
from domain.pricing.rated import Rated


class PerUnit(
    Struct, frozen=True, kw_only=True, tag="per-unit", tag_field="type", forbid_unknown_fields=True
):
    """`unit_amount` in major units for one unit."""

    unit_amount: Decimal


def rate(model: PerUnit, quantity: Decimal) -> Rated:
    """Quantity times unit amount, exactly."""
    product = f"{plain(quantity)} x {plain(model.unit_amount)}"
    amount = Fraction(model.unit_amount) * Fraction(quantity)
    return Rated(amount, (Step(what="quantity x unit price", value=product),))


def require_valid(model: PerUnit) -> None:
    require_price(model.unit_amount, "model.unit_amount")
