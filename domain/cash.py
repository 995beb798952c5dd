"""Money received, applied and refunded. Application by default is measured; one a person states is a fact."""

from __future__ import annotations

from msgspec import Struct

from domain.facts import Event, When


class PaymentReceived(Event, frozen=True, kw_only=True, tag="payment-received"):
    """`contract`: the revenue contract it is for, if no open item takes it."""

    customer: str
    currency: str
    amount_minor: int
    contract: str | None = None
    reference: str | None = None


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    invoice: str
    amount_minor: int


class PaymentApplied(Event, frozen=True, kw_only=True, tag="payment-applied"):
    applications: tuple[Application, ...]


class PaymentRefunded(Event, frozen=True, kw_only=True, tag="payment-refunded"):
    amount_minor: int


class ReceivePayment(Struct, frozen=True, kw_only=True, tag="receive-payment", forbid_unknown_fields=True):
    when: When
    customer: str
    currency: str
    amount_minor: int
    contract: str | None = None
    reference: str | None = None


class ApplyPayment(Struct, frozen=True, kw_only=True, tag="apply-payment", forbid_unknown_fields=True):
    when: When
    applications: tuple[Application, ...]


class RefundPayment(Struct, frozen=True, kw_only=True, tag="refund-payment", forbid_unknown_fields=True):
    when: When
    amount_minor: int
