"""Streams that committers decided on, kept so that only what came since need be read.

A log is only ever added to, so what was read of a stream stays true whoever else appends; what is
kept needs no invalidation, only the facts of later versions. Bounded by facts, oldest use first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock

from store.timeline import Timeline

# Of all entities together; about a kilobyte each.
FACTS_MAX = 50_000


class Remembered:
    """Timelines by entity and stream. Lent to one group at a time: who takes one has it alone.

    A group that fails gives nothing back, and so leaves nothing that was not stored.
    """

    def __init__(self, facts_max: int = FACTS_MAX) -> None:
        self._facts_max = facts_max
        self._facts = 0
        self._kept: OrderedDict[tuple[str, str], Timeline] = OrderedDict()
        self._lock = Lock()

    def take(self, entity: str, streams: Iterable[str]) -> dict[str, Timeline]:
        """Those that are kept."""
        found = {}
        with self._lock:
            for stream in streams:
                timeline = self._kept.pop((entity, stream), None)
                if timeline is not None:
                    self._facts -= _weight(timeline)
                    found[stream] = timeline
        return found

    def keep(self, entity: str, timelines: Mapping[str, Timeline]) -> None:
        """As they stand after a commit."""
        with self._lock:
            for stream, timeline in timelines.items():
                if (other := self._kept.pop((entity, stream), None)) is not None:
                    self._facts -= _weight(other)
                self._kept[entity, stream] = timeline
                self._facts += _weight(timeline)
            while self._facts > self._facts_max:
                _, oldest = self._kept.popitem(last=False)
                self._facts -= _weight(oldest)


def _weight(timeline: Timeline) -> int:
    """Its facts, and one for itself: a stream that has none yet is kept too."""
    return timeline.version + 1
