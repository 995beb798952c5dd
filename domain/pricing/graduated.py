"""Graduated: each tier prices only the units that fall inside it."""

from __future__ import annotations

from msgspec import Struct

from domain.pricing.scale import Scale
from domain.pricing.tiers import Tier, require_tiers, segment_of


class Graduated(
    Struct, frozen=True, kw_only=True, tag="graduated", tag_field="type", forbid_unknown_fields=True
):
    """Tiers in ascending order; only the last is without end.

    `flat_at_zero`: the first tier's flat amount is owed also without usage.
    """

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = False


def scale(model: Graduated) -> Scale:
    segments = tuple(map(segment_of, model.tiers))
    return Scale(segments=segments, flat_at_zero=model.flat_at_zero)


def require_valid(model: Graduated) -> None:
    require_tiers(model.tiers, "model.tiers")
