from decimal import Decimal
from fractions import Fraction

import pytest

from domain.pricing.graduated_percentage import GraduatedPercentage, PercentageTier
from tests.domain.pricing.priced import cost, lines, parts, refused


def tiers(*rows: tuple[str | None, str, str]) -> GraduatedPercentage:
    return GraduatedPercentage(
        tiers=tuple(
            PercentageTier(
                up_to=None if up_to is None else Decimal(up_to),
                percent=Decimal(percent),
                flat_amount=Decimal(flat),
            )
            for up_to, percent, flat in rows
        )
    )


RISING = tiers(("10", "1", "200"), ("20", "2", "300"), (None, "3", "400"))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        pytest.param("12", "500.14", id="lago-graduated-percentage-12"),
        pytest.param("21", "900.33", id="lago-graduated-percentage-21"),
        pytest.param("0", "0", id="nothing"),
    ],
)
def test_each_tier_takes_its_share_and_adds_its_flat_amount(quantity: str, amount: str) -> None:
    assert cost(RISING, quantity) == Fraction(amount)


def test_it_names_the_share_of_each_tier() -> None:
    assert lines(parts(RISING, "12")) == [
        ("1% up to 10", 10, Fraction("200.1")),
        ("2% up to 20", 2, Fraction("300.04")),
    ]


def test_the_first_flat_amount_is_owed_at_zero_if_the_price_says_so() -> None:
    model = GraduatedPercentage(tiers=RISING.tiers, flat_at_zero=True)

    assert cost(model, "0") == 200


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (tiers(), "last-tier-must-be-open", "model.tiers"),
        (tiers((None, "-1", "0")), "negative-price", "model.tiers.percent"),
        (tiers((None, "1", "-1")), "negative-price", "model.tiers.flat_amount"),
        (tiers(("5", "1", "0"), ("5", "1", "0")), "last-tier-must-be-open", "model.tiers"),
        (
            tiers(("5", "1", "0"), ("4", "1", "0"), (None, "1", "0")),
            "tiers-must-rise",
            "model.tiers",
        ),
    ],
)
def test_shares_below_zero_are_refused(model: GraduatedPercentage, code: str, field: str) -> None:
    assert refused(model) == (code, field)
