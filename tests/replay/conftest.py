"""A small company: one entity, a monthly seat price, a metered price, one customer."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.books import OpenBook
from domain.calendar import months
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import Item, StartSubscription
from replay.ledger import Ledger
from store.request import Request

NEW_YEAR = When(effective=date(2024, 1, 1))

SETUP = (
    ("entity:self", OpenEntity(when=NEW_YEAR, name="Acme", functional_currency="USD")),
    ("entity:self", DefineCalendar(when=NEW_YEAR, periods=months(date(2024, 1, 1), 24))),
    ("book:main", OpenBook(when=NEW_YEAR, name="main")),
    ("meter:calls", DefineMeter(when=NEW_YEAR, aggregation="sum")),
    (
        "price:seat",
        SetPrice(when=NEW_YEAR, currency="USD", model=PerUnit(unit_amount=Decimal(100))),
    ),
    (
        "price:call",
        SetPrice(
            when=NEW_YEAR,
            currency="USD",
            model=PerUnit(unit_amount=Decimal("0.02")),
            meter="calls",
            bill="arrears",
        ),
    ),
    ("customer:c1", RegisterCustomer(when=NEW_YEAR, currency="USD", payment_terms_days=14)),
    (
        "subscription:s1",
        StartSubscription(
            when=NEW_YEAR,
            customer="c1",
            currency="USD",
            term_from=date(2024, 1, 1),
            term_to=date(2025, 1, 1),
            items=(
                Item(item="seats", price="seat", quantity=Decimal(10)),
                Item(item="calls", price="call"),
            ),
        ),
    ),
)

Send = Callable[..., tuple[int, ...]]


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with Ledger.open(database, lambda: datetime(2024, 6, 1, tzinfo=UTC)) as opened:
        yield opened


@pytest.fixture
def send(ledger: Ledger) -> Send:
    """Submit a command to a stream of the company, under a key of its own unless one is given."""
    sent = 0

    def sending(stream: str, command: object, **more: object) -> tuple[int, ...]:
        nonlocal sent
        sent += 1
        words = {"entity": "acme", "key": f"k{sent}", **more}
        return ledger.submit(Request(stream=stream, command=command, **words)).positions  # type: ignore[arg-type]

    return sending


@pytest.fixture
def company(ledger: Ledger, send: Send) -> Ledger:
    for stream, command in SETUP:
        send(stream, command)
    return ledger
