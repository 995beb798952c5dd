"""A small company to tell stories on: one entity in USD, by month, acting by public commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.books import OpenBook, PeriodSealed
from domain.calendar import months
from domain.deciders import Command
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import Source, When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.policy import AdoptPolicy, Options
from domain.price import SetPrice
from domain.pricing import Model, PerUnit
from domain.subscription import Item, StartSubscription
from projections.booked import booked_sums, left_over
from replay.ledger import Ledger
from store import log
from store.request import Receipt, Request
from store.seals import period_seal
from store.usage_rows import BatchReceipt
from store.usage_stage import UsageBatch
from tests.conftest import Founded
from tests.usage import usage_row

ENTITY = "acme"
BOOK = "main"
FIRST = date(2024, 1, 1)


class Company:
    """Says what it does in one line each; `today` is what the committer's clock shows."""

    def __init__(self, database: str) -> None:
        self.today = FIRST
        self.ticks = 0
        self.ledger = Ledger.open(database, self.clock)

    def clock(self) -> datetime:
        """Each look at the clock is a second later."""
        self.ticks += 1
        midnight = datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC)
        return midnight + timedelta(seconds=self.ticks)

    def on(self, month: int, day: int) -> None:
        self.today = date(2024, month, day)

    def send(
        self,
        stream: str,
        command: Command,
        *,
        key: str | None = None,
        actor: str = "ann",
        source: Source | None = None,
    ) -> Receipt:
        self.ticks += 1
        request = Request(
            entity=ENTITY,
            stream=stream,
            key=key or f"{stream}-{self.ticks}",
            command=command,
            actor=actor,
            source=source,
        )
        return self.ledger.submit(request)

    def found(self, zone: str = "UTC") -> None:
        when = When(effective=FIRST)
        opened = OpenEntity(when=when, name="Acme Inc.", functional_currency="USD", zone=zone)
        self.send("entity:self", opened)
        self.send("entity:self", DefineCalendar(when=when, periods=months(FIRST, 24)))
        self.send(f"book:{BOOK}", OpenBook(when=when, name=BOOK))
        self.send(f"policy:{BOOK}", AdoptPolicy(when=when, options=Options(ratable_by="month")))
        self.send("customer:c1", RegisterCustomer(when=when, currency="USD"))
        self.send("meter:calls", DefineMeter(when=when, aggregation="sum"))
        self.price("calls", PerUnit(unit_amount=Decimal("2.00")), meter="calls")

    def price(self, name: str, model: Model, meter: str | None = None) -> None:
        command = SetPrice(
            when=When(effective=FIRST), currency="USD", model=model, meter=meter, bill="arrears"
        )
        self.send(f"price:{name}", command)

    def sell(self, start: date, end: date, *items: Item, zone: str = "UTC") -> None:
        command = StartSubscription(
            zone=zone,
            when=When(effective=start),
            customer="c1",
            currency="USD",
            term_from=start,
            term_to=end,
            items=items,
        )
        self.send("subscription:s1", command)

    def use(
        self,
        event_id: str,
        day: date,
        units: int,
        *,
        number: int | None = None,
        at: str = "12:00:00Z",
    ) -> BatchReceipt:
        row = usage_row(event_id, str(units), f"{day}T{at}")
        batch = UsageBatch(
            entity=ENTITY, source="gateway", key=f"batch-{event_id}", batch_number=number
        )
        return self.ledger.ingest(batch, [row])

    def run(self, through: date) -> None:
        self.ledger.run(ENTITY, through)

    def close(self, *periods: str) -> None:
        for period in periods:
            self.ledger.close_period(ENTITY, BOOK, period)

    def booked(self, account: str = "revenue") -> dict[str, int]:
        """By the period booked; an increase of the account's normal balance is positive."""
        return self._sums(account, earned=False)

    def earned(self, account: str = "revenue") -> dict[str, int]:
        return self._sums(account, earned=True)

    def _sums(self, account: str, *, earned: bool) -> dict[str, int]:
        sign = 1 if account in ("accounts-receivable", "unbilled-receivable") else -1
        found: dict[str, int] = {}
        with self.ledger.connection() as connection:
            for row in booked_sums(connection, ENTITY, BOOK):
                if row.account == account:
                    period = f"{row.earned:%Y-%m}" if earned else row.booked
                    found[period] = found.get(period, 0) + sign * row.minor
        return found

    def waiting(self) -> tuple[tuple[str, str], ...]:
        with self.ledger.connection() as connection:
            return left_over(connection, ENTITY)

    def seals(self) -> dict[str, str]:
        """The digest each period was last sealed with."""
        with self.ledger.connection() as connection:
            facts = log.read_stream(connection, ENTITY, f"book:{BOOK}")
        events = (fact.event for fact in facts)
        return {e.period: e.digest for e in events if isinstance(e, PeriodSealed)}

    def digest_now(self, period: str) -> str:
        """The digest of a closed period, made again from the journal as it is."""
        with self.ledger.connection() as connection:
            facts = log.read_stream(connection, ENTITY, f"book:{BOOK}")
            closed_at = next(
                fact.event.closed_at
                for fact in facts
                if isinstance(fact.event, PeriodSealed) and fact.event.period == period
            )
            return period_seal(
                connection, ENTITY, book=BOOK, period=period, closed_at=closed_at
            ).digest

    def invoiced(self, through: date) -> dict[str, int]:
        """What a billing run issues, by the first day of service of each line."""
        found: dict[str, int] = {}
        for document in self.ledger.bill(ENTITY, through).documents:
            found[document.stream] = document.total_minor
        return found


def _found(database: str, zone: str = "UTC") -> int:
    """How often it looked at the clock."""
    company = Company(database)
    company.found(zone)
    company.ledger.close()
    return company.ticks


def _found_in_new_york(database: str) -> int:
    return _found(database, "America/New_York")


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    """The company where a test asks for one."""
    if "new_york" in request.fixturenames:
        return founded(_found_in_new_york)[0]
    return founded(_found)[0] if "company" in request.fixturenames else origin


@pytest.fixture
def company(database: str, founded: Founded) -> Iterator[Company]:
    yield from _opened(database, founded(_found)[1])


@pytest.fixture
def new_york(database: str, founded: Founded) -> Iterator[Company]:
    """The same company with its books in New York."""
    yield from _opened(database, founded(_found_in_new_york)[1])


def _opened(database: str, ticks: int) -> Iterator[Company]:
    opened = Company(database)
    opened.ticks = ticks
    yield opened
    opened.ledger.close()
