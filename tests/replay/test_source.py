"""An export holds all that measuring needs: the journal comes out of it, and its explanations."""

from datetime import date
from decimal import Decimal

import pytest

from domain.cash import (
    ReceivePayment,
)
from domain.errors import Malformed
from domain.facts import When
from domain.invoice import VoidInvoice
from domain.party import RegisterCustomer
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from projections.lineage import explain_line
from projections.question import Question
from replay.journal import journal
from replay.rebuild import rebuild_journal
from replay.reperform import explain_again, journal_lines, reperform
from replay.source import export, read_export
from store.canonical import entry_leaf
from store.usage_stage import UsageBatch
from tests.usage import usage_row

BOOKS = Question(entity="acme", book="main")


def _row(event_id, quantity, day):
    return usage_row(event_id, quantity, f"{day}T23:30:00Z")


def _batch(key, kind="rows"):
    return UsageBatch(entity="acme", source="app", key=key, kind=kind)


def grow(company, send):
    """Two months with a close between, then all that may come late."""
    company.ingest(_batch("u1"), [_row("e1", "150.5", "2024-01-10"), _row("e2", "7", "2024-01-31")])
    company.bill("acme", date(2024, 2, 1))
    payment = ReceivePayment(
        when=When(effective=date(2024, 2, 5)), customer="c1", currency="USD", amount_minor=700_00
    )
    (paid,) = send("payment:p1", payment)
    company.run("acme", date(2024, 1, 31))
    company.close_period("acme", "main", "2024-01")
    company.ingest(_batch("u2", "correction"), [_row("e1", "100.25", "2024-01-11")])
    company.ingest(_batch("u3", "retraction"), ["e2"])
    change = (ItemChange(item="seats", quantity=Decimal(12)),)
    when = When(effective=date(2024, 1, 16))
    send("subscription:s1", AmendSubscription(when=when, items=change))
    company.run("acme", date(2024, 2, 29))
    send("payment:p1", None, corrects=paid)
    company.bill("acme", date(2024, 3, 1))
    send("invoice:c1-USD-20240301-1", VoidInvoice(when=When(effective=date(2024, 3, 2))))
    company.run("acme", date(2024, 3, 31))


def _exported(ledger, upto=None):
    position = upto or ledger.head("acme")
    with ledger.connection() as connection:
        return list(export(connection, "acme", position))


def test_the_journal_comes_out_of_an_export_line_by_line(busy):
    done = reperform(read_export(_exported(busy)))

    with busy.connection() as connection:
        posted = journal(connection, BOOKS).rows
        leaves = [
            bytes(leaf)
            for (leaf,) in connection.execute("SELECT leaf FROM journal_entry ORDER BY entry")
        ]
    assert len(posted) > 30
    assert list(journal_lines(done)) == list(posted)
    assert [entry_leaf(row.entry) for row in done.posted] == leaves


def test_every_line_is_explained_from_an_export_as_from_the_database(busy):
    done = reperform(read_export(_exported(busy)))

    with busy.connection() as connection:
        for row in journal(connection, BOOKS).rows:
            live = explain_line(connection, "acme", row.entry, row.line)
            assert explain_again(done, row.entry, row.line) == live


def test_an_export_of_an_earlier_position_is_a_beginning_of_the_whole(busy):
    done = reperform(read_export(_exported(busy)))
    close = next(
        fact.position for fact in done.facts if fact.stream == "book:main" and fact.version > 1
    )

    earlier = reperform(read_export(_exported(busy, close)))

    count = len(earlier.posted)
    assert 0 < count < len(done.posted)
    assert [row.entry for row in earlier.posted] == [row.entry for row in done.posted[:count]]


def test_an_altered_fact_is_refused_by_its_line(busy):
    lines = _exported(busy)
    forged = [line.replace(b'"amount_minor":70000', b'"amount_minor":70001') for line in lines]

    with pytest.raises(Malformed) as refused:
        read_export(forged)

    assert forged != lines
    assert refused.value.code == "altered-fact"


def test_an_export_with_a_fact_left_out_is_refused(busy):
    lines = _exported(busy)

    with pytest.raises(Malformed) as refused:
        read_export(lines[:3] + lines[4:])

    assert refused.value.code == "not-an-export"


def test_a_customer_registered_late_is_known_from_then_on_in_an_export_too(company, send):
    items = (Item(item="calls", price="call"),)
    start = StartSubscription(
        when=When(effective=date(2024, 1, 1)),
        customer="c9",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=items,
    )
    send("subscription:s9", start)
    late = _row("e1", "150", "2024-01-10") | {"subscription": "s9"}
    company.ingest(_batch("u1"), [late])
    company.run("acme", date(2024, 1, 31))
    registered = RegisterCustomer(when=When(effective=date(2024, 2, 1)), currency="USD")
    send("customer:c9", registered)
    company.run("acme", date(2024, 1, 31))
    done = reperform(read_export(_exported(company)))

    with company.connection() as connection:
        posted = journal(connection, BOOKS).rows
        rebuilt = rebuild_journal(connection, batch=1)
    of_the_late = [row.minor for row in posted if row.unit == "subscription:s9"]
    assert sorted(of_the_late) == [-3_00, -3_00, 3_00, 3_00]
    assert list(journal_lines(done)) == list(posted)
    assert rebuilt.breaks == ()
