"""A batch of rows that is in memory as a whole, into the ledger: the short way of most batches.

The same as `usage_judge` does with rows that wait in tables, and a test compares the two. Known ids
are looked up, the rest is copied: keys first, so that whoever has the id writes its row and whoever
comes second begins anew. Totals are summed here, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from struct import Struct
from typing import NamedTuple

import msgspec
import psycopg

from domain.usage import MeterTotal
from store import copying, failpoint
from store.binary import Packed
from store.canonical import batch_root
from store.codec import canonical_json
from store.copying import NULL, int8, raw, text
from store.db import Connection, queries
from store.unpaused import unpaused
from store.usage_amounts import numeric, unscaled
from store.usage_bytes import Chunk, only
from store.usage_input import Refused
from store.usage_stage import Figures, Overtaken, UsageBatch, refused_leaf

SQL = queries(__file__)

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT2, _TEXT = 21, 25
_REFUSED_TYPES = ["text", "text", "int8", "int8", "text", "text", "text", "text", "bytea"]
_LEAF = (32).to_bytes(4, "big")
_array_head = Struct(">iiIii").pack
_SMALL = tuple(raw(bucket.to_bytes(2, "big")) for bucket in range(256))

# Subscription, meter and unit as fields, and the hour.
Hour = tuple[bytes, bytes, bytes, int]
# Rows and amount; and the amount as a field, while it is that of one row.
Total = tuple[int, int, bytes | None]


class _Judged(NamedTuple):
    """The rows that are to be taken, how many only repeat, and what is refused."""

    accepted: Chunk
    duplicates: int
    refused: list[Refused]


def take(connection: Connection, order: UsageBatch, batch: int, chunk: Chunk) -> Figures:
    """Within the caller's transaction. Raises Overtaken where another batch took an id first."""
    said = _said(connection, order, chunk)
    with unpaused():
        judged = _judge(chunk, said)
        keys = _keys(order, batch, judged.accepted)
    _copy_keys(connection, keys)
    failpoint.reach("usage-keys-taken")
    # From here on nobody is waited for: whose id it is, theirs are its rows.
    with unpaused():
        hours = _copy_rows(connection, order, batch, judged.accepted)
        refused = sorted([*chunk.refused, *judged.refused])
        _copy_refused(connection, order, batch, refused)
        return _figures(judged, len(refused), hours)


def _said(connection: Connection, order: UsageBatch, chunk: Chunk) -> dict[str, bytes]:
    """Which of the ids came in an earlier batch, and what they came with."""
    if not chunk.ids:
        return {}
    names = {
        "entity": order.entity,
        "source": order.source,
        "buckets": _array(_INT2, [_SMALL[bucket] for bucket in chunk.buckets]),
        "event_ids": _array(_TEXT, chunk.names),
    }
    return dict(connection.execute(SQL.known_keys, names).fetchall())


def _judge(chunk: Chunk, said: dict[str, bytes]) -> _Judged:
    """`said` is by the ids that were there already; of a new id the first row counts."""
    if not said and len(set(chunk.ids)) == len(chunk.ids):
        return _Judged(chunk, 0, [])
    kept = []
    refused: list[Refused] = []
    for place, (event_id, leaf) in enumerate(zip(chunk.ids, chunk.leaves, strict=True)):
        was = said.setdefault(event_id, leaf)
        kept.append(was is leaf)
        if was != leaf:
            refused.append(_other_body(chunk, place))
    accepted = only(chunk, kept)
    return _Judged(accepted, len(kept) - len(accepted.ids) - len(refused), refused)


def _keys(order: UsageBatch, batch: int, chunk: Chunk) -> list[bytes]:
    """In order of the key, so that batches with the same ids wait instead of locking up."""
    begins, number = _begins(6, order), int8(batch)
    columns = zip(chunk.buckets, chunk.ids, chunk.names, chunk.leaves, strict=True)
    return [
        b"".join((begins[bucket], name, number, _LEAF, leaf))
        for bucket, _, name, leaf in sorted(columns)
    ]


def _copy_keys(connection: Connection, keys: Sequence[bytes]) -> None:
    try:
        copying.send(connection, SQL.copy_keys, keys)
    except psycopg.errors.UniqueViolation:
        raise Overtaken from None


