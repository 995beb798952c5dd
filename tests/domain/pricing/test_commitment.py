from decimal import Decimal

import pytest

from domain.errors import Rejected
from domain.pricing import Commitment, pricer, rate, require_valid
from domain.pricing.commitment import shortfall_minor


@pytest.mark.parametrize(
    ("committed", "covered", "shortfall"),
    [
        pytest.param(8928_57, 892_86, 8035_71, id="lago-min-commitment-monthly"),
        pytest.param(7142_86, 714_29, 6428_57, id="lago-min-commitment-weekly"),
        pytest.param(10000_00, 100_00, 9900_00, id="lago-min-commitment-downgrade-full-period"),
        pytest.param(689_66, 36_90, 652_76, id="lago-min-commitment-leap-stub-with-usage"),
        pytest.param(1000_00, 100_00, 900_00, id="om-graduated-minimum-after-flat"),
        pytest.param(100, 250, 0, id="more-than-committed"),
        pytest.param(100, -50, 150, id="more-given-back-than-charged"),
    ],
)
def test_what_the_covered_charges_fall_short_is_owed(
    committed: int, covered: int, shortfall: int
) -> None:
    assert shortfall_minor(committed, covered) == shortfall


def test_each_unit_sold_commits_its_amount() -> None:
    model = Commitment(amount=Decimal("100.50"))

    assert pricer(model)(Decimal(3)) == Decimal("301.50")
    assert rate(model, Decimal(3)).amount == Decimal("301.50")


def test_a_commitment_below_zero_is_refused() -> None:
    with pytest.raises(Rejected, match="negative-price"):
        require_valid(Commitment(amount=Decimal(-1)))
