"""Revenue that was contract liability when the year began, and revenue for what was done before."""

from datetime import date

from msgspec.structs import replace

from domain.contract_commands import EstimatePrice, OpenContract
from domain.contract_facts import Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.disclosed import DisclosedRevenue, disclosed_revenue
from projections.question import Question
from projections.revenue import revenue_by_period
from projections.trial_balance import trial_balance

ASK = Question(entity="acme", book="us-gaap")
YEAR = date(2025, 1, 1)


def bill(books, name, minor, first, end, day=None):
    line = InvoiceLine(line="1", amount_minor=minor, service_from=first, service_to=end)
    books.tell(
        f"invoice:{name}",
        IssueInvoice(
            when=When(effective=day or first), customer="c1", currency="USD", lines=(line,)
        ),
    )


def two_years(books):
    """1,200.00 of July 2024 for a year, 600.00 of January 2025 for half a year."""
    bill(books, "a", 1_200_00, date(2024, 7, 1), date(2025, 7, 1))
    books.on(2024, 12, 31).run(date(2024, 12, 31))
    bill(books, "b", 600_00, date(2025, 1, 1), date(2025, 7, 1))
    books.on(2025, 3, 31).run(date(2025, 3, 31))
    books.catch_up()


def disclosed(books, **asked):
    (row,) = disclosed_revenue(books.connection, ASK, since=YEAR, **asked).rows
    return row


def test_what_was_owed_when_the_year_began_is_earned_first(books):
    two_years(books)

    assert disclosed(books) == DisclosedRevenue(
        currency="USD",
        since=YEAR,
        contracts=2,
        opening_liability_minor=600_00,
        given_back_minor=0,
        revenue_minor=600_00,
        from_opening_minor=300_00,
        from_earlier_minor=0,
    )
    assert disclosed(books, unit="invoice:b:1").from_opening_minor == 0


def test_what_is_given_back_is_not_earned(books):
    two_years(books)
    books.tell(
        "invoice:a",
        IssueCredit(
            when=When(effective=date(2025, 4, 1)),
            number="CN",
            lines=(CreditLine(line="1", amount_minor=250_00),),
        ),
    )
    books.on(2025, 6, 30).run(date(2025, 6, 30))
    books.catch_up()

    row = disclosed(books, unit="invoice:a:1")

    assert (row.opening_liability_minor, row.given_back_minor) == (600_00, 250_00)
    assert (row.revenue_minor, row.from_opening_minor) == (350_00, 350_00)


def test_what_is_booked_late_is_for_earlier_performance(books):
    two_years(books)
    for period in (f"2024-{month:02}" for month in range(1, 13)):
        books.close(period)
    bill(books, "late", 90_00, date(2024, 12, 1), date(2025, 1, 1))
    books.on(2025, 4, 30).run(date(2025, 4, 30))
    books.catch_up()

    row = disclosed(books)

    assert row.from_earlier_minor == 90_00
    assert row.revenue_minor == 600_00 + 200_00 + 90_00


def test_opening_liability_and_revenue_are_those_of_the_accounts(books):
    two_years(books)
    row = disclosed(books)
    before = replace(ASK, through=date(2024, 12, 31))

    stood = {one.account: -one.minor for one in trial_balance(books.connection, before).rows}
    booked = sum(
        one.reported_minor
        for one in revenue_by_period(books.connection, ASK).rows
        if one.period >= "2025"
    )

    assert stood["contract-liability"] == row.opening_liability_minor
    assert booked == row.revenue_minor


def test_what_is_caught_up_within_a_period_is_for_earlier_performance(books):
    """1,000.00 a year, and from July a bonus of 200.00: July earns 16.67, and 100.00 of before."""
    service = Obligation(
        obligation="service", service_from=date(2024, 1, 1), service_to=date(2025, 1, 1)
    )
    none = VariableAmount(name="bonus", estimate_minor=0)
    deal = OpenContract(
        when=When(effective=date(2024, 1, 1)),
        customer="c1",
        currency="USD",
        price_minor=1_000_00,
        obligations=(service,),
        variable=(none,),
    )
    books.tell("contract:k1", deal)
    books.on(2024, 6, 30).run(date(2024, 6, 30))
    estimate = EstimatePrice(
        when=When(effective=date(2024, 7, 1)), variable=(replace(none, estimate_minor=200_00),)
    )
    books.tell("contract:k1", estimate)
    books.on(2024, 7, 31).run(date(2024, 7, 31))
    books.catch_up()

    def told(since, **asked):
        return disclosed_revenue(books.connection, replace(ASK, **asked), since=since).rows

    (july,) = told(date(2024, 7, 1))
    assert (july.revenue_minor, july.from_earlier_minor) == (200_00, 100_00)
    (quarter,) = told(date(2024, 4, 1))
    assert quarter.from_earlier_minor == 50_00
    (year,) = told(date(2024, 1, 1))
    assert year.from_earlier_minor == 0
    (june,) = told(date(2024, 4, 1), through=date(2024, 6, 30))
    assert june.from_earlier_minor == 0
