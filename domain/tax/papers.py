"""The tax of documents before they go out: asked for all at once, and put on each.

A document whose tax nobody can say gets a refusal by name, and waits. One that states its tax, or
has nothing to tax, needs no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from domain.errors import Rejected
from domain.invoice_facts import InvoiceLine, TaxedBy
from domain.invoicing import NO_TAX, InvoicingOptions
from domain.tax.lines import has_tax, tax_lines, taxable
from domain.tax.question import TaxAnswer, TaxQuestion
from domain.tax.status import TaxStatus

Answer = TaxAnswer | Rejected
# Who knows the tax, by the name that the entity elected.
Ask = Callable[[str, Sequence[TaxQuestion]], Sequence[Answer]]
Elections = Callable[[date], InvoicingOptions]


class Paper(Struct, frozen=True, kw_only=True):
    """A document as it would go out but for its tax, its lines under their tax codes.

    `exact_minor`: the exact net of lines whose coupons are shares that were rounded.
    """

    document: str
    currency: str
    on: date
    customer: TaxStatus | None
    lines: tuple[InvoiceLine, ...]
    exact_minor: Mapping[str, Fraction] = {}


class Taxed(NamedTuple):
    """The lines of a document with its tax, and who said it, where anybody was asked."""

    lines: tuple[InvoiceLine, ...]
    by: TaxedBy | None = None


def taxed(papers: Iterable[Paper], elected: Elections, ask: Ask) -> dict[str, Taxed | Rejected]:
    """Each document by its name: with its tax, or why there is none to say."""
    found: dict[str, Taxed | Rejected] = {}
    open_ones: dict[str, list[tuple[Paper, TaxQuestion]]] = {}
    for paper in papers:
        options = elected(paper.on)
        if options.tax == NO_TAX or has_tax(paper.lines):
            found[paper.document] = Taxed(paper.lines)
            continue
        question = _question(paper, options)
        if question.lines:
            open_ones.setdefault(options.tax, []).append((paper, question))
        else:
            found[paper.document] = Taxed(paper.lines, TaxedBy(engine=options.tax))
    for engine, own in open_ones.items():
        found.update(_answered(engine, own, ask))
    return found


def _question(paper: Paper, options: InvoicingOptions) -> TaxQuestion:
    return TaxQuestion(
        document=paper.document,
        currency=paper.currency,
        on=paper.on,
        customer=paper.customer,
        lines=taxable(paper.lines, paper.exact_minor),
        rounding=options.tax_rounding,
    )


def _answered(
    engine: str, own: Sequence[tuple[Paper, TaxQuestion]], ask: Ask
) -> Iterator[tuple[str, Taxed | Rejected]]:
    answers = ask(engine, [question for _, question in own])
    for (paper, _), answer in zip(own, answers, strict=True):
        if isinstance(answer, Rejected):
            yield paper.document, answer
            continue
        lines = (*paper.lines, *tax_lines(answer, paper.lines))
        total = sum(line.amount_minor for line in lines)
        if total < 0:
            yield paper.document, Rejected("negative-invoice", field="lines", with_tax_minor=total)
            continue
        yield paper.document, Taxed(lines, TaxedBy(engine=engine, reference=answer.reference))
