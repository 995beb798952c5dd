"""Disputes on invoices: what is argued about, for how long, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.dispute import Disputed
from domain.facts import Fact, timeline
from domain.invoice import DECIDER
from domain.invoice_facts import DisputeOpened, DisputeOutcome, DisputeResolved
from domain.invoice_state import InvoiceState
from projections.question import Answer, Horizon, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

State = Literal["open", "partly-resolved", "upheld", "credited", "withdrawn", "settled"]


class Dispute(Struct, frozen=True, kw_only=True):
    """One dispute: disputed = upheld + credited + withdrawn + open.

    `settled` is one that ended partly one way, partly another. While something is open the invoice
    is held from dunning.
    """

    invoice: str
    number: str
    dispute: str
    customer: str
    currency: str
    opened_on: date
    days_open: int
    reason: str
    disputed_minor: int
    upheld_minor: int
    credited_minor: int
    withdrawn_minor: int
    open_minor: int
    state: State


def disputes(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[Dispute]:
    """Every dispute opened by `through`, the oldest first; what came after is not in it."""
    with looking(connection, question) as seen:
        names = [name for (name,) in connection.execute(SQL.disputed, seen.parameters())]
        read = log.read_streams(connection, seen.entity, names, upto=seen.known_at)
        rows = [row for own in read.values() for row in _of_invoice(own, seen)]
        found = (row for row in rows if customer in {None, row.customer})
        return seen.answer(tuple(sorted(found, key=_in_order)))


def _in_order(row: Dispute) -> tuple[date, str, str]:
    return row.opened_on, row.invoice, row.dispute


def _of_invoice(facts: Sequence[Fact], seen: Horizon) -> Iterator[Dispute]:
    known = [fact for fact in timeline(facts) if fact.when.effective <= seen.through]
    state, last = DECIDER.initial, dict[str, date]()
    for fact in known:
        state = DECIDER.evolve(state, fact)
        if isinstance(fact.event, DisputeOpened | DisputeResolved):
            last[fact.event.dispute] = fact.when.effective
    for name, found in state.disputes.items():
        if found.opened is not None:
            yield _row(facts[0].stream.partition(":")[2], found, state, last[name], seen)


def _row(invoice: str, found: Disputed, state: InvoiceState, last: date, seen: Horizon) -> Dispute:
    opened, issued = found.opened, state.issued
    assert opened is not None, invoice
    # What is void is no longer argued about.
    left = 0 if state.is_void else found.open_minor
    begun = opened.when.effective
    return Dispute(
        invoice=invoice,
        number=issued.number if issued else "",
        dispute=opened.dispute,
        customer=issued.customer if issued else "",
        currency=issued.currency if issued else "",
        opened_on=begun,
        days_open=max(((seen.as_of if left else last) - begun).days, 0),
        reason=opened.reason,
        disputed_minor=opened.amount_minor,
        upheld_minor=found.minor.get("upheld", 0),
        credited_minor=found.minor.get("credited", 0),
        withdrawn_minor=found.minor.get("withdrawn", 0),
        open_minor=left,
        state=_state(found, left),
    )


def _state(found: Disputed, left: int) -> State:
    ended: list[DisputeOutcome] = [how for how, minor in found.minor.items() if minor]
    if left:
        return "partly-resolved" if ended else "open"
    return ended[0] if len(ended) == 1 else "settled"
