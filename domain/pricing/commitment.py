"""Commitment: an amount promised over other items; what they fall short of it is charged."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing.scale import Scale, Segment


class Commitment(
    Struct,
    frozen=True,
    kw_only=True,
    tag="commitment",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """`amount` in major units for each unit sold and billing period.

    `covers`: the items whose charges of the period count towards it (none named: all others).
    What is promised is the amount as a scale; what it falls short is worked out where the charges
    of all items are known.
    """

    amount: Decimal
    covers: tuple[str, ...] = ()


def scale(model: Commitment) -> Scale:
    return Scale(segments=(Segment(what="committed", unit_amount=model.amount),))


def shortfall_minor(committed_minor: int, covered_minor: int) -> int:
    """What charges of the covered items leave to be paid of the commitment; never less than 0."""
    return max(committed_minor - covered_minor, 0)


def require_valid(model: Commitment) -> None:
    require_price(model.amount, "model.amount")
