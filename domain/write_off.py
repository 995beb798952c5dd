"""An invoice nobody expects to be paid is written off, and recovered when it is paid after all.

Facts of the invoice's own stream. The claim stays; what is written off of it is no open item, and
a void, a payment stated for it or a recovery takes the write-off back as far as it goes.
"""

from __future__ import annotations

from msgspec import Struct, structs

from domain.errors import Rejected
from domain.facts import When
from domain.invoice_facts import InvoiceRecovered, InvoiceWrittenOff
from domain.money import require_positive


class WriteOffInvoice(
    Struct, frozen=True, kw_only=True, tag="write-off-invoice", forbid_unknown_fields=True
):
    """Give up what is open of an invoice."""

    when: When
    amount_minor: int | None = None
    reason: str = ""


class RecoverInvoice(
    Struct, frozen=True, kw_only=True, tag="recover-invoice", forbid_unknown_fields=True
):
    """Take a write-off back."""

    when: When
    amount_minor: int | None = None


def written_off(command: WriteOffInvoice, left_minor: int | None) -> InvoiceWrittenOff:
    """No more is given up than credits left of the invoice; what is open of that is measured."""
    if command.amount_minor is not None:
        require_positive(command.amount_minor, "amount_minor")
        if left_minor is not None and command.amount_minor > left_minor:
            raise Rejected("write-off-above-invoice", field="amount_minor", left=left_minor)
    return InvoiceWrittenOff(**structs.asdict(command))


def recovered(command: RecoverInvoice) -> InvoiceRecovered:
    if command.amount_minor is not None:
        require_positive(command.amount_minor, "amount_minor")
    return InvoiceRecovered(**structs.asdict(command))
