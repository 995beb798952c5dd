"""Does it tie: one sum by different ways, from documents, views and the journal, by currency."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.cli.demo.block import Block, asked
from api.cli.demo.collected import at_the_banks
from api.cli.output import money
from replay.demo.months import Part, Played
from store.db import Connection

VIEWS = (
    "price-models",
    "register",
    "register-gaps",
    "roll-forward",
    "receivables",
    "statement",
    "customer-money",
    "tax",
    "cash-by-day",
    "deferred-revenue",
    "waterfall",
    "revenue",
    "trial-balance",
    "usage",
    "usage-by-meter",
)
# Accounts of what is held for customers, all of them liabilities.
HELD = ("unapplied-cash", "deposits", "customer-credit")
# What should be one sum, or nothing, by each of the ways to it.
Way = tuple[str, tuple[int, ...]]
ALL_LINES = 10_000_000
# What is counted, not an amount.
IN_NUMBERS = ("usage", "numbers")
BECAME = ("superseded", "retracted", "retracted", "pending", "rated", "waiting")


def ties(connection: Connection, played: Played, folder: Path) -> Block:
    """A row for each sum: the amount where all ways agree, else what each of them says."""
    rows: dict[str, dict[str, str]] = {}
    columns = []
    for part in played.parts:
        answers = {view: asked(connection, view, part.entity).rows for view in VIEWS}
        answers["journal"] = _billed(connection, part)
        for currency in _currencies(part, answers):
            column = currency if currency == part.currency else f"{currency} of {part.entity}"
            columns.append(column)
            at_banks = at_the_banks(part, folder, played.closed) if column == currency else None
            for what, ways in _told(currency, answers, at_banks):
                in_money = not what.startswith(IN_NUMBERS)
                cells = [money(way, currency) if in_money else str(way) for way in ways]
                rows.setdefault(what, {})[column] = " <> ".join(dict.fromkeys(cells))
    return Block(
        title="It ties: each sum by every way to it",
        queries=(
            f"tieout report VIEW -e ENTITY      (VIEW: {', '.join(VIEWS)})",
            "tieout report journal -e ENTITY --account accounts-receivable",
        ),
        columns=("sum", *columns, ""),
        rows=tuple(
            (
                what,
                *(cells.get(column, "") for column in columns),
                "ties" if not any("<>" in cell for cell in cells.values()) else "DIFFERS",
            )
            for what, cells in rows.items()
        ),
        says="Where two ways did not agree, both would stand here.",
    )


def _currencies(part: Part, answers: dict[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Its own, then those it sold in beside it."""
    told = {row.currency for row in answers["trial-balance"]}
    return part.currency, *sorted(told - {part.currency})


def _told(
    currency: str, answers: dict[str, tuple[Any, ...]], at_banks: int | None
) -> Iterator[Way]:
    """The sums of one currency; only a company's own has a bank, and the counts of all rows."""
    own = {
        view: tuple(row for row in rows if getattr(row, "currency", currency) == currency)
        for view, rows in answers.items()
    }
    yield from _money(own)
    yield from _cash(at_banks, own)
    if at_banks is not None:
        yield from _rows(own)


def _billed(connection: Connection, part: Part) -> tuple[Any, ...]:
    """What documents moved of receivables, from the journal."""
    named = {"account": "accounts-receivable", "limit": str(ALL_LINES)}
    rows = asked(connection, "journal", part.entity, **named).rows
    return tuple(row for row in rows if row.kind == "billing")


def _money(of: dict[str, tuple[Any, ...]]) -> Iterator[Way]:
    stands = {row.account: row.minor for row in of["trial-balance"]}
    liability = -stands.get("contract-liability", 0)
    yield (
        "billed: lines = documents = journal",
        (
            _sum(of["price-models"], "billed_minor"),
            _totals(of["register"]),
            _sum(of["journal"], "minor"),
        ),
    )
    yield (
        "tax: documents = account",
        (_sum(of["tax"], "tax_minor"), -stands.get("tax-payable", 0)),
    )
    yield (
        "receivable: open invoices = statements = account",
        (
            _sum(of["receivables"], "open_minor"),
            _sum(_last(of["statement"]), "owed_minor"),
            stands.get("accounts-receivable", 0),
        ),
    )
    yield (
        "deferred: contracts = roll-forward = account",
        (
            _sum(of["deferred-revenue"], "minor"),
            _closing(of["roll-forward"]),
            liability,
        ),
    )
    yield "deferred: to be earned = account", (_sum(of["waterfall"], "minor"), liability)
    yield (
        "earned: models = periods = account",
        (
            _sum(of["price-models"], "earned_minor"),
            _sum(of["revenue"], "reported_minor"),
            _sum(of["revenue"], "earned_minor"),
            -stands.get("revenue", 0),
        ),
    )
    yield "all accounts together", (sum(stands.values()), 0)


def _cash(at_banks: int | None, of: dict[str, tuple[Any, ...]]) -> Iterator[Way]:
    stands = {row.account: row.minor for row in of["trial-balance"]}
    money, taken = of["customer-money"], _sum(of["cash-by-day"], "total_minor")
    yield (
        "cash: banks' files = days = account",
        (taken if at_banks is None else at_banks, taken, stands.get("cash-clearing", 0)),
    )
    yield (
        "held for customers: list = statements = accounts",
        (
            sum(
                _sum(money, name) for name in ("unapplied_minor", "deposits_minor", "credit_minor")
            ),
            _sum(_last(of["statement"]), "in_hand_minor"),
            -sum(stands.get(name, 0) for name in HELD),
        ),
    )
    yield (
        "disputed: list = account",
        (_sum(money, "disputed_minor"), stands.get("disputed-cash", 0)),
    )
    yield "numbers that a series left out or gave twice", (len(of["register-gaps"]), 0)


def _closing(rows: tuple[Any, ...]) -> int:
    return rows[-1].closing_minor if rows else 0


def _last(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """What stands at the end of each account."""
    return tuple({(row.customer, row.currency): row for row in rows}.values())


def _totals(rows: tuple[Any, ...]) -> int:
    """Of what was issued and stands; a credit note takes off."""
    return sum(row.total_minor for row in rows if row.state == "issued")


def _rows(of: dict[str, tuple[Any, ...]]) -> Iterator[Way]:
    sources, meters = of["usage"], of["usage-by-meter"]
    parts = ("duplicates", "rejected", "accepted")
    yield (
        "usage rows: received = repeated + refused + taken",
        (_sum(sources, "received"), sum(_sum(sources, name) for name in parts)),
    )
    yield (
        # A row that takes another back is taken, too, and leaves none behind.
        "usage rows: taken = rated, waiting, replaced, taken back",
        (_sum(sources, "accepted"), sum(_sum(meters, name) for name in BECAME)),
    )


def _sum(rows: tuple[Any, ...], field: str) -> int:
    return sum(getattr(row, field) for row in rows)
