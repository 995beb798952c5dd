"""Prorated graduated: levels held over time, each change priced in the tiers it passes through."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from domain.pricing.parts import Part, total
from domain.pricing.readings import Reading
from domain.pricing.scale import Segment, told
from domain.pricing.tiers import Tier, require_tiers, segment_of

_ZERO = Fraction(0)


class ProratedGraduated(
    Struct,
    frozen=True,
    kw_only=True,
    tag="prorated-graduated",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """Tiers in ascending order, only the last without end, for a level such as seats in use.

    A change of the level is cut at the bounds between the level before and after it; each piece
    is priced in its tier by the same share of the change's time-weighted units. A tier's flat
    amount is owed once in a period, when the level first enters it.
    """

    tiers: tuple[Tier, ...]


class ProratedRunning(Struct):
    """The level in full, and by tier the weighted units so far and whether it was entered."""

    segments: tuple[Segment, ...]
    units: list[Fraction]
    entered: list[bool]
    level: Fraction = _ZERO

    def add(self, reading: Reading) -> None:
        change = Fraction(reading.quantity)
        if not change:
            return
        weighted = change if reading.weighted is None else Fraction(reading.weighted)
        low, high = sorted((self.level, self.level + change))
        self.level += change
        floor = min(low, _ZERO)  # below zero the first tier's unit price goes on
        for place, segment in enumerate(self.segments):
            bound = high if segment.up_to is None else Fraction(segment.up_to)
            inside = min(high, bound) - max(low, floor)
            if inside > 0:
                self.units[place] += weighted * inside / (high - low)
                self.entered[place] |= high > 0
            floor = bound

    @property
    def amount(self) -> Fraction:
        return total(self.parts())

    def parts(self) -> tuple[Part, ...]:
        """One for each tier the level was in."""
        return tuple(
            Part(
                what=told(segment),
                units=units,
                unit_amount=Fraction(segment.unit_amount),
                flat=Fraction(segment.flat_amount if entered else 0),
                maximum=None if segment.maximum is None else Fraction(segment.maximum),
            )
            for segment, units, entered in zip(self.segments, self.units, self.entered, strict=True)
            if units or entered
        )


def started(model: ProratedGraduated) -> ProratedRunning:
    segments = tuple(map(segment_of, model.tiers))
    return ProratedRunning(segments, [_ZERO] * len(segments), [False] * len(segments))


def require_valid(model: ProratedGraduated) -> None:
    require_tiers(model.tiers, "model.tiers")
