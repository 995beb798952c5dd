"""What was paid of an invoice, as far as money goes: whatever was credited of it since."""

from __future__ import annotations

from collections.abc import Sequence

from domain.accounting.curves import total
from domain.facts import Fact
from domain.invoice_facts import CreditIssued
from domain.settlement import settlement_flows
from domain.settlement.walk import Elections

RECEIVABLE = "accounts-receivable"


def paid_minor(
    invoice: str, facts: Sequence[Fact], account: tuple[str, str], elections: Elections
) -> int:
    """What money and credit would stand against an invoice, had nothing of it been credited: a
    credit note sets free what was paid, which then stands against others or is had by the customer.

    Facts are all of the account's (customer, currency), known and in effective order.
    """
    stream = f"invoice:{invoice}"
    rest = [f for f in facts if f.stream != stream or not isinstance(f.event, CreditIssued)]
    return sum(
        -side * total(flow.curve)
        for flow in settlement_flows(rest, *account, elections)
        if flow.kind == "application" and flow.document == invoice
        for place, side in flow.legs
        if place == RECEIVABLE
    )
