"""Every price model, drawn with parameters of any precision, and quantities of any size."""

from collections.abc import Callable
from decimal import Decimal
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from domain.pricing import Flat, Graduated, PerUnit, QuantityModel, ReadingModel, Tier
from domain.pricing.blocks import Blocks, BlockTier
from domain.pricing.bucketed import Bucketed
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

Decimals = st.SearchStrategy[Decimal]
# Twelve places is the finest price in use; amounts beyond a million leave nothing new to find.
PRICES = st.decimals(0, 1_000_000, places=12)
CENTS = st.decimals(0, 1_000, places=2)
SIZES = st.decimals(Decimal("0.000001"), 1_000_000, places=6)
WHOLE = st.integers(1, 1_000).map(Decimal)
FREE = st.just(Decimal(0)) | WHOLE
# Below 10^18 with 15 places, as usage is; small ones reach the bounds of small tiers.
QUANTITIES = st.one_of(
    st.decimals(-(10**18), 10**18, places=15, allow_nan=False).filter(lambda q: abs(q) < 10**18),
    st.decimals(-50, 1_000, places=3),
    st.integers(-50, 1_000).map(Decimal),
)


class Drawn:
    """Strategies for tiers and models whose amounts and whose sizes are drawn from these."""

    def __init__(self, amounts: Decimals, sizes: Decimals) -> None:
        self.amounts, self.sizes = amounts, sizes
        self.flat_amounts = st.just(Decimal(0)) | amounts
        self.tiers = self.rows(Tier, unit_amount=amounts, maximum=st.none() | amounts)
        self.bare_tiers = self.rows(Tier, unit_amount=amounts)
        self.shares = self.rows(PercentageTier, percent=amounts)
        self.scales: dict[str, st.SearchStrategy[ScaleModel]] = {
            "flat": st.builds(Flat, amount=amounts),
            "per-unit": st.builds(PerUnit, unit_amount=amounts, free_units=FREE),
            "graduated": st.builds(Graduated, tiers=self.tiers, flat_at_zero=st.booleans()),
            "volume": st.builds(Volume, tiers=self.tiers, flat_at_zero=st.booleans()),
            "package": st.builds(Package, amount=amounts, size=sizes, free_units=FREE),
            "stair-step": st.builds(StairStep, stairs=self.stairs(), flat_at_zero=st.booleans()),
            "blocks": st.builds(Blocks, tiers=self.blocks(), takes=st.sampled_from(("own", "all"))),
            "graduated-percentage": st.builds(
                GraduatedPercentage, tiers=self.shares, flat_at_zero=st.booleans()
            ),
            "dynamic": st.builds(Dynamic, multiplier=amounts),
        }
        self.models: dict[str, st.SearchStrategy[QuantityModel]] = {
            **self.scales,
            "overage": st.builds(
                Overage,
                committed=amounts,
                price=st.one_of(*self.scales.values()),
                factor=st.integers(0, 3).map(Decimal) | st.decimals(0, 10, places=3),
                true_up=st.booleans(),
            ),
        }

    def bounds(self) -> st.SearchStrategy[tuple[Decimal | None, ...]]:
        """Rising, the last open."""
        steps = st.lists(self.sizes, max_size=4)
        return steps.map(lambda found: (*accumulate(found), None))

    def rows(self, kind: Callable[..., Any], **fields: st.SearchStrategy[Any]) -> Any:
        """Tiers of a kind that has a flat amount."""
        return self.bounds().flatmap(
            lambda ups: st.tuples(
                *(
                    st.builds(kind, up_to=st.just(up), flat_amount=self.flat_amounts, **fields)
                    for up in ups
                )
            )
        )

    def stairs(self) -> st.SearchStrategy[tuple[Stair, ...]]:
        return self.bounds().flatmap(
            lambda ups: st.tuples(
                *(st.builds(Stair, up_to=st.just(up), amount=self.amounts) for up in ups)
            )
        )

    def blocks(self) -> st.SearchStrategy[tuple[BlockTier, ...]]:
        def tier(most: st.SearchStrategy[int | None]) -> st.SearchStrategy[BlockTier]:
            return st.builds(
                BlockTier, block_size=self.sizes, block_price=self.amounts, max_blocks=most
            )

        limited = st.lists(tier(st.integers(1, 1_000)), max_size=3)
        return st.builds(lambda below, last: (*below, last), limited, tier(st.none()))


FINE = Drawn(PRICES, SIZES)
IN_CENTS = Drawn(CENTS, WHOLE)
TIERS, BARE_TIERS = FINE.tiers, FINE.bare_tiers
ONE_TIER = st.builds(lambda unit, flat: (Tier(unit_amount=unit, flat_amount=flat),), PRICES, PRICES)
QUANTITY_MODELS = FINE.models
WHOLE_MODELS = IN_CENTS.models
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
        free_amount=draw(FREE),
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
