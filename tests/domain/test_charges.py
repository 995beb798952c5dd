"""What is taken off charges, and what they fall short of: in numbers, and in laws."""

from datetime import date
from decimal import Decimal

import pytest

from domain.billing_options import BillingOptions
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.price import PriceVersion
from domain.pricing import Commitment
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from tests.domain.charging import charged, lines, price, prices, started
from tests.domain.given import on


def off(name: str, **more: object) -> DiscountGranted:
    return DiscountGranted(**{"when": on(1, 1), "discount": name} | more)  # type: ignore[arg-type]


def test_discounts_are_taken_off_in_their_order_each_from_what_is_left() -> None:
    by_name = prices(a=price("100"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a")
    half, ten = off("half", percent=Decimal(50), order=2), off("ten", amount=Decimal(10), order=1)

    found = charged(by_name, begins, half, ten)

    assert [(one.kind, one.discount, one.minor) for one in found] == [
        ("recurring", "", 10000),
        ("discount", "ten", -1000),
        ("discount", "half", -4500),
    ]


@pytest.mark.parametrize(
    ("more", "months"),
    [
        ({}, 6),
        ({"periods": 2}, 2),
        ({"until": date(2024, 3, 1)}, 2),
        ({"when": on(1, 2)}, 5),
        ({"when": on(6, 2)}, 0),
    ],
)
def test_a_discount_is_for_the_periods_that_begin_in_it(
    more: dict[str, object], months: int
) -> None:
    by_name = prices(a=price("100"))
    begins = started(date(2024, 1, 1), date(2024, 7, 1), "a")

    found = charged(by_name, begins, off("x", **{"percent": Decimal(20)} | more))

    assert [one.minor for one in found if one.discount] == [-2000] * months


def test_a_withdrawn_discount_is_for_no_later_period() -> None:
    by_name = prices(a=price("100"))
    begins = started(date(2024, 1, 1), date(2024, 7, 1), "a")
    withdrawn = DiscountWithdrawn(when=on(3, 1), discount="x")

    found = charged(by_name, begins, off("x", percent=Decimal(20)), withdrawn)

    assert len([one for one in found if one.discount]) == 2


def test_an_amount_is_taken_from_item_after_item_until_it_is_used_up() -> None:
    by_name = prices(a=price("7"), b=price("8"), c=price("9"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a", "b", "c")

    found = charged(by_name, begins, off("x", amount=Decimal(10)))
    named = charged(by_name, begins, off("x", amount=Decimal(10), items=("c",)))

    assert [(one.item, one.minor) for one in found if one.discount] == [("a", -700), ("b", -300)]
    assert [(one.item, one.minor) for one in named if one.discount] == [("c", -900)]


def test_a_discount_of_a_period_cut_short_is_cut_with_it() -> None:
    by_name = prices(a=price("31"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a")
    cancelled = SubscriptionCancelled(when=on(1, 11))

    _, taken = charged(by_name, begins, off("x", percent=Decimal(50)), cancelled)

    assert (taken.minor, taken.running_minor, taken.end) == (-500, -1550, date(2024, 1, 11))


def test_a_maximum_counts_after_discounts_and_is_cut_with_the_period() -> None:
    by_name = prices(a=price("200", maximum=Decimal(65)))
    begins = started(date(2024, 1, 1), date(2024, 2, 11), "a")

    found = charged(by_name, begins, off("x", percent=Decimal(50), periods=1))

    assert [(one.discount, one.minor) for one in found] == [
        ("", 20000),
        ("", 6897),
        ("x", -10000),
        ("maximum", -3500),
        ("maximum", -4656),
    ]


@pytest.mark.parametrize(
    ("start", "end", "every", "expected"),
    [
        (date(2023, 2, 4), date(2023, 3, 1), {}, 803571),
        (date(2023, 2, 1), date(2023, 2, 6), {"interval_days": 7}, 642857),
    ],
)
def test_what_charges_fall_short_of_a_commitment_is_charged_at_its_end(
    start: date, end: date, every: dict[str, object], expected: int
) -> None:
    by_name = prices(
        a=price("1000", bill="arrears", **every),
        promise=price(Commitment(amount=Decimal(10000)), bill="arrears", **every),  # type: ignore[arg-type]
    )

    found = charged(by_name, started(start, end, "a", "promise", alignment="calendar"))
    (short,) = (one for one in found if one.kind == "commitment")

    assert (short.minor, short.bill_on) == (expected, short.period.end)
    assert short.marks == ((date.fromordinal(end.toordinal() - 1), expected),)


def test_a_minimum_is_short_of_what_its_own_price_charges() -> None:
    by_name = prices(a=price("30", minimum=Decimal(100)), b=price("50"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a", "b")

    (short,) = (one for one in charged(by_name, begins) if one.kind == "commitment")

    assert (short.item, short.minor) == ("a", 7000)


def test_a_shortfall_may_be_earned_as_it_stands_each_day() -> None:
    ratable = BillingOptions(shortfall="ratable")
    by_name = prices(a=price("2800", minimum=Decimal(10000), options=ratable))
    begins = started(date(2023, 2, 1), date(2023, 3, 1), "a")

    (short,) = (one for one in charged(by_name, begins) if one.kind == "commitment")

    assert dict(short.marks)[date(2023, 2, 14)] == 500000 - 140000
    assert short.marks[-1] == (date(2023, 2, 28), 720000)


def test_a_shortfall_is_charged_when_its_price_ends() -> None:
    by_name = prices(a=price("30", minimum=Decimal(90)), b=price("1"))
    begins = started(date(2024, 4, 1), date(2024, 5, 1), "a", "b")
    gone = SubscriptionCancelled(when=on(4, 11))

    (short,) = (one for one in charged(by_name, begins, gone) if one.kind == "commitment")

    assert (short.minor, short.end, short.bill_on) == (2000, date(2024, 4, 11), date(2024, 4, 11))


def test_periods_of_two_lengths_that_begin_on_one_day_each_have_a_minimum() -> None:
    """The interval of what is sold is that of its price when it begins; changed, it is the new."""
    ratable = BillingOptions(shortfall="ratable")
    monthly = price("0", minimum=Decimal(31), options=ratable)
    quarterly = price("0", minimum=Decimal(90), options=ratable, interval_months=3)
    versions = (
        PriceVersion("a@2000-01-01", date(2000, 1, 1), monthly),
        PriceVersion("a@2024-02-01", date(2024, 2, 1), quarterly),
    )
    more = SubscriptionAmended(when=on(3, 2), items=(ItemChange(item="a", quantity=Decimal(9)),))
    begins = started(date(2024, 1, 1), date(2024, 5, 1), "a", anchor_day=1)

    found = charged({"a": versions}, begins, more)

    told = [(*lines(one)[0], str(one.period.end)) for one in found if one.marks]
    assert told == [
        ("2024-01-01", "2024-02-01", 31_00, "2024-02-01"),
        ("2024-03-02", "2024-04-01", 10_22, "2024-04-01"),
        ("2024-02-01", "2024-03-01", 90_00, "2024-03-01"),
        ("2024-03-01", "2024-03-02", 2_90, "2024-04-01"),
        ("2024-04-01", "2024-05-01", 29_67, "2024-07-01"),
    ]


def test_who_has_an_amount_rests_on_why_no_other_item_has_it() -> None:
    by_name = prices(a=price("7"), b=price("8"))
    begins = started(date(2024, 1, 1), date(2024, 3, 1), "a", "b")
    gone = SubscriptionAmended(when=on(2, 1), items=(ItemChange(item="a", removed=True),))

    found = charged(by_name, begins, off("x", amount=Decimal(5)), gone)

    told = [(one.item, one.start.month, one.causes) for one in found if one.discount]
    assert told == [("a", 1, (1, 2, 3)), ("b", 2, (1, 2, 3))]
