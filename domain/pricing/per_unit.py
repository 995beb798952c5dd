"""Per unit: quantity times one unit amount, at any precision."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec import Struct

from domain.decimals import EXACT, plain, require_price
from domain.explain import Step
from domain.pricing.rated import Pricer, Rated


class PerUnit(
    Struct, frozen=True, kw_only=True, tag="per-unit", tag_field="type", forbid_unknown_fields=True
):
    """`unit_amount` in major units for one unit."""

    unit_amount: Decimal


def pricer(model: PerUnit) -> Pricer:
    """Quantity times unit amount, exactly."""
    return partial(EXACT.multiply, model.unit_amount)


def rate(model: PerUnit, quantity: Decimal) -> Rated:
    product = f"{plain(quantity)} x {plain(model.unit_amount)}"
    steps = (Step(what="quantity x unit price", value=product),)
    return Rated(Fraction(pricer(model)(quantity)), steps)


def require_valid(model: PerUnit) -> None:
    require_price(model.unit_amount, "model.unit_amount")
