"""What holds of every price model, whatever its parameters and however it is asked."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decimals import EXACT
from domain.errors import Malformed
from domain.money import to_minor
from domain.pricing import (
    Flat,
    Graduated,
    PerUnit,
    QuantityModel,
    ReadingModel,
    Tier,
    is_whole,
    pricer,
    rate,
    require_valid,
    started,
)
from domain.pricing.blocks import Blocks, BlockTier
from domain.pricing.bucketed import Bucketed
from domain.pricing.dynamic import Dynamic
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.overage import Overage
from domain.pricing.package import Package
from domain.pricing.percentage import Percentage
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.readings import Reading
from domain.pricing.stair_step import Stair, StairStep
from domain.pricing.volume import Volume
from domain.quantity import quantity as taken
from tests.domain.pricing.models import (
    ANY_QUANTITY_MODEL,
    BARE_TIERS,
    ONE_TIER,
    PRICES,
    QUANTITIES,
    QUANTITY_MODELS,
    READING_MODELS,
    REGIONS,
    SIZES,
    STEPS,
    TIERS,
    WHOLE_MODELS,
)
from tests.domain.pricing.priced import START, cost, run

SMALL = st.decimals(-100, 1_000, places=3)
READINGS = st.lists(
    st.builds(
        lambda hours, quantity, region, step: Reading(
            START + timedelta(hours=hours), quantity, {"region": region, "milestone": step}
        ),
        st.integers(0, 24 * 45),
        SMALL,
        st.sampled_from(REGIONS),
        st.sampled_from(STEPS),
    ),
    max_size=12,
).map(lambda readings: sorted(readings, key=lambda reading: reading.at))


# --- prices of a quantity ------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUANTITY_MODELS)
@given(st.data())
def test_the_pricer_says_exactly_what_the_parts_sum_to(name: str, data: st.DataObject) -> None:
    model, quantity = data.draw(QUANTITY_MODELS[name]), data.draw(QUANTITIES)
    require_valid(model)

    assert Fraction(pricer(model)(quantity)) == rate(model, quantity).amount


@settings(max_examples=40)
@given(ANY_QUANTITY_MODEL, QUANTITIES, QUANTITIES)
def test_a_pricer_remembers_nothing(model: QuantityModel, one: Decimal, other: Decimal) -> None:
    price = pricer(model)
    first = price(one)
    price(other)

    assert price(one) == first


@pytest.mark.parametrize("name", QUANTITY_MODELS)
@settings(max_examples=40)
@given(st.data(), st.integers(0, 3), st.integers(-50, 1_000))
def test_what_is_always_whole_is_whole(
    name: str, data: st.DataObject, places: int, quantity: int
) -> None:
    model = data.draw(WHOLE_MODELS[name] | QUANTITY_MODELS[name])

    if is_whole(model, places):
        assert (cost(model, Decimal(quantity)) * 10**places).denominator == 1


@settings(max_examples=40)
@given(ANY_QUANTITY_MODEL, st.fractions(-100, 1_000))
def test_a_quantity_that_no_decimal_writes_is_priced_and_told(
    model: QuantityModel, quantity: Fraction
) -> None:
    """Time-weighted usage is such a quantity."""
    assert all(step.value for step in rate(model, quantity).steps)
    assert rate(PerUnit(unit_amount=Decimal("0.3")), quantity).amount == quantity * 3 / 10


@pytest.mark.parametrize("name", sorted(QUANTITY_MODELS.keys() - {"flat"}))
@settings(max_examples=40)
@given(st.data())
def test_no_usage_costs_nothing_unless_the_price_says_so(name: str, data: st.DataObject) -> None:
    model = data.draw(QUANTITY_MODELS[name])
    inner = model.price if isinstance(model, Overage) else model
    says_so = isinstance(inner, Flat) or getattr(inner, "flat_at_zero", False)

    if not says_so and not getattr(model, "true_up", False):
        assert cost(model, "0") == 0


@given(PRICES, st.lists(QUANTITIES, min_size=1, max_size=5))
def test_splitting_usage_changes_nothing_where_every_unit_costs_the_same(
    amount: Decimal, quantities: list[Decimal]
) -> None:
    whole = list(accumulate(quantities, EXACT.add))[-1]
    for model in (PerUnit(unit_amount=amount), Dynamic(multiplier=amount)):
        assert sum(cost(model, one) for one in quantities) == cost(model, whole)


@given(ONE_TIER, QUANTITIES)
def test_graduated_and_volume_agree_where_there_is_one_tier(
    tiers: tuple[Tier, ...], quantity: Decimal
) -> None:
    assert cost(Graduated(tiers=tiers), quantity) == cost(Volume(tiers=tiers), quantity)


@given(BARE_TIERS, SMALL, SMALL)
def test_more_usage_never_costs_less_where_each_tier_prices_its_own(
    tiers: tuple[Tier, ...], one: Decimal, other: Decimal
) -> None:
    less, more = sorted((one, other))

    assert cost(Graduated(tiers=tiers), less) <= cost(Graduated(tiers=tiers), more)


@given(SIZES, PRICES, QUANTITIES)
def test_packages_are_blocks_of_one_tier(size: Decimal, price: Decimal, quantity: Decimal) -> None:
    blocks = Blocks(tiers=(BlockTier(block_size=size, block_price=price),))

    assert cost(blocks, quantity) == cost(Package(size=size, amount=price), quantity)


@given(TIERS, QUANTITIES)
def test_a_stair_is_a_volume_tier_that_has_a_flat_amount_only(
    tiers: tuple[Tier, ...], quantity: Decimal
) -> None:
    flat = tuple(
        Tier(up_to=tier.up_to, unit_amount=Decimal(0), flat_amount=tier.flat_amount)
        for tier in tiers
    )
    stairs = tuple(Stair(up_to=tier.up_to, amount=tier.flat_amount) for tier in tiers)

    assert cost(StairStep(stairs=stairs), quantity) == cost(Volume(tiers=flat), quantity)


@given(PRICES, PRICES, QUANTITIES)
def test_a_commitment_without_a_factor_and_a_true_up_changes_nothing(
    committed: Decimal, amount: Decimal, quantity: Decimal
) -> None:
    price = PerUnit(unit_amount=amount)

    assert cost(Overage(committed=committed, price=price), quantity) == cost(price, quantity)


@given(PRICES, PRICES, QUANTITIES)
def test_with_a_true_up_no_less_than_the_commitment_is_owed(
    committed: Decimal, amount: Decimal, quantity: Decimal
) -> None:
    price = PerUnit(unit_amount=amount)
    model = Overage(committed=committed, price=price, true_up=True)

    assert cost(model, quantity) == max(Fraction(committed), cost(price, quantity))


# --- prices of single readings -------------------------------------------------------------------


@pytest.mark.parametrize("name", READING_MODELS)
@settings(max_examples=30)
@given(st.data(), READINGS)
def test_what_stood_after_each_reading_is_what_those_before_come_to_alone(
    name: str, data: st.DataObject, readings: Sequence[Reading]
) -> None:
    """A longer look changes nothing earlier."""
    model = data.draw(READING_MODELS[name])
    require_valid(model)
    running = started(model)
    for end, reading in enumerate(readings, start=1):
        running.add(reading)

        assert running.amount == run(model, readings[:end]).amount


@pytest.mark.parametrize("name", READING_MODELS)
@settings(max_examples=10)
@given(st.data())
def test_no_readings_cost_nothing(name: str, data: st.DataObject) -> None:
    running = started(data.draw(READING_MODELS[name]))

    assert running.amount == 0
    assert running.parts() == ()


@pytest.mark.parametrize("name", ["matrix", "bucketed", "milestones"])
@settings(max_examples=30)
@given(st.data(), READINGS)
def test_where_order_means_nothing_any_order_costs_the_same(
    name: str, data: st.DataObject, readings: Sequence[Reading]
) -> None:
    model: ReadingModel = data.draw(READING_MODELS[name])
    shuffled = data.draw(st.permutations(readings))

    assert run(model, shuffled).amount == run(model, readings).amount


@settings(max_examples=40)
@given(PRICES, PRICES, READINGS, st.data())
def test_splitting_a_reading_changes_nothing_where_every_unit_costs_the_same(
    eu: Decimal, rest: Decimal, readings: list[Reading], data: st.DataObject
) -> None:
    model = Matrix(
        dimensions=("region",),
        cells=(Cell(values=("eu",), price=PerUnit(unit_amount=eu)),),
        default=PerUnit(unit_amount=rest),
    )
    split = []
    for reading in readings:
        part = data.draw(SMALL)
        rest_of_it = EXACT.subtract(reading.quantity, part)
        split += [reading._replace(quantity=part), reading._replace(quantity=rest_of_it)]

    assert run(model, split).amount == run(model, readings).amount


@settings(max_examples=40)
@given(ANY_QUANTITY_MODEL, READINGS)
def test_one_window_or_one_cell_for_all_is_the_price_itself(
    price: QuantityModel, readings: list[Reading]
) -> None:
    within = [reading._replace(at=START) for reading in readings]
    whole = sum((reading.quantity for reading in within), Decimal(0))
    windows = run(Bucketed(window="hour", takes="sum", price=price), within)
    cells = run(
        Matrix(dimensions=("all",), cells=(Cell(values=("1",), price=price),)),
        [reading._replace(dimensions={"all": "1"}) for reading in within],
    )
    expected = cost(price, whole) if within else 0

    assert (windows.amount, cells.amount) == (expected, expected)


@given(st.decimals(0, 100, places=6), READINGS)
def test_a_percentage_without_limits_is_that_part_of_what_was_paid(
    percent: Decimal, readings: list[Reading]
) -> None:
    paid = [reading for reading in readings if reading.quantity >= 0]
    money = sum((reading.quantity for reading in paid), Decimal(0))

    assert (
        run(Percentage(percent=percent), paid).amount == Fraction(percent) * Fraction(money) / 100
    )


@settings(max_examples=40)
@given(READING_MODELS["percentage"], READINGS)
def test_a_percentage_never_comes_below_zero(model: Percentage, readings: list[Reading]) -> None:
    assert run(model, readings).amount >= 0


@settings(max_examples=40)
@given(TIERS, st.lists(st.decimals(0, 1_000, places=3), max_size=6))
def test_levels_that_rise_and_count_in_full_are_graduated(
    tiers: tuple[Tier, ...], rises: list[Decimal]
) -> None:
    readings = [Reading(START, rise) for rise in rises]
    level = sum(rises, Decimal(0))

    assert run(ProratedGraduated(tiers=tiers), readings).amount == cost(
        Graduated(tiers=tiers), level
    )


@settings(max_examples=40)
@given(BARE_TIERS, st.lists(SMALL, max_size=6), st.fractions(0, 1))
def test_levels_held_for_a_share_of_the_period_cost_that_share(
    tiers: tuple[Tier, ...], changes: list[Decimal], share: Fraction
) -> None:
    bare = tuple(Tier(up_to=tier.up_to, unit_amount=tier.unit_amount) for tier in tiers)
    whole = [Reading(START, change) for change in changes]
    held = [one._replace(weighted=Fraction(one.quantity) * share) for one in whole]

    assert (
        run(ProratedGraduated(tiers=bare), held).amount
        == run(ProratedGraduated(tiers=bare), whole).amount * share
    )


# --- limits and currencies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "minor"), [("JPY", 123), ("USD", 12346), ("KWD", 123457), ("CLF", 1234568)]
)
def test_a_price_is_exact_until_its_currency_rounds_it(currency: str, minor: int) -> None:
    exact = cost(PerUnit(unit_amount=Decimal("0.000000000123")), "1003713821138.211382113821138")

    assert to_minor(exact, currency) == minor


def test_a_quantity_just_below_the_largest_is_priced_to_the_last_digit() -> None:
    quantity = "999999999999999999.999999999999999"

    assert cost(PerUnit(unit_amount=Decimal("0.000000000001")), quantity) == Fraction(
        "999999.999999999999999999999999999"
    )
    with pytest.raises(Malformed, match="quantity-too-large"):
        taken("1000000000000000000")
