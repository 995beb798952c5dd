"""Remaining obligations of one unit, without a database: price = earned + remaining + left out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.accounting.measure import measure
from domain.accounting.remaining import Remains, earned_worths, remaining
from domain.accounting.schedule import Schedule
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    ProgressMeasured,
    VariableAmount,
)
from domain.facts import When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.master import MasterData
from domain.policy import Options
from domain.pricing import Flat
from domain.subscription import Item, SubscriptionStarted
from tests.domain.contracting import CALENDAR, billed, even, on, opened, point, scheduled
from tests.domain.drawing import JANUARY, Desk
from tests.domain.given import fact
from tests.domain.test_foreign_currency import Ledger
from tests.domain.test_foreign_currency import day as euro_day

MARCH = date(2024, 3, 31)
YEARS = tuple((str(year), date(year, 12, 31)) for year in (2024, 2025))
TWO = ("2024-01-01", "2026-01-01")


def told(schedule: Schedule, day: date = MARCH, **options: str) -> dict[str, Remains]:
    elected = Options(ratable_by="month", **options)  # type: ignore[arg-type]
    return {row.obligation: row for row in remaining(schedule, day, YEARS, elected)}


def amounts(row: Remains) -> tuple[int, ...]:
    return row.price_minor, row.earned_minor, row.remaining_minor, row.left_out_minor


def test_what_is_left_falls_into_bands_and_what_waits_for_an_event_does_not() -> None:
    rows = (even("service", *TWO, price_minor=2400_00), point("build", price_minor=600_00))
    deal = opened("2024-01-01", *rows)
    built = ObligationSatisfied(when=on("2024-05-01"), obligation="build")
    before, after = told(scheduled(deal)), told(scheduled(deal, built), date(2024, 5, 31))

    assert amounts(before["service"]) == (2400_00, 300_00, 2100_00, 0)
    assert before["service"].bands == {"2024": 900_00, "2025": 1200_00}
    assert amounts(before["build"]) == (600_00, 0, 600_00, 0)
    assert before["build"].bands == {"unscheduled": 600_00}
    assert amounts(after["build"]) == (600_00, 600_00, 0, 0)
    assert after["build"].bands == {}


@pytest.mark.parametrize(("notice", "left"), [(30, 100_00), (0, 0)])
def test_no_more_is_left_than_the_notice_binds(notice: int, left: int) -> None:
    deal = opened("2024-01-01", even("service", *TWO, price_minor=2400_00), cancellable_days=notice)
    row = told(scheduled(deal))["service"]

    assert amounts(row) == (2400_00, 300_00, left, 2100_00 - left)
    assert row.reason == "not-bound"
    assert row.bands == ({"2024": left} if left else {})


@pytest.mark.parametrize(
    ("after", "notice", "out"),
    [
        ("2025-01-01", None, True),
        ("2025-01-02", None, False),
        ("2026-01-01", 366, True),
        ("2026-01-01", 367, False),
    ],
)
def test_what_was_agreed_for_a_year_may_be_left_out(
    after: str, notice: int | None, out: bool
) -> None:
    service = even("service", "2024-01-01", after, price_minor=1200_00)
    deal = scheduled(opened("2024-01-01", service, cancellable_days=notice))
    # The year after 1 January 2024 has 366 days.
    row = told(deal, JANUARY, remaining_of_a_year="left-out")["service"]

    assert (row.reason == "of-a-year") == out
    assert told(deal, JANUARY)["service"].reason != "of-a-year"
    if out:
        assert (row.remaining_minor, row.left_out_minor) == (0, 1200_00)
        assert row.bands == {}


def test_what_nobody_estimates_is_named_by_its_reason() -> None:
    rows = (
        Obligation(obligation="hours", pattern="as-invoiced"),
        Obligation(obligation="royalty", pattern="percent-of-base", percent_of_base=Decimal(5)),
        Obligation(obligation="calls", pattern="units", unit_price=Decimal(1)),
        even("service", *TWO, price_minor=2400_00),
        point("build", price_minor=600_00),
    )
    done = ObligationSatisfied(when=on("2024-02-01"), obligation="calls", quantity=Decimal(7))
    found = told(scheduled(opened("2024-01-01", *rows), done))

    assert {name: row.reason for name, row in found.items()} == {
        "hours": "as-invoiced",
        "royalty": "royalty",
        "calls": "per-unit",
        "service": "",
        "build": "",
    }
    assert amounts(found["build"]) == (600_00, 0, 600_00, 0)
    assert amounts(found["calls"]) == (7_00, 7_00, 0, 0)


def test_an_amount_of_one_promise_alone_may_be_left_out_of_what_remains() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=600_00, obligations=("service",))
    less = VariableAmount(name="bonus", estimate_minor=300_00, obligations=("service",))
    deal = opened("2024-01-01", even("service", *TWO, price_minor=2400_00), variable=(bonus,))
    shown = told(scheduled(deal), date(2024, 12, 31))["service"]
    out = told(scheduled(deal), date(2024, 12, 31), remaining_allocated="left-out")["service"]
    revised = scheduled(deal, PriceEstimated(when=on("2024-01-01"), variable=(less,)))
    later = told(revised, date(2024, 12, 31), remaining_allocated="left-out")["service"]

    assert amounts(shown) == (3000_00, 1500_00, 1500_00, 0)
    assert amounts(out) == (3000_00, 1500_00, 1200_00, 300_00)
    assert (out.reason, out.bands) == ("allocated-variable", {"2025": 1200_00})
    assert amounts(later) == (2700_00, 1350_00, 1200_00, 150_00)


def test_what_is_split_off_for_others_remains_to_be_delivered_too() -> None:
    lease = even("lease", *TWO, price_minor=2400_00, presented="elsewhere")

    assert amounts(told(scheduled(opened("2024-01-01", lease)))["lease"]) == (
        2400_00,
        300_00,
        2100_00,
        0,
    )


def test_a_subscription_binds_to_the_end_of_its_term_or_of_its_period() -> None:
    def left(to: date | None) -> tuple[int, ...]:
        desk = Desk()
        desk.by_month()
        desk.sell("calls", "2")
        desk.pack("pack", "600", "600")
        desk.start("calls", to=to)
        desk.use("calls", date(2024, 1, 10), "30")
        desk.use("calls", date(2024, 5, 10), "30")
        row = told(desk.schedule())["calls"]
        assert row.reason == "usage"
        return amounts(row)

    # Usage to come is known to nobody.
    assert left(date(2025, 1, 1)) == (60_00, 60_00, 0, 0)
    assert left(None) == (60_00, 60_00, 0, 0)


def test_what_was_billed_for_credits_is_left_until_they_are_drawn() -> None:
    desk = Desk()
    desk.sell("calls")
    desk.pack("pack", "600", "600")
    desk.start("calls", "pack")
    desk.use("calls", date(2024, 2, 10), "200")
    row = told(desk.schedule())["pack"]

    assert row.earned_minor == 200_00
    assert row.price_minor == row.earned_minor + row.remaining_minor


def test_of_a_unit_that_says_nothing_of_its_time_all_is_bound() -> None:
    master = MasterData(calendar=CALENDAR, policies={})
    bare = measure("contract:none", [], (), master, "main", MARCH)

    assert remaining(bare, MARCH, YEARS, Options()) == ()


def subscribed(to: date | None, months: int, **more: int) -> Schedule:
    """At 1.00 a day, charged by so many months."""
    desk = Desk()
    amount = Decimal(366 if months == 12 else 31)
    desk.price("seat", Flat(amount=amount), interval_months=months)
    desk.change(
        SubscriptionStarted(
            when=When(effective=JANUARY),
            customer="c",
            currency="USD",
            term_from=JANUARY,
            term_to=to,
            items=(Item(item="seat", price="seat"),),
            **more,  # type: ignore[arg-type]
        )
    )
    return desk.schedule()


def test_what_renews_itself_binds_for_the_term_that_runs_and_then_for_the_next() -> None:
    renewed = subscribed(date(2025, 1, 1), 12, renews_months=12)
    first, last = told(renewed)["seat"], told(renewed, date(2024, 12, 31))["seat"]

    assert amounts(first) == (366_00, 91_00, 275_00, 0)
    assert first.bands == {"2024": 275_00}
    # On its last day nothing of the term is left, and the next one does not bind yet.
    assert amounts(last) == (366_00, 366_00, 0, 0)


def test_without_an_end_no_more_is_bound_than_the_period_that_runs() -> None:
    endless = subscribed(None, 1)
    found = told(endless, date(2024, 3, 15))["seat"]
    out = told(endless, date(2024, 3, 15), remaining_of_a_year="left-out")["seat"]

    # January and February at 31.00 each, and 15 days.
    assert amounts(found) == (93_00, 77_00, 16_00, 0)
    assert (amounts(out), out.reason) == ((93_00, 77_00, 0, 16_00), "of-a-year")


def test_a_term_of_a_year_may_be_left_out_and_one_of_two_may_not() -> None:
    year, two = subscribed(date(2025, 1, 1), 12), subscribed(date(2026, 1, 1), 12)

    assert told(year, remaining_of_a_year="left-out")["seat"].reason == "of-a-year"
    assert told(two, remaining_of_a_year="left-out")["seat"].reason == ""
    # After the end the last term says how long it was agreed for.
    after = told(two, date(2026, 3, 31), remaining_of_a_year="left-out")["seat"]
    assert (after.reason, after.remaining_minor) == ("", 0)


@pytest.mark.parametrize(("after", "reason"), [("2025-01-01", "of-a-year"), ("2025-01-02", "")])
def test_what_an_invoice_says_by_itself_is_as_long_as_its_service(after: str, reason: str) -> None:
    line = InvoiceLine(
        line="1",
        amount_minor=366_00,
        service_from=JANUARY,
        service_to=date.fromisoformat(after),
    )
    event = InvoiceIssued(
        when=on("2024-01-01"),
        customer="c1",
        currency="USD",
        number="1",
        due_on=JANUARY,
        lines=(line,),
    )
    master = MasterData(calendar=CALENDAR, policies={})
    facts = [fact(1, stream="invoice:i", event=event)]
    schedule = measure("invoice:i:1", facts, (), master, "main", MARCH)
    (row,) = told(schedule, remaining_of_a_year="left-out").values()

    assert row.reason == reason
    assert row.earned_minor + row.remaining_minor + row.left_out_minor == 366_00


def test_a_concession_beside_a_promise_lowers_what_remains_of_its_price() -> None:
    given = CreditIssued(
        when=on("2024-02-01"),
        number="C1",
        lines=(CreditLine(line="1", amount_minor=60_00),),
        treatment="as-if-never",
    )
    rows = (even("service", *TWO, price_minor=2400_00),)
    deal = scheduled(opened("2024-01-01", *rows), billed("2024-01-01", 2400_00), given)
    (row,) = told(deal).values()

    # A line without a period of its own: the cut counts at its issue.
    assert amounts(row) == (2340_00, 240_00, 2100_00, 0)


def test_credits_that_were_billed_remain_until_they_are_drawn() -> None:
    desk = Desk()
    desk.sell("calls")
    desk.pack("pack", "600", "600")
    desk.start("calls", "pack", to=date(2024, 2, 1))
    desk.use("calls", date(2024, 1, 10), "200")
    line = InvoiceLine(line="1", amount_minor=600_00, subscription="s", obligation="pack")
    event = InvoiceIssued(
        when=on("2024-01-01"),
        customer="c",
        currency="USD",
        number="1",
        due_on=JANUARY,
        lines=(line,),
    )
    desk.own.append(fact(len(desk.own) + 1001, stream="invoice:i", event=event))

    assert amounts(told(desk.schedule(), date(2024, 1, 15))["pack"]) == (600_00, 200_00, 400_00, 0)


def test_on_the_day_that_a_period_begins_it_is_bound_already() -> None:
    found = told(subscribed(None, 1), date(2024, 3, 1))["seat"]

    assert amounts(found) == (93_00, 63_00, 30_00, 0)


def as_it_stood(known: Schedule, agreed: Schedule, day: date) -> dict[str, Remains]:
    elected = Options(ratable_by="month")
    return {row.obligation: row for row in remaining(known, day, YEARS, elected, agreed)}


def test_of_what_was_agreed_later_the_price_is_what_was_earned_before() -> None:
    deal = opened("2024-01-01", even("service", *TWO, price_minor=2400_00))
    extra = point("extra", price_minor=90_00)
    added = ContractModified(when=on("2024-03-01"), price_change_minor=0, added=(extra,))
    done = ObligationSatisfied(when=on("2024-03-10"), obligation="extra")
    found = as_it_stood(scheduled(deal, added, done), scheduled(deal), MARCH)

    assert amounts(found["extra"]) == (90_00, 90_00, 0, 0)
    assert (found["extra"].reason, found["extra"].bands) == ("", {})


def test_what_something_later_moved_has_the_price_of_the_day_from_its_first_day_on() -> None:
    works = Obligation(obligation="works", pattern="percent-complete", price_minor=600_00)
    deal = opened("2024-01-01", works)
    half = ProgressMeasured(when=on("2024-01-01"), obligation="works", percent=Decimal(50))
    found = as_it_stood(scheduled(deal, half), scheduled(deal), JANUARY)

    assert amounts(found["works"]) == (600_00, 300_00, 300_00, 0)


def test_what_the_notice_binds_to_its_end_waits_for_nothing() -> None:
    short = even("service", "2024-01-01", "2024-05-01", price_minor=400_00)
    row = told(scheduled(opened("2024-01-01", short, cancellable_days=60)))["service"]

    assert (amounts(row), row.reason) == ((400_00, 300_00, 100_00, 0), "")


def test_of_what_is_earned_in_full_no_amount_of_its_own_is_left_out() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=600_00, obligations=("service",))
    deal = opened("2024-01-01", even("service", *TWO, price_minor=2400_00), variable=(bonus,))
    ahead = (("2026", date(2026, 12, 31)),)
    elected = Options(ratable_by="month", remaining_allocated="left-out")
    (row,) = remaining(scheduled(deal), date(2025, 12, 31), ahead, elected)

    assert (amounts(row), row.bands) == ((3000_00, 3000_00, 0, 0), {})


def test_what_was_billed_for_credits_without_an_end_is_their_price() -> None:
    desk = Desk()
    desk.sell("calls")
    desk.pack("pack", "600", "600", once=True)
    desk.start("calls", "pack", to=None)
    desk.use("calls", date(2024, 1, 10), "200")
    lines = (
        InvoiceLine(line="1", amount_minor=600_00, subscription="s", obligation="pack"),
        InvoiceLine(line="2", amount_minor=7_00, subscription="s", obligation="calls"),
    )
    event = InvoiceIssued(
        when=on("2024-01-01"),
        customer="c",
        currency="USD",
        number="1",
        due_on=JANUARY,
        lines=lines,
    )
    desk.own.append(fact(len(desk.own) + 1001, stream="invoice:i", event=event))
    row = told(desk.schedule(), date(2024, 1, 15))["pack"]

    assert amounts(row) == (600_00, 200_00, 400_00, 0)


def test_on_the_first_day_of_the_next_term_that_one_binds() -> None:
    renewed = subscribed(date(2025, 1, 1), 12, renews_months=12)
    row = told(renewed, date(2025, 1, 1))["seat"]

    # 366.00 for the 365 days of 2025, by days.
    assert amounts(row) == (732_00, 367_00, 365_00, 0)


def test_what_was_earned_is_worth_what_it_was_by_the_end_of_the_period_that_runs() -> None:
    ledger = Ledger()
    ledger.rate(1, 31, "1.20")
    ledger.bill("i1", euro_day(1, 1), 366_00, "1.10")
    deal = ContractOpened(
        when=euro_day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=0,
        obligations=(
            even("goods", "2024-01-01", "2025-01-01", price_minor=366_00),
            even("later", "2024-03-01", "2025-01-01", price_minor=1_00),
        ),
    )
    ledger.say("contract:k", deal)
    ledger.bill_once("i2", euro_day(1, 1), 5_00, "1.10")
    euros = scheduled(opened("2024-01-01", even("goods", *TWO, price_minor=2400_00)))
    january = date(2024, 1, 31)

    worth = earned_worths(ledger.measured("contract:k", january), january, january)
    assert worth == {"goods": 33_55}
    # What is told in its own currency is worth what was earned.
    assert earned_worths(euros, MARCH, MARCH) == {"goods": 300_00}
