"""A fact as bytes: its leaf and its row for the database, from the same encoded texts.

Written out column by column, because a ledger spends most of an append here. The bytes of the leaf
are those of `canonical.fact_leaf`, which is written to be read: a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
# What most facts do not have at all.
_RARE = (
    *("effective_at", "agreed_on", "reason", "correlation_id", "causation_id", "trace_id"),
    "corrects",
)
_BARE = (*_COMMON, *_RARE)
_NOTHING = (None,) * len(_RARE)
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
        self._numbers: dict[int, _Both] = {}

    def rows(self, facts: Iterable[FactRow]) -> Iterator[bytes]:
        """The row of each fact, its leaf in the last column."""
        # Looked up right here: a call for each would cost more than what it finds.
        patterns, numbers = self._patterns, self._numbers
        days, instants = self._days, self._instants
        for fact in facts:
            # fmt: off
            (entity, position, stream, version, tag, schema_version, effective, effective_at,
             agreed_on, sort_order, recorded_at, command_id, actor, reason, correlation_id,
             causation_id, trace_id, source_system, source_kind, source_id, source_version,
             corrects, payload) = fact
            if not (effective_at is None and agreed_on is None and reason is None
                    and correlation_id is None and causation_id is None and trace_id is None
                    and corrects is None):
                yield self._whole(fact)
                continue
            common = (
                entity, tag, schema_version, actor, source_system, source_kind, source_version)
            leaf, row = patterns.get(common) or self._pattern(common, _BARE)
            said_on, on = days.get(effective) or self._day(effective)
            said_at, at = instants.get(recorded_at) or self._instant(recorded_at)
            said_version, counted = numbers.get(version) or self._number(version)
            said_order, order = numbers.get(sort_order) or self._number(sort_order)
            streamed, said, key = text(stream), text(payload), text(command_id)
            source = NULL if source_id is None else text(source_id)
            hashed = sha256(leaf % (
                key, said_on, said, raw(b"%d" % position), said_at, said_order, source, streamed,
                said_version))
            yield row % (
                int8(position), streamed, counted, on, order, at, key, source, said,
                hashed.digest())
            # fmt: on

    def _whole(self, fact: FactRow) -> bytes:
        """The row of a fact that also has what most have not."""
        # fmt: off
        (entity, position, stream, version, tag, schema_version, effective, effective_at,
         agreed_on, sort_order, recorded_at, command_id, actor, reason, correlation_id,
         causation_id, trace_id, source_system, source_kind, source_id, source_version,
         corrects, payload) = fact
        common = (
            entity, tag, schema_version, actor, source_system, source_kind, source_version, None)
        leaf, row = self._patterns.get(common) or self._pattern(common, _COMMON)
        said_on, on = self._day(effective)
        said_agreed, agreed = self._day(agreed_on)
        said_at, at = self._instant(recorded_at)
        said_then, then = self._instant(effective_at)
        said_order, order = self._number(sort_order)
        said_version, counted = self._number(version)
        said_old, old = _NONE if corrects is None else self._number(corrects)
        streamed, said, key = text(stream), text(payload), text(command_id)
        why, source = optional_text(reason), optional_text(source_id)
        correlated, caused = optional_text(correlation_id), optional_text(causation_id)
        traced = optional_text(trace_id)
        hashed = sha256(leaf % (
            said_agreed, caused, key, said_old, correlated, said_on, said_then, said,
            raw(b"%d" % position), why, said_at, said_order, source, streamed, traced,
            said_version))
        return row % (
            int8(position), streamed, counted, on, then, agreed, order, at, key, why, correlated,
            caused, traced, source, old, said, hashed.digest())
        # fmt: on

    def _pattern(self, common: Common, names: Sequence[str]) -> _Both:
        """Leaf and row with gaps for what is not common, to be filled in the order of each."""
        _make_room(self._patterns)
        known = dict(zip(names, (*common, *_NOTHING), strict=False))
        leaf: list[bytes | None] = [text(FACT)]
        for name in sorted(FactRow._fields):
            leaf += (text(name), _in_leaf(known[name]) if name in known else None)
        row: list[bytes | None] = [self._framing.head]
        for before, name in zip(self._framing.before, COLUMNS, strict=True):
            row += (before, _in_row(known[name]) if name in known else None)
        row[-1:] = (_LEAF_LENGTH, None)
        found = self._patterns[common] = _Both(_gapped(leaf), _gapped(row))
        return found

    def _number(self, value: int) -> _Both:
        found = self._numbers.get(value)
        if found is None:
            _make_room(self._numbers)
            found = self._numbers[value] = _Both(raw(b"%d" % value), int8(value))
        return found

    def _day(self, value: date | None) -> _Both:
        if value is None:
            return _NONE
        found = self._days.get(value)
        if found is None:
            _make_room(self._days)
            found = self._days[value] = _Both(text(value.isoformat()), day(value))
        return found

    def _instant(self, value: datetime | None) -> _Both:
        if value is None:
            return _NONE
        found = self._instants.get(value)
        if found is None:
            _make_room(self._instants)
            found = _Both(text(instant_text(value)), binary.instant(value))
            self._instants[value] = found
        return found


def _make_room(memory: dict[Any, _Both]) -> None:
    if len(memory) > REMEMBERED:
        memory.clear()


def _in_leaf(value: str | int | None) -> bytes:
    return raw(b"%d" % value) if isinstance(value, int) else optional_text(value)


def _in_row(value: str | int | None) -> bytes:
    return int4(value) if isinstance(value, int) else optional_text(value)


def _gapped(parts: Iterable[bytes | None]) -> bytes:
    """A format whose gaps are the parts that are not known yet."""
    return b"".join(b"%b" if part is None else part.replace(b"%", b"%%") for part in parts)
