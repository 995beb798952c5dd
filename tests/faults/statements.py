"""Kills while a bank's statement is taken: at every named place on its way, resumed until it ends.

Each round is an entity of its own with the same customers, invoices and file. However often its
import was killed, what stands in the log at the end is what an import nobody disturbed leaves.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from domain.entity import OpenEntity
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.party import RegisterCustomer
from domain.payment_facts import PaymentApplied, PaymentReceived
from replay.bank.importing import import_payments
from replay.bank.mapping import BankColumns, BankMapping
from replay.ledger import Ledger
from store import failpoint, log
from store.request import Receipt, Request
from tests.faults.kills import Say
from tests.faults.machine import Machine
from tests.faults.report import Report
from tests.laws.time_laws import Broken

CUSTOMERS, ENTRIES, TOGETHER = 6, 23, 4
PLACES: tuple[failpoint.Name, ...] = (
    "bank-vault-written",
    "decided-not-written",
    "committed-not-answered",
    "bank-part-taken",
    "view-copied",
)
KILLS_MAX = 4
ENDS_WITHIN_SECONDS = 120.0
NEW_YEAR = When(effective=date(2024, 1, 1))
MAPPING = BankMapping(
    source="bank",
    account="main",
    currency="USD",
    columns=BankColumns(booked_on="day", amount="amount", payer_account="iban", text=("text",)),
)
# A payment, for whom, how much, what it pays and by which rule.
Taken = set[tuple[str, str, int, tuple[tuple[str, int], ...], str]]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.statements"])


def campaign(machine: Machine, *, seed: int, count: int, say: Say) -> Report:
    """Each place in turn, an import killed once or several times. Raises Broken."""
    began = time.monotonic()
    random = Random(seed)
    report = Report(what="statements", seed=seed)
    with machine.database() as dsn, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statement.csv"
        _write(path, random)
        with _ledger(dsn) as ledger:
            _owing(ledger, "undisturbed")
            import_payments(ledger, "undisturbed", path, MAPPING)
            wanted = _taken(ledger, "undisturbed")
        for number in range(count):
            place = PLACES[number % len(PLACES)]
            _round(dsn, f"round-{number}", path, place, random, report)
            with _ledger(dsn) as ledger:
                found = _taken(ledger, f"round-{number}")
            if found != wanted:
                raise Broken(f"round {number}, {place}: {sorted(found ^ wanted)}")
            report.compared["payments as undisturbed"] += len(wanted)
            if number % 20 == 19:
                say(f"{number + 1} of {count} rounds, {time.monotonic() - began:.0f} s")
    report.seconds = Decimal(f"{time.monotonic() - began:.1f}")
    return report


def _round(dsn: str, entity: str, path: Path, place: str, random: Random, report: Report) -> None:
    """Killed a few times, now sooner and now later, and then left alone."""
    with _ledger(dsn) as ledger:
        _owing(ledger, entity)
    for _ in range(random.randint(1, KILLS_MAX)):
        if _import(dsn, entity, path, f"{place}:kill:{random.randint(1, 2)}") != 0:
            report.faults[f"process: {place}"] += 1
    assert _import(dsn, entity, path, None) == 0, (entity, place)
    report.counts["resumed"] += 1


def _import(dsn: str, entity: str, path: Path, armed: str | None) -> int:
    process = _forks.Process(target=_act, args=(dsn, entity, path, armed), daemon=True)
    process.start()
    process.join(ENDS_WITHIN_SECONDS)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode


def _act(dsn: str, entity: str, path: Path, armed: str | None) -> None:
    """In the process that is to fail."""
    os.environ.pop(failpoint.VARIABLE, None)
    with _ledger(dsn) as ledger:
        failpoint.arm(armed)
        import_payments(ledger, entity, path, MAPPING, together=TOGETHER)


def _ledger(dsn: str) -> Ledger:
    return Ledger.open(dsn, lambda: datetime(2025, 1, 1, tzinfo=UTC))


def _owing(ledger: Ledger, entity: str) -> None:
    commands: list[tuple[str, Any]] = [
        ("entity:self", OpenEntity(when=NEW_YEAR, name=entity, functional_currency="USD"))
    ]
    for number in range(CUSTOMERS):
        customer = f"cust{number}"
        commands.append((f"customer:{customer}", RegisterCustomer(when=NEW_YEAR, currency="USD")))
        for part in range(3):
            invoice = IssueInvoice(
                when=NEW_YEAR,
                customer=customer,
                currency="USD",
                number=f"INV-{number}00{part}",
                due_on=date(2024, 2, 1 + part),
                lines=(InvoiceLine(line="1", amount_minor=(10 + number) * 100 + part),),
            )
            commands.append((f"invoice:i{number}-{part}", invoice))
    asking = [
        Request(entity=entity, stream=stream, key=stream, command=command)
        for stream, command in commands
    ]
    assert all(isinstance(one, Receipt) for one in ledger.submit_many(entity, asking))


def _write(path: Path, random: Random) -> None:
    """References, amounts, payers seen before and of nobody known; some lines twice over."""
    rows = ["day,amount,iban,text"]
    for _ in range(ENTRIES):
        number, part = random.randrange(CUSTOMERS), random.randrange(3)
        text = random.choice((f"inv {number}00{part}", f"cust{number}", "", ""))
        amount = random.choice((f"{10 + number}.0{part}", "7.50", f"{20 + 2 * number}.01"))
        rows.append(f"2024-03-{random.randint(1, 9):02},{amount},DE{number},{text}")
    path.write_text("\n".join([*rows, rows[-1], rows[-1]]) + "\n")


def _taken(ledger: Ledger, entity: str) -> Taken:
    return set(_payments(ledger, entity))


def _payments(ledger: Ledger, entity: str) -> Iterator[Any]:
    """Each received once: a second time would be another entry of the set, or a refusal."""
    with ledger.connection() as connection:
        facts = log.read_categories(connection, entity, ["payment"])
    applied = {fact.stream: fact.event for fact in facts if isinstance(fact.event, PaymentApplied)}
    received = [fact for fact in facts if isinstance(fact.event, PaymentReceived)]
    assert len(received) + len(applied) == len(facts), entity
    assert len({fact.stream for fact in received}) == len(received), entity
    for fact in received:
        event = fact.event
        assert isinstance(event, PaymentReceived)
        assert event.bank is not None
        # Ids of payers are made with a key of the entity.
        whose = event.customer.partition(":")[0]
        rows = applied.get(fact.stream)
        paid = tuple((row.invoice, row.amount_minor) for row in (rows.applications if rows else ()))
        yield fact.stream, whose, event.amount_minor, paid, event.bank.rule
