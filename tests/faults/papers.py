"""Kills while a billing run drafts, drafts anew and issues: at every named place on its way.

Each round is an entity of its own with the same customers and usage, late usage among it. However
often its runs were killed, what stands at the end is what runs nobody disturbed leave, and the
register of numbers has no hole.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from domain.entity import OpenEntity
from domain.facts import When
from domain.invoice_facts import InvoiceIssued
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.meter import DefineMeter
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.series import number_in
from domain.subscription import Item, StartSubscription
from replay.billing import run
from replay.ledger import Ledger
from store import failpoint, log
from store.request import Receipt, Request
from store.usage_stage import UsageBatch
from tests.faults.kills import Say
from tests.faults.machine import Machine
from tests.faults.report import Report
from tests.laws.time_laws import Broken

CUSTOMERS, TOGETHER, KILLS_MAX = 5, 2, 3
PLACES: tuple[failpoint.Name, ...] = (
    "decided-not-written",
    "facts-inserted",
    "head-updated",
    "committed-not-answered",
    "billing-chunk-stored",
)
ENDS_WITHIN_SECONDS = 120.0
NEW_YEAR = When(effective=date(2024, 1, 1))
# Drafted, drafted anew with late usage, issued beside what is drafted by then.
DAYS = (date(2024, 2, 1), date(2024, 2, 3), date(2024, 2, 6), date(2024, 3, 1), date(2024, 3, 9))
SERIES = "INV-"
OPTIONS = InvoicingOptions(series=SERIES, grace_days=5)
# Customer, day, and what each line bills: of every invoice that went out.
Issued = list[tuple[str, date, tuple[tuple[str, str, int], ...]]]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.papers"])


def campaign(machine: Machine, *, seed: int, count: int, say: Say) -> Report:
    """Each place in turn, runs killed once or several times. Raises Broken."""
    began = time.monotonic()
    random = Random(seed)
    report = Report(what="papers", seed=seed)
    with machine.database() as dsn:
        _play(dsn, "undisturbed", None, random, report)
        wanted = _issued(dsn, "undisturbed")
        for number in range(count):
            place = PLACES[number % len(PLACES)]
            _play(dsn, f"round-{number}", place, random, report)
            found = _issued(dsn, f"round-{number}")
            if found != wanted:
                raise Broken(f"round {number}, {place}: {found} instead of {wanted}")
            report.compared["invoices as undisturbed, register without a hole"] += len(wanted)
            if number % 20 == 19:
                say(f"{number + 1} of {count} rounds, {time.monotonic() - began:.0f} s")
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


def _play(dsn: str, entity: str, place: str | None, random: Random, report: Report) -> None:
    """Run after run, each killed a few times, now sooner and now later, and then left alone."""
    with _ledger(dsn) as ledger:
        _sell(ledger, entity)
    for day in DAYS:
        with _ledger(dsn) as ledger:
            _use(ledger, entity, day)
        for _ in range(random.randint(0, KILLS_MAX) if place else 0):
            if _bill(dsn, entity, day, f"{place}:kill:{random.randint(1, 3)}") != 0:
                report.faults[f"process: {place}"] += 1
        assert _bill(dsn, entity, day, None) == 0, (entity, day)
        report.counts["runs ended"] += 1


def _bill(dsn: str, entity: str, day: date, armed: str | None) -> int:
    process = _forks.Process(target=_act, args=(dsn, entity, day, armed), daemon=True)
    process.start()
    process.join(ENDS_WITHIN_SECONDS)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode


def _act(dsn: str, entity: str, day: date, armed: str | None) -> None:
    """In the process that is to fail: several chunks, so that it fails between them too."""
    os.environ.pop(failpoint.VARIABLE, None)
    run.SUBSCRIPTIONS_TOGETHER = TOGETHER
    with _ledger(dsn) as ledger:
        failpoint.arm(armed)
        ledger.bill(entity, day)


def _ledger(dsn: str) -> Ledger:
    return Ledger.open(dsn, lambda: datetime(2025, 1, 1, tzinfo=UTC))


def _sell(ledger: Ledger, entity: str) -> None:
    seats, calls = PerUnit(unit_amount=Decimal(100)), PerUnit(unit_amount=Decimal("0.02"))
    metered = SetPrice(when=NEW_YEAR, currency="USD", model=calls, meter="calls", bill="arrears")
    commands: list[tuple[str, Any]] = [
        ("entity:self", OpenEntity(when=NEW_YEAR, name=entity, functional_currency="USD")),
        ("invoicing:self", AdoptInvoicing(when=NEW_YEAR, options=OPTIONS)),
        ("meter:calls", DefineMeter(when=NEW_YEAR, aggregation="sum")),
        ("price:seat", SetPrice(when=NEW_YEAR, currency="USD", model=seats)),
        ("price:call", metered),
    ]
    for number in range(CUSTOMERS):
        started = StartSubscription(
            when=NEW_YEAR,
            customer=f"c{number}",
            currency="USD",
            term_from=date(2024, 1, 1),
            term_to=date(2024, 7, 1),
            items=(
                Item(item="seats", price="seat", quantity=Decimal(number + 1)),
                Item(item="calls", price="call"),
            ),
        )
        commands.append((f"customer:c{number}", RegisterCustomer(when=NEW_YEAR, currency="USD")))
        commands.append((f"subscription:s{number}", started))
    asking = [
        Request(entity=entity, stream=stream, key=stream, command=command)
        for stream, command in commands
    ]
    assert all(isinstance(one, Receipt) for one in ledger.submit_many(entity, asking))


def _use(ledger: Ledger, entity: str, day: date) -> None:
    """Usage of January, known before each run: what comes after the first is late."""
    rows = [
        {
            "event_id": f"{day}-{number}",
            "subscription": f"s{number}",
            "meter": "calls",
            "quantity": f"{100 + number}",
            "occurred_at": f"2024-01-{10 + number}T12:00:00Z",
        }
        for number in range(CUSTOMERS)
    ]
    ledger.ingest(UsageBatch(entity=entity, source="app", key=f"{day}"), rows)


def _issued(dsn: str, entity: str) -> Issued:
    with _ledger(dsn) as ledger, ledger.connection() as connection:
        facts = log.read_categories(connection, entity, ["invoice"])
    events = [fact.event for fact in facts if isinstance(fact.event, InvoiceIssued)]
    numbers = [event.number for event in events]
    if numbers != [number_in(SERIES, place) for place in range(1, len(numbers) + 1)]:
        raise Broken(f"{entity}: {numbers}")
    return sorted(_told(events))


def _told(
    events: list[InvoiceIssued],
) -> Iterator[tuple[str, date, tuple[tuple[str, str, int], ...]]]:
    for event in events:
        lines = (
            (f"{line.obligation}", f"{line.service_from}", line.amount_minor)
            for line in event.lines
        )
        yield event.customer, event.when.effective, tuple(sorted(lines))
