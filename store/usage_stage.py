"""Rows of a usage batch, read and set down in temporary tables before anything is locked.

A long file passes in chunks and never stands in memory. Each row is readable, with its fingerprint
and bucket, or refused with a code; nothing is judged against other rows yet.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from domain.errors import Malformed
from store.canonical import (
    UsageLeafRow,
    bucket,
    command_fingerprint,
    kept_leaf,
    retraction_leaf,
    usage_leaf,
)
from store.codec import canonical_json
from store.db import Connection, queries
from store.usage_input import Raw, event_id_of, raw_text, read_event_id, read_row

SQL = queries(__file__)

Kind = Literal["rows", "correction", "retraction"]
CHUNK = 10_000

_ROW_TYPES = [
    *("int8", "int2", "text", "bytea", "text", "text"),
    *("numeric", "text", "timestamptz", "text"),
]
_REFUSED_TYPES = ["int8", "text", "text", "text", "text", "bytea"]


class UsageBatch(Struct, frozen=True, kw_only=True):
    """What surrounds the rows. `key` is used up for ever; `batch_number` is the source's own."""

    entity: str
    source: str
    key: str
    kind: Kind = "rows"
    batch_number: int | None = None
    actor: str = "system"
    reason: str | None = None
    correlation_id: str | None = None

    @property
    def stream(self) -> str:
        return f"usage:{self.source}"


class Staged(NamedTuple):
    """Rows that wait in the session's temporary tables."""

    batch: int
    received: int
    malformed: int
    fingerprint: bytes


class Incoming(NamedTuple):
    """A row that could be read, as it is staged."""

    row_no: int
    bucket: int
    event_id: str
    fingerprint: bytes
    subscription: str | None
    meter: str | None
    quantity: object
    unit: str | None
    occurred_at: object
    dimensions: str | None


class Refused(NamedTuple):
    """A row that could not, as it is staged."""

    row_no: int
    event_id: str | None
    code: str
    field: str | None
    raw: str


@contextmanager
def stage(connection: Connection) -> Iterator[None]:
    """Temporary tables of the session. After a failure they are left for the next batch to drop."""
    connection.execute(SQL.drop_stage)
    connection.execute(SQL.make_stage_rows)
    connection.execute(SQL.make_stage_refused)
    yield
    connection.execute(SQL.drop_stage)


def copy(
    connection: Connection, order: UsageBatch, batch: int, rows: Iterable[Raw | str]
) -> Staged:
    """Read and stage the rows in chunks, so that a long file never stands in memory."""
    digest = sha256()
    received = malformed = 0
    read = _read_all(order, rows)
    while chunk := list(islice(read, CHUNK)):
        received += len(chunk)
        taken = [row for row in chunk if isinstance(row, Incoming)]
        refused = [row for row in chunk if isinstance(row, Refused)]
        malformed += len(refused)
        for row in chunk:
            digest.update(_row_digest(row))
        _copy_rows(connection, SQL.copy_rows, _ROW_TYPES, taken)
        stage_refused(connection, order, batch, refused)
    connection.execute(SQL.analyze_rows)
    return Staged(batch, received, malformed, _fingerprint(order, digest.hexdigest()))


def fingerprint_only(order: UsageBatch, rows: Iterable[Raw | str]) -> bytes:
    digest = sha256()
    for row in _read_all(order, rows):
        digest.update(_row_digest(row))
    return _fingerprint(order, digest.hexdigest())


def _fingerprint(order: UsageBatch, rows: str) -> bytes:
    return command_fingerprint(
        {
            "batch_number": order.batch_number,
            "command": f"usage-{order.kind}",
            "rows": rows,
            "stream": order.stream,
        }
    )


def _row_digest(row: Incoming | Refused) -> bytes:
    return row.fingerprint if isinstance(row, Incoming) else sha256(row.raw.encode()).digest()


def _read_all(order: UsageBatch, rows: Iterable[Raw | str]) -> Iterator[Incoming | Refused]:
    read = _retraction if order.kind == "retraction" else _row
    for row_no, raw in enumerate(rows, 1):
        try:
            yield read(order, row_no, raw)
        except Malformed as problem:
            yield Refused(row_no, event_id_of(raw), problem.code, problem.field, raw_text(raw))


def _row(order: UsageBatch, row_no: int, raw: Raw | str) -> Incoming:
    if isinstance(raw, str):
        raise Malformed("not-a-row")
    row = read_row(raw)
    dimensions = canonical_json(row.dimensions) if row.dimensions else "{}"
    leaf = usage_leaf(
        UsageLeafRow(
            order.entity,
            order.source,
            row.event_id,
            row.subscription,
            row.meter,
            row.quantity,
            row.unit,
            row.occurred_at,
            dimensions,
        )
    )
    return Incoming(
        row_no,
        bucket(order.entity, order.source, row.event_id),
        row.event_id,
        leaf,
        row.subscription,
        row.meter,
        row.quantity,
        row.unit,
        row.occurred_at,
        dimensions,
    )


def _retraction(order: UsageBatch, row_no: int, raw: Raw | str) -> Incoming:
    event_id = read_event_id(raw)
    place = bucket(order.entity, order.source, event_id)
    leaf = retraction_leaf(order.entity, order.source, event_id)
    return Incoming(row_no, place, event_id, leaf, None, None, None, None, None, None)


def make_months(connection: Connection) -> None:
    """Partitions for months not seen before, in a transaction of their own: they harm nobody."""
    with connection.transaction():
        connection.execute(SQL.make_months)


def stage_refused(
    connection: Connection, order: UsageBatch, batch: int, refused: Iterable[Refused]
) -> None:
    whose: dict[str, Any] = {"entity": order.entity, "source": order.source, "batch": batch}
    rows = [(*row, kept_leaf(whose | row._asdict())) for row in refused]
    _copy_rows(connection, SQL.copy_refused, _REFUSED_TYPES, rows)


def _copy_rows(
    connection: Connection, statement: str, types: list[str], rows: Iterable[tuple[object, ...]]
) -> None:
    rows = list(rows)
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
