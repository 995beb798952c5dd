"""Of a customer nobody registered usage waits, and what is stated stands and is listed."""

from __future__ import annotations

from datetime import date

import pytest

from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.party import RegisterCustomer
from projections.exceptions import Finding, exceptions
from projections.question import Question
from projections.usage import pending

JANUARY = date(2024, 1, 31)
FEBRUARY = date(2024, 2, 29)
ASK = Question(entity="acme", book="us-gaap")


def register(books, name="c9"):
    since = When(effective=date(2024, 6, 1))
    return books.tell(f"customer:{name}", RegisterCustomer(when=since, currency="USD"))


def invoice(books, name="i1", customer="c9", day=date(2024, 1, 10)):
    line = InvoiceLine(line="1", amount_minor=100_00, kind="one-off")
    issue = IssueInvoice(when=When(effective=day), customer=customer, currency="USD", lines=(line,))
    return books.tell(f"invoice:{name}", issue)


def run(books, through=JANUARY):
    at = books.run(through)
    books.catch_up()
    return at


def booked(books):
    sums = "SELECT account, sum(minor)::int FROM journal_line GROUP BY account ORDER BY account"
    return dict(books.connection.execute(sums).fetchall())


def reasons(books):
    return [(row.subscription, row.reason, row.rows) for row in pending(books.connection, ASK).rows]


def findings(books):
    return exceptions(books.connection, Question(entity="acme")).rows


def test_usage_of_an_unknown_customer_waits_and_counts_once_the_customer_is_registered(books):
    books.subscribe("s1", customer="c9")
    books.use("s1", date(2024, 1, 20), 60, 40)
    run(books)

    assert reasons(books) == [("s1", "unknown-customer", 2)]
    assert booked(books)["revenue"] == -1_000_00

    register(books)
    run(books)
    assert reasons(books) == []
    assert booked(books)["revenue"] == -1_200_00


def test_a_customer_registered_before_its_subscription_is_known_to_it(books):
    register(books)
    run(books)
    books.subscribe("s1", customer="c9")
    books.use("s1", date(2024, 1, 20), 60, 40)
    run(books)

    assert reasons(books) == []
    assert booked(books)["revenue"] == -1_200_00


def test_a_registration_taken_back_lets_usage_wait_again(books):
    books.subscribe("s1", customer="c9")
    books.use("s1", date(2024, 1, 20), 60, 40)
    registered = register(books)
    run(books)
    books.retract("customer:c9", registered)
    run(books)

    assert reasons(books) == [("s1", "unknown-customer", 2)]
    assert booked(books)["revenue"] == -1_000_00


def test_a_registration_measures_the_subscriptions_of_that_customer_again_and_no_other(books):
    books.subscribe("s1", customer="c9")
    books.subscribe("s2", customer="c9:b")
    books.subscribe("s3")
    first = run(books)
    register(books)
    second = run(books)

    states = "SELECT unit, measured_at FROM unit_state WHERE unit LIKE 'subscription:%' ORDER BY 1"
    assert books.connection.execute(states).fetchall() == [
        ("subscription:s1", second),
        ("subscription:s2", first),
        ("subscription:s3", first),
    ]


def test_a_document_of_an_unknown_customer_stands_and_is_listed_until_it_is_registered(books):
    at = invoice(books)
    run(books)

    assert booked(books)["accounts-receivable"] == 100_00
    assert findings(books) == (
        Finding(
            kind="unknown-customer",
            subject="c9",
            detail="named, and not registered",
            since=at,
            count=1,
        ),
    )
    with pytest.raises(Rejected) as refused:
        books.close("2024-01")
    assert (refused.value.code, refused.value.context) == (
        "close-unknown-customer",
        {"customers": ["c9"]},
    )

    register(books)
    run(books)
    assert findings(books) == ()
    assert exceptions(books.connection, Question(entity="acme", known_at=at + 1)).rows != ()
    assert books.close("2024-01")


def test_a_document_of_a_later_period_does_not_hold_a_close_up(books):
    invoice(books, day=date(2024, 2, 10))
    run(books, FEBRUARY)

    assert books.close("2024-01")
    with pytest.raises(Rejected, match="close-unknown-customer"):
        books.close("2024-02")


def test_a_document_taken_back_names_nobody(books):
    at = invoice(books)
    run(books)
    books.retract("invoice:i1", at)
    run(books)

    assert findings(books) == ()


def test_a_customer_whose_registration_was_corrected_is_registered(books):
    invoice(books)
    first = register(books)
    again = RegisterCustomer(when=When(effective=JANUARY), currency="USD")
    books.tell("customer:c9", again, corrects=first)
    run(books)

    assert findings(books) == ()


def test_a_registration_taken_back_after_the_last_run_stands_against_a_close(books):
    books.subscribe("s1", customer="c9")
    books.use("s1", date(2024, 1, 20), 60)
    since = When(effective=date(2024, 1, 1))
    registered = books.tell("customer:c9", RegisterCustomer(when=since, currency="USD"))
    run(books)
    books.retract("customer:c9", registered)
    books.catch_up()

    with pytest.raises(Rejected) as refused:
        books.close("2024-01")
    assert (refused.value.code, refused.value.context) == (
        "close-unknown-customer",
        {"customers": ["c9"]},
    )


def test_the_registration_of_somebody_without_a_subscription_holds_no_close_up(books):
    books.subscribe("s1")
    run(books)
    since = When(effective=date(2024, 1, 1))
    books.tell("customer:c9", RegisterCustomer(when=since, currency="USD"))
    books.catch_up()

    assert books.close("2024-01")
