"""What an invoice says beside its lines: due when, taxed when, adding to which invoice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.errors import Rejected
from domain.facts import Context
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine
from domain.numbering import elections
from domain.party import PAYMENT_TERMS_DAYS, CustomerState


def terms_days(customer: str, day: date, context: Context) -> int | None:
    """The customer's payment terms on a day; none if no terms of the customer are known."""
    known = context.others.get(f"customer:{customer}")
    if not isinstance(known, CustomerState) or not known.payment_terms:
        return None
    return known.payment_terms_days(day)


def due_on(
    stated: date | None, draft: InvoiceDrafted | None, customer: str, day: date, context: Context
) -> date:
    """As stated, else as drafted, else by the customer's terms as far as they are known."""
    stated = stated or (draft.due_on if draft else None)
    if stated is not None and stated < day:
        raise Rejected("due-before-issue", field="due_on")
    if stated is not None:
        return stated
    days = terms_days(customer, day, context)
    if days is None:
        days = draft.payment_terms_days if draft else None
    due = day.toordinal() + (PAYMENT_TERMS_DAYS if days is None else days)
    if due > date.max.toordinal():
        raise Rejected("term-too-long", field="due_on")
    return date.fromordinal(due)


def drafted_for(draft: InvoiceDrafted | None, issued_on: date) -> date | None:
    """What a run found due on a day is taxed on that day, however long it waits for its issue."""
    if draft is None or not draft.is_measured or draft.when.effective == issued_on:
        return None
    return draft.when.effective


def is_skipped(lines: Iterable[InvoiceLine], day: date, context: Context) -> bool:
    """What comes to nothing is kept, so that it is billed once; whether it goes out is elected."""
    before = context.replaces
    if isinstance(before, InvoiceIssued) and before.number:
        return False
    skips = elections(day, context).zero_invoices == "skip" and not context.outside
    return skips and not sum(line.amount_minor for line in lines)


def require_debited(
    invoice: str, issued: InvoiceIssued | None, account: tuple[str, str], context: Context
) -> None:
    """A debit note adds to an invoice of the same account; an outside one may come before it."""
    if issued is None and not context.outside:
        raise Rejected("unknown-invoice", field="debits", invoice=invoice)
    if issued is not None and (issued.customer, issued.currency) != account:
        raise Rejected("other-account", field="debits", invoice=invoice)
