"""Per unit: quantity times one unit amount, at any precision."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.checks import require_allowance
from domain.pricing.scale import Scale, Segment, free_segment


class PerUnit(
    Struct, frozen=True, kw_only=True, tag="per-unit", tag_field="type", forbid_unknown_fields=True
):
    """`unit_amount` in major units for one unit above the `free_units` of a billing period."""

    unit_amount: Decimal
    free_units: Decimal = Decimal(0)


def scale(model: PerUnit) -> Scale:
    priced = Segment(what="quantity x unit price", unit_amount=model.unit_amount)
    return Scale(segments=(*free_segment(model.free_units), priced))


def require_valid(model: PerUnit) -> None:
    require_price(model.unit_amount, "model.unit_amount")
    require_allowance(model.free_units, "model.free_units")
