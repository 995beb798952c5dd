"""Invoiced amounts that are not receivable yet: open to the customer, in no account (rule 38)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from domain.accounting.documents import BilledLine, billed_lines
from domain.accounting.receivable import since_met, with_right
from domain.contract_facts import ContractOpened
from domain.facts import Fact, timeline
from domain.master import MasterData
from domain.routing import unit_of_line
from domain.subscription import SubscriptionStarted
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
    deals = {
        fact.stream: fact
        for fact in reversed(facts)
        if isinstance(fact.event, SubscriptionStarted | ContractOpened)
    }
    met = since_met(facts)
    found = []
    for row in billed_lines(facts):
        deal, elected = unit_of_line(row.invoice, row.line), master.options(book, row.issued_on)
        own = with_right(row, elected.receivable_at, deals.get(deal), met.get(deal))
        if own.receivable_on is not None:
            found.append(own)
    return found


def waits(row: BilledLine, day: date, time: date) -> int:
    """What of a line waits at the end of a day, if time has come as far as `time`."""
    assert row.receivable_on is not None, row
    if row.issued_on > day or row.receivable_on <= min(day, time):
        return 0
    return row.line.amount_minor - sum(cut.minor for cut in row.cuts if cut.day <= day)


def by_currency(rows: Iterable[BilledLine], day: date, time: date) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + waits(row, day, time)
    return sums
