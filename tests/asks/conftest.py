"""A shop on a real ledger for what users of billing engines asked for: by public commands only.

The rows that docstrings name are those of docs/explanation/what-billing-users-ask.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.books import OpenBook
from domain.calendar import months
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import Fact, When, known
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.policy import AdoptPolicy, Options
from domain.price import SetPrice
from domain.pricing import Model
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from projections.booked import booked_sums, left_over
from projections.exceptions import Finding, exceptions
from projections.question import Question
from projections.usage import by_meter, by_source, pending
from replay.ledger import Billed, Ledger
from store import log
from store.request import Request
from store.usage_rows import BatchReceipt
from store.usage_stage import UsageBatch
from tests.conftest import Founded

ENTITY, BOOK = "acme", "main"
FIRST = date(2023, 1, 1)


class Shop:
    """One entity in USD with one customer; `today` is what the committer's clock shows."""

    def __init__(self, database: str) -> None:
        self.today = datetime(2024, 1, 1, 12, tzinfo=UTC)
        self.sent = 0
        self.ledger = Ledger.open(database, lambda: self.today)

    def found(self) -> None:
        when = When(effective=FIRST)
        self.send("entity:self", OpenEntity(when=when, name="Acme", functional_currency="USD"))
        self.send("entity:self", DefineCalendar(when=when, periods=months(FIRST, 48)))
        self.send(f"book:{BOOK}", OpenBook(when=when, name=BOOK))
        self.send(f"policy:{BOOK}", AdoptPolicy(when=when, options=Options(ratable_by="day")))
        self.send("customer:c1", RegisterCustomer(when=when, currency="USD"))
        self.meter("calls")

    # --- what is said ------------------------------------------------------------------------

    def send(self, stream: str, command: Any, **more: Any) -> int:
        """The position of the fact."""
        self.sent += 1
        words = {"entity": ENTITY, "key": f"k{self.sent}", "actor": "ann", **more}
        return self.ledger.submit(Request(stream=stream, command=command, **words)).positions[-1]

    def undo(self, stream: str, position: int) -> int:
        return self.send(stream, None, corrects=position)

    def meter(self, name: str, aggregation: str = "sum", **more: Any) -> None:
        command = DefineMeter(when=When(effective=FIRST), aggregation=aggregation, **more)
        self.send(f"meter:{name}", command)

    def price(self, name: str, model: Model, *, since: date = FIRST, **more: Any) -> int:
        if more.get("meter"):
            more = {"bill": "arrears"} | more
        command = SetPrice(when=When(effective=since), currency="USD", model=model, **more)
        return self.send(f"price:{name}", command)

    def sell(self, start: date, end: date | None, *items: Item, **more: Any) -> int:
        """Subscription s1 of customer c1, unless it says otherwise."""
        words = {"customer": "c1", "currency": "USD", "term_from": start, "term_to": end, **more}
        name = words.pop("name", "s1")
        command = StartSubscription(when=When(effective=start), items=items, **words)
        return self.send(f"subscription:{name}", command)

    def amend(self, day: date, *, at: datetime | None = None, item: str, **change: Any) -> int:
        changed = ItemChange(item=item, **change)
        when = When(effective=day, at=at)
        return self.send("subscription:s1", AmendSubscription(when=when, items=(changed,)))

    @staticmethod
    def row(event: str, at: str, quantity: object = 1, **more: Any) -> dict[str, Any]:
        """A usage row of calls of s1; a day alone means noon."""
        return {
            "event_id": event,
            "subscription": "s1",
            "meter": "calls",
            "quantity": str(quantity),
            "occurred_at": at if "T" in at else f"{at}T12:00:00Z",
            **more,
        }

    def use(
        self, *rows: dict[str, Any], kind: str = "rows", key: str | None = None
    ) -> BatchReceipt:
        self.sent += 1
        order = UsageBatch(entity=ENTITY, source="app", key=key or f"u{self.sent}", kind=kind)
        sent: Any = [one["event_id"] for one in rows] if kind == "retraction" else rows
        return self.ledger.ingest(order, sent)

    # --- what comes of it --------------------------------------------------------------------

    def bill(self, through: date) -> Billed:
        return self.ledger.bill(ENTITY, through)

    def totals(self, through: date) -> list[int]:
        """What a run issues, document by document; credit notes are negative."""
        return [document.total_minor for document in self.bill(through).documents]

    def facts(self, *categories: str) -> tuple[Fact, ...]:
        """Those in force: neither retracted nor replaced."""
        with self.ledger.connection() as connection:
            return known(log.read_categories(connection, ENTITY, [*categories]))

    def lines(self) -> list[InvoiceLine]:
        """Every line that was invoiced, in the order of its documents."""
        events = (fact.event for fact in self.facts("invoice"))
        return [line for one in events if isinstance(one, InvoiceIssued) for line in one.lines]

    def net(self) -> int:
        """What was invoiced less what was credited; a void takes what was left of its invoice."""
        left: dict[str, int] = {}
        for fact in self.facts("invoice"):
            match fact.event:
                case InvoiceIssued():
                    left[fact.stream] = sum(line.amount_minor for line in fact.event.lines)
                case CreditIssued():
                    left[fact.stream] -= sum(line.amount_minor for line in fact.event.lines)
                case InvoiceVoided():
                    left[fact.stream] = 0
        return sum(left.values())

    def settles(self, through: date) -> int:
        """The net invoiced, once nothing is left to bill; then nothing is parked or waits."""
        self.bill(through)
        again = self.bill(through)
        assert (again.documents, again.carried) == ((), ())
        self.ledger.run(ENTITY, through)
        assert self.waiting() == ()
        return self.net()

    def waiting(self) -> tuple[tuple[str, str], ...]:
        """Every unit that is parked and every kind of usage that waits, and why."""
        with self.ledger.connection() as connection:
            return left_over(connection, ENTITY)

    def earned(self, account: str = "revenue") -> dict[str, int]:
        """By month of service; of a liability or revenue an increase is positive."""
        found: dict[str, int] = {}
        with self.ledger.connection() as connection:
            for row in booked_sums(connection, ENTITY, BOOK):
                if row.account == account:
                    month = f"{row.earned:%Y-%m}"
                    found[month] = found.get(month, 0) - row.minor
        return {month: minor for month, minor in sorted(found.items()) if minor}

    def counts(self) -> tuple[int, int, int, int, int, int]:
        """Rows received; of them duplicates, rejected, rated, pending, taken out again."""
        ask = Question(entity=ENTITY, book=BOOK)
        with self.ledger.connection() as connection:
            sources = by_source(connection, ask).rows
            meters = by_meter(connection, ask).rows
        assert not sum(one.waiting for one in meters)
        return (
            sum(one.received for one in sources),
            sum(one.duplicates for one in sources),
            sum(one.rejected for one in sources),
            sum(one.rated for one in meters),
            sum(one.pending for one in meters),
            sum(one.superseded + one.retracted for one in meters),
        )

    def findings(self) -> tuple[Finding, ...]:
        with self.ledger.connection() as connection:
            return exceptions(connection, Question(entity=ENTITY, book=BOOK)).rows

    def pending(self) -> dict[str, Decimal]:
        """What waits, by reason."""
        with self.ledger.connection() as connection:
            rows = pending(connection, Question(entity=ENTITY, book=BOOK)).rows
        return {row.reason: row.quantity for row in rows}


def _found(database: str) -> int:
    """How much was sent."""
    shop = Shop(database)
    shop.found()
    shop.ledger.close()
    return shop.sent


@pytest.fixture
def origin(request: pytest.FixtureRequest, origin: str, founded: Founded) -> str:
    """The shop where a test asks for it."""
    return founded(_found)[0] if "shop" in request.fixturenames else origin


@pytest.fixture
def shop(database: str, founded: Founded) -> Iterator[Shop]:
    opened = Shop(database)
    opened.sent = founded(_found)[1]
    yield opened
    opened.ledger.close()
