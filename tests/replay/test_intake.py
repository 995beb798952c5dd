"""A whole entity goes from one database into another: nothing that is not derived differs."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from domain.books import AdjustmentLine, ApproveAdjustment, ProposeAdjustment
from domain.cash import (
    ReceivePayment,
)
from domain.errors import Malformed, Rejected
from domain.facts import Source, When
from domain.party import AmendCustomer
from domain.subscription import AmendSubscription, ItemChange
from replay.intake import take_export
from replay.ledger import Ledger
from replay.source import export
from replay.verify import verify
from store.request import Request
from store.usage_stage import UsageBatch
from tests.usage import usage_row

# All that is not derived, and the totals by hour that are kept beside the rows.
KEPT = {
    "fact": "position",
    "command_key": "key",
    "refusal": "key",
    "approval": "position",
    "usage_row": "source, event_id, batch",
    "usage_key": "source, event_id",
    "usage_replaced": "source, event_id, old_batch",
    "usage_reject": "batch, row_no",
    "usage_batch": "batch",
    "usage_hour": "subscription, meter, hour, batch, unit",
    "entity_head": "entity",
}
DERIVED = {
    "journal_entry": "entry",
    "journal_line": "entry, line",
    "charge": "position, unit, item, service_from, price",
    "usage_pending": "unit, meter, day, position",
    "parked": "unit, from_run",
}


def row(event_id, quantity, day="2024-01-10", **more):
    return usage_row(event_id, quantity, f"{day}T23:30:00Z", **more)


def batch(key, kind="rows", **more):
    return UsageBatch(entity="acme", source="app", key=key, kind=kind, **more)


def propose(amount):
    lines = (
        AdjustmentLine(account="unbilled-receivable", amount_minor=amount),
        AdjustmentLine(account="revenue", amount_minor=-amount),
    )
    when = When(effective=date(2024, 2, 29))
    return ProposeAdjustment(when=when, book="main", currency="USD", lines=lines, memo="accrued")


def grow(company, send):
    """Usage in all its forms, a close and a reopening by two people, an adjustment, refusals."""
    rows = [row("e1", "150.5"), row("e2", "7", "2024-01-31"), row("e3", "NaN"), row("e1", "1")]
    company.ingest(batch("u1", batch_number=1), [*rows, row("e9", "3", dimensions={"region": "x"})])
    company.run("acme", date(2024, 1, 31))
    company.close_period("acme", "main", "2024-01")
    company.ingest(batch("u2", "correction"), [row("e1", "100.25", "2024-01-11")])
    company.ingest(batch("u3", "correction"), [row("e1", "90")])
    company.ingest(batch("u4", "retraction"), ["e2"])
    company.ingest(batch("u5"), [row("f1", "5", subscription="nobody")])
    with pytest.raises(Rejected, match="batch-number-reused"):
        company.ingest(batch("u6", batch_number=1), [row("g1", "5")])
    company.reopen("acme", "main", "2024-01", approved_by="bob", actor="ann")
    send("adjustment:a1", propose(50_00), actor="ann")
    approve = ApproveAdjustment(when=When(effective=date(2024, 2, 29)))
    send("adjustment:a1", approve, actor="bob")
    with pytest.raises(Rejected):
        send("invoice:i9", None, corrects=999, key="refused")
    paid = ReceivePayment(
        when=When(effective=date(2024, 2, 5)), customer="c1", currency="USD", amount_minor=700_00
    )
    source = Source(system="bank", kind="payment", id="p1")
    send("payment:p1", paid, source=source, reason="wire", trace_id="t1", key="paid")
    change = (ItemChange(item="seats", quantity=Decimal("12.5")),)
    late = When(effective=date(2024, 1, 16), agreed_on=date(2024, 2, 1))
    (amended,) = send("subscription:s1", AmendSubscription(when=late, items=change))
    send("subscription:s1", None, corrects=amended, reason="never signed")
    company.bill("acme", date(2024, 2, 1))
    company.run("acme", date(2024, 2, 29))


@pytest.fixture
def elsewhere(server, template):
    """A ledger over another fresh database, whose batches have been counted before."""
    name = "tieout_test_elsewhere"
    with psycopg.connect(server.dsn, autocommit=True) as administrator:
        make = "CREATE DATABASE {} TEMPLATE {}"
        drop = "DROP DATABASE {} WITH (FORCE)"
        names = sql.Identifier(name), sql.Identifier(template)
        administrator.execute(sql.SQL(make).format(*names))
        with Ledger.open(make_conninfo(server.dsn, dbname=name), company_clock) as opened:
            yield opened
        administrator.execute(sql.SQL(drop).format(names[0]))


def company_clock():
    return datetime(2024, 6, 1, tzinfo=UTC)


def exported(ledger):
    with ledger.connection() as connection:
        return list(export(connection, "acme", ledger.head("acme")))


def take(ledger, lines):
    with ledger.connection() as connection:
        return take_export(connection, lines)


def tables(ledger, names):
    with ledger.connection() as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in names.items()
        }


def code(ledger, lines):
    with pytest.raises((Malformed, Rejected)) as caught:
        take(ledger, lines)
    assert tables(ledger, KEPT) == {name: [] for name in KEPT}
    return caught.value.code


def test_all_that_is_not_derived_is_the_same_after_an_intake(busy, elsewhere):
    lines = exported(busy)

    taken = take(elsewhere, lines)

    assert tables(elsewhere, KEPT) == tables(busy, KEPT)
    assert exported(elsewhere) == lines
    assert (taken.position, sum(taken.lines.values())) == (busy.head("acme"), len(lines) - 2)


def test_the_poster_makes_the_same_journal_of_it(busy, elsewhere):
    take(elsewhere, exported(busy))

    elsewhere.catch_up("acme")

    made = tables(elsewhere, DERIVED)
    assert made == tables(busy, DERIVED)
    assert len(made["journal_line"]) > 20
    with elsewhere.connection() as connection:
        assert verify(connection, "acme").breaks == 0


def test_a_retried_command_or_batch_is_answered_as_before(busy, elsewhere):
    take(elsewhere, exported(busy))
    paid = ReceivePayment(
        when=When(effective=date(2024, 2, 5)), customer="c1", currency="USD", amount_minor=700_00
    )
    again = Request(
        entity="acme",
        stream="payment:p1",
        key="another key",
        command=paid,
        source=Source(system="bank", kind="payment", id="p1"),
    )

    assert elsewhere.submit(again).repeated
    with pytest.raises(Rejected, match="unknown-fact"):
        elsewhere.submit(Request(entity="acme", stream="invoice:i9", key="refused", corrects=999))
    receipt = elsewhere.ingest(batch("u2", "correction"), [row("e1", "100.25", "2024-01-11")])
    assert receipt.repeated
    assert elsewhere.ingest(batch("u7"), [row("e1", "150.5"), row("e9", "4")]).duplicates == 1


def test_what_comes_after_an_intake_goes_on_where_the_log_ended(busy, elsewhere):
    take(elsewhere, exported(busy))
    head = busy.head("acme")

    corrected = elsewhere.ingest(batch("u8", "correction"), [row("e9", "8")])
    amend = AmendCustomer(when=When(effective=date(2024, 1, 1)), payment_terms_days=7)
    told = elsewhere.submit(Request(entity="acme", stream="customer:c1", key="a", command=amend))

    assert (corrected.accepted, corrected.position) == (1, head + 1)
    assert told.positions == (head + 2,)


def test_an_entity_that_has_something_takes_nothing_in(busy, elsewhere):
    lines = exported(busy)
    take(elsewhere, lines)
    before = tables(elsewhere, KEPT)

    with pytest.raises(Rejected, match="entity-not-empty"):
        take(elsewhere, lines)
    assert tables(elsewhere, KEPT) == before


def test_an_entity_that_only_ever_refused_something_is_not_empty(busy, elsewhere):
    request = Request(entity="acme", stream="invoice:i9", key="refused", corrects=999)
    with pytest.raises(Rejected, match="unknown-fact"):
        elsewhere.submit(request)

    with pytest.raises(Rejected, match="entity-not-empty"):
        take(elsewhere, exported(busy))


@pytest.mark.parametrize("kept", [0, 1, 5, -40, -2, -1])
def test_a_cut_export_is_refused_whole(busy, elsewhere, kept):
    assert code(elsewhere, exported(busy)[:kept]) == "truncated-export"


@pytest.mark.parametrize("type_", ["fact", "key", "refusal", "usage-row", "usage-reject"])
def test_a_line_left_out_is_noticed(busy, elsewhere, type_):
    lines = exported(busy)
    place = next(at for at, line in enumerate(lines) if json.loads(line)["type"] == type_)

    assert code(elsewhere, lines[:place] + lines[place + 1 :]) == "truncated-export"


@pytest.mark.parametrize(
    ("said", "instead", "expected"),
    [
        (b'"amount_minor":70000', b'"amount_minor":70001', "altered-fact"),
        (b'"code":"unknown-fact"', b'"code":"unknown-item"', "altered-export"),
        (b'"raw":"{', b'"raw":" {', "altered-export"),
        (b'"quantity":"90","occ', b'"quantity":"91","occ', "altered-export"),
        (b'"key":"paid","fingerprint"', b'"key":"gift","fingerprint"', "altered-export"),
    ],
)
def test_an_altered_line_is_refused(busy, elsewhere, said, instead, expected):
    whole = b"".join(exported(busy))
    assert whole.count(said) >= 1

    assert code(elsewhere, whole.replace(said, instead).splitlines(keepends=True)) == expected


def test_a_row_altered_by_who_knows_how_to_count_lines_does_not_fit_its_batch(busy, elsewhere):
    said, instead = b'"quantity":"90","occ', b'"quantity":"91","occ'
    lines = [line.replace(said, instead) for line in exported(busy)]

    assert code(elsewhere, resealed(lines)) == "altered-export"


def resealed(lines):
    """The lines under an end that fits them."""
    end = json.loads(lines[-1])
    end["digest"] = sha256(b"".join(lines[:-1])).hexdigest()
    return [*lines[:-1], json.dumps(end).encode()]


def test_what_is_no_export_is_refused_by_its_line(elsewhere):
    assert code(elsewhere, [b"{}\n"]) == "not-an-export"
    assert code(elsewhere, [b"event,quantity\n", b"a,1\n"]) == "not-an-export"
