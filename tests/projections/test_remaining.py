"""Remaining obligations: what is still to be earned of every price, when, and what is left out."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.contract_commands import (
    MeasureProgress,
    ModifyContract,
    OpenContract,
    SatisfyObligation,
)
from domain.contract_facts import Fee, Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.policy import AdoptPolicy, Options
from domain.subscription import Item, StartSubscription
from projections.question import Question
from projections.remaining import (
    RemainingObligation,
    remaining_by_band,
    remaining_obligations,
)
from projections.revenue import revenue_by_period

ASK = Question(entity="acme", book="us-gaap")
JANUARY = date(2024, 1, 1)


def contract(books, name, *obligations, price=0, day=JANUARY, **more):
    command = OpenContract(
        when=When(effective=day),
        customer="c1",
        currency="USD",
        price_minor=price,
        obligations=obligations,
        **more,
    )
    books.tell(f"contract:{name}", command)


def service(name="service", months=24, minor=2_400_00, **more):
    return Obligation(
        obligation=name,
        ssp_minor=minor,
        service_from=JANUARY,
        service_to=date(2024 + months // 12, 1 + months % 12, 1),
        **more,
    )


def left(books, question=ASK, **asked):
    rows = remaining_obligations(books.connection, question, **asked).rows
    return {
        row.obligation: (row.price_minor, row.earned_minor, row.remaining_minor) for row in rows
    }


def bands(books, question=ASK, **asked):
    rows = remaining_by_band(books.connection, question, **asked).rows
    return [(row.band, row.minor) for row in rows]


def posted(books, day):
    books.run(day)
    books.catch_up()
    return books


def test_a_service_is_left_year_by_year(books):
    contract(books, "k", service(), price=2_400_00)
    posted(books, date(2024, 3, 31))

    assert remaining_obligations(books.connection, ASK).rows == (
        RemainingObligation(
            unit="contract:k",
            obligation="service",
            customer="c1",
            currency="USD",
            price_minor=2_400_00,
            earned_minor=300_00,
            remaining_minor=2_100_00,
            left_out_minor=0,
            reason="",
        ),
    )
    assert bands(books) == [("2024", 900_00), ("2025", 1_200_00)]
    assert bands(books, by="period")[:2] == [("2024-04", 100_00), ("2024-05", 100_00)]


def test_what_waits_for_an_event_is_unscheduled(books):
    build = Obligation(obligation="build", ssp_minor=600_00, pattern="point-in-time")
    made = Obligation(
        obligation="made", ssp_minor=600_00, pattern="percent-complete", expected_cost_minor=100_00
    )
    contract(books, "k", build, made, price=1_200_00)
    books.tell(
        "contract:k",
        MeasureProgress(
            when=When(effective=date(2024, 2, 1)), obligation="made", percent=Decimal(25)
        ),
    )
    posted(books, date(2024, 3, 31))

    assert left(books) == {"build": (600_00, 0, 600_00), "made": (600_00, 150_00, 450_00)}
    assert bands(books) == [("unscheduled", 1_050_00)]
    books.tell(
        "contract:k", SatisfyObligation(when=When(effective=date(2024, 4, 2)), obligation="build")
    )
    posted(books, date(2024, 4, 30))
    assert bands(books) == [("unscheduled", 450_00)]


def test_what_was_agreed_after_the_day_is_not_known_on_it(books):
    contract(books, "k", service(), price=2_400_00)
    books.tell(
        "contract:k",
        ModifyContract(when=When(effective=date(2024, 7, 1)), price_change_minor=180_00),
    )
    contract(books, "later", service("late"), price=2_400_00, day=date(2024, 6, 1))
    posted(books, date(2024, 12, 31))

    assert left(books, replace(ASK, through=date(2024, 3, 31))) == {
        "service": (2_400_00, 300_00, 2_100_00)
    }
    assert left(books)["service"] == (2_580_00, 1_260_00, 1_320_00)


def test_an_earlier_answer_stays(books):
    contract(books, "k", service(), price=2_400_00)
    known_at = books.run(date(2024, 3, 31))
    books.catch_up()
    before = remaining_obligations(books.connection, replace(ASK, known_at=known_at))
    books.tell(
        "contract:k",
        ModifyContract(when=When(effective=date(2024, 2, 1)), price_change_minor=-400_00),
    )
    posted(books, date(2024, 6, 30))

    assert remaining_obligations(books.connection, replace(ASK, known_at=known_at)) == before


def test_no_more_is_left_than_binds_both_sides(books):
    """Rule 2: the customer may leave on thirty days' notice."""
    contract(books, "k", service(), price=2_400_00, cancellable_days=30)
    posted(books, date(2024, 3, 31))

    (row,) = remaining_obligations(books.connection, ASK).rows

    assert (row.price_minor, row.earned_minor, row.remaining_minor) == (2_400_00, 300_00, 100_00)
    assert (row.left_out_minor, row.reason) == (2_000_00, "not-bound")


def sell(books, name, **said):
    said = {"term_to": date(2025, 1, 1)} | said
    command = StartSubscription(
        when=When(effective=JANUARY),
        customer="c1",
        currency="USD",
        term_from=JANUARY,
        items=(Item(item="seat", price="seat"), Item(item="call", price="call")),
        **said,
    )
    books.tell(f"subscription:{name}", command)


