from decimal import Decimal
from fractions import Fraction

import pytest

from domain.pricing import Tier
from domain.pricing.volume import Volume
from tests.domain.pricing.priced import cost, lines, parts, refused


def tiers(*rows: tuple[str | None, str, str]) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            up_to=None if up_to is None else Decimal(up_to),
            unit_amount=Decimal(unit_amount),
            flat_amount=Decimal(flat),
        )
        for up_to, unit_amount, flat in rows
    )


HALVING = tiers(("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50"))
FLAT_FIRST = tiers(("5", "0", "100"), ("10", "0", "150"), ("15", "10", "0"), (None, "5", "0"))
FALLING = tiers(("10", "50", "0"), ("20", "40", "0"), (None, "30", "0"))


@pytest.mark.parametrize(
    ("rows", "quantity", "amount"),
    [
        pytest.param(HALVING, "0", "10", id="lago-volume-0"),
        pytest.param(HALVING, "100", "210", id="lago-volume-100"),
        pytest.param(HALVING, "100.5", "100.5", id="lago-volume-100_5"),
        pytest.param(HALVING, "200", "200", id="lago-volume-200"),
        pytest.param(FLAT_FIRST, "0", "100", id="om-volume-0"),
        pytest.param(FLAT_FIRST, "5", "100", id="om-volume-5"),
        pytest.param(FLAT_FIRST, "15", "150", id="om-volume-15"),
        pytest.param(FLAT_FIRST, "16", "80", id="om-volume-16"),
        pytest.param(FALLING, "5", "250", id="fp-volume-5"),
        pytest.param(FALLING, "25", "750", id="fp-volume-25"),
        pytest.param(
            tiers(("100", "1.0", "0"), ("200", "0.5", "0"), (None, "0.25", "0")),
            "150",
            "75",
            id="mt-volume-150",
        ),
    ],
)
def test_the_tier_reached_prices_the_whole_quantity(
    rows: tuple[Tier, ...], quantity: str, amount: str
) -> None:
    assert cost(Volume(tiers=rows, flat_at_zero=True), quantity) == Fraction(amount)


def test_it_has_one_part_that_names_its_tier() -> None:
    assert lines(parts(Volume(tiers=HALVING), "150")) == [("tier up to 200", 150, 150)]
    assert lines(parts(Volume(tiers=HALVING), "300")) == [("tier above", 300, 200)]


def test_no_usage_costs_nothing_unless_the_price_says_so() -> None:
    assert cost(Volume(tiers=HALVING), "0") == 0
    assert cost(Volume(tiers=HALVING, flat_at_zero=True), "0") == 10


def test_below_zero_the_first_tier_goes_on() -> None:
    assert cost(Volume(tiers=HALVING), "-3") == -6
    assert cost(Volume(tiers=HALVING, flat_at_zero=True), "-3") == 4


@pytest.mark.parametrize(
    ("rows", "code", "field"),
    [
        ((), "last-tier-must-be-open", "model.tiers"),
        ((("10", "1", "0"),), "last-tier-must-be-open", "model.tiers"),
        ((("0", "1", "0"), (None, "1", "0")), "tiers-must-rise", "model.tiers"),
        (((None, "1", "0"), (None, "1", "0")), "tiers-must-rise", "model.tiers"),
        ((("9", "1", "0"), ("9", "1", "0"), (None, "1", "0")), "tiers-must-rise", "model.tiers"),
        ((("9", "1", "0"), ("5", "1", "0"), (None, "1", "0")), "tiers-must-rise", "model.tiers"),
        (((None, "-1", "0"),), "negative-price", "model.tiers.unit_amount"),
        (((None, "1", "-1"),), "negative-price", "model.tiers.flat_amount"),
        ((("1e60", "1", "0"), (None, "1", "0")), "amount-too-large", "model.tiers.up_to"),
    ],
)
def test_tiers_that_overlap_or_price_below_zero_are_refused(
    rows: tuple[tuple[str | None, str, str], ...], code: str, field: str
) -> None:
    assert refused(Volume(tiers=tiers(*rows))) == (code, field)
