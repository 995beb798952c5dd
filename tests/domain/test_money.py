from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.currency import exponent
from domain.errors import Malformed
from domain.money import (
    LARGEST_MINOR,
    Money,
    allocate,
    decimal_text,
    minor_exactly,
    minors,
    rounded,
    rounded_share,
    split,
    to_minor,
)

MINOR = st.integers(-(10**15), 10**15)
CURRENCIES = st.sampled_from(("USD", "JPY", "BHD", "CLF"))
WEIGHTS = st.lists(st.integers(0, 400), min_size=1, max_size=40).filter(any)


def refused(text: str | Decimal, currency: str = "USD") -> str:
    with pytest.raises(Malformed) as caught:
        minor_exactly(text, currency)
    return caught.value.code


def test_money_adds_within_a_currency() -> None:
    assert Money(150, "USD") + Money(50, "USD") - Money(25, "USD") == Money(175, "USD")
    assert -Money(150, "USD") == Money(-150, "USD")


def test_money_of_two_currencies_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(AssertionError):
        Money(1, "USD") - Money(1, "EUR")


@pytest.mark.parametrize(
    ("exact", "expected"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-5, 2), -3),
        (Decimal("2." + "4" + "9" * 50), 2),
        (Decimal("-2." + "4" + "9" * 50), -2),
        (Decimal("-0.5"), -1),
        (7, 7),
        (0, 0),
    ],
)
def test_half_rounds_away_from_zero(exact: Fraction | Decimal | int, expected: int) -> None:
    assert rounded(exact) == expected


@given(st.fractions())
def test_rounding_is_to_the_nearest_and_mirrors(exact: Fraction) -> None:
    assert abs(rounded(exact) - exact) <= Fraction(1, 2)
    assert rounded(-exact) == -rounded(exact)


@given(MINOR, st.integers(0, 400), st.integers(1, 400))
def test_a_share_is_the_rounded_fraction(minor: int, part: int, total: int) -> None:
    assert rounded_share(minor, part, total) == rounded(Fraction(minor * part, total))


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=9)), CURRENCIES)
def test_many_amounts_round_as_each_does_alone(amounts: list[Decimal], currency: str) -> None:
    places = exponent(currency)

    assert minors(amounts, currency) == [rounded(Fraction(one) * 10**places) for one in amounts]
    assert minors(amounts, currency) == [to_minor(one, currency) for one in amounts]


def test_a_hundred_in_three_parts_closes_to_zero() -> None:
    assert split(10_000, (1, 1, 1)) == (3_333, 3_334, 3_333)
    assert Money(10_000, "USD").split((1, 1, 1)) == (
        Money(3_333, "USD"),
        Money(3_334, "USD"),
        Money(3_333, "USD"),
    )


@given(MINOR, WEIGHTS)
def test_the_parts_of_a_split_sum_to_the_whole_and_mirror(minor: int, weights: list[int]) -> None:
    parts = split(minor, weights)

    assert sum(parts) == minor
    assert split(-minor, weights) == tuple(-part for part in parts)


@given(MINOR, WEIGHTS)
def test_each_part_of_a_split_is_within_a_unit_of_its_share(minor: int, weights: list[int]) -> None:
    for part, weight in zip(split(minor, weights), weights, strict=True):
        assert abs(part - Fraction(minor * weight, sum(weights))) <= 1


def test_allocation_gives_the_remainder_to_the_largest_then_the_earliest() -> None:
    assert allocate(100, (1, 1, 1)) == (34, 33, 33)
    assert allocate(-100, (1, 1, 1)) == (-34, -33, -33)
    assert allocate(10, (1, 2, 3)) == (2, 3, 5)


@given(MINOR, WEIGHTS)
def test_the_shares_of_an_allocation_sum_to_the_whole_and_mirror(
    minor: int, weights: list[int]
) -> None:
    shares = allocate(minor, weights)

    assert sum(shares) == minor
    assert allocate(-minor, weights) == tuple(-share for share in shares)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(minor * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1, 3)])
def test_weights_are_not_negative_and_come_to_something(weights: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError):
        split(100, weights)
    with pytest.raises(AssertionError):
        allocate(100, weights)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "USD", 1_234),
        ("-12.30", "USD", -1_230),
        ("12.340000", "USD", 1_234),
        ("1E+3", "JPY", 1_000),
        ("1.234", "KWD", 1_234),
        (Decimal("0.01"), "EUR", 1),
        ("10000000000000000", "USD", LARGEST_MINOR),
    ],
)
def test_an_amount_is_read_exactly(text: str | Decimal, currency: str, minor: int) -> None:
    assert minor_exactly(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("12.345", "USD", "wrong-scale"),
        ("0.5", "JPY", "wrong-scale"),
        ("NaN", "USD", "not-finite"),
        ("-Infinity", "USD", "not-finite"),
        ("twelve", "USD", "not-a-decimal"),
        ("", "USD", "not-a-decimal"),
        ("1,000.00", "USD", "not-a-decimal"),
        ("10000000000000000.01", "USD", "amount-too-large"),
        ("1E+999999999999", "USD", "amount-too-large"),
        ("1E-999999999999", "USD", "wrong-scale"),
        ("1.00", "USX", "unknown-currency"),
    ],
)
def test_an_amount_that_is_not_exact_is_refused(text: str, currency: str, code: str) -> None:
    assert refused(text, currency) == code


@given(MINOR, st.sampled_from(["JPY", "USD", "KWD", "CLF"]))
def test_an_amount_is_printed_as_it_is_read(minor: int, currency: str) -> None:
    assert minor_exactly(decimal_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(5, "USD", "0.05"), (-5, "USD", "-0.05"), (123_456, "KWD", "123.456"), (-7, "JPY", "-7")],
)
def test_an_amount_is_printed_with_the_places_of_its_currency(
    minor: int, currency: str, text: str
) -> None:
    assert str(Money(minor, currency)) == f"{text} {currency}"


def test_a_price_becomes_money_by_one_rounding() -> None:
    assert to_minor(Fraction(2, 3), "USD") == 67
    assert to_minor(Decimal("0.005"), "USD") == 1
    assert to_minor(Decimal("-0.5"), "JPY") == -1
