"""The billing run: many subscriptions with a month of usage, one large account, one late event.

Every subscription has seats, billed in advance, and calls, billed when their month is over.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.contract import send
from bench.floors import billed
from bench.lap import Lap, Reading, timed
from bench.stand import Stand
from domain.calendar import add_months
from domain.deciders import Command
from domain.entity import OpenEntity
from domain.facts import When
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import Item, StartSubscription
from replay.billing.run import Wanted
from replay.ledger import Ledger
from store.request import Request
from store.usage_stage import UsageBatch

Items = tuple[Item, ...]
FIRST, DUE, TERM_TO = date(2025, 1, 1), date(2025, 2, 1), date(2026, 1, 1)
SOURCE = "bench"
ROWS_EACH = 100
# A large account has 30,000 lines where the run has a million rows.
LINES_OF_ROWS = 0.03
TOGETHER = 10_000
MINUTES = 31 * 24 * 60
# Months that a history has, and late events of each: a stand of few rows has fewer.
FEW, MANY = 12, 120
LATE_EVENTS = 15
SEATS = Item(item="seats", price="seat", quantity=Decimal(10))
CALLS = Item(item="calls", price="call")


def billing(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floor of the run: usage summed per subscription and written as invoices and lines, in SQL."""
    if number == 0:
        billed.make(stand.floor)
    run = _many(stand, f"billing-{number}")
    memory = Reading(figure="billing-memory", unit="MiB", value=run.taken.peak_mib)
    return [run, memory, _account(stand, f"account-{number}"), _late(stand, number)]


