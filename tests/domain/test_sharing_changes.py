"""What changes make of a shared price: in turn, apart or spread anew, and at an end."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.accounting.curves import total
from domain.discount import DiscountGranted
from domain.service import AccessGranted, AccessWithdrawn, SubscriptionPaused, SubscriptionResumed
from domain.subscription import Item, ItemChange, SubscriptionCancelled, SubscriptionRenewed
from tests.domain.contracting import on, revenue, steps
from tests.domain.subscribing import each, flat, started
from tests.domain.test_sharing import FEE, ONCE, PRICES, Prices, amended, months, ssp, told

# Whole years: one charge each.
YEARS: Prices = {
    "year": flat("366", once=True, **ssp("366")),
    "other": flat("732", once=True, **ssp("366")),
    "dear": flat("732", once=True, **ssp("366")),
}
BOTH = started("2024-01-01", "2025-01-01", "year", "other")
DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
AT_ITS_PRICE: Prices = {**PRICES, "seat": each("60", **ssp("60")), "box": each("100", **ssp("100"))}


def added(item: str, quantity: int = 1) -> ItemChange:
    return ItemChange(item=item, price=item, quantity=Decimal(quantity))


def cancelled(day: str, agreed: str | None = None, **how: Any) -> SubscriptionCancelled:
    return SubscriptionCancelled(when=on(day, agreed), **how)


def a_day(minor: int, *, since: int = 0) -> list[int]:
    """So much for each day of the months from one on."""
    return [minor * days for days in DAYS[since:]]


# --- in turn ---


def test_of_two_changes_on_one_day_each_is_measured_by_itself() -> None:
    """The cut leaves 900.00 of 8,400.00; then seats at their price, which are apart."""
    cut = amended("2024-07-01", ItemChange(item="plan", price="cheap"))
    found = told(cut, amended("2024-07-01", added("seat", 10)), prices=AT_ITS_PRICE)

    assert months(found, "plan") == [*[75_000] * 6, *[15_000] * 6]
    assert months(found, "seat") == [*[0] * 6, *[60_000] * 6]


def test_what_is_transferred_on_the_day_of_a_later_change_is_shared_with_it() -> None:
    """A training and a cut on one day: of 8,400.00 6,000.00 are earned; 2,400.00 by 6,000.00 and
    4,000.00: 1,440.00 over six months, and 960.00.
    """
    first = started("2024-01-01", "2025-01-01", "plan")
    cut = amended("2024-07-01", ItemChange(item="plan", price="cheap"))
    found = told(amended("2024-07-01", added("training")), cut, first=first)

    assert months(found, "plan") == [*[100_000] * 6, *[24_000] * 6]
    assert months(found, "training") == [*[0] * 6, 96_000, *[0] * 5]


def test_what_is_added_on_the_first_day_of_a_term_shares_the_price_of_that_term() -> None:
    """16,000.00 by 12,000.00, 4,000.00 and 4,000.00, though it is added at what it sells for."""
    first = started("2024-01-01", "2025-01-01", "plan", "training", renews_months=12)
    prices: Prices = {**PRICES, "workshop": flat("4000", **ONCE, **ssp("4000"))}
    found = told(amended("2025-01-01", added("workshop")), first=first, prices=prices)

    assert months(found, "plan", 24) == [*[75_000] * 12, *[80_000] * 12]
    assert months(found, "training", 24) == [300_000, *[0] * 11, 320_000, *[0] * 11]
    assert months(found, "workshop", 24) == [*[0] * 12, 320_000, *[0] * 11]


def test_what_is_added_on_the_first_day_of_a_deal_was_agreed_with_it() -> None:
    first = started("2024-01-01", "2025-01-01", "plan", "training")
    prices: Prices = {**PRICES, "workshop": flat("4000", **ONCE, **ssp("4000"))}
    found = told(amended("2024-01-01", added("workshop")), first=first, prices=prices)

    assert months(found, "plan") == [80_000] * 12
    assert months(found, "training") == [320_000, *[0] * 11]
    assert months(found, "workshop") == [320_000, *[0] * 11]


# --- apart (rule 7) ---


def test_more_of_the_same_at_what_it_sells_for_alone_is_apart() -> None:
    """36,000.00 by 12,000.00, 24,000.00 and 4,000.00; from July ten more at their 100.00."""
    boxes = Item(item="box", price="box", quantity=Decimal(20))
    first = started("2024-01-01", "2025-01-01", "plan", "training", boxes)
    more = amended("2024-07-01", ItemChange(item="box", quantity=Decimal(30)))
    found = told(more, first=first, prices=AT_ITS_PRICE)

    assert months(found, "plan") == [90_000] * 12
    assert months(found, "box") == [*[180_000] * 6, *[280_000] * 6]
    assert months(found, "training") == [360_000, *[0] * 11]


def test_what_takes_the_place_of_something_is_not_apart() -> None:
    """Seats for less, and on the same day boxes at their price in their place: 18,000.00, of which
    7,500.00 are earned; 10,500.00 by 6,000.00 and 6,000.00.
    """
    seats = amended("2024-07-01", added("seat", 10))
    instead = amended("2024-07-01", ItemChange(item="seat", removed=True), added("box", 10))
    prices: Prices = {**PRICES, "box": each("100", **ssp("100"))}
    found = told(seats, instead, prices=prices)

    assert months(found, "plan") == [*[75_000] * 6, *[87_500] * 6]
    assert months(found, "box") == [*[0] * 6, *[87_500] * 6]
    assert months(found, "seat") == [0] * 12


def test_a_fee_sells_for_nothing_alone_whether_it_was_paid_or_is_waived() -> None:
    """13,600.00 by 12,000.00 and 4,000.00 as they were; seats at their 60.00 beside."""
    paid = started("2024-01-01", "2025-01-01", "plan", "training", "fee")
    seats = amended("2024-07-01", added("seat", 10))
    with_fee = told(seats, first=paid, prices=AT_ITS_PRICE)

    assert months(with_fee, "plan") == [85_000] * 12
    assert months(with_fee, "seat") == [*[0] * 6, *[60_000] * 6]

    free: Prices = {**AT_ITS_PRICE, "waived": flat("0", **FEE)}
    waived = told(amended("2024-07-01", added("seat", 10), added("waived")), prices=free)
    assert months(waived, "plan") == [75_000] * 12
    assert months(waived, "seat") == [*[0] * 6, *[60_000] * 6]


# --- over what remains (rule 8) ---


def test_what_runs_on_beside_a_change_bears_what_is_left_by_its_own_days() -> None:
    """1,098.00 by equal shares, 1.50 a day each. After 60 days 732.00 for a year: of 1,404.00
    180.00 are earned, and 1,224.00 left for 306 days of both: 2.00 a day each.
    """
    dear = amended("2024-03-01", ItemChange(item="year", price="dear"))
    found = told(dear, first=BOTH, prices=YEARS, ratable_by="day")

    assert months(found, "year") == [*a_day(150)[:2], *a_day(200, since=2)]
    assert months(found, "other") == [*a_day(150)[:2], *a_day(200, since=2)]


def test_a_part_of_a_month_bears_its_part() -> None:
    """1,500.00 by 1,500.00 and 500.00: 750.00 and 375.00 for a month and a half of one."""
    first = started("2024-03-01", "2024-04-16", "plan", "training")
    prices: Prices = {**PRICES, "training": flat("0", **ONCE, **ssp("500"))}
    found = told(first=first, prices=prices)

    assert months(found, "plan")[2:5] == [75_000, 37_500, 0]
    assert months(found, "training")[2:5] == [37_500, 0, 0]


def test_none_of_something_bears_nothing() -> None:
    none = Item(item="seat", price="seat", quantity=Decimal(0))
    found = told(first=started("2024-01-01", "2025-01-01", "plan", "training", none))

    assert months(found, "plan") == [75_000] * 12
    assert months(found, "seat") == [0] * 12


def test_what_is_kept_of_what_is_sold_no_more_goes_to_what_goes_on() -> None:
    """24,000.00 by 12,000.00 and 36,000.00: 500.00 and 1,500.00 a month. From July on 12,000.00 are
    left, all for the plan.
    """
    prices: Prices = {
        "access": flat("12000", once=True, **ssp("12000")),
        "plan": flat("1000", **ssp("3000")),
    }
    gone = amended("2024-07-01", ItemChange(item="access", removed=True, refund="none"))
    found = told(gone, first=started("2024-01-01", "2025-01-01", "access", "plan"), prices=prices)

    assert months(found, "access") == [*[50_000] * 6, *[0] * 6]
    assert months(found, "plan") == [*[150_000] * 6, *[200_000] * 6]


@pytest.mark.parametrize(("how", "year", "other"), [("run-on", 150, 150), ("stop", 0, 300)])
def test_where_schedules_run_on_what_is_kept_still_bears_its_own_days(
    how: str, year: int, other: int
) -> None:
    """1.50 a day each; after 60 days one is sold no more and nothing of it is given back: as if
    nothing had happened where it runs on, else 918.00 over 306 days for the other.
    """
    gone = amended("2024-03-01", ItemChange(item="year", removed=True, refund="none"))
    found = told(gone, first=BOTH, prices=YEARS, ratable_by="day", after_cancellation=how)

    assert months(found, "year") == [*a_day(150)[:2], *a_day(year, since=2)]
    assert months(found, "other") == [*a_day(150)[:2], *a_day(other, since=2)]


def test_what_is_kept_of_what_was_transferred_at_once_is_no_further_transfer() -> None:
    """All of the training's 3,000.00 was earned on the first day: what is left is the plan's."""
    gone = amended("2024-07-01", ItemChange(item="training", removed=True, refund="none"))
    found = told(gone)

    assert months(found, "plan") == [75_000] * 12
    assert months(found, "training") == [300_000, *[0] * 11]


# --- nothing remains ---


def test_what_was_earned_beyond_what_is_charged_is_taken_back_as_one_amount() -> None:
    """13,200.00 by 12,000.00, 2,400.00 and 1,600.00. After three months 4,290.00 are earned and
    3,300.00 charged.
    """
    prices: Prices = {**PRICES, "training": flat("0", **ONCE, **ssp("1600"))}
    first = started("2024-01-01", "2025-01-01", "plan", "support", "training")
    found = told(cancelled("2024-04-01"), first=first, prices=prices)

    assert months(found, "plan") == [*[82_500] * 3, -99_000, *[0] * 8]
    assert months(found, "support") == [*[16_500] * 3, *[0] * 9]
    assert months(found, "training") == [132_000, *[0] * 11]


def test_where_as_much_is_charged_as_was_earned_nothing_is_told_of_the_end() -> None:
    first = started("2024-01-01", "2025-01-01", "plan")
    found = told(cancelled("2024-04-01"), first=first)

    assert months(found) == [*[100_000] * 3, *[0] * 9]
    assert all(total(flow.curve) for flow in found.flows if flow.kind == "release")


def test_cancelled_on_the_first_day_nothing_is_earned() -> None:
    gone = told(cancelled("2024-01-01"))

    assert {item: months(gone, item) for item in (None, "plan", "training")} == {
        item: [0] * 12 for item in (None, "plan", "training")
    }


def test_a_fee_that_nothing_is_sold_beside_is_earned_all_the_same() -> None:
    """The plan is sold no more from the first day on; the fee is kept."""
    first = started("2024-01-01", "2025-01-01", "fee", "plan")
    gone = amended("2024-01-01", ItemChange(item="plan", removed=True))

    assert sum(months(told(gone, first=first), "fee")) == 160_000


def test_agreed_late_to_have_never_been_all_that_was_earned_is_taken_back() -> None:
    """12,000.00 by 12,000.00 and 4,000.00: 2,250.00 and 3,000.00 by then."""
    prices: Prices = {**PRICES, "access": flat("12000", once=True, **ssp("12000"))}
    first = started("2024-01-01", "2025-01-01", "access", "training")
    found = told(cancelled("2024-01-01", agreed="2024-04-01"), first=first, prices=prices)

    assert months(found, "access") == [*[75_000] * 3, -525_000, *[0] * 8]
    assert months(found, "training") == [300_000, *[0] * 11]


# --- beyond the term, and in words ---


def test_a_fee_that_is_of_use_beyond_the_term_is_no_part_of_its_price() -> None:
    """2,400.00 over 24 months; nobody renews, so half of it is earned when the term is over."""
    prices: Prices = {**PRICES, "long": flat("2400", benefits_months=24, **FEE)}
    found = told(
        first=started("2024-01-01", "2025-01-01", "plan", "training", "long"), prices=prices
    )

    assert months(found, "long") == [*[10_000] * 11, 130_000]
    assert months(found, "plan") == [75_000] * 12
    assert months(found, "training") == [300_000, *[0] * 11]


def test_a_share_says_what_it_is_a_share_of_and_what_was_recognised_before() -> None:
    """2,000.00 by 2,000.00 and 4,000.00; then 7,500.00 of a year's 12,000.00 by July."""
    short = told(first=started("2024-01-01", "2024-03-01", "plan", "training"))

    assert steps(short, "training") == {
        "transaction price by 2024-01-01": "2000.00",
        "charged for plan 2024-01-01 to 2024-02-01": "1000.00",
        "charged for plan 2024-02-01 to 2024-03-01": "1000.00",
        "charged for training 2024-01-01 to 2024-03-01": "0.00",
        "sells alone: plan 2024-01-01 to 2024-02-01": "1000.00",
        "sells alone: plan 2024-02-01 to 2024-03-01": "1000.00",
        "sells alone: training 2024-01-01 to 2024-03-01": "4000.00",
        "share of training": "1333.33",
        "earned": "2024-01-01",
    }
    cut = steps(told(amended("2024-07-01", ItemChange(item="plan", price="cheap"))), "plan")
    assert cut["transaction price by 2024-07-01"] == "8400.00"
    assert cut["recognised before 2024-07-01"] == "7500.00"


