"""Money received, applied and given back; only an application that a person states is a fact."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from msgspec import Struct, structs

from domain.bank import BankEntry
from domain.chargeback import (
    ChargebackCommand,
    Chargebacks,
    LoseChargeback,
    OpenChargeback,
    WinChargeback,
    charged_back,
    standing,
)
from domain.chargeback_facts import (
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.currency import exponent, require_kept
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.invoice_facts import InvoiceIssued
from domain.invoice_state import InvoiceState
from domain.money import require_positive
from domain.payment_facts import (
    Application,
    CashEvent,
    Paid,
    PaymentApplied,
    PaymentAttemptFailed,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentNamed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.stated_rate import needs_entity, require_stated


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
    deposit: bool = False
    out_of_band: bool = False
    rate: Decimal | None = None
    paid: Paid | None = None


class ApplyPayment(
    Struct, frozen=True, kw_only=True, tag="apply-payment", forbid_unknown_fields=True
):
    """State which invoices the money is for; what is not stated is measured."""

    when: When
    applications: tuple[Application, ...]


class UnapplyPayment(
    Struct, frozen=True, kw_only=True, tag="unapply-payment", forbid_unknown_fields=True
):
    """Take the money off an invoice, whether it was stated or applied by default."""

    when: When
    invoice: str


class NamePayment(
    Struct, frozen=True, kw_only=True, tag="name-payment", forbid_unknown_fields=True
):
    """Say which contract money is for that no open item takes."""

    when: When
    contract: str


class RefundPayment(
    Struct, frozen=True, kw_only=True, tag="refund-payment", forbid_unknown_fields=True
):
    """Give money back; what it had settled is open again."""

    when: When
    amount_minor: int
    rate: Decimal | None = None


class FailPayment(
    Struct, frozen=True, kw_only=True, tag="fail-payment", forbid_unknown_fields=True
):
    """Record that what was received was taken back by the bank."""

    when: When
    amount_minor: int
    reason: str = ""


class FailPaymentAttempt(
    Struct, frozen=True, kw_only=True, tag="fail-payment-attempt", forbid_unknown_fields=True
):
    """Record an attempt to pay that brought nothing."""

    when: When
    customer: str
    currency: str
    amount_minor: int
    reason: str = ""


class ChargePaymentFee(
    Struct, frozen=True, kw_only=True, tag="charge-payment-fee", forbid_unknown_fields=True
):
    """Record what taking the money cost."""

    when: When
    amount_minor: int


CashCommand = (
    ReceivePayment
    | ApplyPayment
    | UnapplyPayment
    | NamePayment
    | RefundPayment
    | FailPayment
    | FailPaymentAttempt
    | ChargePaymentFee
    | ChargebackCommand
)


class PaymentState(Struct, frozen=True, kw_only=True):
    """What was received, how much of it is stated for which invoice, was given or taken back."""

    received: PaymentReceived | None = None
    applied_minor: dict[str, int] = {}
    given_back_minor: int = 0
    chargebacks: Chargebacks = Chargebacks()

    @property
    def kept_minor(self) -> int:
        """What was neither given back nor taken back."""
        whole = self.received.amount_minor if self.received else 0
        return whole - self.given_back_minor - self.chargebacks.taken_minor

    @property
    def left_minor(self) -> int:
        """What of that is not stated as applied either."""
        return self.kept_minor - sum(self.applied_minor.values())


def evolve(state: PaymentState, fact: Fact) -> PaymentState:
    event = fact.event
    assert isinstance(event, CashEvent), fact
    match event:
        case PaymentReceived():
            return structs.replace(state, received=event)
        case PaymentApplied():
            applied = more_applied(state.applied_minor, event.applications)
            return structs.replace(state, applied_minor=applied)
        case PaymentUnapplied():
            left = {k: v for k, v in state.applied_minor.items() if k != event.invoice}
            return structs.replace(state, applied_minor=left)
        case PaymentRefunded() | PaymentFailed():
            back = state.given_back_minor + event.amount_minor
            return structs.replace(state, given_back_minor=back)
        case PaymentNamed() | PaymentAttemptFailed() | PaymentFeeCharged():
            return state
        case ChargebackOpened() | ChargebackWon() | ChargebackLost():
            return structs.replace(state, chargebacks=standing(state.chargebacks, event))
        case _:
            assert_never(event)


def more_applied(before: dict[str, int], rows: tuple[Application, ...]) -> dict[str, int]:
    """What is stated for each invoice, with some rows more."""
    after = dict(before)
    for row in rows:
        after[row.invoice] = after.get(row.invoice, 0) + row.amount_minor
    return after


def needs(command: CashCommand) -> tuple[str, ...]:
    """An application is checked against the invoices it names, a rate against the entity."""
    streams: set[str] = set()
    if isinstance(command, ReceivePayment | RefundPayment):
        streams.update(needs_entity(command.rate))
    if isinstance(command, ReceivePayment | ApplyPayment):
        streams.update(f"invoice:{row.invoice}" for row in command.applications)
    return tuple(sorted(streams))


def decide(command: CashCommand, state: PaymentState, context: Context) -> tuple[Event, ...]:
    """No more is stated as applied or given back than came in (SPEC 12).

    What a bank's file or a gateway says of a payment or invoice not yet known waits for it.
    """
    match command:
        case ReceivePayment():
            return _received(command, state, context)
        case FailPaymentAttempt():
            require_amount(command.customer, command.currency, command.amount_minor)
            return (PaymentAttemptFailed(**structs.asdict(command)),)
        case ApplyPayment():
            _require_received(state, context)
            _require_applications(command.applications, state, context)
            return (PaymentApplied(when=command.when, applications=command.applications),)
        case UnapplyPayment():
            _require_received(state, context)
            require_name(command.invoice, "invoice")
            return (PaymentUnapplied(when=command.when, invoice=command.invoice),)
        case NamePayment():
            _require_received(state, context)
            require_name(command.contract, "contract")
            return (PaymentNamed(when=command.when, contract=command.contract),)
        case RefundPayment():
            _require_kept(command.amount_minor, "refund-above-payment", state, context)
            currency = state.received.currency if state.received else ""
            require_stated(command.rate, currency, context)
            return (PaymentRefunded(**structs.asdict(command)),)
        case FailPayment():
            _require_kept(command.amount_minor, "failure-above-payment", state, context)
            return (PaymentFailed(**structs.asdict(command)),)
        case ChargePaymentFee():
            _require_received(state, context)
            require_positive(command.amount_minor, "amount_minor")
            return (PaymentFeeCharged(when=command.when, amount_minor=command.amount_minor),)
        case OpenChargeback() | WinChargeback() | LoseChargeback():
            _require_received(state, context)
            received = state.received.amount_minor if state.received else None
            return (charged_back(command, state.chargebacks, received, context),)
        case _:
            assert_never(command)


def _received(command: ReceivePayment, state: PaymentState, context: Context) -> tuple[Event, ...]:
    """A correction takes one fact's place, so what it is for is then stated by itself."""
    if state.received is not None:
        raise Rejected("already-received", field="stream")
    require_amount(command.customer, command.currency, command.amount_minor)
    require_kept(command.currency, context.replaces)
    require_stated(command.rate, command.currency, context)
    _require_paid(command)
    said = structs.asdict(command)
    del said["applications"]
    received = PaymentReceived(**said)
    if not command.applications:
        return (received,)
    if context.replaces is not None:
        raise Malformed("applications-in-correction", field="applications")
    _require_applications(command.applications, PaymentState(received=received), context)
    return (received, PaymentApplied(when=command.when, applications=command.applications))


