"""What is said of a revenue contract: promises, price, progress, estimates, changes.

The stream is `contract:ID`. A contract states its price in parts: a lump for everything, and what
it states for single promises (fees, unit prices). What is uncertain of it is a variable amount.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.facts import Event
from domain.service import AccessGranted

ObligationPattern = Literal[
    "ratable",
    "point-in-time",
    "as-invoiced",
    "units",
    "milestones",
    "percent-complete",
    "as-exercised",
    "percent-of-base",
]
# Rule 37: an agent's revenue is its net fee; what is not revenue from customers is split off.
Presented = Literal["gross", "net", "elsewhere"]
# Rule 4: negotiated as a package; what one costs or delivers depends on the other; one promise.
JoinedBecause = Literal["one-objective", "prices-depend", "one-promise"]
Treatment = Literal["by-rule", "separate", "prospective", "cumulative"]
Owed = Literal["all", "billed"]


class Fee(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the contract states for a half-open stretch of service: in whole, by month or year, for
    each of `quantity`. What is left of whole months counts by its days.
    """

    amount_minor: int
    service_from: date
    service_to: date
    per: Literal["whole", "month", "year"] = "whole"
    quantity: Decimal = Decimal(1)


class Milestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage at which a share of a promise is transferred; shares are by weight."""

    milestone: str
    weight: Decimal


class DiscountOption(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A right to buy more for less than others pay (rule 34): what it is worth is measured.

    Worth: average purchase, times what the discount is above that which anybody gets, times the
    chance that it is used (ASC 606-10-55-44, IFRS 15.B42).
    """

    average_purchase_minor: int
    percent: Decimal
    percent_for_anybody: Decimal = Decimal(0)
    probability: Decimal = Decimal(1)


class Renewal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of service the customer may renew into, looked through (rule 34, 55-45, B43).

    `probability`: that this renewal is taken up by those who could; the first is what was bought.
    """

    service_from: date
    service_to: date
    price_minor: int
    expected_cost_minor: int
    probability: Decimal = Decimal(1)


class Obligation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promise, what it would sell for alone at inception, and how it is transferred.

    Its stand-alone selling price is an amount, a price per unit, a share of a list price, worked
    out from an option, or only observed as a range (then its price is what is left, rule 28).
    What the contract states for it is `price_minor`, `unit_price` times `quantity`, or `fees`.
    The service period is half-open. `materials_minor`: what of `expected_cost_minor` is for goods
    that the customer controls long before they are installed, and that show no progress: they are
    earned at their cost, without margin (rule 31).
    """

    obligation: str
    ssp_minor: int = 0
    pattern: ObligationPattern = "ratable"
    service_from: date | None = None
    service_to: date | None = None
    price_minor: int | None = None
    unit_price: Decimal | None = None
    fees: tuple[Fee, ...] = ()
    quantity: Decimal | None = None
    unit_ssp: Decimal | None = None
    list_minor: int | None = None
    ssp_percent: Decimal | None = None
    ssp_range_minor: tuple[int, int] | None = None
    option: DiscountOption | None = None
    renewals: tuple[Renewal, ...] = ()
    portfolio: int = 1
    milestones: tuple[Milestone, ...] = ()
    expected_cost_minor: int | None = None
    materials_minor: int = 0
    expected_exercised: Decimal | None = None
    breakage_percent: Decimal | None = None
    percent_of_base: Decimal | None = None
    distinct: bool | None = None
    presented: Presented = "gross"
    others_share_minor: int = 0
    available_from: date | None = None

    @property
    def is_stated(self) -> bool:
        """Whether the contract states a price for this promise alone."""
        return self.price_minor is not None or self.unit_price is not None or bool(self.fees)

    @property
    def sells_for_something(self) -> bool:
        """Whether anything says what it sells for, alone or as the contract states it."""
        worth = (self.ssp_minor, self.unit_ssp, self.list_minor, self.ssp_range_minor, self.option)
        return any((*worth, self.price_minor, self.unit_price, self.fees, self.renewals))

    @property
    def says_its_price(self) -> bool:
        """Whether it says what it sells for, if only that it is for nothing."""
        return self.is_stated or self.sells_for_something

    @property
    def is_open_ended(self) -> bool:
        """Units at a price, as many as there will be: each is priced by itself."""
        return self.pattern == "units" and self.quantity is None

    @property
    def is_priced_by_itself(self) -> bool:
        """Priced by its invoices, or by what is reported: it takes no share of a fixed price."""
        if self.pattern == "units":
            return self.quantity is None
        return self.pattern in ("as-invoiced", "percent-of-base")


