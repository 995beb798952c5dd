"""What a person says of money that waits, the way back, and what can be told by now without one.

Whose a payment is is corrected like any other fact, so all of it can be undone, and what the books
said before stays on record.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from domain.bank import PAYER, BankEntry, Rule, is_nobody
from domain.cash import (
    ApplyPayment,
    ReceivePayment,
)
from domain.errors import Rejected
from domain.facts import Fact, known
from domain.matching import Incoming, Known, Match, match
from domain.payment_facts import (
    Application,
    PaymentApplied,
    PaymentReceived,
)
from domain.references import candidates
from projections import matching
from replay.ledger import Ledger
from store import log, party
from store.db import Connection
from store.request import Outcome, Receipt, Request


class Waiting(Struct, frozen=True, kw_only=True):
    """Money of nobody known, what its payer wrote, and what it could be by now."""

    payment: str
    day: str
    currency: str
    amount_minor: int
    wrote: dict[str, str]
    match: Match


class _Held(Struct, frozen=True, kw_only=True):
    """A payment that waits: the fact that says so, and what it is matched by."""

    fact: Fact
    received: PaymentReceived
    wrote: dict[str, str]
    money: Incoming


def waiting(ledger: Ledger, entity: str) -> tuple[Waiting, ...]:
    """Everything that is held for want of a customer, the oldest first."""
    return tuple(
        Waiting(
            payment=_name(held.fact),
            day=str(held.fact.when.effective),
            currency=held.received.currency,
            amount_minor=held.received.amount_minor,
            wrote=held.wrote,
            match=found,
        )
        for held, found in _judged(ledger, entity)
    )


def match_again(ledger: Ledger, entity: str, *, actor: str) -> tuple[Receipt, ...]:
    """Take what is clear by now: an invoice may have come after the money that names it."""
    asking = [
        request
        for held, found in _judged(ledger, entity)
        if found.customer is not None
        for request in _requests(
            held.fact, found.customer, found.rule, found.because, found.applications, actor
        )
    ]
    return _receipts(ledger.submit_many(entity, asking))


def resolve(
    ledger: Ledger,
    entity: str,
    payment: str,
    customer: str,
    applications: tuple[Application, ...] = (),
    *,
    actor: str,
) -> tuple[Receipt, ...]:
    """Say whose a payment is and, if that is known, which invoices it pays."""
    fact = _received(ledger, entity, payment)
    said = f"{actor} says so"
    asking = _requests(fact, customer, "stated", said, applications, actor)
    return _receipts(ledger.submit_many(entity, asking))


def undo(ledger: Ledger, entity: str, payment: str, *, actor: str) -> tuple[Receipt, ...]:
    """Take back what a payment was matched to: it waits again under its payer's id."""
    with ledger.connection() as connection:
        facts = known(log.read_stream(connection, entity, f"payment:{payment}"))
    received = _received(ledger, entity, payment)
    stated = [fact for fact in facts if isinstance(fact.event, PaymentApplied)]
    back = [
        Request(
            entity=entity,
            stream=fact.stream,
            key=f"undo:{payment}:{fact.position}",
            corrects=fact.position,
            actor=actor,
        )
        for fact in stated
    ]
    event = received.event
    assert isinstance(event, PaymentReceived)
    nobody = (event.bank.payer if event.bank else None) or f"{PAYER}{payment}"
    held = _requests(received, nobody, "none", f"{actor} took it back", (), actor)
    return _receipts(ledger.submit_many(entity, [*back, *held]))


def currency_of_payment(ledger: Ledger, entity: str, payment: str) -> str:
    event = _received(ledger, entity, payment).event
    assert isinstance(event, PaymentReceived)
    return event.currency


def _received(ledger: Ledger, entity: str, payment: str) -> Fact:
    with ledger.connection() as connection:
        facts = known(log.read_stream(connection, entity, f"payment:{payment}"))
    found = next((fact for fact in facts if isinstance(fact.event, PaymentReceived)), None)
    if found is None:
        raise Rejected("not-received", field="payment", payment=payment)
    return found


