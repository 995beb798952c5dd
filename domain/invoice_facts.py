"""What is known of invoices: drafted, issued, credited, void, each line for what it charges.

The same facts come from our billing run or from an outside system. A line names the contract or
subscription it bills; one that names none opens a contract of its own: one obligation, price =
line amount, term = service period (SPEC 4). A credit or void says whether it goes back to the
original service periods (`as-if-never`) or holds `from-now`; receivables use its own date.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.facts import Event
from domain.invoicing import CreditTo
from domain.tax.taxed import TaxedAt

Treatment = Literal["as-if-never", "from-now"]
LineKind = Literal[
    "subscription",
    "usage",
    "one-off",
    "discount",
    "drawdown",
    "coupon",
    "adjustment",
    "included-tax",
    "tax",
    "credit",
    "rounding",
    "opening",
]
TAKEN_OFF = frozenset({"discount", "drawdown"})
BESIDE = frozenset({"coupon", "adjustment", "included-tax"})


class InvoiceLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A half-open service period at a price; without one, earned at issue.

    `price` and `quantity` say which version of which price was charged for how many, where the line
    is for one such only; `group` for which values of dimensions, `discount` which discount it is,
    `drawn_from` which prepaid item pays it.
    Lines of `kind` credit move what a customer has in credit, one of `kind` rounding is what sums
    by rule leave over, in words, one of kind opening what is open of an invoice of other books. A
    line beside another names it in `of_line`: a coupon takes something off it, an adjustment alters
    it, included tax is the part of it that is owed to others. `service_from_at` and `service_to_at`
    are the instants of those days at which service begins and ends; they move only what is earned
    by instant.
    """

    line: str
    amount_minor: int
    kind: LineKind = "subscription"
    service_from: date | None = None
    service_to: date | None = None
    subscription: str | None = None
    contract: str | None = None
    obligation: str | None = None
    description: str = ""
    price: str | None = None
    quantity: Decimal | None = None
    group: dict[str, str] = {}
    discount: str | None = None
    drawn_from: str | None = None
    of_line: str | None = None
    coupon: str | None = None
    unit_amount: Decimal | None = None
    tax_code: str | None = None
    includes_tax: bool = False
    tax: TaxedAt | None = None
    service_from_at: datetime | None = None
    service_to_at: datetime | None = None

    @property
    def is_beside(self) -> bool:
        """Whether it moves what another line of its invoice comes to: no deal says that it should,
        so it is never measured as a charge.
        """
        return self.kind in BESIDE

    @property
    def is_for_service(self) -> bool:
        """Whether it moves what something that is sold comes to, so that it is earned."""
        return self.kind not in {"tax", "credit", "rounding", "opening"}

    @property
    def is_taken_off(self) -> bool:
        """Whether it is a discount on what other lines charge, or pays it with prepaid credits."""
        return self.kind in TAKEN_OFF

    @property
    def service(self) -> tuple[object, ...]:
        """What is sold, and when: alike for what is charged for it and what is taken off that."""
        item = self.obligation or self.of_line or self.line
        days = self.service_from, self.service_to
        return self.subscription, self.contract, item, *days, *sorted(self.group.items())

    @property
    def is_charged(self) -> bool:
        """Whether it bills what the deal says that something sold comes to."""
        return self.is_for_service and not self.is_beside


