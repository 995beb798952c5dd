"""What Tideway's customers use, month by month: rows by chance, and never where nothing is served.

Collectors are sources of their own: most send once a month, the till twice, the gateway as
CloudEvents.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from msgspec import structs

from domain.calendar import ONE_DAY
from domain.subscription import StartSubscription
from domain.usage import UsageRow
from replay.demo.company import Chance, Country, Customer, by_chance
from replay.demo.customers import Company, Member
from replay.demo.price_list import METERS, PLANS, RATES, STEPS, Meter, prices, smallest

METERING, TILL, GATEWAY = "metering", "till", "gateway"
# The till sends what was paid by the 19th on the 20th, so that levels of spend are seen in time.
SENT_BY = {"payments": TILL, "messages": GATEWAY}
# A customer's jobs run on a few days of a month, as payroll, rendering and reports do.
BUSY_DAYS = 4
OPENS, CLOSES = 8, 22


@cache
def meters_of(plan: str) -> tuple[str, ...]:
    """The meters that a plan's prices are counted on."""
    priced = dict(prices("USD"))
    return tuple(priced[name]["meter"] for name in PLANS[plan].prices if "meter" in priced[name])


def bulk_meters(plan: str) -> tuple[str, ...]:
    """Those that share the demo's events between them."""
    return tuple(name for name in meters_of(plan) if METERS[name].rows is None)


def of_month(
    whole: Company, country: Country, source: str, first: date, last: date, chance: Chance
) -> Iterator[UsageRow]:
    """What a source counted in a country from one day of a month to another."""
    active = [one for one in whole.members if days_served(one, first, last)]
    heavy = [one for one in active if bulk_meters(one.who.plan)]
    total = sum(one.who.weight for one in heavy)
    budget = whole.size.events // whole.size.months
    for one in active:
        if one.who.country != country:
            continue
        if source == METERING and bulk_meters(one.who.plan):
            count = budget * one.who.weight // total
            yield from many(one, first, last, count, chance)
        for name in meters_of(one.who.plan):
            if METERS[name].rows is not None and SENT_BY.get(name, METERING) == source:
                yield from few(one, name, first, last, chance)


def days_served(one: Member, first: date, last: date) -> list[date]:
    """In another zone than the country's, none where a day there is another here."""
    margin = ONE_DAY if is_far(one) else timedelta(0)
    return [
        begin + timedelta(days=number)
        for since, until in one.served
        for begin in [max(first, since + margin)]
        for number in range((min(last, until - ONE_DAY - margin) - begin).days + 1)
    ]


def is_far(one: Member) -> bool:
    sold = [act.command for act in one.acts if isinstance(act.command, StartSubscription)]
    return any(command.zone != one.who.country.zone for command in sold)


def many(
    one: Member, first: date, last: date, count: int, chance: Chance, mark: str = ""
) -> Iterator[UsageRow]:
    """`count` events of a customer, on a few of the days it was served; ids are unique."""
    days = days_served(one, first, last)
    names = bulk_meters(one.who.plan)
    if not days or not names:
        return
    busy = sorted(chance.sample(days, min(len(days), BUSY_DAYS)))
    for number in range(count):
        name = names[0] if by_chance(chance, 60) else chance.choice(names)
        on = busy[number * len(busy) // count]
        event = f"{one.who.name}-{first:%Y%m}-{mark}{number + 1:05}"
        yield _row(one.who, name, event, on, number, chance)


def few(one: Member, name: str, first: date, last: date, chance: Chance) -> Iterator[UsageRow]:
    """The rows of a meter that has a handful a month."""
    meter, who = METERS[name], one.who
    days = days_served(one, first, last)
    age = _months_since(who, days[0]) if days else 0
    if meter.at_first is not None and age >= meter.at_first:
        return
    rows = meter.rows or 0
    for number in range(rows if days else 0):
        on = days[number * len(days) // rows]
        event = f"{who.name}-{first:%Y%m%d}-{name}-{number + 1}"
        row = _row(who, name, event, on, number, chance)
        if name == "delivery":
            row = structs.replace(row, dimensions={"milestone": STEPS[age]})
        yield _less(row, meter, chance) if meter.is_level and number else row


def _months_since(who: Customer, on: date) -> int:
    return (on.year - who.start.year) * 12 + on.month - who.start.month


def _less(row: UsageRow, meter: Meter, chance: Chance) -> UsageRow:
    """Some of what came is given back."""
    return structs.replace(row, quantity=Decimal(-chance.randrange(1, meter.low)))


def _row(who: Customer, name: str, event: str, on: date, number: int, chance: Chance) -> UsageRow:
    meter = METERS[name]
    quantity, unit = _quantity(meter, who.country.currency, chance), meter.fields["unit"]
    if meter.other_unit and number % 10 == 0:
        unit, quantity = meter.other_unit[0], quantity / meter.other_unit[1]
    clock = time(OPENS + chance.randrange(0, CLOSES - OPENS), number % 60)
    return UsageRow(
        event_id=event,
        subscription=who.subscription,
        meter=name,
        quantity=quantity,
        unit=unit,
        occurred_at=datetime.combine(on, clock, _zone(who.country.zone)).astimezone(UTC),
        dimensions={of: chance.choice(values) for of, values in meter.values.items()},
    )


_zone = cache(ZoneInfo)


def _quantity(meter: Meter, currency: str, chance: Chance) -> Decimal:
    drawn = Decimal(chance.randrange(meter.low, meter.high + 1)).scaleb(-meter.places)
    if not meter.is_money:
        return drawn
    return (drawn * RATES[currency]).quantize(smallest(currency))


def as_cloud_event(row: UsageRow) -> dict[str, object]:
    """As a gateway sends it."""
    return {
        "specversion": "1.0",
        "id": row.event_id,
        "source": GATEWAY,
        "type": row.meter,
        "subject": row.subscription,
        "time": row.occurred_at.isoformat(),
        "data": {"quantity": str(row.quantity), "unit": row.unit, **row.dimensions},
    }
