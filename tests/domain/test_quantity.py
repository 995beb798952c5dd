from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decimals import bounded, exact_decimal, plain
from domain.errors import Malformed
from domain.quantity import quantity


@pytest.mark.parametrize(
    "text", ["0", "-3", "0.000000000000001", "999999999999999999.999999999999999", "1E+5"]
)
def test_a_quantity_of_fifteen_places_is_kept_as_it_is(text: str) -> None:
    assert quantity(text) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.0000000000000001", "wrong-scale"),
        ("1000000000000000000", "quantity-too-large"),
        ("-1000000000000000000", "quantity-too-large"),
        ("1E+999999999999", "amount-too-large"),
        ("1E-999999999999", "wrong-scale"),
        ("0E+999999999999", "amount-too-large"),
        ("NaN", "not-finite"),
        ("sNaN", "not-finite"),
        ("Infinity", "not-finite"),
        ("many", "not-a-decimal"),
    ],
)
def test_what_does_not_fit_is_refused_never_rounded(text: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        quantity(text, "rows.quantity")

    assert (caught.value.code, caught.value.field) == (code, "rows.quantity")


def test_trailing_zeros_are_not_scale() -> None:
    assert quantity("1.50000000000000000000") == Decimal("1.5")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000004"), "0.0000004"),
        (Decimal("4E-7"), "0.0000004"),
        (Decimal("-1.500"), "-1.5"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E+9"), "0"),
    ],
)
def test_one_value_has_one_text(value: Decimal, text: str) -> None:
    assert plain(value) == text


@given(st.decimals(-(10**18), 10**18, places=60))
def test_the_text_of_a_value_is_the_value(value: Decimal) -> None:
    assert Decimal(plain(value)) == value


@pytest.mark.parametrize("text", ["1E-99999999", "1E+99999999", "1E-61", "1E+60"])
def test_a_value_that_could_not_be_hashed_as_itself_has_no_text(text: str) -> None:
    """A context of any precision would turn the smallest into zero, and the hash would say so."""
    with pytest.raises(Malformed):
        plain(Decimal(text))


def test_sixty_digits_on_either_side_are_kept() -> None:
    value = Decimal("9" * 60 + "." + "9" * 60)

    assert bounded(value) == value
    assert plain(value) == "9" * 60 + "." + "9" * 60
    assert exact_decimal(str(value)) == value
