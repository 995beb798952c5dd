"""The bundle and its refund: owed, posted, unposted and in credit, before and after runs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.cash import ReceivePayment
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from projections.customer_money import customer_money
from projections.question import Question
from projections.receivables import open_items
from projections.reconciliation import reconcile

if TYPE_CHECKING:
    from tests.stories.conftest import Company

ASK = Question(entity="acme", book="main")


def bundle(company: Company) -> None:
    """A year of service for 12,000.00 with a training at nothing."""
    lines = (
        InvoiceLine(
            line="service",
            amount_minor=12_000_00,
            service_from=date(2024, 1, 1),
            service_to=date(2025, 1, 1),
        ),
        InvoiceLine(line="training", amount_minor=0, kind="one-off"),
    )
    when = When(effective=date(2024, 1, 1))
    command = IssueInvoice(when=when, customer="c1", currency="USD", lines=lines)
    company.send("invoice:i1", command)


def credit(company: Company, minor: int) -> None:
    command = IssueCredit(
        when=When(effective=date(2024, 4, 1)),
        number="CN-1",
        lines=(CreditLine(line="service", amount_minor=minor),),
        to="balance",
    )
    company.send("invoice:i1", command)


def pay(company: Company) -> None:
    command = ReceivePayment(
        when=When(effective=date(2024, 2, 1)),
        customer="c1",
        currency="USD",
        amount_minor=12_000_00,
    )
    company.send("payment:p1", command)


def stands(company: Company) -> dict[str, int]:
    """Open items, posted receivables, and what is held for the customer."""
    with company.ledger.connection() as connection:
        owed = open_items(connection, ASK).rows
        held = customer_money(connection, ASK).rows
    return {
        "open": sum(row.open_minor for row in owed),
        "posted": sum(company.booked("accounts-receivable").values()),
        "credit": sum(row.credit_minor for row in held),
        "unapplied": sum(row.unapplied_minor for row in held),
    }


def ties(company: Company) -> bool:
    with company.ledger.connection() as connection:
        verdicts = reconcile(connection, "acme")
    return all(not one.breaks for one in verdicts)


def test_before_any_run_all_is_open_and_nothing_posted(company: Company) -> None:
    bundle(company)
    company.ledger.catch_up("acme")

    now = stands(company)

    # Open less posted is the document that waits for its run: 12,000.00.
    assert now == {"open": 12_000_00, "posted": 0, "credit": 0, "unapplied": 0}
    assert ties(company)

    company.run(date(2024, 1, 31))

    assert stands(company) == {"open": 12_000_00, "posted": 12_000_00, "credit": 0, "unapplied": 0}
    assert ties(company)


def test_a_credit_of_what_was_paid_leaves_the_customer_in_credit(company: Company) -> None:
    bundle(company)
    pay(company)
    company.run(date(2024, 2, 29))
    credit(company, 9_000_00)
    company.ledger.catch_up("acme")

    # No run has come: the credit note is known, and what it sets free is not posted yet.
    assert stands(company)["posted"] == 0
    assert ties(company)

    company.run(date(2024, 4, 30))

    assert stands(company) == {"open": 0, "posted": 0, "credit": 9_000_00, "unapplied": 0}
    assert ties(company)


def test_a_credit_of_what_was_not_paid_lowers_what_is_owed(company: Company) -> None:
    bundle(company)
    credit(company, 9_000_00)
    company.run(date(2024, 4, 30))

    assert stands(company) == {"open": 3_000_00, "posted": 3_000_00, "credit": 0, "unapplied": 0}
    assert ties(company)
