from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.money import to_minor
from domain.pricing import Tier
from domain.pricing.prorated_graduated import ProratedGraduated
from domain.pricing.readings import Reading
from tests.domain.pricing.priced import START, lines, refused, run


def tiers(*rows: tuple[str | None, str, str]) -> ProratedGraduated:
    return ProratedGraduated(
        tiers=tuple(
            Tier(
                up_to=None if up_to is None else Decimal(up_to),
                unit_amount=Decimal(unit_amount),
                flat_amount=Decimal(flat),
            )
            for up_to, unit_amount, flat in rows
        )
    )


def changes(*rows: tuple[str, str]) -> list[Reading]:
    return [
        Reading(START + timedelta(days=day), Decimal(units), {}, Fraction(weighted))
        for day, (units, weighted) in enumerate(rows)
    ]


TWO = tiers(("5", "10", "100"), (None, "5", "50"))
THREE = tiers(("5", "10", "100"), ("15", "5", "50"), (None, "2", "0"))


@pytest.mark.parametrize(
    ("model", "rows", "minor"),
    [
        pytest.param(
            TWO,
            [("5", "3.5"), ("5", "2.66667"), ("10", "2"), ("-6", "-2.2")],
            19733,
            id="lago-prorated-graduated-basic",
        ),
        pytest.param(
            TWO,
            [("5", "3.5"), ("2", "1"), ("-4", "-1.6"), ("10", "2")],
            19000,
            id="lago-prorated-graduated-both-ways",
        ),
        pytest.param(TWO, [("1", "0.7")], 10700, id="lago-prorated-graduated-one-tier"),
        pytest.param(
            TWO,
            [("4", "2.8"), ("2", "1"), ("-3", "-0.6")],
            18050,
            id="lago-prorated-graduated-overflow-down",
        ),
        pytest.param(
            TWO,
            [("2", "1.4"), ("5", "2.66667"), ("10", "2"), ("-6", "-2.2")],
            18433,
            id="lago-prorated-graduated-split",
        ),
        pytest.param(THREE, [("75", "75")], 37000, id="lago-prorated-graduated-three-tiers-jump"),
    ],
)
def test_a_change_is_priced_in_the_tiers_it_passes_through(
    model: ProratedGraduated, rows: list[tuple[str, str]], minor: int
) -> None:
    assert to_minor(run(model, changes(*rows)).amount, "EUR") == minor


def test_each_tier_has_its_weighted_units_and_its_flat_amount_once() -> None:
    running = run(TWO, changes(("4", "2.8"), ("2", "1"), ("-3", "-0.6"), ("3", "0.3")))

    assert lines(running.parts()) == [
        ("tier up to 5", Fraction("3.1"), 131),
        ("tier above", Fraction("0.4"), 52),
    ]


def test_a_change_without_a_weight_counts_in_full() -> None:
    readings = [Reading(START, Decimal(7)), Reading(START, Decimal(-7))]

    assert run(TWO, readings[:1]).amount == 210
    assert run(TWO, readings).amount == 150


def test_below_zero_the_first_tier_goes_on_without_its_flat_amount() -> None:
    assert run(TWO, changes(("-2", "-1"))).amount == -10
    assert run(TWO, changes(("-2", "-1"), ("4", "2"))).amount == 110


def test_a_change_of_nothing_is_nothing() -> None:
    assert run(TWO, changes(("0", "3"))).amount == 0
    assert run(TWO, ()).amount == 0


def test_tiers_that_overlap_are_refused() -> None:
    assert refused(tiers(("5", "1", "0"), ("5", "1", "0"), (None, "1", "0"))) == (
        "tiers-must-rise",
        "model.tiers",
    )
    assert refused(tiers((None, "-1", "0"))) == ("negative-price", "model.tiers.unit_amount")
