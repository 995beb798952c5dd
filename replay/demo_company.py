"""A made-up company that sells seats and metered compute in three countries.

Pure and seeded: everything follows from the numbers handed in, chance included. It knows what its
customers do, not what the ledger makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from msgspec import Struct

from domain.books import OpenBook
from domain.calendar import ONE_DAY, add_months, months
from domain.catalogue import DefineProduct
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.pricing import Graduated, PerUnit, Tier
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    RenewSubscription,
    StartSubscription,
)
from domain.usage import UsageRow
from store.request import Request

ACTOR = "demo"
GROUP = "tideway-group"
BOOK = "main"
SOURCE = "metering"
FIRST = date(2024, 1, 1)
# A customer's jobs run on a few days of a month, as payroll, rendering and reports do.
BUSY_DAYS = 4
# The plan whose customers also export.
EXPORTING = "scale"

T = TypeVar("T")


class Chance(Protocol):
    """What is used of a seeded random.Random."""

    def randrange(self, start: int, stop: int) -> int: ...
    def choice(self, seq: Sequence[T]) -> T: ...
    def sample(self, population: Sequence[T], k: int) -> list[T]: ...


def by_chance(chance: Chance, percent: int) -> bool:
    return chance.randrange(0, 100) < percent


class Size(Struct, frozen=True, kw_only=True):
    """How much of it."""

    customers: int = 500
    months: int = 18
    events: int = 200_000


class Country(Struct, frozen=True):
    """A legal entity, and the share of the customers it serves."""

    entity: str
    name: str
    currency: str
    zone: str
    share: int


COUNTRIES = (
    Country("tideway-us", "Tideway Inc.", "USD", "America/New_York", 50),
    Country("tideway-eu", "Tideway GmbH", "EUR", "Europe/Berlin", 30),
    Country("tideway-jp", "Tideway KK", "JPY", "Asia/Tokyo", 20),
)

# Per seat and month; per compute unit up to and above 10,000 in a month; per export.
PLANS = {
    "starter": {"USD": "19", "EUR": "18", "JPY": "2900"},
    "team": {"USD": "49", "EUR": "45", "JPY": "7200"},
    "scale": {"USD": "89.50", "EUR": "84.50", "JPY": "13400"},
}
COMPUTE = {
    "USD": ("0.0035", "0.00212"),
    "EUR": ("0.0032", "0.00195"),
    "JPY": ("0.52", "0.3175"),
}
EXPORT = {"USD": "0.25", "EUR": "0.23", "JPY": "37.5"}


class Customer(Struct, frozen=True, kw_only=True):
    """One customer with one subscription, and what it will do. Months count from the first."""

    name: str
    country: Country
    plan: str
    seats: int
    annual: bool
    start: date
    term_ends: tuple[date, ...]
    upgrade: tuple[date, int] | None
    cancelled: date | None
    weight: int

    @property
    def subscription(self) -> str:
        return f"s-{self.name}"

    @property
    def meters(self) -> tuple[str, ...]:
        return ("compute", "exports") if self.plan == EXPORTING else ("compute",)

    @property
    def until(self) -> date:
        return min(self.cancelled or date.max, self.term_ends[-1])

    def is_served(self, first: date, last: date) -> bool:
        return self.start <= last and self.until > first


class Company(Struct, frozen=True, kw_only=True):
    """The whole story before it happens."""

    size: Size
    customers: tuple[Customer, ...]

    def month(self, number: int) -> tuple[date, date]:
        """First and last day of a month of the story."""
        first = add_months(FIRST, number)
        return first, add_months(first, 1) - ONE_DAY


def company(size: Size, chance: Chance) -> Company:
    shares = [country for country in COUNTRIES for _ in range(country.share)]
    customers = tuple(
        _customer(number, shares[number * len(shares) // size.customers], size, chance)
        for number in range(size.customers)
    )
    return Company(size=size, customers=customers)


def _customer(number: int, country: Country, size: Size, chance: Chance) -> Customer:
    start = _joined(number, size, chance)
    horizon = add_months(FIRST, size.months)
    ends = [add_months(start.replace(day=1), 12)]
    while ends[-1] <= horizon:
        ends.append(add_months(ends[-1], 12))
    seats = chance.randrange(3, 60)
    return Customer(
        name=f"{country.currency.lower()}{number + 1:04}",
        country=country,
        plan=chance.choice(tuple(PLANS)),
        seats=seats,
        annual=by_chance(chance, 25),
        start=start,
        term_ends=tuple(ends),
        upgrade=_upgrade(start, seats, horizon, chance),
        cancelled=_cancellation(start, horizon, chance),
        weight=chance.randrange(1, 10),
    )


def _joined(number: int, size: Size, chance: Chance) -> date:
    """One in eight was there before the story; the others come faster as the company grows."""
    if number % 8 == 0:
        return FIRST
    month = max(chance.randrange(0, size.months), chance.randrange(0, size.months))
    day = 1 if by_chance(chance, 70) else chance.randrange(2, 28)
    return add_months(FIRST, month).replace(day=day)


def _upgrade(start: date, seats: int, horizon: date, chance: Chance) -> tuple[date, int] | None:
    """A third of the customers take more seats at some time."""
    day = start + timedelta(days=chance.randrange(20, 330))
    more = seats + chance.randrange(1, 20)
    return (day, more) if by_chance(chance, 33) and day < horizon else None


def _cancellation(start: date, horizon: date, chance: Chance) -> date | None:
    day = start + timedelta(days=chance.randrange(340, 520))
    return day if by_chance(chance, 12) and day < horizon else None


# --- what is said to the ledger: before the first month, at the start and the end of each -------


def ask(entity: str, stream: str, act: str, command: object) -> Request:
    """A request of the demo; its key is its own, so a demo that was cut off can be repeated."""
    return Request(
        entity=entity,
        stream=stream,
        key=f"demo:{stream}:{act}",
        command=command,  # type: ignore[arg-type]
        actor=ACTOR,
    )


def opening(country: Country, size: Size) -> Iterator[Request]:
    """The entity, its calendar a year beyond the story, and its book."""
    when = When(effective=FIRST)
    yield ask(
        country.entity,
        "entity:self",
        "open",
        OpenEntity(
            when=when,
            name=country.name,
            functional_currency=country.currency,
            zone=country.zone,
            group=GROUP,
        ),
    )
    periods = months(FIRST, size.months + 13)
    calendar = DefineCalendar(when=when, periods=periods)
    yield ask(country.entity, "entity:self", "calendar", calendar)
    yield ask(country.entity, f"book:{BOOK}", "open", OpenBook(when=when, name=BOOK))


def group_opening() -> Iterator[Request]:
    """The group's log holds the catalogue that the others adopt."""
    when = When(effective=FIRST)
    group = OpenEntity(when=when, name="Tideway Group", functional_currency="USD")
    yield ask(GROUP, "entity:self", "open", group)
    for product, name in (("seats", "Seats"), ("platform", "Platform usage")):
        yield ask(GROUP, f"product:{product}", "define", DefineProduct(when=when, name=name))
    compute = DefineMeter(when=when, aggregation="sum", unit="compute-unit")
    yield ask(GROUP, "meter:compute", "define", compute)
    exports = DefineMeter(when=when, aggregation="count", unit="export")
    yield ask(GROUP, "meter:exports", "define", exports)
    for currency in COMPUTE:
        for price, command in _prices(currency, when):
            yield ask(GROUP, f"price:{price}", "set", command)


