"""What somebody does to documents that only the ledger can name: the last invoice, its lines."""

from __future__ import annotations

from typing import assert_never

from domain.adjusting import AdjustDraft
from domain.balance import UnapplyBalance
from domain.cash import ReceivePayment, RefundPayment
from domain.credit_note import CreditInvoice
from domain.deciders import Command
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceIssued
from domain.money import minor_exactly
from replay.billing_cases.acts import Adjust, Credit, Issue, Keep, Pay, Refund, Void
from replay.billing_cases.papers import Papers
from replay.case_format import CaseError

ByHand = Pay | Refund | Credit | Void | Keep | Adjust | Issue
# Where no more is credited than was paid and nothing of that is left, nothing is credited.
NOTHING_LEFT = "nothing-paid-to-credit"


def command(does: ByHand, papers: Papers, key: str) -> tuple[str, Command]:
    """The stream and the command that it is here."""
    when = When(effective=does.on)
    match does:
        case Refund():
            minor = minor_exactly(does.amount, papers.currency)
            stream = f"payment:{_last(papers.payments, 'payment')}"
            return stream, RefundPayment(when=when, amount_minor=minor)
        case Keep():
            invoice = _last(papers.invoices[does.invoice :][:1], "invoice")
            return f"balance:{does.balance}", UnapplyBalance(when=when, invoice=invoice)
        case Adjust():
            return _adjusted(does, papers, when)
        case Issue():
            return f"invoice:{_last([*papers.drafts], 'draft')}", IssueInvoice(when=when)
        case _:
            return _of_invoice(does, papers, key)


def _of_invoice(does: Pay | Credit | Void, papers: Papers, key: str) -> tuple[str, Command]:
    when = When(effective=does.on)
    invoice = _last(papers.invoices[:1] if does.of_first else papers.invoices, "invoice")
    issued = papers.issued(invoice)
    match does:
        case Pay():
            return f"payment:{key}", _received(does, issued, when)
        case Credit():
            return f"invoice:{invoice}", _credited(does, issued, when, key)
        case Void():
            return f"invoice:{invoice}", VoidInvoice(when=when)
        case _:
            assert_never(does)


def _last(names: list[str], what: str) -> str:
    if not names:
        raise CaseError(f"there is no {what} yet")
    return names[-1]


def _adjusted(does: Adjust, papers: Papers, when: When) -> tuple[str, Command]:
    """The line of the draft that bills the item."""
    draft = _last([*papers.drafts], "draft")
    lines = [line.line for line in papers.drafts[draft].lines if line.obligation == does.item]
    if not lines:
        raise CaseError(f"the draft has no line for {does.item}")
    return f"invoice:{draft}", AdjustDraft(
        when=when,
        line=lines[0],
        reason="as the case says",
        quantity=does.units,
        unit_amount=does.unit_amount,
    )


def is_nothing(does: ByHand, no: Rejected) -> bool:
    """Whether a refusal means that nothing is credited."""
    return isinstance(does, Credit) and no.code == NOTHING_LEFT


def _received(does: Pay, issued: InvoiceIssued, when: When) -> ReceivePayment:
    """As much as the case says, else all that the invoice asks for."""
    minor = sum(line.amount_minor for line in issued.lines)
    if does.amount is not None:
        minor = minor_exactly(does.amount, issued.currency)
    return ReceivePayment(
        when=when, customer=issued.customer, currency=issued.currency, amount_minor=minor
    )


def _credited(does: Credit, issued: InvoiceIssued, when: When, key: str) -> Command:
    minor = minor_exactly(does.amount, issued.currency)
    if does.paid is not None:
        paid = minor_exactly(does.paid, issued.currency)
        return CreditInvoice(when=when, number=key, amount_minor=minor, paid_minor=paid)
    row = CreditLine(line=_line(does, issued), amount_minor=minor)
    return IssueCredit(when=when, number=key, lines=(row,))


def _line(does: Credit, issued: InvoiceIssued) -> str:
    """The line that bills an item; where the case names none, the only one there is."""
    found = [
        line.line
        for line in issued.lines
        if line.is_charged and does.item in (None, line.obligation)
    ]
    if len(found) != 1:
        raise CaseError(f"credit: {len(found)} lines it could mean")
    return found[0]
