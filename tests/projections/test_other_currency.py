"""What is in another currency than its deal waits by name, and is never summed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import Source, When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.price import SetPrice
from domain.pricing import Flat, PerUnit
from domain.subscription import Item, StartSubscription
from projections.exceptions import exceptions
from projections.question import Question
from projections.usage import pending

JANUARY = date(2024, 1, 31)
SINCE = When(effective=date(2024, 1, 1))
ASK = Question(entity="acme", book="us-gaap")


def sell(books, price):
    return books.tell(
        "subscription:s1",
        StartSubscription(
            when=SINCE,
            customer="c1",
            currency="USD",
            term_from=date(2024, 1, 1),
            term_to=date(2025, 1, 1),
            items=(Item(item="it", price=price),),
        ),
    )


def price(books, currency, *, meter=None, **envelope):
    model = PerUnit(unit_amount=Decimal(2)) if meter else Flat(amount=Decimal(100))
    command = SetPrice(when=SINCE, currency=currency, model=model, meter=meter)
    return books.tell("price:late", command, **envelope)


def outside_invoice(books, currency):
    line = InvoiceLine(line="1", amount_minor=500_00, subscription="s1", obligation="it")
    issue = IssueInvoice(when=SINCE, customer="c1", currency=currency, lines=(line,))
    source = Source(system="billing", kind="invoice", id="i1")
    return books.tell("invoice:i1", issue, source=source)


def run(books):
    books.run(JANUARY)
    books.catch_up()


def parked(books):
    rows = exceptions(books.connection, Question(entity="acme")).rows
    return [(row.subject, row.detail) for row in rows if row.kind == "parked"]


def booked(books):
    sums = """SELECT currency, account, sum(minor)::int FROM journal_line
               GROUP BY currency, account HAVING sum(minor) <> 0 ORDER BY currency, account"""
    return books.connection.execute(sums).fetchall()


def test_what_is_sold_at_a_price_learned_later_in_another_currency_is_parked(books):
    sell(books, "late")
    first = price(books, "EUR")
    run(books)

    assert parked(books) == [("subscription:s1", "currency-mismatch (price=EUR, subscription=USD)")]
    assert booked(books) == []

    price(books, "USD", corrects=first)
    run(books)
    assert parked(books) == []
    assert booked(books) == [("USD", "revenue", -100_00), ("USD", "unbilled-receivable", 100_00)]


def test_usage_at_a_price_learned_later_in_another_currency_is_pending(books):
    sell(books, "late")
    first = price(books, "EUR", meter="calls")
    books.use("s1", date(2024, 1, 20), 10)
    run(books)

    assert [(row.reason, row.rows) for row in pending(books.connection, ASK).rows] == [
        ("currency-mismatch", 1)
    ]

    price(books, "USD", meter="calls", corrects=first)
    run(books)
    assert pending(books.connection, ASK).rows == ()
    assert booked(books) == [("USD", "revenue", -20_00), ("USD", "unbilled-receivable", 20_00)]


@pytest.mark.parametrize("posted_between", [False, True])
def test_an_outside_invoice_that_came_before_its_deal_in_another_currency_is_not_summed(
    books, posted_between
):
    invoice = outside_invoice(books, "EUR")
    if posted_between:
        run(books)
    books.subscribe("s1")
    run(books)

    assert parked(books) == [("subscription:s1", "currency-mismatch (found=['EUR', 'USD'])")]
    assert {row[0] for row in booked(books)} == ({"EUR"} if posted_between else set())

    books.retract("invoice:i1", invoice)
    run(books)
    # What was posted in euros stands there until the deal is taken back as well.
    assert len(parked(books)) == posted_between
    assert {row[0] for row in booked(books)} == ({"EUR"} if posted_between else {"USD"})


def test_what_stands_in_another_currency_is_taken_back_and_the_deal_stated_again(books):
    invoice = outside_invoice(books, "EUR")
    run(books)
    deal = books.subscribe("s1")
    books.retract("invoice:i1", invoice)
    books.retract("subscription:s1", deal)
    run(books)
    assert (parked(books), booked(books)) == ([], [])

    books.subscribe("s1")
    run(books)
    assert parked(books) == []
    assert {row[0] for row in booked(books)} == {"USD"}
