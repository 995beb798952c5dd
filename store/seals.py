"""Digests that seal: of a period's entries, of what was refused, of a log up to a position.

A seal covers the entries booked in the period in order of (run, unit, functional currency), each by
its leaf, and whatever was refused before the close. Every later replay must come to the same
digest.
"""

from collections.abc import Iterator

from msgspec import Struct

from store.canonical import FACT, chained, journal_digest, kept_digest, seal_digest
from store.db import Connection, queries
from store.log import END

SQL = queries(__file__)


class PeriodSeal(Struct, frozen=True, kw_only=True):
    """What `SealPeriod` says of a period: its digest, and the figures beside it.

    `journal` is the digest over the entries alone, `kept` over what was refused before the close.
    """

    digest: str
    journal: str
    kept: str
    entries: int
    lines: int
    debits_minor: tuple[tuple[str, int], ...]
    closed_at: int


def period_seal(
    connection: Connection,
    entity: str,
    *,
    book: str,
    period: str,
    closed_at: int,
    upto: int = END,
) -> PeriodSeal:
    """The seal of a period whose close is the fact at `closed_at`, from the journal at hand.

    `upto` leaves out what later runs booked, to compute the seal of an earlier close again. The
    journal is the one on the connection's search path, so a rebuilt one is sealed alike.
    """
    names = {"entity": entity, "book": book, "period": period, "upto": upto}
    leaves = [leaf for leaf, _ in connection.execute(SQL.booked_entries, names)]
    figures = connection.execute(SQL.booked_figures, names).fetchall()
    lines = sum(count for _, count, _ in figures)
    journal = journal_digest(leaves)
    kept = refused_digest(connection, entity, before=closed_at)
    told = {
        "book": book,
        "closed_at": closed_at,
        "entity": entity,
        "entries": len(leaves),
        "journal": journal,
        "kept": kept,
        "lines": lines,
        "period": period,
    }
    return PeriodSeal(
        digest=seal_digest(told),
        journal=journal,
        kept=kept,
        entries=len(leaves),
        lines=lines,
        debits_minor=tuple((currency, minor) for currency, _, minor in figures),
        closed_at=closed_at,
    )


def refused_digest(connection: Connection, entity: str, *, before: int) -> str:
    """Over every refusal, and every rejected usage row, learned before a position."""
    names = {"entity": entity, "before": before}

    def leaves() -> Iterator[bytes]:
        for statement in (SQL.refusal_leaves, SQL.reject_leaves):
            for (leaf,) in connection.execute(statement, names):
                yield leaf

    return kept_digest(leaves())


def log_digest(connection: Connection, entity: str, *, upto: int = END) -> str:
    """Over the leaves of a log up to a position: two logs with the same digest are the same log."""
    names = {"entity": entity, "upto": upto}
    with connection.transaction(), connection.cursor(name="fact_leaves") as found:
        leaves = found.execute(SQL.fact_leaves, names)
        return chained(FACT, (leaf for (leaf,) in leaves), {})
