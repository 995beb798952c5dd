"""What tax tables call what a line sells: by its price, else by the product of its price.

A line that is for several prices goes by what was sold of its item on its days. Where these go by
different codes nobody can say what the line is, so it is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from msgspec import structs

from domain.errors import Rejected
from domain.invoice_facts import InvoiceLine
from domain.master import MasterData
from domain.price import PriceVersion, version_of
from domain.terms import Terms

# A tax code, and whether the price includes the tax.
Coded = tuple[str | None, bool]
_UNCODED: Coded = (None, False)


def coded(
    lines: Iterable[InvoiceLine], sold: Mapping[str, Terms], master: MasterData
) -> tuple[InvoiceLine, ...]:
    """The lines as they are asked about; one that says its code keeps it. Raises Rejected."""
    return tuple(_coded(line, sold, master) for line in lines)


def _coded(line: InvoiceLine, sold: Mapping[str, Terms], master: MasterData) -> InvoiceLine:
    if line.tax_code is not None or not line.is_charged:
        return line
    found = {_of_version(one, master) for one in _versions(line, sold, master)} or {_UNCODED}
    if len(found) > 1:
        codes = sorted(code or "" for code, _ in found)
        raise Rejected("tax-code-unclear", field="lines", line=line.line, codes=codes)
    code, includes_tax = found.pop()
    return structs.replace(line, tax_code=code, includes_tax=line.includes_tax or includes_tax)


def _of_version(version: PriceVersion, master: MasterData) -> Coded:
    price = version.price
    product = master.products.get(price.product or "")
    return price.tax_code or (product.tax_code if product else None), price.includes_tax


def _versions(
    line: InvoiceLine, sold: Mapping[str, Terms], master: MasterData
) -> Iterator[PriceVersion]:
    if line.price is not None:
        version = master.version(line.price)
        if version is not None:
            yield version
        return
    terms = sold.get(line.subscription or "")
    if terms is None:
        return
    begin = line.service_from or date.min
    end = line.service_to or date.max
    for stretch in terms.stretches:
        of_item = line.obligation in {None, stretch.item}
        if of_item and stretch.start < end and begin <= stretch.end:
            day = max(stretch.start, begin)
            version = version_of(stretch.price, day, master.prices)
            if version is not None:
                yield version
