"""The log of one entity: facts appended under its head row, read by position, stream or category.

Positions are gap-free and in commit order, because whoever appends holds the head row until commit.
No NOTIFY and no table lock is taken here: either would cost more than everything else together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, structs
from msgspec.structs import astuple
from psycopg.rows import TupleRow

from domain.errors import Malformed
from domain.facts import Event, Fact, Source
from store import copying, failpoint
from store.binary import copy_framing, text_array
from store.canonical import FactRow, fact_leaf, well_formed
from store.codec import CODEC, canonical_json, to_fact, to_row
from store.db import Connection, queries
from store.fact_bytes import COLUMNS, FactBytes
from store.unpaused import unpaused

SQL = queries(__file__)

PAGE = 5_000
# A transaction of bulk append holds the head; this keeps others from waiting for long.
LARGEST_APPEND = 10_000
# Some 30 kB: the server has stored them by the time the next are encoded, and neither waits.
SENT_TOGETHER = 50
END = 2**63 - 1

_ROWS = FactBytes(copy_framing(len(COLUMNS)))


class Head(Struct, frozen=True, kw_only=True):
    """Where an entity's log stands. `recorded_at` is none before the first fact; `numbered` is the
    last number that each series of documents has given out.
    """

    entity: str
    position: int
    recorded_at: datetime | None
    epoch: int
    numbered: Mapping[str, int] = {}


class Draft(Struct, frozen=True, kw_only=True):
    """A fact before the log numbers it. `when.order` may be none: the stream version stands in."""

    stream: str
    event: Event
    recorded_at: datetime
    command_id: str
    actor: str
    reason: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None
    source: Source | None = None
    corrects: int | None = None


def head(connection: Connection, entity: str) -> Head | None:
    row = connection.execute(SQL.one_head, {"entity": entity}).fetchone()
    return _head(entity, row) if row else None


def known_head(connection: Connection, entity: str) -> int:
    """The position of an entity that has facts. Raises `unknown-entity` of any other: to answer
    that there is nothing would hide a slip of the pen.
    """
    found = head(connection, entity)
    if found is None or not found.position:
        raise Malformed("unknown-entity", field="entity", entity=entity)
    return found.position


def heads(connection: Connection) -> dict[str, int]:
    """Position of every entity's head."""
    return dict(connection.execute(SQL.all_heads).fetchall())


def lock_head(connection: Connection, entity: str) -> Head:
    """Take the entity's head row until the transaction ends; makes it for a new entity."""
    row = connection.execute(SQL.lock_head, {"entity": entity}).fetchone()
    if row is None:
        connection.execute(SQL.make_head, {"entity": well_formed(entity, "entity")})
        row = connection.execute(SQL.lock_head, {"entity": entity}).fetchone()
    assert row is not None, entity
    return _head(entity, row)


def fact(entity: str, position: int, version: int, draft: Draft) -> Fact:
    """A draft in its place; where the source gave no order within the day, the version is it."""
    event = draft.event
    if event.when.order is None:
        event = structs.replace(event, when=structs.replace(event.when, order=version))
    return Fact(
        entity=entity,
        position=position,
        stream=draft.stream,
        version=version,
        event=event,
        recorded_at=draft.recorded_at,
        command_id=draft.command_id,
        actor=draft.actor,
        reason=draft.reason,
        correlation_id=draft.correlation_id,
        causation_id=draft.causation_id,
        trace_id=draft.trace_id,
        source=draft.source,
        corrects=draft.corrects,
        schema=CODEC.version_of(type(event)),
    )


def write(connection: Connection, head: Head, facts: Sequence[Fact]) -> Head:
    """Append numbered facts with their leaves and move the head, which the caller has locked."""
    rows = (to_row(one, CODEC.encode(one.event)) for one in facts)
    return write_rows(connection, head, rows)


def write_rows(connection: Connection, head: Head, rows: Iterable[FactRow]) -> Head:
    """The same for rows, which may still be made while the server stores the first of them."""
    passed = _Passed(head, rows)
    with unpaused():
        copying.send(connection, SQL.copy_facts, _ROWS.rows(passed), together=SENT_TOGETHER)
    failpoint.reach("facts-inserted")
    arguments = {
        "entity": head.entity,
        "position": passed.position,
        "recorded_at": passed.recorded_at,
        "numbered": counters(head),
        "was": head.position,
        "epoch": head.epoch,
    }
    found = connection.execute(SQL.move_head, arguments)
    assert found.rowcount == 1, head
    failpoint.reach("head-updated")
    return structs.replace(head, position=passed.position, recorded_at=passed.recorded_at)


class _Passed:
    """Rows on their way: each must follow the one before, and the last says where the head goes."""

    def __init__(self, head: Head, rows: Iterable[FactRow]) -> None:
        self.position = head.position
        self.recorded_at = head.recorded_at
        self._rows = rows

    def __iter__(self) -> Iterator[FactRow]:
        first = self.position + 1
        for expected, row in enumerate(self._rows, first):
            assert row.position == expected < first + LARGEST_APPEND, (expected, row)
            self.position, self.recorded_at = expected, row.recorded_at
            yield row
        assert self.position >= first


def append(connection: Connection, head: Head, drafts: Sequence[Draft]) -> tuple[Fact, ...]:
    """Number and write. For those who decided by other means; commands go through transact."""
    streams = {draft.stream for draft in drafts}
    versions = stream_versions(connection, head.entity, streams)
    facts = []
    for position, draft in enumerate(drafts, head.position + 1):
        version = versions[draft.stream] = versions.get(draft.stream, 0) + 1
        facts.append(fact(head.entity, position, version, draft))
    write(connection, head, facts)
    return tuple(facts)


