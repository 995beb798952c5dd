"""Commitment: an amount promised over other items; what they fall short of it is charged."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import require_price
from domain.pricing import scale
from domain.pricing.parts import Part
from domain.pricing.scale import Pricer, Scale, Segment


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
    `pricer` says what is promised; what the charges fall short of it is worked out where the
    charges of all items are known, and `shortfall_minor` is the rule.
    """

    amount: Decimal
    covers: tuple[str, ...] = ()


def pricer(model: Commitment) -> Pricer:
    """What any quantity of it commits."""
    return scale.pricer(_scale(model))


def parts(model: Commitment, quantity: Fraction) -> tuple[Part, ...]:
    return scale.parts(_scale(model), quantity)


def _scale(model: Commitment) -> Scale:
    return Scale(segments=(Segment(what="committed", unit_amount=model.amount),))


def shortfall_minor(committed_minor: int, covered_minor: int) -> int:
    """What charges of the covered items leave to be paid of the commitment; never less than 0."""
    return max(committed_minor - covered_minor, 0)


def require_valid(model: Commitment) -> None:
    require_price(model.amount, "model.amount")
