"""The statement of account that a customer gets ties to the statement view, over drawn histories.

The document is measured from facts, the view is read from documents and journal. What the customer
is not told of apart (credit held for later invoices, what we no longer expect, which contract money
waits for) is what they differ by, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from domain.routing import account as account_of
from projections import runner
from projections.question import Question
from projections.statement import StatementRow
from projections.statement import statement as statement_view
from replay.documents.reading import read_account
from replay.documents.statement import statement
from store import log
from store.db import Connection
from tests.laws.histories import history
from tests.laws.memory import History, logged
from tests.laws.postgres import tell_facts
from tests.laws.purses import purses
from tests.laws.time_laws import final_run

HISTORIES = int(os.environ.get("TIEOUT_LAW_HISTORIES_ON_POSTGRESQL", "5"))
APART = """
    SELECT coalesce(sum(minor) FILTER (WHERE account = 'customer-credit'), 0)::bigint,
           coalesce(sum(minor) FILTER (WHERE account = 'refund-clearing'), 0)::bigint,
           coalesce(sum(minor) FILTER (WHERE kind IN ('write-off', 'advance') AND account IN (
               'accounts-receivable', 'unapplied-cash', 'deposits', 'refund-clearing')), 0)::bigint
      FROM journal_line
     WHERE entity = %s AND book = %s AND customer = %s AND currency = %s
"""


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_statement_of_a_drawn_history_ties_to_the_view(
    connection: Connection, number: int
) -> None:
    assert tied(connection, history(number, 20 + 15 * number)) > 0


@pytest.mark.parametrize("number", range(2 * HISTORIES))
def test_a_statement_of_a_history_of_money_ties_to_the_view(
    connection: Connection, number: int
) -> None:
    assert tied(connection, purses(number, 60 + 10 * number)) > 0


def tied(connection: Connection, drawn: History) -> int:
    """How many accounts were compared, in each book."""
    compared = 0
    for entity, arrivals in drawn.logs.items():
        told = (*arrivals, final_run(logged(entity, arrivals)))
        tell_facts(connection, memory := logged(entity, told), told)
        runner.catch_up(connection)
        for book in memory.books:
            for row in last_rows(connection, entity, book):
                closing = document(connection, entity, row)
                assert closing == row.owed_minor - row.in_hand_minor - apart(
                    connection, entity, book, row
                ), (entity, book, row)
                compared += 1
    return compared


def last_rows(connection: Connection, entity: str, book: str) -> Iterator[StatementRow]:
    """What stands at the end, account by account."""
    last: dict[tuple[str, str], StatementRow] = {}
    for row in statement_view(connection, Question(entity=entity, book=book)).rows:
        last[row.customer, row.currency] = row
    yield from last.values()


def document(connection: Connection, entity: str, row: StatementRow) -> int:
    """The closing balance of the document; balances lead to it from nothing, change by change."""
    head = log.head(connection, entity)
    assert head is not None
    who = row.customer, row.currency
    shelf = read_account(connection, entity, *who, head.position).at(head.position)
    told = statement(shelf.accounts[account_of(*who)], who, shelf.elections, None, None)
    assert told.brought_minor == 0
    assert told.closing_minor == sum(change.minor for change in told.changes)
    return told.closing_minor


def apart(connection: Connection, entity: str, book: str, row: StatementRow) -> int:
    """What the view counts and the document does not, less what only the document counts."""
    found = connection.execute(APART, [entity, book, row.customer, row.currency]).fetchone()
    assert found is not None
    credit, to_refund, not_told = found
    return int(credit - to_refund + not_told)
