"""The tax of the documents of a run: an invoice without an answer is not issued, but carried.

It waits under its reason for the next run, which asks again. A credit note asks nothing: it repeats
the tax of the lines it credits.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from msgspec import structs

from domain.errors import Rejected
from domain.invoice import IssueInvoice
from domain.invoicing import NO_TAX
from domain.master import MasterData
from domain.party import CustomerState
from domain.statement.coding import coded
from domain.statement.documents import Bill, Carried, Document
from domain.tax.papers import Ask, Paper, Taxed, taxed
from domain.terms import Terms

AWAITING_TAX = "awaiting-tax"


class Sellers(NamedTuple):
    """What is told of documents beside their lines: what was sold, to whom, what it is called."""

    sold: Mapping[str, Terms]
    customers: Mapping[str, CustomerState]
    master: MasterData


def with_tax(bill: Bill, sellers: Sellers, ask: Ask) -> Bill:
    """The same documents with their tax; those whose tax nobody can say are carried."""
    known: dict[str, Taxed | Rejected] = {}
    papers: list[Paper] = []
    for document in bill.documents:
        if _asks(document, sellers.master):
            try:
                papers.append(_paper(document, sellers))
            except Rejected as refusal:
                known[document.stream] = refusal
    known |= taxed(papers, sellers.master.invoicing_on, ask)
    issued: list[Document] = []
    held: list[Carried] = []
    for document in bill.documents:
        found = known.get(document.stream)
        if isinstance(found, Rejected):
            held.append(_held(document, found))
        else:
            issued.append(document if found is None else _with(document, found))
    return structs.replace(bill, documents=tuple(issued), carried=(*bill.carried, *held))


def _asks(document: Document, master: MasterData) -> bool:
    """Whether tax is anybody's to say on it: an invoice, of a day on which tax is elected."""
    on = document.command.when.effective
    return isinstance(document.command, IssueInvoice) and master.invoicing_on(on).tax != NO_TAX


def _paper(document: Document, sellers: Sellers) -> Paper:
    command = document.command
    assert isinstance(command, IssueInvoice), document
    day, customer = command.when.effective, sellers.customers.get(document.customer)
    return Paper(
        document=document.stream,
        currency=document.currency,
        on=day,
        customer=customer.tax_status(day) if customer else None,
        lines=coded(command.lines, sellers.sold, sellers.master),
        exact_minor={name: Fraction(*ratio) for name, ratio in document.exact_minor.items()},
    )


def _with(document: Document, found: Taxed) -> Document:
    if not isinstance(document.command, IssueInvoice):
        return document
    return structs.replace(
        document,
        command=structs.replace(document.command, lines=found.lines, taxed_by=found.by),
        total_minor=sum(line.amount_minor for line in found.lines),
    )


def _held(document: Document, refusal: Rejected) -> Carried:
    return Carried(
        customer=document.customer,
        currency=document.currency,
        minor=document.total_minor,
        reason=AWAITING_TAX,
        document=document.stream,
        code=refusal.code,
        detail=", ".join(f"{name} {value}" for name, value in sorted(refusal.context.items())),
    )
