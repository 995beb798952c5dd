from decimal import Decimal
from fractions import Fraction

import pytest

from domain.money import to_minor
from domain.pricing.dynamic import Dynamic
from tests.domain.pricing.priced import cost, lines, parts, refused

THIRD_ON_TOP = Dynamic(multiplier=Decimal("1.33333"))


@pytest.mark.parametrize(
    ("money", "minor"),
    [
        pytest.param("10", 1333, id="om-dynamic-unit"),
        pytest.param("70", 9333, id="om-dynamic-maximum-already"),
        pytest.param("50", 6667, id="om-dynamic-maximum-amount"),
    ],
)
def test_a_cost_is_passed_on_times_its_multiplier(money: str, minor: int) -> None:
    assert to_minor(cost(THIRD_ON_TOP, money), "USD") == minor


def test_without_a_multiplier_it_is_passed_on_as_it_is() -> None:
    assert cost(Dynamic(), "12.345") == Fraction("12.345")
    assert cost(Dynamic(), "-12.345") == Fraction("-12.345")


def test_it_says_the_multiplier() -> None:
    assert lines(parts(THIRD_ON_TOP, "10")) == [("cost x multiplier", 10, Fraction("13.3333"))]


def test_a_multiplier_below_zero_is_refused() -> None:
    assert refused(Dynamic(multiplier=Decimal(-1))) == ("negative-price", "model.multiplier")
