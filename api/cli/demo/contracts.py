"""Contracts stated by themselves: what is left of each, a late change, another currency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.cli.demo.block import Block, asked
from api.cli.output import money
from domain.accounting.rules import RULES
from projections.lineage import JournalLine, explain_line
from replay.demo.months import Played
from store.db import Connection

STEPS_SHOWN = 12
QUERY = "tieout report"


def contracts(connection: Connection, played: Played) -> Iterator[Block]:
    """Nothing where the story is too small for a deal."""
    entity = played.entities[0]
    rows = [row for row in asked(connection, "remaining", entity).rows if _is_deal(row)]
    if rows:
        yield _left(entity, rows)
        yield from _changed_late(connection, entity)
        yield from _exchanged(connection, entity)


def _is_deal(row: Any) -> bool:
    return bool(row.unit.startswith("contract:"))


def _left(entity: str, rows: list[Any]) -> Block:
    return Block(
        title="Contracts of their own: the price of each promise, what is earned, what is left",
        queries=(f"{QUERY} remaining -e {entity}",),
        columns=("contract", "promise", "currency", "price", "earned", "left", "because"),
        rows=tuple(
            (
                row.unit,
                row.obligation,
                row.currency,
                *(
                    money(minor, row.currency)
                    for minor in (row.price_minor, row.earned_minor, row.remaining_minor)
                ),
                row.reason,
            )
            for row in rows
        ),
        says="The price of a contract is shared by what its promises sell for alone. Those that "
        "are done are not shown.",
    )


# --- a change that came late ---------------------------------------------------------------------


def _changed_late(connection: Connection, entity: str) -> Iterator[Block]:
    """The largest line of revenue that was booked in a later period than it was earned in."""
    posted = asked(connection, "journal", entity, account="revenue").rows
    late = [row for row in posted if _is_deal(row) and f"{row.earned:%Y-%m}" < row.booked]
    if not late:
        return
    line = max(late, key=lambda row: (abs(row.minor), row.entry))
    own = [row for row in late if (row.entry, row.unit) == (line.entry, line.unit)]
    yield Block(
        title=f"A contract changed, and keyed late: what {line.unit} caught up",
        queries=(f"{QUERY} journal -e {entity} --unit {line.unit} --account revenue",),
        columns=("earned in", "promise", "amount", "booked in"),
        rows=tuple(
            (f"{row.earned:%Y-%m}", row.obligation, money(-row.minor, row.currency), row.booked)
            for row in sorted(own, key=lambda row: (row.earned, row.obligation))
        ),
    )
    yield _explained(connection, entity, line)


def _explained(connection: Connection, entity: str, line: JournalLine) -> Block:
    found = explain_line(connection, entity, line.entry, line.line)
    assert found is not None, line
    steps = [(step.what, step.value) for share in found.shares for step in share.steps]
    rule = RULES[line.rule]
    return Block(
        title=f"And how {money(-line.minor, line.currency)} of it came about:",
        goes_on=True,
        queries=(f"tieout explain {line.entry} {line.line} -e {entity}",),
        columns=("step", "value"),
        rows=(
            *steps[:STEPS_SHOWN],
            ("rule", f"{line.rule}: {rule.says}"),
            ("by", "; ".join(rule.paragraphs)),
        ),
    )


# --- another currency ----------------------------------------------------------------------------


def _exchanged(connection: Connection, entity: str) -> Iterator[Block]:
    rows = asked(connection, "exchange", entity).rows
    if rows:
        yield Block(
            title="Sold in another currency: what exchange gained and lost",
            queries=(f"{QUERY} exchange -e {entity}", f"tieout rates list -e {entity}"),
            columns=("period", "of", "in", "realised", "told anew"),
            rows=tuple(
                (
                    row.period,
                    row.currency,
                    row.functional_currency,
                    money(row.functional_realised_minor, row.functional_currency),
                    money(row.functional_unrealised_minor, row.functional_currency),
                )
                for row in rows
            ),
            says="Receivables are told anew at each month's last rate; what was billed ahead keeps "
            "the rate of its day, and so does its revenue.",
        )
