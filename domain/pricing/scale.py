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
from functools import partial
from math import ceil
from typing import NamedTuple

from msgspec import Struct, structs

from domain.decimals import EXACT, plain
from domain.pricing.parts import Part

# What a quantity costs at a price, exactly; rounding is for whoever charges it.
Pricer = Callable[[Decimal], Decimal]
_ZERO = Decimal(0)


class Segment(Struct, frozen=True, kw_only=True):
    """Units up to and including `up_to` (none: without end) cost `unit_amount` each.

    `flat_amount` comes on top once, and all of it is at most `maximum`. With a `size` they are
    counted in packages of it, each begun one whole, at `unit_amount` for a package. It is told by
    `what` it is and, where `is_tier`, its bound.
    """

    what: str
    is_tier: bool = False
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

    @property
    def is_one_line(self) -> bool:
        """Whether any quantity, also below zero, costs one unit price and one flat amount."""
        only, *more = self.segments
        bent = more or only.size is not None or only.maximum is not None
        return not bent and (self.flat_at_zero or not only.flat_amount)


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
        what=told(segment),
        units=units if packages is None else Fraction(packages),
        unit_amount=Fraction(segment.unit_amount),
        flat=Fraction(segment.flat_amount if flat is None else flat),
        maximum=None if segment.maximum is None else Fraction(segment.maximum),
    )


def told(segment: Segment) -> str:
    """A segment by the name it goes by: `tier up to 10`."""
    if not segment.is_tier:
        return segment.what
    bound = "above" if segment.up_to is None else f"up to {plain(segment.up_to)}"
    return f"{segment.what} {bound}"


def pricer(scale: Scale) -> Pricer:
    """What any quantity costs on a scale."""
    only, fused = scale.segments[0], EXACT.fma
    if scale.is_one_line:
        unit_amount, flat_amount = only.unit_amount, only.flat_amount
        if not flat_amount:
            return partial(EXACT.multiply, unit_amount)
        return lambda quantity: fused(quantity, unit_amount, flat_amount)
    rungs, first, floors = [*_rungs(scale)], int(scale.flat_at_zero), scale.floors
    if all(rung.limit is None and rung.size is None for rung in rungs):
        lines = [rung[:2] for rung in rungs]

        def price(quantity: Decimal) -> Decimal:
            unit_amount, offset = lines[bisect_left(floors, quantity) or first]
            return fused(quantity, unit_amount, offset)

        return price
    return lambda quantity: _cost(quantity, rungs[bisect_left(floors, quantity) or first])


class _Rung(NamedTuple):
    """A quantity that ends in a segment costs `quantity * unit_amount + offset`.

    At most `limit`. With a `size` the quantity is that of the packages begun above `floor`.
    """

    unit_amount: Decimal
    offset: Decimal
    limit: Decimal | None
    floor: Decimal
    size: Decimal | None


def _cost(quantity: Decimal, rung: _Rung) -> Decimal:
    if rung.size is not None:
        quantity = _begun(EXACT.subtract(quantity, rung.floor), rung.size)
    cost = EXACT.fma(quantity, rung.unit_amount, rung.offset)
    return cost if rung.limit is None else min(cost, rung.limit)


def _rungs(scale: Scale) -> Iterator[_Rung]:
    """For a quantity that reaches no segment, the first, the second and so on."""
    yield _rung(structs.replace(scale.segments[0], flat_amount=_ZERO, maximum=None))
    if scale.reached_takes_all:
        yield from map(_rung, scale.segments)
        return
    below, floors = _ZERO, scale.floors
    for segment, floor, end in zip(scale.segments, floors, (*floors[1:], None), strict=True):
        yield _rung(segment, floor, below)
        if end is not None:
            below = EXACT.add(below, _cost(EXACT.subtract(end, floor), _rung(segment)))


def _rung(segment: Segment, floor: Decimal = _ZERO, below: Decimal = _ZERO) -> _Rung:
    unit_amount, size, maximum = segment.unit_amount, segment.size, segment.maximum
    offset = EXACT.add(below, segment.flat_amount)
    if size is None:
        offset = EXACT.subtract(offset, EXACT.multiply(floor, unit_amount))
    limit = None if maximum is None else EXACT.add(below, maximum)
    return _Rung(unit_amount, offset, limit, floor, size)


def _begun(units: Decimal, size: Decimal) -> Decimal:
    """How many packages of a size are begun."""
    if units <= 0:
        return _ZERO
    whole, rest = EXACT.divmod(units, size)
    return EXACT.add(whole, 1) if rest else whole


def is_whole(scale: Scale, places: int) -> bool:
    """Whether any number of whole units comes to an amount of so many places."""
    return all(
        all(fits(bound, 0) for bound in (segment.up_to, segment.size))
        and all(
            fits(amount, places)
            for amount in (segment.unit_amount, segment.flat_amount, segment.maximum)
        )
        for segment in scale.segments
    )


def fits(exact: Decimal | None, places: int) -> bool:
    """Whether a number has no more decimal places than so many; none is as good as nothing."""
    if not exact:
        return True
    scaled = EXACT.scaleb(exact, places)
    return scaled == scaled.to_integral_value()


def free_segment(units: Decimal) -> tuple[Segment, ...]:
    """The units that cost nothing, if there are any."""
    return (Segment(what="free units", up_to=units),) if units else ()
