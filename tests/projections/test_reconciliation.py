"""Controls on a ledger with something of everything, and what they say when it was meddled with."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.books import AdjustmentLine, ApproveAdjustment, ProposeAdjustment
from domain.cash import (
    ReceivePayment,
    RefundPayment,
)
from domain.contract_commands import OpenContract, PromiseCustomerPayment, ReceiveNonCash
from domain.contract_facts import Financing, NonCash, Obligation, VariableAmount
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.meter import DefineMeter
from domain.price import SetPrice
from domain.pricing import Flat, PerUnit
from domain.subscription import Item, StartSubscription
from domain.usage import UsageRow
from projections.reconciliation import reconcile
from store.usage_rows import ingest
from store.usage_stage import UsageBatch


def invoice(books, name, day, *lines):
    command = IssueInvoice(when=When(effective=day), customer="c1", currency="USD", lines=lines)
    return books.tell(f"invoice:{name}", command)


def pay(books, name, day, minor):
    command = ReceivePayment(
        when=When(effective=day), customer="c1", currency="USD", amount_minor=minor
    )
    return books.tell(f"payment:{name}", command)


def credit(books, name, day, minor):
    command = IssueCredit(
        when=When(effective=day), number="CN", lines=(CreditLine(line="1", amount_minor=minor),)
    )
    return books.tell(f"invoice:{name}", command)


def retract_usage(books, event):
    order = UsageBatch(entity="acme", source="app", key=f"undo-{event}", kind="retraction")
    ingest(books.connection, order, [event], clock=lambda: books.today)


@pytest.fixture
def busy(books):
    """A quarter closed with everything in it, then late documents, payments and usage."""
    books.subscribe("s1")
    term = {"service_from": date(2024, 1, 1), "service_to": date(2025, 1, 1)}
    year = InvoiceLine(line="1", amount_minor=12_000_00, subscription="s1", **term)
    tax = InvoiceLine(line="2", amount_minor=1_000_00, kind="tax")
    invoice(books, "a", date(2024, 1, 5), year, tax)
    invoice(books, "b", date(2024, 1, 20), InvoiceLine(line="1", amount_minor=500_00))
    batch = books.use("s1", date(2024, 1, 10), 10, 20, 30)
    books.use("nobody", date(2024, 6, 10), 7)
    pay(books, "p", date(2024, 2, 1), 14_000_00)
    books.run(date(2024, 3, 31))
    books.catch_up()
    for period in ("2024-01", "2024-02", "2024-03"):
        books.close(period)
    books.on(2024, 4, 10)
    credit(books, "b", date(2024, 2, 10), 100_00)
    late = invoice(books, "c", date(2024, 3, 10), InvoiceLine(line="1", amount_minor=700_00))
    books.tell("invoice:a", VoidInvoice(when=When(effective=date(2024, 4, 5))))
    refund = RefundPayment(when=When(effective=date(2024, 4, 6)), amount_minor=50_00)
    books.tell("payment:p", refund)
    retract_usage(books, f"{batch.key}-1")
    accrual = ProposeAdjustment(
        when=When(effective=date(2024, 4, 7)),
        book="us-gaap",
        currency="USD",
        lines=(
            AdjustmentLine(account="unbilled-receivable", amount_minor=5_000_00),
            AdjustmentLine(account="revenue", amount_minor=-5_000_00),
        ),
        memo="accrual",
    )
    books.tell("adjustment:1", accrual)
    books.tell(
        "adjustment:1", ApproveAdjustment(when=When(effective=date(2024, 4, 7))), actor="bob"
    )
    books.run(date(2024, 4, 30))
    books.retract("invoice:c", late)
    books.run(date(2024, 5, 31))
    return books.catch_up()


def test_every_control_ties_at_every_run(busy):
    runs = busy.connection.execute("SELECT position FROM fact WHERE tag = 'posting-run'").fetchall()

    for (run,) in runs:
        verdicts = reconcile(busy.connection, "acme", known_at=run)
        assert [one.breaks for one in verdicts] == [()] * 7
        assert all(one.comparisons > 0 for one in verdicts)


def test_what_is_owed_lent_or_for_others_ties_with_what_was_billed(books):
    """A refund expected, interest, an agent's share, a lease part, money for the customer."""
    first, end = date(2024, 1, 1), date(2025, 1, 1)
    year = {"service_from": first, "service_to": end}
    command = OpenContract(
        when=When(effective=first),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(
            Obligation(obligation="service", price_minor=9_000_00, ssp_minor=9_000_00, **year),
            Obligation(
                obligation="resold",
                price_minor=3_000_00,
                ssp_minor=3_000_00,
                presented="net",
                others_share_minor=2_000_00,
                **year,
            ),
            Obligation(
                obligation="machine",
                price_minor=1_200_00,
                ssp_minor=1_200_00,
                presented="elsewhere",
                **year,
            ),
            Obligation(obligation="launch", pattern="point-in-time", price_minor=500_00),
        ),
        variable=(
            VariableAmount(
                name="volume",
                stated_minor=1_000_00,
                estimate_minor=700_00,
                obligations=("service",),
            ),
        ),
        financing=Financing(kind="advance", rate_percent=Decimal(6), until=end),
        right_after="launch",
        non_cash=(NonCash(name="shares", quantity=Decimal(9), unit_value=Decimal(50)),),
    )
    books.tell("contract:k1", command)
    came = ReceiveNonCash(
        when=When(effective=date(2024, 2, 15)), name="shares", quantity=Decimal(4)
    )
    books.tell("contract:k1", came)
    promised = PromiseCustomerPayment(when=When(effective=date(2024, 2, 1)), amount_minor=300_00)
    books.tell("contract:k1", promised)
    line = InvoiceLine(line="1", amount_minor=6_000_00, contract="k1", obligation="service", **year)
    invoice(books, "a", date(2024, 1, 20), line)
    books.run(date(2024, 3, 31))
    books.catch_up()

    moved = {
        account
        for (account,) in books.connection.execute(
            "SELECT account FROM journal_line GROUP BY account HAVING sum(minor) <> 0"
        )
    }
    assert {
        "customer-payable",
        "non-cash-clearing",
        "external-clearing",
        "interest-expense",
        "partner-payable",
        "refund-liability",
    } <= moved
    verdicts = reconcile(books.connection, "acme")
    assert [one.breaks for one in verdicts] == [()] * 7


