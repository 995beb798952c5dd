"""Where an entity credits up to what was paid, the ledger knows itself what that is."""

from __future__ import annotations

from datetime import date

import pytest

from domain.balance import GrantBalance
from domain.cash import FailPayment, ReceivePayment
from domain.credit_note import CreditInvoice
from domain.dispute import OpenDispute, ResolveDispute
from domain.errors import Rejected
from domain.facts import Source, When
from domain.invoice import IssueCredit
from domain.invoice_facts import CreditIssued, CreditLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.subscription import CancelSubscription
from store import log

NEW_YEAR = date(2024, 1, 1)
FIRST = "c1-USD-20240101-1"
STREAM = f"invoice:{FIRST}"
ON = When(effective=date(2024, 1, 20))


@pytest.fixture
def electing(company, send):
    options = InvoicingOptions(credit_up_to="paid")
    send("invoicing:self", AdoptInvoicing(when=When(effective=NEW_YEAR), options=options))
    company.bill("acme", NEW_YEAR)
    return company


def pay(send, minor, name="p1", day=10, **more):
    when = When(effective=date(2024, 1, day))
    command = ReceivePayment(when=when, customer="c1", currency="USD", amount_minor=minor, **more)
    return send(f"payment:{name}", command)


def credit(send, number, minor=None, **more):
    send(STREAM, CreditInvoice(when=ON, number=number, amount_minor=minor, **more))


def credited(ledger):
    with ledger.connection() as connection:
        facts = log.read_stream(connection, "acme", STREAM)
    events = [fact.event for fact in facts if isinstance(fact.event, CreditIssued)]
    return [sum(row.amount_minor for row in event.lines) for event in events]


def refusal(act, *arguments, **more):
    with pytest.raises(Rejected) as told:
        act(*arguments, **more)
    return told.value.code, told.value.context


def test_an_amount_is_credited_as_far_as_was_paid(electing, send):
    pay(send, 400_00)
    credit(send, "n1", 300_00)
    credit(send, "n2")

    assert credited(electing) == [300_00, 100_00]
    assert refusal(credit, send, "n3") == ("nothing-paid-to-credit", {"paid": 400_00})


def test_what_a_credit_note_set_free_was_paid_all_the_same(electing, send):
    """Paid in full, credited in three parts: the second finds less money on the invoice."""
    pay(send, 1000_00)
    for place in range(4):
        credit(send, f"n{place}", 250_00)

    assert credited(electing) == [250_00] * 4


def test_money_that_bounced_was_not_paid(electing, send):
    pay(send, 400_00)
    send("payment:p1", FailPayment(when=ON, amount_minor=150_00))
    credit(send, "n1")

    assert credited(electing) == [250_00]


def test_credit_of_the_customers_pays_and_money_for_another_invoice_does_not(electing, send):
    electing.bill("acme", date(2024, 2, 1))
    grant = GrantBalance(
        when=ON, customer="c1", currency="USD", amount_minor=30_00, reason="goodwill"
    )
    send("balance:b1", grant)
    pay(send, 70_00, "p2", 21)
    credit(send, "n1")

    assert credited(electing) == [100_00]


@pytest.mark.usefixtures("electing")
def test_lines_beyond_what_was_paid_are_refused(send):
    pay(send, 400_00)
    row = CreditLine(line="1", amount_minor=400_01)
    command = IssueCredit(when=ON, number="n1", lines=(row,))

    assert refusal(send, STREAM, command) == ("credit-above-paid", {"left": 400_00})
    exact = IssueCredit(when=ON, number="n1", lines=(CreditLine(line="1", amount_minor=400_00),))
    assert send(STREAM, exact)


def test_who_states_what_was_paid_is_believed(electing, send):
    credit(send, "n1", paid_minor=50_00)

    assert credited(electing) == [50_00]


def test_corrections_disputes_and_outside_notes_are_no_gifts(electing, send):
    """What less is charged, what a customer is right about, what somebody else issued."""
    opened = OpenDispute(when=ON, dispute="d1", amount_minor=100_00)
    send(STREAM, opened)
    send(STREAM, ResolveDispute(when=ON, dispute="d1", outcome="credited", number="n1"))
    told = Source(system="erp", kind="credit", id="1")
    send(STREAM, CreditInvoice(when=ON, number="n2", amount_minor=50_00), source=told)
    send("subscription:s1", CancelSubscription(when=When(effective=date(2024, 1, 16))))
    electing.bill("acme", date(2024, 1, 25))

    assert credited(electing) == [100_00, 50_00, 516_13]


def test_unless_elected_lines_are_credited_whoever_paid(company, send):
    company.bill("acme", NEW_YEAR)
    credit(send, "n1", 10_00)

    assert credited(company) == [10_00]
