"""What documents come to, as rows of the log: each as long as it is known to be so.

A movement is one fact of a document, invoice or payment or credit; an amount is what makes an
invoice more or less open. Both stand while the facts that say so are in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from domain.balance_facts import (
    BalanceApplied,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.bank import SAID
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.facts import Event, Fact, known, timeline
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceVoided
from domain.payment_facts import (
    PaymentApplied,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.references import normal


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
    debits: bool
    position: int
    from_position: int
    to_position: int | None
    payer: str
    channel: str


class Amount(NamedTuple):
    """What makes an invoice more or less open, while the facts that say so are in force."""

    entity: str
    document: str
    stream: str
    kind: str
    book: str
    number: str
    reference: str
    customer: str
    currency: str
    issued_on: date | None
    due_on: date | None
    minor: int
    reported_on: date | None
    earned_on: date | None
    position: int
    from_position: int
    to_position: int | None


def movements(facts: Iterable[Fact]) -> Iterator[Movement | None]:
    """Each fact of one document with every span of positions in which it is in force."""
    facts = sorted(facts, key=lambda fact: fact.position)
    since: dict[int, int] = {}
    by_position = {fact.position: fact for fact in facts}
    for at in by_position:
        now = {fact.position for fact in known(facts, at)}
        for gone in sorted(since.keys() - now):
            yield movement(by_position[gone], since.pop(gone), at)
        for come in now - since.keys():
            since[come] = at
    for left, begun in sorted(since.items()):
        yield movement(by_position[left], begun, None)


def movement(fact: Fact, since: int, until: int | None) -> Movement | None:
    """A fact in force from one position up to another; none of what moves nothing."""
    event = fact.event
    number, customer, currency, due_on, minor, payer, channel = "", "", "", None, 0, "", ""
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
            minor, bank = event.amount_minor, event.bank
            payer = bank.payer or "" if bank and bank.rule in SAID else ""
            channel = bank.account if bank else fact.source.system if fact.source else ""
        case BalanceGranted():
            kind, customer, currency = "granted", event.customer, event.currency
            minor = event.amount_minor
        case _:
            back = _went_back(event)
            if back is None:
                return None
            kind, number, minor = back
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
        debits=getattr(event, "debits", None) is not None,
        position=fact.position,
        from_position=since,
        to_position=until,
        payer=payer,
        channel=channel,
    )


def _went_back(event: Event) -> tuple[str, str, int] | None:
    """What of money or credit is gone again, or argued about, by the gateway's id of it."""
    match event:
        case PaymentRefunded() | BalanceRefunded():
            return "refunded", "", -event.amount_minor
        case PaymentFailed():
            return "failed", "", -event.amount_minor
        case BalanceWithdrawn():
            return "withdrawn", "", -event.amount_minor
        case ChargebackOpened():
            return "charged-back", event.chargeback, event.amount_minor
        case ChargebackWon():
            return "won", event.chargeback, 0
        case ChargebackLost():
            return "lost", event.chargeback, 0
        case _:
            return None


def amounts_of(facts: Sequence[Fact]) -> Iterator[Amount]:
    """What one stream makes open or paid, each as long as it is known to be so."""
    standing: dict[tuple[int, str], Amount] = {}
    for at in sorted(fact.position for fact in facts):
        told = timeline(fact for fact in facts if fact.position <= at)
        now = {(row.position, row.document): row for row in _amounts(told)}
        for key, row in list(standing.items()):
            if now.get(key) != row._replace(from_position=0):
                yield standing.pop(key)._replace(to_position=at)
        for key, row in now.items():
            if key not in standing:
                standing[key] = row._replace(from_position=at)
    yield from standing.values()


def _amounts(facts: Sequence[Fact]) -> Iterator[Amount]:
    """Of facts in force, in effective order: a void takes what credits before it have left."""
    issued = next((fact for fact in facts if isinstance(fact.event, InvoiceIssued)), None)
    left: dict[str, int] = {}
    stated: list[Amount] = []
    if issued is not None and isinstance(issued.event, InvoiceIssued):
        for line in issued.event.lines:
            left[line.line] = left.get(line.line, 0) + line.amount_minor
        yield _amount(issued, issued, "issued", sum(left.values()))
    for fact in facts:
        match fact.event:
            case CreditIssued() if issued is not None:
                rows = [row for row in fact.event.lines if row.line in left]
                for row in rows:
                    left[row.line] -= row.amount_minor
                minor = -sum(row.amount_minor for row in rows)
                yield _amount(fact, issued, "credited", minor)
            case InvoiceVoided() if issued is not None:
                yield _amount(fact, issued, "voided", -sum(left.values()))
                return
            case PaymentApplied() | BalanceApplied():
                stated += _stated(fact)
            case PaymentUnapplied() | BalanceUnapplied():
                stated = [row for row in stated if row.document != fact.event.invoice]
            case _:
                pass
    yield from stated


def _amount(fact: Fact, issued: Fact, kind: str, minor: int) -> Amount:
    document, day = issued.event, fact.when.effective
    assert isinstance(document, InvoiceIssued)
    return Amount(
        entity=fact.entity,
        document=name_of(fact.stream),
        stream=fact.stream,
        kind=kind,
        book="",
        number=document.number if kind == "issued" else "",
        reference=normal(document.number) if kind == "issued" else "",
        customer=document.customer,
        currency=document.currency,
        issued_on=issued.when.effective,
        due_on=document.due_on,
        minor=minor,
        reported_on=day,
        earned_on=day,
        position=fact.position,
        from_position=0,
        to_position=None,
    )


def _stated(fact: Fact) -> Iterator[Amount]:
    event = fact.event
    assert isinstance(event, PaymentApplied | BalanceApplied)
    paid: dict[str, int] = {}
    for row in event.applications:
        whole = row.amount_minor + sum(one.amount_minor for one in row.deductions)
        paid[row.invoice] = paid.get(row.invoice, 0) + whole
    for invoice, minor in paid.items():
        yield Amount(
            entity=fact.entity,
            document=invoice,
            stream=fact.stream,
            kind="stated",
            book="",
            number="",
            reference="",
            customer="",
            currency="",
            issued_on=None,
            due_on=None,
            minor=-minor,
            reported_on=None,
            earned_on=None,
            position=fact.position,
            from_position=0,
            to_position=None,
        )


def name_of(stream: str) -> str:
    """What a stream is of: the id behind its category."""
    return stream.partition(":")[2]
