"""A drawn history through public commands into PostgreSQL, and the same log played in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any
from unittest.mock import patch

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain import (
    anchor,
    balance,
    balance_facts,
    books,
    cash,
    catalogue,
    chargeback,
    chargeback_facts,
    coupon,
    discount,
    dispute,
    draft,
    dunning,
    entity,
    invoice,
    invoice_facts,
    invoicing,
    left_entry,
    party,
    payment_facts,
    policy,
    price,
    rates,
    sending,
    service,
    subscription,
    usage,
    write_off,
)
from domain import revenue_contract as contract
from domain.books import PeriodClosed, PeriodSealed
from domain.errors import Malformed, Rejected
from domain.facts import Event, Fact, Retracted, Source
from domain.ledger import Fresh, Run, Settled, UnitState, settle
from domain.tax import table as tax_table
from domain.usage import UsageBatchAccepted, UsageRow
from projections import runner, settling
from projections.deferred_revenue import (
    current_and_non_current,
    deferred,
    roll_forward,
    waterfall,
)
from projections.disclosed import disclosed_revenue
from projections.question import Answer, Question
from projections.receivables import ageing, open_items
from projections.revenue import revenue_by_period
from projections.trial_balance import trial_balance
from projections.usage import by_meter, pending
from replay.ledger import Ledger
from store import log
from store.canonical import entry_leaf
from store.db import Connection
from store.request import Conflict, Receipt, Request
from store.seals import period_seal
from store.usage_rows import BatchReceipt
from store.usage_rows import ingest as ingest_rows
from store.usage_stage import UsageBatch
from tests.laws.histories import BOOKS
from tests.laws.memory import Arrival, Asked, Books, take
from tests.laws.time_laws import same

COMMANDS: dict[type[Event], type] = {
    entity.EntityOpened: entity.OpenEntity,
    entity.EntityIdentified: entity.IdentifyEntity,
    entity.CalendarDefined: entity.DefineCalendar,
    party.CustomerRegistered: party.RegisterCustomer,
    party.CustomerAmended: party.AmendCustomer,
    catalogue.ProductDefined: catalogue.DefineProduct,
    catalogue.MeterDefined: catalogue.DefineMeter,
    price.PriceSet: price.SetPrice,
    subscription.SubscriptionStarted: subscription.StartSubscription,
    subscription.SubscriptionAmended: subscription.AmendSubscription,
    subscription.SubscriptionRenewed: subscription.RenewSubscription,
    subscription.SubscriptionCancelled: subscription.CancelSubscription,
    service.SubscriptionPaused: service.PauseSubscription,
    service.SubscriptionSuspended: service.SuspendSubscription,
    service.SubscriptionResumed: service.ResumeSubscription,
    service.AccessGranted: service.GrantAccess,
    service.AccessWithdrawn: service.WithdrawAccess,
    anchor.BillingAnchorChanged: anchor.ChangeBillingAnchor,
    coupon.CouponGranted: coupon.GrantCoupon,
    coupon.CouponWithdrawn: coupon.WithdrawCoupon,
    discount.DiscountGranted: discount.GrantDiscount,
    discount.DiscountWithdrawn: discount.WithdrawDiscount,
    usage.UsageWindowDeclared: usage.DeclareUsageWindow,
    invoice_facts.InvoiceDrafted: invoice.DraftInvoice,
    invoice_facts.DraftApproved: draft.ApproveDraft,
    invoice_facts.DraftDiscarded: draft.DiscardDraft,
    invoice_facts.DisputeOpened: dispute.OpenDispute,
    invoice_facts.DisputeResolved: dispute.ResolveDispute,
    invoice_facts.InvoiceIssued: invoice.IssueInvoice,
    invoice_facts.CreditIssued: invoice.IssueCredit,
    invoice_facts.InvoiceVoided: invoice.VoidInvoice,
    invoice_facts.DocumentSent: sending.SendDocument,
    dunning.DunningStepReached: dunning.ReachDunningStep,
    dunning.PaymentPromised: dunning.PromisePayment,
    dunning.DunningHeld: dunning.HoldDunning,
    dunning.DunningReleased: dunning.ReleaseDunning,
    left_entry.BankEntryLeft: left_entry.LeaveBankEntry,
    left_entry.BankEntryMatched: left_entry.MatchBankEntry,
    left_entry.BankRowUnread: left_entry.KeepUnreadRow,
    left_entry.BankEntrySetAside: left_entry.SetBankEntryAside,
    payment_facts.PaymentReceived: cash.ReceivePayment,
    payment_facts.PaymentApplied: cash.ApplyPayment,
    payment_facts.PaymentUnapplied: cash.UnapplyPayment,
    payment_facts.PaymentNamed: cash.NamePayment,
    payment_facts.PaymentRefunded: cash.RefundPayment,
    payment_facts.PaymentFailed: cash.FailPayment,
    payment_facts.PaymentAttemptFailed: cash.FailPaymentAttempt,
    payment_facts.PaymentFeeCharged: cash.ChargePaymentFee,
    chargeback_facts.ChargebackOpened: chargeback.OpenChargeback,
    chargeback_facts.ChargebackWon: chargeback.WinChargeback,
    chargeback_facts.ChargebackLost: chargeback.LoseChargeback,
    balance_facts.BalanceGranted: balance.GrantBalance,
    balance_facts.BalanceApplied: balance.ApplyBalance,
    balance_facts.BalanceUnapplied: balance.UnapplyBalance,
    balance_facts.BalanceRefunded: balance.RefundBalance,
    balance_facts.BalanceWithdrawn: balance.WithdrawBalance,
    invoice_facts.InvoiceWrittenOff: write_off.WriteOffInvoice,
    invoice_facts.InvoiceRecovered: write_off.RecoverInvoice,
    contract.ContractOpened: contract.OpenContract,
    contract.ContractModified: contract.ModifyContract,
    contract.ObligationSatisfied: contract.SatisfyObligation,
    contract.ContractTerminated: contract.TerminateContract,
    policy.PolicyAdopted: policy.AdoptPolicy,
    invoicing.InvoicingAdopted: invoicing.AdoptInvoicing,
    tax_table.TaxRatesSet: tax_table.SetTaxRates,
    rates.RatesPublished: rates.PublishRates,
    books.BookOpened: books.OpenBook,
    books.PostingRun: books.RunPosting,
    books.PeriodSoftClosed: books.SoftClosePeriod,
    books.PeriodClosed: books.ClosePeriod,
    books.PeriodReopened: books.ReopenPeriod,
    books.AdjustmentProposed: books.ProposeAdjustment,
    books.AdjustmentApproved: books.ApproveAdjustment,
}


Look = Callable[[str, int], None]


class Told(Struct):
    """What a ledger answered to one history of one entity."""

    positions: dict[str, int] = {}
    batches: list[Arrival] = []
    refused: dict[str, int] = {}
    wrongly_accepted: list[Arrival] = []


def tell(
    ledger: Ledger,
    name: str,
    arrivals: Iterable[Arrival],
    batch: int,
    look: Look = lambda _name, _position: None,
) -> Told:
    """Every arrival as a public command; what a decider refuses is counted and has no fact.

    The poster follows in batches of `batch` before each act of the books, and at the end. `look`
    is called after each posting run, as soon as it is whole.
    """
    told = Told()
    for arrival in arrivals:
        if arrival.stream.startswith("book:"):
            follow(ledger, name, batch)
        try:
            position = _position(ledger, name, arrival, told)
        except (Rejected, Malformed, Conflict) as refusal:
            told.refused[refusal.code] = told.refused.get(refusal.code, 0) + 1
            continue
        if position is None:
            continue
        told.positions[arrival.key] = position
        if arrival.is_refused:
            told.wrongly_accepted.append(arrival)
        if isinstance(arrival.event, books.PostingRun):
            follow(ledger, name, batch)
            look(name, position)
    follow(ledger, name, batch)
    return told


def tell_again(ledger: Ledger, name: str, arrivals: Iterable[Arrival], told: Told) -> int:
    """The same facts once more: under their keys, then under others with their own source's id.

    Rows of usage come again under another batch, too. How many answers were compared.
    """
    count, requests, expected = 0, list[Request](), list[int]()
    for arrival in (one for one in arrivals if one.key in told.positions):
        position = told.positions[arrival.key]
        if isinstance(arrival.event, UsageBatchAccepted):
            count += same(ingest(ledger, name, arrival).position, position, name, arrival)
            if arrival.event.kind == "rows":
                again = replace(arrival, key=f"{arrival.key}-again")
                receipt = ingest(ledger, name, again, numbered=False)
                count += same(receipt.duplicates, len(arrival.rows), name, arrival)
            continue
        request = request_of(name, arrival, told.positions)
        assert request is not None, arrival
        requests.append(request)
        if request.source is not None:
            requests.append(replace(request, key=f"{arrival.key}-again"))
        expected += [position] * (len(requests) - len(expected))
    answered = ledger.submit_many(name, requests)
    for request, outcome, position in zip(requests, answered, expected, strict=True):
        count += same(isinstance(outcome, Receipt) and outcome.positions[-1], position, request)
    return count


def follow(ledger: Ledger, name: str, batch: int) -> None:
    with ledger.connection() as connection:
        runner.catch_up(connection, name, batch=batch)


def _position(ledger: Ledger, name: str, arrival: Arrival, told: Told) -> int | None:
    if isinstance(arrival.event, UsageBatchAccepted):
        told.batches.append(arrival)
        return ingest(ledger, name, arrival).position
    if arrival.corrects is not None and arrival.corrects not in told.positions:
        return None
    request = request_of(name, arrival, told.positions)
    return None if request is None else ledger.submit(request).positions[-1]


def ingest(ledger: Ledger, name: str, arrival: Arrival, *, numbered: bool = True) -> BatchReceipt:
    assert isinstance(arrival.event, UsageBatchAccepted)
    order = UsageBatch(
        entity=name,
        source=arrival.stream.partition(":")[2],
        key=arrival.key,
        kind=arrival.event.kind,
        batch_number=arrival.event.batch_number if numbered else None,
    )
    if arrival.event.kind == "retraction":
        return ledger.ingest(order, [row.event_id for row in arrival.rows])
    return ledger.ingest(order, [msgspec.to_builtins(row) for row in arrival.rows])


def request_of(name: str, arrival: Arrival, positions: dict[str, int]) -> Request | None:
    """The command whose answer is the event; none for what only the ledger itself says."""
    event = arrival.event
    command: Any = None
    if not isinstance(event, Retracted):
        kind: Any = COMMANDS.get(type(event))
        if kind is None:
            return None
        fields = {
            field: getattr(event, field)
            for field in kind.__struct_fields__
            if hasattr(event, field)
        }
        command = kind(**fields)
    # Half of all comes from outside, under a name of its own; the rest has only its key.
    source = Source(system="crm", kind="fact", id=arrival.key, version="1")
    is_from_outside = sum(arrival.key.encode()) % 2 == 0
    approves = isinstance(event, books.AdjustmentApproved | invoice_facts.DraftApproved)
    actor = "bob" if approves else "ann"
    return Request(
        entity=name,
        stream=arrival.stream,
        key=arrival.key,
        command=command,
        actor=actor,
        source=source if is_from_outside else None,
        corrects=positions[arrival.corrects] if arrival.corrects else None,
    )


def tell_facts(connection: Connection, memory: Books, arrivals: tuple[Arrival, ...]) -> None:
    """Every fact of the history in memory, at the same position of the log."""
    rows = {arrival.key: arrival.rows for arrival in arrivals}
    for kind, facts in groupby(memory.facts, key=_how):
        if kind == "usage":
            for fact in facts:
                _ingest_as_it_is(connection, fact, rows[fact.command_id])
        elif kind == "seal":
            for fact in facts:
                runner.post(connection, memory.entity)
                _append(connection, [_sealed(connection, memory, fact)])
        else:
            _append(connection, list(facts))


def _how(fact: Fact) -> str:
    """Usage goes in with its rows, a seal is found in the journal; anything else as it stands."""
    if isinstance(fact.event, UsageBatchAccepted):
        return "usage"
    return "seal" if isinstance(fact.event, PeriodSealed) else "plain"


def _append(connection: Connection, facts: list[Fact]) -> None:
    drafts = [
        log.Draft(
            stream=fact.stream,
            event=fact.event,
            recorded_at=fact.recorded_at,
            command_id=fact.command_id,
            actor=fact.actor,
            corrects=fact.corrects,
        )
        for fact in facts
    ]
    with connection.transaction():
        told = log.append(connection, log.lock_head(connection, facts[0].entity), drafts)
    assert list(told) == facts


def _ingest_as_it_is(connection: Connection, fact: Fact, rows: tuple[UsageRow, ...]) -> None:
    assert isinstance(fact.event, UsageBatchAccepted)
    order = UsageBatch(
        entity=fact.entity,
        source=fact.stream.partition(":")[2],
        key=fact.command_id,
        kind=fact.event.kind,
        batch_number=fact.event.batch_number,
    )
    sent = [row.event_id for row in rows] if order.kind == "retraction" else rows
    receipt = ingest_rows(connection, order, sent, clock=lambda: fact.recorded_at)
    assert (receipt.position, receipt.rejected) == (fact.position, 0)


def _sealed(connection: Connection, memory: Books, fact: Fact) -> Fact:
    """The seal as the poster finds it: the drawn one does not know the journal."""
    event = fact.event
    assert isinstance(event, PeriodSealed)
    closed_at = max(
        close.position
        for close in memory.facts[: fact.position]
        if close.stream == fact.stream
        and isinstance(close.event, PeriodClosed)
        and close.event.period == event.period
    )
    found = period_seal(
        connection,
        fact.entity,
        book=fact.stream.partition(":")[2],
        period=event.period,
        closed_at=closed_at,
    )
    sealed = replace(
        event,
        digest=found.digest,
        entries=found.entries,
        lines=found.lines,
        debits_minor=found.debits_minor,
        closed_at=closed_at,
    )
    return replace(fact, event=sealed)


def facts_of(ledger: Ledger, name: str) -> tuple[Fact, ...]:
    with ledger.connection() as connection:
        return tuple(log.read_all(connection, name))


def leaves_of(ledger: Ledger, name: str) -> list[bytes]:
    """The journal's own leaves, in the order of its entries."""
    query = "SELECT leaf FROM journal_entry WHERE entity = %s ORDER BY entry"
    with ledger.connection() as connection:
        return [bytes(row[0]) for row in connection.execute(query, (name,))]


