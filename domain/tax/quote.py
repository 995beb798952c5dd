"""The built-in engine: the table's answer to a question, exact until it is rounded once.

A place nobody told of, a code that it has no rate for, a customer without a status: each is refused
by name, since a guessed tax is worse than a document that waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import NamedTuple

from msgspec import structs

from domain.errors import Rejected
from domain.invoicing import BY_TABLE
from domain.money import rounded
from domain.tax.question import LineTax, Rounding, Taxable, TaxAnswer, TaxQuestion
from domain.tax.status import TaxStatus, levels
from domain.tax.table import TaxRate, TaxRatesSet, TaxTables
from domain.tax.taxed import Category

_NOTHING = Decimal(0)
# One tax, what prices include apart from what comes on top of them.
_Key = tuple[str, str, Decimal, Category, bool]


class Level(NamedTuple):
    """A place that is asked, with its table."""

    place: str
    table: TaxRatesSet


def quote(question: TaxQuestion, known: TaxTables) -> TaxAnswer:
    """Raises Rejected where the table has no answer."""
    if question.customer is None:
        raise Rejected("tax-status-missing", field="customer")
    place, category = _placed(question.customer, known, question.on)
    if category is not None:
        taxes = [_untaxed(line, place, category) for line in question.lines]
        return TaxAnswer(engine=BY_TABLE, taxes=tuple(taxes))
    asked = _levels(place, known, question.on)
    due = [tax for line in question.lines for tax in _of_line(line, asked)]
    return TaxAnswer(engine=BY_TABLE, taxes=tuple(_rounded(due, question.rounding)))


# --- where ----------------------------------------------------------------------------------------


def _levels(place: str, known: TaxTables, day: date) -> tuple[Level, ...]:
    """Every level must be known: one left out might have added something."""
    found = []
    for name in levels(place):
        table = known.on(name, day)
        if table is None:
            raise Rejected("unknown-jurisdiction", field="customer", jurisdiction=name)
        found.append(Level(name, table))
    return tuple(found)


def _placed(status: TaxStatus, known: TaxTables, day: date) -> tuple[str, Category | None]:
    """Where a customer is taxed, and why not, if not.

    Within a union a business declares the tax itself where the seller is not at home; anybody else
    is taxed where the seller is registered, else where it is at home.
    """
    place = status.jurisdiction
    at = _levels(place, known, day)
    if status.exemption is not None:
        return place, "exempt"
    sellers = {level.table.seller for level in at}
    union = next((level.table.union for level in at if level.table.union), None)
    others = known.of_union(union, day) if union else {}
    if "established" in sellers:
        return place, None
    if status.is_business and status.tax_id_valid and _is_seller(others.values()):
        return place, "reverse-charge"
    if "registered" in sellers:
        return place, None
    homes = [name for name, table in others.items() if table.seller == "established"]
    if len(homes) > 1:
        raise Rejected("tax-origin-unclear", field="customer", homes=homes)
    return (homes[0], None) if homes else (place, "not-registered")


def _is_seller(tables: Iterable[TaxRatesSet]) -> bool:
    return any(table.seller != "none" for table in tables)


# --- how much -------------------------------------------------------------------------------------


class Due(NamedTuple):
    """One tax on one line, exactly."""

    tax: LineTax
    exact: Fraction
    included: bool


def _untaxed(line: Taxable, place: str, category: Category) -> LineTax:
    """What is taxable is kept, also where nothing is due: returns ask for it."""
    return LineTax(
        line=line.line,
        jurisdiction=place,
        name=category,
        percent=_NOTHING,
        exact_minor=line.exact_minor,
        tax_minor=0,
        category=category,
    )


def _of_line(line: Taxable, asked: Iterable[Level]) -> Iterator[Due]:
    rates = [(level.place, _rate(line, level)) for level in asked if level.table.rates]
    net = line.exact_minor
    if line.includes_tax:
        net /= 1 + sum((Fraction(rate.percent) / 100 for _, rate in rates), Fraction(0))
    for place, rate in rates:
        tax = LineTax(
            line=line.line,
            jurisdiction=place,
            name=rate.name,
            percent=rate.percent,
            exact_minor=net,
            tax_minor=0,
            category="taxed" if rate.percent else rate.at_zero,
        )
        yield Due(tax, net * Fraction(rate.percent) / 100, line.includes_tax)


def _rate(line: Taxable, level: Level) -> TaxRate:
    """A rate for other codes says nothing about this one, nor about a line without any."""
    rate = level.table.rate(line.code)
    if rate is None and line.code is None:
        raise Rejected("tax-code-missing", field="lines.tax_code", line=line.line)
    if rate is None:
        raise Rejected(
            "tax-code-unknown",
            field="lines.tax_code",
            line=line.line,
            tax_code=line.code,
            jurisdiction=level.place,
        )
    return rate


def _rounded(due: Sequence[Due], rounding: Rounding) -> Iterator[LineTax]:
    """Tax by tax, in an order that does not rest on that of the lines."""
    taxes: dict[_Key, list[Due]] = {}
    for one in due:
        tax = one.tax
        key = (tax.jurisdiction, tax.name, tax.percent, tax.category, one.included)
        taxes.setdefault(key, []).append(one)
    rows = [taxes[key] for key in sorted(taxes)]
    together = [[one for own in rows for one in own]] if rounding == "document" else rows
    for own in together:
        minors = _minors([one.exact for one in own], rounding)
        for one, minor in zip(own, minors, strict=True):
            yield structs.replace(one.tax, tax_minor=minor)


def _minors(exact: Sequence[Fraction], rounding: Rounding) -> list[int]:
    """Where a sum is rounded once, each amount is what it adds to the rounded sum."""
    if rounding == "line":
        return [rounded(one) for one in exact]
    marks = [rounded(mark) for mark in accumulate(exact, initial=Fraction(0))]
    return [after - before for before, after in pairwise(marks)]
