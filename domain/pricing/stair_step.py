"""Stair-step: one amount for each range of quantity, however full the range is."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.checks import require_rising
from domain.pricing.scale import Scale, Segment


class Stair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What any quantity up to and including `up_to` costs (none: without end)."""

    amount: Decimal
    up_to: Decimal | None = None


class StairStep(
    Struct,
    frozen=True,
    kw_only=True,
    tag="stair-step",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """Stairs in ascending order, only the last without end.

    `flat_at_zero`: the first stair's amount is owed also without usage.
    """

    stairs: tuple[Stair, ...]
    flat_at_zero: bool = False


def scale(model: StairStep) -> Scale:
    return Scale(
        segments=tuple(map(_segment, model.stairs)),
        reached_takes_all=True,
        flat_at_zero=model.flat_at_zero,
    )


def _segment(stair: Stair) -> Segment:
    return Segment(what="stair", is_tier=True, flat_amount=stair.amount, up_to=stair.up_to)


def require_valid(model: StairStep) -> None:
    for stair in model.stairs:
        require_price(stair.amount, "model.stairs.amount")
    require_rising([stair.up_to for stair in model.stairs], "model.stairs")
