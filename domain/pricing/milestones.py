"""Milestones: amounts that fall due when named milestones are reached."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct, field

from domain.decimals import EXACT, require_price
from domain.errors import Rejected, require_name
from domain.pricing.parts import Part, total
from domain.pricing.readings import Reading

_ZERO = Decimal(0)


class Milestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount` in major units, due once when what `name` says is reached."""

    name: str
    amount: Decimal


class Milestones(
    Struct,
    frozen=True,
    kw_only=True,
    tag="milestones",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """A reading whose `dimension` names a milestone says that it is reached.

    However often it is said, its amount is due once; a quantity below zero takes the word back.
    """

    milestones: tuple[Milestone, ...]
    dimension: str = "milestone"


class MilestonesRunning(Struct):
    """How often each milestone was said to be reached, less how often that was taken back."""

    model: Milestones
    amounts: dict[str, Decimal]
    said: dict[str, Decimal] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        name = reading.dimensions[self.model.dimension]
        assert name in self.amounts, name
        self.said[name] = EXACT.add(self.said.get(name, _ZERO), reading.quantity)

    @property
    def amount(self) -> Fraction:
        return total(self.parts())

    def parts(self) -> tuple[Part, ...]:
        """One for each milestone reached, in the order of the price."""
        return tuple(
            Part(what=f"milestone {name}", flat=Fraction(amount))
            for name, amount in self.amounts.items()
            if self.said.get(name, _ZERO) > 0
        )


def unpriced(model: Milestones, dimensions: Mapping[str, str]) -> str | None:
    name = dimensions.get(model.dimension)
    if name is None:
        return "missing-dimension"
    known = any(name == milestone.name for milestone in model.milestones)
    return None if known else "no-price-for-dimensions"


def started(model: Milestones) -> MilestonesRunning:
    return MilestonesRunning(model, {one.name: one.amount for one in model.milestones})


def require_valid(model: Milestones) -> None:
    """Each milestone is another, and what it is due is a price."""
    require_name(model.dimension, "model.dimension")
    if not model.milestones:
        raise Rejected("no-milestones", field="model.milestones")
    seen = set()
    for milestone in model.milestones:
        require_name(milestone.name, "model.milestones.name")
        require_price(milestone.amount, "model.milestones.amount")
        if milestone.name in seen:
            raise Rejected("duplicate-milestone", field="model.milestones", name=milestone.name)
        seen.add(milestone.name)
