"""The list of invoices: what became of each, page by page, and its sum is what is open."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.cash import ReceivePayment
from domain.errors import Malformed
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.invoices import invoices
from projections.question import Question
from projections.receivables import open_items

ASK = Question(entity="acme", book="us-gaap")
APRIL = date(2024, 4, 30)


def issue(books, name, month, minor, customer="c1", **more):
    line = InvoiceLine(line="1", amount_minor=minor)
    when = When(effective=date(2024, month, 10))
    command = IssueInvoice(when=when, customer=customer, currency="USD", lines=(line,), **more)
    return books.tell(f"invoice:{name}", command)


@pytest.fixture
def issued(books):
    """One paid, one credited in part, one void, one of another customer, and a debit note."""
    march = When(effective=date(2024, 3, 15))
    issue(books, "a", 1, 100_00)
    issue(books, "b", 2, 200_00)
    issue(books, "c", 2, 300_00)
    issue(books, "d", 3, 400_00, "c2")
    issue(books, "e", 3, 50_00, debits="b")
    row = CreditLine(line="1", amount_minor=70_00)
    books.tell("invoice:b", IssueCredit(when=march, number="CN", lines=(row,)))
    books.tell("invoice:c", VoidInvoice(when=march))
    paid = ReceivePayment(when=march, customer="c1", currency="USD", amount_minor=130_00)
    books.tell("payment:p", paid)
    books.run(APRIL)
    books.catch_up()
    return books


def told(books, question=ASK, **narrowed):
    return [
        (row.invoice, row.state, row.open_minor)
        for row in invoices(books.connection, question, **narrowed).rows
    ]


def test_each_invoice_says_what_became_of_it(issued):
    assert told(issued) == [
        ("a", "settled", 0),
        ("b", "open", 100_00),
        ("c", "void", 0),
        ("d", "open", 400_00),
        ("e", "open", 50_00),
    ]
    for row in invoices(issued.connection, ASK).rows:
        assert row.total_minor + row.credited_minor + row.applied_minor == row.open_minor
    assert [row.kind for row in invoices(issued.connection, ASK).rows][-1] == "debit-note"


def test_by_customer_state_and_dates(issued):
    assert told(issued, customer="c2") == [("d", "open", 400_00)]
    assert [name for name, *_ in told(issued, state="void")] == ["c"]
    assert [name for name, *_ in told(issued, state="settled")] == ["a"]
    february = replace(ASK, through=date(2024, 2, 29))
    assert told(issued, february, since=date(2024, 2, 1)) == [
        ("b", "open", 200_00),
        ("c", "open", 300_00),
    ]
    with pytest.raises(Malformed):
        told(issued, state="lost")


def test_pages_follow_one_another(issued):
    seen, after = [], 0
    while rows := invoices(issued.connection, ASK, after=after, limit=2).rows:
        assert len(rows) <= 2
        seen += [row.invoice for row in rows]
        after = rows[-1].position

    assert seen == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("basis", ["reported", "earned"])
@pytest.mark.parametrize("month", [1, 2, 3, 4])
def test_what_is_open_is_the_open_items(issued, basis, month):
    question = replace(ASK, basis=basis, through=date(2024, month, 28))
    items = [(row.invoice, row.open_minor) for row in open_items(issued.connection, question).rows]

    assert sorted((n, minor) for n, _, minor in told(issued, question) if minor) == sorted(items)


def test_a_retracted_invoice_is_not_listed_and_was_before(issued):
    position = invoices(issued.connection, ASK).rows[3].position
    before = invoices(issued.connection, ASK).known_at
    issued.tell("invoice:d", None, corrects=position)
    issued.run(APRIL)
    issued.catch_up()

    assert "d" not in [name for name, *_ in told(issued)]
    assert "d" in [name for name, *_ in told(issued, replace(ASK, known_at=before))]