def append_bulk(connection: Connection, head: Head, drafts: Sequence[Draft]) -> Head:
    """The same for thousands: returns where the head stands, makes no facts on the way."""
    versions = stream_versions(connection, head.entity, {draft.stream for draft in drafts})
    return write_rows(connection, head, _numbered_rows(head, drafts, versions))


def stream_versions(connection: Connection, entity: str, streams: Iterable[str]) -> dict[str, int]:
    """The last version of each stream that has facts; one look where all lie beyond the others."""
    wanted = set(streams)
    between = {"entity": entity, "first": min(wanted, default=""), "last": max(wanted, default="")}
    if connection.execute(SQL.any_stream_between, between).fetchone() is None:
        return {}
    arguments = {"entity": entity, "streams": text_array(sorted(wanted))}
    return dict(connection.execute(SQL.stream_versions, arguments).fetchall())


def read(
    connection: Connection,
    entity: str,
    *,
    after: int = 0,
    upto: int = END,
    limit: int = PAGE,
) -> tuple[Fact, ...]:
    """The next facts after a position, in order."""
    arguments = {"entity": entity, "after": after, "upto": upto, "limit": limit}
    facts = _facts(connection.execute(SQL.read_from, arguments))
    for expected, one in enumerate(facts, after + 1):
        assert one.position == expected, (entity, expected, one.position)
    return facts


def read_all(
    connection: Connection, entity: str, *, after: int = 0, upto: int = END
) -> Iterator[Fact]:
    """Every fact after a position, page by page, as far as the log goes."""
    while page := read(connection, entity, after=after, upto=upto):
        yield from page
        after = page[-1].position


def read_stream(
    connection: Connection, entity: str, stream: str, *, upto: int = END
) -> tuple[Fact, ...]:
    return read_streams(connection, entity, [stream], upto=upto)[stream]


def read_streams(
    connection: Connection, entity: str, streams: Iterable[str], *, upto: int = END
) -> dict[str, tuple[Fact, ...]]:
    """The facts of several streams by one query; a stream without facts is empty."""
    wanted = sorted(set(streams))
    arguments = {"entity": entity, "streams": wanted, "upto": upto}
    found: dict[str, list[Fact]] = {stream: [] for stream in wanted}
    for one in _facts(connection.execute(SQL.read_streams, arguments)):
        found[one.stream].append(one)
    return {stream: tuple(facts) for stream, facts in found.items()}


def read_categories(
    connection: Connection, entity: str, categories: Iterable[str], *, upto: int = END
) -> tuple[Fact, ...]:
    """The facts of every stream of some kinds, such as entity, price and policy."""
    arguments = {"entity": entity, "categories": sorted(categories), "upto": upto}
    return _facts(connection.execute(SQL.read_categories, arguments))


def read_positions(
    connection: Connection, entity: str, positions: Iterable[int]
) -> tuple[Fact, ...]:
    arguments = {"entity": entity, "positions": sorted(positions)}
    return _facts(connection.execute(SQL.read_positions, arguments))


def moved(connection: Connection, seen: Mapping[str, int]) -> dict[str, int]:
    """Entities whose head has passed what was seen: one poll for all, whoever wakes the reader."""
    return {entity: at for entity, at in heads(connection).items() if at > seen.get(entity, 0)}


def altered(connection: Connection, entity: str) -> Iterator[int]:
    """Positions whose stored columns no longer give the leaf stored beside them."""
    after = 0
    while rows := connection.execute(
        SQL.read_leaves, {"entity": entity, "after": after, "limit": PAGE}
    ).fetchall():
        for *columns, leaf in rows:
            row = FactRow(*columns)
            if fact_leaf(row) != leaf:
                yield row.position
        after = rows[-1][1]


def _facts(rows: Iterable[TupleRow]) -> tuple[Fact, ...]:
    with unpaused():
        return tuple([to_fact(row, CODEC) for row in rows])


def _head(entity: str, row: TupleRow) -> Head:
    position, recorded_at, epoch, numbered = row
    return Head(
        entity=entity, position=position, recorded_at=recorded_at, epoch=epoch, numbered=numbered
    )


def counters(head: Head) -> str:
    """The last number of each series as it is stored."""
    return canonical_json(head.numbered) if head.numbered else "{}"


def _numbered_rows(
    head: Head, drafts: Iterable[Draft], versions: dict[str, int]
) -> Iterator[FactRow]:
    """As `append` numbers facts, straight to rows."""
    encode, entity, nobody = CODEC.encode, head.entity, (None,) * 4
    for position, draft in enumerate(drafts, head.position + 1):
        stream, event, source = draft.stream, draft.event, draft.source
        version = versions[stream] = versions.get(stream, 0) + 1
        when = event.when
        tag, schema_version, payload = encode(event)
        system, kind, name, edition = nobody if source is None else astuple(source)
        # fmt: off
        yield FactRow(
            entity, position, stream, version, tag, schema_version, when.effective, when.at,
            when.agreed_on, version if when.order is None else when.order, draft.recorded_at,
            draft.command_id, draft.actor, draft.reason, draft.correlation_id, draft.causation_id,
            draft.trace_id, system, kind, name, edition, draft.corrects, payload)
        # fmt: on
