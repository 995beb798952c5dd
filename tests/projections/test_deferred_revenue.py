"""Deferred revenue: balance, waterfall and roll-forward of a year billed at once."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.calendar import year_after
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.deferred_revenue import (
    Deferred,
    Release,
    RollForward,
    current_and_non_current,
    deferred,
    roll_forward,
    waterfall,
)
from projections.question import Question

ASK = Question(entity="acme", book="us-gaap")


def a_quarter_paid_ahead(books):
    """1,200.00 for January to April by month, 100.00 credited from March on, seen in February."""
    line = InvoiceLine(
        line="1",
        amount_minor=1_200_00,
        service_from=date(2024, 1, 1),
        service_to=date(2024, 5, 1),
    )
    command = IssueInvoice(
        when=When(effective=date(2024, 1, 1)), customer="c1", currency="USD", lines=(line,)
    )
    books.tell("invoice:i", command)
    books.run(date(2024, 2, 29))
    command = IssueCredit(
        when=When(effective=date(2024, 3, 1)),
        number="CN",
        lines=(CreditLine(line="1", amount_minor=100_00),),
    )
    books.tell("invoice:i", command)
    books.run(date(2024, 3, 31))
    books.catch_up()


def released(books, question):
    return [(row.period, row.minor) for row in waterfall(books.connection, question).rows]


def test_the_balance_is_what_is_billed_and_not_yet_earned(books):
    a_quarter_paid_ahead(books)

    assert deferred(books.connection, ASK).rows == (
        Deferred(unit="invoice:i:1", obligation="1", customer="c1", currency="USD", minor=250_00),
    )


def test_the_waterfall_spreads_the_balance_as_it_was_known(books):
    a_quarter_paid_ahead(books)
    first_run = 10

    assert released(books, ASK) == [("2024-04", 250_00)]
    assert released(books, replace(ASK, known_at=first_run)) == [
        ("2024-03", 300_00),
        ("2024-04", 300_00),
    ]
    assert waterfall(books.connection, ASK).rows == (
        Release(period="2024-04", currency="USD", minor=250_00),
    )


def test_the_balance_rolls_forward_period_by_period(books):
    a_quarter_paid_ahead(books)

    assert roll_forward(books.connection, ASK).rows == (
        RollForward(
            period="2024-01",
            currency="USD",
            opening_minor=0,
            billed_minor=1_200_00,
            earned_minor=300_00,
            reclassified_minor=0,
            other_minor=0,
            closing_minor=900_00,
        ),
        RollForward(
            period="2024-02",
            currency="USD",
            opening_minor=900_00,
            billed_minor=0,
            earned_minor=300_00,
            reclassified_minor=0,
            other_minor=0,
            closing_minor=600_00,
        ),
        RollForward(
            period="2024-03",
            currency="USD",
            opening_minor=600_00,
            billed_minor=-100_00,
            earned_minor=250_00,
            reclassified_minor=0,
            other_minor=0,
            closing_minor=250_00,
        ),
    )


def test_what_is_earned_after_twelve_months_is_not_current(books):
    """2,400.00 for two years from January 2024: at the end of March 21 months are left."""
    lines = (
        InvoiceLine(
            line="1",
            amount_minor=2_400_00,
            service_from=date(2024, 1, 1),
            service_to=date(2026, 1, 1),
        ),
        InvoiceLine(
            line="2",
            amount_minor=100_00,
            contract="k",
            obligation="training",
        ),
    )
    command = IssueInvoice(
        when=When(effective=date(2024, 1, 1)), customer="c1", currency="USD", lines=lines
    )
    books.tell("invoice:i", command)
    books.run(date(2024, 3, 31))
    books.catch_up()

    rows = current_and_non_current(books.connection, ASK).rows

    split = [(r.obligation, r.minor, r.current_minor, r.non_current_minor) for r in rows]
    assert split == [
        ("training", 100_00, 100_00, 0),
        ("1", 2_100_00, 1_200_00, 900_00),
    ]
    assert [row.unscheduled_minor for row in rows] == [100_00, 0]
    assert [
        row.non_current_minor
        for row in current_and_non_current(
            books.connection, replace(ASK, through=date(2024, 1, 31))
        ).rows
    ] == [0, 1_100_00]


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 2, 28), date(2024, 2, 29)),
        (date(2024, 6, 30), date(2025, 6, 30)),
        (date(2024, 6, 15), date(2025, 6, 15)),
    ],
)
def test_twelve_months_after_the_end_of_a_month_is_the_end_of_one(day, later):
    assert year_after(day) == later
