"""From the bill to the bank: what invoices say, what was paid, who is reminded, what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.cli.demo.block import Block, asked, counted, everywhere, left_out
from api.cli.demo.papers import Chosen
from api.cli.output import money
from domain.facts import fold
from domain.invoice import DECIDER
from replay.bank.importing import import_payments
from replay.bank.mapping import read_bank_mapping
from replay.bank.reading import read_statement
from replay.bank.resolving import waiting
from replay.demo.company import COUNTRIES
from replay.demo.months import Part, Played
from replay.ledger import Ledger
from store import log
from store.db import Connection

LINES_SHOWN = 12
ROWS_SHOWN = 5


def invoice_lines(connection: Connection, one: Chosen) -> Block:
    """A coupon and tax on an invoice, and what a credit note left of each line."""
    state = fold(DECIDER, log.read_stream(connection, one.entity, f"invoice:{one.invoice}"))
    assert state.issued is not None, one
    rows = [
        (
            line.line,
            line.kind,
            line.obligation or (line.tax.name if line.tax else line.of_line),
            line.service_from,
            money(line.amount_minor, one.currency),
            money(line.amount_minor - state.credited_minor.get(line.line, 0), one.currency),
        )
        for line in state.issued.lines
    ]
    return Block(
        title=f"Invoice {one.number}: what is sold, what is taken off, what tax is due",
        queries=(f"tieout invoice show {one.invoice} -e {one.entity}",),
        columns=("line", "kind", "what", "from", "amount", "left"),
        rows=tuple(rows[-LINES_SHOWN:]),
        more=left_out(len(rows), LINES_SHOWN, "lines before these"),
        says="Coupons come before tax. A credit note takes its share of both along: left is what "
        "is still asked for.",
    )


def taxes(connection: Connection, played: Played) -> Block:
    """Over all months, by place and tax."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for entity in played.entities:
        for row in asked(connection, "tax", entity).rows:
            rate = _percent(row.percent)
            key = (row.currency, row.jurisdiction, row.name, rate, row.category)
            own = sums.setdefault(key, [0, 0])
            own[:] = own[0] + row.taxable_minor, own[1] + row.tax_minor
    return Block(
        title="Tax by place: charged, not due, or the customer's to declare",
        queries=everywhere("tax", played),
        columns=("currency", "place", "tax", "percent", "category", "taxable", "tax due"),
        rows=tuple((*key, *(money(minor, key[0]) for minor in own)) for key, own in sums.items()),
    )


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}"


# --- money ----------------------------------------------------------------------------------------


def at_the_banks(part: Part, folder: Path, months: Iterable[str]) -> int:
    """What stands at a company's bank: all that its files say passed the account."""
    own = folder / part.entity
    (country,) = (one for one in COUNTRIES if one.entity == part.entity)
    mapping = read_bank_mapping(own / "bank.toml")
    files = (own / f"{month}.{country.file}" for month in months)
    return sum(
        entry.amount_minor for file in files for entry in read_statement(file, mapping).entries
    )


def bank_files(ledger: Ledger, played: Played, folder: Path) -> Iterator[Block]:
    """The last file of each bank once more: all of it is known, and nothing happens."""
    rows = [_again(ledger, part, folder, played.closed[-1]) for part in played.parts]
    first = COUNTRIES[0]
    path = folder / first.entity
    file, mapping = path / f"{played.closed[-1]}.{first.file}", path / "bank.toml"
    yield Block(
        title="Cash: the bank's files of the last month, taken once more",
        queries=(f"tieout payments import {file} --mapping {mapping} -e {first.entity}",),
        columns=(
            "entity",
            "entries",
            "known before",
            "taken now",
            "matched when they came",
            "found",
        ),
        rows=tuple(rows),
    )
    yield _nobody(ledger, first.entity)


def _again(ledger: Ledger, part: Part, folder: Path, month: str) -> tuple[object, ...]:
    (country,) = (one for one in COUNTRIES if one.entity == part.entity)
    own = folder / part.entity
    mapping = read_bank_mapping(own / "bank.toml")
    done = import_payments(ledger, part.entity, own / f"{month}.{country.file}", mapping)
    rules = ", ".join(f"{count} by {rule}" for rule, count in sorted(part.rules.items()))
    back = counted(part.given_back)
    return part.entity, done.entries, done.repeated, done.taken, rules, back


def _nobody(ledger: Ledger, entity: str) -> Block:
    return Block(
        title="And what waits for a person:",
        goes_on=True,
        queries=(f"tieout payments waiting -e {entity}",),
        columns=("payment", "day", "amount", "payer", "wrote", "because"),
        rows=tuple(
            (
                row.payment,
                row.day,
                money(row.amount_minor, row.currency),
                row.wrote.get("name", ""),
                row.wrote.get("text", ""),
                row.match.because,
            )
            for row in waiting(ledger, entity)
        ),
    )


def account(connection: Connection, played: Played) -> Block:
    """The account with the most kinds of change on it, and among those the shortest."""
    entity = played.entities[0]
    found: dict[str, list[Any]] = {}
    for row in asked(connection, "statement", entity).rows:
        found.setdefault(row.customer, []).append(row)
    name, rows = max(found.items(), key=lambda one: (_kinds(one[1]), -len(one[1]), one[0]))
    shown = [
        (
            row.day,
            row.document,
            row.kind,
            *(
                money(minor, row.currency)
                for minor in (row.receivable_minor, row.held_minor, row.owed_minor)
            ),
        )
        for row in rows
    ]
    return Block(
        title=f"The account of {name}: every document and all money",
        queries=(f"tieout report statement -e {entity} --customer {name}",),
        columns=("day", "document", "what", "receivable", "held", "owed after it"),
        rows=tuple(shown[:LINES_SHOWN]),
        more=left_out(len(shown), LINES_SHOWN, "rows"),
    )


def _kinds(rows: list[Any]) -> int:
    return len({row.kind for row in rows})


def reminders(connection: Connection, played: Played) -> Block:
    entity = played.entities[0]
    rows = asked(connection, "dunning", entity).rows
    shown = [
        (
            row.number,
            row.customer,
            row.step,
            row.reached_on,
            row.days_overdue,
            money(row.open_minor, row.currency),
        )
        for row in rows[-ROWS_SHOWN:]
    ]
    return Block(
        title="Who is to be reminded: the last step that an open invoice came to",
        queries=(f"tieout report dunning -e {entity}",),
        columns=("invoice", "customer", "step", "reached on", "days overdue", "open"),
        rows=tuple(shown),
        more=left_out(len(rows), ROWS_SHOWN, "before these"),
    )


def held(connection: Connection, played: Played) -> Block:
    """By company, in sum: each is an account of its own."""
    names = ("unapplied_minor", "deposits_minor", "credit_minor", "to_refund_minor")
    columns = (*names, "disputed_minor")
    rows = []
    for part in played.parts:
        own = asked(connection, "customer-money", part.entity).rows
        sums = [sum(getattr(row, name) for row in own) for name in columns]
        rows.append((part.entity, len(own), *(money(minor, part.currency) for minor in sums)))
    return Block(
        title="What is held for customers, and what their banks took back",
        queries=everywhere("customer-money", played),
        columns=("entity", "customers", *(name.removesuffix("_minor") for name in columns)),
        rows=tuple(rows),
    )
