"""Tiers: what units cost up to a bound, alike in every price that has them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.checks import require_rising
from domain.pricing.scale import Segment


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units up to and including `up_to` (none: without end); `flat_amount` once any falls in.

    `maximum` is the most that the tier comes to with its flat amount (none: no limit).
    """

    unit_amount: Decimal
    up_to: Decimal | None = None
    flat_amount: Decimal = Decimal(0)
    maximum: Decimal | None = None


def segment_of(tier: Tier) -> Segment:
    return Segment(
        what="tier",
        is_tier=True,
        unit_amount=tier.unit_amount,
        flat_amount=tier.flat_amount,
        up_to=tier.up_to,
        maximum=tier.maximum,
    )


def require_tiers(tiers: Sequence[Tier], field: str) -> None:
    """Tiers rise, only the last is open, and every amount is a price."""
    for tier in tiers:
        require_price(tier.unit_amount, f"{field}.unit_amount")
        require_price(tier.flat_amount, f"{field}.flat_amount")
        if tier.maximum is not None:
            require_price(tier.maximum, f"{field}.maximum")
    require_rising([tier.up_to for tier in tiers], field)
