"""Dynamic: a cost passed on, times a multiplier. The quantity is money."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.scale import Scale, Segment


class Dynamic(
    Struct, frozen=True, kw_only=True, tag="dynamic", tag_field="type", forbid_unknown_fields=True
):
    """`multiplier`: what one major unit of cost is charged at; 1 passes it on as it is."""

    multiplier: Decimal = Decimal(1)


def scale(model: Dynamic) -> Scale:
    return Scale(segments=(Segment(what="cost x multiplier", unit_amount=model.multiplier),))


def require_valid(model: Dynamic) -> None:
    require_price(model.multiplier, "model.multiplier")