def _prices(currency: str, when: When) -> Iterator[tuple[str, SetPrice]]:
    for plan, amounts in PLANS.items():
        # Twelve months for the price of eleven.
        for interval_months, times, annual in ((1, 1, False), (12, 11, True)):
            yield (
                seat_price(plan, currency, annual=annual),
                SetPrice(
                    when=when,
                    currency=currency,
                    model=PerUnit(unit_amount=Decimal(amounts[currency]) * times),
                    product="seats",
                    unit="seat",
                    interval_months=interval_months,
                ),
            )
    below, above = COMPUTE[currency]
    tiers = (
        Tier(unit_amount=Decimal(below), up_to=Decimal(10_000)),
        Tier(unit_amount=Decimal(above)),
    )
    for meter, model in (
        ("compute", Graduated(tiers=tiers)),
        ("exports", PerUnit(unit_amount=Decimal(EXPORT[currency]))),
    ):
        yield (
            f"{meter}-{currency.lower()}",
            SetPrice(
                when=when,
                currency=currency,
                model=model,
                product="platform",
                meter=meter,
                bill="arrears",
            ),
        )


def seat_price(plan: str, currency: str, *, annual: bool) -> str:
    return f"{plan}-{currency.lower()}-{'annual' if annual else 'monthly'}"


