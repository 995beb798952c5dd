"""Coupons: granted once for a customer, limited, used up, withdrawn."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.coupon import CouponGranted, CouponState, CouponWithdrawn, GrantCoupon, WithdrawCoupon
from tests.domain.given import code, decide, on, refusal, state

STREAM = "coupon:spring"
GRANT = GrantCoupon(when=on(2, 1), customer="c1", percent=Decimal(10), items=("seats",))
GRANTED = CouponGranted(when=on(2, 1), customer="c1", percent=Decimal(10), items=("seats",))
AMOUNT = structs.replace(GRANT, percent=None, amount=Decimal("10.50"), currency="USD")


def test_a_coupon_is_granted_once_under_its_name() -> None:
    assert decide(STREAM, GRANT) == (GRANTED,)
    assert code(STREAM, GRANT, GRANTED) == "coupon-already-granted"
    assert decide(STREAM, structs.replace(GRANT, percent=Decimal(20)), replaces=GRANTED)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"customer": ""}, ("empty-text", "customer")),
        ({"percent": None}, ("percent-or-amount", "percent")),
        ({"amount": Decimal(1), "currency": "USD"}, ("percent-or-amount", "percent")),
        ({"percent": Decimal(101)}, ("percent-out-of-range", "percent")),
        ({"currency": "USD"}, ("amount-without-currency", "currency")),
        ({"times": 0}, ("coupon-without-invoice", "times")),
        ({"until": date(2024, 2, 1)}, ("coupon-without-invoice", "until")),
        ({"items": ("seats", "seats")}, ("duplicate-item", "items")),
        ({"products": ("",)}, ("empty-text", "products")),
    ],
)
def test_a_coupon_says_how_much_and_could_come_off_something(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert refused(structs.replace(GRANT, **changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": Decimal(0)}, ("amount-not-positive", "amount")),
        ({"amount": Decimal("0.001")}, ("wrong-scale", "amount")),
        ({"currency": None}, ("amount-without-currency", "currency")),
        ({"currency": "usd"}, ("unknown-currency", "currency")),
    ],
)
def test_an_amount_is_money(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert decide(STREAM, AMOUNT)
    assert refused(structs.replace(AMOUNT, **changes)) == expected


def refused(command: GrantCoupon) -> tuple[str, str]:
    found, _ = refusal(STREAM, command)
    return found, field_of(command)


def field_of(command: GrantCoupon) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (its field is what is asked)
        decide(STREAM, command)
    return str(getattr(caught.value, "field", None))


def test_only_what_was_granted_is_withdrawn() -> None:
    withdraw = WithdrawCoupon(when=on(4, 1))

    assert decide(STREAM, withdraw, GRANTED) == (CouponWithdrawn(when=on(4, 1)),)
    assert decide(STREAM, withdraw, outside=True) == (CouponWithdrawn(when=on(4, 1)),)
    assert code(STREAM, withdraw) == "unknown-coupon"


def test_a_coupon_is_in_force_from_its_day_until_it_ends_or_is_withdrawn() -> None:
    until = structs.replace(GRANTED, until=date(2024, 6, 1))
    withdrawn = CouponWithdrawn(when=on(4, 1)), CouponWithdrawn(when=on(5, 1))

    def days(*events: CouponGranted | CouponWithdrawn, currency: str = "USD") -> list[int]:
        found = state(STREAM, *events)
        return [month for month in range(1, 8) if found.is_in_force(date(2024, month, 1), currency)]

    assert days(GRANTED) == [2, 3, 4, 5, 6, 7]
    assert days(until) == [2, 3, 4, 5]
    assert days(until, *withdrawn) == [2, 3]
    in_dollars = structs.replace(until, currency="USD")
    assert days(in_dollars, currency="EUR") == []
    assert not CouponState().is_in_force(date(2024, 2, 1), "USD")
