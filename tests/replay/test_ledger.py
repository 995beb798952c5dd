"""The facade: what a billing run issues, and that a close is two facts, finished if cut off."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest

from domain.books import PeriodClosed, PeriodSealed
from domain.facts import Source, When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceIssued, InvoiceLine
from domain.party import RegisterCustomer
from domain.statement.documents import Carried
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    StartSubscription,
)
from replay.ledger import Billed
from store import log
from store.usage_stage import UsageBatch
from tests.usage import usage_row


def _row(event_id, quantity, day="2024-01-10"):
    return usage_row(event_id, quantity, f"{day}T12:00:00Z")


def _batch(key, kind="rows", **more):
    return UsageBatch(entity="acme", source="app", key=key, kind=kind, **more)


def _documents(billed):
    return [(document.stream, document.total_minor) for document in billed.documents]


def test_a_billing_run_issues_one_invoice_for_each_customer_and_currency(company):
    billed = company.bill("acme", date(2024, 1, 1))

    assert _documents(billed) == [("invoice:c1-USD-20240101-1", 1000_00)]
    with company.connection() as connection:
        (fact,) = log.read_positions(connection, "acme", [billed.position])
    assert isinstance(fact.event, InvoiceIssued)
    assert fact.event.due_on == date(2024, 1, 15)
    assert fact.source is None


def test_a_billing_run_again_issues_nothing(company):
    company.bill("acme", date(2024, 1, 1))

    assert company.bill("acme", date(2024, 1, 1)).documents == ()


def test_two_billing_runs_at_once_issue_one_invoice(company):
    both = Barrier(2)

    def billing(_):
        both.wait(30)
        return _documents(company.bill("acme", date(2024, 1, 1)))

    with ThreadPoolExecutor(2) as threads:
        answered = list(threads.map(billing, range(2)))

    invoice = ("invoice:c1-USD-20240101-1", 1000_00)
    assert all(documents in ([invoice], []) for documents in answered)
    with company.connection() as connection:
        issued = log.read_categories(connection, "acme", ["invoice"])
    assert [fact.stream for fact in issued] == [invoice[0]]


def test_nothing_is_billed_to_a_customer_nobody_registered(company, send):
    start = StartSubscription(
        when=When(effective=date(2024, 1, 1)),
        customer="c9",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=(Item(item="seats", price="seat", quantity=Decimal(3)),),
    )
    send("subscription:s9", start)
    company.bill("acme", date(2024, 1, 1))

    assert company.bill("acme", date(2024, 1, 1)) == Billed(
        documents=(),
        carried=(Carried(customer="c9", currency="USD", minor=300_00, reason="unknown-customer"),),
        position=company.head("acme"),
    )
    registered = RegisterCustomer(when=When(effective=date(2024, 1, 1)), currency="USD")
    send("customer:c9", registered)
    assert _documents(company.bill("acme", date(2024, 1, 1))) == [
        ("invoice:c9-USD-20240101-1", 300_00)
    ]


def test_usage_is_billed_at_the_end_of_its_billing_period(company):
    company.bill("acme", date(2024, 1, 1))
    company.ingest(_batch("u1"), [_row("e1", "150"), _row("e2", "0.5")])

    assert _documents(company.bill("acme", date(2024, 1, 31))) == []
    assert _documents(company.bill("acme", date(2024, 2, 1))) == [
        ("invoice:c1-USD-20240201-1", 1003_01)
    ]


@pytest.mark.parametrize("used", ["0.1", None])
def test_usage_that_comes_to_nothing_is_billed_with_nothing_once(company, used):
    if used:
        company.ingest(_batch("u1"), [_row("e1", used)])
    (document,) = company.bill("acme", date(2024, 2, 1)).documents
    company.ingest(_batch("u2"), [_row("e2", "0.1")])

    calls = [one for one in document.command.lines if one.obligation == "calls"]
    assert [(one.kind, one.amount_minor) for one in calls] == [("usage", 0)]
    assert company.bill("acme", date(2024, 2, 1)).documents == ()


def test_retracted_usage_is_credited_on_the_invoice_that_billed_it(company):
    company.ingest(_batch("u1"), [_row("e1", "150"), _row("e2", "100")])
    company.bill("acme", date(2024, 2, 1))
    company.ingest(_batch("u2", kind="retraction"), ["e2"])

    billed = company.bill("acme", date(2024, 2, 2))

    assert _documents(billed) == [("invoice:c1-USD-20240201-1", -2_00)]
    assert isinstance(billed.documents[0].command, IssueCredit)
    assert billed.documents[0].command.purpose == "correction"
    assert company.bill("acme", date(2024, 2, 2)).documents == ()


def test_a_backdated_upgrade_is_billed_by_its_difference(company, send):
    company.bill("acme", date(2024, 1, 1))
    change = (ItemChange(item="seats", quantity=Decimal(15)),)
    when = When(effective=date(2024, 1, 17))
    send("subscription:s1", AmendSubscription(when=when, items=change))

    assert _documents(company.bill("acme", date(2024, 1, 20))) == [
        ("invoice:c1-USD-20240120-1", 241_94)
    ]


def test_a_cancellation_credits_what_is_not_served(company, send):
    company.bill("acme", date(2024, 4, 1))
    send("subscription:s1", CancelSubscription(when=When(effective=date(2024, 4, 16))))

    assert _documents(company.bill("acme", date(2024, 4, 20))) == [
        ("invoice:c1-USD-20240401-1", -500_00)
    ]


def test_a_price_cut_is_not_billed_again_but_a_void_is(company, send):
    company.bill("acme", date(2024, 1, 1))
    cut = (CreditLine(line="1", amount_minor=100_00),)
    when = When(effective=date(2024, 1, 5))
    send("invoice:c1-USD-20240101-1", IssueCredit(when=when, number="C1", lines=cut))

    assert company.bill("acme", date(2024, 1, 5)).documents == ()

    send("invoice:c1-USD-20240101-1", VoidInvoice(when=when))

    assert _documents(company.bill("acme", date(2024, 1, 6))) == [
        ("invoice:c1-USD-20240106-1", 1000_00)
    ]


def test_a_close_is_two_facts_and_the_same_close_again_is_the_same_two(company):
    company.bill("acme", date(2024, 1, 1))
    company.run("acme", date(2024, 1, 31))

    closed = company.close_period("acme", "main", "2024-01", key="close-january")
    again = company.close_period("acme", "main", "2024-01", key="close-january")

    assert again == closed
    with company.connection() as connection:
        facts = log.read_positions(connection, "acme", [closed.closed_at, closed.sealed_at])
    assert [type(fact.event) for fact in facts] == [PeriodClosed, PeriodSealed]
    assert closed.seal.debits_minor == (("USD", 2000_00),)


def test_a_reopened_period_closes_again(company):
    company.run("acme", date(2024, 1, 31))
    first = company.close_period("acme", "main", "2024-01")
    company.reopen("acme", "main", "2024-01", actor="ann", approved_by="bob")

    second = company.close_period("acme", "main", "2024-01")

    assert second.closed_at > first.sealed_at


def test_a_subscription_that_cannot_be_charged_does_not_hold_up_the_others(company, send):
    start = StartSubscription(
        when=When(effective=date(2024, 1, 1)),
        customer="c1",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=(Item(item="seats", price="saet"),),
    )
    send("subscription:s9", start)

    billed = company.bill("acme", date(2024, 1, 1))

    assert _documents(billed) == [("invoice:c1-USD-20240101-1", 1000_00)]
    assert billed.carried == (
        Carried(customer="c1", currency="USD", minor=0, reason="unknown-price", subscription="s9"),
    )


def test_a_line_that_names_none_of_several_items_is_listed(company, send):
    company.ingest(_batch("u1"), [_row("e1", "150")])
    lines = (
        InvoiceLine(line="1", amount_minor=1000_00, subscription="s1"),
        InvoiceLine(line="2", amount_minor=50_00, subscription="s1", kind="one-off"),
        InvoiceLine(line="3", amount_minor=7_00, subscription="s1", kind="tax"),
        InvoiceLine(line="4", amount_minor=9_00, subscription="s1", obligation="calls"),
    )
    when = When(effective=date(2024, 1, 1))
    issue = IssueInvoice(when=when, customer="c1", currency="USD", lines=lines)
    send("invoice:i9", issue, source=Source(system="erp", kind="invoice", id="9"))

    billed = company.bill("acme", date(2024, 1, 1))

    assert billed.carried == (
        Carried(
            customer="c1",
            currency="USD",
            minor=1000_00,
            reason="unmatched-line",
            subscription="s1",
            document="i9:1",
        ),
    )
    send("invoice:i9", VoidInvoice(when=when))
    assert company.bill("acme", date(2024, 1, 1)).carried == ()
