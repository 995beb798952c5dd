"""Streams that a committer decided on, kept so that only what came since need be read.

A log is only ever added to, so what was read of a stream stays true whoever else appends; what is
kept needs no invalidation, only the facts of later versions. Bounded by facts, oldest use first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock

from store.timeline import Timeline

FACTS_MAX = 10_000


class Remembered:
    """Timelines by stream, of one entity. Lent to one group at a time: who takes one has it alone.

    A group that fails gives nothing back, and so leaves nothing that was not stored.
    """

    def __init__(self, facts_max: int = FACTS_MAX) -> None:
        self._facts_max = facts_max
        self._facts = 0
        self._kept: OrderedDict[str, Timeline] = OrderedDict()
        self._lock = Lock()

    def take(self, streams: Iterable[str]) -> dict[str, Timeline]:
        """Those that are kept."""
        with self._lock:
            found = {stream: self._kept.pop(stream) for stream in streams if stream in self._kept}
            self._facts -= sum(timeline.version for timeline in found.values())
        return found

    def keep(self, timelines: Mapping[str, Timeline]) -> None:
        """As they stand after a commit."""
        with self._lock:
            for stream, timeline in timelines.items():
                if (other := self._kept.pop(stream, None)) is not None:
                    self._facts -= other.version
                self._kept[stream] = timeline
                self._facts += timeline.version
            while self._facts > self._facts_max:
                _, oldest = self._kept.popitem(last=False)
                self._facts -= oldest.version
