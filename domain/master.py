"""Master data: what measuring needs beside a unit's own facts, folded from the entity's log.

A master fact posts nothing by itself; it marks every unit, and the next run measures again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from operator import attrgetter, itemgetter

from msgspec import Struct

from domain.accounting.curves import Instants, Progress
from domain.billing_options import MEASURED_EXACTLY, BillingOptions
from domain.calendar import Calendar, Period
from domain.catalogue import Adopted, ProductDefined
from domain.entity import CalendarDefined, EntityIdentified, EntityOpened
from domain.facts import Fact, timeline
from domain.invoicing import Elected, InvoicingAdopted, InvoicingOptions, elected_on
from domain.meter import MeterDefined, adds_up, grown, must_carry
from domain.policy import Options, PolicyAdopted
from domain.price import Prices, PriceSet, PriceVersion, version_named
from domain.pricing import ReadingModel
from domain.rates import Published, RatesPublished, published

_since, _adopted = attrgetter("since"), itemgetter(0)
_BEFORE_ANY = Options()

MASTER_CATEGORIES = frozenset(
    {"entity", "product", "meter", "price", "policy", "invoicing", "rates"}
)


class MasterData(Struct, frozen=True, kw_only=True):
    """The entity as known at one position.

    `by_row` are meters whose totals by the day do not say all that their prices ask for.
    """

    functional_currency: str = ""
    zone: str = "UTC"
    calendar: Calendar = Calendar()
    prices: Prices = {}
    meters: dict[str, MeterDefined] = {}
    dimensions: dict[str, tuple[tuple[date, tuple[str, ...]], ...]] = {}
    by_row: frozenset[str] = frozenset()
    products: dict[str, ProductDefined] = {}
    policies: dict[str, tuple[tuple[date, Options], ...]] = {}
    invoicing: Elected = ()
    rates: Published = {}

    def price(self, price: str, day: date) -> PriceVersion | None:
        """The version in force on a day: the latest effective one; before the first, none."""
        versions = self.prices.get(price, ())
        place = bisect_right(versions, day, key=_since)
        return versions[place - 1] if place else None

    def elections(self, version: str) -> BillingOptions:
        """How a version of a price, by its name, elected to be billed."""
        found = self.version(version)
        return found.price.options if found else MEASURED_EXACTLY

    def version(self, name: str) -> PriceVersion | None:
        """The version of a price that a line cites."""
        return version_named(name, self.prices)

    def options(self, book: str, day: date) -> Options:
        """The elections in force on a day; before the first adoption, the defaults."""
        adopted = self.policies.get(book, ())
        place = bisect_right(adopted, day, key=_adopted)
        return adopted[place - 1][1] if place else _BEFORE_ANY

    def crosses(self, book: str) -> bool:
        """Whether a book ever elects to work rates out over a common currency."""
        adopted = self.policies.get(book, ())
        return any(options.cross_rates != "refused" for _, options in adopted)

    def invoicing_on(self, day: date) -> InvoicingOptions:
        """How documents of a day are issued."""
        return elected_on(self.invoicing, day)

    def must_carry(self, meter: str, day: date) -> tuple[str, ...]:
        """Dimensions a row of a day must have; before the first definition, as by the first."""
        defined = self.dimensions.get(meter, ())
        place = bisect_right(defined, day, key=_adopted)
        return defined[max(place - 1, 0)][1] if defined else ()

    def progress(self, book: str, day: date) -> Progress:
        """How an obligation that begins on a day is earned over time."""
        options = self.options(book, day)
        if options.ratable_by == "instant":
            return Instants(self.zone)
        if options.ratable_by != "month":
            return options.ratable_by
        if options.month_ends == "last-month-cut-off":
            return "month-cut-off"
        return "month" if self.calendar.ends_with_months else "month-by-days"


def master_data(facts: Iterable[Fact]) -> MasterData:
    """Fold the entity's master facts, corrected and in effective order."""
    opened: EntityOpened | None = None
    prices: dict[str, dict[date, PriceVersion]] = {}
    meters: dict[str, MeterDefined] = {}
    dimensions: dict[str, dict[date, tuple[str, ...]]] = {}
    products: dict[str, ProductDefined] = {}
    policies: dict[str, dict[date, Options]] = {}
    invoicing: dict[date, InvoicingOptions] = {}
    rows: list[Period] = []
    told = timeline(facts)
    for fact in told:
        category, _, name = fact.stream.partition(":")
        event = fact.event.content if isinstance(fact.event, Adopted) else fact.event
        match event:
            case EntityOpened():
                opened = event
            case EntityIdentified() | RatesPublished():
                pass
            case CalendarDefined():
                rows.extend(event.periods)
            case PriceSet():
                since = fact.when.effective
                prices.setdefault(name, {})[since] = PriceVersion(f"{name}@{since}", since, event)
            case MeterDefined():
                meter = meters[name] = grown(event, meters.get(name))
                dimensions.setdefault(name, {})[fact.when.effective] = must_carry(meter)
            case ProductDefined():
                products[name] = event
            case PolicyAdopted():
                if event.transition == "retrospective":
                    policies[name] = {date.min: event.options}
                else:
                    policies.setdefault(name, {})[fact.when.effective] = event.options
            case InvoicingAdopted():
                invoicing[fact.when.effective] = event.options
            case _:
                assert category not in MASTER_CATEGORIES, fact
    return MasterData(
        functional_currency=opened.functional_currency if opened else "",
        zone=opened.zone if opened else "UTC",
        calendar=Calendar(tuple(sorted(rows, key=lambda period: period.first))),
        prices={name: tuple(v[d] for d in sorted(v)) for name, v in prices.items()},
        meters=meters,
        dimensions={meter: tuple(sorted(rows.items())) for meter, rows in dimensions.items()},
        by_row=_by_row(meters, prices),
        products=products,
        policies={book: tuple(sorted(rows.items())) for book, rows in policies.items()},
        invoicing=tuple(sorted(invoicing.items())),
        rates=published(told),
    )


def _by_row(
    meters: Mapping[str, MeterDefined], prices: Mapping[str, Mapping[date, PriceVersion]]
) -> frozenset[str]:
    found = {name for name, meter in meters.items() if not adds_up(meter)}
    for versions in prices.values():
        for price in (version.price for version in versions.values()):
            asks = price.where or price.group_by or isinstance(price.model, ReadingModel)
            if price.meter is not None and asks:
                found.add(price.meter)
    return frozenset(found)
