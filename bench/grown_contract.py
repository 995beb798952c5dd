"""A subscription and an account of any number of facts, in memory: how measuring grows with them.

Every month brings the same five: an invoice, a change of seats, two batches of usage, and in turn a
credit or the retraction of the change.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.calendar import Calendar, add_months, months
from domain.facts import Event, Fact, Retracted, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.ledger import Fresh
from domain.master import MasterData
from domain.meter import MeterDefined
from domain.party import CustomerRegistered
from domain.payment_facts import (
    PaymentReceived,
)
from domain.price import PriceSet, PriceVersion
from domain.pricing import Graduated, PerUnit, Tier
from domain.subscription import Item, ItemChange, SubscriptionAmended, SubscriptionStarted
from domain.usage import UsageBatchAccepted, UsageDay

UNIT, ACCOUNT = "subscription:grown", "customer:grown:USD"
FIRST = date(2000, 1, 1)
FACTS_A_MONTH = 5
DAYS_A_BATCH = 3


def grown(facts: int) -> tuple[Fresh, MasterData]:
    """A contract that became so long month by month, and what it is measured with."""
    count = max(1, facts // FACTS_A_MONTH)
    log = _Log()
    _begin(log, add_months(FIRST, count))
    for number in range(count):
        _month(log, number)
    return Fresh(facts=tuple(log.facts[:facts]), usage=tuple(log.usage)), _master(count)


def account(facts: int) -> tuple[Fact, ...]:
    """Invoices of one customer, each paid two days later."""
    log = _Log()
    for number in range(facts // 2):
        day = FIRST + timedelta(days=3 * number)
        line = InvoiceLine(line="1", amount_minor=100_000)
        issued = InvoiceIssued(
            when=log.when(day),
            customer="grown",
            currency="USD",
            number=f"i{number}",
            due_on=day + timedelta(days=30),
            lines=(line,),
        )
        log.add(f"invoice:i{number}", issued)
        paid = log.when(day + timedelta(days=2))
        received = PaymentReceived(
            when=paid, customer="grown", currency="USD", amount_minor=100_000
        )
        log.add(f"payment:p{number}", received)
    return tuple(log.facts)


class _Log:
    """Facts as they come in, numbered."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.usage: list[UsageDay] = []
        self._versions: dict[str, int] = {}

    def add(self, stream: str, event: Event, corrects: int | None = None) -> int:
        position = len(self.facts) + 1
        self._versions[stream] = self._versions.get(stream, 0) + 1
        self.facts.append(
            Fact(
                entity="bench",
                position=position,
                stream=stream,
                version=self._versions[stream],
                event=event,
                recorded_at=datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=position),
                command_id=f"key-{position}",
                actor="bench",
                corrects=corrects,
            )
        )
        return position

    def when(self, day: date) -> When:
        return When(effective=day, order=len(self.facts) + 1)


def _begin(log: _Log, until: date) -> None:
    log.add("customer:grown", CustomerRegistered(when=log.when(FIRST), currency="USD"))
    items = (
        Item(item="seats", price="seat", quantity=Decimal(10)),
        Item(item="calls", price="call"),
    )
    log.add(
        UNIT,
        SubscriptionStarted(
            when=log.when(FIRST),
            customer="grown",
            currency="USD",
            term_from=FIRST,
            term_to=until,
            items=items,
        ),
    )


def _month(log: _Log, number: int) -> None:
    begin, end = add_months(FIRST, number), add_months(FIRST, number + 1)
    _invoice(log, number, begin, end)
    seats = (ItemChange(item="seats", quantity=Decimal(11 + number % 7)),)
    middle = begin + timedelta(days=14)
    changed = log.add(UNIT, SubscriptionAmended(when=log.when(middle), items=seats))
    for first in (begin, middle):
        _batch(log, first)
    if number % 2:
        log.add(UNIT, Retracted(when=log.when(middle)), changed)
    else:
        _credit(log, number, middle)


def _invoice(log: _Log, number: int, begin: date, end: date) -> None:
    line = InvoiceLine(
        line="1",
        amount_minor=100_000,
        service_from=begin,
        service_to=end,
        subscription="grown",
        obligation="seats",
    )
    name = f"i{number}"
    issued = InvoiceIssued(
        when=log.when(begin),
        customer="grown",
        currency="USD",
        number=name,
        due_on=end,
        lines=(line,),
    )
    log.add(f"invoice:{name}", issued)


def _credit(log: _Log, number: int, day: date) -> None:
    lines = (CreditLine(line="1", amount_minor=1_000),)
    credit = CreditIssued(
        when=log.when(day), number=f"c{number}", lines=lines, treatment="from-now"
    )
    log.add(f"invoice:i{number}", credit)


def _batch(log: _Log, first: date) -> None:
    days = [first + timedelta(days=4 * step) for step in range(DAYS_A_BATCH)]
    position = log.add(
        "usage:bench",
        UsageBatchAccepted(
            when=log.when(first),
            batch=len(log.facts) + 1,
            kind="rows",
            received=DAYS_A_BATCH,
            duplicates=0,
            rejected=0,
            accepted=DAYS_A_BATCH,
            totals=(),
            subscriptions=("grown",),
            first_day=days[0],
            last_day=days[-1],
            root="",
        ),
    )
    log.usage += [
        UsageDay(
            subscription="grown",
            meter="calls",
            day=day,
            position=position,
            rows=1,
            quantity=Decimal("250.25"),
        )
        for day in days
    ]


def _master(count: int) -> MasterData:
    tiers = (
        Tier(unit_amount=Decimal("0.0035"), up_to=Decimal(1000)),
        Tier(unit_amount=Decimal("0.00212")),
    )
    when = When(effective=FIRST)
    calls = PriceSet(when=when, currency="USD", model=Graduated(tiers=tiers), meter="calls")
    seats = PriceSet(when=when, currency="USD", model=PerUnit(unit_amount=Decimal("49.50")))
    return MasterData(
        functional_currency="USD",
        calendar=Calendar(months(FIRST, count + 1)),
        prices={
            name: (PriceVersion(f"{name}@{FIRST}", FIRST, price),)
            for name, price in (("seat", seats), ("call", calls))
        },
        meters={"calls": MeterDefined(when=when, aggregation="sum")},
    )
