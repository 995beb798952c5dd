from decimal import Decimal
from fractions import Fraction

import pytest

from domain.explain import Step
from domain.pricing import Flat, rate
from tests.domain.pricing.priced import cost, refused

FEE = Flat(amount=Decimal("9.90"))


@pytest.mark.parametrize("quantity", ["-1", "0", "1", "0.5", "100000000000000000"])
def test_it_costs_the_same_whatever_the_quantity(quantity: str) -> None:
    assert cost(FEE, quantity) == Fraction("9.9")


def test_it_says_the_amount() -> None:
    assert rate(FEE, Decimal(1000)).steps == (Step(what="flat price", value="9.9"),)


def test_an_amount_below_zero_is_refused() -> None:
    assert refused(Flat(amount=Decimal("-0.01"))) == ("negative-price", "model.amount")
