"""A group of commands by two statements: one reads all that they are decided on, one stores it all.

Nothing is locked between the two. The second moves the head only from where the first found it,
and whoever was slower writes nothing: what was decided on an old state can never be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import json, structs

from domain.books import AdjustmentApproved, PeriodReopened
from domain.facts import Fact
from domain.invoice_facts import DraftApproved
from domain.judgement import NatureJudged
from domain.opening import OpeningSigned
from store import copying, log
from store.binary import (
    Framing,
    array,
    copy_framing,
    int8_array,
    record_framing,
    text_array,
)
from store.codec import CODEC, to_fact, to_row
from store.copying import int8, text
from store.db import Connection, queries
from store.fact_bytes import FactBytes
from store.keys import (
    KEY_RECORD,
    REFUSAL_RECORD,
    Known,
    SourceKey,
    key_rows,
    refusal_rows,
    refused,
    source_key,
    write_keys,
    write_refusals,
)
from store.remembered import Remembered, RowTypes
from store.sitting import Asked, Decided, Loaded, Taken
from store.timeline import Timeline
from store.unpaused import unpaused

SQL = queries(__file__)

_TEXT, _INT8, _INT4, _DATE, _INSTANT, _BYTEA = 25, 20, 23, 1082, 1184, 17
_FACT_TYPES = (
    *(_TEXT, _INT8, _TEXT, _INT8, _TEXT, _INT4, _DATE, _INSTANT, _DATE, _INT8, _INSTANT),
    *((_TEXT,) * 10),
    *(_INT8, _TEXT, _BYTEA),
)
_FACTS = FactBytes(record_framing(_FACT_TYPES))
_APPROVAL_RECORD = record_framing([_TEXT, _TEXT, _TEXT, _TEXT, _INT8])
_APPROVAL_ROW = copy_framing(5)
_NUMBER_RECORD = record_framing([_TEXT, _TEXT, _TEXT, _INT8, _INT8])
_NUMBER_ROW = copy_framing(5)
_HEAD, _KEY, _SOURCE, _FACT, _NUMBER = range(5)


def load(
    connection: Connection, entity: str, asked: Sequence[Asked], remembered: Remembered
) -> tuple[Loaded, RowTypes]:
    """Keys, outside names and streams of all requests as they stand at the head."""
    streams = _streams(asked)
    timelines = remembered.take(entity, streams)
    sources = [source_key(one.request.source) for one in asked if one.request.source is not None]
    systems, kinds, ids, versions = zip(*sources, strict=True) if sources else ((),) * 4
    after = [timelines[name].version if name in timelines else -1 for name in streams]
    arguments = {
        "entity": entity,
        "keys": text_array([*{one.request.key for one in asked}]),
        "streams": text_array(streams),
        "after": int8_array(after),
        "systems": text_array(systems),
        "kinds": text_array(kinds),
        "ids": text_array(ids),
        "versions": text_array(versions),
        "numbers": text_array([*{number for one in asked for number in one.numbers}]),
    }
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(SQL.load_group, arguments, prepare=True).fetchall()
    with unpaused():
        loaded, types = _loaded(entity, rows, streams, timelines)
    _load_holders(connection, loaded)
    return loaded, types


def _load_holders(connection: Connection, loaded: Loaded) -> None:
    """Streams that took a number which a request states: seldom another's than the request's."""
    holders = {taken.stream for taken in loaded.numbers.values()} - loaded.timelines.keys()
    if holders:
        head = loaded.head
        read = log.read_streams(connection, head.entity, holders, upto=head.position)
        loaded.timelines.update({stream: Timeline(facts) for stream, facts in read.items()})


def recall(
    entity: str, asked: Sequence[Asked], remembered: Remembered
) -> tuple[Loaded, RowTypes, list[str]] | None:
    """The same without a look into the database, and the streams taken for empty.

    No key and no outside name is known to it. What is decided on it may be stored only where the
    unique keys of what is written would tell that one was used, or that a stream is not empty.
    """
    streams = _streams(asked)
    recalled = remembered.recall(entity, streams)
    if recalled is None:
        return None
    standing, timelines = recalled
    new = [stream for stream in streams if stream not in timelines]
    timelines |= {stream: Timeline(()) for stream in new}
    loaded = Loaded(head=standing.head, keys={}, sources={}, timelines=timelines, numbers={})
    return loaded, standing.types, new


def _streams(asked: Iterable[Asked]) -> list[str]:
    return list(dict.fromkeys(stream for one in asked for stream in one.streams))


def _loaded(
    entity: str, rows: Iterable[tuple[Any, ...]], streams: list[str], timelines: dict[str, Timeline]
) -> tuple[Loaded, RowTypes]:
    """The parts of the answer told apart; every stream has a timeline, an empty one if need be."""
    parts: tuple[list[Any], ...] = [], [], [], [], []
    for part, *row in rows:
        parts[part].append(row)
    (top,) = parts[_HEAD]
    facts: dict[str, list[Fact]] = {}
    for row in parts[_FACT]:
        facts.setdefault(row[1], []).append(to_fact((entity, *row[:-2]), CODEC))
    for stream in streams:
        if stream not in timelines:
            timelines[stream] = Timeline(facts.get(stream, ()))
        elif stream in facts:
            timelines[stream].extend(facts[stream])
    loaded = Loaded(
        head=_head(entity, top),
        keys=dict(map(_key, parts[_KEY])),
        sources=dict(map(_source, parts[_SOURCE])),
        timelines=timelines,
        numbers={row[10]: Taken(row[1], row[0]) for row in parts[_NUMBER]},
    )
    return loaded, RowTypes(*top[-1])


def _head(entity: str, row: Sequence[Any]) -> log.Head:
    return log.Head(
        entity=entity,
        position=row[0] or 0,
        epoch=row[2] or 0,
        recorded_at=row[9],
        numbered=json.decode(row[21]) if row[21] else {},
    )


def _key(row: Sequence[Any]) -> tuple[str, Known]:
    told = None if row[3] is None else refused(row[3], row[12], row[21])
    return row[10], Known(row[-2], row[1], tuple(row[-1]), told)


def _source(row: Sequence[Any]) -> tuple[SourceKey, Known]:
    system, kind, name, version = row[16:20]
    return (system, kind, name, version), Known(row[-2], row[1], tuple(row[-1]))


def store(connection: Connection, decided: Decided, types: RowTypes) -> bool:
    """All of it, or nothing and False where somebody else was first."""
    with unpaused():
        arguments = _packed(decided, types)
    found = connection.execute(SQL.write_group, arguments, prepare=True).fetchone()
    return found == (1,)


def _packed(decided: Decided, types: RowTypes) -> dict[str, object]:
    head, facts = decided.head, decided.facts
    after = decided.after
    rows = [to_row(fact, CODEC.encode(fact.event)) for fact in facts]
    keys = key_rows(KEY_RECORD, head.entity, decided.keys)
    refusals = refusal_rows(REFUSAL_RECORD, decided.refusals)
    return {
        "entity": head.entity,
        "was": head.position,
        "epoch": head.epoch,
        "position": after.position,
        "recorded_at": after.recorded_at,
        "numbered": log.counters(after),
        "facts": array(types.fact, [*_FACTS.rows(rows)]),
        "keys": array(types.command_key, [*keys]),
        "refusals": array(types.refusal, [*refusals]),
        "approvals": array(types.approval, [*_approval_rows(_APPROVAL_RECORD, facts)]),
        "numbers": array(types.document_number, [*_number_rows(_NUMBER_RECORD, decided)]),
    }


def write(connection: Connection, decided: Decided) -> None:
    """The same by COPY, for whoever holds the head's lock."""
    if decided.facts:
        counted = structs.replace(decided.head, numbered=decided.numbered)
        log.write(connection, counted, decided.facts)
    approvals = _approval_rows(_APPROVAL_ROW, decided.facts)
    copying.send(connection, SQL.copy_approvals, approvals)
    copying.send(connection, SQL.copy_numbers, _number_rows(_NUMBER_ROW, decided))
    write_keys(connection, decided.head.entity, decided.keys)
    write_refusals(connection, decided.refusals)


def _approval_rows(framing: Framing, facts: Iterable[Fact]) -> Iterator[bytes]:
    """Who prepared and who approved, for the facts that take two people."""
    for fact in facts:
        match fact.event:
            case AdjustmentApproved() | OpeningSigned():
                subject, preparer = fact.stream, fact.event.proposed_by
            case DraftApproved():
                subject, preparer = fact.stream, fact.event.prepared_by
            case NatureJudged():
                subject, preparer = fact.stream, fact.event.judged_by
            case PeriodReopened():
                subject, preparer = f"{fact.stream}:{fact.event.period}", fact.actor
            case _:
                continue
        yield framing.pattern % (
            text(fact.entity),
            text(subject),
            text(preparer),
            text(fact.event.approved_by),
            int8(fact.position),
        )


def _number_rows(framing: Framing, decided: Decided) -> Iterator[bytes]:
    """The numbers that documents came with, each with the stream whose it is."""
    for number, fact, taking in decided.numbers:
        yield framing.pattern % (
            text(fact.entity),
            text(number),
            text(fact.stream),
            int8(fact.position),
            int8(taking),
        )