class Outcome(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way an uncertain amount may turn out; the chances of all add up to one."""

    amount_minor: int
    probability: Decimal


class NonCash(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer gives that is no money, such as shares: so many, each worth its fair value
    when the deal is agreed (rule 22). What that becomes later, because of what it is, moves no
    price; how many there will be may be uncertain.
    """

    name: str
    quantity: Decimal
    unit_value: Decimal


class VariableAmount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An uncertain part of the price: what is stated, what is expected, and what is included.

    Expected: `estimate_minor`, or by `outcomes` and `method` (rule 16), or what is stated less
    `conceded_percent` of it, or less `conceded_quantity` of its units (goods expected back), or
    `unit_price` in place of the stated one of a promise in units.
    Included in the price is what will most likely not be reversed (rule 17): `included_minor`, or
    what is stated less `included_conceded_percent` of it; where neither is said, what is expected.
    Where a concession states nothing itself, it is of what its promises state, and takes of that.
    `non_cash`: what is uncertain is how many of these there will be; the value of one that was said
    first stands. `obligations`: the promises it relates to wholly (rule 26); none: all, by their
    prices alone.
    """

    name: str
    stated_minor: int = 0
    method: Literal["expected-value", "most-likely"] = "expected-value"
    outcomes: tuple[Outcome, ...] = ()
    estimate_minor: int | None = None
    conceded_percent: Decimal | None = None
    conceded_quantity: Decimal | None = None
    unit_price: Decimal | None = None
    included_minor: int | None = None
    included_conceded_percent: Decimal | None = None
    non_cash: NonCash | None = None
    obligations: tuple[str, ...] = ()

    @property
    def is_of_its_promises(self) -> bool:
        """Whether it says what of its promises' own price will not be kept."""
        conceded = self.conceded_percent is not None or self.conceded_quantity is not None
        return (conceded or self.unit_price is not None) and not self.stated_minor


class RegularBundle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Promises that are regularly sold together at a discount: the evidence of rule 27."""

    obligations: tuple[str, ...]
    price_minor: int


class Financing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A significant financing part (rule 21): payment long before or after transfer.

    `arrears`: what is stated is paid in so many equal monthly instalments at `stated_rate_percent`
    a year, and is worth those instalments at `rate_percent`; or it is paid in one sum on the day
    `until`, and is worth so much less, compounded yearly. `advance`: what is paid at the start
    bears interest at `rate_percent`, compounded yearly, up to the day `until`; `later_minor` is
    what would be paid then instead. Rates are of a separate loan at inception, and never change.
    """

    kind: Literal["arrears", "advance"]
    rate_percent: Decimal
    stated_rate_percent: Decimal = Decimal(0)
    instalments: int = 0
    until: date | None = None
    later_minor: int | None = None


class ContractOpened(Event, frozen=True, kw_only=True, tag="contract-opened"):
    """A deal stated by itself. `price_minor` is a fixed price for all promises, beside what is
    stated for single ones; together with variable amounts and what is given that is no money it is
    the transaction price.

    `criteria_met`: whether it is a contract at all yet (rule 1). `right_after`: the promise that
    must be transferred before anything is due for what was (a contract asset until then, rule 38).
    `cancellable_days`: the customer may leave without penalty on so many days' notice (rule 2);
    `refundable`: what was charged beyond the notice then goes back.
    """

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

    @property
    def says_what_it_sells_for(self) -> bool:
        """Whether it could share its price with another contract."""
        sharing = [row for row in self.obligations if not row.is_priced_by_itself]
        return not sharing or any(row.sells_for_something for row in sharing)


class Restated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a change says anew of a promise; what it leaves out stays as it was.

    `fees` take the place of those from the change on, and those by the month or the year end with
    `service_to`; `quantity`, `unit_price` and `price_minor`
    are of the whole promise, `added_quantity` at `added_unit_price` comes on top of it. Of units
    as many as there will be, only `unit_price`, for those from the change on.
    `ssp_minor` is what all that is left would sell for at the change.
    """

    obligation: str
    service_to: date | None = None
    fees: tuple[Fee, ...] = ()
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    price_minor: int | None = None
    added_quantity: Decimal | None = None
    added_unit_price: Decimal | None = None
    ssp_minor: int | None = None
    added_cost_minor: int = 0

    @property
    def is_of_scope(self) -> bool:
        """Whether it says how much there is of a promise, and not its price alone."""
        return any(one is not None for one in (self.service_to, self.quantity, self.added_quantity))


class ContractModified(Event, frozen=True, kw_only=True, tag="contract-modified"):
    """Scope or price changed from `effective`: promises added or stated anew, a price change.

    How it is accounted for follows from the facts (rules 7 to 10); another `treatment` than
    `by-rule` is a judgement, and `judgement` says why. `price_reflects_ssp`: the price of what is
    added is what it sells for alone, adjusted for the circumstances of the contract (rule 7).
    """

    price_change_minor: int
    added: tuple[Obligation, ...] = ()
    price_reflects_ssp: bool = False
    restated: tuple[Restated, ...] = ()
    variable: tuple[VariableAmount, ...] = ()
    treatment: Treatment = "by-rule"
    judgement: str | None = None
    non_cash: tuple[NonCash, ...] = ()


class ObligationSatisfied(Event, frozen=True, kw_only=True, tag="obligation-satisfied"):
    """Control passed at `effective`: of all of it, of `quantity` units more, or at a milestone."""

    obligation: str
    quantity: Decimal | None = None
    milestone: str | None = None


class ProgressMeasured(Event, frozen=True, kw_only=True, tag="progress-measured"):
    """How far a promise is complete at the end of `effective`, from its beginning.

    `percent`; or costs incurred of the costs expected, less what `excluded_minor` does not depict
    (waste; rule 31). No expected costs: those last expected. `materials_minor`: what materials that
    are earned at cost have cost, of those that the customer controls; none: as last said. They are
    among the costs incurred; a percentage is of what is done beside them, and 100 of all.
    """

    obligation: str
    percent: Decimal | None = None
    incurred_minor: int | None = None
    expected_minor: int | None = None
    excluded_minor: int = 0
    materials_minor: int | None = None


class RightsExercised(Event, frozen=True, kw_only=True, tag="rights-exercised"):
    """The customer used rights it had paid for: credits, points, an option. So many more, or so
    many in all; neither: all of it. `expected`: how many are now expected to be used in all.
    What was paid for those used is earned at once, or over the service that they were used for: the
    half-open stretch from `service_from` to `service_to` (ASC 606-10-55-42, IFRS 15.B40).
    """

    obligation: str
    quantity: Decimal | None = None
    cumulative: Decimal | None = None
    expected: Decimal | None = None
    service_from: date | None = None
    service_to: date | None = None


class RightsExpired(Event, frozen=True, kw_only=True, tag="rights-expired"):
    """So many rights can no longer be used; no quantity: all that are left."""

    obligation: str
    quantity: Decimal | None = None


class BaseReported(Event, frozen=True, kw_only=True, tag="base-reported"):
    """What a fee is a percentage of, for what ends at `effective`: sales, assets (rules 24, 26)."""

    obligation: str
    base_minor: int


class PriceEstimated(Event, frozen=True, kw_only=True, tag="price-estimated"):
    """Variable amounts as now estimated; each replaces the earlier one of its name (rule 18)."""

    variable: tuple[VariableAmount, ...]


class ExpectationRevised(Event, frozen=True, kw_only=True, tag="expectation-revised"):
    """What is now expected of a promise: its costs in all and those of materials earned at cost
    among them, the rights to be used, the breakage.
    """

    obligation: str
    expected_cost_minor: int | None = None
    materials_minor: int | None = None
    expected_exercised: Decimal | None = None
    breakage_percent: Decimal | None = None


class PriceConceded(Event, frozen=True, kw_only=True, tag="price-conceded"):
    """Given back for what was already delivered: less revenue at once, never blended (rule 11)."""

    obligation: str
    amount_minor: int


class CustomerPaymentPromised(Event, frozen=True, kw_only=True, tag="customer-payment-promised"):
    """Consideration payable to the customer, less what it gives for it at fair value (rule 22).

    `purchases_minor`: it is for so much that the customer is to buy of what is priced by itself (as
    invoiced, by the unit, by a base): so much less is earned of that, as it is bought.
    """

    amount_minor: int
    fair_value_minor: int = 0
    purchases_minor: int | None = None

    @property
    def given_minor(self) -> int:
        """What is paid beyond what comes back for it: so much less is the price."""
        return max(self.amount_minor - self.fair_value_minor, 0)


class NonCashReceived(Event, frozen=True, kw_only=True, tag="non-cash-received"):
    """The customer gave so many more of what is no money: in the books at what the price counts
    them. `unit_value`, the fair value of one by then, is told and moves nothing.
    """

    name: str
    quantity: Decimal
    unit_value: Decimal | None = None


class CriteriaMet(Event, frozen=True, kw_only=True, tag="criteria-met"):
    """From `effective` on it is a contract (rule 1)."""


class ContractJoined(Event, frozen=True, kw_only=True, tag="contract-joined"):
    """It is accounted for as one with another contract, as from inception (rule 4): what either
    promises shares what both cost. `contract`: that other one, in whose unit both are measured.

    `effective` is the day from which it was one, and moves no amount.
    """

    contract: str
    because: JoinedBecause


class ContractTerminated(Event, frozen=True, kw_only=True, tag="contract-terminated"):
    """Ends at `effective`; `refund_minor` of the price is given back, the rest is earned.

    `owed`: what the customer owes of the price once it ended, billed or not (`all`), or no more
    than what was `billed`, less what is credited: the rest is no part of the price any more.
    """

    refund_minor: int = 0
    owed: Owed = "all"


# How far promises are transferred, or will be: most of what is said of a long contract.
OF_TRANSFER = (
    ObligationSatisfied,
    ProgressMeasured,
    RightsExercised,
    RightsExpired,
    BaseReported,
    ExpectationRevised,
)
ContractEvent = (
    ContractOpened
    | ContractModified
    | ObligationSatisfied
    | ProgressMeasured
    | RightsExercised
    | RightsExpired
    | BaseReported
    | PriceEstimated
    | ExpectationRevised
    | PriceConceded
    | CustomerPaymentPromised
    | NonCashReceived
    | CriteriaMet
    | ContractJoined
    | ContractTerminated
    | AccessGranted
)
