"""Invoices of ten lines: drafted by one billing run, numbered and issued by the next.

A customer each, whose subscription sells ten items. The first run keeps what it bills for a day of
grace; the run after it measures every draft again and issues it under a number of its series.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bench.contract import send
from bench.floors import issued as floor
from bench.lap import Lap, Reading, Taken, timed
from bench.stand import Stand
from domain.deciders import Command
from domain.entity import OpenEntity
from domain.facts import When
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import Item, StartSubscription
from replay.billing.run import Wanted
from replay.ledger import Ledger
from store.request import Request

# 10,000 invoices where the bench has its usual 200,000 rows.
ROWS_OF_AN_INVOICE = 20
LINES = 10
FIRST, AFTER, TERM_TO = date(2025, 1, 1), date(2025, 1, 2), date(2026, 1, 1)
GRACE = InvoicingOptions(series="INV-{year}-", grace_days=1)
ITEMS = tuple(
    Item(item=f"item-{place}", price="seat", quantity=Decimal(place + 1)) for place in range(LINES)
)


def issuing(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floor of either run: as many lines copied, and one statement that numbers the invoices."""
    if number == 0:
        floor.make(stand.floor)
    count = max(10, stand.rows // ROWS_OF_AN_INVOICE)
    entity = f"issuing-{number}"
    send(stand.ledger, entity, _sold(entity, count))
    stand.floor.execute("ANALYZE")
    rows = [(entity, f"c{n:06}", line, 49_50 * line) for n in range(count) for line in range(LINES)]
    beside = timed(stand.floor, lambda: floor.issue(stand.floor, entity, rows))
    drafted = timed(stand.floor, lambda: _bill(stand.ledger, entity, count, "drafted", FIRST))
    issued = timed(stand.floor, lambda: _bill(stand.ledger, entity, count, "issued", AFTER))
    return [
        _lap("drafting", count, drafted, beside),
        _lap("issuing", count, issued, beside),
        Reading(figure="issuing-memory", unit="MiB", value=issued.peak_mib),
    ]


def _lap(figure: str, count: int, taken: Taken, beside: Taken) -> Lap:
    floors = {"": beside.seconds}
    return Lap(figure=figure, unit="invoices/s", count=count, taken=taken, floors=floors)


def _bill(ledger: Ledger, entity: str, count: int, act: str, through: date) -> None:
    wanted = Wanted(entity=entity, through=through)
    found = [one for part in ledger.billing(wanted) for one in part.documents]
    assert len(found) == count, (len(found), count)
    assert all((one.act, len(one.lines)) == (act, LINES) for one in found), found[0]


def _sold(entity: str, count: int) -> Iterator[Request]:
    when = When(effective=FIRST)
    model = PerUnit(unit_amount=Decimal("49.50"))
    for stream, command in (
        ("entity:self", OpenEntity(when=when, name=entity, functional_currency="USD")),
        ("invoicing:self", AdoptInvoicing(when=when, options=GRACE)),
        ("price:seat", SetPrice(when=when, currency="USD", model=model)),
    ):
        yield _request(entity, stream, command)
    for n in range(count):
        name = f"c{n:06}"
        yield _request(entity, f"customer:{name}", RegisterCustomer(when=when, currency="USD"))
        started = StartSubscription(
            when=when,
            customer=name,
            currency="USD",
            term_from=FIRST,
            term_to=TERM_TO,
            items=ITEMS,
        )
        yield _request(entity, f"subscription:{name}", started)


def _request(entity: str, stream: str, command: Command) -> Request:
    return Request(entity=entity, stream=stream, key=stream, command=command)
