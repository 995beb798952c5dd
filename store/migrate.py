"""The schema only moves forward: numbered SQL files, each applied once, in order, in a transaction.

What was applied must be the beginning of what the folder holds, text for text. Anything else is
refused in words: an edited file, a file put in between, a database that a newer tieout moved on.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.rows import TupleRow

from store.failure import StoreError
from store.named import queries
from store.patience import patient

SQL = queries(__file__)

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK_KEY = 0x7469656F7574  # "tieout" in ASCII; only has to be the same in every process

_FILE_NAME = re.compile(r"\d{4}_\w+\.sql")


class Migration(NamedTuple):
    """One file, as it is now."""

    name: str
    sha256: str
    text: str


def migrate(connection: psycopg.Connection[TupleRow], folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Apply what is missing and return its names. Many may call at once, as at a first start."""
    wanted = _read(folder)
    with patient(connection), _lock(connection):
        connection.execute(SQL.create_table)
        pending = wanted[_applied_count(connection, wanted) :]
        for migration in pending:
            _apply(connection, migration)
    return tuple(migration.name for migration in pending)


def _read(folder: Path) -> list[Migration]:
    """The files in order of their numbers."""
    found: dict[str, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        if not _FILE_NAME.fullmatch(path.name):
            raise StoreError("bad-migration-name", f"{path.name} is not named NNNN_what.sql")
        if path.name[:4] in found:
            raise StoreError(
                "bad-migration-name", f"two migrations have the number {path.name[:4]}"
            )
        text = path.read_text(encoding="utf-8")
        found[path.name[:4]] = Migration(path.name, hashlib.sha256(text.encode()).hexdigest(), text)
    return list(found.values())


@contextmanager
def _lock(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    assert connection.autocommit, (
        "a migration commits file by file, so the connection is autocommit"
    )
    connection.execute(SQL.take_lock, {"key": LOCK_KEY})
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute(SQL.release_lock, {"key": LOCK_KEY})


def _applied_count(connection: psycopg.Connection[TupleRow], wanted: list[Migration]) -> int:
    applied: dict[str, str] = dict(connection.execute(SQL.applied).fetchall())
    by_name = {migration.name: migration for migration in wanted}
    for name, sha256 in applied.items():
        if name not in by_name:
            raise StoreError(
                "unknown-migration",
                f"this database has {name}, which this tieout does not know; use the newer tieout",
            )
        if by_name[name].sha256 != sha256:
            raise StoreError(
                "edited-migration",
                f"{name} was edited after it was applied; restore it and write a new migration",
            )
    for migration in wanted[: len(applied)]:
        if migration.name not in applied:
            raise StoreError(
                "late-migration",
                f"{migration.name} comes before one already applied; give it a higher number",
            )
    return len(applied)


def _apply(connection: psycopg.Connection[TupleRow], migration: Migration) -> None:
    try:
        with connection.transaction():
            # Without parameters, so that a file may hold many statements.
            connection.execute(migration.text)
            connection.execute(SQL.record, {"name": migration.name, "sha256": migration.sha256})
    except psycopg.Error as problem:
        raise StoreError("migration-failed", f"{migration.name}: {problem}") from problem
