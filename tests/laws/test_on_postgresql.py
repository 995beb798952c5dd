"""Drawn histories on PostgreSQL: journal, views and seals made again, and controls that tie.

The facts of a history go into the log as they are, its usage rows through the real ingest.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from domain.ledger import Run
from domain.net_position import LIABILITY
from projections import runner
from projections.deferred_revenue import deferred
from projections.positions import positions
from projections.question import Basis, Question, looking
from projections.reconciliation import reconcile
from projections.remaining import promises
from projections.remeasure import place_at
from projections.trial_balance import trial_balance
from replay.rebuild import rebuild_journal, rebuild_views
from replay.report_ties import balances_tied, report_ties
from replay.verify import look_at, measured_again
from store.canonical import entry_leaf
from store.db import Connection
from tests.laws.combined import combined
from tests.laws.contracts import contracts
from tests.laws.histories import history
from tests.laws.memory import Books, History, play
from tests.laws.postgres import settled_once, tell_facts
from tests.laws.purses import purses

HISTORIES = int(os.environ.get("TIEOUT_LAW_HISTORIES_ON_POSTGRESQL", "6"))
OF_CONTRACTS = (LIABILITY, "refund-liability", "contract-asset", "unbilled-receivable")
JOURNAL = """
    SELECT known_at, unit, book, booked, leaf, entry FROM journal_entry
     WHERE entity = %s ORDER BY entry
"""


@pytest.fixture(autouse=True)
def once() -> Iterator[None]:
    with settled_once():
        yield


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_drawn_history_is_the_same_on_postgresql(connection: Connection, number: int) -> None:
    compared = assert_it_ties(connection, history(number, 15 * number))

    assert min(compared.values()) > 0


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_history_of_money_is_the_same_on_postgresql(connection: Connection, number: int) -> None:
    drawn = purses(number, 50 + 5 * number, talks=number % 2 == 1)
    compared = assert_the_same(connection, drawn, in_memory(drawn))

    assert compared["accounts-and-documents"] > 0


@pytest.mark.parametrize("number", range(HISTORIES))
def test_drawn_contracts_are_the_same_on_postgresql(connection: Connection, number: int) -> None:
    compared = assert_it_ties(connection, contracts(number, 20 + 15 * number))

    assert compared["accounts-and-documents"] > 0


@pytest.mark.parametrize("number", range(min(HISTORIES, 4)))
def test_contracts_that_are_one_are_the_same_on_postgresql(
    connection: Connection, number: int
) -> None:
    compared = assert_it_ties(connection, combined(number))

    assert compared["accounts-and-documents"] > 0


def assert_it_ties(connection: Connection, drawn: History) -> Counter[str]:
    """The same, and its prices and reports tie to the journal."""
    ledger = in_memory(drawn)
    return assert_the_same(connection, drawn, ledger) + prices_tie(connection, ledger)


def in_memory(drawn: History) -> dict[str, Books]:
    return {entity: play(entity, arrivals) for entity, arrivals in drawn.logs.items()}


def assert_the_same(
    connection: Connection, drawn: History, ledger: dict[str, Books]
) -> Counter[str]:
    for entity, books in ledger.items():
        tell_facts(connection, books, drawn.logs[entity])

    runner.catch_up(connection)

    for entity, books in ledger.items():
        rows = connection.execute(JOURNAL, [entity]).fetchall()
        assert [row[5] for row in rows] == list(range(1, len(rows) + 1))
        assert {row[:5] for row in rows} == {
            (entry.known_at, entry.unit, entry.book, entry.booked, entry_leaf(entry))
            for entry in books.entries
        }
        assert len(rows) == len(books.entries)
    for batch in (1, 7, 5_000):
        journal = rebuild_journal(connection, batch=batch)
        views = rebuild_views(connection, batch=batch)
        assert (journal.breaks, views.breaks, views.switched) == ((), (), True)
        assert journal.lines > 0
    assert_views_agree(connection, ledger)
    return controls_tie(connection, ledger)


def assert_views_agree(connection: Connection, ledger: dict[str, Books]) -> None:
    """Trial balance and deferred revenue as known at every run, beside the entries of memory."""
    for entity, books in ledger.items():
        for book in books.books:
            sums: Counter[tuple[str, str]] = Counter()
            for settled in (one for one in books.settlements if one.run.book == book):
                for entry in settled.entries:
                    for line in entry.lines:
                        sums[line.slot.account, entry.currency] += line.minor
                ask = Question(entity=entity, book=book, known_at=settled.run.position)
                found = trial_balance(connection, ask).rows
                assert {(row.account, row.currency): row.minor for row in found} == sums
                owed: Counter[str] = Counter()
                for row in deferred(connection, ask).rows:
                    owed[row.currency] += row.minor
                expected = {c: -n for (a, c), n in sums.items() if a == LIABILITY and n}
                assert {currency: minor for currency, minor in owed.items() if minor} == expected
                assert_positions_are_the_accounts(connection, ask, sums)


def assert_positions_are_the_accounts(
    connection: Connection, ask: Question, sums: Counter[tuple[str, str]]
) -> None:
    """Contract by contract, side by side; and net, one side is nothing and no amount is lost."""
    told: Counter[tuple[str, str]] = Counter()
    for row in positions(connection, ask).rows:
        told[LIABILITY, row.currency] -= row.liability_minor
        told["refund-liability", row.currency] -= row.refund_liability_minor
        told["contract-asset", row.currency] += row.asset_minor
        told["unbilled-receivable", row.currency] += row.unbilled_minor
        net = row.net_asset_minor + row.net_unbilled_minor
        gross = row.asset_minor + row.unbilled_minor - row.liability_minor
        assert net - row.net_liability_minor == gross
        assert not (net and row.net_liability_minor)
        if row.liability_minor >= 0:
            assert row.liability_minor - row.reclass_minor == row.net_liability_minor
    assert {place: minor for place, minor in told.items() if minor} == {
        place: minor for place, minor in sums.items() if minor and place[0] in OF_CONTRACTS
    }


def controls_tie(connection: Connection, ledger: dict[str, Books]) -> Counter[str]:
    """At every posting run of every entity; how many comparisons each check made."""
    compared: Counter[str] = Counter()
    for entity, books in ledger.items():
        for run in sorted({one.run.position for one in books.settlements}):
            for verdict in reconcile(connection, entity, known_at=run):
                compared[verdict.check] += verdict.comparisons
                assert verdict.breaks == ()
    return compared


BASES: tuple[Basis, ...] = ("reported", "earned")
EARNED = """
    SELECT unit, obligation, -sum(minor)::bigint FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(run)s
       AND (account, kind) IN (('revenue', 'release'), ('external-clearing', 'share-owed'))
       AND least(accounting_date, earned) <= %(as_of)s
     GROUP BY unit, obligation
    HAVING sum(minor) <> 0
