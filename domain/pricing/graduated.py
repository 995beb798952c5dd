"""Graduated: each tier prices only the units that fall inside it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import EXACT, bounded, plain, require_price
from domain.errors import Rejected
from domain.explain import Step
from domain.pricing.rated import Rated


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


_Parts = list[tuple[Decimal, Tier]]


def amount(model: Graduated, quantity: Decimal) -> Decimal:
    """Each tier prices the units inside it.

    Below zero the first tier's unit price goes on, so that usage taken back gives back what the
    first units cost; its flat amount is not given back, since no unit fell into the tier.
    """
    return _sum(_parts(model, quantity))


def rate(model: Graduated, quantity: Decimal) -> Rated:
    parts = _parts(model, quantity)
    return Rated(Fraction(_sum(parts)), tuple(_step(units, tier) for units, tier in parts))


def _parts(model: Graduated, quantity: Decimal) -> _Parts:
    """The units inside each tier that any unit falls in."""
    if quantity < 0:
        below = Tier(unit_amount=model.tiers[0].unit_amount, up_to=model.tiers[0].up_to)
        return [(quantity, below)]
    parts, floor = [], Decimal(0)
    for tier in model.tiers:
        ceiling = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if ceiling > floor:
            parts.append((EXACT.subtract(ceiling, floor), tier))
            floor = ceiling
    return parts


def _sum(parts: _Parts) -> Decimal:
    total = Decimal(0)
    for units, tier in parts:
        total = EXACT.add(total, EXACT.fma(units, tier.unit_amount, tier.flat_amount))
    return total


def _step(units: Decimal, tier: Tier) -> Step:
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
