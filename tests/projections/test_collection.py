"""Statement, cash by day, days outstanding and forecast: each ties to its account."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain.cash import FailPayment, ReceivePayment, RefundPayment
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from projections.cash_days import cash_by_day
from projections.collection import days_outstanding, forecast
from projections.question import Question
from projections.receivables import ageing, unapplied
from projections.statement import statement
from projections.trial_balance import trial_balance

ASK = Question(entity="acme", book="us-gaap")


def issue(books, name, day, minor, due_on, customer="c1"):
    command = IssueInvoice(
        when=When(effective=day),
        customer=customer,
        currency="USD",
        number=f"N-{name}",
        due_on=due_on,
        lines=(InvoiceLine(line="1", amount_minor=minor),),
    )
    return books.tell(f"invoice:{name}", command)


def pay(books, name, day, minor, customer="c1"):
    command = ReceivePayment(
        when=When(effective=day), customer=customer, currency="USD", amount_minor=minor
    )
    return books.tell(f"payment:{name}", command)


def played(books):
    """Of three invoices one is paid 9 days late and one in part; somebody else pays ahead."""
    issue(books, "a", date(2024, 1, 10), 100_00, date(2024, 2, 1))
    issue(books, "b", date(2024, 2, 10), 200_00, date(2024, 3, 1))
    issue(books, "c", date(2024, 3, 10), 300_00, date(2024, 4, 20))
    pay(books, "p", date(2024, 2, 10), 100_00)
    pay(books, "q", date(2024, 3, 15), 50_00)
    pay(books, "r", date(2024, 3, 16), 70_00, customer="c2")
    books.tell(
        "payment:r", RefundPayment(when=When(effective=date(2024, 3, 20)), amount_minor=20_00)
    )
    books.tell("payment:r", FailPayment(when=When(effective=date(2024, 3, 20)), amount_minor=10_00))
    books.run(date(2024, 4, 10))
    books.catch_up()


def accounts(books, question=ASK):
    return {row.account: row.minor for row in trial_balance(books.connection, question).rows}


def test_a_statement_opens_with_what_stood_and_closes_with_what_stands(books):
    played(books)

    rows = statement(books.connection, ASK, customer="c1", since=date(2024, 3, 1)).rows

    assert [(row.kind, row.document, row.receivable_minor, row.held_minor) for row in rows] == [
        ("opening", "", 200_00, 0),
        ("invoice", "c", 300_00, 0),
        ("settled", "b", -50_00, -50_00),
        ("receipt", "q", 0, 50_00),
    ]
    assert [row.owed_minor for row in rows] == [200_00, 500_00, 450_00, 450_00]


def test_the_last_rows_of_all_statements_are_the_accounts(books):
    played(books)
    for through in (date(2024, 2, 20), date(2024, 3, 17), date(2024, 4, 10)):
        for basis in ("reported", "earned"):
            question = replace(ASK, through=through, basis=basis)
            last = {
                (row.customer, row.currency): row
                for row in statement(books.connection, question).rows
            }
            stands = accounts(books, question)

            owed = sum(row.owed_minor for row in last.values())
            held = sum(row.in_hand_minor for row in last.values())
            assert owed == stands["accounts-receivable"]
            assert held == -stands.get("unapplied-cash", 0)


def test_cash_of_all_days_is_the_account_of_cash(books):
    played(books)

    rows = cash_by_day(books.connection, ASK).rows

    assert [(row.day, row.received_minor, row.back_minor) for row in rows] == [
        (date(2024, 2, 10), 100_00, 0),
        (date(2024, 3, 15), 50_00, 0),
        (date(2024, 3, 16), 70_00, 0),
        (date(2024, 3, 20), 0, -30_00),
    ]
    assert sum(row.total_minor for row in rows) == accounts(books)["cash-clearing"]


def test_days_outstanding_are_what_is_open_by_what_was_billed(books):
    played(books)
    question = replace(ASK, through=date(2024, 4, 10))

    (row,) = days_outstanding(books.connection, question).rows
    (short,) = days_outstanding(books.connection, question, days=31).rows

    assert (row.open_minor, row.billed_minor) == (450_00, 500_00)
    assert row.outstanding_days == Decimal("81.0")
    assert (short.billed_minor, short.outstanding_days) == (0, None)
    assert row.open_minor == accounts(books)["accounts-receivable"]


def test_an_item_is_expected_as_late_as_its_customer_usually_pays(books):
    played(books)
    question = replace(ASK, through=date(2024, 4, 10))

    rows = forecast(books.connection, question).rows

    assert [(row.expected_on, row.delay_days, row.open_minor) for row in rows] == [
        (date(2024, 4, 10), 9, 150_00),
        (date(2024, 4, 29), 9, 300_00),
    ]
    (aged,) = ageing(books.connection, question).rows
    assert sum(row.open_minor for row in rows) == aged.total_minor


def test_each_answers_as_known_before(books):
    issue(books, "a", date(2024, 1, 10), 100_00, date(2024, 2, 1))
    before = books.run(date(2024, 4, 10))
    pay(books, "p", date(2024, 2, 10), 40_00)
    books.run(date(2024, 4, 10))
    books.catch_up()
    then = replace(ASK, known_at=before)

    assert [row.owed_minor for row in statement(books.connection, then).rows] == [100_00]
    assert cash_by_day(books.connection, then).rows == ()
    assert [row.open_minor for row in forecast(books.connection, then).rows] == [100_00]
    assert [row.open_minor for row in days_outstanding(books.connection, then).rows] == [100_00]
    assert unapplied(books.connection, then).rows == ()
