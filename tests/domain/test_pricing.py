from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.explain import Step
from domain.pricing import Flat, Graduated, PerUnit, Rated, Tier, rate

TIERS = Graduated(
    tiers=(
        Tier(unit_amount=Decimal("0.10"), up_to=Decimal(100)),
        Tier(unit_amount=Decimal("0.05"), up_to=Decimal(1000), flat_amount=Decimal(2)),
        Tier(unit_amount=Decimal("0.01")),
    )
)
QUANTITIES = st.decimals(0, 10_000, places=3)


def test_flat_costs_the_same_whatever_the_quantity() -> None:
    expected = Rated(Fraction(99, 10), (Step(what="flat price", value="9.9"),))

    assert rate(Flat(amount=Decimal("9.90")), Decimal(0)) == expected
    assert rate(Flat(amount=Decimal("9.90")), Decimal(1000)) == expected


def test_per_unit_is_exact_at_any_precision() -> None:
    rated = rate(PerUnit(unit_amount=Decimal("0.0000004")), Decimal("12345678.9"))

    assert rated == Rated(
        Fraction(123456789 * 4, 10**8),
        (Step(what="quantity x unit price", value="12345678.9 x 0.0000004"),),
    )


def test_graduated_prices_each_tier_by_itself() -> None:
    assert rate(TIERS, Decimal(1500)) == Rated(
        Fraction(10 + 45 + 2 + 5),
        (
            Step(what="tier up to 100", value="100 x 0.1"),
            Step(what="tier up to 1000", value="900 x 0.05 + 2"),
            Step(what="tier above", value="500 x 0.01"),
        ),
    )


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (Decimal(0), Fraction(0)),
        (Decimal(100), Fraction(10)),
        (Decimal("100.001"), Fraction(12) + Fraction(5, 100_000)),
        (Decimal(1000), Fraction(57)),
    ],
)
def test_a_tier_ends_with_its_last_unit(quantity: Decimal, amount: Fraction) -> None:
    assert rate(TIERS, quantity).amount == amount


def test_below_zero_the_first_tier_goes_on_without_its_flat_amount() -> None:
    model = Graduated(
        tiers=(
            Tier(unit_amount=Decimal("0.10"), up_to=Decimal(100), flat_amount=Decimal(3)),
            Tier(unit_amount=Decimal("0.05")),
        )
    )

    assert rate(model, Decimal(-150)) == Rated(
        Fraction(-15), (Step(what="tier up to 100", value="-150 x 0.1"),)
    )


def test_no_usage_costs_nothing_also_where_a_tier_has_a_flat_amount() -> None:
    model = Graduated(tiers=(Tier(unit_amount=Decimal(1), flat_amount=Decimal(3)),))

    assert rate(model, Decimal(0)) == Rated(Fraction(0), ())


@given(QUANTITIES, QUANTITIES)
def test_more_usage_never_costs_less(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))

    assert rate(TIERS, less).amount <= rate(TIERS, more).amount


@given(st.decimals(-10_000, 10_000, places=3), st.decimals(0, 100, places=9))
def test_usage_taken_back_gives_back_what_it_cost(quantity: Decimal, price: Decimal) -> None:
    model = PerUnit(unit_amount=price)

    assert rate(model, -quantity).amount == -rate(model, quantity).amount
