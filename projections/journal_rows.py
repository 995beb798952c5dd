"""Settled units as rows: entries, lines and causes to copy, states and pending usage to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct, structs

from domain.accounting.schedule import PendingUsage, without_steps
from domain.journal import Entry
from domain.ledger import Settled, UnitState
from domain.usage import UsageDay
from store.canonical import entry_leaf
from store.db import Connection

ENTRY_TYPES = ["text", "int8", "text", "text", "int8", "text", "text", "text", "bytea"]
LINE_TYPES = [
    *("text", "int8", "int4", "text", "text", "int8", *["text"] * 7, "date", "date"),
    *("text", "int8", "text", "int8", "text"),
]
CAUSE_TYPES = ["text", "int8", "int4", "int8"]
FACT_UNIT_TYPES = ["text", "text", "int8"]
PENDING_TYPES = ["text", "text", "text", "date", "int8", "text", "int8", "int8", "numeric"]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(UnitState)

Row = Sequence[object]


class Posting(Struct, frozen=True, kw_only=True):
    """Rows of `journal_entry`, `journal_line` and `line_cause`, numbered."""

    entries: tuple[Row, ...]
    lines: tuple[Row, ...]
    causes: tuple[Row, ...]


class Pending(NamedTuple):
    """Usage of one unit without effect: what it is, why, how much."""

    unit: str
    meter: str
    day: object
    position: int
    reason: str
    rows: int
    quantity: Decimal


def posting(settled: Iterable[Settled], after: int) -> Posting:
    """Number entries from `after` on and lay them out, in order of units, books, periods."""
    entries: list[Row] = []
    lines: list[Row] = []
    causes: list[Row] = []
    for result in settled:
        customer = result.state.schedule.customer
        for entry in result.entries:
            number = after + len(entries) + 1
            entries.append(_entry_row(entry, number))
            for place, row in enumerate(_line_rows(entry, number, customer), 1):
                lines.append(row)
                causes += [
                    (entry.entity, number, place, cause) for cause in entry.lines[place - 1].causes
                ]
    return Posting(entries=tuple(entries), lines=tuple(lines), causes=tuple(causes))


def _entry_row(entry: Entry, number: int) -> Row:
    return (
        entry.entity,
        number,
        entry.book,
        entry.unit,
        entry.known_at,
        entry.booked,
        entry.currency,
        entry.functional_currency,
        entry_leaf(entry),
    )


def _line_rows(entry: Entry, number: int, customer: str) -> Iterator[Row]:
    for place, line in enumerate(entry.lines, 1):
        slot = line.slot
        yield (
            entry.entity,
            number,
            place,
            entry.book,
            entry.unit,
            entry.known_at,
            entry.booked,
            slot.account,
            slot.kind,
            slot.subject,
            slot.obligation,
            slot.document,
            customer,
            slot.earned,
            line.accounting_date,
            entry.currency,
            line.minor,
            entry.functional_currency,
            line.functional_minor,
            line.rule,
        )


def pack(state: UnitState) -> bytes:
    """A state as it is stored: the schedule without its steps."""
    return _encoder.encode(structs.replace(state, schedule=without_steps(state.schedule)))


def unpack(stored: bytes) -> UnitState:
    return _decoder.decode(stored)


def pending_rows(
    unit: str, pending: Iterable[PendingUsage], usage: Iterable[UsageDay]
) -> Iterator[Pending]:
    amounts = {(day.meter, day.day, day.position): day.quantity for day in usage}
    for row in pending:
        quantity = amounts[row.meter, row.day, row.position]
        yield Pending(unit, row.meter, row.day, row.position, row.reason, row.rows, quantity)


def copy(connection: Connection, statement: str, types: Sequence[str], rows: Iterable[Row]) -> None:
    """Many rows at once in PostgreSQL's own binary form."""
    waiting = list(rows)
    if not waiting:
        return
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copying:
        copying.set_types(types)
        for row in waiting:
            copying.write_row(row)
