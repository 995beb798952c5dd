"""The journal made a second time, in a schema of its own, by a role that cannot read the first.

It is compared row by row and never switched: what was posted stays posted, a difference is a Break.
The schema is the entity's, so entities are made side by side, and one that was cut off goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from psycopg import sql

from domain.books import PeriodSealed
from projections.breaks import Break
from store import log
from store.db import Connection, StoreError, queries
from store.seals import period_seal

SQL = queries(__file__)

ROLE = "tieout_rebuild"
# What the poster reads again while it posts: made with every index of its own tables.
READ = ("charge", "checkpoint", "fact_unit", "parked", "unit_state", "usage_pending")
# What it only writes: the keys come afterwards, the other indexes never.
WRITTEN = ("journal_entry", "journal_line")
KEYS = {"journal_entry": SQL.entry_key, "journal_line": SQL.line_key}
# Differences told of one table: somebody looks at the first ones, and memory has an end.
TOLD = 1_000


def schema_of(entity: str) -> str:
    """Names of entities are longer than those of schemas may be."""
    return f"rebuild_{sha256(entity.encode()).hexdigest()[:16]}"


def make(connection: Connection, entity: str, *, restart: bool = False) -> bool:
    """Tables like the poster's own; those that are there are gone on with, if they still fit."""
    schema = schema_of(entity)
    names = {"schema": schema, "tables": [*READ, *WRITTEN]}
    if not restart and connection.execute(SQL.fits, names).fetchone() == (True,):
        return False
    drop(connection, entity)
    named = sql.Identifier(schema)
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(named))
        said = sql.SQL("COMMENT ON SCHEMA {} IS {}")
        connection.execute(said.format(named, sql.Literal(entity)))
        # Not logged: after a crash of the server all of them are empty together.
        like = "CREATE UNLOGGED TABLE {}.{} (LIKE public.{} {})"
        for table in (*READ, *WRITTEN):
            one, with_them = sql.Identifier(table), "INCLUDING ALL" if table in READ else ""
            made = sql.SQL(like).format(named, one, one, sql.SQL(with_them))
            connection.execute(made)
    return True


def drop(connection: Connection, entity: str) -> None:
    named = sql.Identifier(schema_of(entity))
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(named))


def cut_off(connection: Connection) -> tuple[str, ...]:
    """Entities whose journal was begun and not compared."""
    return tuple(entity for _, entity in connection.execute(SQL.cut_off))


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
        if not connection.broken:
            connection.execute("RESET ROLE")


@contextmanager
def looking_into(connection: Connection, schema: str) -> Iterator[None]:
    """The session finds unqualified tables in the schema first."""
    connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("RESET search_path")


def add_keys(connection: Connection, schema: str) -> None:
    """The keys that entries and lines were written without; a seal and a comparison need them."""
    with looking_into(connection, schema):
        for table, statement in KEYS.items():
            names = {"schema": schema, "table": table}
            if connection.execute(SQL.has_key, names).fetchone() != (True,):
                connection.execute(statement)


def differences(connection: Connection, schema: str, entity: str, upto: int) -> Iterator[Break]:
    """Rows that the live and the rebuilt tables do not both have, the first ones of each table."""
    names = {"entity": entity, "upto": upto, "limit": TOLD}
    with looking_into(connection, schema), connection.transaction():
        connection.execute(SQL.merge_by_key)
        yield from _differences(connection, "journal-entry", SQL.entries, names)
        yield from _differences(connection, "journal-line", SQL.lines, names)
    with looking_into(connection, schema):
        yield from _differences(connection, "charge", SQL.charges, names)
        yield from _differences(connection, "parked", SQL.parked, names)
        yield from _differences(connection, "pending-usage", SQL.pending, names)


def _differences(
    connection: Connection, table: str, statement: str, names: dict[str, object]
) -> Iterator[Break]:
    rows = connection.execute(statement.encode(), names).fetchall()
    for what, position, again, live in rows:
        yield Break(
            check=table,
            entity=str(names["entity"]),
            what=what,
            expected=again or "nothing",
            found=live or "nothing",
            positions=(position,),
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
