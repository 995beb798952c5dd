"""Prepaid credits on a ledger: billed ahead, drawn on lines beside usage, told as known then."""

from datetime import date
from decimal import Decimal

import pytest

from domain.facts import When
from domain.price import SetPrice
from domain.pricing import Prepaid
from domain.statement.documents import Document
from domain.subscription import (
    CancelSubscription,
    Item,
    StartSubscription,
)
from projections.credits import open_credits
from projections.deferred_revenue import deferred
from projections.question import Question
from replay.billing.run import Wanted
from replay.ledger import Ledger, whole
from store.usage_stage import UsageBatch
from tests.replay.conftest import NEW_YEAR, Send

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
CALLS, PACK = Item(item="calls", price="call"), Item(item="pack", price="pack")


@pytest.fixture
def sold(company: Ledger, send: Send) -> Ledger:
    """Calls at 0.02, and 12.00 of them for 10.00 a month."""
    model = Prepaid(amount=Decimal(10), credits=Decimal(12), expires_periods=1)
    send("price:pack", SetPrice(when=NEW_YEAR, currency="USD", model=model, proration="none"))
    send(
        "subscription:p1",
        StartSubscription(
            when=NEW_YEAR,
            customer="c1",
            currency="USD",
            term_from=JANUARY,
            term_to=date(2025, 1, 1),
            items=(CALLS, PACK),
        ),
    )
    return company


def use(ledger: Ledger, event: str, quantity: int, day: str) -> None:
    row = {
        "event_id": event,
        "subscription": "p1",
        "meter": "calls",
        "quantity": str(quantity),
        "occurred_at": f"{day}T12:00:00Z",
    }
    ledger.ingest(UsageBatch(entity="acme", source="app", key=event, kind="rows"), [row])


def issued(ledger: Ledger, day: date) -> tuple[Document, ...]:
    """What a run of a day issues for p1 alone."""
    return whole(
        ledger.billing(Wanted(entity="acme", through=day, subscriptions=("p1",)))
    ).documents


def billed(ledger: Ledger, day: date) -> list[tuple[str, str, str | None, int]]:
    """Lines of p1 that a run of a day puts on documents."""
    documents = issued(ledger, day)
    return [
        (line.obligation or "", line.kind, line.drawn_from, line.amount_minor)
        for document in documents
        for line in getattr(document.command, "lines", ())
        if getattr(line, "kind", "")
    ]


def purses(ledger: Ledger, day: date, known_at: int | None = None) -> list[tuple[int, ...]]:
    """Granted, drawn, expired and open, purse by purse."""
    question = Question(entity="acme", book="main", through=day, known_at=known_at)
    with ledger.connection() as connection:
        rows = open_credits(connection, question, subscription="p1").rows
    return [(one.granted_minor, one.drawn_minor, one.expired_minor, one.open_minor) for one in rows]


def liability(ledger: Ledger, day: date) -> int:
    question = Question(entity="acme", book="main", through=day, basis="earned")
    with ledger.connection() as connection:
        rows = deferred(connection, question).rows
    return sum(row.minor for row in rows if row.unit == "subscription:p1")


def test_a_pack_is_billed_ahead_and_usage_beside_what_it_draws(sold: Ledger) -> None:
    use(sold, "e1", 700, "2024-01-10")

    assert billed(sold, JANUARY) == [("pack", "subscription", None, 1_000)]
    assert billed(sold, FEBRUARY) == [
        ("calls", "usage", None, 1_400),
        ("calls", "drawdown", "pack", -1_200),
        ("pack", "subscription", None, 1_000),
    ]
    assert billed(sold, FEBRUARY) == []


def test_late_usage_is_drawn_and_billed_on_the_next_document(sold: Ledger) -> None:
    use(sold, "e1", 300, "2024-01-10")
    billed(sold, FEBRUARY)
    use(sold, "e2", 400, "2024-01-09")

    assert billed(sold, FEBRUARY) == [
        ("calls", "usage", None, 800),
        ("calls", "drawdown", "pack", -600),
    ]


def test_what_is_left_is_given_back_on_a_credit_note(sold: Ledger, send: Send) -> None:
    use(sold, "e1", 300, "2024-01-10")
    billed(sold, JANUARY)
    send("subscription:p1", CancelSubscription(when=When(effective=date(2024, 1, 16))))

    documents = issued(sold, date(2024, 1, 16))

    assert [one.total_minor for one in documents if one.total_minor] == [-500]


def test_credits_are_told_as_they_were_known(sold: Ledger) -> None:
    use(sold, "e1", 300, "2024-01-10")
    sold.run("acme", date(2024, 1, 31))
    before = sold.head("acme")
    use(sold, "e2", 100, "2024-01-09")
    sold.run("acme", date(2024, 1, 31))

    assert purses(sold, date(2024, 1, 30), before) == [(1_200, 600, 0, 600)]
    assert purses(sold, date(2024, 1, 30)) == [(1_200, 800, 0, 400)]
    assert purses(sold, FEBRUARY) == [(1_200, 800, 400, 0), (1_200, 0, 0, 1_200)]


def test_what_is_paid_ahead_is_a_liability_until_it_is_drawn_or_lapses(sold: Ledger) -> None:
    billed(sold, JANUARY)
    use(sold, "e1", 300, "2024-01-10")
    sold.run("acme", date(2024, 1, 30))

    assert liability(sold, date(2024, 1, 30)) == 500
    sold.run("acme", date(2024, 1, 31))
    assert liability(sold, date(2024, 1, 31)) == 0
