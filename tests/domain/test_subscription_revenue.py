"""Revenue of subscriptions by the day and by the month: what changes, in time or agreed late."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.accounting.curves import standing, total
from domain.facts import When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.pricing import Flat, PerUnit
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from tests.domain.drawing import Desk
from tests.domain.given import fact

SEAT = 1002


def day(month: int, number: int) -> date:
    return date(2024, month, number)


def sold(*items: str, by_month: bool = False, to: date | None = date(2025, 1, 1)) -> Desk:
    """Items at 366.00 a year, charged for a year."""
    desk = Desk()
    if by_month:
        desk.by_month()
    for item in items or ("seat",):
        desk.price(item, PerUnit(unit_amount=Decimal(366)), interval_months=12)
    desk.start(*(items or ("seat",)), to=to)
    return desk


def amended(
    on: date, quantity: str, item: str = "seat", agreed: date | None = None
) -> SubscriptionAmended:
    change = ItemChange(item=item, quantity=Decimal(quantity))
    return SubscriptionAmended(when=When(effective=on, agreed_on=agreed), items=(change,))


def causes(desk: Desk, item: str, at: date) -> set[int]:
    """What revenue of an item rests on that moves on a day."""
    before = date.fromordinal(at.toordinal() - 1)
    return {
        cause
        for flow in desk.schedule().flows
        if flow.kind == "release" and flow.obligation == item
        if standing(flow.curve, at) != standing(flow.curve, before)
        for cause in flow.causes
    }


def test_a_change_in_time_counts_from_its_day() -> None:
    desk = sold()
    desk.change(amended(day(7, 1), "2"))

    # 182 days at 1.00, then 2.00.
    found = [desk.revenue("seat", at) for at in (day(6, 30), day(7, 1), day(12, 31))]
    assert found == [182_00, 184_00, 182_00 + 368_00]


def test_a_change_agreed_late_spreads_what_it_adds_over_what_remains() -> None:
    desk = sold("seat", "desk")
    desk.change(amended(day(4, 1), "2", agreed=day(7, 1)))

    # 91.00 and 550.00 in all; 182.00 is earned; 459.00 over 184 days.
    found = [desk.revenue("seat", at) for at in (day(6, 30), day(7, 31), day(12, 31))]
    assert found == [182_00, 182_00 + 77_33, 641_00]
    assert [desk.revenue("desk", at) for at in (day(6, 30), day(7, 1))] == [182_00, 183_00]
    assert causes(desk, "seat", day(6, 1)) == {SEAT, 1003}
    assert causes(desk, "desk", day(7, 1)) == {SEAT}


def test_two_changes_are_measured_in_the_order_they_are_agreed() -> None:
    desk = sold()
    desk.change(amended(day(4, 1), "3", agreed=day(10, 1)))
    desk.change(amended(day(7, 1), "2"))

    # In time: 182.00, then 2.00 a day to the end of September: 366.00. In October all that is
    # known comes to 91.00 + 91 days at 3.00 + 184 days at 2.00 = 732.00.
    found = [desk.revenue("seat", at) for at in (day(6, 30), day(9, 30), day(12, 31))]
    assert found == [182_00, 366_00, 732_00]


def test_by_the_month_a_change_inside_one_leaves_what_was_earned_before_it() -> None:
    desk = sold(by_month=True)
    desk.change(amended(day(4, 16), "2"))

    # 3 of 12 months of 366.00; then 106.00 for 106 days, and half a month of 8.5 of 520.00.
    found = [desk.revenue("seat", at) for at in (day(3, 31), day(4, 14), day(4, 30), day(12, 31))]
    assert found == [91_50, 91_50, 106_00 + 30_59, 626_00]


def test_by_the_month_a_change_on_a_first_day_closes_what_its_days_come_to() -> None:
    desk = sold(by_month=True)
    desk.change(amended(day(4, 1), "2"))

    # 91.50 is earned of the 91.00 that 91 days come to; then a ninth of 550.00 a month.
    found = [desk.revenue("seat", at) for at in (day(3, 31), day(4, 1), day(4, 30))]
    assert found == [91_50, 91_00, 91_00 + 61_11]


def test_by_the_month_a_change_in_the_first_leaves_nothing_before_it() -> None:
    desk = sold(by_month=True)
    desk.change(amended(day(1, 16), "2"))

    # 15.00 for 15 days; 702.00 over 11 months and 16 days of 31.
    found = [desk.revenue("seat", at) for at in (day(1, 14), day(1, 31), day(12, 31))]
    assert found == [0, 15_00 + 31_46, 717_00]


def test_what_begins_with_the_term_at_once_is_earned_at_once() -> None:
    desk = Desk()
    desk.price("setup", Flat(amount=Decimal(50)), once=True, pattern="point-in-time")
    desk.start("setup", day=day(2, 1))

    assert [desk.revenue("setup", at) for at in (day(1, 31), day(2, 1))] == [0, 50_00]


@pytest.mark.parametrize("timing", ["effective", "period-end"])
def test_a_cancellation_ends_now_or_with_the_period(timing: str) -> None:
    desk = Desk()
    desk.price("seat", Flat(amount=Decimal(31)))
    desk.start("seat")
    desk.change(
        SubscriptionCancelled(when=When(effective=day(3, 11)), timing=timing)  # type: ignore[arg-type]
    )
    ends = 10_00 if timing == "effective" else 31_00

    found = [desk.revenue("seat", at) for at in (day(2, 29), day(3, 31), day(12, 31))]
    assert found == [62_00, 62_00 + ends, 62_00 + ends]


def test_only_what_has_no_end_is_measured_so_far_and_no_further() -> None:
    assert sold().schedule().measured_to is None
    assert sold(to=None).schedule().measured_to is not None


def billed(desk: Desk, at: date, first: date | None, after: date | None, item: str) -> None:
    line = InvoiceLine(
        line="1",
        amount_minor=366_00,
        service_from=first,
        service_to=after,
        subscription="s",
        obligation=item,
    )
    event = InvoiceIssued(
        when=When(effective=at), customer="c", currency="USD", number="1", due_on=at, lines=(line,)
    )
    desk.own.append(fact(len(desk.own) + 1001, stream="invoice:i", event=event))


def conceded(desk: Desk, at: date, minor: int) -> None:
    event = CreditIssued(
        when=When(effective=at),
        number="C",
        lines=(CreditLine(line="1", amount_minor=minor),),
        treatment="from-now",
    )
    desk.own.append(fact(len(desk.own) + 1001, stream="invoice:i", event=event))


def test_a_concession_on_a_bill_lowers_what_is_left_and_says_what_was_sold() -> None:
    desk = sold()
    billed(desk, day(1, 1), day(1, 1), date(2025, 1, 1), "seat")
    conceded(desk, day(7, 1), 18_40)

    found = [desk.revenue("seat", at) for at in (day(6, 30), day(7, 1), day(12, 31))]
    assert found == [182_00, 182_90, 366_00 - 18_40]
    words = [
        (step.what, step.value)
        for flow in desk.schedule().flows
        if flow.kind == "release"
        for step in flow.steps
    ]
    assert ("seat sold at", "seat@2000-01-01") in words
    assert ("concession", "-18.40") in words


def test_what_is_earned_as_invoiced_is_earned_by_its_bills() -> None:
    desk = Desk()
    desk.price("hours", Flat(amount=Decimal(366)), pattern="as-invoiced", interval_months=12)
    desk.start("hours")
    billed(desk, day(3, 10), None, None, "hours")
    conceded(desk, day(4, 10), 6_00)

    found = [desk.revenue("hours", at) for at in (day(3, 9), day(3, 10), day(4, 10), day(12, 31))]
    assert found == [0, 366_00, 360_00, 360_00]


def test_a_bill_for_nothing_that_is_sold_says_that_no_price_was() -> None:
    desk = sold()
    billed(desk, day(1, 1), day(1, 1), date(2025, 1, 1), "other")
    conceded(desk, day(7, 1), 18_40)

    words = [(step.what, step.value) for flow in desk.schedule().flows for step in flow.steps]
    assert ("other sold at", "none") in words


def test_what_is_drawn_is_told_apart_from_what_lapsed() -> None:
    desk = Desk()
    desk.sell("calls")
    desk.pack("pack", "100", expires_periods=1)
    desk.start("calls", "pack", to=day(2, 1))
    desk.use("calls", day(1, 5), "60")

    found = {flow.rule: total(flow.curve) for flow in desk.schedule().flows if flow.legs}
    assert (found["credits-as-drawn@1"], found["breakage@1"]) == (60_00, 40_00)


def test_where_days_and_months_agree_nothing_is_left_to_be_earned_at_a_change() -> None:
    desk = Desk()
    desk.by_month()
    desk.price("seat", PerUnit(unit_amount=Decimal(62)), interval_months=2)
    desk.start("seat", day=day(7, 1), to=day(9, 1))
    desk.change(amended(day(8, 1), "2"))

    # July is 31 of 62 days, and one of two months.
    assert [desk.revenue("seat", at) for at in (day(7, 31), day(8, 31))] == [31_00, 31_00 + 62_00]
    assert 0 not in [total(flow.curve) for flow in desk.schedule().flows]


def test_what_is_agreed_in_time_beside_a_late_change_is_spread_over_nothing() -> None:
    desk = Desk()
    desk.price("seat", PerUnit(unit_amount=Decimal(31)))
    desk.start("seat")
    desk.change(amended(day(4, 1), "2", agreed=day(4, 1)))
    desk.change(amended(day(7, 1), "3", agreed=day(12, 1)))

    # Each month as it is charged; 31.00 for each of six months late, and December's own 93.00.
    ends = (day(3, 31), day(4, 30), day(11, 30), day(12, 31))
    found = [desk.revenue("seat", at) for at in ends]
    assert found == [93_00, 93_00 + 62_00, 93_00 + 8 * 62_00, 93_00 + 8 * 62_00 + 6 * 31_00 + 62_00]


def test_without_an_end_a_change_agreed_late_is_caught_up_and_spread_over_nothing() -> None:
    desk = Desk()
    desk.price("seat", PerUnit(unit_amount=Decimal(31)))
    desk.start("seat", to=None)
    desk.change(amended(day(4, 1), "2", agreed=day(7, 1)))

    found = [desk.revenue("seat", at) for at in (day(3, 31), day(4, 30), day(6, 30))]
    assert found == [93_00, 93_00 + 62_00, 93_00 + 3 * 62_00]
