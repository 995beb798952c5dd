"""Does it tie: one sum by different ways, from documents, views and the journal, by currency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.cli.demo.block import Block, asked
from api.cli.output import money
from replay.demo.months import Part, Played
from store.db import Connection

VIEWS = (
    "price-models",
    "roll-forward",
    "receivables",
    "deferred-revenue",
    "waterfall",
    "revenue",
    "trial-balance",
    "usage",
    "usage-by-meter",
)
# What should be one sum, or nothing, by each of the ways to it.
Way = tuple[str, tuple[int, ...]]
BECAME = ("superseded", "retracted", "retracted", "pending", "rated", "waiting")


def ties(connection: Connection, played: Played) -> Block:
    """A row for each sum: the amount where all ways agree, else what each of them says."""
    rows: dict[str, list[str]] = {}
    for part in played.parts:
        answers = {view: asked(connection, view, part.entity).rows for view in VIEWS}
        for what, ways in (*_money(part, answers), *_rows(answers)):
            in_money = not what.startswith("usage")
            cells = [money(way, part.currency) if in_money else str(way) for way in ways]
            rows.setdefault(what, []).append(" <> ".join(dict.fromkeys(cells)))
    return Block(
        title="It ties: each sum by every way to it",
        queries=(f"tieout report VIEW -e ENTITY      (VIEW: {', '.join(VIEWS)})",),
        columns=("sum", *(part.currency for part in played.parts), ""),
        rows=tuple(
            (what, *cells, "ties" if not any("<>" in cell for cell in cells) else "DIFFERS")
            for what, cells in rows.items()
        ),
        says="Where two ways did not agree, both would stand here.",
    )


def _money(part: Part, of: dict[str, tuple[Any, ...]]) -> Iterator[Way]:
    stands = {row.account: row.minor for row in of["trial-balance"]}
    liability = -stands.get("contract-liability", 0)
    credit = -stands.get("customer-credit", 0)
    yield (
        "billed: lines = billing runs = journal",
        (
            _sum(of["price-models"], "billed_minor"),
            part.billed_minor,
            _sum(of["roll-forward"], "billed_minor") + credit,
        ),
    )
    yield (
        "receivable: open invoices = account",
        (_sum(of["receivables"], "open_minor"), stands.get("accounts-receivable", 0)),
    )
    yield (
        "deferred: contracts = roll-forward = account",
        (
            _sum(of["deferred-revenue"], "minor"),
            of["roll-forward"][-1].closing_minor,
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