def _requests(
    fact: Fact,
    customer: str,
    rule: Rule,
    because: str,
    applications: tuple[Application, ...],
    actor: str,
) -> list[Request]:
    """The payment corrected to be the customer's, then applied: keys name what they follow on."""
    event = fact.event
    assert isinstance(event, PaymentReceived)
    key = f"match:{_name(fact)}:{fact.position}:{customer}"
    said = {name: value for name, value in structs.asdict(event).items() if name != "bank"}
    bank = _said(event.bank, rule, because)
    command = ReceivePayment(**said | {"customer": customer, "bank": bank})
    asking = (
        []
        if customer == event.customer
        else [
            Request(
                entity=fact.entity,
                stream=fact.stream,
                key=key,
                command=command,
                corrects=fact.position,
                actor=actor,
            )
        ]
    )
    if applications:
        apply = ApplyPayment(when=fact.when, applications=applications)
        paid = ",".join(f"{row.invoice}={row.amount_minor}" for row in applications)
        asking.append(
            Request(
                entity=fact.entity,
                stream=fact.stream,
                key=f"{key}:{paid}",
                command=apply,
                actor=actor,
                reason=because,
            )
        )
    return asking


def _said(bank: BankEntry | None, rule: Rule, because: str) -> BankEntry | None:
    return bank and structs.replace(bank, rule=rule, because=because)


def _receipts(outcomes: Iterable[Outcome]) -> tuple[Receipt, ...]:
    found = []
    for outcome in outcomes:
        if not isinstance(outcome, Receipt):
            raise outcome
        found.append(outcome)
    return tuple(found)


# --- what waits ---------------------------------------------------------------------------------


def _judged(ledger: Ledger, entity: str) -> list[tuple[_Held, Match]]:
    """Each with what the rules make of it now, on what those before it leave open."""
    ledger.catch_up(entity)
    with ledger.connection() as connection:
        held = _held(connection, entity)
        books = _books(connection, entity, held)
    found = []
    for one in held:
        match_now = match(one.money, books)
        books.take(one.money, match_now)
        found.append((one, match_now))
    return found


def _books(connection: Connection, entity: str, held: list[_Held]) -> Known:
    moneys = [one.money for one in held]
    asked = matching.Asked(
        references=sorted({name for money in moneys for name in money.references}),
        payers=sorted({money.payer for money in moneys if money.payer}),
        amounts=matching.amounts((one.amount_minor, one.charges_minor) for one in moneys),
    )
    return matching.known(connection, entity, asked)


def _held(connection: Connection, entity: str) -> list[_Held]:
    facts = log.read_positions(connection, entity, matching.waiting(connection, entity))
    events = [(fact, fact.event) for fact in facts if isinstance(fact.event, PaymentReceived)]
    ids = [_vault(event.bank) for _, event in events if event.bank]
    wrote = party.look_up(connection, entity, [one for one in ids if one is not None])
    held = []
    for fact, event in sorted(events, key=lambda row: (row[0].when.effective, row[0].stream)):
        assert is_nobody(event.customer), fact
        bank = event.bank
        place = _vault(bank) if bank else None
        said = (wrote[place].content if place else None) or {}
        money = Incoming(
            currency=event.currency,
            amount_minor=event.amount_minor,
            charges_minor=bank.charges_minor if bank else 0,
            references=candidates(event.reference or "", said.get("text", "")),
            payer=bank.payer if bank else None,
        )
        held.append(_Held(fact=fact, received=event, wrote=said, money=money))
    return held


def _vault(bank: BankEntry) -> tuple[str, str | None] | None:
    return None if bank.party is None else (bank.party, bank.party_digest)


def _name(fact: Fact) -> str:
    return fact.stream.partition(":")[2]
