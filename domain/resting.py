"""Which later invoices rest on one: they take back what it billed, or add to it.

Voided under them it would leave a reversal of nothing, or an addition to nothing. Voided first they
leave it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from domain.accounting.documents import BilledLine, billed_lines
from domain.facts import Fact
from domain.invoice_facts import InvoiceIssued


def resting_on(invoice: str, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Of an account's facts (known, in effective order) the invoices that stand and rest on one."""
    rows = [row for row in billed_lines(facts) if not row.is_void]
    own = [row for row in rows if row.invoice == invoice]
    later = [row for row in rows if own and _place(row) > _place(own[0])]
    found = {row.invoice for row in later if any(_takes_back(row, of) for of in own)}
    return tuple(sorted(found | {*_debits(invoice, facts)} & {row.invoice for row in later}))


def replacing(invoice: str, facts: Sequence[Fact]) -> tuple[str, ...]:
    """The invoices of an account that stand in the place of one."""
    stands = {row.invoice for row in billed_lines(facts) if not row.is_void}
    return tuple(
        name
        for fact in facts
        if isinstance(fact.event, InvoiceIssued) and fact.event.replaces == invoice
        for name in (fact.stream.partition(":")[2],)
        if name in stands
    )


def _place(row: BilledLine) -> tuple[date, int]:
    return row.issued_on, row.cause


def _takes_back(row: BilledLine, of: BilledLine) -> bool:
    """Whether less is billed by one line of what another billed; discounts are billed below zero
    anyway.
    """
    line, own = row.line, of.line
    if not line.is_charged or line.is_taken_off or row.left_minor >= 0:
        return False
    if not own.is_charged or own.is_taken_off or own.amount_minor <= 0:
        return False
    return _sold(row) == _sold(of) and _overlap(row, of)


def _sold(row: BilledLine) -> tuple[object, ...]:
    line = row.line
    return line.subscription, line.contract, row.obligation, *sorted(line.group.items())


def _overlap(row: BilledLine, of: BilledLine) -> bool:
    start, end = row.line.service_from, row.line.service_to
    since, until = of.line.service_from, of.line.service_to
    if start is None or end is None or since is None or until is None:
        return start == since
    return start < until and since < end


def _debits(invoice: str, facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        if isinstance(fact.event, InvoiceIssued) and fact.event.debits == invoice:
            yield fact.stream.partition(":")[2]
