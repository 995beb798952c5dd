"""Processes that read and settle units for a poster, which alone numbers and writes.

Each has a session like the poster's and one chunk at a time; answers are taken in the order they
were asked for, so the journal is the same as without them. They are started by the first large run
and end with the poster. If one dies, the poster goes on by itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Self

import msgspec

from projections import settling
from projections.settling import Chunk, Marked, Task
from store.alike import Session, connect_like, session_of
from store.db import Connection

LOG = logging.getLogger("tieout.crew")

# Starting a process costs as much as measuring some hundred units, or cutting so many times more.
MEASURED_WORTH_SHARING = 1_000
CUT_AS_MEASURED = 10
_SPAWN = multiprocessing.get_context("spawn")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Chunk)


def cores() -> int:
    """How many processes can run at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Crew:
    """So many helpers, none until they are asked. Close it, or use it in a `with`."""

    def __init__(
        self, connection: Connection, count: int, worth_sharing: int = MEASURED_WORTH_SHARING
    ) -> None:
        self.count = count
        self.worth_sharing = worth_sharing
        self._connection = connection
        self._helpers: list[tuple[BaseProcess, Pipe]] = []
        self._idle: deque[Pipe] = deque()
        self._asked: deque[Pipe] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for process, pipe in self._helpers:
            pipe.close()
            process.terminate()
        for process, _ in self._helpers:
            process.join()
        self._helpers, self._idle, self._asked = [], deque(), deque()

    def is_worth(self, listed: Sequence[Marked]) -> bool:
        """Whether a run over these units is large enough to be shared."""
        measured = sum(fresh for _, fresh in listed)
        return measured + (len(listed) - measured) // CUT_AS_MEASURED > self.worth_sharing

    @property
    def is_free(self) -> bool:
        """Whether a helper waits to be asked."""
        return bool(self._idle) or len(self._helpers) < self.count

    def ask(self, task: Task, marked: Sequence[Marked]) -> None:
        """Let a free helper settle these units."""
        pipe = self._idle.popleft() if self._idle else self._start()
        pipe.send((task, list(marked)))
        self._asked.append(pipe)

    def answer(self) -> Chunk:
        """What the helper asked longest ago made; OSError or EOFError if it is no more."""
        pipe = self._asked.popleft()
        chunk = _decoder.decode(pipe.recv_bytes())
        self._idle.append(pipe)
        return chunk

    def forget(self) -> None:
        """Nobody wants what is still being settled: the run was gone on with elsewhere."""
        while self._asked:
            self.answer()

    def _start(self) -> Pipe:
        ours, theirs = _SPAWN.Pipe()
        arguments = (theirs, session_of(self._connection))
        process = _SPAWN.Process(target=_help, args=arguments, name="tieout helper", daemon=True)
        process.start()
        theirs.close()
        self._helpers.append((process, ours))
        return ours


def _help(pipe: Pipe, session: Session) -> None:
    """Settle what is asked for until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with connect_like(session) as connection:
        while True:
            try:
                task, marked = pipe.recv()
            except EOFError:
                return
            chunk = settling.settled(settling.read(connection, task, marked))
            pipe.send_bytes(_encoder.encode(chunk))
