"""A scale: prices by stretch of the quantity, to which most price models come down.

A segment prices the units above the one before it, up to and including its bound. Either each
segment prices its own units (tiers that add up) or the one reached prices all of them (volume). A
quantity has one exact amount: `pricer` gives it as a decimal, fast, to be asked many times over;
`parts` gives it part by part, for any exact quantity. A test holds one against the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import ceil

from msgspec import Struct, structs

from domain.decimals import EXACT
from domain.pricing.parts import Part

_ZERO = Decimal(0)


class Segment(Struct, frozen=True, kw_only=True):
    """Units up to and including `up_to` (none: without end) cost `unit_amount` each.

    `flat_amount` comes on top once, and all of it is at most `maximum`. With a `size` they are
    counted in packages of it, each begun one whole, at `unit_amount` for a package.
    """

    what: str
    unit_amount: Decimal = _ZERO
    flat_amount: Decimal = _ZERO
    up_to: Decimal | None = None
    size: Decimal | None = None
    maximum: Decimal | None = None


class Scale(Struct, frozen=True, kw_only=True):
    """Segments in rising order, the last without end.

    `reached_takes_all`: the segment that the quantity ends in prices all of it. `flat_at_zero`:
    the first segment's flat amount is owed also where no unit falls in.
    """

    segments: tuple[Segment, ...]
    reached_takes_all: bool = False
    flat_at_zero: bool = False

    @property
    def floors(self) -> list[Decimal]:
        """Above which quantity each segment begins; without end is only the last."""
        return [_ZERO, *(one.up_to for one in self.segments[:-1] if one.up_to is not None)]


def parts(scale: Scale, quantity: Fraction) -> tuple[Part, ...]:
    """What a quantity costs, segment by segment.

    Below zero the first segment's unit price goes on, so that usage taken back gives back what the
    first units cost, without a flat amount, since no unit fell in. No package was begun there.
    """
    floors = [Fraction(floor) for floor in scale.floors]
    reached = bisect_left(floors, quantity) or int(scale.flat_at_zero)
    if reached == 0:
        return (_part(scale.segments[0], quantity, flat=_ZERO),) if quantity else ()
    if scale.reached_takes_all:
        return (_part(scale.segments[reached - 1], quantity),)
    ends = [*floors[1:reached], quantity]
    mine = zip(scale.segments, floors, ends, strict=False)
    return tuple(_part(segment, end - floor) for segment, floor, end in mine)


def _part(segment: Segment, units: Fraction, flat: Decimal | None = None) -> Part:
    packages = segment.size and max(ceil(units / Fraction(segment.size)), 0)
    return Part(
        what=segment.what,
        units=units if packages is None else Fraction(packages),
        unit_amount=Fraction(segment.unit_amount),
        flat=Fraction(segment.flat_amount if flat is None else flat),
        maximum=None if segment.maximum is None else Fraction(segment.maximum),
    )


def pricer(scale: Scale) -> Callable[[Decimal], Decimal]:
    """What any quantity costs on a scale."""
    floors, rungs = scale.floors, [*_rungs(scale)]
    first = int(scale.flat_at_zero)

    def price(quantity: Decimal) -> Decimal:
        return rungs[bisect_left(floors, quantity) or first](quantity)

    return price


def _rungs(scale: Scale) -> Iterator[Callable[[Decimal], Decimal]]:
    """What a quantity costs that reaches no segment, the first, the second and so on."""
    first, floors = scale.segments[0], scale.floors
    yield _rung(structs.replace(first, flat_amount=_ZERO, maximum=None), _ZERO, _ZERO)
    if scale.reached_takes_all:
        yield from (_rung(segment, _ZERO, _ZERO) for segment in scale.segments)
        return
    full = [
        _rung(segment, floor, _ZERO)(end)
        for segment, floor, end in zip(scale.segments, floors, floors[1:], strict=False)
    ]
    below = accumulate(full, EXACT.add, initial=_ZERO)
    yield from map(_rung, scale.segments, floors, below)


def _rung(segment: Segment, floor: Decimal, below: Decimal) -> Callable[[Decimal], Decimal]:
    """What a quantity costs that ends in a segment: what is below it, and its own units above."""
    unit_amount, size = segment.unit_amount, segment.size
    base = EXACT.add(below, segment.flat_amount)
    if size is not None:
        return lambda quantity: EXACT.fma(
            _begun(EXACT.subtract(quantity, floor), size), unit_amount, base
        )
    offset = EXACT.subtract(base, EXACT.multiply(floor, unit_amount))
    if segment.maximum is None:
        return lambda quantity: quantity.fma(unit_amount, offset, EXACT)
    limit = EXACT.add(below, segment.maximum)
    return lambda quantity: min(quantity.fma(unit_amount, offset, EXACT), limit)


def _begun(units: Decimal, size: Decimal) -> Decimal:
    """How many packages of a size are begun."""
    if units <= 0:
        return _ZERO
    whole, rest = EXACT.divmod(units, size)
    return EXACT.add(whole, 1) if rest else whole
