"""The accounting truth of a deal that is not opened from a subscription by rule: obligations, price, changes."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.catalogue import Pattern
from domain.facts import Event, When


class Obligation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promise with its stand-alone selling price at inception; the service period is half-open."""

    obligation: str
    ssp_minor: int
    pattern: Pattern = "ratable"
    service_from: date | None = None
    service_to: date | None = None


class ContractOpened(Event, frozen=True, kw_only=True, tag="contract-opened"):
    """`price_minor` is the fixed transaction price, allocated by relative SSP (rule 25)."""

    customer: str
    currency: str
    price_minor: int
    obligations: tuple[Obligation, ...]


class ContractModified(Event, frozen=True, kw_only=True, tag="contract-modified"):
    """Scope added and price changed from `effective`.

    Distinct additions at a price that reflects their SSP are a separate contract (rule 7, 25-12);
    everything else re-allocates what is not yet recognised over what remains (rule 8, 25-13(a)).
    """

    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False


class ObligationSatisfied(Event, frozen=True, kw_only=True, tag="obligation-satisfied"):
    """Control of a point-in-time obligation passed at `effective`."""

    obligation: str


class ContractTerminated(Event, frozen=True, kw_only=True, tag="contract-terminated"):
    """Ends at `effective`; `refund_minor` of the price is given back, the rest is earned."""

    refund_minor: int = 0


class OpenContract(Struct, frozen=True, kw_only=True, tag="open-contract", forbid_unknown_fields=True):
    when: When
    customer: str
    currency: str
    price_minor: int
    obligations: tuple[Obligation, ...]


class ModifyContract(Struct, frozen=True, kw_only=True, tag="modify-contract", forbid_unknown_fields=True):
    when: When
    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False


class SatisfyObligation(Struct, frozen=True, kw_only=True, tag="satisfy-obligation", forbid_unknown_fields=True):
    when: When
    obligation: str


class TerminateContract(Struct, frozen=True, kw_only=True, tag="terminate-contract", forbid_unknown_fields=True):
    when: When
    refund_minor: int = 0
