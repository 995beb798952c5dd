"""Overage: an amount committed, usage above it at its price times a factor."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import EXACT, require_price
from domain.pricing import scales
from domain.pricing.parts import Part, total
from domain.pricing.scale import Pricer, fits
from domain.pricing.scales import ScaleModel


class Overage(
    Struct, frozen=True, kw_only=True, tag="overage", tag_field="type", forbid_unknown_fields=True
):
    """Usage costs `price` up to `committed` major units, and `factor` times that above.

    `true_up`: what the usage falls short of the commitment is owed as well.
    """

    committed: Decimal
    price: ScaleModel
    factor: Decimal = Decimal(1)
    true_up: bool = False


def pricer(model: Overage) -> Pricer:
    price, committed, factor = scales.pricer(model.price), model.committed, model.factor

    def charged(quantity: Decimal) -> Decimal:
        used = price(quantity)
        if used > committed:
            return EXACT.fma(EXACT.subtract(used, committed), factor, committed)
        return committed if model.true_up else used

    return charged


def parts(model: Overage, quantity: Fraction) -> tuple[Part, ...]:
    """What the usage costs at its price, then what the commitment adds to it."""
    used = scales.parts(model.price, quantity)
    above = total(used) - Fraction(model.committed)
    if above > 0 and model.factor != 1:
        surcharge = Fraction(model.factor) - 1
        return (*used, Part(what="above the commitment", units=above, unit_amount=surcharge))
    if above < 0 and model.true_up:
        return (*used, Part(what="true-up to the commitment", flat=-above))
    return used


def is_whole(model: Overage, places: int) -> bool:
    """Whether any number of whole units comes to an amount of so many places."""
    whole = fits(model.factor, 0) and fits(model.committed, places)
    return whole and scales.is_whole(model.price, places)


def require_valid(model: Overage) -> None:
    require_price(model.committed, "model.committed")
    require_price(model.factor, "model.factor")
    scales.require_valid(model.price)
