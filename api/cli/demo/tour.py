"""The demo's tour: what the books answer to queries that a reader can repeat, in a few tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from api.cli.demo import collected, contracts, papers
from api.cli.demo.block import Block, asked, counted, everywhere, left_out
from api.cli.demo.ties import ties
from api.cli.output import money
from domain.calendar import add_months, month_start
from projections.breaks import Verdict
from projections.lineage import JournalLine, explain_line
from replay.billing.evidence import billed_usage
from replay.billing.run import Wanted
from replay.demo.late import Late
from replay.demo.months import Played
from replay.documents.templates import Templates
from replay.ledger import Ledger
from replay.verify import LAWS
from store.db import Connection

ROWS_SHOWN = 4
# All that a price of nine cells has.
STEPS_SHOWN = 14


def tour(
    ledger: Ledger,
    connection: Connection,
    played: Played,
    verdicts: Iterable[Verdict],
    words: Templates,
    folder: Path,
) -> Iterator[Block]:
    """What is sold, what happened, two numbers followed, from the bill to the bank, what waits,
    what ties. Documents are written into the folder.
    """
    yield _models(connection, played)
    yield _changes(connection, played)
    yield from _one_line(connection, played.late)
    yield from _backdated(ledger, connection, played)
    yield from contracts.contracts(connection, played)
    shown = papers.chosen(connection, played)
    yield collected.invoice_lines(connection, max(shown, key=lambda one: one.worth))
    yield collected.taxes(connection, played)
    yield from collected.bank_files(ledger, played, folder)
    yield collected.account(connection, played)
    yield collected.held(connection, played)
    yield collected.reminders(connection, played)
    yield papers.papers(connection, shown, words, folder)
    yield _waiting(connection, played)
    yield ties(connection, played, folder)
    yield _laws(verdicts)


# --- what is sold, and what happened -------------------------------------------------------------


def _models(connection: Connection, played: Played) -> Block:
    """A row for each model and way of selling it, two columns for each currency."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for part in played.parts:
        for row in asked(connection, "price-models", part.entity).rows:
            found.setdefault((row.model, row.sold), {})[row.currency] = row
    currencies = [part.currency for part in played.parts]
    rows = [
        (
            model,
            sold,
            sum(row.subscriptions for row in own.values()),
            *(cell for name in currencies for cell in _came_to(own.get(name), name)),
        )
        for (model, sold), own in sorted(found.items())
    ]
    return Block(
        title="The price list: what each model is sold in, billed and earned",
        queries=everywhere("price-models", played),
        columns=(
            "model",
            "sold",
            "subscriptions",
            *(cell for name in currencies for cell in (f"{name} billed", "earned")),
        ),
        rows=tuple(rows),
        says="Billed is read from documents, earned from the journal. What is billed and not yet "
        "earned is deferred; usage that is earned and not yet billed stands as unbilled. Tax and "
        "contracts of their own have no price on the list.",
    )


def _came_to(row: Any, currency: str) -> tuple[str, str]:
    if row is None:
        return "", ""
    return money(row.billed_minor, currency), money(row.earned_minor, currency)


def _changes(connection: Connection, played: Played) -> Block:
    """A row for each kind of change, with the ways in which it was made."""
    sums: dict[str, list[int]] = {}
    ways: dict[str, dict[str, int]] = {}
    for entity in played.entities:
        for row in asked(connection, "changes", entity).rows:
            counts = (row.ahead, row.in_time, row.late, row.undone)
            own = sums.setdefault(row.what, [0] * len(counts))
            own[:] = [one + more for one, more in zip(own, counts, strict=True)]
            mine = ways.setdefault(row.what, {})
            mine[row.how] = mine.get(row.how, 0) + row.ahead + row.in_time + row.late
    return Block(
        title="What happened: every kind of change, when it was told, and how",
        says="Ahead: told before the day it counts from. Late: after it. Undone: retracted since, "
        "or corrected.",
        queries=everywhere("changes", played),
        columns=("change", "ahead", "in time", "late", "undone", "how often which way"),
        rows=tuple((what, *counts, counted(ways[what])) for what, counts in sorted(sums.items())),
    )


