"""What may be asked of a revenue contract: the same nouns as its facts, in the imperative."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.contract_facts import (
    Financing,
    JoinedBecause,
    NonCash,
    Obligation,
    Owed,
    RegularBundle,
    Restated,
    Treatment,
    VariableAmount,
)
from domain.facts import When
from domain.service import GrantAccess


class OpenContract(
    Struct, frozen=True, kw_only=True, tag="open-contract", forbid_unknown_fields=True
):
    """State a deal's promises and price."""

    when: When
    customer: str
    currency: str
    price_minor: int
    obligations: tuple[Obligation, ...]
    variable: tuple[VariableAmount, ...] = ()
    bundles: tuple[RegularBundle, ...] = ()
    financing: Financing | None = None
    criteria_met: bool = True
    right_after: str | None = None
    cancellable_days: int | None = None
    refundable: bool = False
    non_cash: tuple[NonCash, ...] = ()


class ModifyContract(
    Struct, frozen=True, kw_only=True, tag="modify-contract", forbid_unknown_fields=True
):
    """Add promises, state some anew, change the price."""

    when: When
    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False
    restated: tuple[Restated, ...] = ()
    variable: tuple[VariableAmount, ...] = ()
    treatment: Treatment = "by-rule"
    judgement: str | None = None
    non_cash: tuple[NonCash, ...] = ()


class SatisfyObligation(
    Struct, frozen=True, kw_only=True, tag="satisfy-obligation", forbid_unknown_fields=True
):
    """Say that control of a promise passed: of all of it, of some units, at a milestone."""

    when: When
    obligation: str
    quantity: Decimal | None = None
    milestone: str | None = None


class MeasureProgress(
    Struct, frozen=True, kw_only=True, tag="measure-progress", forbid_unknown_fields=True
):
    """Say how far a promise is complete."""

    when: When
    obligation: str
    percent: Decimal | None = None
    incurred_minor: int | None = None
    expected_minor: int | None = None
    excluded_minor: int = 0
    materials_minor: int | None = None


class ExerciseRights(
    Struct, frozen=True, kw_only=True, tag="exercise-rights", forbid_unknown_fields=True
):
    """Say that the customer used rights it had paid for."""

    when: When
    obligation: str
    quantity: Decimal | None = None
    cumulative: Decimal | None = None
    expected: Decimal | None = None
    service_from: date | None = None
    service_to: date | None = None


class ExpireRights(
    Struct, frozen=True, kw_only=True, tag="expire-rights", forbid_unknown_fields=True
):
    """Say that rights can no longer be used."""

    when: When
    obligation: str
    quantity: Decimal | None = None


class ReportBase(Struct, frozen=True, kw_only=True, tag="report-base", forbid_unknown_fields=True):
    """Report what a fee is a percentage of."""

    when: When
    obligation: str
    base_minor: int


class EstimatePrice(
    Struct, frozen=True, kw_only=True, tag="estimate-price", forbid_unknown_fields=True
):
    """Estimate variable amounts anew."""

    when: When
    variable: tuple[VariableAmount, ...]


class ReviseExpectation(
    Struct, frozen=True, kw_only=True, tag="revise-expectation", forbid_unknown_fields=True
):
    """Expect other costs in all, another use of rights, another breakage."""

    when: When
    obligation: str
    expected_cost_minor: int | None = None
    materials_minor: int | None = None
    expected_exercised: Decimal | None = None
    breakage_percent: Decimal | None = None


class ConcedePrice(
    Struct, frozen=True, kw_only=True, tag="concede-price", forbid_unknown_fields=True
):
    """Give some of the price back for what was already delivered."""

    when: When
    obligation: str
    amount_minor: int


class PromiseCustomerPayment(
    Struct, frozen=True, kw_only=True, tag="promise-customer-payment", forbid_unknown_fields=True
):
    """Promise to pay the customer."""

    when: When
    amount_minor: int
    fair_value_minor: int = 0
    purchases_minor: int | None = None


class ReceiveNonCash(
    Struct, frozen=True, kw_only=True, tag="receive-non-cash", forbid_unknown_fields=True
):
    """Say that the customer gave what is no money."""

    when: When
    name: str
    quantity: Decimal
    unit_value: Decimal | None = None


class MeetCriteria(
    Struct, frozen=True, kw_only=True, tag="meet-criteria", forbid_unknown_fields=True
):
    """Say that what was agreed is a contract from `effective` on."""

    when: When


class JoinContract(
    Struct, frozen=True, kw_only=True, tag="join-contract", forbid_unknown_fields=True
):
    """Account for it as one with another contract, from inception."""

    when: When
    contract: str
    because: JoinedBecause


class TerminateContract(
    Struct, frozen=True, kw_only=True, tag="terminate-contract", forbid_unknown_fields=True
):
    """End the contract at `effective`."""

    when: When
    refund_minor: int = 0
    owed: Owed = "all"


ContractCommand = (
    OpenContract
    | ModifyContract
    | SatisfyObligation
    | MeasureProgress
    | ExerciseRights
    | ExpireRights
    | ReportBase
    | EstimatePrice
    | ReviseExpectation
    | ConcedePrice
    | PromiseCustomerPayment
    | ReceiveNonCash
    | MeetCriteria
    | JoinContract
    | TerminateContract
    | GrantAccess
)
