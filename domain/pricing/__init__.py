"""Price models, one file each: parameters, what must hold of them, and what they come to.

Most prices ask how much was sold or used in a billing period: `pricer(model)` prices any quantity,
`rate(model, quantity)` also says how, part by part, and takes fractions, as usage weighted by time
is. Prices that ask for each usage row by itself are added up reading by reading, `started(model)`:
their interface is told in `readings.py`. What most models come down to, and the one definition of
its amount, is told in `scale.py`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from domain.pricing import by_quantity, by_reading, commitment, prepaid
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.by_reading import ReadingModel, started, told_apart, unpriced, weighs
from domain.pricing.commitment import Commitment
from domain.pricing.flat import Flat
from domain.pricing.graduated import Graduated
from domain.pricing.parts import Rated
from domain.pricing.per_unit import PerUnit
from domain.pricing.prepaid import Prepaid
from domain.pricing.scale import Pricer
from domain.pricing.tiers import Tier

Model = QuantityModel | Commitment | Prepaid | ReadingModel

__all__ = [
    "Commitment",
    "Flat",
    "Graduated",
    "Model",
    "PerUnit",
    "Prepaid",
    "Pricer",
    "QuantityModel",
    "Rated",
    "ReadingModel",
    "Tier",
    "is_whole",
    "pricer",
    "rate",
    "require_valid",
    "started",
    "told_apart",
    "unpriced",
    "weighs",
]


# Contracts by the thousand are sold at the same few prices.
PREPARED = 1_024


@lru_cache(maxsize=PREPARED)
def pricer(model: Model) -> Pricer:
    """What any quantity costs at a price of quantities: to be asked many times over."""
    assert not isinstance(model, ReadingModel), model
    if isinstance(model, Commitment):
        return commitment.pricer(model)
    if isinstance(model, Prepaid):
        return prepaid.pricer(model)
    return by_quantity.pricer(model)


def rate(model: Model, quantity: Decimal | Fraction) -> Rated:
    """What one quantity costs at such a price, with the parts and steps that lead to it."""
    assert not isinstance(model, ReadingModel), model
    exact = Fraction(quantity)
    if isinstance(model, Commitment):
        return Rated(commitment.parts(model, exact))
    if isinstance(model, Prepaid):
        return Rated(prepaid.parts(model, exact))
    return Rated(by_quantity.parts(model, exact))


def is_whole(model: Model, places: int) -> bool:
    """Whether whole units are sure to come to an amount of so many decimal places."""
    if isinstance(model, Commitment | Prepaid | ReadingModel):
        return False
    return by_quantity.is_whole(model, places)


def require_valid(model: Model) -> None:
    """Refuse parameters that price nothing or price twice."""
    if isinstance(model, Commitment):
        commitment.require_valid(model)
    elif isinstance(model, Prepaid):
        prepaid.require_valid(model)
    elif isinstance(model, ReadingModel):
        by_reading.require_valid(model)
    else:
        by_quantity.require_valid(model)