def test_a_subscription_is_left_to_the_end_of_its_term_and_its_usage_is_not_estimated(books):
    sell(books, "s1")
    books.use("s1", date(2024, 3, 4), 10)
    posted(books, date(2024, 3, 31))

    rows = {row.obligation: row for row in remaining_obligations(books.connection, ASK).rows}

    assert rows["seat"].remaining_minor == 9_000_00
    assert (rows["call"].remaining_minor, rows["call"].reason) == (0, "usage")


def test_a_subscription_that_renews_itself_binds_for_its_term_only(books):
    sell(books, "s1", renews_months=12)
    posted(books, date(2024, 3, 31))

    assert left(books)["seat"][2] == 9_000_00


def test_a_subscription_without_end_binds_for_the_month_that_runs(books):
    sell(books, "s1", term_to=None)
    posted(books, date(2024, 3, 15))

    assert left(books)["seat"] == (3_000_00, 2_000_00, 1_000_00)


def elect(books, **options):
    policy = AdoptPolicy(
        when=When(effective=JANUARY), options=Options(ratable_by="month", **options)
    )
    books.tell("policy:us-gaap", policy)


@pytest.mark.parametrize(("elected", "expected"), [("shown", 900_00), ("left-out", 0)])
def test_contracts_of_a_year_may_be_left_out(books, elected, expected):
    elect(books, remaining_of_a_year=elected)
    contract(books, "k", service(months=12, minor=1_200_00), price=1_200_00)
    line = InvoiceLine(
        line="1", amount_minor=240_00, service_from=JANUARY, service_to=date(2026, 1, 1)
    )
    command = IssueInvoice(
        when=When(effective=JANUARY), customer="c1", currency="USD", lines=(line,)
    )
    books.tell("invoice:i", command)
    posted(books, date(2024, 3, 31))

    rows = {row.unit: row for row in remaining_obligations(books.connection, ASK).rows}

    assert rows["contract:k"].remaining_minor == expected
    assert rows["contract:k"].left_out_minor == 900_00 - expected
    assert rows["contract:k"].reason == ("of-a-year" if elected == "left-out" else "")
    assert rows["invoice:i:1"].remaining_minor == 210_00


def test_an_amount_of_one_promise_alone_may_be_left_out(books):
    elect(books, remaining_allocated="left-out")
    bonus = VariableAmount(name="bonus", estimate_minor=600_00, obligations=("service",))
    contract(books, "k", service(), price=2_400_00, variable=(bonus,))
    posted(books, date(2024, 12, 31))

    (row,) = remaining_obligations(books.connection, ASK).rows

    assert (row.price_minor, row.earned_minor) == (3_000_00, 1_500_00)
    assert (row.remaining_minor, row.left_out_minor) == (1_200_00, 300_00)
    assert row.reason == "allocated-variable"
    assert bands(books) == [("2025", 1_200_00)]


def test_what_is_earned_as_invoiced_or_as_reported_is_named_and_not_estimated(books):
    hours = Obligation(obligation="hours", pattern="as-invoiced")
    royalty = Obligation(
        obligation="royalty", pattern="percent-of-base", percent_of_base=Decimal(5)
    )
    contract(books, "k", hours, royalty)
    posted(books, date(2024, 3, 31))

    rows = remaining_obligations(books.connection, ASK).rows

    assert {row.obligation: row.reason for row in rows} == {
        "hours": "as-invoiced",
        "royalty": "royalty",
    }


def test_example_42(books):
    """IFRS 15.IE212-IE219, ASC 606-10-55-297: a fee by month, and one with an estimate."""
    fees = service("b", 24, 0, fees=(Fee(amount_minor=400_00, per="month", service_from=JANUARY,
                                         service_to=date(2026, 1, 1)),))  # fmt: skip
    contract(books, "B", fees)
    score = VariableAmount(name="score", estimate_minor=750_00)
    contract(books, "C", service("c"), price=2_400_00, variable=(score,))
    posted(books, date(2024, 8, 31))

    assert bands(books, unit="contract:B") == [("2024", 1_600_00), ("2025", 4_800_00)]
    assert bands(books, unit="contract:C") == [("2024", 525_00), ("2025", 1_575_00)]


def test_what_was_earned_is_the_revenue_of_the_books(books):
    contract(books, "k", service(), price=2_400_00)
    sell(books, "s1")
    books.use("s1", date(2024, 3, 4), 10)
    posted(books, date(2024, 3, 31))

    rows = remaining_obligations(books.connection, ASK).rows
    booked = sum(row.earned_minor for row in revenue_by_period(books.connection, ASK).rows)

    assert sum(row.earned_minor for row in rows) == booked


def test_usage_to_date_is_earned_whenever_it_came_in(books):
    """The batch is a fact of the day it was taken in, its rows are of their own days."""
    sell(books, "s1")
    books.on(2024, 4, 20).use("s1", date(2024, 3, 4), 10)
    posted(books, date(2024, 3, 31))

    assert left(books)["call"] == (20_00, 20_00, 0)
