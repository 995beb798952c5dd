"""Invoices that outside systems issued, line by line against what a billing run would have billed.

Each is looked at on its own day: what was due of the subscriptions it names, less what other
invoices had billed by then, as all facts known now tell it. Lines that name no subscription open
contracts of their own: there is nothing to compare them with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.accounting.documents import BilledLine
from domain.charge import Charge
from domain.errors import Rejected
from domain.invoice_facts import InvoiceLine
from domain.master import MasterData
from domain.statement.accounts import charges_of
from domain.statement.differences import differences
from domain.statement.spans import Difference, Sale
from projections.question import Answer, Question, looking
from replay.billing import reading
from replay.billing.directory import directory, forget
from store.db import Connection, queries

SQL = queries(__file__)

SUBSCRIPTIONS_AT_ONCE = 500
Finding = Literal[
    "other-amount", "other-period", "not-due", "left-out", "names-no-item", "not-charged"
]
# An item from a day on.
_Place = tuple[str, date | None]


class OutsideDifference(Struct, frozen=True, kw_only=True):
    """Where an outside invoice and the deal part. `not-charged`: the deal cannot be measured, the
    reason is why; `left-out`: due by then and on no invoice.
    """

    invoice: str
    number: str
    issued_on: date
    customer: str
    currency: str
    subscription: str
    item: str
    line: str
    service_from: date | None
    service_to: date | None
    invoiced_minor: int
    expected_minor: int
    finding: Finding
    reason: str = ""


def outside_invoices(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[OutsideDifference]:
    """Nothing, where every outside invoice dated by `through` bills what was due."""
    with looking(connection, question) as seen:
        arguments = seen.parameters(customer=customer)
        found = connection.execute(SQL.outside, arguments).fetchall()
        invoices = {invoice for invoice, _ in found}
        names = sorted({name for _, name in found})
        at = reading.known(directory(connection, seen.entity, seen.known_at, whole=False))
        rows: list[OutsideDifference] = []
        for first in range(0, len(names), SUBSCRIPTIONS_AT_ONCE):
            some = names[first : first + SUBSCRIPTIONS_AT_ONCE]
            for name, terms, usage, billed in reading.sold_and_used(at, some):
                try:
                    charges = charges_of(terms, usage, at.master, billed)
                except Rejected as refusal:
                    rows += _uncharged(billed, invoices, refusal.code)
                    continue
                rows += _of_subscription(name, charges, billed, invoices, at.master)
        forget(connection)
        return seen.answer(tuple(sorted(rows, key=_in_order)))


def _in_order(row: OutsideDifference) -> tuple[date, str, str, str]:
    return row.issued_on, row.invoice, row.line, row.item


def _uncharged(
    billed: Iterable[BilledLine], invoices: set[str], code: str
) -> Iterator[OutsideDifference]:
    for row in billed:
        if row.invoice in invoices:
            yield _row(row, row.line, row.line.amount_minor, 0, "not-charged", code)


def _of_subscription(
    name: str,
    charges: Sequence[Charge],
    billed: Sequence[BilledLine],
    invoices: set[str],
    master: MasterData,
) -> Iterator[OutsideDifference]:
    for invoice in sorted({row.invoice for row in billed} & invoices):
        own = [row for row in billed if row.invoice == invoice and row.line.is_charged]
        if not own or own[0].is_void:
            continue
        day = own[0].issued_on
        before = (row for row in billed if row.invoice != invoice and row.issued_on <= day)
        sale = Sale(
            subscription=name,
            charges=tuple(charges),
            lines=tuple(before),
            elections=master.elections,
        )
        due = [one for one in differences(sale, day) if one.minor]
        yield from _compared(own, due, tuple(sorted({one.item for one in charges})))


def _compared(
    own: Sequence[BilledLine], due: Sequence[Difference], items: tuple[str, ...]
) -> Iterator[OutsideDifference]:
    """Lines and what is due by item and first day, several of either together."""
    expected: dict[_Place, int] = {}
    until: dict[_Place, date] = {}
    for one in due:
        place: _Place = (one.item, one.service_from)
        expected[place] = expected.get(place, 0) + one.minor
        until[place] = one.service_to
    told: dict[_Place, list[BilledLine]] = {}
    for row in own:
        item = row.line.obligation or (items[0] if len(items) == 1 else "")
        if not item:
            yield _row(row, row.line, row.line.amount_minor, 0, "names-no-item")
        else:
            told.setdefault((item, row.line.service_from), []).append(row)
    for place, rows in told.items():
        minor = sum(row.line.amount_minor for row in rows)
        wanted = expected.pop(place, None)
        if wanted is None:
            yield _row(rows[0], rows[0].line, minor, 0, "not-due")
        elif minor != wanted:
            yield _row(rows[0], rows[0].line, minor, wanted, "other-amount")
        elif rows[0].line.service_to not in {None, until[place]}:
            yield _row(rows[0], rows[0].line, minor, wanted, "other-period")
    for (item, begin), minor in expected.items():
        left = InvoiceLine(
            line="",
            amount_minor=0,
            subscription=own[0].line.subscription,
            obligation=item,
            service_from=begin,
            service_to=until[item, begin],
        )
        yield _row(own[0], left, 0, minor, "left-out")


def _row(
    of: BilledLine,
    line: InvoiceLine,
    invoiced: int,
    expected: int,
    finding: Finding,
    reason: str = "",
) -> OutsideDifference:
    return OutsideDifference(
        invoice=of.invoice,
        number=of.number,
        issued_on=of.issued_on,
        customer=of.customer,
        currency=of.currency,
        subscription=line.subscription or "",
        item=line.obligation or "",
        line=line.line,
        service_from=line.service_from,
        service_to=line.service_to,
        invoiced_minor=invoiced,
        expected_minor=expected,
        finding=finding,
        reason=reason,
    )
