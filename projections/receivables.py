"""Who owes what: open items with their due dates, ageing, money not yet applied.

Documents come from the facts, what is applied from the journal; so that open items equal the
receivable accounts is a finding each time (law 7), not the same figure twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from domain.cash import PaymentReceived, PaymentRefunded
from domain.facts import Fact, known
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceVoided
from projections.journal_rows import copy
from projections.question import Answer, Horizon, Question, looking
from projections.view import View
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

NAME = "receivables"
BUCKETS = (("1-30", 30), ("31-60", 60), ("61-90", 90))
_TYPES = [*["text"] * 6, "date", "date", "int8", "text", "int8", "int8", "int8"]


class OpenItem(Struct, frozen=True, kw_only=True):
    """An invoice and what of it is still owed. `bucket` is current, 1-30, 31-60, 61-90 or 91+."""

    invoice: str
    number: str
    customer: str
    currency: str
    issued_on: date
    due_on: date
    issued_minor: int
    credited_minor: int
    applied_minor: int
    open_minor: int
    days_overdue: int
    bucket: str


class Ageing(Struct, frozen=True, kw_only=True):
    """Open items of a customer in one currency, by how long they are overdue."""

    customer: str
    currency: str
    current_minor: int
    days_1_to_30_minor: int
    days_31_to_60_minor: int
    days_61_to_90_minor: int
    days_over_90_minor: int
    total_minor: int


class Unapplied(Struct, frozen=True, kw_only=True):
    """Money of a customer that no invoice took."""

    customer: str
    currency: str
    minor: int


class Movement(NamedTuple):
    """One document fact while it is in force: [from_position, to_position) of the log."""

    entity: str
    stream: str
    kind: str
    number: str
    customer: str
    currency: str
    day: date
    due_on: date | None
    minor: int
    series: str | None
    position: int
    from_position: int
    to_position: int | None


def open_items(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[OpenItem]:
    """Invoices with something left to pay, oldest due first.

    *Reported* leaves out what was booked after `through` for a document dated before it, at the
    ends of periods exactly; *earned* takes every document at its own date.
    """
    with looking(connection, question, NAME) as seen:
        return seen.answer(tuple(_items(connection, seen, customer)))


def ageing(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[Ageing]:
    with looking(connection, question, NAME) as seen:
        sums: dict[tuple[str, str], dict[str, int]] = {}
        for item in _items(connection, seen, customer):
            row = sums.setdefault((item.customer, item.currency), {})
            row[item.bucket] = row.get(item.bucket, 0) + item.open_minor
        return seen.answer(tuple(_aged(*key, row) for key, row in sorted(sums.items())))


def unapplied(connection: Connection, question: Question) -> Answer[Unapplied]:
    with looking(connection, question) as seen:
        found = connection.execute(SQL.unapplied, seen.parameters())
        return seen.answer(
            tuple(
                Unapplied(customer=customer, currency=currency, minor=minor)
                for customer, currency, minor in found
            )
        )


def _items(connection: Connection, seen: Horizon, customer: str | None) -> Iterator[OpenItem]:
    names = seen.parameters(customer=customer)
    for row in connection.execute(SQL.open_items, names):
        invoice, number, who, currency, issued_on, due_on, issued, credited, applied = row
        overdue = max((seen.as_of - due_on).days, 0)
        yield OpenItem(
            invoice=invoice,
            number=number,
            customer=who,
            currency=currency,
            issued_on=issued_on,
            due_on=due_on,
            issued_minor=issued,
            credited_minor=credited,
            applied_minor=applied,
            open_minor=issued + credited + applied,
            days_overdue=overdue,
            bucket=bucket(overdue),
        )


def bucket(days_overdue: int) -> str:
    if days_overdue <= 0:
        return "current"
    return next((name for name, most in BUCKETS if days_overdue <= most), "91+")


def _aged(customer: str, currency: str, row: dict[str, int]) -> Ageing:
    return Ageing(
        customer=customer,
        currency=currency,
        current_minor=row.get("current", 0),
        days_1_to_30_minor=row.get("1-30", 0),
        days_31_to_60_minor=row.get("31-60", 0),
        days_61_to_90_minor=row.get("61-90", 0),
        days_over_90_minor=row.get("91+", 0),
        total_minor=sum(row.values()),
    )


# --- folding -------------------------------------------------------------------------------------


def _apply(connection: Connection, entity: str, after: int, upto: int) -> None:
    """New documents are copied; a document that a correction touches is laid out again."""
    names = {"entity": entity, "after": after, "upto": upto}
    positions = [row[0] for row in connection.execute(SQL.document_facts, names)]
    facts = log.read_positions(connection, entity, positions)
    corrected = sorted({fact.stream for fact in facts if fact.corrects is not None})
    rows = [_movement(fact, fact.position, None) for fact in facts if fact.stream not in corrected]
    if corrected:
        connection.execute(SQL.forget, {"entity": entity, "streams": corrected})
        for stream in log.read_streams(connection, entity, corrected, upto=upto).values():
            rows += movements(stream)
    copy(connection, SQL.copy_documents, _TYPES, [row for row in rows if row is not None])


def movements(facts: Iterable[Fact]) -> Iterator[Movement | None]:
    """Each fact of one document with every span of positions in which it is in force."""
    facts = sorted(facts, key=lambda fact: fact.position)
    since: dict[int, int] = {}
    by_position = {fact.position: fact for fact in facts}
    for at in by_position:
        now = {fact.position for fact in known(facts, at)}
        for gone in sorted(since.keys() - now):
            yield _movement(by_position[gone], since.pop(gone), at)
        for come in now - since.keys():
            since[come] = at
    for left, begun in sorted(since.items()):
        yield _movement(by_position[left], begun, None)


def _movement(fact: Fact, since: int, until: int | None) -> Movement | None:
    event = fact.event
    number, customer, currency, due_on, minor = "", "", "", None, 0
    match event:
        case InvoiceIssued():
            kind, number, customer, currency = (
                "issued",
                event.number,
                event.customer,
                event.currency,
            )
            due_on, minor = event.due_on, sum(line.amount_minor for line in event.lines)
        case CreditIssued():
            kind, number = "credited", event.number
            minor = -sum(line.amount_minor for line in event.lines)
        case InvoiceVoided():
            kind = "voided"
        case PaymentReceived():
            kind, customer, currency = "received", event.customer, event.currency
            minor = event.amount_minor
        case PaymentRefunded():
            kind, minor = "refunded", -event.amount_minor
        case _:
            return None
    return Movement(
        entity=fact.entity,
        stream=fact.stream,
        kind=kind,
        number=number,
        customer=customer,
        currency=currency,
        day=fact.when.effective,
        due_on=due_on,
        minor=minor,
        series=getattr(event, "series", None),
        position=fact.position,
        from_position=since,
        to_position=until,
    )


VIEW = View(
    name=NAME,
    version=2,
    tables=SQL.make_tables,
    # A corrected document is laid out again by its key, also on a first pass.
    keys="",
    step=20_000,
    apply=_apply,
    digest=SQL.digest,
)
