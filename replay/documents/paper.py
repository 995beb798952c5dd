"""What stands on a document, before it is put into any language: lines, taxes, totals, references.

Pure: from facts as known at one position. Lines, taxes and what stands below them add up to the
total, whatever their kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Literal

from msgspec import Struct

from domain.currency import exponent
from domain.decimals import EXACT
from domain.draft import Drafting, drafting
from domain.facts import Fact
from domain.invoice_facts import (
    CreditIssued,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
)
from domain.money import rounded
from domain.price import Prices, version_named
from domain.pricing import PerUnit

# Of a payment what did not come in and settles all the same: tax withheld, a fee, a discount.
DEDUCTION = "deduction"

Kind = Literal["invoice", "draft", "credit-note", "debit-note"]


class Reference(Struct, frozen=True, kw_only=True):
    """Another document, by its number and date."""

    number: str
    on: date


class PaperLine(Struct, frozen=True, kw_only=True):
    """A line with its amount; `unit_amount` only where the price is one amount a unit.

    `is_part`: quantity times price is more or less than the amount, as for a part of a period.
    `taxable_minor`: what a tax is on, to the nearest minor unit; a credit note repeats tax without.
    """

    line: InvoiceLine
    amount_minor: int
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    is_part: bool = False
    taxable_minor: int | None = None


class Credited(Struct, frozen=True, kw_only=True):
    """A credit note on the invoice."""

    note: Reference
    minor: int


class Paper(Struct, frozen=True, kw_only=True):
    """One document. `lines`, `taxes` and `others` each add up to a part of `total_minor`."""

    kind: Kind
    invoice: str
    number: str | None
    customer: str
    currency: str
    on: date
    due_on: date | None
    lines: tuple[PaperLine, ...]
    taxes: tuple[PaperLine, ...]
    others: tuple[PaperLine, ...]
    credited: tuple[Credited, ...] = ()
    paid_minor: int = 0
    deducted_minor: int = 0
    void_on: date | None = None
    credits: Reference | None = None
    replaces: Reference | None = None
    debits: Reference | None = None
    tax_point: date | None = None

    @property
    def net_minor(self) -> int:
        return _sum(self.lines)

    @property
    def total_minor(self) -> int:
        return sum(map(_sum, (self.lines, self.taxes, self.others)))

    @property
    def voided_minor(self) -> int:
        """What a void has taken back."""
        return self._left_minor if self.void_on else 0

    @property
    def open_minor(self) -> int:
        """What is still to be paid; below zero what was paid too much."""
        return self._left_minor - self.voided_minor - self.paid_minor - self.deducted_minor

    @property
    def _left_minor(self) -> int:
        return self.total_minor - sum(row.minor for row in self.credited)


class Known(Struct, frozen=True, kw_only=True):
    """What papers of one entity are made of, beside the facts of their own streams.

    `settled` is by invoice what has settled it, kind by kind; `issued` the invoices others
    refer to.
    """

    prices: Prices
    settled: Mapping[str, Mapping[str, int]]
    issued: Mapping[str, Reference]


def paper(facts: Sequence[Fact], known: Known, credit: str | None = None) -> Paper | None:
    """The invoice of a stream's facts (known, in effective order), else its draft, or one of its
    credit notes; none if there is no such document.
    """
    issued = next((fact for fact in facts if isinstance(fact.event, InvoiceIssued)), None)
    if credit is not None:
        return None if issued is None else _credit_note(facts, issued, credit)
    if issued is not None:
        return _invoice(facts, issued, known)
    draft = reduce(drafting, facts, Drafting()).draft
    return None if draft is None else _draft(draft, _name(facts[0]), known)


def _invoice(facts: Sequence[Fact], issued: Fact, known: Known) -> Paper:
    event, name = issued.event, _name(issued)
    assert isinstance(event, InvoiceIssued)
    lines, taxes, others = _parts(_lines(event.lines, event.currency, known.prices))
    settled = known.settled.get(name, {})
    void = next((fact for fact in facts if isinstance(fact.event, InvoiceVoided)), None)
    return Paper(
        kind="debit-note" if event.debits else "invoice",
        invoice=name,
        number=event.number,
        customer=event.customer,
        currency=event.currency,
        on=issued.when.effective,
        due_on=event.due_on,
        lines=lines,
        taxes=taxes,
        others=others,
        credited=tuple(_credited(event, facts, void)),
        paid_minor=sum(settled.values()) - settled.get(DEDUCTION, 0),
        deducted_minor=settled.get(DEDUCTION, 0),
        void_on=void.when.effective if void else None,
        replaces=known.issued.get(event.replaces or ""),
        debits=known.issued.get(event.debits or ""),
        tax_point=event.tax_point,
    )


def _draft(event: InvoiceDrafted, name: str, known: Known) -> Paper:
    lines, taxes, others = _parts(_lines(event.lines, event.currency, known.prices))
    return Paper(
        kind="draft",
        invoice=name,
        number=None,
        customer=event.customer,
        currency=event.currency,
        on=event.when.effective,
        due_on=event.due_on,
        lines=lines,
        taxes=taxes,
        others=others,
    )


def _credit_note(facts: Sequence[Fact], issued: Fact, number: str) -> Paper | None:
    event = issued.event
    assert isinstance(event, InvoiceIssued)
    for fact, credit in _credit_notes(facts):
        if credit.number == number:
            rows = {line.line: line for line in event.lines}
            taken = (
                PaperLine(line=rows[cut.line], amount_minor=cut.amount_minor)
                for cut in credit.lines
                if cut.line in rows
            )
            lines, taxes, others = _parts(taken)
            return Paper(
                kind="credit-note",
                invoice=_name(issued),
                number=number,
                customer=event.customer,
                currency=event.currency,
                on=fact.when.effective,
                due_on=None,
                lines=lines,
                taxes=taxes,
                others=others,
                credits=Reference(number=event.number, on=issued.when.effective),
            )
    return None


def _credit_notes(facts: Iterable[Fact]) -> Iterator[tuple[Fact, CreditIssued]]:
    for fact in facts:
        if isinstance(fact.event, CreditIssued):
            yield fact, fact.event


def _credited(
    issued: InvoiceIssued, facts: Sequence[Fact], void: Fact | None
) -> Iterator[Credited]:
    """The credit notes before a void, which takes back what they left."""
    names = {line.line for line in issued.lines}
    for fact, credit in _credit_notes(facts[: facts.index(void)] if void else facts):
        note = Reference(number=credit.number, on=fact.when.effective)
        yield Credited(
            note=note, minor=sum(cut.amount_minor for cut in credit.lines if cut.line in names)
        )


def _lines(lines: Sequence[InvoiceLine], currency: str, prices: Prices) -> Iterator[PaperLine]:
    for line in _each_followed_by_those_beside(lines):
        unit = _unit_amount(line, prices)
        yield PaperLine(
            line=line,
            amount_minor=line.amount_minor,
            quantity=line.quantity,
            unit_amount=unit,
            is_part=unit is not None and not _multiplies(line, unit, currency),
            taxable_minor=_taxable_minor(line),
        )


def _each_followed_by_those_beside(lines: Sequence[InvoiceLine]) -> Iterator[InvoiceLine]:
    names = {line.line for line in lines}
    beside: dict[str, list[InvoiceLine]] = {}
    for line in lines:
        if line.of_line in names and line.of_line != line.line:
            beside.setdefault(line.of_line or "", []).append(line)
    apart = {line.line for rows in beside.values() for line in rows}
    for line in lines:
        if line.line not in apart:
            yield line
            yield from beside.get(line.line, ())


def _unit_amount(line: InvoiceLine, prices: Prices) -> Decimal | None:
    """What one unit costs: as the line says, else by its price if that is alike for every unit."""
    if line.quantity is None:
        return None
    if line.unit_amount is not None:
        return line.unit_amount
    version = version_named(line.price, prices) if line.price and not line.discount else None
    model = version.price.model if version else None
    return model.unit_amount if isinstance(model, PerUnit) else None


def _taxable_minor(line: InvoiceLine) -> int | None:
    if line.tax is None:
        return None
    return rounded(sum((Fraction(part.taxable_minor) for part in line.tax.parts), Fraction()))


def _multiplies(line: InvoiceLine, unit: Decimal, currency: str) -> bool:
    """Whether the amount is the product, rounded in whatever way."""
    assert line.quantity is not None, line
    product = EXACT.scaleb(EXACT.multiply(line.quantity, unit), exponent(currency))
    return abs(product - line.amount_minor) < 1


def _parts(
    lines: Iterable[PaperLine],
) -> tuple[tuple[PaperLine, ...], tuple[PaperLine, ...], tuple[PaperLine, ...]]:
    """What is sold with what stands beside it; tax; all else."""
    sold, taxes, others = list[PaperLine](), list[PaperLine](), list[PaperLine]()
    for row in lines:
        if row.line.is_for_service:
            sold.append(row)
        else:
            (taxes if row.line.kind == "tax" else others).append(row)
    return tuple(sold), tuple(taxes), tuple(others)


def _sum(lines: Iterable[PaperLine]) -> int:
    return sum(line.amount_minor for line in lines)


def _name(fact: Fact) -> str:
    return fact.stream.partition(":")[2]
