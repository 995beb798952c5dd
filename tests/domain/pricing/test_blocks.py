from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest

from domain.pricing.blocks import Blocks, BlockTier
from tests.domain.pricing.priced import cost, lines, parts, refused


def blocks(*rows: tuple[str, int | None, str], takes: Literal["own", "all"] = "own") -> Blocks:
    tiers = tuple(
        BlockTier(block_size=Decimal(size), max_blocks=most, block_price=Decimal(price))
        for size, most, price in rows
    )
    return Blocks(tiers=tiers, takes=takes)


SINGLES = blocks(("1", 10, "1.5"), ("1", 100, "1.0"), ("1", None, "0.5"))
MINUTES = (("1", 20, "2"), ("1", None, "20"))
HUNDREDS = blocks(("100", 10, "1"), ("1000", 100, "1"), ("1000", None, "0.5"), takes="all")


@pytest.mark.parametrize(
    ("model", "quantity", "amount"),
    [
        pytest.param(SINGLES, "111", "115.5", id="kb-all-tiers-size-one"),
        pytest.param(blocks(*MINUTES), "120", "2040", id="kb-doc-minutes-all-tiers"),
        pytest.param(blocks(("1", None, "10")), "10", "100", id="kb-doc-mbytes"),
        pytest.param(blocks(*MINUTES, takes="all"), "120", "2400", id="kb-doc-minutes-top-tier"),
        pytest.param(HUNDREDS, "300000", "150", id="kb-top-tier-beyond-last"),
        pytest.param(HUNDREDS, "101000", "101", id="kb-top-tier-tier2-edge"),
        pytest.param(HUNDREDS, "101001", "51", id="kb-top-tier-tier3"),
        pytest.param(
            blocks(("100", 10, "10"), ("100", None, "1"), takes="all"),
            "2000",
            "20",
            id="kb-top-tier-unlimited",
        ),
    ],
)
def test_blocks_are_rounded_up_inside_each_tier(model: Blocks, quantity: str, amount: str) -> None:
    assert cost(model, quantity) == Fraction(amount)


def test_each_tier_has_its_blocks() -> None:
    assert lines(parts(SINGLES, "110.25")) == [
        ("blocks of 1 up to 10", 10, 15),
        ("blocks of 1 up to 110", 100, 100),
        ("blocks of 1 above", 1, Fraction(1, 2)),
    ]


def test_no_block_is_begun_without_usage() -> None:
    assert [cost(SINGLES, quantity) for quantity in ("0", "-1")] == [0, 0]


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (blocks(), "last-tier-must-be-open", "model.tiers"),
        (blocks(("1", 10, "1")), "last-tier-must-be-open", "model.tiers"),
        (blocks(("1", None, "1"), ("1", None, "1")), "last-tier-must-be-open", "model.tiers"),
        (blocks(("0", None, "1")), "size-not-positive", "model.tiers.block_size"),
        (blocks(("1", 0, "1"), ("1", None, "1")), "size-not-positive", "model.tiers.max_blocks"),
        (blocks(("1", None, "-1")), "negative-price", "model.tiers.block_price"),
        (
            blocks(("1e50", 10**12, "1"), ("1", None, "1")),
            "amount-too-large",
            "model.tiers.max_blocks",
        ),
    ],
)
def test_blocks_that_hold_nothing_are_refused(model: Blocks, code: str, field: str) -> None:
    assert refused(model) == (code, field)
