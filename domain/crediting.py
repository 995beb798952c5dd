"""What must be seen beside an invoice before it is credited or void: the money on it, and later
documents that rest on it.

Both are gathered under the head's lock, since they are in streams that the invoice does not name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from domain.credit_note import CreditInvoice
from domain.errors import Rejected
from domain.facts import Context
from domain.invoice_facts import CreditLine


class PaidEvidence(Struct, frozen=True, kw_only=True):
    """What money would stand against the invoice, had nothing of it been credited. Gathered where
    the entity elects that no more is credited than was paid.
    """

    minor: int


class LaterEvidence(Struct, frozen=True, kw_only=True):
    """Later invoices that rest on one: they take back what it billed, or add to it."""

    invoices: tuple[str, ...] = ()


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
    found = context.evidence
    if isinstance(found, LaterEvidence) and found.invoices:
        raise Rejected("later-document-stands", field="stream", invoices=list(found.invoices))
