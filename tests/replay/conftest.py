"""A small company: one entity, a monthly seat price, a metered price, one customer."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

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
from tests.conftest import Founded

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


def _open(database: str) -> Ledger:
    return Ledger.open(database, lambda: datetime(2024, 6, 1, tzinfo=UTC))


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with _open(database) as opened:
        yield opened


@pytest.fixture
def send(ledger: Ledger) -> Send:
    """Submit a command to a stream of the company, under a key of its own unless one is given."""
    return sender(ledger)


def sender(ledger: Ledger) -> Send:
    sent = ledger.head("acme")

    def sending(stream: str, command: object, **more: object) -> tuple[int, ...]:
        nonlocal sent
        sent += 1
        words = {"entity": "acme", "key": f"k{sent}", **more}
        return ledger.submit(Request(stream=stream, command=command, **words)).positions  # type: ignore[arg-type]

    return sending


def found(database: str, grow: Callable[[Ledger, Send], None] | None = None) -> None:
    """The company into an empty database, and what else becomes of it."""
    with _open(database) as ledger:
        send = sender(ledger)
        for stream, command in SETUP:
            send(stream, command)
        if grow is not None:
            grow(ledger, send)


@cache
def _busy(grow: Callable[[Ledger, Send], None]) -> Callable[[str], None]:
    """The same for the same growth, so that what is founded by it is made once."""
    return lambda database: found(database, grow)


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    """The company where a test asks for it; `busy` as its module's `grow` has let it grow."""
    if "busy" in request.fixturenames:
        return founded(_busy(request.module.grow))[0]
    return founded(found)[0] if "company" in request.fixturenames else origin


@pytest.fixture
def company(ledger: Ledger) -> Ledger:
    return ledger


@pytest.fixture
def busy(ledger: Ledger) -> Ledger:
    return ledger
