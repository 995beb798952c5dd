"""Before the first month: the group's catalogue, and each country's entity, calendar and book."""

from __future__ import annotations

from collections.abc import Iterator

from domain.books import OpenBook
from domain.calendar import months
from domain.catalogue import DefineProduct
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from replay.demo.company import BOOK, FIRST, GROUP, Country, Size, ask
from replay.demo.lives import RAISED
from replay.demo.price_list import METERS, PRODUCTS, RATES, price_id, prices, raised
from store.request import Request

WHEN = When(effective=FIRST)


def of_group() -> Iterator[Request]:
    """The group's log holds the price list, from which every country adopts."""
    group = OpenEntity(when=WHEN, name="Tideway Group", functional_currency="USD")
    yield ask(GROUP, "entity:self", "open", group)
    for product, name in PRODUCTS.items():
        yield ask(GROUP, f"product:{product}", "define", DefineProduct(when=WHEN, name=name))
    for name, meter in METERS.items():
        yield ask(GROUP, f"meter:{name}", "define", DefineMeter(when=WHEN, **meter.fields))
    for currency in RATES:
        for name, fields in prices(currency):
            stream = f"price:{price_id(name, currency)}"
            yield ask(GROUP, stream, "set", SetPrice(when=WHEN, **fields))
        name, fields = raised(currency)
        stream = f"price:{price_id(name, currency)}"
        yield ask(GROUP, stream, "raise", SetPrice(when=When(effective=RAISED), **fields))


def of_country(country: Country, size: Size) -> Iterator[Request]:
    """The entity, its calendar a year beyond the story, its book, and the parent of some."""
    opened = OpenEntity(
        when=WHEN,
        name=country.name,
        functional_currency=country.currency,
        zone=country.zone,
        group=GROUP,
    )
    calendar = DefineCalendar(when=WHEN, periods=months(FIRST, size.months + 13))
    holding = RegisterCustomer(when=WHEN, currency=country.currency)
    yield ask(country.entity, "entity:self", "open", opened)
    yield ask(country.entity, "entity:self", "calendar", calendar)
    yield ask(country.entity, f"book:{BOOK}", "open", OpenBook(when=WHEN, name=BOOK))
    yield ask(country.entity, f"customer:{country.holding}", "register", holding)
