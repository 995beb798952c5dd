"""Price models, one file each: parameters, validation and `rate`: its amount with its steps."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from domain.pricing import flat, graduated, per_unit
from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated, Tier
from domain.pricing.per_unit import PerUnit
from domain.pricing.rated import Rated

Model = Flat | PerUnit | Graduated

__all__ = [
    "Flat",
    "Graduated",
    "Model",
    "PerUnit",
    "Rated",
    "Tier",
    "amount",
    "rate",
    "require_valid",
]


def amount(model: Model, quantity: Decimal) -> Decimal:
    """What a quantity costs at a price, exactly; rounding is for whoever charges it."""
    match model:
        case Flat():
            return flat.amount(model, quantity)
        case PerUnit():
            return per_unit.amount(model, quantity)
        case Graduated():
            return graduated.amount(model, quantity)
        case _:
            assert_never(model)


def rate(model: Model, quantity: Decimal) -> Rated:
    """The same amount, together with the steps that lead to it."""
    match model:
        case Flat():
            return flat.rate(model, quantity)
        case PerUnit():
            return per_unit.rate(model, quantity)
        case Graduated():
            return graduated.rate(model, quantity)
        case _:
            assert_never(model)


def require_valid(model: Model) -> None:
    """Refuse parameters that price nothing or price twice."""
    match model:
        case Flat():
            flat.require_valid(model)
        case PerUnit():
            per_unit.require_valid(model)
        case Graduated():
            graduated.require_valid(model)
        case _:
            assert_never(model)