class TaxedBy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who said what tax is due on a document, under which reference of its own."""

    engine: str
    reference: str = ""


class InvoiceDrafted(Event, frozen=True, kw_only=True, tag="invoice-drafted"):
    """A draft has no effect on the books. `payment_terms_days`: the customer's, as known then.

    `issue_on`: from when the billing run, which made it, issues it. What the run measured it
    measures again until then, and drafts anew where that comes to something else.
    """

    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None
    payment_terms_days: int | None = None
    issue_on: date | None = None
    is_measured: bool = False
    taxed_by: TaxedBy | None = None


class DraftApproved(Event, frozen=True, kw_only=True, tag="draft-approved"):
    """Somebody else than who prepared it approved a draft of this content (SHA-256)."""

    digest: str
    prepared_by: str
    approved_by: str


class DraftAdjusted(Event, frozen=True, kw_only=True, tag="draft-adjusted"):
    """A line of the draft, as it stood, comes to `amount_minor` instead; the part that differs is a
    line beside it. So does the line that bills the same service when the draft is measured again.
    """

    line: InvoiceLine
    reason: str
    amount_minor: int
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None


class DraftDiscarded(Event, frozen=True, kw_only=True, tag="draft-discarded"):
    """The draft is thrown away. Retracted, it is there again."""


class InvoiceIssued(Event, frozen=True, kw_only=True, tag="invoice-issued"):
    """A document went out, dated `effective`. `series`: which of the entity's gave its number;
    none where it came with one. `tax_point`: when tax became due, if that is another day. `debits`:
    the invoice that a debit note adds to. `opening`: other books issued it, and left it open.
    Without a `number` it came to nothing and went to nobody.
    `rate`: what one unit of its currency is worth in the functional one, if not the day's.
    """

    customer: str
    currency: str
    number: str
    due_on: date
    lines: tuple[InvoiceLine, ...]
    replaces: str | None = None
    series: str | None = None
    tax_point: date | None = None
    debits: str | None = None
    taxed_by: TaxedBy | None = None
    opening: str | None = None
    rate: Decimal | None = None


class CreditLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount_minor` has the sign of the line, and reduces it."""

    line: str
    amount_minor: int


class CreditIssued(Event, frozen=True, kw_only=True, tag="credit-issued"):
    """`purpose`: a correction follows a change of the deal, a concession is a cut of its price.
    `series` as of an invoice. `to`: where what had been paid of it goes; without one as the entity
    elects.
    """

    number: str
    lines: tuple[CreditLine, ...]
    treatment: Treatment
    purpose: Literal["correction", "concession"] = "concession"
    series: str | None = None
    to: CreditTo | None = None


class InvoiceVoided(Event, frozen=True, kw_only=True, tag="invoice-voided"):
    """What is left of the invoice is taken back; without a treatment as the policy says."""

    treatment: Treatment | None = None


class InvoiceWrittenOff(Event, frozen=True, kw_only=True, tag="invoice-written-off"):
    """Bad debt: an amount of what is open, or without one all that is open on the day."""

    amount_minor: int | None = None
    reason: str = ""


class InvoiceRecovered(Event, frozen=True, kw_only=True, tag="invoice-recovered"):
    """Payment is expected again: an amount of what was written off, or without one all of it."""

    amount_minor: int | None = None


class DocumentSent(Event, frozen=True, kw_only=True, tag="document-sent"):
    """The invoice, or with `credit` a credit note on it, was sent: `sha256` is over every byte.

    `recipient` is opaque. `template`, `locale` and `known_at` are what it was rendered with and the
    position it tells of, none where somebody else rendered it.
    """

    sha256: str
    media_type: str
    channel: str
    recipient: str
    credit: str | None = None
    template: str | None = None
    locale: str | None = None
    known_at: int | None = None


DisputeOutcome = Literal["upheld", "credited", "withdrawn"]


class DisputeOpened(Event, frozen=True, kw_only=True, tag="dispute-opened"):
    """A customer disputes some lines or an amount of the invoice, in all `amount_minor`."""

    dispute: str
    amount_minor: int
    reason: str = ""
    lines: tuple[CreditLine, ...] = ()


class DisputeResolved(Event, frozen=True, kw_only=True, tag="dispute-resolved"):
    """So much of a dispute is upheld, withdrawn, or credited by the credit note of a number."""

    dispute: str
    outcome: DisputeOutcome
    amount_minor: int
    credit: str | None = None


InvoiceEvent = (
    InvoiceDrafted
    | DraftAdjusted
    | DraftApproved
    | DraftDiscarded
    | InvoiceIssued
    | CreditIssued
    | InvoiceVoided
    | InvoiceWrittenOff
    | InvoiceRecovered
    | DocumentSent
    | DisputeOpened
    | DisputeResolved
)
