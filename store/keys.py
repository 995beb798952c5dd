"""Keys and outside names that were used, and what came of it: accepted facts or a kept refusal.

Neither ever expires. A key is one request: a repeat gets the first answer, a misuse is told so.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct
from psycopg.rows import TupleRow

from domain.errors import Rejected
from domain.facts import Source
from store.canonical import kept_leaf
from store.codec import canonical_json
from store.db import Connection, queries

SQL = queries(__file__)

SourceKey = tuple[str, str, str, str]

_KEY_TYPES = ["text", "text", "bytea", "text", "text", "int8[]"]
_REFUSAL_TYPES = [*(["text"] * 10), "timestamptz", "int8", "bytea"]


class Known(Struct, frozen=True):
    """What a key, or an outside system's name for a fact, stands for."""

    fingerprint: bytes
    stream: str
    positions: tuple[int, ...]
    refusal: Rejected | None = None


class Refusal(NamedTuple):
    """The columns of `refusal` without its leaf, in the order they are copied."""

    entity: str
    key: str
    stream: str
    command: str
    body: str
    code: str
    field: str | None
    context: str
    actor: str
    reason: str | None
    recorded_at: datetime
    at_position: int


def find_keys(connection: Connection, entity: str, keys: Iterable[str]) -> dict[str, Known]:
    # A key with a NUL cannot be in the database, and would fail the query for all others.
    wanted = sorted({key for key in keys if "\x00" not in key})
    rows = connection.execute(SQL.known_keys, {"entity": entity, "keys": wanted})
    return {row[0]: _known(row) for row in rows}


def find_sources(
    connection: Connection, entity: str, sources: Iterable[Source]
) -> dict[SourceKey, Known]:
    keys = {source_key(source) for source in sources}
    wanted = sorted(key for key in keys if "\x00" not in "".join(key))
    if not wanted:
        return {}
    systems, kinds, ids, versions = map(list, zip(*wanted, strict=True))
    arguments = {
        "entity": entity,
        "systems": systems,
        "kinds": kinds,
        "ids": ids,
        "versions": versions,
    }
    rows = connection.execute(SQL.known_sources, arguments)
    return {
        (system, kind, name, version): Known(was, stream, tuple(positions))
        for system, kind, name, version, was, stream, positions in rows
    }


def source_key(source: Source) -> SourceKey:
    return source.system, source.kind, source.id, source.version


def write_keys(connection: Connection, entity: str, keys: Iterable[tuple[str, Known]]) -> None:
    rows = [
        (
            entity,
            key,
            known.fingerprint,
            "accepted" if known.positions else "refused",
            known.stream,
            list(known.positions),
        )
        for key, known in keys
    ]
    _copy(connection, SQL.copy_keys, _KEY_TYPES, rows)


def write_refusals(connection: Connection, refusals: Iterable[Refusal]) -> None:
    rows = [(*refusal, refusal_leaf(refusal)) for refusal in refusals]
    _copy(connection, SQL.copy_refusals, _REFUSAL_TYPES, rows)


def refusal_leaf(refusal: Refusal) -> bytes:
    """SHA-256 over every column of a refusal but the leaf itself."""
    return kept_leaf(refusal._asdict())


def context_text(context: Mapping[str, object]) -> str:
    return canonical_json(context)


def _known(row: TupleRow) -> Known:
    _, was, stream, positions, code, field, context = row
    refusal = None
    if code is not None:
        refusal = Rejected(code, field=field, **msgspec.json.decode(context))
    return Known(was, stream, tuple(positions), refusal)


def _copy(
    connection: Connection, statement: str, types: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
