"""Money received, applied and refunded; only an application that a person states is a fact."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, structs

from domain.bank import BankEntry
from domain.currency import exponent, require_kept
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.invoice import InvoiceState
from domain.invoice_facts import InvoiceIssued
from domain.money import LARGEST_MINOR


class PaymentReceived(Event, frozen=True, kw_only=True, tag="payment-received"):
    """`contract`: the revenue contract it is for, if no open item takes it. `bank`: the entry of a
    statement that says so, and why it is this customer's.
    """

    customer: str
    currency: str
    amount_minor: int
    contract: str | None = None
    reference: str | None = None
    bank: BankEntry | None = None


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a payment and the invoice it settles."""

    invoice: str
    amount_minor: int


class PaymentApplied(Event, frozen=True, kw_only=True, tag="payment-applied"):
    """What a person or a file states the money is for."""

    applications: tuple[Application, ...]


class PaymentRefunded(Event, frozen=True, kw_only=True, tag="payment-refunded"):
    """Money given back to the customer."""

    amount_minor: int


class ReceivePayment(
    Struct, frozen=True, kw_only=True, tag="receive-payment", forbid_unknown_fields=True
):
    """Record money that came in, and in the same breath what it is stated to be for."""

    when: When
    customer: str
    currency: str
    amount_minor: int
    contract: str | None = None
    reference: str | None = None
    bank: BankEntry | None = None
    applications: tuple[Application, ...] = ()


class ApplyPayment(
    Struct, frozen=True, kw_only=True, tag="apply-payment", forbid_unknown_fields=True
):
    """State which invoices the money is for; what is not stated is measured."""

    when: When
    applications: tuple[Application, ...]


class RefundPayment(
    Struct, frozen=True, kw_only=True, tag="refund-payment", forbid_unknown_fields=True
):
    """Give back money that is not stated as applied."""

    when: When
    amount_minor: int


CashEvent = PaymentReceived | PaymentApplied | PaymentRefunded
CashCommand = ReceivePayment | ApplyPayment | RefundPayment


class PaymentState(Struct, frozen=True, kw_only=True):
    """What was received, and how much of it is stated as applied or given back."""

    received: PaymentReceived | None = None
    applied_minor: int = 0
    refunded_minor: int = 0

    @property
    def left_minor(self) -> int:
        whole = self.received.amount_minor if self.received else 0
        return whole - self.applied_minor - self.refunded_minor


def evolve(state: PaymentState, fact: Fact) -> PaymentState:
    event = fact.event
    assert isinstance(event, CashEvent), fact
    match event:
        case PaymentReceived():
            return structs.replace(state, received=event)
        case PaymentApplied():
            more = sum(row.amount_minor for row in event.applications)
            return structs.replace(state, applied_minor=state.applied_minor + more)
        case PaymentRefunded():
            return structs.replace(state, refunded_minor=state.refunded_minor + event.amount_minor)
        case _:
            assert_never(event)


def needs(command: CashCommand) -> tuple[str, ...]:
    """An application is checked against the invoices it names."""
    if isinstance(command, ReceivePayment | ApplyPayment):
        return tuple(sorted({f"invoice:{row.invoice}" for row in command.applications}))
    return ()


def decide(command: CashCommand, state: PaymentState, context: Context) -> tuple[Event, ...]:
    """No more is stated as applied or given back than came in (SPEC 12).

    What a bank's file says of a payment or invoice not yet known waits for it.
    """
    match command:
        case ReceivePayment():
            if state.received is not None:
                raise Rejected("already-received", field="stream")
            require_name(command.customer, "customer")
            exponent(command.currency)
            require_kept(command.currency, context.replaces)
            _require_positive(command.amount_minor, "amount_minor")
            return _received(command, context)
        case ApplyPayment():
            return (_applied(command, state, context),)
        case RefundPayment():
            _require_received(state, context)
            _require_positive(command.amount_minor, "amount_minor")
            if state.received is not None and command.amount_minor > state.left_minor:
                left = state.left_minor
                raise Rejected("refund-above-payment", field="amount_minor", left=left)
            return (PaymentRefunded(when=command.when, amount_minor=command.amount_minor),)
        case _:
            assert_never(command)


def _received(command: ReceivePayment, context: Context) -> tuple[Event, ...]:
    """A correction takes one fact's place, so what it is for is then stated by itself."""
    said = structs.asdict(command)
    del said["applications"]
    received = PaymentReceived(**said)
    if not command.applications:
        return (received,)
    if context.replaces is not None:
        raise Malformed("applications-in-correction", field="applications")
    apply = ApplyPayment(when=command.when, applications=command.applications)
    return (received, _applied(apply, PaymentState(received=received), context))


def _applied(command: ApplyPayment, state: PaymentState, context: Context) -> PaymentApplied:
    _require_received(state, context)
    if not command.applications:
        raise Rejected("no-applications", field="applications")
    for row in command.applications:
        _require_positive(row.amount_minor, "applications.amount_minor")
        _require_payable(row, state, context)
    wanted = sum(row.amount_minor for row in command.applications)
    if state.received is not None and wanted > state.left_minor:
        left = state.left_minor
        raise Rejected("application-above-payment", field="applications", left=left)
    return PaymentApplied(when=command.when, applications=command.applications)


def _require_payable(row: Application, state: PaymentState, context: Context) -> None:
    """Money settles only what is owed in its own currency, by the customer who paid."""
    invoice = context.others.get(f"invoice:{row.invoice}")
    if not isinstance(invoice, InvoiceState) or invoice.issued is None:
        if context.outside:
            return
        raise Rejected("unknown-invoice", field="applications.invoice", invoice=row.invoice)
    if invoice.is_void and not context.outside:
        raise Rejected("already-void", field="applications.invoice", invoice=row.invoice)
    if state.received is not None:
        _require_same_account(invoice.issued, state.received)


def _require_same_account(issued: InvoiceIssued, received: PaymentReceived) -> None:
    field = "applications.invoice"
    if issued.currency != received.currency:
        raise Rejected(
            "currency-mismatch", field=field, invoice=issued.currency, payment=received.currency
        )
    if issued.customer != received.customer:
        raise Rejected(
            "customer-mismatch", field=field, invoice=issued.customer, payment=received.customer
        )


def _require_received(state: PaymentState, context: Context) -> None:
    if state.received is None and not context.outside:
        raise Rejected("not-received", field="stream")


def _require_positive(minor: int, field: str) -> None:
    if minor <= 0:
        raise Rejected("amount-not-positive", field=field)
    if minor > LARGEST_MINOR:
        raise Malformed("amount-too-large", field=field)


DECIDER: Decider[PaymentState, CashCommand] = Decider(
    category="payment",
    initial=PaymentState(),
    evolve=evolve,
    decide=decide,
    commands=(ReceivePayment, ApplyPayment, RefundPayment),
    events=(PaymentReceived, PaymentApplied, PaymentRefunded, Retracted),
    needs=needs,
)
