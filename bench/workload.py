"""What the benchmarks put in: customers, subscriptions and usage, all from their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.books import OpenBook
from domain.calendar import months
from domain.catalogue import DefineMeter, SetPrice
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.party import RegisterCustomer
from domain.pricing import Graduated, PerUnit, Tier
from domain.subscription import Item, StartSubscription
from domain.usage import UsageRow
from store.request import Request

FIRST = date(2024, 1, 1)
WHEN = When(effective=FIRST)
BOOK = "main"
# One subscription for each so many usage rows.
ROWS_EACH = 100


def opening(entity: str) -> Iterator[Request]:
    """The entity, a year, a book, and a catalogue of two prices."""
    tiers = (
        Tier(unit_amount=Decimal("0.0035"), up_to=Decimal(1_000)),
        Tier(unit_amount=Decimal("0.00212")),
    )
    for stream, command in (
        ("entity:self", OpenEntity(when=WHEN, name=entity, functional_currency="USD")),
        ("entity:self", DefineCalendar(when=WHEN, periods=months(FIRST, 24))),
        (f"book:{BOOK}", OpenBook(when=WHEN, name=BOOK)),
        ("meter:compute", DefineMeter(when=WHEN, aggregation="sum")),
        (
            "price:compute",
            SetPrice(
                when=WHEN,
                currency="USD",
                model=Graduated(tiers=tiers),
                meter="compute",
                bill="arrears",
            ),
        ),
        (
            "price:seat",
            SetPrice(when=WHEN, currency="USD", model=PerUnit(unit_amount=Decimal("49.50"))),
        ),
    ):
        yield Request(
            entity=entity, stream=stream, key=f"{stream}:{type(command).__name__}", command=command
        )


def customers(entity: str, count: int) -> Iterator[Request]:
    command = RegisterCustomer(when=WHEN, currency="USD")
    for number in range(count):
        stream = f"customer:c{number:07}"
        yield Request(entity=entity, stream=stream, key=f"{stream}:register", command=command)


def subscriptions(entity: str, count: int) -> Iterator[Request]:
    items = (
        Item(item="seats", price="seat", quantity=Decimal(12)),
        Item(item="compute", price="compute"),
    )
    for number in range(count):
        stream = f"subscription:s{number:07}"
        command = StartSubscription(
            when=WHEN,
            customer=f"c{number:07}",
            currency="USD",
            term_from=FIRST,
            term_to=date(2025, 1, 1),
            items=items,
        )
        yield Request(entity=entity, stream=stream, key=f"{stream}:start", command=command)


def usage(count: int) -> Iterator[UsageRow]:
    """Rows over three months, spread over the subscriptions."""
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(count):
        yield UsageRow(
            event_id=f"e{number:09}",
            subscription=f"s{number % max(1, count // ROWS_EACH):07}",
            meter="compute",
            quantity=Decimal(number % 977 + 1) / 10,
            unit="unit",
            occurred_at=begin + timedelta(minutes=number * 131_000 // count),
        )
