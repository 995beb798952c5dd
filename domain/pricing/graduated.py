"""Graduated: each tier prices only the units that fall inside it."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from domain.decimals import EXACT, bounded, plain, require_price
from domain.errors import Rejected
from domain.explain import Step
from domain.pricing.rated import Pricer, Rated

_ZERO = Decimal(0)


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units up to and including `up_to` (none: without end); `flat_amount` once any falls in."""

    unit_amount: Decimal
    up_to: Decimal | None = None
    flat_amount: Decimal = Decimal(0)


class Graduated(
    Struct, frozen=True, kw_only=True, tag="graduated", tag_field="type", forbid_unknown_fields=True
):
    """Tiers in ascending order; only the last is without end."""

    tiers: tuple[Tier, ...]


class _Band(NamedTuple):
    """A tier from its floor on: inside it a quantity costs `quantity * unit_amount + offset`."""

    floor: Decimal
    unit_amount: Decimal
    offset: Decimal


def pricer(model: Graduated) -> Pricer:
    """Each tier prices the units inside it.

    Below zero the first tier's unit price goes on, so that usage taken back gives back what the
    first units cost; its flat amount is not given back, since no unit fell into the tier.
    """
    bands = _bands(model)
    floors = [band.floor for band in bands]
    # Where no tier is reached the unit price of the first one counts, without its flat amount.
    lines = [(model.tiers[0].unit_amount, _ZERO), *((band[1:]) for band in bands)]
    fused = EXACT.fma

    def price(quantity: Decimal) -> Decimal:
        unit_amount, offset = lines[_reached(floors, quantity)]
        return fused(quantity, unit_amount, offset)

    return price


def rate(model: Graduated, quantity: Decimal) -> Rated:
    floors = [band.floor for band in _bands(model)]
    reached = _reached(floors, quantity)
    ends = [*floors[1:reached], quantity]
    parts = zip(model.tiers[:reached], floors, ends, strict=False)
    steps = tuple(_step(tier, EXACT.subtract(end, floor)) for tier, floor, end in parts)
    if quantity < 0:
        first = model.tiers[0]
        steps = (_step(Tier(unit_amount=first.unit_amount, up_to=first.up_to), quantity),)
    return Rated(Fraction(pricer(model)(quantity)), steps)


# How many tiers any unit falls in.
_reached = bisect_left


def _bands(model: Graduated) -> list[_Band]:
    bands, floor, below = [], _ZERO, _ZERO
    for tier in model.tiers:
        below = EXACT.add(below, tier.flat_amount)
        offset = EXACT.subtract(below, EXACT.multiply(floor, tier.unit_amount))
        bands.append(_Band(floor, tier.unit_amount, offset))
        if tier.up_to is not None:
            below = EXACT.fma(tier.up_to, tier.unit_amount, offset)
            floor = tier.up_to
    return bands


def _step(tier: Tier, units: Decimal) -> Step:
    bound = "above" if tier.up_to is None else f"up to {plain(tier.up_to)}"
    flat = f" + {plain(tier.flat_amount)}" if tier.flat_amount else ""
    return Step(what=f"tier {bound}", value=f"{plain(units)} x {plain(tier.unit_amount)}{flat}")


def require_valid(model: Graduated) -> None:
    """Tiers rise, only the last is open, and every amount is a price."""
    if not model.tiers or model.tiers[-1].up_to is not None:
        raise Rejected("last-tier-must-be-open", field="model.tiers")
    floor = Decimal(0)
    for tier in model.tiers:
        require_price(tier.unit_amount, "model.tiers.unit_amount")
        require_price(tier.flat_amount, "model.tiers.flat_amount")
    for tier in model.tiers[:-1]:
        if tier.up_to is None or bounded(tier.up_to, "model.tiers.up_to") <= floor:
            raise Rejected("tiers-must-rise", field="model.tiers", above=plain(floor))
        floor = tier.up_to
