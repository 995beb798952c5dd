"""Customers: opaque ids and digests here, names and addresses in the erasable party vault."""

from __future__ import annotations

from msgspec import Struct

from domain.facts import Event, When


class CustomerRegistered(Event, frozen=True, kw_only=True, tag="customer-registered"):
    """A customer account. `party` is an opaque vault id, `party_digest` the salted SHA-256 of its row."""

    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int = 30


class CustomerAmended(Event, frozen=True, kw_only=True, tag="customer-amended"):
    """What changes from `effective` on; a field left out stays as it was."""

    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int | None = None


class RegisterCustomer(Struct, frozen=True, kw_only=True, tag="register-customer", forbid_unknown_fields=True):
    when: When
    currency: str
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int = 30


class AmendCustomer(Struct, frozen=True, kw_only=True, tag="amend-customer", forbid_unknown_fields=True):
    when: When
    party: str | None = None
    party_digest: str | None = None
    parent: str | None = None
    payment_terms_days: int | None = None
