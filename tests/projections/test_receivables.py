"""Open items, ageing and unapplied money, from documents as they were known at a position."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.cash import (
    ReceivePayment,
)
from domain.errors import Malformed
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.question import Question
from projections.receivables import Ageing, Unapplied, ageing, open_items, unapplied

ASK = Question(entity="acme", book="us-gaap")


def issue(books, name, day, minor, due_on, **envelope):
    command = IssueInvoice(
        when=When(effective=day),
        customer="c1",
        currency="USD",
        number=f"N-{name}",
        due_on=due_on,
        lines=(InvoiceLine(line="1", amount_minor=minor),),
    )
    return books.tell(f"invoice:{name}", command, **envelope)


def credit(books, name, day, minor):
    command = IssueCredit(
        when=When(effective=day), number="CN", lines=(CreditLine(line="1", amount_minor=minor),)
    )
    return books.tell(f"invoice:{name}", command)


def pay(books, name, day, minor):
    command = ReceivePayment(
        when=When(effective=day), customer="c1", currency="USD", amount_minor=minor
    )
    return books.tell(f"payment:{name}", command)


def opened(books, question):
    return [(row.invoice, row.open_minor) for row in open_items(books.connection, question).rows]


def three_invoices(books):
    issue(books, "a", date(2024, 1, 10), 100_00, date(2024, 2, 9))
    issue(books, "b", date(2024, 2, 10), 200_00, date(2024, 3, 11))
    issue(books, "c", date(2024, 3, 10), 300_00, date(2024, 4, 9))
    credit(books, "b", date(2024, 3, 1), 50_00)
    pay(books, "p", date(2024, 3, 15), 30_00)
    books.run(date(2024, 4, 30))
    books.catch_up()


def test_what_is_credited_and_applied_is_no_longer_owed(books):
    three_invoices(books)

    rows = open_items(books.connection, replace(ASK, through=date(2024, 4, 30))).rows

    assert [
        (row.invoice, row.issued_minor, row.credited_minor, row.applied_minor, row.open_minor)
        for row in rows
    ] == [
        ("a", 100_00, 0, -30_00, 70_00),
        ("b", 200_00, -50_00, 0, 150_00),
        ("c", 300_00, 0, 0, 300_00),
    ]


def test_ages_count_from_the_day_one_looks_through(books):
    three_invoices(books)

    found = ageing(books.connection, replace(ASK, through=date(2024, 4, 30)))

    assert found.rows == (
        Ageing(
            customer="c1",
            currency="USD",
            by_age_minor={
                "current": 0,
                "1-30": 300_00,
                "31-60": 150_00,
                "61-90": 70_00,
                "91+": 0,
            },
            total_minor=520_00,
        ),
    )


def test_ages_may_count_from_the_date_of_the_invoice_and_be_any_number_of_days(books):
    three_invoices(books)

    found = ageing(
        books.connection, replace(ASK, through=date(2024, 4, 30)), by="issued", ages=(51, 80)
    )

    assert [row.by_age_minor for row in found.rows] == [
        {"current": 0, "1-51": 300_00, "52-80": 150_00, "81+": 70_00}
    ]


def test_ages_that_do_not_rise_are_refused(books):
    for ages in ((), (30, 30), (0, 10), tuple(range(1, 26))):
        with pytest.raises(Malformed, match="bad-ages"):
            ageing(books.connection, ASK, ages=ages)


def test_before_a_credit_and_a_payment_all_is_owed(books):
    three_invoices(books)

    assert opened(books, replace(ASK, through=date(2024, 2, 29))) == [("a", 100_00), ("b", 200_00)]


def test_a_void_leaves_nothing_and_frees_the_money(books):
    three_invoices(books)
    books.tell("invoice:a", VoidInvoice(when=When(effective=date(2024, 4, 2))))
    books.tell("invoice:b", VoidInvoice(when=When(effective=date(2024, 4, 2))))
    books.tell("invoice:c", VoidInvoice(when=When(effective=date(2024, 4, 2))))
    books.run(date(2024, 4, 30))
    books.catch_up()

    assert opened(books, ASK) == []
    assert unapplied(books.connection, ASK).rows == (
        Unapplied(customer="c1", currency="USD", minor=30_00),
    )


def test_a_retracted_correction_brings_the_first_document_back(books):
    first = issue(books, "a", date(2024, 1, 10), 100_00, date(2024, 2, 9))
    second = issue(books, "a", date(2024, 1, 10), 90_00, date(2024, 2, 9), corrects=first)
    third = books.retract("invoice:a", second)
    books.run(date(2024, 1, 31))

    for batch in (1, 7, 5_000):
        with books.connection.transaction(force_rollback=True):
            books.catch_up(batch)
            seen = [opened(books, replace(ASK, known_at=at)) for at in (first, second, third)]

        assert seen == [[("a", 100_00)], [("a", 90_00)], [("a", 100_00)]]


def test_what_was_booked_after_the_day_is_not_yet_reported(books):
    books.run(date(2024, 1, 31))
    books.catch_up().close("2024-01")
    issue(books, "a", date(2024, 1, 10), 100_00, date(2024, 2, 9))
    books.run(date(2024, 2, 29))
    books.catch_up()
    january = replace(ASK, through=date(2024, 1, 31))

    assert opened(books, january) == []
    assert opened(books, replace(january, basis="earned")) == [("a", 100_00)]
