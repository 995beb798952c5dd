"""Splitting one usage into two changes nothing where a price asks only how much was used.

Additive are all meters that add quantities up (a sum, a level, either weighted by time) under every
price of a quantity, and under prices of readings that add what they take: a matrix, sums by window,
levels in tiers, milestones. Not additive, since they ask for the single event:

- a count counts rows, a maximum looks for the largest row, and the latest row is what it states;
- a percentage has fees, free events and limits for each event, windows may take the largest row.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.facts import When
from domain.meter import MeterDefined
from domain.price import PriceSet
from domain.pricing import Model, PerUnit, ReadingModel
from domain.pricing.bucketed import Bucketed
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.percentage import Percentage
from domain.usage import UsageDay
from tests.laws.lives import (
    FIRST,
    METERS,
    Catalogue,
    Life,
    always,
    charged,
    lives,
    opened,
    told,
    usage_row,
)

ADDITIVE = ("added", "over-time", "level", "level-over-time")


def split(rows: Sequence[UsageDay], parts: Sequence[int]) -> list[UsageDay]:
    """Each row as two of the same instant and dimensions, which together are what it was."""
    found: list[UsageDay] = []
    for row, part in zip(rows, parts, strict=True):
        one = row.quantity * part / 8
        found.append(structs.replace(row, quantity=one))
        other = structs.replace(row, quantity=row.quantity - one, event=f"{row.event}-rest")
        found.append(other)
    return found


def asks_for_each(model: object) -> bool:
    """Whether a price of readings is for the single event."""
    return isinstance(model, Percentage) or (isinstance(model, Bucketed) and model.takes == "max")


def is_additive(life: Life) -> bool:
    versions = [one for own in life.catalogue.master.prices.values() for one in own]
    return not any(
        isinstance(one.price.model, ReadingModel) and asks_for_each(one.price.model)
        for one in versions
    )


@always(80)
@given(lives(meters=ADDITIVE), st.data())
def test_splitting_usage_in_two_changes_nothing(life: Life, data: st.DataObject) -> None:
    if not is_additive(life):
        return
    whole = [row for row in life.rows if row.rows > 0]
    parts = data.draw(st.lists(st.integers(1, 7), min_size=len(whole), max_size=len(whole)))

    assert told(charged(life, split(whole, parts))[0]) == told(charged(life, whole)[0])


UNIT = PerUnit(unit_amount=Decimal(1))
BY_REGION = Matrix(dimensions=("region",), cells=(Cell(values=("eu",), price=UNIT),))
TEN = {"region": "eu", "milestone": "build"}


def of_ten(meter: str, model: Model) -> Life:
    """Ten units used at once, at one price of one meter."""
    when = When(effective=FIRST)
    price = PriceSet(when=when, currency="USD", model=model, meter=meter, bill="arrears")
    facts, master = opened(
        (f"meter:{meter}", MeterDefined(when=when, **METERS[meter])), (f"price:{meter}", price)
    )
    life = Life(Catalogue(tuple(facts), master, (meter,)), facts)
    life.start(None, meter)
    life.rows = [usage_row(1, meter, 24, Decimal(10), TEN, "UTC")]
    return life


@pytest.mark.parametrize(
    ("meter", "model", "whole", "halves"),
    [
        ("added", UNIT, 10_00, 10_00),
        ("added", BY_REGION, 10_00, 10_00),
        ("counted", UNIT, 1_00, 2_00),
        ("highest", UNIT, 10_00, 5_00),
        ("last", UNIT, 10_00, 5_00),
        ("added", Percentage(percent=Decimal(1), fixed_per_event=Decimal(1)), 1_10, 2_10),
        ("added", Bucketed(window="day", takes="max", price=UNIT), 10_00, 5_00),
    ],
)
def test_what_asks_for_the_single_event_is_not_additive(
    meter: str, model: Model, whole: int, halves: int
) -> None:
    life = of_ten(meter, model)

    def due(rows: Sequence[UsageDay]) -> int:
        return sum(one.minor for one in charged(life, rows)[0])

    assert (due(life.rows), due(split(life.rows, [4]))) == (whole, halves)
