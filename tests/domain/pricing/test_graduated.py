from decimal import Decimal
from fractions import Fraction

import pytest

from domain.explain import Step
from domain.pricing import Graduated, Tier, is_whole, rate
from tests.domain.pricing.priced import cost, lines, parts, refused


def graduated(*rows: tuple[str | None, str, str], flat_at_zero: bool = False) -> Graduated:
    tiers = tuple(
        Tier(
            up_to=None if up_to is None else Decimal(up_to),
            unit_amount=Decimal(unit_amount),
            flat_amount=Decimal(flat),
        )
        for up_to, unit_amount, flat in rows
    )
    return Graduated(tiers=tiers, flat_at_zero=flat_at_zero)


def capped(maximum: str, unit_amount: str = "1.0", flat: str = "0") -> Graduated:
    tier = Tier(
        unit_amount=Decimal(unit_amount), flat_amount=Decimal(flat), maximum=Decimal(maximum)
    )
    return Graduated(tiers=(tier,))


CENTS = graduated(("100", "0.10", "0"), ("1000", "0.05", "2"), (None, "0.01", "0"))
TENS = graduated(("10", "10", "2"), ("20", "5", "3"), (None, "5", "3"), flat_at_zero=True)
FALLING = graduated(("10", "50", "0"), ("20", "40", "0"), (None, "30", "0"))
RISING = graduated(("10", "2", "0"), ("20", "3", "0"), (None, "5", "0"))
FLATS = graduated(("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0"))


@pytest.mark.parametrize(
    ("model", "quantity", "amount"),
    [
        pytest.param(TENS, "0", "2", id="lago-graduated-0"),
        pytest.param(TENS, "1", "12", id="lago-graduated-1"),
        pytest.param(TENS, "12", "115", id="lago-graduated-12"),
        pytest.param(TENS, "21", "163", id="lago-graduated-21"),
        pytest.param(FALLING, "15", "700", id="fp-slab-15"),
        pytest.param(FALLING, "25", "1050", id="fp-slab-25"),
        pytest.param(graduated((None, "1.0", "10")), "5", "15", id="mt-tier-flat"),
        pytest.param(capped("3"), "5", "3", id="mt-tier-cap"),
        pytest.param(RISING, "15", "35", id="zuora-doc-on-demand-first"),
        pytest.param(RISING, "20", "50", id="zuora-doc-cycle-day-moved-whole"),
        pytest.param(RISING, "5", "10", id="zuora-doc-cycle-day-moved-stub"),
        pytest.param(FLATS, "12", "160", id="om-graduated-maximum-billed"),
        pytest.param(FLATS, "22", "182", id="om-graduated-maximum-whole"),
        pytest.param(FLATS, "1", "100", id="om-graduated-minimum-after-flat"),
    ],
)
def test_each_tier_prices_its_own_units(model: Graduated, quantity: str, amount: str) -> None:
    assert cost(model, quantity) == Fraction(amount)


def test_it_says_what_each_tier_came_to() -> None:
    rated = rate(CENTS, Decimal(1500))

    assert rated.amount == 10 + 45 + 2 + 5
    assert rated.steps == (
        Step(what="tier up to 100", value="100 x 0.1"),
        Step(what="tier up to 1000", value="900 x 0.05 + 2"),
        Step(what="tier above", value="500 x 0.01"),
    )
    assert lines(parts(TENS, "12")) == [("tier up to 10", 10, 102), ("tier up to 20", 2, 13)]


@pytest.mark.parametrize(
    ("quantity", "amount"), [("0", "0"), ("100", "10"), ("100.001", "12.00005"), ("1000", "57")]
)
def test_a_tier_ends_with_its_last_unit(quantity: str, amount: str) -> None:
    assert cost(CENTS, quantity) == Fraction(amount)


def test_below_zero_the_first_tier_goes_on_without_its_flat_amount() -> None:
    model = graduated(("100", "0.10", "3"), (None, "0.05", "0"))

    assert lines(parts(model, "-150")) == [("tier up to 100", -150, -15)]
    assert cost(model, "-150") == -15


def test_no_usage_costs_nothing_unless_the_price_says_so() -> None:
    assert rate(graduated((None, "1", "3")), Decimal(0)).parts == ()
    assert cost(graduated((None, "1", "3"), flat_at_zero=True), "0") == 3
    assert cost(graduated((None, "1", "3"), flat_at_zero=True), "-1") == 2


def test_a_tier_comes_to_its_maximum_at_most_with_its_flat_amount() -> None:
    model = Graduated(
        tiers=(
            Tier(up_to=Decimal(10), unit_amount=Decimal(1), maximum=Decimal(6)),
            Tier(unit_amount=Decimal(2), flat_amount=Decimal(3), maximum=Decimal(8)),
        )
    )

    assert [cost(model, str(units)) for units in (-1, 5, 8, 10, 11, 12, 13, 20)] == [
        -1, 5, 6, 6, 11, 13, 14, 14,
    ]  # fmt: skip
    assert rate(model, Decimal(13)).steps[1] == Step(
        what="tier above", value="3 x 2 + 3, at most 8"
    )


def test_a_bound_between_whole_units_makes_fractions_of_whole_prices() -> None:
    halved = graduated(("0.5", "1", "0"), (None, "2", "0"))

    assert cost(halved, "1") == Fraction("1.5")
    assert not is_whole(halved, 0)
    assert is_whole(FALLING, 0)


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (graduated(), "last-tier-must-be-open", "model.tiers"),
        (graduated(("1", "1", "0")), "last-tier-must-be-open", "model.tiers"),
        (
            graduated(("5", "1", "0"), ("5", "1", "0"), (None, "1", "0")),
            "tiers-must-rise",
            "model.tiers",
        ),
        (graduated(("-5", "1", "0"), (None, "1", "0")), "tiers-must-rise", "model.tiers"),
        (capped("-1"), "negative-price", "model.tiers.maximum"),
        (graduated((None, "-1", "0")), "negative-price", "model.tiers.unit_amount"),
        (graduated((None, "1", "-1")), "negative-price", "model.tiers.flat_amount"),
        (
            graduated(("1e60", "1", "0"), (None, "1", "0")),
            "amount-too-large",
            "model.tiers.up_to",
        ),
    ],
)
def test_tiers_that_overlap_or_price_below_zero_are_refused(
    model: Graduated, code: str, field: str
) -> None:
    assert refused(model) == (code, field)
