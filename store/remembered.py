"""Streams that committers decided on, kept so that only what came since need be read.

A log is only ever added to, so what was read of a stream stays true whoever else appends; what is
kept needs no invalidation, only the facts of later versions. Bounded by facts, oldest use first.
Where a log stood is kept too: as long as nobody else moves its head, what is kept is all there is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import NamedTuple

from msgspec import Struct

from store.log import Head
from store.timeline import Timeline

# Of all entities together; about a kilobyte each.
FACTS_MAX = 50_000


class RowTypes(Struct, frozen=True):
    """What this database calls the row types of the tables that a group writes."""

    fact: int
    command_key: int
    refusal: int
    approval: int
    document_number: int


class Standing(NamedTuple):
    """Where a log stood when a group was done; all facts after `since` were appended from here."""

    head: Head
    types: RowTypes
    since: int


class _Kept(NamedTuple):
    """A stream as it is up to a position."""

    timeline: Timeline
    upto: int


class Remembered:
    """Timelines by entity and stream. Lent to one group at a time: who takes one has it alone.

    A group that fails gives nothing back, and so leaves nothing that was not stored.
    """

    def __init__(self, facts_max: int = FACTS_MAX) -> None:
        self._facts_max = facts_max
        self._facts = 0
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._standings: dict[str, Standing] = {}
        self._doubted: set[str] = set()
        self._lock = Lock()

    def take(self, entity: str, streams: Iterable[str]) -> dict[str, Timeline]:
        """Those that are kept."""
        with self._lock:
            return self._take(entity, streams)

    def recall(
        self, entity: str, streams: Iterable[str]
    ) -> tuple[Standing, dict[str, Timeline]] | None:
        """Those that are kept, as they are where the log stood; none if one may be longer by now.

        Whether the log stands there still is for the database to say.
        """
        with self._lock:
            standing = self._standings.get(entity)
            if standing is None or entity in self._doubted:
                return None
            kept = [self._kept.get((entity, stream)) for stream in streams]
            if any(one is not None and one.upto < standing.since for one in kept):
                return None
            return standing, self._take(entity, streams)

    def doubt(self, entity: str) -> None:
        """What was recalled was not enough: it is read again, until something was stored."""
        with self._lock:
            self._doubted.add(entity)

    def stand(self, entity: str, was: Head, now: Head, types: RowTypes) -> None:
        """A group that found the head at one place leaves it at another."""
        with self._lock:
            last = self._standings.get(entity)
            alone = last is not None and last.head.position == was.position
            since = last.since if last is not None and alone else was.position
            self._standings[entity] = Standing(now, types, since)
            if now.position > was.position:
                self._doubted.discard(entity)

    def keep(self, entity: str, timelines: Mapping[str, Timeline], upto: int) -> None:
        """As they stand after a commit, or were read: with all facts up to a position."""
        with self._lock:
            for stream, timeline in timelines.items():
                if (other := self._kept.pop((entity, stream), None)) is not None:
                    self._facts -= _weight(other.timeline)
                self._kept[entity, stream] = _Kept(timeline, upto)
                self._facts += _weight(timeline)
            while self._facts > self._facts_max:
                _, oldest = self._kept.popitem(last=False)
                self._facts -= _weight(oldest.timeline)

    def _take(self, entity: str, streams: Iterable[str]) -> dict[str, Timeline]:
        found = {}
        for stream in streams:
            kept = self._kept.pop((entity, stream), None)
            if kept is not None:
                self._facts -= _weight(kept.timeline)
                found[stream] = kept.timeline
        return found


def _weight(timeline: Timeline) -> int:
    """Its facts, and one for itself: a stream that has none yet is kept too."""
    return timeline.version + 1
