from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.pricing import Graduated, PerUnit, Tier
from domain.pricing.by_reading import unpriced
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.readings import Reading
from tests.domain.pricing.priced import START, lines, refused, run


def unit(amount: str) -> PerUnit:
    return PerUnit(unit_amount=Decimal(amount))


def cell(*values: str, amount: str = "1") -> Cell:
    return Cell(values=values, price=unit(amount))


def used(quantity: str, dimensions: Mapping[str, str]) -> Reading:
    return Reading(START, Decimal(quantity), dimensions)


TIERS = Graduated(
    tiers=(Tier(unit_amount=Decimal(2), up_to=Decimal(10)), Tier(unit_amount=Decimal(1)))
)
SERVERS = Matrix(
    dimensions=("region", "size"),
    cells=(
        cell("eu", "small", amount="0.10"),
        cell("eu", "large", amount="0.40"),
        Cell(values=("us", "large"), price=TIERS),
    ),
    default=unit("0.50"),
)
EU_SMALL = {"region": "eu", "size": "small"}
US_LARGE = {"region": "us", "size": "large"}
ELSEWHERE = {"region": "ap", "size": "large"}


def test_each_combination_has_its_price_and_the_default_all_others() -> None:
    running = run(
        SERVERS,
        [
            used("3", EU_SMALL),
            used("8", US_LARGE),
            used("2", ELSEWHERE),
            used("4", US_LARGE),
            used("1.5", EU_SMALL),
        ],
    )

    assert running.amount == Fraction("0.45") + 22 + 1
    assert lines(running.parts()) == [
        ("any other, quantity x unit price", 2, 1),
        ("eu, small, quantity x unit price", Fraction("4.5"), Fraction("0.45")),
        ("us, large, tier up to 10", 10, 20),
        ("us, large, tier above", 2, 2),
    ]


def test_dimensions_that_are_not_of_the_price_do_not_matter() -> None:
    assert run(SERVERS, [used("1", {**EU_SMALL, "colour": "red"})]).amount == Fraction("0.10")


def test_usage_without_a_price_says_why() -> None:
    strict = Matrix(dimensions=("region",), cells=(cell("eu"),))

    assert unpriced(strict, {"region": "eu"}) is None
    assert unpriced(strict, {"region": "us"}) == "no-price-for-dimensions"
    assert unpriced(strict, {"size": "small"}) == "missing-dimension"
    assert unpriced(SERVERS, {"size": "small"}) == "missing-dimension"
    assert unpriced(SERVERS, ELSEWHERE) is None


def test_usage_taken_back_gives_back_what_it_cost() -> None:
    assert run(SERVERS, [used("12", US_LARGE), used("-5", US_LARGE)]).amount == 14


def test_a_reading_weighted_by_time_counts_by_its_weight() -> None:
    third = used("3", US_LARGE)._replace(weighted=Fraction(1, 3))

    assert run(SERVERS, [third, used("12", EU_SMALL)]).amount == Fraction(2, 3) + Fraction("1.2")
    assert run(SERVERS, [third, used("1", US_LARGE)]).amount == Fraction(8, 3)


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (Matrix(dimensions=("a",), cells=()), "no-cells", "model.cells"),
        (Matrix(dimensions=(), cells=(cell("x"),)), "no-dimensions", "model.dimensions"),
        (Matrix(dimensions=("",), cells=(cell("x"),)), "empty-text", "model.dimensions"),
        (
            Matrix(dimensions=("a", "a"), cells=(cell("x", "y"),)),
            "duplicate-dimension",
            "model.dimensions",
        ),
        (
            Matrix(dimensions=("a",), cells=(cell("x", "y"),)),
            "cell-does-not-fit",
            "model.cells.values",
        ),
        (
            Matrix(dimensions=("a",), cells=(cell("x"), cell("x", amount="2"))),
            "duplicate-cell",
            "model.cells.values",
        ),
        (
            Matrix(dimensions=("a",), cells=(cell("x", amount="-1"),)),
            "negative-price",
            "model.unit_amount",
        ),
        (
            Matrix(dimensions=("a",), cells=(cell("x"),), default=unit("-1")),
            "negative-price",
            "model.unit_amount",
        ),
    ],
)
def test_cells_that_price_nothing_or_twice_are_refused(
    model: Matrix, code: str, field: str
) -> None:
    assert refused(model) == (code, field)
