"""Prices of a quantity: how much was used or sold in a billing period is all they ask."""

from __future__ import annotations

from fractions import Fraction

from domain.pricing import overage, scales
from domain.pricing.overage import Overage
from domain.pricing.parts import Part
from domain.pricing.scale import Pricer
from domain.pricing.scales import ScaleModel

QuantityModel = ScaleModel | Overage


def pricer(model: QuantityModel) -> Pricer:
    """What any quantity costs at a price: to be asked many times over."""
    if isinstance(model, Overage):
        return overage.pricer(model)
    return scales.pricer(model)


def parts(model: QuantityModel, quantity: Fraction) -> tuple[Part, ...]:
    """What a quantity costs, part by part; they sum to what the pricer says."""
    if isinstance(model, Overage):
        return overage.parts(model, quantity)
    return scales.parts(model, quantity)


def is_whole(model: QuantityModel, places: int) -> bool:
    """Whether any number of whole units comes to an amount of so many places."""
    if isinstance(model, Overage):
        return overage.is_whole(model, places)
    return scales.is_whole(model, places)


def require_valid(model: QuantityModel) -> None:
    """Refuse parameters that price nothing or price twice."""
    if isinstance(model, Overage):
        overage.require_valid(model)
    else:
        scales.require_valid(model)
