import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision

from domain import currency
from domain.errors import Malformed

OURS = {
    code
    for group in (
        currency._NO_MINOR_UNIT,
        currency._TWO_DIGITS,
        currency._THREE_DIGITS,
        currency._FOUR_DIGITS,
    )
    for code in group
}
# ISO 4217 gives these two or three minor digits; Unicode's data says how many people still write.
CUSTOM_IS_NONE = dict.fromkeys(
    ["AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"], 2
) | {"IQD": 3}


def test_every_currency_has_the_digits_the_library_knows() -> None:
    expected = {code: get_currency_precision(code) for code in OURS} | CUSTOM_IS_NONE

    assert {code: currency.exponent(code) for code in OURS} == expected


def test_every_currency_in_use_somewhere_is_known() -> None:
    in_use = {
        code
        for rows in get_global("territory_currencies").values()
        for code, _, until, is_tender in rows
        if until is None and is_tender
    }

    assert in_use - OURS == set()


def test_no_currency_has_two_exponents() -> None:
    groups = (
        currency._NO_MINOR_UNIT,
        currency._TWO_DIGITS,
        currency._THREE_DIGITS,
        currency._FOUR_DIGITS,
    )

    assert sum(len(group) for group in groups) == len(OURS)


@pytest.mark.parametrize("code", ["", "usd", "US", "USDT", "XXX", "XAU"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(Malformed) as caught:
        currency.exponent(code)

    assert (caught.value.code, caught.value.context) == ("unknown-currency", {"currency": code})
