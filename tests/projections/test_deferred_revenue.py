"""Deferred revenue: balance, waterfall and roll-forward of a year billed at once."""

from datetime import date

from msgspec.structs import replace

from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.deferred_revenue import (
    Deferred,
    Release,
    RollForward,
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
            other_minor=0,
            closing_minor=900_00,
        ),
        RollForward(
            period="2024-02",
            currency="USD",
            opening_minor=900_00,
            billed_minor=0,
            earned_minor=300_00,
            other_minor=0,
            closing_minor=600_00,
        ),
        RollForward(
            period="2024-03",
            currency="USD",
            opening_minor=600_00,
            billed_minor=-100_00,
            earned_minor=250_00,
            other_minor=0,
            closing_minor=250_00,
        ),
    )
