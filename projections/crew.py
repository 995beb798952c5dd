"""Processes that read and settle units beside a poster, which alone numbers and writes.

Each has a session like the poster's and one chunk at a time; answers are taken in the order they
were asked for, so the journal is the same as without them. They are started by the first large run
and end with the poster. If one dies, the poster goes on by itself.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Self

import msgspec

from projections import settling
from projections.settling import Chunk, Marked, Task
from store.alike import Session, connect_like, session_of
from store.db import Connection
from store.unpaused import seldom

# Starting a process costs as much as measuring some hundred units, or cutting so many times more.
MEASURED_WORTH_SHARING = 500
CUT_AS_MEASURED = 10
# Not by multiprocessing: that runs the caller's main module again, whatever it does.
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from projections import crew; crew.help_out({number})"
)
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
        self._session: Session | None = None
        self._helpers: list[tuple[subprocess.Popen[bytes], Pipe]] = []
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
            process.wait()
        self._helpers, self._idle, self._asked = [], deque(), deque()

    def is_worth(self, listed: Sequence[Marked]) -> bool:
        """Whether a run over these units is large enough to be shared."""
        measured = sum(fresh for _, fresh in listed)
        return measured + (len(listed) - measured) // CUT_AS_MEASURED > self.worth_sharing

    @property
    def is_free(self) -> bool:
        """Whether a helper waits to be asked."""
        return bool(self._idle) or len(self._helpers) < self.count

    @property
    def has_answered(self) -> bool:
        """Whether the helper asked longest ago is done."""
        return bool(self._asked) and self._asked[0].poll()

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

    def begin(self) -> None:
        """A new run. Nobody wants what is still being settled of another: it was gone on with
        elsewhere. Whose session helpers have is asked now, while nothing else uses it.
        """
        while self._asked:
            self.answer()
        self._session = self._session or session_of(self._connection)

    def _start(self) -> Pipe:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            program = _PROGRAM.format(path=sys.path, number=number)
            process = subprocess.Popen([sys.executable, "-c", program], pass_fds=[number])
        pipe = Pipe(ours.detach())
        pipe.send(self._session)
        self._helpers.append((process, pipe))
        return pipe


def help_out(number: int) -> None:
    """Settle what is asked for over this descriptor, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    seldom()
    pipe = Pipe(number)
    try:
        with connect_like(pipe.recv()) as connection:
            while True:
                task, marked = pipe.recv()
                chunk = settling.settled(settling.read(connection, task, marked))
                pipe.send_bytes(_encoder.encode(chunk))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        """The poster has what it wanted, or is no more."""