def _copy_rows(
    connection: Connection, order: UsageBatch, batch: int, chunk: Chunk
) -> Sequence[tuple[Hour, Total]]:
    """Rows, and what each hour gains by them, in the order of the table's key."""
    totals: dict[Hour, Total] = {}
    copying.send(connection, SQL.copy_rows, _rows(order, batch, chunk, totals))
    hours = sorted(totals.items())
    copying.send(connection, SQL.copy_hours, _hour_rows(order, batch, hours))
    return hours


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


def _rows(
    order: UsageBatch, batch: int, chunk: Chunk, totals: dict[Hour, Total]
) -> Iterator[bytes]:
    """Totals are summed on the way: meanwhile the server stores the rows sent before."""
    begins, number = _begins(11, order), int8(batch)
    for start in range(0, len(chunk.ids), copying.TOGETHER):
        part = slice(start, start + copying.TOGETHER)
        moments = chunk.moments[part]
        subscriptions, meters = chunk.subscriptions[part], chunk.meters[part]
        quantities = chunk.quantities[part]
        hours = [moment - moment % _HOUR for moment in moments]
        keys = zip(subscriptions, meters, chunk.units[part], hours, strict=True)
        _sum(totals, keys, zip(chunk.amounts[part], quantities, strict=True))
        columns = (
            [begins[bucket] for bucket in chunk.buckets[part]],
            chunk.names[part],
            repeat(number, len(moments)),
            subscriptions,
            meters,
            quantities,
            chunk.units[part],
            map(int8, moments),
            chunk.dimensions[part],
        )
        yield from map(b"".join, zip(*columns, strict=True))


def _sum(
    totals: dict[Hour, Total], keys: Iterable[Hour], amounts: Iterable[tuple[int, bytes]]
) -> None:
    for key, (amount, field) in zip(keys, amounts, strict=True):
        if (total := totals.get(key)) is None:
            totals[key] = (1, amount, field)
        else:
            rows, amount_before, _ = total
            totals[key] = (rows + 1, amount_before + amount, None)


def _begins(columns: int, order: UsageBatch) -> list[bytes]:
    """What a row of keys or rows begins with, by its bucket."""
    whose = text(order.entity) + text(order.source)
    return [copying.columns(columns) + small + whose for small in _SMALL]


def _hour_rows(
    order: UsageBatch, batch: int, hours: Sequence[tuple[Hour, Total]]
) -> Iterator[bytes]:
    begin, join = copying.columns(8) + text(order.entity), b"".join
    number, numbers, none = int8(batch), _Numbers(), text("")
    for (subscription, meter, unit, hour), (rows, amount, field) in hours:
        stated = none if unit == NULL else unit
        summed, counted = field or numeric(amount), numbers[rows]
        yield join((begin, subscription, meter, numbers[hour], number, stated, counted, summed))


class _Numbers(dict[int, bytes]):
    """Numbers as fields, each made once."""

    def __missing__(self, value: int) -> bytes:
        made = self[value] = int8(value)
        return made


def _copy_refused(
    connection: Connection, order: UsageBatch, batch: int, refused: Sequence[Refused]
) -> None:
    rows = [
        (order.entity, order.source, batch, *row, refused_leaf(order, batch, row))
        for row in refused
    ]
    copying.write_rows(connection, SQL.copy_refused, _REFUSED_TYPES, rows)


def _figures(judged: _Judged, rejected: int, hours: Sequence[tuple[Hour, Total]]) -> Figures:
    accepted = judged.accepted
    leaves = dict(zip(accepted.ids, accepted.leaves, strict=True))
    moments = {hour for (_, _, _, hour), _ in hours}
    subscriptions = {subscription for (subscription, _, _, _), _ in hours}
    return Figures(
        duplicates=judged.duplicates,
        rejected=rejected,
        accepted=len(leaves),
        totals=_totals(hours),
        subscriptions=tuple(sorted(map(_told, subscriptions))),
        first_day=_day(min(moments)) if moments else None,
        last_day=_day(max(moments)) if moments else None,
        root=batch_root([b"".join(map(leaves.__getitem__, sorted(leaves)))]),
    )


def _totals(hours: Sequence[tuple[Hour, Total]]) -> tuple[MeterTotal, ...]:
    found: dict[bytes, tuple[int, int]] = {}
    for (_, meter, _, _), (rows, amount, _) in hours:
        rows_before, amount_before = found.get(meter, (0, 0))
        found[meter] = (rows_before + rows, amount_before + amount)
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
