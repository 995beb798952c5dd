"""What is known of payments: received, applied, taken off, named, given back, failed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.bank import BankEntry
from domain.chargeback_facts import ChargebackEvent
from domain.facts import Event

DeductionKind = Literal["withholding", "discount", "fee", "short-pay"]


class Paid(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came in, in the currency that it came in."""

    currency: str
    amount_minor: int


class PaymentReceived(Event, frozen=True, kw_only=True, tag="payment-received"):
    """`contract`: the revenue contract it is for, if no open item takes it. A deposit waits until
    it is applied or named; what came `out_of_band` never passed through our own accounts. `bank`:
    the entry of a statement that says so, and why it is this customer's. `rate`: what one unit of
    its currency is worth in the functional one, if not the day's. `paid`: what really came in,
    where that was in another currency than what it settles.
    """

    customer: str
    currency: str
    amount_minor: int
    contract: str | None = None
    reference: str | None = None
    bank: BankEntry | None = None
    deposit: bool = False
    out_of_band: bool = False
    rate: Decimal | None = None
    paid: Paid | None = None


class Deduction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What settles an invoice beside the money: tax withheld, a discount for paying early, a fee
    the bank kept, a small difference let go.
    """

    kind: DeductionKind
    amount_minor: int


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a payment and the invoice it settles, with what was deducted on the way."""

    invoice: str
    amount_minor: int
    deductions: tuple[Deduction, ...] = ()


class PaymentApplied(Event, frozen=True, kw_only=True, tag="payment-applied"):
    """What a person or a file states the money is for."""

    applications: tuple[Application, ...]


class PaymentUnapplied(Event, frozen=True, kw_only=True, tag="payment-unapplied"):
    """From then on nothing of the money stands against the invoice, until it is stated again."""

    invoice: str


class PaymentNamed(Event, frozen=True, kw_only=True, tag="payment-named"):
    """The revenue contract that what is left of the money is for, from then on."""

    contract: str


class PaymentRefunded(Event, frozen=True, kw_only=True, tag="payment-refunded"):
    """Money given back to the customer; `rate` as of a payment."""

    amount_minor: int
    rate: Decimal | None = None


class PaymentFailed(Event, frozen=True, kw_only=True, tag="payment-failed"):
    """The bank took back what had been received, such as a debit that bounced."""

    amount_minor: int
    reason: str = ""


class PaymentAttemptFailed(Event, frozen=True, kw_only=True, tag="payment-attempt-failed"):
    """Somebody tried to pay and no money came; it may be tried again on the same stream."""

    customer: str
    currency: str
    amount_minor: int
    reason: str = ""


class PaymentFeeCharged(Event, frozen=True, kw_only=True, tag="payment-fee-charged"):
    """What a bank or gateway keeps for taking the money, out of our own account."""

    amount_minor: int


CashEvent = (
    PaymentReceived
    | PaymentApplied
    | PaymentUnapplied
    | PaymentNamed
    | PaymentRefunded
    | PaymentFailed
    | PaymentAttemptFailed
    | PaymentFeeCharged
    | ChargebackEvent
)
