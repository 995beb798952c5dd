"""Invoices, credit notes and voids: the same facts from our billing run or from an outside system.

A line names the contract or subscription it bills; one that names none opens a contract of its own:
one obligation, price = line amount, term = service period (SPEC 4). A credit or void says whether it
goes back to the original service periods (`as-if-never`) or holds `from-now`; receivables use its own date.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from domain.facts import Event, When

Treatment = Literal["as-if-never", "from-now"]


class InvoiceLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount_minor` in the invoice's currency; the service period is half-open, none = point in time at issue."""

    line: str
    amount_minor: int
    kind: Literal["subscription", "usage", "one-off", "discount", "tax"] = "subscription"
    service_from: date | None = None
    service_to: date | None = None
    subscription: str | None = None
    contract: str | None = None
    obligation: str | None = None
    description: str = ""


class InvoiceDrafted(Event, frozen=True, kw_only=True, tag="invoice-drafted"):
    """A draft has no effect on the books."""

    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None


class InvoiceIssued(Event, frozen=True, kw_only=True, tag="invoice-issued"):
    """A document went out, dated `effective`."""

    customer: str
    currency: str
    number: str
    due_on: date
    lines: tuple[InvoiceLine, ...]
    replaces: str | None = None


class CreditLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount_minor` is positive and reduces the line."""

    line: str
    amount_minor: int


class CreditIssued(Event, frozen=True, kw_only=True, tag="credit-issued"):
    """`purpose`: a correction follows a change of the deal, a concession is a cut of its price."""

    number: str
    lines: tuple[CreditLine, ...]
    treatment: Treatment
    purpose: Literal["correction", "concession"] = "concession"


class InvoiceVoided(Event, frozen=True, kw_only=True, tag="invoice-voided"):
    """What is left of the invoice is taken back. Without a treatment the book's policy says which."""

    treatment: Treatment | None = None


class DraftInvoice(
    Struct, frozen=True, kw_only=True, tag="draft-invoice", forbid_unknown_fields=True
):
    when: When
    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None


class IssueInvoice(
    Struct, frozen=True, kw_only=True, tag="issue-invoice", forbid_unknown_fields=True
):
    """With no `lines` the draft is issued as it stands; `number` defaults to the stream's id."""

    when: When
    customer: str | None = None
    currency: str | None = None
    lines: tuple[InvoiceLine, ...] = ()
    number: str | None = None
    due_on: date | None = None
    replaces: str | None = None


class IssueCredit(
    Struct, frozen=True, kw_only=True, tag="issue-credit", forbid_unknown_fields=True
):
    """`treatment` defaults by purpose: correction as if never, concession from now."""

    when: When
    number: str
    lines: tuple[CreditLine, ...]
    treatment: Treatment | None = None
    purpose: Literal["correction", "concession"] = "concession"


class VoidInvoice(
    Struct, frozen=True, kw_only=True, tag="void-invoice", forbid_unknown_fields=True
):
    when: When
    treatment: Treatment | None = None
