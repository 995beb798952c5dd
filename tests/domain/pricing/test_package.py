from decimal import Decimal
from fractions import Fraction

import pytest

from domain.pricing.package import Package
from tests.domain.pricing.priced import cost, lines, parts, refused


def package(amount: str, size: str, free_units: str = "0") -> Package:
    return Package(amount=Decimal(amount), size=Decimal(size), free_units=Decimal(free_units))


@pytest.mark.parametrize(
    ("model", "quantity", "amount"),
    [
        pytest.param(package("100", "10"), "121", "1300", id="lago-package-free0"),
        pytest.param(package("100", "10", "200"), "121", "0", id="lago-package-free200"),
        pytest.param(package("2.95", "100"), "199", "5.90", id="kb-late-usage-april"),
        pytest.param(package("2.95", "100"), "350", "11.80", id="kb-usage-on-cancel-day"),
        pytest.param(package("15", "10"), "17", "30", id="om-package-split-billed"),
        pytest.param(package("15", "10"), "22", "45", id="om-package-split-whole"),
        pytest.param(package("15", "10"), "11", "30", id="om-delta-package-first"),
        pytest.param(package("15", "10"), "9", "15", id="om-delta-package-then"),
    ],
)
def test_a_package_begun_is_a_package_sold(model: Package, quantity: str, amount: str) -> None:
    assert cost(model, quantity) == Fraction(amount)


@pytest.mark.parametrize(
    ("quantity", "packages"),
    [
        ("0", 0),
        ("-25", 0),
        ("0.001", 1),
        ("10", 1),
        ("10.000001", 2),
        ("100000000000000000", 10**16),
    ],
)
def test_packages_are_whole_and_never_below_zero(quantity: str, packages: int) -> None:
    assert cost(package("1", "10"), quantity) == packages


def test_packages_are_counted_above_the_free_units() -> None:
    assert lines(parts(package("100", "10", "20"), "41")) == [
        ("free units", 20, 0),
        ("packages of 10", 3, 300),
    ]


def test_a_package_may_hold_less_than_one_unit() -> None:
    assert cost(package("0.000000000001", "0.25"), "1.1") == Fraction(5, 10**12)


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (package("-1", "10"), "negative-price", "model.amount"),
        (package("1", "0"), "size-not-positive", "model.size"),
        (package("1", "-5"), "size-not-positive", "model.size"),
        (package("1", "5", "-1"), "negative-allowance", "model.free_units"),
        (package("1", "NaN"), "not-finite", "model.size"),
    ],
)
def test_a_package_of_nothing_is_refused(model: Package, code: str, field: str) -> None:
    assert refused(model) == (code, field)
