"""How usage stands: what came in by source, and what became of each row by source and meter.

Received = duplicates + rejected + accepted. Accepted = superseded + retracted + pending + rated +
waiting; waiting is what no run has judged yet, net of what it takes out.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from projections.question import Answer, Question, looking
from store.db import Connection, queries

SQL = queries(__file__)


class SourceUsage(Struct, frozen=True):
    """Rows of one source over all of its batches."""

    source: str
    batches: int
    received: int
    duplicates: int
    rejected: int
    accepted: int


class MeterUsage(Struct, frozen=True):
    """Accepted rows of one source and meter; `quantity` is that of the rows in force."""

    source: str
    meter: str
    accepted: int
    superseded: int
    retracted: int
    pending: int
    rated: int
    waiting: int
    quantity: Decimal


class PendingUsage(Struct, frozen=True):
    """Rows without effect yet, and why; `since` is the first run that found them so."""

    source: str
    subscription: str
    meter: str
    reason: str
    rows: int
    quantity: Decimal
    since: int


class RejectedUsage(Struct, frozen=True):
    """Rows that were not taken, by reason; their ids stay free."""

    source: str
    code: str
    field: str | None
    rows: int


def by_source(connection: Connection, question: Question) -> Answer[SourceUsage]:
    with looking(connection, question) as seen:
        rows = connection.execute(SQL.by_source, seen.parameters())
        return seen.answer_of(SourceUsage, rows)


def by_meter(connection: Connection, question: Question) -> Answer[MeterUsage]:
    with looking(connection, question) as seen:
        rows = connection.execute(SQL.by_meter, seen.parameters())
        return seen.answer_of(MeterUsage, rows)


def pending(connection: Connection, question: Question) -> Answer[PendingUsage]:
    with looking(connection, question) as seen:
        rows = connection.execute(SQL.pending, seen.parameters())
        return seen.answer_of(PendingUsage, rows)


def rejected(connection: Connection, question: Question) -> Answer[RejectedUsage]:
    with looking(connection, question) as seen:
        rows = connection.execute(SQL.rejected, seen.parameters())
        return seen.answer_of(RejectedUsage, rows)
