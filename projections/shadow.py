"""The journal made a second time, in a schema of its own, by a role that cannot read the first.

It is compared row by row and never switched: what was posted stays posted, a difference is a Break.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from domain.books import PeriodSealed
from projections.breaks import Break
from store import log
from store.db import Connection, StoreError, queries
from store.seals import period_seal

SQL = queries(__file__)

ROLE = "tieout_rebuild"
TABLES = (
    "charge",
    "checkpoint",
    "fact_unit",
    "journal_entry",
    "journal_line",
    "line_cause",
    "parked",
    "unit_state",
    "usage_pending",
)


@contextmanager
def shadow_schema(connection: Connection) -> Iterator[str]:
    """Empty tables like the poster's own, there as long as the block lasts."""
    schema = f"rebuild_{connection.info.backend_pid}"
    named = sql.Identifier(schema)
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(named))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(named))
    try:
        for table in TABLES:
            like = "CREATE TABLE {}.{} (LIKE public.{} INCLUDING ALL)"
            one = sql.Identifier(table)
            connection.execute(sql.SQL(like).format(named, one, one))
        yield schema
    finally:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(named))


@contextmanager
def as_rebuilder(connection: Connection, schema: str) -> Iterator[None]:
    """Within the block the session may measure from the log, write to the schema, nothing else."""
    row = connection.execute(SQL.may_rebuild, {"role": ROLE}).fetchone()
    if row is None or not row[0]:
        raise StoreError(
            "no-rebuild-role", f"the server has no role {ROLE} that this user may take"
        )
    named, role = sql.Identifier(schema), sql.Identifier(ROLE)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(named, role))
    connection.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA {} TO {}").format(named, role))
    connection.execute(sql.SQL("SET ROLE {}").format(role))
    try:
        with looking_into(connection, schema):
            yield
    finally:
        connection.execute("RESET ROLE")


@contextmanager
def looking_into(connection: Connection, schema: str) -> Iterator[None]:
    """The session finds unqualified tables in the schema first."""
    connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))
    try:
        yield
    finally:
        connection.execute("RESET search_path")


def differences(connection: Connection, schema: str, entity: str, upto: int) -> tuple[Break, ...]:
    """Rows of the live tables that the rebuilt ones lack, and the other way round."""
    names = {"entity": entity, "upto": upto}
    with looking_into(connection, schema):
        return tuple(
            Break(
                check=table,
                entity=entity,
                what=what,
                expected=row if side == "rebuilt" else "nothing",
                found=row if side == "live" else "nothing",
                positions=(position,),
            )
            for table, statement in (
                ("journal-entry", SQL.entries),
                ("journal-line", SQL.lines),
                ("line-cause", SQL.causes),
                ("charge", SQL.charges),
                ("parked", SQL.parked),
                ("pending-usage", SQL.pending),
            )
            for side, what, position, row in connection.execute(statement, names)
        )


def size(connection: Connection, schema: str, entity: str) -> tuple[int, int]:
    """Entries and lines that were made."""
    with looking_into(connection, schema):
        row = connection.execute(SQL.size, {"entity": entity}).fetchone()
    assert row is not None, entity
    entries, lines = row
    return entries, lines


def seals(connection: Connection, schema: str, entity: str, upto: int) -> Iterator[Break | None]:
    """Every seal again, from the rebuilt journal: none where it ties."""
    with looking_into(connection, schema):
        for fact in log.read_categories(connection, entity, ["book"], upto=upto):
            event = fact.event
            if not isinstance(event, PeriodSealed):
                continue
            again = period_seal(
                connection,
                entity,
                book=fact.stream.partition(":")[2],
                period=event.period,
                closed_at=event.closed_at,
                upto=event.closed_at,
            )
            told = (event.digest, event.entries, event.lines, event.debits_minor)
            found = (again.digest, again.entries, again.lines, again.debits_minor)
            yield (
                None
                if told == found
                else Break(
                    check="period-seal",
                    entity=entity,
                    what=f"{fact.stream} {event.period}",
                    expected=event.digest,
                    found=again.digest,
                    positions=(fact.position,),
                )
            )
