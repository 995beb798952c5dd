"""What is not receivable yet is open, listed, and in no account; the controls count it."""

from datetime import date

from domain.cash import ReceivePayment
from domain.contract_commands import OpenContract, TerminateContract
from domain.contract_facts import Obligation
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.policy import AdoptPolicy, Options
from domain.write_off import WriteOffInvoice
from projections.not_receivable import not_receivable
from projections.question import Question
from projections.receivables import open_items as open_now
from projections.reconciliation import reconcile

JANUARY, NEXT = date(2024, 1, 1), date(2025, 1, 1)


def on(month, day=1):
    return When(effective=date(2024, month, day))


def invoice(books, name, when, due, *lines):
    command = IssueInvoice(when=when, customer="c1", currency="USD", due_on=due, lines=lines)
    books.tell(f"invoice:{name}", command)


def listed(books, through):
    found = not_receivable(
        books.connection, Question(entity="acme", book="us-gaap", through=through)
    ).rows
    return [(row.document, row.minor, row.receivable_on) for row in found]


def open_items(books, through):
    found = open_now(
        books.connection, Question(entity="acme", book="us-gaap", through=through)
    ).rows
    return {row.invoice: row.open_minor for row in found}


def breaks(books):
    return [one.breaks for one in reconcile(books.connection, "acme") if one.breaks]


def test_what_waits_is_open_and_listed_until_it_is_receivable(books):
    elected = Options(ratable_by="month", receivable_at="due")
    books.tell("policy:us-gaap", AdoptPolicy(when=When(effective=JANUARY), options=elected))
    year = InvoiceLine(line="1", amount_minor=120_000, service_from=JANUARY, service_to=NEXT)
    tax = InvoiceLine(line="2", amount_minor=24_000, kind="tax")
    invoice(books, "a", on(1, 9), date(2024, 3, 31), year, tax)
    invoice(books, "b", on(2), date(2024, 2, 1), InvoiceLine(line="1", amount_minor=500))
    pay = ReceivePayment(when=on(2, 10), customer="c1", currency="USD", amount_minor=50_500)
    books.tell("payment:p", pay)
    row = CreditLine(line="1", amount_minor=12_000)
    books.tell("invoice:a", IssueCredit(when=on(2, 20), number="C-1", lines=(row,)))
    books.run(date(2024, 1, 31))
    books.catch_up()

    assert listed(books, date(2024, 1, 31)) == [("a", 120_000, date(2024, 3, 31))]
    assert breaks(books) == []

    books.run(date(2024, 2, 29))
    books.catch_up()

    assert listed(books, date(2024, 2, 29)) == [("a", 108_000, date(2024, 3, 31))]
    assert open_items(books, date(2024, 2, 29)) == {"a": 82_000}
    assert breaks(books) == []

    books.run(date(2024, 4, 30))
    books.catch_up()

    assert listed(books, date(2024, 4, 30)) == []
    assert open_items(books, date(2024, 4, 30)) == {"a": 82_000}
    assert breaks(books) == []


def test_what_bills_no_contract_waits_for_ever_and_what_is_paid_of_it_ties(books):
    hoped = OpenContract(
        when=on(1),
        customer="c1",
        currency="USD",
        price_minor=90_000,
        obligations=(Obligation(obligation="o", pattern="point-in-time"),),
        criteria_met=False,
    )
    books.tell("contract:k", hoped)
    invoice(
        books,
        "a",
        on(1, 9),
        date(2024, 1, 31),
        InvoiceLine(line="1", amount_minor=30_000, contract="k"),
    )
    pay = ReceivePayment(when=on(2, 10), customer="c1", currency="USD", amount_minor=20_000)
    books.tell("payment:p", pay)
    books.run(date(2024, 2, 29))
    books.catch_up()

    assert listed(books, date(2024, 2, 29)) == [("a", 30_000, None)]
    assert open_items(books, date(2024, 2, 29)) == {"a": 10_000}
    assert breaks(books) == []

    books.tell("invoice:a", WriteOffInvoice(when=on(3, 5)))
    books.tell("contract:k", TerminateContract(when=on(3, 10), refund_minor=5_000))
    books.run(date(2024, 3, 31))
    books.catch_up()

    assert open_items(books, date(2024, 3, 31)) == {}
    assert breaks(books) == []


def test_a_credit_note_dated_before_its_invoice_waits_with_it(books):
    """The invoice is corrected to a later day; nothing of it is receivable before it is due."""
    elected = Options(ratable_by="month", receivable_at="due")
    books.tell("policy:us-gaap", AdoptPolicy(when=When(effective=JANUARY), options=elected))
    line = InvoiceLine(line="1", amount_minor=1_000)
    due = date(2024, 5, 31)
    issued = books.tell(
        "invoice:a",
        IssueInvoice(when=on(2), customer="c1", currency="USD", due_on=due, lines=(line,)),
    )
    row = CreditLine(line="1", amount_minor=300)
    books.tell("invoice:a", IssueCredit(when=on(3, 2), number="C-1", lines=(row,)))
    later = IssueInvoice(when=on(4, 10), customer="c1", currency="USD", due_on=due, lines=(line,))
    books.tell("invoice:a", later, corrects=issued)
    books.run(date(2024, 6, 30))
    books.catch_up()

    assert listed(books, date(2024, 3, 31)) == [("a", -300, due)]
    assert listed(books, date(2024, 4, 30)) == [("a", 700, due)]
    assert listed(books, date(2024, 5, 31)) == []
    assert breaks(books) == []
