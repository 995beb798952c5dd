"""Which days of usage stand out against the customer's own history: flagged, never dropped.

Nothing is measured from this: usage that stands out is rated, billed and earned like any other, and
a person looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.decimals import EXACT
from domain.meter import BY_THE_ROW, MeterDefined

# Below nine days, eight others and the one that is judged, a median says little of what is usual.
DAYS_MIN = 9
# How many times the usual deviation a day may be from the median. Usage has longer tails than
# chance alone would give (month ends, campaigns): three, as textbooks have it, would cry wolf.
DEVIATIONS = Decimal(10)
# A steady meter deviates by next to nothing, and five calls after days of one are no mistake: the
# usual deviation counts as at least this share of the median. No deviation is more than the median
# itself, so the most that is plausible lies between six and eleven medians, whatever is counted.
DEVIATION_MIN = Decimal("0.5")
# What follows from the two: no day of at most so many medians stands out.
PLAUSIBLE_MEDIANS = 1 + DEVIATIONS * DEVIATION_MIN


class Outlier(Struct, frozen=True, kw_only=True):
    """A day that stands out; `median` is that of the days with usage, none if there was none."""

    day: date
    quantity: Decimal
    median: Decimal | None


def is_judged(meter: MeterDefined) -> bool:
    """Whether its days can be compared: of a level that goes on, or of a peak, no sum says much."""
    return not meter.recurring and meter.aggregation in {"sum", *BY_THE_ROW}


def outliers(quantities: Mapping[date, Decimal]) -> tuple[Outlier, ...]:
    """The days of one subscription's meter that are not plausible, in their order.

    A day below zero is not. One with more than zero is not, if there are at least eight others and
    it is further from the median of them all than ten times their median absolute deviation.
    """
    used = [quantity for quantity in quantities.values() if quantity > 0]
    median = lower_median(used) if used else None
    limit = None
    if median is not None and len(used) >= DAYS_MIN:
        deviation = lower_median(EXACT.abs(EXACT.subtract(one, median)) for one in used)
        usual = max(deviation, EXACT.multiply(median, DEVIATION_MIN))
        # That is five medians at least: no day with usage is so far below.
        limit = EXACT.add(median, EXACT.multiply(DEVIATIONS, usual))
    return tuple(
        Outlier(day=day, quantity=quantity, median=median)
        for day, quantity in sorted(quantities.items())
        if quantity < 0 or (limit is not None and quantity > limit)
    )


def lower_median(quantities: Iterable[Decimal]) -> Decimal:
    """The middle one, of two in the middle the lower: a quantity that was there, never a mean."""
    ordered = sorted(quantities)
    return ordered[(len(ordered) - 1) // 2]