def _many(stand: Stand, entity: str) -> Lap:
    count = max(1, stand.rows // ROWS_EACH)
    _open(stand.ledger, entity, ((f"c{place:06}", (SEATS, CALLS)) for place in range(count)))
    _use(stand.ledger, entity, count, count * ROWS_EACH)
    stand.floor.execute("ANALYZE")
    taken = timed(stand.floor, lambda: _bill(stand.ledger, entity, 2 * count))
    floor = timed(stand.floor, lambda: billed.bill(stand.floor, entity))
    assert billed.lines(stand.floor, entity) == count, entity
    return Lap(
        figure="billing-run",
        unit="subscriptions/s",
        count=count,
        taken=taken,
        floors={"": floor.seconds},
    )


def _account(stand: Stand, entity: str) -> Lap:
    """One customer with as many subscriptions as lines."""
    count = max(1, int(stand.rows * LINES_OF_ROWS))
    _open(stand.ledger, entity, [])
    send(stand.ledger, entity, (_started(entity, f"s{n:06}", "c", (SEATS,)) for n in range(count)))
    stand.floor.execute("ANALYZE")
    taken = timed(stand.floor, lambda: _bill(stand.ledger, entity, 2 * count))
    return Lap(figure="billing-account", unit="lines/s", count=2 * count, taken=taken)


def _bill(ledger: Ledger, entity: str, lines: int) -> None:
    found = 0
    for part in ledger.billing(Wanted(entity=entity, through=DUE)):
        assert not part.carried, part.carried
        found += sum(len(document.lines) for document in part.documents)
    # Two months of seats and one of calls where there are calls.
    assert found >= lines, (found, lines)


def _late(stand: Stand, number: int) -> Reading:
    """How much longer one customer's month takes for one late event, at ten times the history.

    Events of both come in turn, each in the same month, billed one by one; the quickest count.
    """
    few, many = stand.at_most(FEW), stand.at_most(MANY)
    taken: dict[int, list[float]] = {few: [], many: []}
    for count in taken:
        if number == 0:
            _grow(stand.ledger, f"late-{count}", count)
    for place in range(stand.at_most(LATE_EVENTS)):
        for count, seconds in taken.items():
            seconds.append(_one_late(stand.ledger, f"late-{count}", f"late-{number}-{place}"))
    return Reading(figure="billing-late", unit="times", value=min(taken[many]) / min(taken[few]))


def _grow(ledger: Ledger, entity: str, count: int) -> None:
    """A customer billed for so many months."""
    begin = add_months(DUE, -count)
    _open(ledger, entity, [("c", (SEATS, CALLS))], begin)
    for month in range(count):
        day = add_months(begin, month)
        _ingest(ledger, entity, f"{day}", [_row(f"{day}-{n}", "c", day, n) for n in range(9)])
        ledger.bill(entity, add_months(begin, month + 1))
    ledger.catch_up(entity)


def _one_late(ledger: Ledger, entity: str, event: str) -> float:
    _ingest(ledger, entity, event, [_row(event, "c", FIRST, 500)])
    ledger.catch_up(entity)
    wanted = Wanted(entity=entity, through=DUE, customers=("c",), since=FIRST)
    began = time.perf_counter()
    parts = list(ledger.billing(wanted))
    seconds = time.perf_counter() - began
    assert sum(len(part.documents) for part in parts) == 1, parts
    return seconds


def _open(
    ledger: Ledger, entity: str, customers: Iterable[tuple[str, Items]], begin: date = FIRST
) -> None:
    """A company with a price for seats and one for calls, and a subscription for each customer."""
    send(ledger, entity, _opening(entity, begin))
    send(ledger, entity, _sold(entity, customers, begin))


def _opening(entity: str, begin: date) -> Iterator[Request]:
    when = When(effective=begin)
    seats, calls = PerUnit(unit_amount=Decimal("49.50")), PerUnit(unit_amount=Decimal("0.0035"))
    yield from (
        _request(entity, stream, command)
        for stream, command in (
            ("entity:self", OpenEntity(when=when, name=entity, functional_currency="USD")),
            ("meter:calls", DefineMeter(when=when, aggregation="sum")),
            ("price:seat", SetPrice(when=when, currency="USD", model=seats)),
            (
                "price:call",
                SetPrice(when=when, currency="USD", model=calls, meter="calls", bill="arrears"),
            ),
            ("customer:c", RegisterCustomer(when=when, currency="USD")),
        )
    )


def _sold(entity: str, customers: Iterable[tuple[str, Items]], begin: date) -> Iterator[Request]:
    for name, items in customers:
        if name != "c":
            command = RegisterCustomer(when=When(effective=begin), currency="USD")
            yield _request(entity, f"customer:{name}", command)
        yield _started(entity, name, name, items, begin)


def _started(entity: str, name: str, customer: str, items: Items, begin: date = FIRST) -> Request:
    command = StartSubscription(
        when=When(effective=begin),
        customer=customer,
        currency="USD",
        term_from=begin,
        term_to=TERM_TO,
        items=items,
    )
    return _request(entity, f"subscription:{name}", command)


def _request(entity: str, stream: str, command: Command) -> Request:
    return Request(entity=entity, stream=stream, key=stream, command=command)


def _use(ledger: Ledger, entity: str, subscriptions: int, rows: int) -> None:
    """Every subscription in turn, through the month."""
    for first in range(0, rows, TOGETHER):
        sent = [
            _row(f"e{n}", f"c{n % subscriptions:06}", FIRST, n * MINUTES // rows)
            for n in range(first, min(rows, first + TOGETHER))
        ]
        _ingest(ledger, entity, f"u{first}", sent)


def _row(event: str, subscription: str, day: date, minutes: int) -> dict[str, Any]:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    return {
        "event_id": event,
        "subscription": subscription,
        "meter": "calls",
        "quantity": f"{minutes % 977 + 1}.5",
        "occurred_at": moment.isoformat(),
    }


def _ingest(ledger: Ledger, entity: str, key: str, rows: list[dict[str, Any]]) -> None:
    taken = ledger.ingest(UsageBatch(entity=entity, source=SOURCE, key=key), rows)
    assert taken.accepted == len(rows), taken
