"""What a price says beside its model: its billing period, its bounds, its elections."""

from decimal import Decimal

import pytest
from msgspec import structs

from domain.billing_options import BillingOptions
from domain.cycle import Every
from domain.price import PriceSet, SetPrice
from domain.pricing import PerUnit
from domain.profiles import PROFILES
from tests.domain.given import code, decide, on

STREAM = "price:calls"
SET = SetPrice(when=on(1, 1), currency="USD", model=PerUnit(unit_amount=Decimal(1)), meter="calls")
ROUNDED = BillingOptions(factor_places=9)


def set_as(**more: object) -> PriceSet:
    (event,) = decide(STREAM, structs.replace(SET, **more))
    assert isinstance(event, PriceSet)
    return event


def test_a_billing_period_is_of_months_of_days_or_the_whole_term() -> None:
    assert set_as().every == Every(months=1)
    assert set_as(interval_months=12).every == Every(months=12)
    assert set_as(interval_days=7).every == Every(days=7)
    assert set_as(once=True).every == Every()


def test_a_price_keeps_all_that_it_was_set_with() -> None:
    more = {
        "where": {"region": ("eu", "us")},
        "group_by": ("seat",),
        "minimum": Decimal(5),
        "maximum": Decimal(5),
        "trial_days": 14,
        "thresholds": (Decimal(200), Decimal(500)),
        "options": ROUNDED,
    }

    assert set_as(**more) == structs.replace(
        PriceSet(**structs.asdict(SET)),
        **more,
    )


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_profile_is_stored_as_the_options_it_stands_for(profile: str) -> None:
    event = set_as(profile=profile)

    assert (event.profile, event.options) == (profile, PROFILES[profile])
    assert set_as(profile=profile, options=PROFILES[profile]) == event


def test_the_default_profile_measures_exactly() -> None:
    assert PROFILES["tieout"] == BillingOptions()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"interval_days": 7, "interval_months": 3}, "months-or-days"),
        ({"interval_days": 7, "once": True}, "months-or-days"),
        ({"interval_days": 0}, "interval-out-of-range"),
        ({"interval_days": 36_526}, "interval-out-of-range"),
        ({"trial_days": -1}, "interval-out-of-range"),
        ({"meter": None, "group_by": ("seat",)}, "price-without-meter"),
        ({"meter": None, "where": {"region": ("eu",)}}, "price-without-meter"),
        ({"meter": None, "thresholds": (Decimal(1),)}, "price-without-meter"),
        ({"group_by": ("seat", "seat")}, "duplicate-dimension"),
        ({"group_by": ("",)}, "empty-text"),
        ({"where": {"region": ()}}, "filter-without-value"),
        ({"minimum": Decimal(-1)}, "negative-price"),
        ({"maximum": Decimal("NaN")}, "not-finite"),
        ({"minimum": Decimal(2), "maximum": Decimal(1)}, "minimum-above-maximum"),
        ({"thresholds": (Decimal(2), Decimal(2))}, "thresholds-must-rise"),
        ({"thresholds": (Decimal(0),)}, "thresholds-must-rise"),
        ({"options": BillingOptions(factor_places=0)}, "factor-places-out-of-range"),
        ({"options": BillingOptions(factor_places=16)}, "factor-places-out-of-range"),
        ({"options": BillingOptions(late_periods=-1)}, "late-periods-out-of-range"),
        ({"profile": "nobody"}, "unknown-profile"),
        ({"profile": "lago", "options": ROUNDED}, "profile-or-options"),
    ],
)
def test_a_price_nobody_could_charge_is_refused(more: dict[str, object], expected: str) -> None:
    assert code(STREAM, structs.replace(SET, **more)) == expected
