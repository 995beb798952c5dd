"""Flat: one amount per billing period, whatever the quantity."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.scale import Scale, Segment


class Flat(
    Struct, frozen=True, kw_only=True, tag="flat", tag_field="type", forbid_unknown_fields=True
):
    """`amount` in major units, any precision."""

    amount: Decimal


def scale(model: Flat) -> Scale:
    """The amount, whatever the quantity, also at zero and below."""
    segment = Segment(what="flat price", flat_amount=model.amount)
    return Scale(segments=(segment,), flat_at_zero=True)


def require_valid(model: Flat) -> None:
    require_price(model.amount, "model.amount")
