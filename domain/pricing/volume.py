"""Volume: the tier that the whole quantity reaches prices all of it."""

from __future__ import annotations

from msgspec import Struct

from domain.pricing.scale import Scale
from domain.pricing.tiers import Tier, require_tiers, segment_of


class Volume(
    Struct, frozen=True, kw_only=True, tag="volume", tag_field="type", forbid_unknown_fields=True
):
    """Tiers in ascending order, only the last without end; its flat amount is the reached tier's.

    More usage can cost less, where it reaches a cheaper tier. `flat_at_zero`: the first tier's flat
    amount is owed also without usage.
    """

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = False


def scale(model: Volume) -> Scale:
    return Scale(
        segments=tuple(map(segment_of, model.tiers)),
        reached_takes_all=True,
        flat_at_zero=model.flat_at_zero,
    )


def require_valid(model: Volume) -> None:
    require_tiers(model.tiers, "model.tiers")
