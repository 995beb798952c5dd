"""Outside invoices against the deals that they bill, line by line."""

from datetime import date

import pytest

from domain.facts import Source, When
from domain.invoice import IssueInvoice, VoidInvoice
from domain.invoice_facts import InvoiceLine
from projections.question import Question
from replay.billing.outside import outside_invoices
from store.usage_stage import UsageBatch

NEW_YEAR, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def line(name, minor, begin, end, item="seats"):
    return InvoiceLine(
        line=name,
        amount_minor=minor,
        service_from=begin,
        service_to=end,
        subscription="s1",
        obligation=item,
        kind="usage" if item == "calls" else "subscription",
    )


@pytest.fixture
def push(company, send):
    assert company.head("acme"), "the deal comes first"

    def pushing(name, day, *lines):
        command = IssueInvoice(
            when=When(effective=day), customer="c1", currency="USD", lines=lines, number=name
        )
        source = Source(system="erp", kind="invoice", id=name)
        send(f"invoice:{name}", command, source=source)

    return pushing


def found(ledger, **narrowed):
    ledger.catch_up("acme")
    with ledger.connection() as connection:
        rows = outside_invoices(connection, Question(entity="acme"), **narrowed).rows
    return [
        (row.invoice, row.line, row.item, row.invoiced_minor, row.expected_minor, row.finding)
        for row in rows
    ]


def use(ledger):
    row = {
        "event_id": "e1",
        "subscription": "s1",
        "meter": "calls",
        "quantity": "1000",
        "occurred_at": "2024-01-10T12:00:00Z",
    }
    ledger.ingest(UsageBatch(entity="acme", source="app", key="u"), [row])


def test_what_bills_what_is_due_is_not_listed(company, push):
    use(company)
    push("E-1", NEW_YEAR, line("1", 1000_00, NEW_YEAR, FEBRUARY))
    push(
        "E-2",
        FEBRUARY,
        line("1", 1000_00, FEBRUARY, MARCH),
        line("2", 20_00, NEW_YEAR, FEBRUARY, "calls"),
    )

    assert found(company) == []


def test_each_difference_is_told_by_line_and_with_its_kind(company, push):
    use(company)
    push("E-1", NEW_YEAR, line("1", 990_00, NEW_YEAR, FEBRUARY))
    push(
        "E-2",
        FEBRUARY,
        line("1", 1000_00, FEBRUARY, date(2024, 2, 20)),
        line("2", 5_00, date(2024, 1, 15), FEBRUARY),
    )

    assert found(company) == [
        ("E-1", "1", "seats", 990_00, 1000_00, "other-amount"),
        ("E-2", "", "calls", 0, 20_00, "left-out"),
        ("E-2", "", "seats", 0, 10_00, "left-out"),
        ("E-2", "1", "seats", 1000_00, 1000_00, "other-period"),
        ("E-2", "2", "seats", 5_00, 0, "not-due"),
    ]
    assert found(company, customer="nobody") == []


def test_what_is_void_is_not_compared_and_what_ours_billed_counts(company, push, send):
    company.bill("acme", NEW_YEAR)
    push("E-1", NEW_YEAR, line("1", 1000_00, NEW_YEAR, FEBRUARY))
    twice = found(company)
    send("invoice:E-1", VoidInvoice(when=When(effective=NEW_YEAR)))

    assert twice == [("E-1", "1", "seats", 1000_00, 0, "not-due")]
    assert found(company) == []
