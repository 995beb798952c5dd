"""Tiers: what units cost up to a bound, alike in every price that has them."""

from __future__ import annotations

from collections.abc import Sequence

from domain.decimals import plain, require_price
from domain.pricing.checks import require_rising
from domain.pricing.graduated import Tier
from domain.pricing.scale import Segment


def segment_of(tier: Tier) -> Segment:
    bound = "above" if tier.up_to is None else f"up to {plain(tier.up_to)}"
    return Segment(
        what=f"tier {bound}",
        unit_amount=tier.unit_amount,
        flat_amount=tier.flat_amount,
        up_to=tier.up_to,
    )


def require_tiers(tiers: Sequence[Tier], field: str) -> None:
    """Tiers rise, only the last is open, and every amount is a price."""
    for tier in tiers:
        require_price(tier.unit_amount, f"{field}.unit_amount")
        require_price(tier.flat_amount, f"{field}.flat_amount")
    require_rising([tier.up_to for tier in tiers], field)