"""


def prices_tie(connection: Connection, ledger: dict[str, Books]) -> Counter[str]:
    """At the last run, price = revenue + what remains, and reports are their accounts; at a run and
    at the end of a period before the last, what reports take for earned and standing is what the
    journal and the accounts have.
    """
    compared: Counter[str] = Counter()
    for entity, books in ledger.items():
        last = max(settled.run.position for settled in books.settlements)
        reports = report_ties(connection, entity, books.books, last)
        look = look_at(connection, entity)
        assert look is not None, entity
        for verdict in (*measured_again(connection, look), reports):
            compared[verdict.check] += verdict.comparisons
            assert verdict.breaks == ()
        middle = books.settlements[len(books.settlements) // 2].run
        compared["earned"] += earned_tie(connection, middle, middle.through)
        run = books.settlements[-1].run
        over = [one.last for one in run.master.calendar.periods if one.last < run.through]
        for day in over[len(over) // 2 :][:1]:
            compared["earned"] += earned_tie(connection, run, day)
            for basis in BASES:
                ask = Question(entity=entity, book=run.book, through=day, basis=basis)
                for what, rows, account in balances_tied(connection, ask):
                    assert rows == account, (what, basis, day)
    return compared


def earned_tie(connection: Connection, run: Run, day: date) -> int:
    ask = Question(entity=run.entity, book=run.book, known_at=run.position, through=day)
    with looking(connection, ask) as seen:
        place = place_at(connection, run.entity, run.book, run.position, day)
        rows = [*promises(connection, seen, place, ())]
        found = connection.execute(EARNED, seen.parameters()).fetchall()
    booked = {(unit, promise): minor for unit, promise, minor in found}
    told = {(unit, row.obligation): row.earned_minor for unit, _, row in rows}
    units = {unit for unit, _ in told}
    for name in {*told, *(name for name in booked if name[0] in units)}:
        assert told.get(name, 0) == booked.get(name, 0), (name, day)
    return len(told)
