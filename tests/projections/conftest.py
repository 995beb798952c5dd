"""A ledger in a fresh database, told by hand: facts by command, the clock in the test's hand."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg.rows import TupleRow

from domain.books import ClosePeriod, OpenBook, ReopenPeriod, RunPosting
from domain.calendar import months
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.policy import AdoptPolicy, Options
from domain.price import SetPrice
from domain.pricing import Flat, PerUnit
from domain.subscription import Item, StartSubscription
from domain.usage import UsageRow
from projections import runner
from replay.evidence import evidence
from store import db
from store.request import Receipt, Request
from store.transact import submit
from store.usage_rows import BatchReceipt, UsageBatch, ingest
from tests.conftest import Founded

ENTITY = "acme"
BOOK = "us-gaap"


class Books:
    """One entity with one book, twenty-four months from 2024, prices to sell at, one customer."""

    def __init__(self, connection: db.Connection, keys: str = "key") -> None:
        self.connection = connection
        self.name = keys
        self.today = datetime(2024, 1, 1, 12, tzinfo=UTC)
        self._keys = itertools.count(1)

    def on(self, year: int, month: int, day: int) -> Books:
        """What follows is recorded on this day."""
        self.today = datetime(year, month, day, 12, tzinfo=UTC)
        return self

    def tell(self, stream: str, command: Any, **envelope: Any) -> int:
        receipt = self.submit(stream, command, **envelope)
        return receipt.positions[0]

    def submit(self, stream: str, command: Any, **envelope: Any) -> Receipt:
        envelope.setdefault("key", f"{self.name}-{next(self._keys)}")
        envelope.setdefault("actor", "ann")
        request = Request(entity=ENTITY, stream=stream, command=command, **envelope)
        return submit(self.connection, request, clock=lambda: self.today, evidence=evidence)

    def retract(self, stream: str, position: int) -> int:
        return self.tell(stream, None, corrects=position)

    def open(self, by: str = "month") -> Books:
        first = date(2024, 1, 1)
        since = When(effective=date(2020, 1, 1))
        self.tell("entity:self", OpenEntity(when=since, name="Acme", functional_currency="USD"))
        self.tell("entity:self", DefineCalendar(when=since, periods=months(first, 24)))
        self.tell(f"book:{BOOK}", OpenBook(when=since, name="US GAAP"))
        self.tell(f"policy:{BOOK}", AdoptPolicy(when=since, options=Options(ratable_by=by)))
        self.tell(
            "price:seat",
            SetPrice(when=since, currency="USD", model=Flat(amount=Decimal(1000))),
        )
        self.tell("meter:calls", DefineMeter(when=since, aggregation="sum"))
        self.tell(
            "price:call",
            SetPrice(
                when=since,
                currency="USD",
                model=PerUnit(unit_amount=Decimal(2)),
                meter="calls",
                bill="arrears",
            ),
        )
        self.tell("customer:c1", RegisterCustomer(when=since, currency="USD"))
        return self

    def subscribe(
        self,
        name: str,
        first: date = date(2024, 1, 1),
        end: date = date(2025, 1, 1),
        customer: str = "c1",
        **how: Any,
    ) -> int:
        return self.tell(
            f"subscription:{name}",
            StartSubscription(
                when=When(effective=first),
                customer=customer,
                currency="USD",
                term_from=first,
                term_to=end,
                items=(Item(item="seat", price="seat"), Item(item="call", price="call")),
                **how,
            ),
        )

    def use(
        self, subscription: str, day: date, *amounts: int, number: int | None = None
    ) -> BatchReceipt:
        order = UsageBatch(
            entity=ENTITY,
            source="app",
            key=f"batch-of-{self.name}-{next(self._keys)}",
            batch_number=number,
        )
        rows = [
            UsageRow(
                event_id=f"{order.key}-{place}",
                subscription=subscription,
                meter="calls",
                quantity=Decimal(amount),
                occurred_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
            )
            for place, amount in enumerate(amounts)
        ]
        return ingest(self.connection, order, rows, clock=lambda: self.today)

    def run(self, through: date) -> int:
        return self.tell("run:self", RunPosting(when=When(effective=through), through=through))

    def close(self, period: str) -> int:
        return self.tell(f"book:{BOOK}", ClosePeriod(when=self._when(), period=period))

    def reopen(self, period: str) -> int:
        reopen = ReopenPeriod(when=self._when(), period=period, approved_by="bob")
        return self.tell(f"book:{BOOK}", reopen)

    def quarter_with_late_usage(self) -> Books:
        """Story (a): January to March closed, January reopened, February usage known in April."""
        self.subscribe("s1")
        self.on(2024, 3, 31).run(date(2024, 3, 31))
        self.catch_up()
        for period in ("2024-01", "2024-02", "2024-03"):
            self.close(period)
        self.reopen("2024-01")
        self.on(2024, 4, 12).use("s1", date(2024, 2, 20), 60, 40)
        self.on(2024, 4, 30).run(date(2024, 4, 30))
        return self

    def _when(self) -> When:
        return When(effective=self.today.date())

    def catch_up(self, batch: int = 5_000) -> Books:
        runner.catch_up(self.connection, ENTITY, batch=batch)
        return self


JOURNAL = """
    SELECT entry, unit, known_at, booked, encode(leaf, 'hex') FROM journal_entry ORDER BY entry
"""


def made_at_once(books: Books) -> list[TupleRow]:
    """The journal that the poster makes alone and in one go; it is not kept."""
    with books.connection.transaction(force_rollback=True):
        books.catch_up()
        return books.connection.execute(JOURNAL).fetchall()


def _found(database: str) -> None:
    with db.connect(database) as connection:
        Books(connection, "opening").open()


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    """The books where a test asks for them."""
    return founded(_found)[0] if "books" in request.fixturenames else origin


@pytest.fixture
def books(connection: db.Connection) -> Books:
    return Books(connection)
