"""Who owes what: open items with their due dates, ageing, money not yet applied.

Documents come from the facts, what is applied from the journal; so that open items equal the
receivable accounts is a finding each time (law 7), not the same figure twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Literal, get_args

from msgspec import Struct

from domain.balance_facts import BalanceApplied, BalanceUnapplied
from domain.errors import Malformed
from domain.facts import Fact
from domain.invoice_facts import InvoiceIssued
from domain.payment_facts import PaymentApplied, PaymentUnapplied
from projections.document_rows import amounts_of, movement, movements, name_of
from projections.journal_rows import copy
from projections.question import Answer, Horizon, Question, looking
from projections.view import View
from store import log
from store.db import Connection, queries

SQL = queries(__file__)
NAME = "receivables"
# The last day of each age but the oldest, where a question names no others.
AGES = (30, 60, 90)
AGES_MAX = 24
By = Literal["due", "issued"]
_TYPES = [*["text"] * 6, "date", "date", "int8", "text", "bool", *["int8"] * 3, "text", "text"]
_AMOUNT_TYPES = [*["text"] * 9, "date", "date", "int8", "date", "date", "int8", "int8", "int8"]


class OpenItem(Struct, frozen=True, kw_only=True):
    """An invoice and what of it is still owed. `bucket`: how old it is, as in an ageing."""

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
    """Open items of a customer in one currency by age: current, 1-30 and so on, the oldest last."""

    customer: str
    currency: str
    by_age_minor: dict[str, int]
    total_minor: int


class Unapplied(Struct, frozen=True, kw_only=True):
    """Money of a customer that no invoice took."""

    customer: str
    currency: str
    minor: int


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
    connection: Connection,
    question: Question,
    *,
    customer: str | None = None,
    by: By = "due",
    ages: Sequence[int] = AGES,
) -> Answer[Ageing]:
    """What is open by its age in days, from the due date or the date of the invoice."""
    if by not in get_args(By):
        raise Malformed("wrong-type", field="by", expected=" or ".join(get_args(By)))
    _require_ages(ages)
    with looking(connection, question, NAME) as seen:
        names = seen.parameters(customer=customer, by=by, ages=_begins(ages))
        sums: dict[tuple[str, str], dict[str, int]] = {}
        called = age_names(ages)
        for who, currency, age, minor in connection.execute(SQL.ageing, names):
            row = sums.setdefault((who, currency), dict.fromkeys(called, 0))
            row[called[age]] = minor
        return seen.answer(tuple(_aged(*key, row) for key, row in sums.items()))


def unapplied(connection: Connection, question: Question) -> Answer[Unapplied]:
    with looking(connection, question) as seen:
        found = connection.execute(SQL.unapplied, seen.parameters())
        return seen.answer_of(Unapplied, found)


def _items(connection: Connection, seen: Horizon, customer: str | None) -> Iterator[OpenItem]:
    names = seen.parameters(customer=customer)
    called, begins = age_names(AGES), _begins(AGES)
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
            bucket=called[bisect_right(begins, overdue)],
        )


def age_names(ages: Sequence[int]) -> list[str]:
    """For 30, 60 and 90: current, 1-30, 31-60, 61-90 and 91+."""
    between = [f"{first + 1}-{last}" for first, last in pairwise((0, *ages))]
    return ["current", *between, f"{ages[-1] + 1}+"]


def _begins(ages: Sequence[int]) -> list[int]:
    return [1, *(last + 1 for last in ages)]


def _require_ages(ages: Sequence[int]) -> None:
    rising = all(first < last for first, last in pairwise((0, *ages)))
    if not rising or not 0 < len(ages) <= AGES_MAX:
        raise Malformed("bad-ages", field="ages", expected="1 to 24 rising numbers of days")


def _aged(customer: str, currency: str, row: dict[str, int]) -> Ageing:
    total = sum(row.values())
    return Ageing(customer=customer, currency=currency, by_age_minor=row, total_minor=total)


# --- folding -------------------------------------------------------------------------------------


def _apply(connection: Connection, entity: str, after: int, upto: int) -> None:
    """New documents are copied; one that more is known of, or other, is laid out again."""
    names: dict[str, object] = {"entity": entity, "after": after, "upto": upto}
    positions = [row[0] for row in connection.execute(SQL.document_facts, names)]
    facts = log.read_positions(connection, entity, positions)
    corrected = sorted({fact.stream for fact in facts if fact.corrects is not None})
    more = {fact.stream for fact in facts if not _is_new(fact)}
    more |= _taken_back(connection, facts, names)
    again = log.read_streams(connection, entity, more, upto=upto) if more else {}
    rows = [movement(fact, fact.position, None) for fact in facts if fact.stream not in corrected]
    if corrected:
        connection.execute(SQL.forget, {"entity": entity, "streams": corrected})
        for stream in corrected:
            rows += movements(again[stream])
    copy(connection, SQL.copy_documents, _TYPES, [row for row in rows if row is not None])
    amounts = [row for fact in facts if fact.stream not in again for row in amounts_of([fact])]
    _forget_amounts(connection, entity, again)
    amounts += [row for told in again.values() for row in amounts_of(told)]
    copy(connection, SQL.copy_amounts, _AMOUNT_TYPES, amounts)
    _fold_posted(connection, names, [again[stream] for stream in corrected])


def _is_new(fact: Fact) -> bool:
    """Whether nothing else can be known of what it says, unless money it applies was taken back."""
    if fact.corrects is not None or isinstance(fact.event, PaymentUnapplied | BalanceUnapplied):
        return False
    issued = isinstance(fact.event, InvoiceIssued) and fact.version == 1
    return issued or not fact.stream.startswith("invoice:")


def _taken_back(
    connection: Connection, facts: Iterable[Fact], names: dict[str, object]
) -> set[str]:
    """Streams that apply money after some was unapplied, which may be effective later."""
    paid = {
        fact.stream for fact in facts if isinstance(fact.event, PaymentApplied | BalanceApplied)
    }
    if not paid:
        return set()
    found = connection.execute(SQL.taken_back, names | {"streams": sorted(paid)})
    return {stream for (stream,) in found}


def _forget_amounts(
    connection: Connection, entity: str, again: dict[str, tuple[Fact, ...]]
) -> None:
    documents = {
        name
        for stream, facts in again.items()
        for name in ([name_of(stream)] if stream.startswith("invoice:") else _invoices_paid(facts))
    }
    names = {"entity": entity, "documents": sorted(documents), "streams": sorted(again)}
    if documents:
        connection.execute(SQL.forget_amounts, names)


def _invoices_paid(facts: Iterable[Fact]) -> list[str]:
    events = (fact.event for fact in facts)
    return [
        row.invoice
        for event in events
        if isinstance(event, PaymentApplied | BalanceApplied)
        for row in event.applications
    ]


def _fold_posted(
    connection: Connection, names: dict[str, object], corrected: Sequence[Sequence[Fact]]
) -> None:
    """Lines of runs since; of an invoice that is now another, all there ever were."""
    invoices = [facts for facts in corrected if facts[0].stream.startswith("invoice:")]
    if invoices:
        again = names | {
            "documents": [name_of(facts[0].stream) for facts in invoices],
            "positions": [fact.position for facts in invoices for fact in facts],
            "streams": ["journal"],
        }
        connection.execute(SQL.forget_amounts, again)
        connection.execute(SQL.posted_again, again)
    connection.execute(SQL.fold_posted, names)


VIEW = View(
    name=NAME,
    version=5,
    tables=SQL.make_tables,
    # A corrected document is laid out again by its key, also on a first pass.
    keys="",
    step=20_000,
    apply=_apply,
    digest=SQL.digest,
)
