"""Money: a bank's statement taken and matched, and how old what is open is.

Each customer has two invoices. Of ten entries seven name their invoice in words of their own, two
come from a payer known from an entry before, one is of nobody known.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bench.contract import send
from bench.floors import paying as floor
from bench.lap import Lap, Reading, timed
from bench.stand import Stand
from domain.deciders import Command
from domain.entity import OpenEntity
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.party import RegisterCustomer
from projections import generations
from projections.question import Question
from projections.receivables import ageing
from replay.bank.importing import import_payments
from replay.bank.mapping import BankColumns, BankMapping
from store import checkpoints
from store.db import Connection
from store.request import Request

# 10,000 payments where the bench has its usual 200,000 rows.
ROWS_OF_A_PAYMENT = 20
# A million open items there.
ITEMS_OF_A_ROW = 5
FIRST, DUE, PAID = date(2025, 1, 1), date(2025, 1, 31), date(2025, 2, 3)
LAST = date(2025, 12, 31)
AGED = "aged"
# Of ten entries these name nothing and are of a payer that has named an invoice before.
OF_TEN, KNOWN = 10, (7, 8)
MAPPING = BankMapping(
    source="bench",
    account="main",
    currency="USD",
    columns=BankColumns(
        booked_on="day", amount="amount", payer_account="iban", text=("text",), entry_id="id"
    ),
)
# What the fold of so many invoices leaves, laid into its table as it would.
ITEMS = """
INSERT INTO open_amount (entity, document, stream, kind, book, number, reference, customer,
                         currency, issued_on, due_on, minor, reported_on, earned_on, position,
                         from_position, to_position)
SELECT %(entity)s, 'i' || n, 'invoice:i' || n, 'issued', '', 'N-' || n, 'N' || n,
       'c' || n %% 10000, 'USD', day, day + 30, n %% 9973 + 1, day, day, n, 0, NULL
  FROM generate_series(1, %(count)s) AS n
 CROSS JOIN LATERAL (SELECT date '2025-01-01' + (n %% 335)::int AS day) AS d
"""


def paying(stand: Stand, number: int) -> list[Lap | Reading]:
    """Floor of the import: the same rows copied, and one statement that pays as many invoices."""
    if number == 0:
        floor.make(stand.floor)
    took = _import(stand, f"paying-{number}")
    memory = Reading(figure="payments-memory", unit="MiB", value=took.taken.peak_mib)
    return [took, memory]


def _import(stand: Stand, entity: str) -> Lap:
    count = max(10, stand.rows // ROWS_OF_A_PAYMENT)
    send(stand.ledger, entity, _owing(entity, count))
    stand.ledger.catch_up(entity)
    stand.floor.execute("ANALYZE")
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder:
        path = Path(folder) / "statement.csv"
        _write(path, count)
        taken = timed(stand.floor, lambda: _take(stand, entity, path, count))
    rows = [(entity, f"e{n}", f"i{n}", 100_00 + n) for n in range(count)]
    beside = timed(stand.floor, lambda: floor.pay(stand.floor, rows, entity))
    return Lap(
        figure="payments",
        unit="payments/s",
        count=count,
        taken=taken,
        floors={"": beside.seconds},
    )


def _take(stand: Stand, entity: str, path: Path, count: int) -> None:
    done = import_payments(stand.ledger, entity, path, MAPPING)
    assert done.taken == count, done
    assert done.rules["none"] == len(done.waiting) == count // 10, done.rules


def _write(path: Path, count: int) -> None:
    """The customer of an entry is its place; each tenth comes from nowhere."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "day", "amount", "iban", "text"])
        for n in range(count):
            kind = n % OF_TEN
            payer = n - kind if kind in KNOWN else n
            text = f"your invoice inv 2025/{n:06} thank you" if kind < min(KNOWN) else ""
            # No invoice has such cents: of nobody known, it comes to nothing that is open.
            cents = 99 if kind > max(KNOWN) else 0
            rows.writerow([f"e{n}", PAID, f"{1000 + n}.{cents:02}", f"DE{payer:010}", text])


def _owing(entity: str, count: int) -> Iterator[Request]:
    when = When(effective=FIRST)
    opened = OpenEntity(when=when, name=entity, functional_currency="USD")
    yield _request(entity, "entity:self", opened)
    for n in range(count):
        registered = RegisterCustomer(when=when, currency="USD")
        yield _request(entity, f"customer:c{n:06}", registered)
        for part in range(2):
            yield _request(entity, f"invoice:i{n}-{part}", _invoice(n, part))


def _invoice(n: int, part: int) -> IssueInvoice:
    number = f"INV-2025-{n:06}" if part == 0 else f"MORE-2025-{n:06}"
    return IssueInvoice(
        when=When(effective=FIRST),
        customer=f"c{n:06}",
        currency="USD",
        number=number,
        due_on=DUE,
        lines=(InvoiceLine(line="1", amount_minor=(1000 + n) * 100 - 50 * part),),
    )


def _request(entity: str, stream: str, command: Command) -> Request:
    return Request(entity=entity, stream=stream, key=stream, command=command)


def ages(stand: Stand, number: int) -> list[Lap | Reading]:
    """Seconds of the ageing as of a day; floor: the same sum over a bare table of as many rows."""
    count = stand.rows * ITEMS_OF_A_ROW
    with stand.ledger.connection() as connection:
        if number == 0:
            _lay(connection, count)
            floor.fill(stand.floor, count)
        taken = timed(connection, lambda: _age(connection))
    beside = timed(stand.floor, lambda: floor.age(stand.floor))
    return [
        Reading(figure="ageing", unit="s", value=taken.seconds, peak_mib=taken.peak_mib),
        Reading(figure="ageing-floor", unit="s", value=beside.seconds, peak_mib=beside.peak_mib),
    ]


def _lay(connection: Connection, count: int) -> None:
    generation = generations.live(connection)
    with connection.transaction():
        checkpoints.look_in(connection, checkpoints.schema_of(generation))
        connection.execute(ITEMS, {"entity": AGED, "count": count})
    with connection.transaction():
        checkpoints.look_in(connection, checkpoints.schema_of(generation))
        connection.execute("ANALYZE open_amount")


def _age(connection: Connection) -> None:
    found = ageing(connection, Question(entity=AGED, book="main", through=LAST))
    assert found.rows
