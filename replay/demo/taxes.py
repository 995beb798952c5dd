"""The tax tables of Tideway's companies: examples of how tables are told, not what any law says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.facts import When
from domain.tax.table import SetTaxRates, TaxRate
from replay.demo.company import FIRST

# The product of the price list that has a rate of its own in some places.
SERVICES = "services"


def _rates(name: str, percent: str, services: str | None = None) -> tuple[TaxRate, ...]:
    """One rate, and that of services where it is another."""
    own = percent if services is None else services
    return (
        TaxRate(name=name, percent=Decimal(percent)),
        TaxRate(name=name, percent=Decimal(own), code=SERVICES, at_zero="exempt"),
    )


# By legal entity and place. Who sells in a place without being known there charges nothing.
_TABLES: dict[str, dict[str, SetTaxRates]] = {
    "tideway-us": {
        "US": SetTaxRates(when=When(effective=FIRST)),
        "US-CA": SetTaxRates(
            when=When(effective=FIRST), rates=_rates("Sales tax", "7.25", "0"), seller="registered"
        ),
        "US-NY": SetTaxRates(
            when=When(effective=FIRST), rates=_rates("Sales tax", "4", "0"), seller="registered"
        ),
        "US-NY-NYC": SetTaxRates(
            when=When(effective=FIRST), rates=_rates("City tax", "4.5", "0"), seller="registered"
        ),
        "US-OR": SetTaxRates(when=When(effective=FIRST)),
    },
    "tideway-eu": {
        "DE": SetTaxRates(
            when=When(effective=FIRST),
            rates=_rates("USt.", "19"),
            seller="established",
            union="EU",
        ),
        "FR": SetTaxRates(when=When(effective=FIRST), rates=_rates("TVA", "20"), union="EU"),
        "CH": SetTaxRates(when=When(effective=FIRST), rates=_rates("MWST", "8.1")),
    },
    "tideway-jp": {
        "JP": SetTaxRates(
            when=When(effective=FIRST), rates=_rates("消費税", "10"), seller="established"
        ),
    },
    "tideway-kw": {
        "KW": SetTaxRates(when=When(effective=FIRST), seller="established"),
        "BH": SetTaxRates(when=When(effective=FIRST), rates=_rates("VAT", "10")),
    },
}


def tables(entity: str) -> Iterator[tuple[str, SetTaxRates]]:
    """Each place with its table, the wider places first."""
    yield from _TABLES[entity].items()
