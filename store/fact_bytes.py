"""A fact as bytes: its leaf and its row for the database, from the same encoded texts.

Written out column by column, because a ledger spends most of an append here. The bytes of the leaf
are those of `canonical.fact_leaf`, which is written to be read: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from store import binary
from store.binary import Framing, optional_text
from store.canonical import FACT, FactRow
from store.canonical import instant as instant_text
from store.copying import NULL, day, int4, int8, raw, text

COLUMNS = (*FactRow._fields, "leaf")
# So many different values of one kind are remembered; beyond that, begin anew.
REMEMBERED = 2_000

# What most facts of one append have in common.
_COMMON = (
    *("entity", "tag", "schema_version", "actor"),
    *("source_system", "source_kind", "source_version"),
)
_LEAF_LENGTH = (32).to_bytes(4, "big")

Common = tuple[str | int | None, ...]


class _Both(NamedTuple):
    """One value, in the leaf and in the row."""

    leaf: bytes
    row: bytes


_NONE = _Both(NULL, NULL)


class FactBytes:
    """Encodes facts and keeps what is repeated; may be shared by threads."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._patterns: dict[Common, _Both] = {}
        self._days: dict[date, _Both] = {}
        self._instants: dict[datetime, _Both] = {}

    def rows(self, facts: Iterable[FactRow]) -> Iterator[bytes]:
        """The row of each fact, its leaf in the last column."""
        patterns, days, instants = self._patterns, self._days, self._instants
        for fact in facts:
            # fmt: off
            (entity, position, stream, version, tag, schema_version, effective, effective_at,
             agreed_on, sort_order, recorded_at, command_id, actor, reason, correlation_id,
             causation_id, trace_id, source_system, source_kind, source_id, source_version,
             corrects, payload) = fact
            common = (
                entity, tag, schema_version, actor, source_system, source_kind, source_version)
            # fmt: on
            leaf, row = patterns.get(common) or self._pattern(common)
            on = days.get(effective) or self._day(effective)
            agreed = _NONE
            if agreed_on is not None:
                agreed = days.get(agreed_on) or self._day(agreed_on)
            at = _NONE
            if effective_at is not None:
                at = instants.get(effective_at) or self._instant(effective_at)
            recorded = instants.get(recorded_at) or self._instant(recorded_at)
            replaced = _NONE if corrects is None else _Both(_digits(corrects), int8(corrects))
            streamed, said, key = text(stream), text(payload), text(command_id)
            why, source = optional_text(reason), optional_text(source_id)
            correlated, caused = optional_text(correlation_id), optional_text(causation_id)
            traced = optional_text(trace_id)
            # fmt: off
            hashed = sha256(leaf % (
                agreed.leaf, caused, key, replaced.leaf, correlated, on.leaf, at.leaf, said,
                _digits(position), why, recorded.leaf, _digits(sort_order), source, streamed,
                traced, _digits(version)))
            yield row % (
                int8(position), streamed, int8(version), on.row, at.row, agreed.row,
                int8(sort_order), recorded.row, key, why, correlated, caused, traced, source,
                replaced.row, said, hashed.digest())
            # fmt: on

    def _pattern(self, common: Common) -> _Both:
        """Leaf and row with gaps for what is not common, to be filled in the order of each."""
        _make_room(self._patterns)
        known = dict(zip(_COMMON, common, strict=True))
        leaf: list[bytes | None] = [text(FACT)]
        for name in sorted(FactRow._fields):
            leaf += (text(name), _in_leaf(known[name]) if name in known else None)
        row: list[bytes | None] = [self._framing.head]
        for before, name in zip(self._framing.before, COLUMNS, strict=True):
            row += (before, _in_row(known[name]) if name in known else None)
        row[-1:] = (_LEAF_LENGTH, None)
        found = self._patterns[common] = _Both(_gapped(leaf), _gapped(row))
        return found

    def _day(self, value: date) -> _Both:
        _make_room(self._days)
        found = self._days[value] = _Both(text(value.isoformat()), day(value))
        return found

    def _instant(self, value: datetime) -> _Both:
        _make_room(self._instants)
        found = self._instants[value] = _Both(text(instant_text(value)), binary.instant(value))
        return found


def _make_room(memory: dict[Any, _Both]) -> None:
    if len(memory) > REMEMBERED:
        memory.clear()


def _digits(value: int) -> bytes:
    return raw(b"%d" % value)


def _in_leaf(value: str | int | None) -> bytes:
    return _digits(value) if isinstance(value, int) else optional_text(value)


def _in_row(value: str | int | None) -> bytes:
    return int4(value) if isinstance(value, int) else optional_text(value)


def _gapped(parts: Iterable[bytes | None]) -> bytes:
    """A format whose gaps are the parts that are not known yet."""
    return b"".join(b"%b" if part is None else part.replace(b"%", b"%%") for part in parts)