def test_what_cannot_be_used_before_it_is_sold_no_more_was_not_earned_the_day_before() -> None:
    """Access to all from 2 February on, when the plan is removed: of 2,234.48 that are charged
    nothing was earned, and support is what remains.
    """
    first = started("2024-01-01", "2025-01-01", "plan", "support")
    gone = amended("2024-02-02", ItemChange(item="plan", removed=True))
    found = told(AccessGranted(when=on("2024-02-02")), gone, first=first, ratable_by="day")

    assert revenue(found, "2024-01-01", "2024-02-01") == 0
    assert months(found, "plan") == [0] * 12
    assert sum(months(found, "support")) == 2234_48


@pytest.mark.parametrize(("by", "earned"), [("month", [0, 200_00]), ("day", [51_72, 148_28])])
def test_what_is_sold_on_was_not_over_where_the_month_is_measured_anew(
    by: str, earned: list[int]
) -> None:
    """No access from February on, and the term ends in the middle of it: 51.72 are charged by then.
    The renewal of that day counts from the 1st where months stand still inside; by days the end
    came before it.
    """
    first = started("2024-01-01", "2024-02-16", "support")
    renewed = SubscriptionRenewed(when=on("2024-02-16"), term_to=date(2024, 4, 1))
    found = told(AccessWithdrawn(when=on("2024-02-01")), renewed, first=first, ratable_by=by)

    assert months(found, "support", 4) == [100_00, *earned, 0]


