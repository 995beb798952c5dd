"""Verify finds nothing on a ledger left alone, and names what somebody altered behind its back."""

import re
from datetime import date
from pathlib import Path

import pytest

from domain.facts import When
from domain.invoice import VoidInvoice
from replay.verify import LAWS, verify
from store.usage_stage import UsageBatch

LAST_INTO_JANUARY = (
    "UPDATE journal_entry SET booked = '2024-01' "
    "WHERE entry = (SELECT max(entry) FROM journal_entry WHERE known_at > 11)"
)


def grow(company, send):
    row = {
        "event_id": "e1",
        "subscription": "s1",
        "meter": "calls",
        "quantity": "150.5",
        "occurred_at": "2024-01-10T12:00:00Z",
    }
    company.ingest(UsageBatch(entity="acme", source="app", key="u1"), [row])
    company.bill("acme", date(2024, 2, 1))
    company.run("acme", date(2024, 1, 31))
    company.close_period("acme", "main", "2024-01")
    send("invoice:c1-USD-20240201-1", VoidInvoice(when=When(effective=date(2024, 2, 2))))
    company.run("acme", date(2024, 2, 29))
    company.close_period("acme", "main", "2024-02")


def _verified(ledger):
    ledger.catch_up()
    with ledger.connection() as connection:
        return verify(connection)


def _broken(found):
    return sorted({(verdict.law, verdict.check) for verdict in found.verdicts if verdict.breaks})


def _alter(ledger, table, statement):
    with ledger.connection() as connection:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        connection.execute(statement)
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


def test_a_ledger_left_alone_keeps_all_ten_laws(busy):
    found = _verified(busy)

    assert _broken(found) == []
    assert found.not_compared == ()
    assert {verdict.law for verdict in found.verdicts} == {*LAWS}


def test_every_check_is_on_its_page(busy):
    page = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"
    rows = re.findall(r"^\| (\d+) \| `([\w-]+)` \|", page.read_text(), re.MULTILINE)

    assert {(int(law), check) for law, check in rows} == {
        (one.law, one.check) for one in _verified(busy).verdicts
    }
    assert len({*rows}) == len(rows)


def test_nothing_compared_proves_nothing(company):
    assert _verified(company).not_compared != ()


@pytest.mark.parametrize(
    ("table", "statement", "law"),
    [
        ("fact", "UPDATE fact SET actor = 'mallory' WHERE position = 3", 5),
        ("journal_line", "UPDATE journal_line SET minor = minor + 1 WHERE line = 1", 1),
        ("journal_line", "UPDATE journal_line SET minor = minor * 2", 2),
        ("journal_line", "UPDATE journal_line SET rule = 'mine@1' WHERE line = 1", 6),
        ("journal_entry", LAST_INTO_JANUARY, 3),
        ("journal_line", "UPDATE journal_line SET causes = '{}' WHERE line = 1", 8),
        ("command_key", "DELETE FROM command_key WHERE key = 'k3'", 4),
        ("usage_row", "DELETE FROM usage_row", 7),
    ],
)
def test_what_was_altered_behind_its_back_is_named(busy, table, statement, law):
    _alter(busy, table, statement)

    assert law in {broken for broken, _ in _broken(_verified(busy))}


@pytest.mark.parametrize(
    ("account", "report"),
    [("contract-liability", "deferred-revenue"), ("revenue", "disclosed-revenue")],
)
def test_a_report_that_is_not_its_account_is_named(busy, account, report):
    moved = f"UPDATE view_1.account_total SET minor = minor + 1 WHERE account = '{account}'"
    first = "(SELECT min(known_at) FROM view_1.account_total)"
    _alter(busy, "view_1.account_total", f"{moved} AND known_at = {first}")

    (found,) = [one for one in _verified(busy).verdicts if one.check == "reports-are-accounts"]

    assert any(row.what.startswith(f"{report} {account} USD") for row in found.breaks)


def test_a_seal_is_computed_again_from_the_log(busy):
    _alter(busy, "fact", "UPDATE fact SET payload = replace(payload, '150', '151')")
    seal = 'UPDATE fact SET payload = regexp_replace(payload, \'"digest":"..\', \'"digest":"00\')'
    _alter(busy, "fact", seal)

    assert (5, "seals") in _broken(_verified(busy))