def _require_paid(command: ReceivePayment) -> None:
    """Money that came in another currency says by itself what it is worth."""
    if command.paid is None:
        return
    exponent(command.paid.currency)
    require_positive(command.paid.amount_minor, "paid.amount_minor")
    if command.paid.currency == command.currency:
        raise Rejected("paid-in-its-own-currency", field="paid.currency")
    if command.rate is not None:
        raise Rejected("rate-and-paid", field="rate")


def require_amount(customer: str, currency: str, minor: int) -> None:
    """Whose, in which currency, and how much."""
    require_name(customer, "customer")
    exponent(currency)
    require_positive(minor, "amount_minor")


def _require_kept(minor: int, code: str, state: PaymentState, context: Context) -> None:
    """No more goes back than came in; that it had settled something does not keep it here."""
    _require_received(state, context)
    require_positive(minor, "amount_minor")
    if state.received is not None and minor > state.kept_minor:
        raise Rejected(code, field="amount_minor", left=state.kept_minor)


def _require_applications(
    rows: tuple[Application, ...], state: PaymentState, context: Context
) -> None:
    require_rows(rows)
    for row in rows:
        received = state.received
        holder = (received.customer, received.currency) if received else None
        require_payable(row.invoice, holder, context)
    wanted = sum(row.amount_minor for row in rows)
    if state.received is not None and wanted > state.left_minor:
        left = state.left_minor
        raise Rejected("application-above-payment", field="applications", left=left)


