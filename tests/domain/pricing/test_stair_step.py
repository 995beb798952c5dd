from decimal import Decimal

import pytest

from domain.pricing.stair_step import Stair, StairStep
from tests.domain.pricing.priced import cost, lines, parts, refused


def stairs(*rows: tuple[str | None, str]) -> tuple[Stair, ...]:
    return tuple(
        Stair(up_to=None if up_to is None else Decimal(up_to), amount=Decimal(amount))
        for up_to, amount in rows
    )


PLANS = stairs(("10", "50"), ("50", "200"), (None, "500"))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [("1", 50), ("10", 50), ("10.5", 200), ("50", 200), ("51", 500), ("100000000000000000", 500)],
)
def test_a_range_costs_the_same_however_full_it_is(quantity: str, amount: int) -> None:
    assert cost(StairStep(stairs=PLANS), quantity) == amount


def test_no_usage_costs_nothing_unless_the_price_says_so() -> None:
    assert cost(StairStep(stairs=PLANS), "0") == 0
    assert cost(StairStep(stairs=PLANS, flat_at_zero=True), "0") == 50


def test_nothing_is_given_back_below_zero() -> None:
    assert cost(StairStep(stairs=PLANS), "-20") == 0


def test_it_names_the_stair() -> None:
    assert lines(parts(StairStep(stairs=PLANS), "11")) == [("stair up to 50", 11, 200)]


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        ((), "last-tier-must-be-open", "model.stairs"),
        ((("10", "1"), ("5", "2"), (None, "3")), "tiers-must-rise", "model.stairs"),
        (((None, "-1"),), "negative-price", "model.stairs.amount"),
    ],
)
def test_stairs_that_do_not_rise_are_refused(
    rows: tuple[tuple[str | None, str], ...], code: str, field: str
) -> None:
    assert refused(StairStep(stairs=stairs(*rows))) == (code, field)
