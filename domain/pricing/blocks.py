"""Blocks: tiers that are each sold in blocks of their own size."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from domain.decimals import EXACT, bounded, plain, require_price
from domain.errors import Rejected
from domain.pricing.checks import require_size
from domain.pricing.scale import Scale, Segment


class BlockTier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to `max_blocks` blocks (none: without end) of `block_size` units at `block_price` each."""

    block_size: Decimal
    block_price: Decimal
    max_blocks: int | None = None


class Blocks(
    Struct, frozen=True, kw_only=True, tag="blocks", tag_field="type", forbid_unknown_fields=True
):
    """Tiers in the order they are filled, only the last without end; a block begun is whole.

    `takes`: `own`, each tier prices the units inside it; `all`, the tier that the quantity reaches
    prices all of it, in blocks of its size.
    """

    tiers: tuple[BlockTier, ...]
    takes: Literal["own", "all"] = "own"


def scale(model: Blocks) -> Scale:
    segments = map(_segment, model.tiers, (*_bounds(model), None))
    return Scale(segments=tuple(segments), reached_takes_all=model.takes == "all")


def _bounds(model: Blocks) -> Iterator[Decimal]:
    """The quantity that each tier but the last ends with."""
    return accumulate(
        (EXACT.multiply(tier.block_size, tier.max_blocks or 0) for tier in model.tiers[:-1]),
        EXACT.add,
    )


def _segment(tier: BlockTier, up_to: Decimal | None) -> Segment:
    return Segment(
        what=f"blocks of {plain(tier.block_size)}",
        is_tier=True,
        unit_amount=tier.block_price,
        up_to=up_to,
        size=tier.block_size,
    )


def require_valid(model: Blocks) -> None:
    for tier in model.tiers:
        require_price(tier.block_price, "model.tiers.block_price")
        require_size(tier.block_size, "model.tiers.block_size")
        if tier.max_blocks is not None:
            require_size(Decimal(tier.max_blocks), "model.tiers.max_blocks")
    is_open = [tier.max_blocks is None for tier in model.tiers]
    if not is_open or not is_open[-1] or any(is_open[:-1]):
        raise Rejected("last-tier-must-be-open", field="model.tiers")
    for bound in _bounds(model):
        bounded(bound, "model.tiers.max_blocks")