def test_usage_of_what_waits_parked_ties_until_it_is_released(books):
    """What it is sold at turns out to be in another currency: no run has judged its later usage."""
    since = When(effective=date(2024, 1, 1))
    command = StartSubscription(
        when=since,
        customer="c1",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=(Item(item="it", price="late"), Item(item="call", price="call")),
    )
    books.tell("subscription:s1", command)
    books.subscribe("s2")
    books.use("s1", date(2024, 1, 10), 10)
    books.use("s2", date(2024, 1, 10), 7)
    books.run(date(2024, 1, 31))
    euros = SetPrice(when=since, currency="EUR", model=Flat(amount=Decimal(1)))
    late = books.tell("price:late", euros)
    books.use("s1", date(2024, 2, 10), 20)
    books.use("s1", date(2023, 2, 10), 5)
    for day in (date(2024, 2, 29), date(2024, 3, 31)):
        books.run(day)
        books.catch_up()
        parked = books.connection.execute("SELECT unit FROM parked").fetchall()
        assert parked == [("subscription:s1",)]
        assert [one.breaks for one in reconcile(books.connection, "acme")] == [()] * 7
    dollars = SetPrice(when=since, currency="USD", model=Flat(amount=Decimal(1)))
    books.tell("price:late", dollars, corrects=late)
    books.run(date(2024, 4, 30))
    books.catch_up()

    assert [one.breaks for one in reconcile(books.connection, "acme")] == [()] * 7


def test_what_is_compared_is_told(busy):
    verdicts = reconcile(busy.connection, "acme")

    assert [(one.law, one.check) for one in verdicts] == [
        (1, "entries-balance"),
        (3, "closed-periods-stay"),
        (3, "booked-not-before-earned"),
        (8, "lines-have-causes"),
        (7, "accounts-and-documents"),
        (7, "usage-batches"),
        (7, "usage-rated"),
    ]


@pytest.mark.parametrize(
    ("table", "meddling", "checks"),
    [
        (
            "journal_line",
            (
                "UPDATE journal_line SET minor = minor + 1 WHERE subject = 'b:1' AND document = 'b'"
                " AND account = 'accounts-receivable'"
            ),
            {"entries-balance", "accounts-and-documents"},
        ),
        (
            "journal_line",
            "UPDATE journal_line SET accounting_date = '2023-12-31' WHERE entry = 1 AND line = 1",
            {"booked-not-before-earned", "accounts-and-documents"},
        ),
        (
            "journal_entry",
            "UPDATE journal_entry SET booked = '2024-01' WHERE booked = '2024-05'",
            {"closed-periods-stay"},
        ),
        (
            "charge",
            "UPDATE charge SET delta_minor = delta_minor + 1 WHERE quantity = 60",
            {"usage-rated"},
        ),
        (
            "journal_line",
            "UPDATE journal_line SET causes = '{}' WHERE entry = 1",
            {"lines-have-causes"},
        ),
        (
            "fact_unit",
            "DELETE FROM fact_unit WHERE unit = 'subscription:s1' AND position < 12",
            {"lines-have-causes", "usage-rated"},
        ),
        ("usage_row", "DELETE FROM usage_row WHERE quantity = 20", {"usage-batches"}),
        (
            "usage_row",
            "UPDATE usage_row SET quantity = 31 WHERE quantity = 30",
            {"usage-rated"},
        ),
    ],
)
def test_meddling_shows(busy, table, meddling, checks):
    connection = busy.connection
    connection.execute("SET session_replication_role = replica")
    connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    connection.execute(meddling)

    found = {one.check for one in reconcile(connection, "acme") if one.breaks}

    assert found == checks


def test_a_level_that_is_held_without_end_is_charged_as_far_ahead_as_the_run_looked(books):
    since = When(effective=date(2020, 1, 1))
    books.tell("meter:desks", DefineMeter(when=since, aggregation="sum", recurring=True))
    desk = PerUnit(unit_amount=Decimal(5))
    price = SetPrice(when=since, currency="USD", model=desk, meter="desks", bill="arrears")
    books.tell("price:desk", price)
    started = StartSubscription(
        when=When(effective=date(2024, 1, 1)),
        customer="c1",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=None,
        items=(Item(item="desks", price="desk"),),
    )
    books.tell("subscription:s1", started)
    order = UsageBatch(entity="acme", source="app", key="desks")
    row = UsageRow(
        event_id="d1",
        subscription="s1",
        meter="desks",
        quantity=Decimal(3),
        occurred_at=datetime(2024, 1, 10, 9, tzinfo=UTC),
    )
    ingest(books.connection, order, [row], clock=lambda: books.today)
    for through in (date(2024, 1, 31), date(2025, 1, 31)):
        books.run(through)
        books.catch_up()

        verdicts = {one.check: one for one in reconcile(books.connection, "acme")}

        assert verdicts["usage-rated"].breaks == ()
        assert verdicts["usage-rated"].comparisons > 1
