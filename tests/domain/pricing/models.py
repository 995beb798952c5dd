"""Every price model, drawn with parameters of any precision, and quantities of any size."""

from collections.abc import Callable
from decimal import Decimal
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from domain.pricing import Flat, Graduated, PerUnit, Tier
from domain.pricing.blocks import Blocks, BlockTier
from domain.pricing.bucketed import Bucketed
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.by_reading import ReadingModel
from domain.pricing.dynamic import Dynamic
from domain.pricing.graduated_percentage import GraduatedPercentage, PercentageTier
from domain.pricing.matrix import Cell, Matrix
from domain.pricing.milestones import Milestone, Milestones
from domain.pricing.overage import Overage
from domain.pricing.package import Package
from domain.pricing.percentage import Percentage
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.scales import ScaleModel
from domain.pricing.stair_step import Stair, StairStep
from domain.pricing.volume import Volume

# Twelve places is the finest price in use; amounts beyond a million leave nothing new to find.
PRICES = st.decimals(0, 1_000_000, places=12)
SIZES = st.decimals(Decimal("0.000001"), 1_000_000, places=6)
# Below 10^18 with 15 places, as usage is; small ones reach the bounds of small tiers.
QUANTITIES = st.one_of(
    st.decimals(-(10**18), 10**18, places=15, allow_nan=False).filter(lambda q: abs(q) < 10**18),
    st.decimals(-50, 1_000, places=3),
    st.integers(-50, 1_000).map(Decimal),
)
WHOLE = st.integers(0, 1_000).map(Decimal)


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Decimal | None, ...]:
    """Rising, the last open."""
    steps = draw(st.lists(SIZES, max_size=4))
    return (*accumulate(steps), None)


def tiers_of(row: Callable[[Decimal | None, Decimal, Decimal], Any]) -> st.SearchStrategy[Any]:
    """Tiers of one kind, made from a bound, a unit price and a flat amount each."""
    return bounds().flatmap(
        lambda ups: st.tuples(
            *(st.builds(row, st.just(up), PRICES, PRICES | st.just(Decimal(0))) for up in ups)
        )
    )


TIERS = tiers_of(lambda up, unit, flat: Tier(up_to=up, unit_amount=unit, flat_amount=flat))
ONE_TIER = st.builds(lambda unit, flat: (Tier(unit_amount=unit, flat_amount=flat),), PRICES, PRICES)
SHARES = tiers_of(lambda up, unit, flat: PercentageTier(up_to=up, percent=unit, flat_amount=flat))
STAIRS = tiers_of(lambda up, unit, _: Stair(up_to=up, amount=unit))
BLOCK_TIERS = tiers_of(
    lambda up, unit, _: BlockTier(
        block_size=unit + 1, block_price=unit, max_blocks=None if up is None else 1 + int(up)
    )
).map(
    lambda tiers: tuple(
        BlockTier(
            block_size=Decimal(1 + place) / 4,
            block_price=tier.block_price,
            max_blocks=tier.max_blocks,
        )
        for place, tier in enumerate(tiers)
    )
)

SCALE_MODELS: dict[str, st.SearchStrategy[ScaleModel]] = {
    "flat": st.builds(Flat, amount=PRICES),
    "per-unit": st.builds(PerUnit, unit_amount=PRICES),
    "graduated": st.builds(Graduated, tiers=TIERS),
    "volume": st.builds(Volume, tiers=TIERS, flat_at_zero=st.booleans()),
    "package": st.builds(Package, amount=PRICES, size=SIZES, free_units=WHOLE),
    "stair-step": st.builds(StairStep, stairs=STAIRS, flat_at_zero=st.booleans()),
    "blocks": st.builds(Blocks, tiers=BLOCK_TIERS, takes=st.sampled_from(("own", "all"))),
    "graduated-percentage": st.builds(
        GraduatedPercentage, tiers=SHARES, flat_at_zero=st.booleans()
    ),
    "dynamic": st.builds(Dynamic, multiplier=PRICES),
}
QUANTITY_MODELS: dict[str, st.SearchStrategy[QuantityModel]] = {
    **SCALE_MODELS,
    "overage": st.builds(
        Overage,
        committed=PRICES,
        price=st.one_of(*SCALE_MODELS.values()),
        factor=st.decimals(0, 10, places=3),
        true_up=st.booleans(),
    ),
}
ANY_QUANTITY_MODEL = st.one_of(*QUANTITY_MODELS.values())
REGIONS = ("ap", "eu", "us")
STEPS = ("build", "design", "go-live")


@st.composite
def percentages(draw: st.DrawFn) -> Percentage:
    low, high = sorted((draw(PRICES), draw(PRICES)))
    return Percentage(
        percent=draw(st.decimals(0, 100, places=6)),
        fixed_per_event=draw(PRICES),
        free_events=draw(st.integers(0, 4)),
        free_amount=draw(WHOLE),
        min_per_event=draw(st.none() | st.just(low)),
        max_per_event=draw(st.none() | st.just(high)),
    )


READING_MODELS: dict[str, st.SearchStrategy[ReadingModel]] = {
    "percentage": percentages(),
    "matrix": st.builds(
        lambda one, other, rest: Matrix(
            dimensions=("region",),
            cells=(Cell(values=("eu",), price=one), Cell(values=("us",), price=other)),
            default=rest,
        ),
        ANY_QUANTITY_MODEL,
        ANY_QUANTITY_MODEL,
        ANY_QUANTITY_MODEL,
    ),
    "bucketed": st.builds(
        Bucketed,
        window=st.sampled_from(("hour", "day", "week", "month")),
        takes=st.sampled_from(("max", "sum")),
        price=ANY_QUANTITY_MODEL,
    ),
    "prorated-graduated": st.builds(ProratedGraduated, tiers=TIERS),
    "milestones": st.tuples(PRICES, PRICES, PRICES).map(
        lambda amounts: Milestones(
            milestones=tuple(
                Milestone(name=name, amount=amount)
                for name, amount in zip(STEPS, amounts, strict=True)
            )
        )
    ),
}
