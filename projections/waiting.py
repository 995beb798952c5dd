"""Invoiced amounts that are not receivable yet: open to the customer, in no account (rule 38)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from domain.accounting.contract.combined import openings_of
from domain.accounting.documents import BilledLine, billed_lines
from domain.accounting.receivable import DEALS, with_rights
from domain.facts import Fact, timeline
from domain.master import MasterData
from projections.question import Horizon
from store import log
from store.db import Connection

READ = ("contract", "invoice", "subscription")


def elects_to_wait(master: MasterData, book: str) -> bool:
    """Whether a book ever elects that any invoice waits, whatever deal it is of."""
    policies = (options for _, options in master.policies.get(book, ()))
    return any(options.receivable_at in {"due", "service-start"} for options in policies)


def documents(connection: Connection, seen: Horizon) -> tuple[Fact, ...]:
    """All invoices and deals as known at the run, in effective order."""
    facts = log.read_categories(connection, seen.entity, READ, upto=seen.run)
    return tuple(timeline(facts))


def lines_that_wait(facts: Sequence[Fact], master: MasterData, book: str) -> list[BilledLine]:
    """Lines that are receivable only after the date of their document."""
    deals = openings_of(facts, DEALS)
    rows = with_rights(
        billed_lines(facts), lambda day: master.options(book, day).receivable_at, deals, facts
    )
    return [row for row in rows if row.receivable_on is not None]


def waits(row: BilledLine, day: date, time: date) -> int:
    """What of a line waits at the end of a day, if time has come as far as `time`: less than
    nothing where a credit note is dated before the invoice, whose date may be corrected.
    """
    assert row.receivable_on is not None, row
    if row.receivable_on <= min(day, time):
        return 0
    left = row.left_on(day)
    return left if row.issued_on <= day else left - row.line.amount_minor


def by_currency(rows: Iterable[BilledLine], day: date, time: date) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + waits(row, day, time)
    return sums
