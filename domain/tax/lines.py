"""From the lines of a document to a question about its tax, and from the answer to its tax lines.

A tax has one line for all it is due on; what a price includes is taken out of the line it is in, so
that what is earned is without tax and what the customer pays stays the price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import count

from domain.invoice_facts import InvoiceLine
from domain.money import decimal_of
from domain.tax.question import LineTax, Taxable, TaxAnswer
from domain.tax.taxed import Category, TaxedAt, TaxPart

# What a tax line keeps of what it was worked out on, where that is a fraction.
PLACES = 12
# One tax, apart by whether prices include it.
_Key = tuple[str, str, Decimal, Category, bool]


def taxable(
    lines: Iterable[InvoiceLine], exact_minor: Mapping[str, Fraction] | None = None
) -> tuple[Taxable, ...]:
    """What is sold, each line less what stands beside it: coupons come before tax.

    `exact_minor` has the exact net of lines whose coupons are shares that were rounded.
    """
    rows = [line for line in lines if line.is_for_service]
    known = exact_minor or {}
    beside: dict[str, int] = {}
    for line in rows:
        if line.is_beside and line.of_line is not None:
            beside[line.of_line] = beside.get(line.of_line, 0) + line.amount_minor
    found = (
        Taxable(
            line=line.line,
            exact_minor=known.get(
                line.line, Fraction(line.amount_minor + beside.get(line.line, 0))
            ),
            code=line.tax_code,
            includes_tax=line.includes_tax,
        )
        for line in rows
        if not line.is_beside
    )
    return tuple(one for one in found if one.exact_minor)


def has_tax(lines: Iterable[InvoiceLine]) -> bool:
    """Whether a document already says what its tax is."""
    return any(line.kind == "tax" for line in lines)


def tax_lines(answer: TaxAnswer, lines: Sequence[InvoiceLine]) -> tuple[InvoiceLine, ...]:
    """What an answer adds to the lines of a document, under ids that none of them has."""
    by_id = {line.line: line for line in lines}
    taken = set(by_id)
    taxes: dict[_Key, list[LineTax]] = {}
    included: dict[str, int] = {}
    for tax in answer.taxes:
        is_included = by_id[tax.line].includes_tax
        key = (tax.jurisdiction, tax.name, tax.percent, tax.category, is_included)
        taxes.setdefault(key, []).append(tax)
        if is_included:
            included[tax.line] = included.get(tax.line, 0) + tax.tax_minor
    taken_out = (_taken_out(by_id[name], minor, taken) for name, minor in included.items() if minor)
    return (*taken_out, *(_tax_line(key, own, taken) for key, own in taxes.items()))


def _taken_out(line: InvoiceLine, minor: int, taken: set[str]) -> InvoiceLine:
    """The part of a price that is tax moves what the line earns, over the same service."""
    return InvoiceLine(
        line=_free("included", taken),
        amount_minor=-minor,
        kind="included-tax",
        of_line=line.line,
        service_from=line.service_from,
        service_to=line.service_to,
        subscription=line.subscription,
        contract=line.contract,
        obligation=line.obligation,
    )


def _tax_line(key: _Key, own: Sequence[LineTax], taken: set[str]) -> InvoiceLine:
    jurisdiction, name, percent, category, _ = key
    return InvoiceLine(
        line=_free("tax", taken),
        amount_minor=sum(tax.tax_minor for tax in own),
        kind="tax",
        tax=TaxedAt(
            jurisdiction=jurisdiction,
            name=name,
            percent=percent,
            category=category,
            parts=tuple(_parts(own)),
        ),
    )


def _parts(own: Iterable[LineTax]) -> Iterator[TaxPart]:
    for tax in own:
        yield TaxPart(line=tax.line, taxable_minor=decimal_of(tax.exact_minor, PLACES))


def _free(begins: str, taken: set[str]) -> str:
    names = (f"{begins}-{number}" for number in count(1))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name
