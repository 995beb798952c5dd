"""Recurring charges in numbers: parts of periods by every option, and every lifecycle change."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from domain.anchor import BillingAnchorChanged
from domain.billing_options import BillingOptions
from domain.cycle import DayCount
from domain.facts import Event, When
from domain.service import SubscriptionPaused, SubscriptionResumed, SubscriptionSuspended
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
)
from tests.domain.charging import charged, lines, price, prices, started
from tests.domain.given import on

NINE_PLACES = BillingOptions(factor_places=9)
UNUSED = BillingOptions(prorated_part="unused")


def to(name: str, when: When, **more: object) -> SubscriptionAmended:
    change = ItemChange(item="a", price=name, **more)  # type: ignore[arg-type]
    return SubscriptionAmended(when=when, items=(change,))


def year(start: date, *items: str, **more: object) -> Event:
    return started(start, date(start.year + 1, 12, 31), *items, **more)


# --- a change inside a period: what is given back of the old, what is charged of the new ----------


@pytest.mark.parametrize(
    ("start", "changed", "options", "old", "new", "back", "charge"),
    [
        (date(2024, 3, 1), date(2024, 3, 15), UNUSED, "10", "20", -548, 1097),
        (date(2024, 3, 1), date(2024, 3, 15), UNUSED, "50", "100", -2742, 5484),
        (date(2016, 5, 1), date(2016, 5, 5), NINE_PLACES, "249.95", "599.95", -21770, 52254),
        (date(2012, 5, 1), date(2012, 5, 7), NINE_PLACES, "599.95", "9.95", -48383, 802),
    ],
)
def test_a_change_gives_back_what_is_left_of_the_old(
    start: date,
    changed: date,
    options: BillingOptions,
    old: str,
    new: str,
    back: int,
    charge: int,
) -> None:
    by_name = prices(a=price(old, options=options), b=price(new, options=options))
    when = When(effective=changed, order=9)

    before, after, *_ = charged(by_name, year(start, "a"), to("b", when))

    assert (before.minor - before.running_minor, after.minor) == (back, charge)


@pytest.mark.parametrize(
    ("start", "end", "by", "expected"),
    [
        (date(2023, 2, 23), date(2023, 3, 15), "day", 714285714),
        (date(2023, 6, 23), date(2023, 7, 15), "day", 733333333),
        (date(2024, 2, 23), date(2024, 3, 15), "day", 724137931),
        (date(2023, 5, 15), date(2023, 5, 23), "thirty-days", 266666667),
        (date(2023, 5, 23), date(2023, 6, 15), "thirty-days", 733333333),
        (date(2024, 2, 23), date(2024, 3, 15), "thirty-days", 733333333),
    ],
)
def test_a_factor_of_nine_places(start: date, end: date, by: DayCount, expected: int) -> None:
    by_name = prices(a=price("10000000", proration=by, options=NINE_PLACES))

    (found,) = charged(by_name, started(start, end, "a"))

    assert found.minor == expected


def test_seconds_are_counted_from_the_instant_to_the_last_of_the_period() -> None:
    by_name = prices(a=price("0"), b=price("20", proration="second"))
    added = SubscriptionAmended(
        when=When(effective=date(2026, 4, 30)), items=(ItemChange(item="b", price="b"),)
    )
    noon = When(effective=date(2026, 4, 30), at=datetime(2026, 4, 30, 12, tzinfo=UTC))

    found = charged(by_name, year(date(2026, 4, 1), "a"), added)
    later = charged(by_name, year(date(2026, 4, 1), "a"), structs.replace(added, when=noon))

    assert next(one.minor for one in found if one.item == "b") == 67
    assert next(one.minor for one in later if one.item == "b") == 33


def test_a_price_without_proration_is_charged_whole_to_who_is_there_when_a_period_begins() -> None:
    by_name = prices(a=price("10", proration="none"))
    begins = year(date(2024, 1, 10), "a", anchor_day=1)
    paused = SubscriptionPaused(when=on(1, 20))
    resumed = SubscriptionResumed(when=on(2, 5))

    found = charged(by_name, begins, paused, resumed)

    assert lines(*found)[:2] == [
        ("2024-01-10", "2024-02-01", 1000),
        ("2024-03-01", "2024-04-01", 1000),
    ]


# --- lifecycle ------------------------------------------------------------------------------------


def test_a_trial_is_free_and_the_rest_of_its_period_a_part() -> None:
    by_name = prices(a=price("599.95"))
    begins = year(date(2012, 2, 1), "a", anchor_day=31, trial_to=date(2012, 3, 2))

    first, second, *_ = charged(by_name, begins)

    assert lines(first, second) == [
        ("2012-03-02", "2012-03-31", 56124),
        ("2012-03-31", "2012-04-30", 59995),
    ]
    assert first.bill_on == date(2012, 3, 2)


def test_a_longer_trial_of_another_price_counts_from_the_first_start() -> None:
    by_name = prices(a=price("50000", trial_days=10), b=price("100000", trial_days=13))
    begins = year(date(2024, 3, 5), "a", alignment="calendar")

    first, second, *_ = charged(by_name, begins, to("b", on(3, 10)))

    assert lines(first, second) == [
        ("2024-03-18", "2024-04-01", 4516129),
        ("2024-04-01", "2024-05-01", 10000000),
    ]


def test_what_is_paused_is_neither_served_nor_charged() -> None:
    by_name = prices(a=price("249.95", options=NINE_PLACES))
    begins = year(date(2012, 3, 2), "a", anchor_day=2)
    events = (
        SubscriptionPaused(when=on(3, 4, year=2012)),
        SubscriptionResumed(when=on(4, 5, year=2012)),
    )

    before, after, *_ = charged(by_name, begins, *events)

    assert (before.minor, before.running_minor) == (24995 - 23382, 24995)
    assert lines(after) == [("2012-04-05", "2012-05-02", 22496)]


def test_a_suspension_stops_billing_only_where_it_says_so() -> None:
    by_name = prices(a=price("31"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a")
    withheld = SubscriptionSuspended(when=on(1, 11))

    assert lines(*charged(by_name, begins, withheld)) == [("2024-01-01", "2024-02-01", 3100)]
    assert lines(*charged(by_name, begins, structs.replace(withheld, billing="stops"))) == [
        ("2024-01-01", "2024-01-11", 1000)
    ]


def test_what_has_no_end_is_measured_to_the_end_of_the_next_year() -> None:
    by_name = prices(a=price("120", interval_months=12))
    begins = started(date(2024, 6, 1), None, "a")

    assert [one.end for one in charged(by_name, begins)] == [date(2025, 6, 1), date(2026, 6, 1)]


def test_a_term_that_renews_itself_goes_on_until_it_is_cancelled() -> None:
    by_name = prices(a=price("300", interval_months=3), fee=price("1000", once=True))
    begins = started(date(2024, 1, 1), date(2024, 7, 1), "a", "fee", renews_months=6)
    ended = SubscriptionCancelled(when=on(8, 15), timing="period-end")

    found = charged(by_name, begins, ended)

    assert lines(*(one for one in found if one.item == "a"))[-1] == (
        "2024-07-01",
        "2024-10-01",
        30000,
    )
    assert lines(*(one for one in found if one.item == "fee")) == [
        ("2024-01-01", "2024-07-01", 100000),
        ("2024-07-01", "2025-01-01", 100000),
    ]


@pytest.mark.parametrize(
    ("refund", "expected"), [("prorated", [1000]), ("full", [0]), ("none", [1000, 2100])]
)
def test_what_a_removed_item_leaves(refund: str, expected: list[int]) -> None:
    by_name = prices(a=price("31"), b=price("1"))
    gone = ItemChange(item="a", removed=True, refund=refund)  # type: ignore[arg-type]
    events = (year(date(2024, 1, 1), "a", "b"), SubscriptionAmended(when=on(1, 11), items=(gone,)))

    assert [one.minor for one in charged(by_name, *events) if one.item == "a"] == expected


def test_a_downgrade_waits_for_the_end_of_its_period() -> None:
    by_name = prices(a=price("100"), b=price("10"))
    later = to("b", on(5, 15), timing="period-end")

    found = charged(by_name, started(date(2024, 5, 1), date(2024, 7, 1), "a"), later)

    assert lines(*found) == [
        ("2024-05-01", "2024-06-01", 10000),
        ("2024-06-01", "2024-07-01", 1000),
    ]


def test_the_last_day_is_served_where_a_price_says_so() -> None:
    served = BillingOptions(cancellation_day="served")
    by_name = prices(a=price("910", interval_months=3, options=served))
    begins = year(date(2024, 5, 20), "a", alignment="calendar")

    (found,) = charged(by_name, begins, SubscriptionCancelled(when=on(6, 20)))

    assert lines(found) == [("2024-05-20", "2024-06-21", 32000)]


def test_a_moved_anchor_keeps_what_runs_and_leads_there_by_a_part() -> None:
    by_name = prices(a=price("249.95", options=NINE_PLACES))
    turns = (
        BillingAnchorChanged(when=on(5, 15, year=2016), anchor_day=15),
        BillingAnchorChanged(when=on(7, 10, year=2016), anchor_day=10),
    )

    found = charged(by_name, year(date(2016, 5, 1), "a"), *turns)

    assert lines(*found)[1:4] == [
        ("2016-06-01", "2016-06-15", 11288),
        ("2016-06-15", "2016-07-15", 24995),
        ("2016-07-15", "2016-08-10", 20964),
    ]


def test_what_is_sold_after_an_anchor_moved_follows_it_at_once() -> None:
    by_name = prices(a=price("249.95", options=NINE_PLACES), b=price("599.95", options=NINE_PLACES))
    turn = BillingAnchorChanged(when=on(5, 1, year=2016, order=2), anchor_day=10)

    found = charged(
        by_name, year(date(2016, 5, 1), "a"), turn, to("b", on(5, 5, year=2016, order=3))
    )

    assert lines(*found)[1:3] == [
        ("2016-05-05", "2016-05-10", 9999),
        ("2016-05-10", "2016-06-10", 59995),
    ]


def test_a_changed_quantity_on_the_billing_day_is_no_part() -> None:
    by_name = prices(a=price("29.95"))
    seats = started(date(2022, 11, 27), date(2023, 1, 27), "a")
    more = ItemChange(item="a", quantity=Decimal(10))
    amended = SubscriptionAmended(when=on(12, 27, year=2022), items=(more,))

    assert [one.quantity for one in charged(by_name, seats, amended)] == [1, 10]


def test_a_one_off_is_charged_once_also_when_sold_later() -> None:
    by_name = prices(a=price("1"), setup=price("99", once=True, pattern="point-in-time"))
    added = ItemChange(item="setup", price="setup")
    events = (year(date(2024, 1, 1), "a"), SubscriptionAmended(when=on(3, 10), items=(added,)))

    (found,) = (one for one in charged(by_name, *events) if one.item == "setup")

    assert (found.minor, found.kind, found.start) == (9900, "one-off", date(2024, 3, 10))


def test_in_arrears_a_price_that_ends_is_due_when_it_ends() -> None:
    by_name = prices(a=price("91", bill="arrears"), b=price("182", bill="arrears"))
    more = ItemChange(item="a", quantity=Decimal(2))
    begins = year(date(2024, 4, 1), "a")
    events = (
        SubscriptionAmended(when=on(4, 6), items=(more,)),
        to("b", on(4, 11)),
        SubscriptionPaused(when=on(4, 16)),
        SubscriptionResumed(when=on(4, 21)),
        SubscriptionCancelled(when=on(4, 26)),
    )

    found = charged(by_name, begins, *events)

    assert [(str(one.start), str(one.end), one.bill_on.day) for one in found] == [
        ("2024-04-01", "2024-04-06", 11),
        ("2024-04-06", "2024-04-11", 11),
        ("2024-04-11", "2024-04-16", 26),
        ("2024-04-21", "2024-04-26", 26),
    ]


def test_a_renewal_goes_on_where_a_term_ends() -> None:
    by_name = prices(a=price("10"))
    begins = started(date(2024, 1, 1), date(2024, 2, 1), "a")
    again = SubscriptionRenewed(when=on(2, 1), term_to=date(2024, 3, 1))

    assert len(charged(by_name, begins, again)) == 2


def test_items_keep_their_quantity() -> None:
    by_name = prices(a=price("1"))
    begins = started(
        date(2024, 1, 1), date(2024, 2, 1), items=(Item(item="a", price="a", quantity=Decimal(7)),)
    )

    assert [one.quantity for one in charged(by_name, begins)] == [7]


def test_a_window_of_days_leaves_out_whole_billing_periods_only() -> None:
    by_name, begins = prices(a=price("31")), started(date(2024, 1, 15), date(2024, 7, 1), "a")
    within = (date(2024, 2, 15), date(2024, 4, 15))

    assert lines(*charged(by_name, begins, within=within)) == [
        ("2024-02-15", "2024-03-15", 31_00),
        ("2024-03-15", "2024-04-15", 31_00),
        ("2024-04-15", "2024-05-15", 31_00),
    ]
