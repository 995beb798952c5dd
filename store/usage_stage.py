"""Rows of a usage batch, read chunk by chunk; a long batch is set down before anything is locked.

No batch stands in memory. What is more than one chunk, or replaces earlier rows, waits in tables
of the session: each row readable, with its fingerprint and bucket, or refused with a code; nothing
is judged against other rows yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice, repeat
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from domain.usage import MeterTotal
from store import copying
from store.canonical import command_fingerprint, kept_leaf
from store.copying import NULL, int8, raw
from store.db import Connection, queries
from store.unpaused import unpaused
from store.usage_bytes import Chunk, UsageBytes
from store.usage_input import Raw, Refused

SQL = queries(__file__)

Kind = Literal["rows", "correction", "retraction"]
# So many rows are in memory at once.
CHUNK = 20_000

_FIRST = date(2000, 1, 1)
_DAY = 86_400_000_000
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


class Figures(NamedTuple):
    """What became of the rows of a batch, for its fact."""

    duplicates: int
    rejected: int
    accepted: int
    totals: tuple[MeterTotal, ...]
    subscriptions: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    root: str


class Overtaken(Exception):
    """Another batch has come first to an event meanwhile: judge again."""


class Staged(NamedTuple):
    """Rows that wait in the session's temporary tables."""

    received: int
    malformed: int
    months: frozenset[date]
    fingerprint: bytes


def chunks(order: UsageBatch, rows: Iterable[Raw | str], together: int) -> Iterator[Chunk]:
    """The rows of a batch, read. Waiting for them is not part of the reading."""
    reader = UsageBytes(order.entity, order.source)
    read = reader.retractions if order.kind == "retraction" else reader.rows
    waiting, first = iter(rows), 1
    while raws := list(islice(waiting, together)):
        with unpaused():
            chunk = read(first, raws)
        first += len(raws)
        del raws
        yield chunk


@contextmanager
def stage(connection: Connection) -> Iterator[None]:
    """Temporary tables of the session. After a failure they are left for the next batch to drop."""
    connection.execute(SQL.drop_stage)
    connection.execute(SQL.make_stage_rows)
    connection.execute(SQL.make_stage_refused)
    yield
    connection.execute(SQL.drop_stage)


def copy(connection: Connection, order: UsageBatch, batch: int, read: Iterable[Chunk]) -> Staged:
    """Stage the rows of a batch, a chunk at a time."""
    digest = sha256()
    received = malformed = 0
    months: set[date] = set()
    for chunk in read:
        received += chunk.received
        malformed += len(chunk.refused)
        months |= months_of(chunk)
        digest.update(chunk.digests)
        copying.send(connection, SQL.copy_rows, _rows(order, chunk))
        stage_refused(connection, order, batch, chunk.refused)
    connection.execute(SQL.analyze_rows)
    return Staged(received, malformed, frozenset(months), fingerprint(order, digest.hexdigest()))


def fingerprint_only(order: UsageBatch, read: Iterable[Chunk]) -> bytes:
    digest = sha256()
    for chunk in read:
        digest.update(chunk.digests)
    return fingerprint(order, digest.hexdigest())


def fingerprint(order: UsageBatch, rows: str) -> bytes:
    """What a batch asks, so that a repeat is told from a misuse. `rows` is over each digest."""
    return command_fingerprint(
        {
            "batch_number": order.batch_number,
            "command": f"usage-{order.kind}",
            "rows": rows,
            "stream": order.stream,
        }
    )


def months_of(chunk: Chunk) -> frozenset[date]:
    """First days of the months that its rows fall into."""
    days = {moment // _DAY for moment in chunk.moments}
    return frozenset((_FIRST + timedelta(days=day)).replace(day=1) for day in days)


def make_months(connection: Connection, months: Iterable[date]) -> None:
    """Partitions for months not seen before; committed by themselves, they harm nobody."""
    connection.execute(SQL.make_months, {"months": sorted(months)})


def stage_refused(
    connection: Connection, order: UsageBatch, batch: int, refused: Iterable[Refused]
) -> None:
    rows = [(*row, refused_leaf(order, batch, row)) for row in refused]
    copying.write_rows(connection, SQL.copy_refused, _REFUSED_TYPES, rows)


def refused_leaf(order: UsageBatch, batch: int, row: Refused) -> bytes:
    whose: dict[str, Any] = {"entity": order.entity, "source": order.source, "batch": batch}
    return kept_leaf(whose | row._asdict())


def _rows(order: UsageBatch, chunk: Chunk) -> Iterator[bytes]:
    begin, join = copying.columns(10), b"".join
    small = [raw(bucket.to_bytes(2, "big")) for bucket in range(256)]
    moments: Iterable[bytes] = map(int8, chunk.moments)
    if order.kind == "retraction":
        moments = repeat(NULL, len(chunk.ids))
    columns: Sequence[Iterable[bytes]] = (
        repeat(begin, len(chunk.ids)),
        map(int8, chunk.numbers),
        [small[bucket] for bucket in chunk.buckets],
        chunk.names,
        map(raw, chunk.leaves),
        chunk.subscriptions,
        chunk.meters,
        chunk.quantities,
        chunk.units,
        moments,
        chunk.dimensions,
    )
    return map(join, zip(*columns, strict=True))
