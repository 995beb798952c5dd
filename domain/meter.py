"""What usage is counted, in which unit, and how the rows of a billing period come to one quantity.

A meter is what its prices count on, so how it counts stays for life: a change is refused. Units a
row may come in, and dimensions it must carry, may be added. A meter defined wrongly is corrected:
then it never was the other, and all is measured again.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field, structs

from domain.decimals import EXACT, bounded, plain
from domain.errors import Rejected, require_name
from domain.facts import Event, When

Aggregation = Literal["sum", "count", "max", "unique-count", "latest", "time-weighted-sum"]
# What is counted by the row, whatever its quantity is in.
BY_THE_ROW = frozenset({"count", "unique-count"})
KEPT_FOR_LIFE = ("aggregation", "unit", "property", "recurring", "weighted_by")


class MeterDefined(Event, frozen=True, kw_only=True, tag="meter-defined"):
    """What usage is counted and how. Fields: docs/reference/meters.md.

    `conversions` says what one of another unit is in `unit`. `property` is the dimension whose
    values a unique count tells apart; `weighted_by` one in which the source states how much of a
    time-weighted quantity falls into the period. `dimensions` a row must carry from `when` on.
    A `recurring` meter's quantities are changes of a level that goes on in the next period.
    """

    aggregation: Aggregation
    unit: str = "unit"
    conversions: dict[str, Decimal] = field(default_factory=dict)
    property: str | None = None
    dimensions: tuple[str, ...] = ()
    recurring: bool = False
    weighted_by: str | None = None


class DefineMeter(
    Struct, frozen=True, kw_only=True, tag="define-meter", forbid_unknown_fields=True
):
    """Say what usage is counted and how, or add units and dimensions to a meter."""

    when: When
    aggregation: Aggregation
    unit: str = "unit"
    conversions: dict[str, Decimal] = {}
    property: str | None = None
    dimensions: tuple[str, ...] = ()
    recurring: bool = False
    weighted_by: str | None = None


def require_sound(meter: MeterDefined, before: MeterDefined | None) -> None:
    """A meter that counts, and counts as it did."""
    require_name(meter.unit, "unit")
    for name in (*meter.dimensions, meter.property, meter.weighted_by):
        if name is not None:
            require_name(name, "dimensions")
    if (meter.aggregation == "unique-count") != (meter.property is not None):
        raise Rejected("property-of-unique-count", field="property")
    if meter.weighted_by is not None and meter.aggregation != "time-weighted-sum":
        raise Rejected("weight-of-time-weighted-sum", field="weighted_by")
    _require_conversions(meter.conversions, meter.unit)
    if before is not None:
        _require_kept(meter, before)


def _require_conversions(conversions: Mapping[str, Decimal], unit: str) -> None:
    for other, factor in conversions.items():
        require_name(other, "conversions")
        if other == unit or bounded(factor, "conversions") <= 0:
            raise Rejected("conversion-not-positive", field="conversions", unit=other)


def _require_kept(meter: MeterDefined, before: MeterDefined) -> None:
    for name in KEPT_FOR_LIFE:
        if getattr(meter, name) != getattr(before, name):
            raise Rejected("meter-in-use", field=name, was=getattr(before, name))
    for unit, factor in before.conversions.items():
        if meter.conversions.get(unit) != factor:
            raise Rejected("meter-in-use", field="conversions", was=f"{unit} {plain(factor)}")
    if not set(before.dimensions) <= set(meter.dimensions):
        raise Rejected("meter-in-use", field="dimensions", was=" ".join(before.dimensions))


def grown(meter: MeterDefined, before: MeterDefined | None) -> MeterDefined:
    """The meter with what it had before: a definition dated back does not take anything out."""
    if before is None:
        return meter
    more = tuple(name for name in before.dimensions if name not in meter.dimensions)
    return structs.replace(
        meter,
        conversions=before.conversions | meter.conversions,
        dimensions=(*meter.dimensions, *more),
    )


def in_unit(meter: MeterDefined, quantity: Decimal, unit: str | None) -> Decimal | None:
    """A row's quantity in the meter's unit; none where nobody said what the row's unit is in it."""
    if unit is None or unit == meter.unit or meter.aggregation in BY_THE_ROW:
        return quantity
    factor = meter.conversions.get(unit)
    return None if factor is None else EXACT.multiply(quantity, factor)


def adds_up(meter: MeterDefined) -> bool:
    """Whether totals by the day say all that there is to know of its rows."""
    if meter.weighted_by is not None or meter.dimensions:
        return False
    return meter.aggregation in {"sum", "count", "time-weighted-sum"}


def must_carry(meter: MeterDefined) -> tuple[str, ...]:
    """Dimensions without which a row cannot be counted."""
    more = (name for name in (meter.property, meter.weighted_by) if name is not None)
    return (*meter.dimensions, *more)
