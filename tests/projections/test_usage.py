"""How usage stands by source and meter, and the trail of acts."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.errors import Rejected
from projections.audit import audit_trail
from projections.question import Question
from projections.usage import (
    MeterUsage,
    PendingUsage,
    RejectedUsage,
    SourceUsage,
    by_meter,
    by_source,
    pending,
    rejected,
)
from store.usage_rows import UsageBatch, ingest

ASK = Question(entity="acme", book="us-gaap")


def row(event, quantity, subscription="s1", day=10):
    return {
        "event_id": event,
        "subscription": subscription,
        "meter": "calls",
        "quantity": quantity,
        "occurred_at": f"2024-01-{day:02}T09:00:00Z",
    }


def send(books, key, rows, kind="rows"):
    order = UsageBatch(entity="acme", source="app", key=key, kind=kind)
    return ingest(books.connection, order, rows, clock=lambda: books.today)


def a_month_of_usage(books):
    """Six rows sent, one twice and one broken; one corrected, one retracted, one of nobody."""
    books.subscribe("s1")
    rows = [row("a", "1"), row("b", "2"), row("c", "3"), row("d", "4", "nobody"), row("a", "1")]
    send(books, "first", [*rows, row("e", "NaN")])
    send(books, "fix", [row("b", "5")], "correction")
    send(books, "undo", ["c"], "retraction")
    books.run(date(2024, 1, 31))
    send(books, "more", [row("f", "10")])
    books.catch_up()


def test_every_row_received_has_become_something(books):
    a_month_of_usage(books)

    (standing,) = by_source(books.connection, ASK).rows

    assert standing == SourceUsage("app", 4, 9, 1, 1, 7)


def test_every_row_accepted_has_become_something(books):
    a_month_of_usage(books)

    (standing,) = by_meter(books.connection, ASK).rows

    assert str(standing.quantity) == "20"
    assert standing == MeterUsage(
        source="app",
        meter="calls",
        accepted=6,
        superseded=1,
        retracted=1,
        pending=1,
        rated=2,
        waiting=1,
        quantity=Decimal(20),
    )


def test_pending_and_rejected_rows_say_why(books):
    a_month_of_usage(books)

    assert pending(books.connection, ASK).rows == (
        PendingUsage("app", "nobody", "calls", "unknown-subscription", 1, Decimal(4), 13),
    )
    assert rejected(books.connection, ASK).rows == (
        RejectedUsage("app", "not-finite", "quantity", 1),
    )


def test_the_trail_tells_facts_and_refusals_in_the_order_they_were_learned(books):
    first = books.subscribe("s1")
    books.on(2024, 2, 1)
    with pytest.raises(Rejected):
        books.tell("book:us-gaap", None, corrects=99, actor="eve", reason="just trying")
    books.run(date(2024, 1, 31))

    acts = audit_trail(books.connection, replace(ASK), after=first - 1).rows

    assert [
        (act.position, act.outcome, act.actor, act.what, act.code, act.reason, act.recorded_at)
        for act in acts
    ] == [
        (
            9,
            "accepted",
            "ann",
            "subscription-started",
            None,
            None,
            datetime(2024, 1, 1, 12, tzinfo=UTC),
        ),
        (
            9,
            "refused",
            "eve",
            "retract",
            "unknown-fact",
            "just trying",
            datetime(2024, 2, 1, 12, tzinfo=UTC),
        ),
        (10, "accepted", "ann", "posting-run", None, None, datetime(2024, 2, 1, 12, tzinfo=UTC)),
    ]