# --- one number, down to the rows ----------------------------------------------------------------


def _one_line(connection: Connection, late: Late) -> Iterator[Block]:
    """What one invoice line asks for, by the steps that measured it and the rows under it."""
    unit, item = f"subscription:{late.payer}", late.item
    posted = asked(connection, "journal", late.entity, unit=unit).rows
    billed = [row for row in posted if _bills(row, item)]
    line = next(row for row in billed if _is_alone(row, billed))
    day = line.accounting_date
    month = add_months(month_start(day), -1)
    earned = [row for row in posted if row.account == "revenue" and row.obligation == item]
    revenue = next(row for row in earned if month_start(row.earned) == month)
    invoice, _, number = line.subject.partition(":")
    place = f"{revenue.entry} {revenue.line} -e {late.entity}"
    explained = explain_line(connection, late.entity, revenue.entry, revenue.line)
    assert explained is not None, revenue
    steps = [(step.what, step.value) for share in explained.shares for step in share.steps]
    amount = f"{money(line.minor, line.currency)} {line.currency}"
    yield Block(
        title=f"One invoice line: {invoice}, line {number}",
        queries=(
            f"tieout report journal -e {late.entity} --document {invoice}",
            f"tieout explain {place}",
        ),
        columns=("step", "value"),
        rows=tuple(steps[:STEPS_SHOWN]),
        says=f"It asks for {amount} for {item} of {month:%B %Y}. The same call that gave the "
        "amount tells how:",
        more=left_out(len(steps), STEPS_SHOWN, "steps"),
    )
    yield _rows_under(connection, late.entity, invoice, number)


def _bills(row: JournalLine, item: str) -> bool:
    is_asked = row.account == "accounts-receivable" and row.kind == "billing" and row.minor > 0
    return is_asked and row.obligation == item


def _is_alone(line: JournalLine, billed: Iterable[JournalLine]) -> bool:
    """Of the first of a month that no other line bills the same item for."""
    day = line.accounting_date
    month = add_months(month_start(day), -1)
    near = [row for row in billed if month <= row.accounting_date <= day]
    return day == month_start(day) and sum(row.accounting_date > month for row in near) == 1


def _rows_under(connection: Connection, entity: str, invoice: str, number: str) -> Block:
    billed = billed_usage(connection, entity, invoice)
    assert billed is not None, invoice
    (line,) = (line for line in billed.lines if line.line == number)
    rows = [
        (
            row.source,
            row.event_id,
            row.batch,
            str(row.quantity),
            f"{row.occurred_at:%Y-%m-%d %H:%M}Z",
        )
        for row in line.rows
    ]
    return Block(
        title="And the usage rows that it bills:",
        goes_on=True,
        queries=(f"tieout lineage invoice {invoice} -e {entity}",),
        columns=("source", "event", "batch", "quantity", "used"),
        rows=tuple(rows[:ROWS_SHOWN]),
        more=left_out(len(rows), ROWS_SHOWN, "rows"),
    )


# --- a late truth --------------------------------------------------------------------------------


def _backdated(ledger: Ledger, connection: Connection, played: Played) -> Iterator[Block]:
    """Revenue of one subscription as it was known before and after an order form was found."""
    late, unit = played.late, f"subscription:{played.late.upgraded}"
    before = _by_month(connection, late, late.before)
    after = _by_month(connection, late, late.after)
    booked = {last: row.booked for last, row in after.items()}
    rows = [
        (f"{last:%Y-%m}", *_known(before.get(last), now), booked.get(last, ""))
        for last, now in sorted(after.items())
        if now.minor != _minor(before.get(last))
    ]
    query = f"tieout report journal -e {late.entity} --unit {unit} --account revenue --known-at"
    yield Block(
        title=f"A late truth: more seats for {late.upgraded} since {late.since}, "
        f"learned on {late.learned}",
        queries=(f"{query} {late.before}", f"{query} {late.after}"),
        columns=("earned in", "known before", "known now", "difference", "booked in"),
        rows=tuple(rows),
        says="Closed months stay as they were sealed; what belongs to them is booked in the open "
        "one.",
    )
    yield _to_bill(ledger, late)


