"""The taxes of a case: the rates it states, the place they are of, and who is taxed where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from domain.deciders import Command
from domain.facts import When
from domain.tax.status import TaxStatus
from domain.tax.table import SetTaxRates, TaxRate
from replay.billing_cases.fields import Given
from replay.billing_cases.phrases import Elections
from replay.billing_cases.sold import Offer, Sale
from replay.billing_cases.words import number
from replay.case_format import CaseError

# A case that does not say where it is taxed is so in a place that ISO 3166 leaves to its users.
SOMEWHERE = "ZZ"
UNION = "UNION"
# `DE business, cross-border`: what stands behind the comma follows from where the seller is.
BUYER = re.compile(r"([A-Z]{2}) (business|consumer)(, cross-border)?")


class Buyer(Struct, frozen=True, kw_only=True):
    """A customer of the case, and where it is taxed as what; none where the case has no tax."""

    customer: str
    status: TaxStatus | None


def home(elected: Elections) -> str:
    """Where the seller is, and whoever the case says nothing of."""
    return elected.tax_place or SOMEWHERE


def buyer(told: str) -> Buyer:
    """`FR business`: the country, and whether it is a business, whose tax id is valid."""
    found = BUYER.fullmatch(told)
    if found is None:
        raise CaseError(f"unknown customer {told}")
    is_business = found[2] == "business"
    status = TaxStatus(jurisdiction=found[1], is_business=is_business, tax_id_valid=is_business)
    return Buyer(customer=f"{found[1]}-{found[2]}", status=status)


def percent_of(sale: Sale, given: Given, elected: Elections) -> Decimal | None:
    """At how much it is taxed: as its price says, else as the case does, else its policy."""
    if sale.tax_percent is not None:
        return sale.tax_percent
    if "tax_percent" in given.more:
        return number(given.more["tax_percent"], "facts.tax_percent")
    return None if elected.tax_percent is None else Decimal(elected.tax_percent)


def code(percent: Decimal | None) -> str | None:
    """What the tax table calls all that is taxed at a rate."""
    return None if percent is None else f"at-{percent}"


def percents(given: Given, elected: Elections, offers: dict[str, Offer]) -> tuple[Decimal, ...]:
    """Every rate that anything of the case is taxed at."""
    sales = (sale for offered in offers.values() for sale in offered.sales())
    found = dict.fromkeys(percent_of(sale, given, elected) for sale in sales)
    return tuple(percent for percent in found if percent is not None)


def tables(
    elected: Elections, rates: tuple[Decimal, ...], buyers: dict[str, Buyer], when: When
) -> Iterator[tuple[str, Command]]:
    """All rates where the seller is; other places have none of their own."""
    here = home(elected)
    named = {one.status.jurisdiction for one in buyers.values() if one.status is not None}
    others = sorted(named - {here})
    rows = tuple(TaxRate(name="tax", percent=percent, code=code(percent)) for percent in rates)
    union = UNION if others else None
    yield f"tax:{here}", SetTaxRates(when=when, rates=rows, seller="established", union=union)
    for place in others:
        yield f"tax:{place}", SetTaxRates(when=when, union=UNION)