# --- fees that nothing bears yet, or no more (rule 36) ---

FEE_ALONE = started("2024-01-01", "2025-01-01", "fee")
FEE_AND_PLAN = started("2024-01-01", "2025-01-01", "fee", "plan")
USED: Prices = {**PRICES, "calls": each("1", meter="calls"), "more": flat("400", **FEE)}


def paused(day: str) -> SubscriptionPaused:
    return SubscriptionPaused(when=on(day))


def removed(item: str, day: str, **how: Any) -> Any:
    return amended(day, ItemChange(item=item, removed=True, **how))


def test_a_fee_whose_service_begins_later_is_earned_with_it_from_then_on() -> None:
    """1,600.00 and ten months: 560.00 a month at 400.00, 1,160.00 at its price of 1,000.00."""
    cheap = told(amended("2024-03-01", added("cheap")), first=FEE_ALONE)
    plan = told(amended("2024-03-01", added("plan")), first=FEE_ALONE)

    assert months(cheap) == months(cheap, "cheap") == [0, 0, *[56_000] * 10]
    assert months(plan) == months(plan, "plan") == [0, 0, *[116_000] * 10]


def test_a_fee_is_earned_with_what_is_transferred_at_once_if_that_is_all() -> None:
    found = told(amended("2024-03-01", added("training")), first=FEE_ALONE)

    assert months(found) == months(found, "training") == [0, 0, 160_000, *[0] * 9]


