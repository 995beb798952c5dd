"""What must be seen beside an invoice before it is credited, void or retracted: the money on it,
and later documents that rest on it.

Both are gathered under the head's lock, since they are in streams that the invoice does not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from domain.credit_note import CreditInvoice
from domain.errors import Rejected
from domain.facts import Context, Event, Retracted
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceVoided


class PaidEvidence(Struct, frozen=True, kw_only=True):
    """What money would stand against the invoice, had nothing of it been credited. Gathered where
    the entity elects that no more is credited than was paid.
    """

    minor: int


class LaterEvidence(Struct, frozen=True, kw_only=True):
    """Later invoices that rest on one: they take back what it billed or add to it, or are issued in
    its place. `taken`: which streams have got numbers since that its documents came with.
    """

    invoices: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    taken: dict[str, str] = {}


def paid_minor(command: CreditInvoice, context: Context) -> int | None:
    """What was paid, as stated or else as gathered; none where that is no limit. A correction is
    what less is charged, whoever paid it.
    """
    if command.paid_minor is not None:
        return command.paid_minor
    found = context.evidence
    return found.minor if isinstance(found, PaidEvidence) and _grants(command.purpose) else None


def require_paid(
    purpose: Literal["correction", "concession"],
    rows: Iterable[CreditLine],
    credited: Mapping[str, int],
    context: Context,
) -> None:
    """Lines are credited as they are named, so what is more than was paid is refused."""
    found = context.evidence
    if not isinstance(found, PaidEvidence) or not _grants(purpose):
        return
    left = max(0, found.minor - sum(credited.values()))
    if sum(row.amount_minor for row in rows) > left:
        raise Rejected("credit-above-paid", field="lines.amount_minor", left=left)


def _grants(purpose: Literal["correction", "concession"]) -> bool:
    return purpose == "concession"


def require_last(context: Context) -> None:
    """A document that takes back what this one billed, or adds to it, would be left in the air."""
    if isinstance(context.evidence, LaterEvidence):
        _require_none(context.evidence.invoices)


def require_retractable(event: Event, evidence: object) -> None:
    """That a document never was leaves no later one in the air, that it was not taken back none in
    its place beside it; and one that is back has its number still.
    """
    if not isinstance(evidence, LaterEvidence):
        return
    if isinstance(event, InvoiceIssued):
        _require_none(evidence.invoices)
    elif isinstance(event, InvoiceVoided | CreditIssued):
        _require_none(evidence.replaced_by)
    elif isinstance(event, Retracted):
        for number, stream in sorted(evidence.taken.items()):
            raise Rejected("duplicate-number", field="corrects", number=number, stream=stream)


def _require_none(invoices: Sequence[str]) -> None:
    if invoices:
        raise Rejected("later-document-stands", field="stream", invoices=[*invoices])
