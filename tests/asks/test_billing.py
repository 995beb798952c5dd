"""Documents: sums of lines, a period without usage, levels of spend, what is made anew."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.billing_options import BillingOptions
from domain.discount import GrantDiscount
from domain.facts import When
from domain.invoice import VoidInvoice
from domain.pricing import Flat, PerUnit
from domain.subscription import CancelSubscription, Item

if TYPE_CHECKING:
    from tests.asks.conftest import Shop

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


# --- sums ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounding", ["period", "line"])
def test_lines_sum_to_the_total_and_the_total_to_the_books(shop: Shop, rounding: str) -> None:
    """Row 19: seven usage lines that come to 241.666... together; the invoice is its lines.

    Rounded once, their sum is the exact sum rounded: 241.67. Line by line it is 241.64.
    """
    options = BillingOptions(rounding=rounding)
    exact = Decimal("34.523809")
    items = [Item(item=f"i{n}", price=f"p{n}") for n in range(7)]
    for n in range(7):
        shop.meter(f"m{n}")
        model = PerUnit(unit_amount=exact + (Decimal("0.000003") if n == 6 else 0))
        shop.price(f"p{n}", model, meter=f"m{n}", options=options)
    shop.sell(JANUARY, FEBRUARY, *items)
    shop.use(*[shop.row(f"e{n}", "2024-01-10", 1, meter=f"m{n}") for n in range(7)])
    (document,) = shop.bill(FEBRUARY).documents
    lines = [line.amount_minor for line in shop.lines()]

    assert document.total_minor == sum(lines) == (241_67 if rounding == "period" else 241_64)
    assert shop.settles(FEBRUARY) == sum(lines)
    assert sum(shop.earned("accounts-receivable").values()) == -sum(lines)


@pytest.mark.parametrize(
    ("percent", "whole"), [(None, 6), (Decimal("33.333333"), 4)], ids=["full", "a third off"]
)
def test_a_prepaid_price_cut_short_never_falls_below_nothing(
    shop: Shop, percent: Decimal | None, whole: int
) -> None:
    """Row 19: 0.01 and 0.05 paid ahead for a month, cancelled earlier and earlier."""
    shop.price("penny", Flat(amount=Decimal("0.01")))
    shop.price("five", Flat(amount=Decimal("0.05")))
    shop.sell(JANUARY, FEBRUARY, Item(item="a", price="penny"), Item(item="b", price="five"))
    if percent is not None:
        granted = GrantDiscount(when=When(effective=JANUARY), discount="off", percent=percent)
        shop.send("subscription:s1", granted)
    found = [shop.settles(JANUARY)]
    for day in range(31, 0, -6):
        command = CancelSubscription(when=When(effective=date(2024, 1, day)))
        at = shop.send("subscription:s1", command)
        found.append(shop.settles(JANUARY))
        shop.undo("subscription:s1", at)

    assert found[0] == whole
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0


# --- nothing used, nothing owed --------------------------------------------------------------


def sell_calls(shop: Shop, **more: object) -> None:
    shop.price("calls", PerUnit(unit_amount=Decimal("0.10")), meter="calls", **more)
    shop.sell(JANUARY, None, Item(item="calls", price="calls"))


def test_a_period_without_usage_stops_nothing_and_can_be_billed_later(shop: Shop) -> None:
    """Row 13: January had none, and February is billed as ever; then January's usage comes."""
    sell_calls(shop)
    assert shop.totals(FEBRUARY) == [0]
    shop.use(shop.row("e1", "2024-02-10", 50))
    assert shop.totals(MARCH) == [5_00]
    shop.use(shop.row("e0", "2024-01-10", 30))
    assert shop.totals(MARCH) == [3_00]

    assert [line.service_from for line in shop.lines()] == [JANUARY, FEBRUARY, JANUARY]


def test_a_period_without_usage_is_recorded(shop: Shop) -> None:
    """Row 13: users ask for a paper, or at least a record, of the invoice of 0.00."""
    sell_calls(shop)
    billed = shop.bill(FEBRUARY)
    (line,) = shop.lines()

    assert [document.total_minor for document in billed.documents] == [0]
    assert (line.obligation, line.kind, line.amount_minor) == ("calls", "usage", 0)
    assert (line.service_from, line.service_to) == (JANUARY, FEBRUARY)
    assert shop.totals(FEBRUARY) == []
    assert shop.totals(date(2024, 2, 29)) == []
    assert (shop.settles(FEBRUARY), shop.earned()) == (0, {})


# --- levels ----------------------------------------------------------------------------------


def test_an_invoice_made_anew_keeps_what_was_reached(shop: Shop) -> None:
    """Row 19: of two levels billed the first is voided and made anew: all stands once."""
    sell_calls(shop, thresholds=(Decimal(2), Decimal(5)))
    for day, quantity in ((5, 25), (10, 30)):
        shop.use(shop.row(f"e{day}", f"2024-01-{day:02}", quantity))
        shop.bill(date(2024, 1, day))
    reached = [fact.event for fact in shop.facts("threshold")]
    first = next(fact.stream for fact in shop.facts("invoice"))
    shop.send(first, VoidInvoice(when=When(effective=date(2024, 1, 12)), treatment="as-if-never"))
    shop.use(shop.row("e20", "2024-01-20", 10))
    assert shop.net() == 3_00

    assert shop.settles(FEBRUARY) == 6_50
    assert [fact.event for fact in shop.facts("threshold")] == reached
    assert [(one.level_minor, one.amount_minor) for one in reached] == [(2_00, 2_50), (5_00, 5_50)]
    assert shop.earned() == {"2024-01": 6_50}


def test_a_level_reached_again_after_a_correction_is_billed_once(shop: Shop) -> None:
    """Rows 6, 19: usage past a level is removed and comes again; what is owed is what was used."""
    sell_calls(shop, thresholds=(Decimal(2),))
    shop.use(shop.row("e1", "2024-01-05", 30))
    assert shop.totals(date(2024, 1, 5)) == [3_00]
    shop.use(shop.row("e1", "2024-01-05"), kind="retraction")
    assert shop.totals(date(2024, 1, 6)) == []
    shop.use(shop.row("e2", "2024-01-07", 40))
    shop.bill(date(2024, 1, 7))

    assert shop.settles(FEBRUARY) == 4_00
    assert shop.earned() == {"2024-01": 4_00}


# --- again -----------------------------------------------------------------------------------


def test_a_proration_is_billed_once_however_often_it_is_asked_for(shop: Shop) -> None:
    """Rows 18, 24: the run of each day of the month finds the upgrade of the 16th once."""
    shop.price("seat", Flat(amount=Decimal(31)))
    shop.price("more", Flat(amount=Decimal(62)))
    shop.sell(JANUARY, FEBRUARY, Item(item="plan", price="seat"))
    shop.bill(JANUARY)
    shop.amend(date(2024, 1, 16), item="plan", price="more")
    found = [total for day in range(1, 32) for total in shop.totals(date(2024, 1, day))]

    assert found == [16_00]
    keys = [fact.command_id for fact in shop.facts("invoice")]
    assert len(keys) == len(set(keys)) == 2
