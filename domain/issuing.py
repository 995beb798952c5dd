"""What an invoice says beside its lines: due when, taxed when, adding to which invoice or in the
place of which.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.errors import Rejected, require_name
from domain.facts import Context
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine
from domain.invoice_state import InvoiceState
from domain.numbering import elections
from domain.party import PAYMENT_TERMS_DAYS, CustomerState


def billed_to(
    customer: str | None, currency: str | None, draft: InvoiceDrafted | None, *, as_drafted: bool
) -> tuple[str, str]:
    """Whom and in which currency: as stated, else as drafted; lines stay in that of their draft."""
    customer = customer or (draft.customer if draft else None)
    currency = currency or (draft.currency if draft else None)
    if customer is None or currency is None:
        raise Rejected("nothing-to-issue", field="customer" if customer is None else "currency")
    require_name(customer, "customer")
    if draft is not None and as_drafted and currency != draft.currency:
        raise Rejected(
            "currency-mismatch", field="currency", invoice=currency, draft=draft.currency
        )
    return customer, currency


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


def require_debited(invoice: str | None, account: tuple[str, str], context: Context) -> None:
    """A debit note adds to an invoice of the same account; an outside one may come before it."""
    if invoice is not None:
        _known(invoice, "debits", account, context)


def require_replaced(invoice: str | None, account: tuple[str, str], context: Context) -> None:
    """What an invoice takes the place of is void or credited in full, or both would be owed; what
    an outside system replaces it may void later.
    """
    if invoice is None:
        return
    known = _known(invoice, "replaces", account, context)
    if known is not None and not context.outside and not known.is_void and known.total_left_minor:
        raise Rejected(
            "replaced-stands", field="replaces", invoice=invoice, left=known.total_left_minor
        )


def _known(
    invoice: str, field: str, account: tuple[str, str], context: Context
) -> InvoiceState | None:
    """An issued invoice that another names."""
    known = context.others.get(f"invoice:{invoice}")
    if not isinstance(known, InvoiceState) or known.issued is None:
        if context.outside:
            return None
        raise Rejected("unknown-invoice", field=field, invoice=invoice)
    if (known.issued.customer, known.issued.currency) != account:
        raise Rejected("other-account", field=field, invoice=invoice)
    return known
