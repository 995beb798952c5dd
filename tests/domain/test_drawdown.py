"""Prepaid credits: what pays for which usage, on which day, and what is earned and given back."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.billing_options import BillingOptions
from domain.charge import stood
from domain.discount import DiscountGranted
from domain.facts import When
from domain.pricing import Commitment, PerUnit
from domain.pricing.tiers import Tier
from domain.pricing.volume import Volume
from domain.subscription import (
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
)
from tests.domain.drawing import JANUARY, Desk

END = date(2024, 12, 31)


def jan(day: int) -> date:
    return date(2024, 1, day)


def desk(*packs: dict[str, Any], to: date | None = date(2025, 1, 1)) -> Desk:
    """Calls and mails at 1.00 each, and packs."""
    made = Desk()
    made.sell("calls")
    made.sell("mails")
    for pack in packs:
        made.pack(**pack)
    made.start("calls", "mails", *(pack["item"] for pack in packs), to=to)
    return made


def pack(item: str, amount: str, granted: str | None = None, **more: Any) -> dict[str, Any]:
    return {"item": item, "amount": amount, "granted": granted} | more


def month(item: str, amount: str, granted: str | None = None, **more: Any) -> dict[str, Any]:
    return pack(item, amount, granted, expires_periods=1, **more)


def once(item: str, amount: str, granted: str | None = None, **more: Any) -> dict[str, Any]:
    return pack(item, amount, granted, once=True, **more)


def leave(day: date, **more: Any) -> SubscriptionAmended:
    gone = ItemChange(item="pack", removed=True, **more)
    return SubscriptionAmended(when=When(effective=day), items=(gone,))


# --- who pays what ------------------------------------------------------------------------------


def test_usage_is_drawn_from_the_credits_open_on_its_day_and_the_rest_is_billed() -> None:
    own = desk(month("pack", "100"))
    own.use("calls", jan(5), "60")
    own.use("calls", jan(9), "70")

    assert own.drawn() == [("calls", "pack", 10_000)]
    assert [one.marks for one in own.charged().charges if one.drawn_from] == [
        ((jan(5), -6_000), (jan(9), -10_000))
    ]


def test_credits_of_a_month_are_for_that_month_alone_unless_they_live_longer() -> None:
    own, longer = desk(month("pack", "100")), desk(pack("pack", "100", expires_periods=2))
    for one in (own, longer):
        one.use("calls", date(2024, 2, 5), "150")

    assert own.drawn() == [("calls", "pack", 10_000)]
    assert longer.drawn() == [("calls", "pack", 15_000)]


def test_the_lowest_priority_is_drawn_first_then_what_expires_first_then_the_oldest() -> None:
    first = desk(once("a", "50", priority=1), once("b", "50"))
    sooner = desk(once("a", "50", expires_months=6), once("b", "50", expires_days=30))
    older = desk(once("a", "50"), once("b", "50"))
    for own in (first, sooner, older):
        own.use("calls", jan(9), "60")

    assert first.drawn() == [("calls", "a", 1_000), ("calls", "b", 5_000)]
    assert sooner.drawn() == [("calls", "a", 1_000), ("calls", "b", 5_000)]
    assert older.drawn() == [("calls", "a", 5_000), ("calls", "b", 1_000)]


def test_only_the_items_it_covers_draw_a_pack() -> None:
    own = desk(once("pack", "50", covers=("mails",)))
    own.use("calls", jan(2), "40")
    own.use("mails", jan(2), "40")

    assert own.drawn() == [("mails", "pack", 4_000)]


def test_an_amount_is_rounded_before_it_is_drawn() -> None:
    """Published: 39.00 for two metrics, 17.72 and 17.69 with tax, and a third that may not draw."""
    own = Desk()
    for item, amount in (("m1", "17.7196"), ("m2", "17.6948"), ("other", "12.40")):
        own.sell(item, amount, options=BillingOptions(rounding="line"))
    own.pack("wallet", "39.00", covers=("m1", "m2"), once=True)
    own.start("m1", "m2", "other", "wallet")
    for day, item in ((3, "other"), (4, "m1"), (5, "m2")):
        own.use(item, jan(day), "1")

    assert own.drawn() == [("m1", "wallet", 1_772), ("m2", "wallet", 1_769)]
    assert 3_900 - own.purse("wallet").drawn_minor == 359


def test_credits_bought_later_pay_for_nothing_used_before() -> None:
    own = desk(once("pack", "10"))
    own.pack("more", "50", once=True)
    added = ItemChange(item="more", price="more")
    own.change(SubscriptionAmended(when=When(effective=jan(10)), items=(added,)))
    own.use("calls", jan(9), "30")
    own.use("calls", jan(10), "5")

    assert own.drawn() == [("calls", "more", 500), ("calls", "pack", 1_000)]


def test_what_a_volume_price_takes_back_goes_back_the_way_it_came() -> None:
    """First what nobody paid, then what was drawn last."""
    tiers = (Tier(up_to=Decimal(100), unit_amount=Decimal(10)), Tier(unit_amount=Decimal(1)))
    own = Desk()
    own.sell("calls", model=Volume(tiers=tiers))
    own.pack("first", "400", once=True)
    own.pack("second", "100", once=True, priority=1)
    own.start("calls", "first", "second")
    own.use("calls", jan(2), "60")
    own.use("calls", jan(3), "60")

    assert own.purse("first").marks == ((jan(2), 40_000), (jan(3), 12_000))
    assert own.purse("second").marks == ((jan(2), 10_000), (jan(3), 0))


def test_usage_below_nothing_draws_no_credits_and_is_made_good_first() -> None:
    own = Desk()
    own.sell("calls", model=PerUnit(unit_amount=Decimal(10)))
    own.pack("pack", "400", once=True)
    own.start("calls", "pack")
    own.use("calls", jan(2), "-3")
    own.use("calls", jan(3), "1")
    own.use("calls", jan(4), "7")
    own.use("calls", jan(5), "-9")

    assert own.purse("pack").marks == ((jan(4), 5_000), (jan(5), 0))


def test_discounts_come_off_usage_before_it_is_drawn() -> None:
    own = desk(once("pack", "100"))
    half = DiscountGranted(
        when=When(effective=JANUARY), discount="half", percent=Decimal(50), items=("calls",)
    )
    own.change(half)
    own.use("calls", jan(5), "60")

    assert own.drawn() == [("calls", "pack", 3_000)]


def test_what_credits_pay_counts_towards_a_commitment_and_buying_them_does_not() -> None:
    own = desk(month("pack", "100"))
    own.price("promise", Commitment(amount=Decimal(150)), bill="arrears")
    added = ItemChange(item="promise", price="promise")
    own.change(SubscriptionAmended(when=When(effective=JANUARY), items=(added,)))
    own.use("calls", jan(5), "120")

    short = [one.minor for one in own.charged().charges if one.kind == "commitment"]

    assert short[0] == 3_000


def test_late_usage_is_drawn_as_it_would_have_been() -> None:
    own, late = desk(once("pack", "50")), desk(once("pack", "50"))
    for item, day in (("calls", 5), ("mails", 4)):
        own.use(item, jan(day), "40")
    for item, day in (("mails", 4), ("calls", 5)):
        late.use(item, jan(day), "40")

    assert own.drawn() == late.drawn() == [("calls", "pack", 1_000), ("mails", "pack", 4_000)]


def test_the_page_says_what_is_drawn() -> None:
    """Each row of its table: used on a day, and what that leaves of a wallet of 39.00."""
    page = Path(__file__).parents[2] / "docs/reference/pricing/prepaid.md"
    table = page.read_text(encoding="utf-8").partition("<!-- drawn -->")[2].strip().splitlines()
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in table[2:] if line]
    own = Desk()
    for item in ("m1", "m2", "other"):
        own.sell(item)
    own.pack("wallet", "39.00", covers=("m1", "m2"), once=True)
    own.start("m1", "m2", "other", "wallet")
    told, before = [], 0
    for day, item, used, *_ in rows[:4]:
        own.use(item, date.fromisoformat(day), used)
        now = own.purse("wallet").drawn_minor
        drawn, left = Decimal(now - before).scaleb(-2), Decimal(3_900 - now).scaleb(-2)
        told.append([day, item, used, *map(str, (drawn, left, Decimal(used) - drawn))])
        before = now

    assert [*map(",".join, told)] == [*map(",".join, rows[:4])]


# --- what is earned -----------------------------------------------------------------------------


def test_credits_are_earned_as_drawn_and_the_rest_when_they_lapse() -> None:
    own = desk(once("pack", "90", "100", expires_months=3))
    own.use("calls", jan(9), "40")

    assert own.revenue("calls", jan(9)) == 0
    assert own.revenue("pack", jan(8)) == 0
    assert own.revenue("pack", jan(9)) == 3_600
    assert own.revenue("pack", date(2024, 3, 30)) == 3_600
    assert own.revenue("pack", date(2024, 3, 31)) == 9_000


def test_no_cent_is_lost_where_credits_are_worth_a_fraction() -> None:
    own = desk(once("pack", "0.10", "0.07", expires_months=3))
    for day in range(1, 7):
        own.use("calls", jan(day), "0.01")

    assert [own.revenue("pack", jan(day)) for day in range(1, 7)] == [1, 3, 4, 6, 7, 9]
    assert own.revenue("pack", date(2024, 3, 31)) == 10


def test_credits_that_never_lapse_are_earned_when_the_subscription_ends() -> None:
    own = desk(once("pack", "100"))
    renewed = SubscriptionRenewed(when=When(effective=date(2025, 1, 1)), term_to=date(2025, 7, 1))

    assert own.revenue("pack", END) == 10_000
    own.change(renewed)
    assert own.purse("pack").purse.until == date(2025, 7, 1)
    assert own.revenue("pack", END) == 0


def test_where_a_price_elects_it_credits_are_earned_as_they_stand_ready() -> None:
    ratable = BillingOptions(shortfall="ratable")
    own = desk(once("pack", "90", "100", expires_days=10, options=ratable))
    own.use("calls", jan(2), "40")

    found = [own.revenue("pack", jan(day)) for day in range(1, 11)]

    assert found == [900, 3_600, 3_600, 3_600, 4_500, 5_400, 6_300, 7_200, 8_100, 9_000]


def test_credits_for_nothing_earn_nothing() -> None:
    own = desk(once("gift", "0", "50"))
    own.use("calls", jan(9), "60")

    assert own.drawn() == [("calls", "gift", 5_000)]
    assert own.all_revenue() == 1_000


def test_a_discount_on_a_pack_makes_each_credit_worth_less() -> None:
    own = desk(once("pack", "100"))
    half = DiscountGranted(
        when=When(effective=JANUARY), discount="half", percent=Decimal(50), items=("pack",)
    )
    own.change(half)
    own.use("calls", jan(5), "60")

    assert own.revenue("pack", jan(5)) == 3_000


def test_by_the_days_of_the_entity_it_is_earned_when_it_was_used() -> None:
    own = desk(month("pack", "100"))
    own.use("calls", date(2024, 2, 1), "60", earned_on=jan(31))

    assert [one.marks for one in own.charged().purses[:2]] == [(), ((date(2024, 2, 1), 6_000),)]
    assert own.revenue("pack", jan(31)) == 10_000 + 6_000


# --- what ends it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refund", "paid", "drawn"),
    [("prorated", 4_000, 4_000), ("none", 10_000, 6_000), ("full", 0, 0)],
)
def test_what_is_given_back_of_a_pack_that_is_removed(refund: Any, paid: int, drawn: int) -> None:
    own = desk(month("pack", "100"))
    own.use("calls", jan(5), "40")
    own.change(leave(jan(11), refund=refund))
    own.use("calls", jan(20), "20")

    charges = own.charged().charges

    assert sum(one.minor for one in charges if one.item == "pack") == paid
    assert sum(-one.minor for one in charges if one.drawn_from) == drawn
    assert own.all_revenue() == sum(one.minor for one in charges)


def test_a_cancellation_gives_back_what_is_not_drawn() -> None:
    own = desk(once("pack", "90", "100"))
    own.use("calls", jan(5), "40")
    own.change(SubscriptionCancelled(when=When(effective=jan(11))))

    back = [(one.bill_on, one.minor) for one in own.charged().charges if one.minor < 0]

    assert back == [(jan(11), -4_000), (jan(11), -5_400)]
    assert own.revenue("pack", END) == 3_600


def test_a_cancellation_that_gives_nothing_back_earns_the_rest() -> None:
    own = desk(once("pack", "90", "100"))
    own.change(SubscriptionCancelled(when=When(effective=jan(11)), refund="none"))

    assert [own.revenue("pack", jan(day)) for day in (9, 10)] == [0, 9_000]


def test_explained_it_says_which_purse_was_drawn_in_which_order() -> None:
    own = desk(once("a", "50", priority=1), once("b", "40"))
    own.use("calls", jan(9), "60")

    found = next(one for one in own.charged().charges if one.drawn_from == "b")
    said = [(step.what, step.value) for step in found.steps]

    assert said[-2:] == [
        ("drawn on 2024-01-09 for calls", "40.00 of 40.00 open in b of 2024-01-01"),
        ("drawn on 2024-01-09 for calls", "20.00 of 50.00 open in a of 2024-01-01"),
    ]
    assert ("credits b of 2024-01-01", "40.00 for 40.00, until 2025-01-01, priority 0") in said


def test_what_stands_at_a_day_is_what_its_marks_say() -> None:
    own = desk(once("pack", "100"))
    own.use("calls", jan(5), "60")

    assert [stood(own.purse("pack").marks, jan(day)) for day in (4, 5)] == [0, 6_000]
