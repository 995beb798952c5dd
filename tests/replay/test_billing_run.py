"""The billing run: narrowed or whole, killed or beside another, it issues everything once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest

from domain.billing_options import BillingOptions
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.party import AmendCustomer, RegisterCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    StartSubscription,
)
from domain.threshold import ThresholdReached
from projections.question import Question
from projections.trial_balance import trial_balance
from replay.billing import run
from replay.billing.run import Wanted
from replay.ledger import whole
from store import log
from store.usage_stage import UsageBatch

ROOT = Path(__file__).parents[2]
NEW_YEAR, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
CUSTOMERS = 6
# Where a process may die while a chunk is stored, and in which chunk.
STEPS = [
    ("decided-not-written", 1),
    ("facts-inserted", 3),
    ("head-updated", 3),
    ("committed-not-answered", 3),
]


def start(customer, items, zone="UTC"):
    return StartSubscription(
        when=When(effective=NEW_YEAR),
        customer=customer,
        currency="USD",
        term_from=NEW_YEAR,
        term_to=date(2025, 1, 1),
        items=items,
        zone=zone,
    )


SEATS = Item(item="seats", price="seat", quantity=Decimal(3))
CALLS = Item(item="calls", price="call")


def batch(key, kind="rows"):
    return UsageBatch(entity="acme", source="app", key=key, kind=kind)


def row(event, quantity, day="2024-01-10", subscription="s1"):
    return {
        "event_id": event,
        "subscription": subscription,
        "meter": "calls",
        "quantity": str(quantity),
        "occurred_at": f"{day}T12:00:00Z",
    }


@pytest.fixture
def many(company, send):
    """Customers with a subscription each beside the company's own, and usage of them all."""
    for number in range(CUSTOMERS):
        registered = RegisterCustomer(when=When(effective=NEW_YEAR), currency="USD")
        send(f"customer:m{number}", registered)
        send(f"subscription:n{number}", start(f"m{number}", (SEATS, CALLS)))
    rows = [row(f"e{n}", 100 + n, subscription=f"n{n}") for n in range(CUSTOMERS)]
    company.ingest(batch("many"), rows)
    return company


def issued(ledger):
    """Every invoice there is: stream and lines."""
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
    return {
        fact.stream: [(one.subscription, one.obligation, one.amount_minor) for one in event.lines]
        for fact in facts
        if isinstance(event := fact.event, InvoiceIssued)
    }


def totals(billed):
    return {document.stream: document.total_minor for document in billed.documents}


def test_a_preview_says_what_the_run_issues_and_writes_nothing(many):
    head = many.head("acme")

    said = many.bill_preview("acme", FEBRUARY)

    assert many.head("acme") == head
    billed = many.bill("acme", FEBRUARY)
    assert (said.documents, said.carried) == (billed.documents, billed.carried)
    assert len(billed.documents) == CUSTOMERS + 1
    assert many.bill_preview("acme", FEBRUARY).documents == ()


def test_a_run_goes_by_whole_accounts(many, monkeypatch):
    whole_run = totals(many.bill_preview("acme", FEBRUARY))
    monkeypatch.setattr(run, "SUBSCRIPTIONS_TOGETHER", 2)

    parts = list(many.billing(Wanted(entity="acme", through=FEBRUARY)))

    assert [(part.done, part.total) for part in parts] == [(2, 7), (4, 7), (6, 7), (7, 7)]
    assert totals(whole(parts)) == whole_run


def test_a_run_may_be_narrowed_to_customers_and_subscriptions(many, send):
    send("subscription:n9", start("m1", (SEATS,)))
    wanted = Wanted(entity="acme", through=NEW_YEAR, customers=("m1",), subscriptions=("n3",))

    billed = whole(many.billing(wanted))

    assert totals(billed) == {
        "invoice:m1-USD-20240101-1": 600_00,
        "invoice:m3-USD-20240101-1": 300_00,
    }
    assert len(many.bill("acme", NEW_YEAR).documents) == CUSTOMERS - 1


def test_what_the_poster_has_routed_is_found_as_what_it_has_not(many):
    many.bill("acme", NEW_YEAR)
    wanted = Wanted(entity="acme", through=FEBRUARY, customers=("m1",))
    before = whole(many.billing_preview(wanted))

    many.catch_up("acme")

    assert totals(before) == {"invoice:m1-USD-20240201-1": 302_02}
    assert whole(many.billing_preview(wanted)).documents == before.documents


