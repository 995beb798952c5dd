"""The price of a subscription, shared by what each item sells for alone: by hand-worked figures."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.accounting.schedule import Schedule
from domain.catalogue import SetPrice
from domain.errors import Malformed, Rejected
from domain.facts import Event, Retracted
from domain.price import PriceSet
from domain.pricing import Flat, Prepaid
from domain.service import AccessGranted
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
)
from tests.domain.contracting import balance, by_month, on, revenue, steps
from tests.domain.given import decide, fact
from tests.domain.subscribing import each, flat, invoice, scheduled, sold, started

Prices = dict[str, PriceSet | list[PriceSet]]
ONCE: dict[str, Any] = {"once": True, "pattern": "point-in-time"}
FEE: dict[str, Any] = {"once": True, "proration": "none", "upfront": True}


def ssp(amount: str) -> dict[str, Any]:
    return {"ssp": Decimal(amount)}


# 1,000.00 a month, and a training given away that sells for 4,000.00 alone: 16,000.00 for a year.
PRICES: Prices = {
    "plan": flat("1000", **ssp("1000")),
    "training": flat("0", **ONCE, **ssp("4000")),
    "support": flat("100", **ssp("200")),
    "seat": each("50", **ssp("60")),
    "cheap": flat("400", **ssp("1000")),
    "fee": flat("1600", **FEE),
}
SOLD = started("2024-01-01", "2025-01-01", "plan", "training")


def told(*said: Event, first: Event = SOLD, prices: Prices = PRICES, **options: Any) -> Schedule:
    return sold(prices, first, *said, **{"ratable_by": "month", **options})


def months(schedule: Schedule, item: str | None = None, count: int = 12) -> list[int]:
    return by_month(schedule, "2024-01-01", count, item)


def amended(day: str, *changes: ItemChange, agreed: str | None = None) -> SubscriptionAmended:
    return SubscriptionAmended(when=on(day, agreed), items=changes)


def test_a_training_given_away_gets_its_share() -> None:
    """12,000.00 by 12,000.00 and 4,000.00: 9,000.00 and 3,000.00."""
    bundle = told(invoice("2024-01-01", ("plan", 1_200_000, "2024-01-01", "2025-01-01")))

    assert months(bundle, "plan") == [75_000] * 12
    assert months(bundle, "training") == [300_000, *[0] * 11]
    assert balance(bundle, "contract-liability", "2024-01-31") == -825_000
    assert steps(bundle, "training")["share of training"] == "3000.00"


def test_when_it_is_cancelled_what_was_not_charged_for_was_not_earned() -> None:
    """After three months 5,250.00 are earned; 3,000.00 are what was charged for them."""
    gone = told(SubscriptionCancelled(when=on("2024-04-01")))

    assert months(gone) == [375_000, 75_000, 75_000, -225_000, *[0] * 8]


def test_a_cancellation_without_refund_earns_what_is_kept() -> None:
    """In the middle of March, by days: 3,000.00 for three months; 2,862.90 by then, the rest so."""
    kept = told(SubscriptionCancelled(when=on("2024-03-16"), refund="none"), ratable_by="day")

    assert revenue(kept, "2024-01-01", "2024-12-31") == 300_000
    assert revenue(kept, "2024-04-01", "2024-12-31") == 0


def test_a_change_inside_what_is_charged_keeps_what_was_earned_of_it() -> None:
    """366.00 for a year by days, half of it for a training. Cancelled after 60 days 30.00 + 183.00
    are earned and 60.00 charged; at 2.00 a day from then on 459.00 are left for 306 days.
    """
    prices: Prices = {
        "year": flat("366", once=True, **ssp("366")),
        "dear": flat("732", once=True, **ssp("366")),
        "training": flat("0", **ONCE, **ssp("366")),
    }
    first = started("2024-01-01", "2025-01-01", "year", "training")
    gone = SubscriptionCancelled(when=on("2024-03-01"))
    how: dict[str, Any] = {"first": first, "prices": prices, "ratable_by": "day"}

    assert months(told(gone, **how)) == [15_50 + 183_00, 14_50, -153_00, *[0] * 9]
    dear = amended("2024-03-01", ItemChange(item="year", price="dear"))
    assert months(told(dear, **how), "year")[:4] == [15_50, 14_50, 46_50, 45_00]
    assert sum(months(told(dear, **how))) == 60_00 + 612_00


def test_as_charged_every_item_earns_what_it_is_charged() -> None:
    plain = told(subscription_price="as-charged")

    assert months(plain, "plan") == [100_000] * 12
    assert months(plain, "training") == [0] * 12


def test_without_selling_prices_prices_are_taken_for_them() -> None:
    prices: Prices = {"plan": flat("1000"), "training": flat("0", **ONCE)}

    assert months(told(prices=prices), "plan") == [100_000] * 12


def test_an_item_without_one_beside_one_with_one_waits() -> None:
    prices: Prices = {**PRICES, "training": flat("0", **ONCE)}
    with pytest.raises(Rejected) as refused:
        told(prices=prices)

    assert (refused.value.code, refused.value.context["item"]) == ("ssp-missing", "training")


def test_a_fee_paid_upfront_is_part_of_the_price() -> None:
    """13,600.00 by 12,000.00 and 4,000.00: 10,200.00 and 3,400.00, nothing for the fee itself."""
    first = started("2024-01-01", "2025-01-01", "plan", "training", "fee")
    with_fee = told(first=first)

    assert months(with_fee, "plan") == [85_000] * 12
    assert months(with_fee, "training") == [340_000, *[0] * 11]
    assert months(with_fee, "fee") == [0] * 12


def test_what_is_added_at_what_it_sells_for_alone_is_apart() -> None:
    """Ten seats at their 60.00 leave everything else as it was (rule 7)."""
    prices: Prices = {**PRICES, "seat": each("60", **ssp("60"))}
    seats = amended("2024-07-01", ItemChange(item="seat", price="seat", quantity=Decimal(10)))
    more = told(seats, prices=prices)

    assert months(more, "plan") == [75_000] * 12
    assert months(more, "seat") == [*[0] * 6, *[60_000] * 6]


def test_what_is_added_for_less_is_shared_over_what_remains() -> None:
    """Ten seats at 50.00 that sell for 60.00 (rule 8): of 12,000.00 + 3,000.00 there are 7,500.00
    earned by June; 7,500.00 by 6,000.00 and 3,600.00: 4,687.50 and 2,812.50 over six months.
    """
    seats = amended("2024-07-01", ItemChange(item="seat", price="seat", quantity=Decimal(10)))
    more = told(seats)

    assert months(more, "plan") == [*[75_000] * 6, *[78_125] * 6]
    assert months(more, "seat") == [*[0] * 6, *[46_875] * 6]
    assert months(more, "training") == [300_000, *[0] * 11]


def test_a_price_cut_lowers_what_remains() -> None:
    """From July on 400.00: 8,400.00 in all, 7,500.00 by June, 150.00 a month from then on."""
    cut = told(amended("2024-07-01", ItemChange(item="plan", price="cheap")))

    assert months(cut, "plan") == [*[75_000] * 6, *[15_000] * 6]


def test_agreed_late_it_is_measured_late_and_keyed_late_it_is_caught_up() -> None:
    """The same cut from July on, agreed on 1 October: of 8,400.00 9,750.00 are earned by then."""
    late = amended("2024-07-01", ItemChange(item="plan", price="cheap"), agreed="2024-10-01")

    assert months(told(late), "plan") == [*[75_000] * 9, *[-45_000] * 3]


def test_a_new_version_of_a_price_is_a_change_of_its_day_and_a_new_selling_price_is_none() -> None:
    plan = flat("1000", **ssp("1000"))
    cheaper = flat("400", since="2024-07-01", **ssp("1000"))
    dearer = flat("1000", since="2024-07-01", **ssp("9000"))

    assert months(told(prices={**PRICES, "plan": [plan, cheaper]}), "plan") == [
        *[75_000] * 6,
        *[15_000] * 6,
    ]
    assert months(told(prices={**PRICES, "plan": [plan, dearer]}), "plan") == [75_000] * 12


def test_blend_and_extend_shares_what_is_left_over_both_years() -> None:
    """12,000.00 by 12,000.00 and 6,000.00. On 1 July extended by a year at 450.00: 6,000.00 of
    14,100.00 are earned; 8,100.00 by 18,000.00 and 9,000.00 over 18 months.
    """
    cheap = ItemChange(item="plan", price="cheap")
    extended = SubscriptionRenewed(when=on("2024-07-01"), term_to=date(2026, 1, 1), items=(cheap,))
    prices: Prices = {
        "plan": flat("1000", **ssp("1000")),
        "cheap": flat("450", **ssp("1000")),
        "extra": flat("0", **ssp("500")),
    }
    both = started("2024-01-01", "2025-01-01", "plan", "extra")
    found = told(extended, first=both, prices=prices)

    assert months(found, "plan", 24) == [*[66_667, 66_666, 66_667] * 2, *[30_000] * 18]
    assert months(found, "extra", 24) == [*[33_333, 33_334, 33_333] * 2, *[15_000] * 18]


def test_a_renewal_at_the_end_is_shared_by_itself() -> None:
    """A training for each term, as it is charged once in each."""
    renewed = SubscriptionRenewed(when=on("2025-01-01"), term_to=date(2026, 1, 1))
    found = told(renewed)

    assert months(found, "plan", 24) == [75_000] * 24
    assert months(found, "training", 24) == [300_000, *[0] * 11] * 2


def test_each_term_that_is_renewed_by_itself_is_shared_by_itself() -> None:
    first = started("2024-01-01", "2025-01-01", "plan", "support", renews_months=12)
    by_itself = told(first=first)

    # 13,200.00 by 12,000.00 and 2,400.00.
    assert sum(months(by_itself, None, 12)) == sum(months(by_itself, None, 24)[12:]) == 1_320_000
    assert (
        sum(months(by_itself, "plan", 12)) == sum(months(by_itself, "plan", 24)[12:]) == 1_100_000
    )


def test_a_price_cut_lowers_what_remains_of_its_term_and_the_next_one_by_itself() -> None:
    """900.00 of 8,400.00 are left of 2024; 4,800.00 of 2025 by 12,000.00 and 4,000.00."""
    cut = amended("2024-07-01", ItemChange(item="plan", price="cheap"))
    renewing = started("2024-01-01", "2025-01-01", "plan", "training", renews_months=12)
    found = told(cut, first=renewing)

    assert months(found, "plan", 24) == [75_000] * 6 + [15_000] * 6 + [30_000] * 12
    assert months(found, "training", 24) == [300_000, *[0] * 11, 120_000, *[0] * 11]


def test_an_amendment_undone_and_entered_again_counts_once() -> None:
    cut = amended("2024-07-01", ItemChange(item="plan", price="cheap"))
    said = [
        fact(1, stream="subscription:s", event=SOLD),
        fact(2, stream="subscription:s", event=cut),
        fact(3, stream="subscription:s", event=Retracted(when=on("2024-07-01")), corrects=2),
        fact(4, stream="subscription:s", event=cut),
    ]
    undone, again = (scheduled(PRICES, said[:count], ratable_by="month") for count in (3, 4))

    assert months(undone, "plan") == [75_000] * 12
    assert months(again, "plan") == [*[75_000] * 6, *[15_000] * 6]
    assert {cause for flow in again.flows for cause in flow.causes} == {1, 4}


def test_co_termed_seats_share_until_the_same_end() -> None:
    first = started("2024-01-01", "2025-01-01", "plan", Item(item="seat", price="seat"))
    seats = amended("2024-10-01", ItemChange(item="seat", quantity=Decimal(11)))
    found = told(seats, first=first)
    # 12,600.00 by 12,720.00; nine months are 9,450.00. Then 4,650.00 by 3,000.00 and 1,980.00.
    assert sum(months(found)[:9]) == 945_000
    assert sum(months(found, "seat")[9:]) == 184_880
    assert sum(months(found)) == 12 * 105_000 + 3 * 50_000


def test_access_decides_since_when_a_share_is_earned() -> None:
    late = told(AccessGranted(when=on("2024-02-01"), item="plan"))

    assert months(late, "plan")[0] == 0
    assert months(late, "training") == [300_000, *[0] * 11]
    assert sum(months(late, "plan")) == 900_000


def test_without_end_nothing_is_shared() -> None:
    first = started("2024-01-01", None, "plan", "support")

    assert months(told(first=first), "plan") == [100_000] * 12


def set_price(**more: Any) -> SetPrice:
    given = {"model": Flat(amount=Decimal(10)), "ssp": Decimal(10), **more}
    return SetPrice(when=on("2024-01-01"), currency="USD", **given)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ssp": Decimal(0)}, "ssp-not-positive"),
        ({"ssp": Decimal(-1)}, "negative-price"),
        ({"meter": "calls"}, "ssp-of-no-share"),
        ({"pattern": "as-invoiced"}, "ssp-of-no-share"),
        (FEE, "ssp-of-no-share"),
        ({"model": Prepaid(amount=Decimal(10)), "proration": "none"}, "ssp-of-no-share"),
    ],
)
def test_a_selling_price_that_makes_no_sense_is_refused(more: dict[str, Any], code: str) -> None:
    with pytest.raises((Rejected, Malformed)) as refused:
        decide("price:plan", set_price(**more))

    assert refused.value.code == code
    assert refused.value.context.get("field", "ssp") == "ssp"
    assert decide("price:plan", set_price())
