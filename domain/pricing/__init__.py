"""Price models, one file each: parameters, validation and `rate`: its amount with its steps.

Most prices ask how much was used in a billing period: `pricer(model)` prices any quantity,
`rate(model, quantity)` also says how. Prices that ask for each usage row by itself are added up
reading by reading: their interface is told in `readings.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from domain.pricing import flat, graduated, per_unit
from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated, Tier
from domain.pricing.per_unit import PerUnit
from domain.pricing.rated import Pricer, Rated

Model = Flat | PerUnit | Graduated

__all__ = [
    "Flat",
    "Graduated",
    "Model",
    "PerUnit",
    "Pricer",
    "Rated",
    "Tier",
    "pricer",
    "rate",
    "require_valid",
]


def pricer(model: Model) -> Pricer:
    """What any quantity costs at a price: to be asked many times over."""
    match model:
        case Flat():
            return flat.pricer(model)
        case PerUnit():
            return per_unit.pricer(model)
        case Graduated():
            return graduated.pricer(model)
        case _:
            assert_never(model)


def rate(model: Model, quantity: Decimal) -> Rated:
    """What one quantity costs, together with the steps that lead to it."""
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