def at_month_start(who: Customer, first: date, last: date) -> Iterator[Request]:
    """Deals signed before they begin: new subscriptions and renewals of this month."""
    entity, currency = who.country.entity, who.country.currency
    stream = f"subscription:{who.subscription}"
    if first <= who.start <= last:
        when = When(effective=who.start)
        registered = RegisterCustomer(when=when, currency=currency)
        yield ask(entity, f"customer:{who.name}", "register", registered)
        yield ask(entity, stream, "start", _start(who, when))
    for end, new_end in zip(who.term_ends, who.term_ends[1:], strict=False):
        if first <= end <= last and not (who.cancelled and who.cancelled <= end):
            renewed = RenewSubscription(when=When(effective=end), term_to=new_end)
            yield ask(entity, stream, f"renew-{end}", renewed)


def _start(who: Customer, when: When) -> StartSubscription:
    currency = who.country.currency
    seats = Item(
        item="seats",
        price=seat_price(who.plan, currency, annual=who.annual),
        quantity=Decimal(who.seats),
    )
    usage = tuple(Item(item=meter, price=f"{meter}-{currency.lower()}") for meter in who.meters)
    return StartSubscription(
        when=when,
        customer=who.name,
        currency=currency,
        term_from=who.start,
        term_to=who.term_ends[0],
        zone=who.country.zone,
        anchor_day=1,
        items=(seats, *usage),
    )


def at_month_end(who: Customer, first: date, last: date) -> Iterator[Request]:
    """What customers decided during the month."""
    stream = f"subscription:{who.subscription}"
    if who.upgrade and first <= who.upgrade[0] <= last and who.upgrade[0] < who.until:
        day, seats = who.upgrade
        yield ask(who.country.entity, stream, "upgrade", more_seats(day, seats))
    if who.cancelled and first <= who.cancelled <= last:
        ended = CancelSubscription(when=When(effective=who.cancelled))
        yield ask(who.country.entity, stream, "cancel", ended)


def more_seats(day: date, seats: int) -> AmendSubscription:
    change = ItemChange(item="seats", quantity=Decimal(seats))
    return AmendSubscription(when=When(effective=day), items=(change,))


# --- usage -------------------------------------------------------------------------------------


def usage_of_month(
    whole: Company, country: Country, first: date, last: date, chance: Chance
) -> Iterator[UsageRow]:
    """The country's share of a month's events: each customer's by its weight, on a few days."""
    active = [who for who in whole.customers if who.is_served(first, last)]
    total = sum(who.weight for who in active)
    budget = whole.size.events // whole.size.months
    for who in active:
        if who.country.entity == country.entity:
            yield from events(who, first, last, budget * who.weight // total, chance)


def events(
    who: Customer, first: date, last: date, count: int, chance: Chance, mark: str = ""
) -> Iterator[UsageRow]:
    """`count` events of one customer, on a few of the days it was served; ids are unique."""
    begin, end = max(first, who.start), min(last, who.until - ONE_DAY)
    if begin > end:
        return
    span = range((end - begin).days + 1)
    days = sorted(chance.sample(span, min(len(span), BUSY_DAYS)))
    for number in range(count):
        day = begin + timedelta(days=days[number * len(days) // count])
        meter = who.meters[-1] if by_chance(chance, 30) else "compute"
        units = 1 if meter == "exports" else chance.randrange(1, 40_000)
        yield UsageRow(
            event_id=f"{who.name}-{first:%Y%m}-{mark}{number + 1:05}",
            subscription=who.subscription,
            meter=meter,
            quantity=Decimal(units) / 10 if meter == "compute" else Decimal(1),
            unit="export" if meter == "exports" else "compute-unit",
            # Noon in UTC is the same day in each of the zones.
            occurred_at=datetime.combine(day, time(12, number % 60), UTC),
        )
