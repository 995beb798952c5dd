"""Keys and outside names that were used, and what came of it: accepted facts or a kept refusal.

Neither ever expires. A key is one request: a repeat gets the first answer, a misuse is told so.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct
from psycopg.rows import TupleRow

from domain.errors import Malformed, Rejected
from domain.facts import Source
from store import copying
from store.binary import Framing, copy_framing, instant, int8s, optional_text, record_framing
from store.canonical import kept_leaf
from store.codec import canonical_json
from store.copying import int8, raw, text
from store.db import Connection, queries

SQL = queries(__file__)

SourceKey = tuple[str, str, str, str]

_TEXT, _INT8, _BYTEA, _INSTANT, _INT8S = 25, 20, 17, 1184, 1016
_ACCEPTED, _REFUSED = text("accepted"), text("refused")
KEY_RECORD = record_framing([_TEXT, _TEXT, _BYTEA, _TEXT, _TEXT, _INT8S])
REFUSAL_RECORD = record_framing([*([_TEXT] * 10), _INSTANT, _INT8, _BYTEA])
_KEY_ROW = copy_framing(6)
_REFUSAL_ROW = copy_framing(13)


class Known(Struct, frozen=True):
    """What a key, or an outside system's name for a fact, stands for."""

    fingerprint: bytes
    stream: str
    positions: tuple[int, ...]
    refusal: Rejected | None = None


def reused(key: str, stream: str, what: str, earlier: Known) -> Malformed:
    """The key stands for something else: another stream, or on the same one other content (`what`).
    Says what came of that, which is corrected where it stands.
    """
    differs = what if stream == earlier.stream else "stream"
    came: dict[str, object] = {"positions": list(earlier.positions)}
    if earlier.refusal is not None:
        came = {"refused": earlier.refusal.code}
    return Malformed(
        "key-reused", field="key", key=key, differs=differs, used_on=earlier.stream, **came
    )


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


def source_key(source: Source) -> SourceKey:
    return source.system, source.kind, source.id, source.version


def write_keys(connection: Connection, entity: str, keys: Iterable[tuple[str, Known]]) -> None:
    copying.send(connection, SQL.copy_keys, key_rows(_KEY_ROW, entity, keys))


def write_refusals(connection: Connection, refusals: Iterable[Refusal]) -> None:
    copying.send(connection, SQL.copy_refusals, refusal_rows(_REFUSAL_ROW, refusals))


def key_rows(framing: Framing, entity: str, keys: Iterable[tuple[str, Known]]) -> Iterator[bytes]:
    """The row of each key, in the order of the table's columns."""
    pattern, begin = framing.pattern, text(entity)
    for key, known in keys:
        yield pattern % (
            begin,
            text(key),
            raw(known.fingerprint),
            _ACCEPTED if known.positions else _REFUSED,
            text(known.stream),
            int8s(known.positions),
        )


def refusal_rows(framing: Framing, refusals: Iterable[Refusal]) -> Iterator[bytes]:
    """The row of each refusal with its leaf."""
    for refusal in refusals:
        *texts, recorded_at, at_position = refusal
        yield framing.pattern % (
            *map(optional_text, texts),
            instant(recorded_at),
            int8(at_position),
            raw(refusal_leaf(refusal)),
        )


def refusal_leaf(refusal: Refusal) -> bytes:
    """SHA-256 over every column of a refusal but the leaf itself."""
    return kept_leaf(refusal._asdict())


def context_text(context: Mapping[str, object]) -> str:
    return canonical_json(context)


def refused(code: str, field: str | None, context: str) -> Rejected:
    """A refusal as it was told the first time."""
    return Rejected(code, field=field, **msgspec.json.decode(context))


def _known(row: TupleRow) -> Known:
    _, was, stream, positions, code, field, context = row
    refusal = None if code is None else refused(code, field, context)
    return Known(was, stream, tuple(positions), refusal)
