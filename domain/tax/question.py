"""What a document asks of whoever knows its tax, and what the answer says, line by line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from domain.tax.status import TaxStatus
from domain.tax.taxed import Category

Rounding = Literal["document", "rate", "line"]


class Taxable(Struct, frozen=True, kw_only=True):
    """A line of the document: its exact amount in minor units, less the coupons on it."""

    line: str
    exact_minor: Fraction
    code: str | None = None
    includes_tax: bool = False


class TaxQuestion(Struct, frozen=True, kw_only=True):
    """What tax is due on a document of a day to a customer of which only the status is told."""

    document: str
    currency: str
    on: date
    customer: TaxStatus | None
    lines: tuple[Taxable, ...]
    rounding: Rounding = "document"


class LineTax(Struct, frozen=True, kw_only=True):
    """One tax on one line. The amounts of one tax over all lines sum to what the document charges.

    `exact_minor` is what is taxed: of a line that includes its tax, what is left without it.
    """

    line: str
    jurisdiction: str
    name: str
    percent: Decimal
    exact_minor: Fraction
    tax_minor: int
    category: Category = "taxed"


class TaxAnswer(Struct, frozen=True, kw_only=True):
    """Every tax on every line of a question; `engine` said it, under its `reference`."""

    engine: str
    taxes: tuple[LineTax, ...]
    reference: str = ""
