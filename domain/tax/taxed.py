"""What a tax line says: which tax of which place, at which rate, on what of which lines.

It is kept with the line, so that a credit note can repeat the tax of what it credits and a return
can be filed from the facts, also where nothing was due: a taxable amount at 0 is still reported.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Category = Literal["taxed", "zero-rated", "exempt", "reverse-charge", "not-registered"]
# Nothing is due in these, whatever the rates of a place say.
WITHOUT_TAX: frozenset[Category] = frozenset(
    {"zero-rated", "exempt", "reverse-charge", "not-registered"}
)


class TaxPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the same document and what of it is taxed, in minor units, to any place."""

    line: str
    taxable_minor: Decimal


class TaxedAt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tax of one place at one rate, and all the parts of the document under it."""

    jurisdiction: str
    name: str
    percent: Decimal
    parts: tuple[TaxPart, ...]
    category: Category = "taxed"
