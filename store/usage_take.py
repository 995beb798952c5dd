"""A batch of rows that is in memory as a whole, into the ledger: the short way of most batches.

The same as `usage_judge` does with rows that wait in tables, and a test compares the two. Only the
ids are asked for by a statement that can lose; rows and totals are copied, since whoever has the id
writes its row. Totals are summed here, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from struct import Struct
from typing import NamedTuple

import msgspec

from domain.usage import MeterTotal
from store import copying, failpoint
from store.binary import Packed
from store.canonical import batch_root
from store.codec import canonical_json
from store.copying import NULL, int8, raw, text
from store.db import Connection, queries
from store.usage_amounts import numeric, unscaled
from store.usage_bytes import Chunk, only
from store.usage_input import Refused
from store.usage_stage import Figures, UsageBatch, refused_leaf

SQL = queries(__file__)

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT2, _TEXT, _BYTEA = 21, 25, 17
_REFUSED_TYPES = ["text", "text", "int8", "int8", "text", "text", "text", "text", "bytea"]
_LEAF = (32).to_bytes(4, "big")
_array_head = Struct(">iiIii").pack
_SMALL = tuple(raw(bucket.to_bytes(2, "big")) for bucket in range(256))


class _Hour(NamedTuple):
    """What the batch adds to one hour of one meter; the names are fields."""

    subscription: bytes
    meter: bytes
    hour: int
    rows: int
    amount: int


class _Judged(NamedTuple):
    """The rows that were taken, how many only repeat, and what was refused."""

    accepted: Chunk
    duplicates: int
    refused: list[Refused]


def take(connection: Connection, order: UsageBatch, batch: int, chunk: Chunk) -> Figures:
    """Within the caller's transaction: keys, rows, totals and what was refused."""
    judged = _take_keys(connection, order, batch, chunk)
    failpoint.reach("usage-keys-taken")
    copying.send(connection, SQL.copy_rows, _rows(order, batch, judged.accepted))
    hours = _hours(judged.accepted)
    copying.send(connection, SQL.copy_hours, _hour_rows(order, batch, hours))
    refused = sorted([*chunk.refused, *judged.refused])
    _copy_refused(connection, order, batch, refused)
    return _figures(judged, len(refused), hours)


def _take_keys(connection: Connection, order: UsageBatch, batch: int, chunk: Chunk) -> _Judged:
    if not chunk.ids:
        return _Judged(chunk, 0, [])
    keys = list(zip(chunk.buckets, chunk.ids, strict=True))
    places = sorted(range(len(keys)), key=keys.__getitem__)
    names = {
        "entity": order.entity,
        "source": order.source,
        "batch": batch,
        "buckets": _array(_INT2, [_SMALL[chunk.buckets[place]] for place in places]),
        "event_ids": _array(_TEXT, [chunk.names[place] for place in places]),
        "fingerprints": _array(_BYTEA, [_LEAF + chunk.leaves[place] for place in places]),
    }
    if connection.execute(SQL.take_keys, names).rowcount == len(places):
        return _Judged(chunk, 0, [])
    return _judge(chunk, dict(connection.execute(SQL.keys_of_others, names).fetchall()))


def _judge(chunk: Chunk, said: dict[str, bytes]) -> _Judged:
    """`said` is by the ids that were there already; of a new id the first row counts."""
    kept = []
    refused: list[Refused] = []
    for place, (event_id, leaf) in enumerate(zip(chunk.ids, chunk.leaves, strict=True)):
        was = said.setdefault(event_id, leaf)
        kept.append(was is leaf)
        if was != leaf:
            refused.append(_other_body(chunk, place))
    accepted = only(chunk, kept)
    return _Judged(accepted, len(kept) - len(accepted.ids) - len(refused), refused)