def test_a_fee_waits_while_service_is_paused_and_goes_on_with_it() -> None:
    """266.67 are earned by March; 1,333.33 and 7,000.00 over the seven months from June on."""
    resumed = SubscriptionResumed(when=on("2024-06-01"))
    found = told(paused("2024-03-01"), resumed, first=FEE_AND_PLAN)
    waits = told(paused("2024-03-01"), first=FEE_AND_PLAN)

    assert months(found)[:6] == [113_333, 113_334, 0, 0, 0, 119_048]
    assert sum(months(found)[5:]) == 833_333
    assert months(waits, "fee") == [*[0] * 11, 133_333]
    assert steps(waits, "fee")["fee waits for what is sold until"] == "2025-01-01"


def test_what_is_sold_again_at_its_price_bears_what_a_fee_was_not_earned_of() -> None:
    """1,333.33 and 3,200.00 over eight months."""
    found = told(
        removed("plan", "2024-03-01"), amended("2024-05-01", added("cheap")), first=FEE_AND_PLAN
    )

    assert months(found)[:5] == [113_333, 113_334, 0, 0, 56_667]
    assert sum(months(found, "cheap")) == 453_333
    assert months(found, "fee") == [0] * 12


def test_a_fee_whose_item_ends_is_earned_on_that_day_whatever_comes_after() -> None:
    gone = removed("fee", "2024-02-10")
    found = told(gone, amended("2024-05-01", added("cheap")), first=FEE_ALONE)

    assert months(found, "fee") == [0, 160_000, *[0] * 10]
    assert months(found, "cheap") == [*[0] * 4, *[40_000] * 8]


