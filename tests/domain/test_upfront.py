"""Fees paid upfront for nothing in particular: charged once, earned with what they are for."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.catalogue import SetPrice
from domain.errors import Rejected
from domain.facts import Event
from domain.pricing import Flat, Prepaid
from domain.service import AccessGranted, SubscriptionPaused
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from domain.subscription import SubscriptionRenewed as Renewed
from tests.domain.contracting import by_month, on
from tests.domain.given import decide
from tests.domain.subscribing import flat, sold, started

FEE: dict[str, Any] = {"once": True, "proration": "none", "upfront": True}
PRICES = {
    "fee": flat("366", **FEE),
    "long": flat("731", benefits_months=24, **FEE),
    "plan": flat("1"),
}
YEAR = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def fee(item: str, *said: Event, to: str | None = "2025-01-01", **options: Any) -> list[int]:
    """What is earned of a fee beside a plan by month, in units of currency: it is 1.00 a day."""
    told = sold(PRICES, started("2024-01-01", to, item, "plan"), *said, **options)
    return [minor // 100 for minor in by_month(told, "2024-01-01", 26, item)]


def zeros(count: int) -> list[int]:
    return [0] * count


def cancelled(refund: Any = "prorated") -> SubscriptionCancelled:
    return SubscriptionCancelled(when=on("2024-03-01"), refund=refund)


def test_it_is_earned_over_its_term() -> None:
    assert fee("fee") == [*YEAR, *zeros(14)]


def test_it_is_not_given_back_so_the_rest_is_earned_when_its_item_ends() -> None:
    removed = SubscriptionAmended(
        when=on("2024-03-01"), items=(ItemChange(item="fee", removed=True),)
    )

    assert fee("fee", cancelled()) == fee("fee", removed) == [31, 29, 306, *zeros(23)]


def test_in_full_it_is_given_back_and_nothing_was_earned() -> None:
    assert fee("fee", cancelled("full")) == zeros(26)


def test_where_schedules_run_on_it_does() -> None:
    assert fee("fee", cancelled(), after_cancellation="run-on") == [*YEAR, *zeros(14)]


def test_a_renewal_is_charged_no_fee_again() -> None:
    renewed = Renewed(when=on("2025-01-01"), term_to=date(2026, 1, 1))

    assert fee("fee", renewed) == [*YEAR, *zeros(14)]


def test_where_renewing_is_a_material_right_it_is_earned_as_long_as_it_is_of_use() -> None:
    """731.00 for two years; nobody renews, so the second year is earned when the first is over."""
    renewed = Renewed(when=on("2025-01-01"), term_to=date(2026, 1, 1))
    following = [31, 28, *YEAR[2:]]

    assert fee("long") == [*YEAR[:11], 31 + 365, *zeros(14)]
    assert fee("long", renewed) == [*YEAR, *following, 0, 0]


def test_without_end_it_is_earned_as_long_as_it_is_of_use() -> None:
    assert fee("long", to=None)[:14] == [*YEAR, 31, 28]


def test_without_end_a_fee_must_say_for_how_long() -> None:
    with pytest.raises(Rejected) as refused:
        fee("fee", to=None)

    assert (refused.value.code, refused.value.field) == ("benefit-without-end", "benefits_months")


def test_it_is_earned_from_access_on() -> None:
    """366.00 over the 335 days from 1 February on."""
    told = sold(
        PRICES,
        started("2024-01-01", "2025-01-01", "fee", "plan"),
        AccessGranted(when=on("2024-02-01")),
    )

    assert by_month(told, "2024-01-01", 3, "fee") == [0, 3168, 3387]


def test_what_stops_service_for_a_while_does_not_stop_it() -> None:
    assert fee("fee", SubscriptionPaused(when=on("2024-03-01"))) == [*YEAR, *zeros(14)]


# --- what it is for begins later, or never (ASC 606-10-55-51, IFRS 15.B49) ---

ALONE = started("2024-01-01", "2025-01-01", "fee")


def amended(day: str, change: ItemChange, agreed: str | None = None) -> SubscriptionAmended:
    return SubscriptionAmended(when=on(day, agreed), items=(change,))


def added(item: str) -> ItemChange:
    return ItemChange(item=item, price=item, quantity=Decimal(1))


def alone(*said: Event, **options: Any) -> list[int]:
    """What is earned of 366.00 by month in 2024, in minor units."""
    return by_month(sold(PRICES, ALONE, *said, **options), "2024-01-01", 12, "fee")


def test_what_it_is_for_begins_later_and_so_does_it() -> None:
    """A plan from 1 March on: 366.00 over its 306 days."""
    begun = alone(amended("2024-03-01", added("plan")))

    assert begun[:4] == [0, 0, 3_708, 3_588]
    assert sum(begun) == 36_600


def test_as_long_as_nothing_is_sold_it_waits_for_the_end_of_its_term() -> None:
    assert alone() == [*zeros(11), 36_600]
    assert alone(amended("2024-06-10", ItemChange(item="fee", removed=True))) == [
        *zeros(5),
        36_600,
        *zeros(6),
    ]
    assert alone(cancelled()) == [0, 0, 36_600, *zeros(9)]
    assert alone(cancelled(), after_cancellation="run-on") == [*zeros(11), 36_600]


def test_what_is_agreed_late_to_have_begun_is_earned_over_what_remains() -> None:
    """A plan since March, agreed on 1 April: 366.00 over 275 days."""
    late = alone(amended("2024-03-01", added("plan"), agreed="2024-04-01"))

    assert late[:4] == [0, 0, 0, 3_993]
    assert sum(late) == 36_600


def test_since_when_it_is_earned_rests_on_what_began_first() -> None:
    told = sold(
        PRICES,
        ALONE,
        amended("2024-06-01", added("long")),
        amended("2024-03-01", added("plan")),
        amended("2024-03-01", ItemChange(item="plan", quantity=Decimal(2))),
        amended("2024-03-01", ItemChange(item="box", price="plan", quantity=Decimal(1))),
        amended("2024-06-01", ItemChange(item="rack", price="plan", quantity=Decimal(1))),
    )

    assert [flow.causes for flow in told.flows if flow.subject == "fee"] == [(1, 5)]


def test_what_more_is_said_of_what_began_first_does_not_move_its_begin() -> None:
    told = sold(
        PRICES,
        ALONE,
        amended("2024-03-01", added("plan")),
        amended("2024-03-01", ItemChange(item="plan", quantity=Decimal(2))),
        amended("2024-06-01", ItemChange(item="rack", price="plan", quantity=Decimal(1))),
    )

    assert by_month(told, "2024-01-01", 3, "fee") == [0, 0, 3_708]


def explained(item: str, *said: Event, to: str = "2025-01-01") -> dict[str, str]:
    told = sold(PRICES, started("2024-01-01", to, item), *said)
    return {step.what: step.value for flow in told.flows for step in flow.steps}


def test_explained_it_says_why_the_rest_is_earned() -> None:
    assert explained("fee", cancelled())["sold no more from"] == "2024-03-01"
    assert explained("long")["last term over"] == "2025-01-01"


def test_cancelled_at_the_end_of_the_last_term_it_is_earned_on_its_last_day() -> None:
    gone = SubscriptionCancelled(when=on("2025-01-01"), refund="prorated")

    assert fee("long", gone) == [*YEAR[:11], 31 + 365, *zeros(14)]


def test_an_end_before_it_was_charged_says_nothing_of_it() -> None:
    """Removed in March and sold again in May: 366.00 over the 245 days that are left."""
    gone, back = (
        SubscriptionAmended(when=on(day), items=(change,))
        for day, change in (
            ("2024-03-01", ItemChange(item="fee", removed=True)),
            ("2024-05-01", ItemChange(item="fee", price="fee", quantity=Decimal(1))),
        )
    )
    told = sold(PRICES, started("2024-01-01", "2025-01-01", "fee", "plan"), gone, back)

    found = by_month(told, "2024-01-01", 12, "fee")
    assert found[:5] == [3_100, 2_900, 30_600, 0, 4_631]
    assert sum(found[4:]) == 36_600


def test_by_months_a_fee_that_is_earned_over_its_term_is_told_once() -> None:
    """Three months from the middle of one: nothing is left when the last of them is over."""
    deal = started("2024-01-16", "2024-04-16", "fee", "plan")
    told = sold(PRICES, deal, ratable_by="month")

    assert [flow.rule for flow in told.flows if flow.subject == "fee"] == ["ratable-by-month@1"]


def test_what_it_rests_on_are_the_renewals_while_it_is_of_use() -> None:
    """Two years: the renewal for the third says nothing of it."""
    renewed = (
        Renewed(when=on(f"{year}-01-01"), term_to=date(year + 1, 1, 1)) for year in (2025, 2026)
    )
    told = sold(PRICES, started("2024-01-01", "2025-01-01", "long"), *renewed)

    assert [flow.causes for flow in told.flows] == [(1, 2)]


def set_price(**more: Any) -> SetPrice:
    given = {"model": Flat(amount=Decimal(10)), **FEE, **more}
    return SetPrice(when=on("2024-01-01"), currency="USD", **given)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"once": False}, "not-for-upfront", "once"),
        ({"proration": "day"}, "not-for-upfront", "proration"),
        ({"meter": "calls"}, "not-for-upfront", "meter"),
        ({"pattern": "point-in-time"}, "not-for-upfront", "pattern"),
        ({"model": Prepaid(amount=Decimal(10))}, "not-for-upfront", "model"),
        ({"upfront": False, "benefits_months": 3}, "not-for-upfront", "benefits_months"),
        ({"benefits_months": 0}, "benefit-out-of-range", "benefits_months"),
        ({"benefits_months": 1201}, "benefit-out-of-range", "benefits_months"),
    ],
)
def test_a_fee_that_makes_no_sense_is_refused(more: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Rejected) as refused:
        decide("price:fee", set_price(**more))

    assert (refused.value.code, refused.value.field) == (code, field)
    assert decide("price:fee", set_price())