def _other_body(chunk: Chunk, place: int) -> Refused:
    """A well-formed row that was not taken, written out again as it was understood."""
    row_no, event_id, unit = chunk.numbers[place], chunk.ids[place], chunk.units[place]
    told = {
        "event_id": event_id,
        "subscription": _told(chunk.subscriptions[place]),
        "meter": _told(chunk.meters[place]),
        "quantity": unscaled(chunk.amounts[place]),
        "unit": None if unit == NULL else _told(unit),
        "occurred_at": _EPOCH + timedelta(microseconds=chunk.moments[place]),
        "dimensions": msgspec.json.decode(_told(chunk.dimensions[place])),
    }
    code = "duplicate-with-other-body"
    return Refused(row_no, event_id, code, "event_id", canonical_json(told))


def _rows(order: UsageBatch, batch: int, chunk: Chunk) -> Iterator[bytes]:
    whose = text(order.entity) + text(order.source)
    begins = [copying.columns(11) + small + whose for small in _SMALL]
    columns = (
        [begins[bucket] for bucket in chunk.buckets],
        chunk.names,
        repeat(int8(batch), len(chunk.ids)),
        chunk.subscriptions,
        chunk.meters,
        chunk.quantities,
        chunk.units,
        map(int8, chunk.moments),
        chunk.dimensions,
    )
    return map(b"".join, zip(*columns, strict=True))


def _hours(chunk: Chunk) -> list[_Hour]:
    """In the order of the table's key, or near it."""
    found: dict[tuple[bytes, bytes, int], list[int]] = {}
    hours = [moment - moment % _HOUR for moment in chunk.moments]
    keys = zip(chunk.subscriptions, chunk.meters, hours, strict=True)
    for key, amount in zip(keys, chunk.amounts, strict=True):
        if (total := found.get(key)) is None:
            found[key] = [1, amount]
        else:
            total[0] += 1
            total[1] += amount
    return [_Hour(*key, *total) for key, total in sorted(found.items())]


def _hour_rows(order: UsageBatch, batch: int, hours: Sequence[_Hour]) -> Iterator[bytes]:
    begin, number = copying.columns(7) + text(order.entity), int8(batch)
    for subscription, meter, hour, rows, amount in hours:
        yield b"".join(
            (begin, subscription, meter, int8(hour), number, int8(rows), numeric(amount))
        )


def _copy_refused(
    connection: Connection, order: UsageBatch, batch: int, refused: Sequence[Refused]
) -> None:
    rows = [
        (order.entity, order.source, batch, *row, refused_leaf(order, batch, row))
        for row in refused
    ]
    copying.write_rows(connection, SQL.copy_refused, _REFUSED_TYPES, rows)


def _figures(judged: _Judged, rejected: int, hours: Sequence[_Hour]) -> Figures:
    accepted = judged.accepted
    leaves = dict(zip(accepted.ids, accepted.leaves, strict=True))
    moments = [hour.hour for hour in hours]
    return Figures(
        duplicates=judged.duplicates,
        rejected=rejected,
        accepted=len(leaves),
        totals=_totals(hours),
        subscriptions=tuple(sorted(map(_told, {hour.subscription for hour in hours}))),
        first_day=_day(min(moments)) if moments else None,
        last_day=_day(max(moments)) if moments else None,
        root=batch_root(leaves[event_id] for event_id in sorted(leaves)),
    )


def _totals(hours: Sequence[_Hour]) -> tuple[MeterTotal, ...]:
    found: dict[bytes, list[int]] = {}
    for hour in hours:
        total = found.setdefault(hour.meter, [0, 0])
        total[0] += hour.rows
        total[1] += hour.amount
    told = sorted((_told(meter), rows, amount) for meter, (rows, amount) in found.items())
    return tuple(
        MeterTotal(meter=meter, rows=rows, quantity=unscaled(amount))
        for meter, rows, amount in told
    )


def _day(microseconds: int) -> date:
    return (_EPOCH + timedelta(microseconds=microseconds)).date()


def _told(field: bytes) -> str:
    """The text of a field."""
    return field[len(NULL) :].decode()


def _array(kind: int, fields: Sequence[bytes]) -> Packed:
    return Packed(_array_head(1, 0, kind, len(fields), 1) + b"".join(fields))