def test_an_invoice_to_somebody_else_that_names_the_subscription_counts(many, send):
    line = InvoiceLine(
        line="1",
        amount_minor=300_00,
        service_from=NEW_YEAR,
        service_to=FEBRUARY,
        subscription="n1",
        obligation="seats",
    )
    issue = IssueInvoice(
        when=When(effective=NEW_YEAR), customer="reseller", currency="USD", lines=(line,)
    )
    send("invoice:r1", issue)

    for _ in range(2):
        wanted = Wanted(entity="acme", through=NEW_YEAR, customers=("m1",))
        assert whole(many.billing_preview(wanted)).documents == ()
        assert "invoice:m1-USD-20240101-1" not in totals(many.bill_preview("acme", NEW_YEAR))
        many.catch_up("acme")


def test_a_run_since_a_day_bills_what_the_whole_run_bills_from_then_on(many):
    """Whether the poster has routed the invoices or not; what came late before stays for later."""
    for month in range(1, 7):
        day = date(2024, month, 1)
        many.ingest(batch(f"m{month}"), [row(f"m{month}", 100, f"{day + timedelta(9)}", "n1")])
        many.bill("acme", day)
    late = [row(f"l{month}", 50, f"2024-0{month}-20", "n1") for month in (2, 4)]
    many.ingest(batch("late"), late)
    through, april = date(2024, 6, 1), date(2024, 4, 15)
    wanted = Wanted(entity="acme", through=through, customers=("m1",), since=april)
    for _ in range(2):
        (document,) = whole(many.billing_preview(wanted)).documents
        lines = [(str(one.service_from), one.amount_minor) for one in document.command.lines]
        assert lines == [("2024-04-01", 1_00)]
        many.catch_up("acme")

    whole(many.billing(wanted))

    (document,) = many.bill("acme", through).documents
    lines = [(str(one.service_from), one.amount_minor) for one in document.command.lines]
    assert lines == [("2024-02-01", 1_00)]


def test_two_parts_of_one_account_on_one_day_have_numbers_of_their_own(many, send):
    send("subscription:n9", start("m1", (SEATS,)))
    for name in ("n1", "n9"):
        wanted = Wanted(entity="acme", through=NEW_YEAR, subscriptions=(name,))
        whole(many.billing(wanted))

    assert set(issued(many)) == {"invoice:m1-USD-20240101-1", "invoice:m1-USD-20240101-2"}


def once(ledger):
    """Nobody was billed a line twice, and everybody for the seats of January."""
    lines = [line for own in issued(ledger).values() for line in own]
    assert sorted(lines) == sorted({*lines})
    assert len(lines) == CUSTOMERS + 1


def test_a_run_that_another_overtakes_bills_nothing_twice(many, monkeypatch):
    """BILLING_ASKS 18: the other has another day, so its documents have other names."""
    monkeypatch.setattr(run, "SUBSCRIPTIONS_TOGETHER", 2)
    measured, others = run.measured, []

    def overtaken(*arguments):
        chunk = measured(*arguments)
        if not others:
            others.append("one")
            others.append(many.bill("acme", NEW_YEAR))
        return chunk

    monkeypatch.setattr(run, "measured", overtaken)
    billed = many.bill("acme", date(2024, 1, 15))

    assert (len(others[1].documents), len(billed.documents)) == (CUSTOMERS + 1, 0)
    once(many)


def test_runs_of_different_days_at_once_bill_nothing_twice(many, monkeypatch):
    monkeypatch.setattr(run, "SUBSCRIPTIONS_TOGETHER", 2)
    both = Barrier(2)

    def billing(day):
        both.wait(30)
        return many.bill("acme", day)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(billing, [NEW_YEAR, date(2024, 1, 15)]))

    once(many)


PROGRAM = """
import sys
from datetime import UTC, date, datetime
from replay.billing import run
from replay.ledger import Ledger
from store.db import pool

run.SUBSCRIPTIONS_TOGETHER = 2
with Ledger(pool(sys.argv[1]), lambda: datetime.now(UTC)) as ledger:
    ledger.bill("acme", date(2024, 1, 1))
"""


@pytest.mark.parametrize(("step", "passing"), STEPS)
def test_a_run_killed_at_any_step_is_run_again(many, step, passing):
    """BILLING_ASKS 18: what a chunk issues is stored whole or not at all."""
    command = [sys.executable, "-c", PROGRAM, many.connections.conninfo]
    dying = os.environ | {"TIEOUT_FAILPOINT": f"{step}:kill:{passing}", "PYTHONPATH": str(ROOT)}

    killed = subprocess.run(command, env=dying, check=False, cwd=ROOT)

    assert killed.returncode == -9
    before = len(issued(many))
    assert before in {0, 4}
    assert len(many.bill("acme", NEW_YEAR).documents) == CUSTOMERS + 1 - before
    once(many)


