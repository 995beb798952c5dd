"""A level that goes on from period to period under a price that asks for single readings."""

from datetime import date
from decimal import Decimal

from domain.pricing import PerUnit
from domain.pricing.matrix import Cell, Matrix
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
