"""Flat: one amount per billing period, whatever the quantity."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import plain, require_price
from domain.explain import Step
from domain.pricing.rated import Pricer, Rated


class Flat(
    Struct, frozen=True, kw_only=True, tag="flat", tag_field="type", forbid_unknown_fields=True
):
    """`amount` in major units, any precision."""

    amount: Decimal


def pricer(model: Flat) -> Pricer:
    """The amount, whatever the quantity."""
    return lambda _quantity: model.amount


def rate(model: Flat, quantity: Decimal) -> Rated:
    steps = (Step(what="flat price", value=plain(model.amount)),)
    return Rated(Fraction(pricer(model)(quantity)), steps)


def require_valid(model: Flat) -> None:
    require_price(model.amount, "model.amount")
