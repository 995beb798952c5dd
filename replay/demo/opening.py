"""Before the first month: the group's catalogue, and each country's entity, calendar and book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.books import OpenBook
from domain.calendar import months
from domain.catalogue import DefineProduct
from domain.entity import DefineCalendar, IdentifyEntity, OpenEntity
from domain.facts import When
from domain.invoicing import AdoptInvoicing, CreditTo, InvoicingOptions
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from replay.demo.company import BOOK, FIRST, GROUP, Country, Size, ask
from replay.demo.lives import RAISED
from replay.demo.people import LANGUAGE, REGIONS
from replay.demo.price_list import METERS, PRODUCTS, RATES, price_id, prices, raised
from replay.demo.taxes import SERVICES, tables
from store.party import Party
from store.request import Request

WHEN = When(effective=FIRST)
# Under which id the vault keeps who sells.
SELLER = "seller"
# Days overdue of each step.
REMINDED = "7,21,45"
# Where money goes that a credit note sets free; who is not named here sets it off.
CREDITS_TO: dict[str, CreditTo] = {"tideway-eu": "balance", "tideway-jp": "refund"}
# Who must show that the tax of each rate is its rate of its base.
BY_RATE = frozenset({"tideway-eu"})


def of_group() -> Iterator[Request]:
    """The group's log holds the price list, from which every country adopts."""
    group = OpenEntity(when=WHEN, name="Tideway Group", functional_currency="USD")
    yield ask(GROUP, "entity:self", "open", group)
    for product, name in PRODUCTS.items():
        code = SERVICES if product == SERVICES else None
        command = DefineProduct(when=WHEN, name=name, tax_code=code)
        yield ask(GROUP, f"product:{product}", "define", command)
    for name, meter in METERS.items():
        yield ask(GROUP, f"meter:{name}", "define", DefineMeter(when=WHEN, **meter.fields))
    for currency in RATES:
        for name, fields in prices(currency):
            stream = f"price:{price_id(name, currency)}"
            yield ask(GROUP, stream, "set", SetPrice(when=WHEN, **fields))
        name, fields = raised(currency)
        stream = f"price:{price_id(name, currency)}"
        yield ask(GROUP, stream, "raise", SetPrice(when=When(effective=RAISED), **fields))


def of_country(country: Country, size: Size, kept: Mapping[str, Party]) -> Iterator[Request]:
    """The entity, its calendar a year beyond the story, its book, how it invoices and what tax is
    due, and the parent of some. `kept`: who is in the vault, by the ids of the vault.
    """
    opened = OpenEntity(
        when=WHEN,
        name=country.name,
        functional_currency=country.currency,
        zone=country.zone,
        group=GROUP,
    )
    calendar = DefineCalendar(when=WHEN, periods=months(FIRST, size.months + 13))
    seller, above = kept[SELLER], kept[country.holding]
    language = LANGUAGE[country.entity]
    known = IdentifyEntity(when=WHEN, party=seller.id, party_digest=seller.digest, locale=language)
    holding = RegisterCustomer(
        when=WHEN,
        currency=country.currency,
        party=above.id,
        party_digest=above.digest,
        locale=language,
        tax=REGIONS[country.entity][0].tax,
    )
    yield ask(country.entity, "entity:self", "open", opened)
    yield ask(country.entity, "entity:self", "calendar", calendar)
    yield ask(country.entity, "entity:self", "identify", known)
    yield ask(country.entity, f"book:{BOOK}", "open", OpenBook(when=WHEN, name=BOOK))
    yield ask(country.entity, "invoicing:self", "adopt", _invoicing(country))
    for place, table in tables(country.entity):
        yield ask(country.entity, f"tax:{place}", "set", table)
    yield ask(country.entity, f"customer:{country.holding}", "register", holding)


def _invoicing(country: Country) -> AdoptInvoicing:
    """Numbers without gaps, tax by the table, three reminders."""
    options = InvoicingOptions(
        tax="table",
        tax_rounding="rate" if country.entity in BY_RATE else "document",
        series=f"{country.place}-{{year}}-",
        credit_series=f"{country.place}-C-{{year}}-",
        credits_to=CREDITS_TO.get(country.entity, "offset"),
        dunning=REMINDED,
    )
    return AdoptInvoicing(when=WHEN, options=options)
