"""What tax the documents of an invoice charge and give back, each on its own day.

An invoice counts on its tax point, a credit note and a void on theirs. What is taxable moves with
the tax, also where none is due; so that a void closes to nothing, shares are rounded cumulatively.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.credit_note import NOTHING, credited_shares
from domain.facts import Fact
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.money import rounded
from domain.tax.taxed import Category

# What stands of each tax line: taxable and tax, in minor units.
_Standing = Mapping[str, tuple[int, int]]
_NOTHING: _Standing = {}


class TaxMoved(Struct, frozen=True, kw_only=True):
    """One tax on one document: below zero what a credit note or a void takes back."""

    position: int
    number: str
    day: date
    currency: str
    jurisdiction: str
    name: str
    percent: Decimal
    category: Category
    taxable_minor: int
    tax_minor: int


def tax_moved(facts: Sequence[Fact]) -> Iterator[TaxMoved]:
    """Of the facts of one invoice that are in force, in effective order."""
    issued = next((fact for fact in facts if isinstance(fact.event, InvoiceIssued)), None)
    if issued is None:
        return
    document = issued.event
    assert isinstance(document, InvoiceIssued), issued
    number, credited = document.number, dict[str, int]()
    stands = _standing(document, credited)
    day = document.tax_point or issued.when.effective
    yield from _between(issued, document, number, day, _NOTHING, stands)
    for fact in facts:
        before, day = stands, fact.when.effective
        match fact.event:
            case CreditIssued():
                for row in fact.event.lines:
                    credited[row.line] = credited.get(row.line, 0) + row.amount_minor
                stands = _standing(document, credited)
                yield from _between(fact, document, fact.event.number, day, before, stands)
            case InvoiceVoided():
                yield from _between(fact, document, number, day, before, _NOTHING)
                return
            case _:
                pass


def _standing(document: InvoiceIssued, credited: Mapping[str, int]) -> _Standing:
    shares = credited_shares(document.lines, credited)
    return {
        line.line: (_taxable_left(line, shares), line.amount_minor - credited.get(line.line, 0))
        for line in document.lines
        if line.kind == "tax"
    }


def _taxable_left(line: InvoiceLine, shares: Mapping[str, Fraction]) -> int:
    """What is taxable of the parts that are not credited."""
    parts = line.tax.parts if line.tax else ()
    left = (Fraction(part.taxable_minor) * (1 - shares.get(part.line, NOTHING)) for part in parts)
    return rounded(sum(left, NOTHING))


def _between(
    fact: Fact,
    document: InvoiceIssued,
    number: str,
    day: date,
    before: _Standing,
    after: _Standing,
) -> Iterator[TaxMoved]:
    """What a document moved, tax line by tax line; one of an outside system may not say which."""
    for line in document.lines:
        (taxable_was, tax_was), (taxable, tax) = (
            stands.get(line.line, (0, 0)) for stands in (before, after)
        )
        if line.kind != "tax" or (taxable_was, tax_was) == (taxable, tax):
            continue
        at = line.tax
        yield TaxMoved(
            position=fact.position,
            number=number,
            day=day,
            currency=document.currency,
            jurisdiction=at.jurisdiction if at else "",
            name=at.name if at else "",
            percent=at.percent if at else Decimal(0),
            category=at.category if at else "taxed",
            taxable_minor=taxable - taxable_was,
            tax_minor=tax - tax_was,
        )
