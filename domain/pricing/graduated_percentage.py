"""Graduated percentage: each tier takes its share of the money that falls inside it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import EXACT, plain, require_price
from domain.pricing.checks import require_rising
from domain.pricing.scale import Scale, Segment


class PercentageTier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money up to and including `up_to` (none: without end); `flat_amount` once any falls in."""

    percent: Decimal
    up_to: Decimal | None = None
    flat_amount: Decimal = Decimal(0)


class GraduatedPercentage(
    Struct,
    frozen=True,
    kw_only=True,
    tag="graduated-percentage",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """Tiers in ascending order, only the last without end; the quantity is money.

    `flat_at_zero`: the first tier's flat amount is owed also without usage.
    """

    tiers: tuple[PercentageTier, ...]
    flat_at_zero: bool = False


def scale(model: GraduatedPercentage) -> Scale:
    return Scale(segments=tuple(map(_segment, model.tiers)), flat_at_zero=model.flat_at_zero)


def _segment(tier: PercentageTier) -> Segment:
    return Segment(
        what=f"{plain(tier.percent)}%",
        is_tier=True,
        unit_amount=EXACT.scaleb(tier.percent, -2),
        flat_amount=tier.flat_amount,
        up_to=tier.up_to,
    )


def require_valid(model: GraduatedPercentage) -> None:
    for tier in model.tiers:
        require_price(tier.percent, "model.tiers.percent")
        require_price(tier.flat_amount, "model.tiers.flat_amount")
    require_rising([tier.up_to for tier in model.tiers], "model.tiers")