class _Stood(Struct):
    """Revenue of one period of a subscription, and the last period that booked any of it."""

    minor: int
    booked: str
    currency: str


def _by_month(connection: Connection, late: Late, known_at: int) -> dict[date, _Stood]:
    said = {"unit": f"subscription:{late.upgraded}", "account": "revenue"}
    found: dict[date, _Stood] = {}
    answer = asked(connection, "journal", late.entity, known_at=str(known_at), **said)
    for row in answer.rows:
        one = found.setdefault(row.earned, _Stood(0, "", row.currency))
        one.minor -= row.minor
        one.booked = row.booked
    return found


def _minor(row: _Stood | None) -> int:
    return row.minor if row is not None else 0


def _known(before: _Stood | None, now: _Stood) -> tuple[str, str, str]:
    was = _minor(before)
    first, second, difference = (
        money(minor, now.currency) for minor in (was, now.minor, now.minor - was)
    )
    return first, second, difference


def _to_bill(ledger: Ledger, late: Late) -> Block:
    """What the next billing run would issue for it, line by line."""
    query = f"tieout bill -e {late.entity} --through {late.learned}"
    wanted = Wanted(entity=late.entity, through=late.learned, subscriptions=(late.upgraded,))
    rows = [
        (line.line, line.obligation, line.service_from, line.service_to, _amount(line, document))
        for part in ledger.billing_preview(wanted)
        for document in part.documents
        for line in getattr(document.command, "lines", ())
        if getattr(line, "obligation", None) == "seats"
    ]
    return Block(
        title="And what the next billing run will ask for:",
        goes_on=True,
        queries=(f"{query} --subscription {late.upgraded} --preview --lines",),
        columns=("line", "item", "from", "to", "amount"),
        rows=tuple(rows),
    )


def _amount(line: Any, document: Any) -> str:
    return money(line.amount_minor, document.currency)


# --- what waits, and what holds ------------------------------------------------------------------


def _waiting(connection: Connection, played: Played) -> Block:
    found: dict[str, dict[str, int]] = {}
    for entity in played.entities:
        for row in asked(connection, "exceptions", entity).rows:
            why = found.setdefault(row.kind, {})
            reason = _in_short(row.detail)
            why[reason] = why.get(reason, 0) + row.count
        for row in asked(connection, "usage-rejected", entity).rows:
            why = found.setdefault("rejected usage", {})
            why[f"{row.code} ({row.field})"] = why.get(f"{row.code} ({row.field})", 0) + row.rows
    return Block(
        title="What waits for a person, and why: nothing is dropped",
        queries=(*everywhere("exceptions", played), *everywhere("usage-rejected", played)),
        columns=("what", "rows", "why"),
        rows=tuple((what, sum(why.values()), counted(why)) for what, why in sorted(found.items())),
    )


def _in_short(detail: str) -> str:
    """Of usage that stands out the meter, without the day and its figures."""
    return detail.partition(" on ")[0]


def _laws(verdicts: Iterable[Verdict]) -> Block:
    sums = {law: [0, 0] for law in LAWS}
    for verdict in verdicts:
        sums[verdict.law][0] += verdict.comparisons
        sums[verdict.law][1] += len(verdict.breaks)
    return Block(
        title="The ten laws, on all entities",
        queries=("tieout verify",),
        columns=("law", "says", "comparisons", "differences"),
        rows=tuple((law, LAWS[law], *counts) for law, counts in sums.items()),
    )
