from decimal import Decimal
from fractions import Fraction

import pytest

from domain.explain import Step
from domain.pricing import PerUnit, rate
from tests.domain.pricing.priced import cost, lines, parts, refused

FIVE_FREE = PerUnit(unit_amount=Decimal(10), free_units=Decimal(5))


def test_it_is_exact_at_any_precision() -> None:
    rated = rate(PerUnit(unit_amount=Decimal("0.0000004")), Decimal("12345678.9"))

    assert rated.amount == Fraction(123456789 * 4, 10**8)
    assert rated.steps == (Step(what="quantity x unit price", value="12345678.9 x 0.0000004"),)


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        pytest.param("3", 0, id="om-late-free-units-first"),
        pytest.param("7", 20, id="om-late-free-units-second"),
        pytest.param("8", 30, id="om-late-free-units-third"),
        pytest.param("0", 0, id="nothing"),
        pytest.param("-3", 0, id="below-zero"),
    ],
)
def test_free_units_come_first(quantity: str, amount: int) -> None:
    assert cost(FIVE_FREE, quantity) == amount


def test_free_units_show() -> None:
    assert lines(parts(FIVE_FREE, "7")) == [("free units", 5, 0), ("quantity x unit price", 2, 20)]


def test_usage_taken_back_gives_back_what_it_cost_also_below_zero() -> None:
    assert cost(PerUnit(unit_amount=Decimal("0.3")), "-1.5") == Fraction("-0.45")


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (PerUnit(unit_amount=Decimal(-1)), "negative-price", "model.unit_amount"),
        (
            PerUnit(unit_amount=Decimal(1), free_units=Decimal(-1)),
            "negative-allowance",
            "model.free_units",
        ),
        (
            PerUnit(unit_amount=Decimal(1), free_units=Decimal(10**60)),
            "amount-too-large",
            "model.free_units",
        ),
    ],
)
def test_amounts_below_zero_are_refused(model: PerUnit, code: str, field: str) -> None:
    assert refused(model) == (code, field)
