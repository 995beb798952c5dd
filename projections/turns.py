"""The chunks of a run in the order of their units, settled by whoever is free.

The poster settles as long as there is not a helper at work for each core; then it only writes.
Whoever settled them, chunks are handed over in the order they were taken in.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from msgspec import Struct, field

from projections import listing, settling
from projections.crew import GONE, Crew
from projections.listing import Listing
from projections.settling import Chunk, Marked, Task, Work
from store.db import Connection

LOG = logging.getLogger("tieout.poster")
# Chunks taken for each process that settles: the one it has, the one after, and one that is done.
TAKEN_FOR_EACH = 3
# While a chunk is stored helpers are looked after this often.
ATTENDED_SECONDS = 0.002


class Part(Struct, kw_only=True):
    """Units of one chunk: waiting, taken by somebody, or settled."""

    marked: list[Marked]
    is_taken: bool = False
    work: Work | None = None
    chunk: Chunk | None = None


class Turns(Struct, kw_only=True):
    """A run under way: units not taken yet, and parts of it begun.

    `crew`: who settles beside the poster; `asked` are the parts it has, in the order it was asked.
    """

    connection: Connection
    task: Task
    listing: Listing
    limit: int
    crew: Crew | None = None
    parts: deque[Part] = field(default_factory=deque)
    asked: deque[Part] = field(default_factory=deque)

    @property
    def is_over(self) -> bool:
        return not self.parts

    def stock(self) -> None:
        """Take the units of the next chunks, for everybody who settles."""
        together = 1 + (self.crew.wanted if self.crew else 0)
        while len(self.parts) < TAKEN_FOR_EACH * together and (
            marked := listing.take(self.connection, self.listing, self.limit)
        ):
            self.parts.append(Part(marked=marked))

    def next(self) -> Chunk:
        """The chunk whose turn it is; one of no units if the run has none."""
        if not self.parts:
            return Chunk(units=())
        first = self.parts[0]
        while (chunk := first.chunk) is None:
            self._bring_nearer(first)
        self.parts.popleft()
        self.stock()
        return chunk

    @property
    def _settles_here(self) -> bool:
        return self.crew is None or not self.crew.is_whole

    def _bring_nearer(self, first: Part) -> None:
        """Nobody waits for a helper while there is something to settle here."""
        if first.is_taken or not self._settles_here:
            self._attend()
        if first.chunk is None and not (self._settles_here and self._settle_one()):
            self._wait()

    def meanwhile(self, store: Callable[[], bool]) -> bool:
        """While the database takes in a chunk, others are settled, here or by helpers."""
        self._attend()
        part = self._waiting() if self._settles_here else None
        if part is None and self.crew is None:
            return store()
        if part is not None:
            self._read(part)
        with ThreadPoolExecutor(1, "copy") as writer:
            stored = writer.submit(self._stored, store)
            if part is not None:
                self._settle(part)
            self._attend_until(stored)
            return stored.result()

    def _stored(self, store: Callable[[], bool]) -> bool:
        """And what the poster settles next is read then, so that it need not wait for that."""
        done = store()
        part = self._waiting()
        if done and part is not None and self.crew is None:
            part.work = settling.read(self.connection, self.task, part.marked)
        return done

    def _waiting(self) -> Part | None:
        return next((part for part in self.parts if not part.is_taken), None)

    def _settle_one(self) -> bool:
        """Settle the first part that waits; whether there was one."""
        part = self._waiting()
        if part is None:
            return False
        self._read(part)
        self._settle(part)
        return True

    def _read(self, part: Part) -> None:
        part.is_taken = True
        part.work = part.work or settling.read(self.connection, self.task, part.marked)

    def _settle(self, part: Part) -> None:
        assert part.work is not None, part
        part.chunk = settling.settled(part.work, self._attend)
        part.work = None

    # --- helpers ---------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Take what helpers made, and give those who are free what waits."""
        crew = self.crew
        if crew is None:
            return
        with self._unless_gone(crew):
            while crew.has_answered:
                self._take_answer(crew)
            while crew.is_free and (part := self._waiting()):
                crew.ask(self.task, part.marked)
                part.is_taken = True
                self.asked.append(part)

    def _attend_until(self, stored: Future[bool]) -> None:
        while self.crew is not None and wait([stored], ATTENDED_SECONDS).not_done:
            self._attend()

    def _wait(self) -> None:
        """For the helper that was asked longest ago."""
        if self.crew is not None:
            with self._unless_gone(self.crew):
                self._take_answer(self.crew)

    def _take_answer(self, crew: Crew) -> None:
        chunk = crew.answer()
        self.asked.popleft().chunk = chunk

    @contextmanager
    def _unless_gone(self, crew: Crew) -> Iterator[None]:
        """A helper that died takes no part of the run with it: the poster settles by itself."""
        try:
            yield
        except GONE as gone:
            LOG.warning("a helper is gone (%r); the poster settles by itself", gone)
            crew.close()
            self.crew = None
            for part in self.asked:
                part.is_taken = False
            self.asked.clear()
