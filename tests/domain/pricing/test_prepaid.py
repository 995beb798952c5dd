"""Prepaid credits: what they cost, what they grant, and what no such price may say."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.catalogue import SetPrice
from domain.errors import Rejected
from domain.pricing import Prepaid, pricer, rate, require_valid
from domain.pricing.prepaid import credited
from tests.domain.given import decide, on

TEN = Decimal(10)


def test_each_unit_costs_its_amount_and_grants_its_credits() -> None:
    model = Prepaid(amount=Decimal("500.50"), credits=Decimal(600))

    assert pricer(model)(Decimal(2)) == Decimal(1001)
    assert rate(model, Decimal(3)).amount == Fraction("1501.5")
    assert credited(model, Decimal(2)) == 1200


def test_it_grants_what_was_paid_unless_it_says_more() -> None:
    assert credited(Prepaid(amount=TEN), Decimal(3)) == 30


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"amount": Decimal(-1)}, "negative-price", "model.amount"),
        ({"amount": Decimal(0)}, "credits-not-positive", "model.credits"),
        ({"credits": Decimal(-1)}, "credits-not-positive", "model.credits"),
        ({"covers": ("a", "a")}, "duplicate-item", "model.covers"),
        ({"priority": 10**9}, "priority-out-of-range", "model.priority"),
        ({"expires_days": 0}, "expiry-out-of-range", "model.expires_days"),
        ({"expires_months": 10**6}, "expiry-out-of-range", "model.expires_months"),
        (
            {"expires_days": 1, "expires_periods": 1},
            "expires-in-one-way",
            "model.expires_periods",
        ),
    ],
)
def test_parameters_that_grant_nothing_are_refused(
    more: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        require_valid(Prepaid(**{"amount": TEN} | more))

    assert (refused.value.code, refused.value.field) == (code, field)


def set_price(**more: Any) -> SetPrice:
    said = {"model": Prepaid(amount=TEN), "currency": "USD", "proration": "none"} | more
    return SetPrice(when=on(1, 1), **said)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"proration": "day"}, "proration"),
        ({"bill": "arrears"}, "bill"),
        ({"meter": "calls"}, "meter"),
        ({"pattern": "ratable"}, "pattern"),
        ({"minimum": TEN}, "minimum"),
        ({"maximum": TEN}, "maximum"),
        (
            {"once": True, "model": Prepaid(amount=TEN, expires_periods=1)},
            "model.expires_periods",
        ),
    ],
)
def test_credits_are_bought_whole_and_ahead(more: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        decide("price:pack", set_price(**more))

    assert (refused.value.code, refused.value.field) == ("not-for-prepaid", field)
    assert decide("price:pack", set_price())