def require_rows(rows: tuple[Application, ...]) -> None:
    """Each row settles something, by money or by what was deducted from it."""
    if not rows:
        raise Rejected("no-applications", field="applications")
    for row in rows:
        for part in row.deductions:
            require_positive(part.amount_minor, "applications.deductions.amount_minor")
        if row.amount_minor or not row.deductions:
            require_positive(row.amount_minor, "applications.amount_minor")
        if len({part.kind for part in row.deductions}) < len(row.deductions):
            raise Rejected("duplicate-deduction", field="applications.deductions")


def require_payable(invoice: str, holder: tuple[str, str] | None, context: Context) -> None:
    """Money settles only what is owed in its own currency, by the customer whose it is."""
    known = context.others.get(f"invoice:{invoice}")
    if not isinstance(known, InvoiceState) or known.issued is None:
        if context.outside:
            return
        raise Rejected("unknown-invoice", field="applications.invoice", invoice=invoice)
    if known.is_void and not context.outside:
        raise Rejected("already-void", field="applications.invoice", invoice=invoice)
    if holder is not None:
        _require_same_account(known.issued, *holder)


def _require_same_account(issued: InvoiceIssued, customer: str, currency: str) -> None:
    field = "applications.invoice"
    if issued.currency != currency:
        raise Rejected("currency-mismatch", field=field, invoice=issued.currency, payment=currency)
    if issued.customer != customer:
        raise Rejected("customer-mismatch", field=field, invoice=issued.customer, payment=customer)


def _require_received(state: PaymentState, context: Context) -> None:
    if state.received is None and not context.outside:
        raise Rejected("not-received", field="stream")


DECIDER: Decider[PaymentState, CashCommand] = Decider(
    category="payment",
    initial=PaymentState(),
    evolve=evolve,
    decide=decide,
    commands=(
        ReceivePayment,
        ApplyPayment,
        UnapplyPayment,
        NamePayment,
        RefundPayment,
        FailPayment,
        FailPaymentAttempt,
        ChargePaymentFee,
        OpenChargeback,
        WinChargeback,
        LoseChargeback,
    ),
    events=(
        PaymentReceived,
        PaymentApplied,
        PaymentUnapplied,
        PaymentNamed,
        PaymentRefunded,
        PaymentFailed,
        PaymentAttemptFailed,
        PaymentFeeCharged,
        ChargebackOpened,
        ChargebackWon,
        ChargebackLost,
        Retracted,
    ),
    needs=needs,
)