def test_who_stops_listening_stops_the_run_between_two_chunks(many, monkeypatch):
    monkeypatch.setattr(run, "SUBSCRIPTIONS_TOGETHER", 2)
    parts = many.billing(Wanted(entity="acme", through=NEW_YEAR))
    assert next(parts).done == 2
    parts.close()

    assert len(issued(many)) == 2
    assert len(many.bill("acme", NEW_YEAR).documents) == CUSTOMERS - 1
    once(many)


# --- what it bills -------------------------------------------------------------------------------


def price(**options):
    return SetPrice(
        when=When(effective=NEW_YEAR),
        currency="USD",
        model=PerUnit(unit_amount=Decimal("0.02")),
        meter="calls",
        bill="arrears",
        **options,
    )


def test_an_interim_run_bills_what_is_used_so_far(company):
    company.ingest(batch("u1"), [row("e1", 150), row("e2", 100, "2024-01-20")])
    company.bill("acme", NEW_YEAR)
    wanted = Wanted(entity="acme", through=date(2024, 1, 15), interim=True)

    assert totals(whole(company.billing(wanted))) == {"invoice:c1-USD-20240115-1": 3_00}
    assert whole(company.billing(wanted)).documents == ()
    company.ingest(batch("u2"), [row("e3", 10, "2024-01-03")])
    billed = company.bill("acme", FEBRUARY)

    lines = [
        (str(line.service_from), str(line.service_to), line.amount_minor)
        for line in billed.documents[0].command.lines
        if line.kind == "usage"
    ]
    assert lines == [("2024-01-01", "2024-01-16", 20), ("2024-01-16", "2024-02-01", 2_00)]


def test_a_threshold_is_billed_once_for_each_level_and_period(company, send):
    send("price:call", price(thresholds=(Decimal(2), Decimal(5))))
    company.bill("acme", NEW_YEAR)
    days, found = ["2024-01-05", "2024-01-10", "2024-01-15"], []
    for place, day in enumerate(days):
        company.ingest(batch(f"u{place}"), [row(f"e{place}", 100, day)])
        billed = company.bill("acme", date.fromisoformat(day))
        found.append((sum(totals(billed).values()), [one.level_minor for one in billed.reached]))
        assert company.bill("acme", date.fromisoformat(day)).documents == ()

    assert found == [(2_00, [2_00]), (0, []), (4_00, [5_00])]
    with company.connection() as connection:
        facts = log.read_categories(connection, "acme", ["threshold"])
    levels = [(fact.stream, fact.event.level_minor, fact.event.amount_minor) for fact in facts]
    assert levels == [("threshold:s1", 2_00, 2_00), ("threshold:s1", 5_00, 6_00)]
    assert all(isinstance(fact.event, ThresholdReached) for fact in facts)
    company.bill("acme", FEBRUARY)
    lines = [line for own in issued(company).values() for line in own if line[1] == "calls"]
    assert [line[2] for line in lines] == [2_00, 4_00]


def test_a_live_service_bills_a_level_and_nothing_that_is_due(many, send):
    """The clock says 1 June: all of it is due, and what runs in June has passed its level."""
    send("price:call", price(thresholds=(Decimal(2),)))
    head = many.bill_levels("acme", 0)
    many.ingest(batch("june"), [row("j1", 150, "2024-06-01"), row("j2", 10, "2024-06-01", "n2")])

    many.bill_levels("acme", head)

    lines = [line for own in issued(many).values() for line in own]
    assert lines == [("s1", "calls", 3_00)]
    head = many.head("acme")
    many.bill_levels("acme", 0)
    assert many.head("acme") == head


def test_a_parent_is_billed_for_its_children_on_one_invoice(many, send, monkeypatch):
    monkeypatch.setattr(run, "SUBSCRIPTIONS_TOGETHER", 2)
    send("customer:group", RegisterCustomer(when=When(effective=NEW_YEAR), currency="USD"))
    for child in ("m1", "m4"):
        amended = AmendCustomer(when=When(effective=NEW_YEAR), parent="group", billed_to="parent")
        send(f"customer:{child}", amended)
    amended = AmendCustomer(when=When(effective=NEW_YEAR), parent="m4", billed_to="parent")
    send("customer:m5", amended)

    assert totals(many.bill("acme", NEW_YEAR))["invoice:group-USD-20240101-1"] == 900_00
    assert issued(many)["invoice:group-USD-20240101-1"] == [
        ("n1", "seats", 300_00),
        ("n4", "seats", 300_00),
        ("n5", "seats", 300_00),
    ]
    wanted = Wanted(entity="acme", through=FEBRUARY, customers=("m1",))
    assert totals(whole(many.billing_preview(wanted))) == {"invoice:group-USD-20240201-1": 302_02}
    many.run("acme", FEBRUARY)
    assert many.bill("acme", NEW_YEAR).documents == ()


