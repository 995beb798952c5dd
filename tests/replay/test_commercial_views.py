"""Two views of deals: what happened to them, and what each price model billed and earned."""

from datetime import date
from decimal import Decimal

from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.price import SetPrice
from domain.pricing import Flat
from domain.subscription import AmendSubscription, ItemChange
from projections.question import Question
from replay.changes import changes
from replay.price_models import price_models
from store.usage_stage import UsageBatch

# What the ledger's clock shows.
TODAY = date(2024, 6, 1)
ACME = Question(entity="acme", book="main")


def seats(day, **change):
    one = ItemChange(item="seats", **change)
    return AmendSubscription(when=When(effective=day), items=(one,))


def looked(ledger, ask, question=ACME):
    with ledger.connection() as connection:
        return ask(connection, question).rows


def test_changes_are_told_ahead_in_time_or_late_and_what_is_undone(company, send):
    (late,) = send("subscription:s1", seats(date(2024, 5, 1), quantity=Decimal(20)))
    send("subscription:s1", seats(TODAY, quantity=Decimal(25)))
    send("subscription:s1", seats(date(2024, 7, 1), quantity=Decimal(30)))
    send("subscription:s1", seats(date(2024, 8, 1), removed=True, refund="none"))
    send("subscription:s1", None, corrects=late)
    company.run("acme", TODAY)

    rows = {(row.what, row.how): row for row in looked(company, changes)}

    other = rows["subscription-amended", "other quantity"]
    assert (other.ahead, other.in_time, other.late, other.undone, other.of) == (1, 1, 1, 1, 1)
    removed = rows["subscription-amended", "item removed, refund none"]
    assert (removed.ahead, removed.in_time, removed.late, removed.undone) == (1, 0, 0, 0)
    assert rows["subscription-started", "for a term"].of == 1
    assert ("retracted", "") not in rows


def test_changes_are_those_known_at_a_position_that_count_by_a_day(company, send):
    (first,) = send("subscription:s1", seats(date(2024, 5, 1), quantity=Decimal(20)))
    send("subscription:s1", seats(date(2024, 5, 2), price="seat"))
    company.run("acme", TODAY)

    def hows(question):
        rows = looked(company, changes, question)
        return [row.how for row in rows if row.what == "subscription-amended"]

    assert hows(ACME) == ["other price", "other quantity"]
    assert hows(Question(entity="acme", book="main", known_at=first)) == ["other quantity"]
    assert hows(Question(entity="acme", book="main", through=date(2024, 4, 30))) == []


def test_price_models_are_all_lines_and_all_revenue(company, send):
    row = {
        "event_id": "e1",
        "subscription": "s1",
        "meter": "calls",
        "quantity": "500",
        "occurred_at": "2024-01-10T12:00:00Z",
    }
    company.ingest(UsageBatch(entity="acme", source="app", key="b"), [row])
    start, fee = When(effective=date(2024, 1, 1)), Flat(amount=Decimal(70))
    once = SetPrice(when=start, currency="USD", model=fee, once=True)
    send("price:setup", once)
    setup = ItemChange(item="setup", price="setup")
    send("subscription:s1", AmendSubscription(when=start, items=(setup,)))
    lines = (InvoiceLine(line="1", amount_minor=9_00),)
    stated = IssueInvoice(
        when=start, customer="c1", currency="USD", lines=lines, number="o", due_on=TODAY
    )
    send("invoice:outside", stated)
    company.bill("acme", date(2024, 2, 1))
    company.run("acme", date(2024, 1, 31))

    rows = {(row.model, row.sold): row for row in looked(company, price_models)}

    # Two months of ten seats ahead, January's calls, and what another system has billed.
    assert {key: (row.billed_minor, row.subscriptions) for key, row in rows.items()} == {
        ("flat", "once"): (70_00, 1),
        ("per-unit", "recurring"): (2_000_00, 1),
        ("per-unit", "usage"): (10_00, 1),
        ("no price", ""): (9_00, 0),
    }
    assert rows["per-unit", "recurring"].earned_minor == 1_000_00
    assert rows["per-unit", "usage"].earned_minor == 10_00
    assert rows["no price", ""].earned_minor == 9_00


def test_a_line_for_two_prices_in_one_period_counts_for_the_items_price(company, send):
    send("subscription:s1", seats(date(2024, 1, 11), quantity=Decimal(20)))
    company.bill("acme", date(2024, 1, 1))
    company.run("acme", TODAY)

    rows = looked(company, price_models)

    billed = [(row.model, row.sold) for row in rows if row.billed_minor]
    assert billed == [("per-unit", "recurring")]