def test_where_schedules_run_on_a_fee_waits_for_the_end_of_its_term_after_a_cancellation() -> None:
    found = told(
        amended("2024-03-01", added("cheap")),
        cancelled("2024-04-01"),
        first=FEE_ALONE,
        after_cancellation="run-on",
    )

    assert months(found, "fee") == [*[0] * 11, 160_000 - 16_000]


def test_only_what_is_not_earned_of_fees_waits_what_else_is_kept_is_earned_at_once() -> None:
    """13,600.00 a year: 1,133.33 by February, 1,600.00 of 12,466.67 wait, the rest is earned."""
    prices: Prices = {**PRICES, "year": flat("12000", once=True, **ssp("12000"))}
    first = started("2024-01-01", "2025-01-01", "fee", "year")
    found = told(removed("year", "2024-02-01", refund="none"), first=first, prices=prices)

    assert months(found) == [113_333, 1_086_667, *[0] * 9, 160_000]


def test_what_was_earned_beyond_what_is_charged_is_no_fee() -> None:
    """A training earned 3,400.00 and the plan 850.00 in January; 2,600.00 are charged."""
    first = started("2024-01-01", "2025-01-01", "fee", "plan", "training")
    found = told(removed("plan", "2024-02-01"), first=first)

    assert months(found) == [425_000, -165_000, *[0] * 10]


def test_beside_usage_a_fee_is_earned_over_its_term() -> None:
    """133.33 a month; a plan at what it sells for is apart, one for less bears what is left."""
    first = started("2024-01-01", "2025-01-01", "fee", "calls")
    plan = told(amended("2024-03-01", added("plan")), first=first, prices=USED)
    cheap = told(amended("2024-03-01", added("cheap")), first=first, prices=USED)

    assert months(plan, "fee") == [13_333, 13_334, 13_333, 13_334, *months(plan, "fee")[4:]]
    assert months(plan, "plan") == [0, 0, *[100_000] * 10]
    assert sum(months(plan, "fee")) == 160_000
    assert months(cheap, "fee") == [13_333, 13_334, *[0] * 10]
    assert sum(months(cheap, "cheap")) == 400_000 + 133_333


def test_usage_that_begins_later_begins_a_fee_and_its_end_is_no_end_of_it() -> None:
    """1,600.00 over ten months from March on; training sold beside it is all transferred."""
    first = started("2024-01-01", "2025-01-01", "fee", "plan")
    found = told(
        removed("plan", "2024-01-01"),
        amended("2024-03-01", added("calls")),
        removed("calls", "2024-06-01"),
        first=first,
        prices=USED,
    )

    assert months(found, "fee")[:6] == [0, 0, 16_000, 16_000, 16_000, 0]
    assert sum(months(found, "fee")) == 160_000


def test_of_two_fees_each_waits_by_itself() -> None:
    first = started("2024-01-01", "2025-01-01", "fee", "more")
    found = told(
        removed("more", "2024-04-01"),
        amended("2024-06-01", added("cheap")),
        first=first,
        prices=USED,
    )

    assert months(found, "more") == [0, 0, 0, 40_000, *[0] * 8]
    assert months(found, "cheap") == [*[0] * 5, 62_857, *months(found, "cheap")[6:]]
    assert sum(months(found, "cheap")) == 160_000 + 280_000


def test_a_fee_for_what_is_sold_after_all_else_was_transferred_waits() -> None:
    found = told(
        amended("2024-06-01", added("fee")), first=started("2024-01-01", "2025-01-01", "training")
    )

    assert months(found) == [*[0] * 11, 160_000]


def test_what_is_taken_off_a_fee_does_not_wait_by_itself() -> None:
    """Half of 1,600.00, and 4,000.00, over ten months."""
    half = DiscountGranted(when=on("2024-01-01"), discount="d", percent=Decimal(50), items=("fee",))
    waits = told(half, amended("2024-03-01", added("training")), first=FEE_ALONE)
    found = told(half, amended("2024-03-01", added("cheap")), first=FEE_ALONE)

    assert months(waits) == [0, 0, 80_000, *[0] * 9]
    assert months(found) == [0, 0, *[48_000] * 10]