@contextmanager
def settled_once() -> Iterator[None]:
    """What is settled from the very same has one answer, whoever asks: a poster, a rebuild, memory.

    All of them ask the same of each unit, or it is settled again. That measuring again comes to the
    same is law 6 of histories in memory.
    """
    answers: dict[tuple[str, str, str, int], list[tuple[Asked, Settled]]] = {}

    def once(unit: str, state: UnitState | None, fresh: Fresh | None, run: Run) -> Settled:
        asked = Asked(state, fresh, run)
        given = answers.setdefault((run.entity, unit, run.book, run.position), [])
        for before, answer in given:
            if before == asked:
                return answer
        given.append((asked, settle(unit, state, fresh, run)))
        return given[-1][1]

    with patch.object(settling, "settle", once), patch("tests.laws.memory.settle", once):
        yield


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


# What a reader may ask of an entity and a book, as known at a position.
QUESTIONS: tuple[Callable[[Connection, Question], Answer[Any]], ...] = (
    trial_balance,
    deferred,
    waterfall,
    current_and_non_current,
    roll_forward,
    disclosed_revenue,
    revenue_by_period,
    open_items,
    ageing,
    by_meter,
    pending,
)
STANDING = """
    SELECT unit, book, currency, told, earned, kind, subject, account, obligation, document,
           sum(amount)::bigint
      FROM journal_line
     CROSS JOIN LATERAL (VALUES (NULL, minor), (functional_currency, functional_minor))
           AS both_of (told, amount)
     WHERE entity = %s
     GROUP BY unit, book, currency, told, earned, kind, subject, account, obligation, document
    HAVING sum(amount) <> 0
"""


def answers(ledger: Ledger, name: str, position: int) -> bytes:
    """Everything a reader sees as known at a position, in bytes."""
    with ledger.connection() as connection:
        found = [
            ask(connection, Question(entity=name, book=book, known_at=position))
            for book in BOOKS
            for ask in QUESTIONS
        ]
    return msgspec.json.encode([(one.known_at, one.run, one.through, one.rows) for one in found])


def standing(connection: Connection, name: str) -> dict[object, int]:
    """What is posted, by unit, book and slot: nothing on when it was booked."""
    rows = connection.execute(STANDING, [name]).fetchall()
    return {
        (unit, book, currency if told is None else (currency, told), *slot): amount
        for unit, book, currency, told, *slot, amount in rows
    }


class Clock:
    """An hour passes with every look: the same for every ledger that is asked the same."""

    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now
