"""A level that goes on from period to period under a price that asks for single readings."""

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import When
from domain.meter import MeterDefined
from domain.price import SetPrice
from domain.pricing import Flat, PerUnit, ReadingModel
from domain.pricing.bucketed import Bucketed
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.milestones import Milestone, Milestones
from domain.pricing.percentage import Percentage
from tests.domain.given import decide, refusal
from tests.domain.test_rating_usage import APRIL, World, row


def by_region(eu: str, us: str) -> Matrix:
    return Matrix(
        dimensions=("region",),
        cells=(
            Cell(values=("eu",), price=PerUnit(unit_amount=Decimal(eu))),
            Cell(values=("us",), price=PerUnit(unit_amount=Decimal(us))),
        ),
    )


def test_a_level_goes_on_in_each_cell() -> None:
    world = World()
    world.meter("seats", "sum", recurring=True, dimensions=("region",))
    world.price("seat", by_region("10", "1"), "seats")
    world.start("seat")

    found = world.rate(
        row(date(2024, 3, 4), "3", meter="seats", region="eu"),
        row(date(2024, 3, 5), "2", meter="seats", region="us"),
        row(date(2024, 4, 9), "-1", meter="seats", region="eu"),
    )

    assert [(one.start.month, one.minor) for one in found.charges] == [(3, 32_00), (4, 22_00)]
    assert found.pending == ()


def test_a_level_that_goes_on_and_moves_on_the_first_day_stands_once() -> None:
    world = World()
    world.meter("seats", "sum", recurring=True, dimensions=("region",))
    world.price("seat", by_region("10", "1"), "seats")
    world.start("seat")

    found = world.rate(
        row(date(2024, 3, 4), "3", meter="seats", region="eu"),
        row(APRIL, "2", meter="seats", region="us"),
    )

    assert [one.marks for one in found.charges] == [((date(2024, 3, 4), 30_00),), ((APRIL, 32_00),)]


def test_a_level_that_a_new_price_has_no_cell_for_costs_nothing_more() -> None:
    world = World()
    world.meter("seats", "sum", recurring=True, dimensions=("region",))
    world.price("seat", PerUnit(unit_amount=Decimal(5)), "seats")
    world.price("seat", by_region("10", "1"), "seats", day=APRIL)
    world.start("seat")

    found = world.rate(
        row(date(2024, 3, 4), "3", meter="seats", region="eu"),
        row(date(2024, 3, 5), "2", meter="seats", region="ap"),
        row(date(2024, 4, 9), "1", meter="seats", region="eu"),
    )

    assert [one.minor for one in found.charges] == [25_00, 40_00]


def test_levels_weighted_by_time_are_held_in_each_cell() -> None:
    world = World()
    world.meter("seats", "time-weighted-sum", recurring=True, dimensions=("region",))
    world.price("seat", by_region("31", "62"), "seats")
    world.start("seat")

    march, april = world.charges(
        row(date(2024, 3, 1), "1", meter="seats", region="eu"),
        row(date(2024, 3, 16), "1", meter="seats", region="us"),
    )

    assert (march.minor, april.minor) == (31_00 + 32_00, 31_00 + 62_00)


WEIGHTLESS = (
    Percentage(percent=Decimal(1)),
    Bucketed(window="day", takes="sum", price=PerUnit(unit_amount=Decimal(1))),
    Milestones(milestones=(Milestone(name="built", amount=Decimal(1)),)),
)


@pytest.mark.parametrize("model", WEIGHTLESS, ids=lambda model: type(model).__name__)
def test_a_price_of_single_events_goes_with_no_meter_that_weighs(model: ReadingModel) -> None:
    """Known together they are refused; where the meter came after the price its usage waits."""
    when = When(effective=date(2024, 1, 1))
    weighing = MeterDefined(when=when, aggregation="time-weighted-sum")
    adding = MeterDefined(when=when, aggregation="sum")
    command = SetPrice(when=when, currency="USD", model=model, meter="seats")

    found = refusal("price:seat", command, others={"meter:seats": [weighing]})
    assert found[0] == "price-ignores-weights"
    assert decide("price:seat", command, others={"meter:seats": [adding]})
    assert decide("price:seat", command)

    world = World()
    world.meter("seats", "time-weighted-sum")
    world.price("seat", model, "seats")
    world.start("seat")
    rated = world.rate(row(date(2024, 3, 1), "1", meter="seats", milestone="built"))

    assert rated.charges == ()
    assert [one.reason for one in rated.pending] == ["price-ignores-weights"]


def test_before_its_first_row_no_level_goes_on() -> None:
    """A flat price of a level is charged from its first row on, whatever comes later (law 10)."""
    world = World()
    world.meter("seats", "max", recurring=True)
    world.price("seat", Flat(amount=Decimal(1)), "seats")
    world.start("seat")

    march, april = world.charges(row(date(2024, 3, 16), "1", meter="seats"))

    assert march.marks == ((date(2024, 3, 16), 1_00),)
    assert april.marks == ((date(2024, 4, 1), 1_00),)
