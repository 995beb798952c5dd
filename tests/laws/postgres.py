"""A drawn history through public commands into PostgreSQL, and the same log played in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from domain import books, cash, catalogue, entity, invoice, party, policy, subscription, usage
from domain import revenue_contract as contract
from domain.errors import Malformed, Rejected
from domain.facts import Event, Fact, Retracted
from domain.usage import UsageBatchAccepted
from projections import runner
from replay.ledger import Ledger
from store import log
from store.canonical import entry_leaf
from store.request import Conflict, Request
from store.usage_stage import UsageBatch
from tests.laws.memory import Arrival, Books, take

COMMANDS: dict[type[Event], type] = {
    entity.EntityOpened: entity.OpenEntity,
    entity.CalendarDefined: entity.DefineCalendar,
    party.CustomerRegistered: party.RegisterCustomer,
    party.CustomerAmended: party.AmendCustomer,
    catalogue.ProductDefined: catalogue.DefineProduct,
    catalogue.MeterDefined: catalogue.DefineMeter,
    catalogue.PriceSet: catalogue.SetPrice,
    subscription.SubscriptionStarted: subscription.StartSubscription,
    subscription.SubscriptionAmended: subscription.AmendSubscription,
    subscription.SubscriptionRenewed: subscription.RenewSubscription,
    subscription.SubscriptionCancelled: subscription.CancelSubscription,
    usage.UsageWindowDeclared: usage.DeclareUsageWindow,
    invoice.InvoiceDrafted: invoice.DraftInvoice,
    invoice.InvoiceIssued: invoice.IssueInvoice,
    invoice.CreditIssued: invoice.IssueCredit,
    invoice.InvoiceVoided: invoice.VoidInvoice,
    cash.PaymentReceived: cash.ReceivePayment,
    cash.PaymentApplied: cash.ApplyPayment,
    cash.PaymentRefunded: cash.RefundPayment,
    contract.ContractOpened: contract.OpenContract,
    contract.ContractModified: contract.ModifyContract,
    contract.ObligationSatisfied: contract.SatisfyObligation,
    contract.ContractTerminated: contract.TerminateContract,
    policy.PolicyAdopted: policy.AdoptPolicy,
    books.BookOpened: books.OpenBook,
    books.PostingRun: books.RunPosting,
    books.PeriodSoftClosed: books.SoftClosePeriod,
    books.PeriodClosed: books.ClosePeriod,
    books.PeriodReopened: books.ReopenPeriod,
    books.AdjustmentProposed: books.ProposeAdjustment,
    books.AdjustmentApproved: books.ApproveAdjustment,
}


class Told(Struct):
    """What a ledger answered to one history of one entity."""

    positions: dict[str, int]
    accepted: int = 0
    refused: dict[str, int] = {}


def tell(ledger: Ledger, name: str, arrivals: tuple[Arrival, ...], batch: int) -> Told:
    """Every arrival as a public command; what a decider refuses is counted and has no fact.

    The poster follows in batches of `batch` before each act of the books, and at the end.
    """
    told = Told({}, refused={})
    for arrival in arrivals:
        if arrival.stream.startswith("book:"):
            follow(ledger, name, batch)
        try:
            position = _position(ledger, name, arrival, told.positions)
        except (Rejected, Malformed, Conflict) as refusal:
            told.refused[refusal.code] = told.refused.get(refusal.code, 0) + 1
            continue
        if position is not None:
            told.accepted += 1
            told.positions[arrival.key] = position
    follow(ledger, name, batch)
    return told


def follow(ledger: Ledger, name: str, batch: int) -> None:
    with ledger.connection() as connection:
        runner.catch_up(connection, name, batch=batch)


def _position(ledger: Ledger, name: str, arrival: Arrival, positions: dict[str, int]) -> int | None:
    if isinstance(arrival.event, UsageBatchAccepted):
        return ingest(ledger, name, arrival).position
    if arrival.corrects is not None and arrival.corrects not in positions:
        return None
    request = request_of(name, arrival, positions)
    return None if request is None else ledger.submit(request).positions[-1]


def ingest(ledger: Ledger, name: str, arrival: Arrival) -> Any:
    assert isinstance(arrival.event, UsageBatchAccepted)
    order = UsageBatch(
        entity=name,
        source=arrival.stream.partition(":")[2],
        key=arrival.key,
        kind=arrival.event.kind,
        batch_number=arrival.event.batch_number,
    )
    if arrival.event.kind == "retraction":
        return ledger.ingest(order, [row.event_id for row in arrival.rows])
    return ledger.ingest(order, [msgspec.to_builtins(row) for row in arrival.rows])


def request_of(name: str, arrival: Arrival, positions: dict[str, int]) -> Request | None:
    """The command whose answer is the event; none for what only the ledger itself says."""
    event, command = arrival.event, None
    if not isinstance(event, Retracted):
        kind = COMMANDS.get(type(event))
        if kind is None:
            return None
        fields = {
            field: getattr(event, field)
            for field in kind.__struct_fields__
            if hasattr(event, field)
        }
        command = kind(**fields)
    actor = "bob" if isinstance(event, books.AdjustmentApproved) else "ann"
    return Request(
        entity=name,
        stream=arrival.stream,
        key=arrival.key,
        command=command,
        actor=actor,
        corrects=positions[arrival.corrects] if arrival.corrects else None,
    )


def facts_of(ledger: Ledger, name: str) -> tuple[Fact, ...]:
    with ledger.connection() as connection:
        return tuple(log.read_all(connection, name))


def leaves_of(ledger: Ledger, name: str) -> list[bytes]:
    """The journal's own leaves, in the order of its entries."""
    query = "SELECT leaf FROM journal_entry WHERE entity = %s ORDER BY entry"
    with ledger.connection() as connection:
        return [bytes(row[0]) for row in connection.execute(query, (name,))]


def in_memory(
    name: str,
    facts: tuple[Fact, ...],
    arrivals: tuple[Arrival, ...],
    *,
    measure_all: bool = False,
) -> Books:
    """The ledger's own facts, settled in memory."""
    rows = {arrival.key: arrival.rows for arrival in arrivals}
    memory = Books(name)
    for fact in facts:
        take(memory, fact, rows.get(fact.command_id, ()), measure_all=measure_all)
    return memory


def memory_leaves(memory: Books) -> list[bytes]:
    """Entries as the poster numbers them: run by run, unit by unit, book by book."""
    entries = sorted(memory.entries, key=lambda e: (e.known_at, e.unit, e.book))
    return [entry_leaf(entry) for entry in entries]


def digest(leaves: list[bytes]) -> str:
    return sha256(b"".join(leaves)).hexdigest()


class Clock:
    """An hour passes with every look: the same for every ledger that is asked the same."""

    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now