def test_a_customer_is_billed_by_who_its_parent_is_on_the_day(many, send):
    send(
        "customer:m1", AmendCustomer(when=When(effective=FEBRUARY), parent="m2", billed_to="parent")
    )

    assert "invoice:m1-USD-20240101-1" in totals(many.bill("acme", NEW_YEAR))
    assert "invoice:m1-USD-20240201-1" not in totals(many.bill("acme", FEBRUARY))


def test_a_circle_that_a_retraction_closed_stops_nobody_from_being_billed(many, send):
    first = When(effective=NEW_YEAR)
    send("customer:m1", AmendCustomer(when=first, parent="m2", billed_to="parent"))
    (moved,) = send("customer:m1", AmendCustomer(when=first, parent="m3"))
    send("customer:m2", AmendCustomer(when=first, parent="m1", billed_to="parent"))
    send("customer:m1", None, corrects=moved)

    billed = totals(many.bill("acme", NEW_YEAR))

    assert {"invoice:m1-USD-20240101-1", "invoice:m2-USD-20240101-1"} <= billed.keys()


@pytest.mark.usefixtures("many")
def test_nobody_is_an_ancestor_of_its_own_however_long_the_chain(send):
    for child, parent in (("m1", "m2"), ("m2", "m3"), ("m3", "m4")):
        send(f"customer:{child}", AmendCustomer(when=When(effective=NEW_YEAR), parent=parent))

    with pytest.raises(Rejected) as caught:
        send("customer:m4", AmendCustomer(when=When(effective=FEBRUARY), parent="m1"))

    assert caught.value.code == "parent-cycle"
    assert caught.value.context == {"parent": "m1", "on": "2024-02-01"}


def test_what_exceeds_an_invoice_is_a_liability_until_it_is_used(company, send):
    """A price may elect that differences in the customer's favour wait for the next invoice."""
    options = BillingOptions(credits="next-invoice")
    send(
        "price:seat",
        SetPrice(
            when=When(effective=NEW_YEAR),
            currency="USD",
            model=PerUnit(unit_amount=Decimal(100)),
            options=options,
        ),
    )
    company.bill("acme", NEW_YEAR)
    fewer = (ItemChange(item="seats", quantity=Decimal(1)),)
    send("subscription:s1", AmendSubscription(when=When(effective=date(2024, 1, 17)), items=fewer))

    assert totals(company.bill("acme", date(2024, 1, 17))) == {"invoice:c1-USD-20240117-1": 0}
    company.run("acme", date(2024, 1, 31))
    assert _customer_credit(company) == -435_48
    assert totals(company.bill("acme", FEBRUARY)) == {"invoice:c1-USD-20240201-1": 0}
    company.run("acme", FEBRUARY)
    assert _customer_credit(company) == -335_48
    send("subscription:s1", CancelSubscription(when=When(effective=FEBRUARY)))
    billed = company.bill("acme", FEBRUARY)
    company.run("acme", FEBRUARY)
    assert (len(billed.documents), _customer_credit(company)) == (1, -435_48)


def test_credit_from_one_subscription_is_used_on_the_invoice_of_another(company, send):
    options = BillingOptions(credits="next-invoice")
    model = PerUnit(unit_amount=Decimal(100))
    when = When(effective=NEW_YEAR)
    send("price:seat", SetPrice(when=when, currency="USD", model=model, options=options))
    company.bill("acme", NEW_YEAR)
    send("subscription:s1", CancelSubscription(when=When(effective=NEW_YEAR)))
    company.bill("acme", date(2024, 1, 2))
    send("subscription:s2", start("c1", (SEATS,)))
    wanted = Wanted(entity="acme", through=date(2024, 1, 2), subscriptions=("s2",))

    assert totals(whole(company.billing(wanted))) == {"invoice:c1-USD-20240102-2": 0}
    assert totals(company.bill("acme", FEBRUARY)) == {"invoice:c1-USD-20240201-1": 0}


def _customer_credit(ledger):
    with ledger.connection() as connection:
        found = trial_balance(connection, Question(entity="acme", book="main"))
    return sum(line.minor for line in found.rows if line.account == "customer-credit")


def test_a_run_of_an_earlier_day_leaves_what_is_billed_ahead(company):
    company.bill("acme", date(2024, 3, 1))

    assert company.bill("acme", NEW_YEAR).documents == ()
    assert company.bill("acme", date(2024, 3, 1)).documents == ()
