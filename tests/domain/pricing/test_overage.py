from decimal import Decimal
from fractions import Fraction

import pytest

from domain.pricing import Graduated, PerUnit, Tier
from domain.pricing.overage import Overage
from tests.domain.pricing.priced import cost, lines, parts, refused


def overage(committed: str, unit_amount: str, factor: str, *, true_up: bool = False) -> Overage:
    return Overage(
        committed=Decimal(committed),
        price=PerUnit(unit_amount=Decimal(unit_amount)),
        factor=Decimal(factor),
        true_up=true_up,
    )


DOUBLE = overage("5", "2", "2")
DOUBLE_OWED = overage("10", "1", "2", true_up=True)


@pytest.mark.parametrize(
    ("model", "quantity", "amount"),
    [
        pytest.param(DOUBLE, "10", 35, id="fp-time-of-day-commitment-above"),
        pytest.param(DOUBLE, "1", 2, id="fp-time-of-day-commitment-below"),
        pytest.param(DOUBLE_OWED, "3", 10, id="fp-time-of-day-commitment-true-up"),
    ],
)
def test_above_the_commitment_usage_costs_a_factor_more(
    model: Overage, quantity: str, amount: int
) -> None:
    assert cost(model, quantity) == amount


def test_what_is_committed_and_not_used_is_owed_where_the_price_says_so() -> None:
    assert [cost(DOUBLE_OWED, quantity) for quantity in ("-1", "0", "10", "11")] == [10, 10, 10, 12]
    assert [cost(DOUBLE, quantity) for quantity in ("-1", "0", "2.5", "3")] == [-2, 0, 5, 7]


def test_the_usage_comes_first_and_then_what_the_commitment_adds() -> None:
    assert lines(parts(DOUBLE, "10")) == [
        ("quantity x unit price", 10, 20),
        ("above the commitment", 15, 15),
    ]
    assert lines(parts(DOUBLE_OWED, "3")) == [
        ("quantity x unit price", 3, 3),
        ("true-up to the commitment", 0, 7),
    ]


def test_any_price_of_a_quantity_may_have_a_commitment() -> None:
    tiers = (Tier(unit_amount=Decimal("0.5"), up_to=Decimal(10)), Tier(unit_amount=Decimal("0.1")))
    model = Overage(committed=Decimal(4), price=Graduated(tiers=tiers), factor=Decimal("1.5"))

    assert cost(model, "8") == 4
    assert cost(model, "30") == Fraction("8.5")


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (overage("-1", "1", "1"), "model.committed"),
        (overage("1", "1", "-1"), "model.factor"),
        (overage("1", "-1", "1"), "model.unit_amount"),
    ],
)
def test_amounts_below_zero_are_refused(model: Overage, field: str) -> None:
    assert refused(model) == ("negative-price", field)
