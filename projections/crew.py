"""Processes that read and settle units beside a poster, which alone numbers and writes.

Each has a session like the poster's and one chunk at a time; answers are taken in the order they
were asked for, so the journal is the same as without them. They are started by the first large run
and stay for the next one, since starting takes as long as settling some hundred units; those
that nobody asks any more end. If one dies, the poster goes on by itself.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from threading import Lock
from typing import Self

import msgspec
from psycopg.pq import TransactionStatus

from projections import settling
from projections.settling import Chunk, Marked, Task
from store.alike import Session, connect_like, session_of
from store.db import Connection
from store.unpaused import seldom, unpaused

# What a run is worth is counted in units measured; so many that are only cut count as one.
CUT_AS_MEASURED = 10
# Smaller runs are over before a helper has told what it made.
WORTH_ASKING = 250
# Starting a helper takes as long as measuring so many.
WORTH_STARTING = 750
# A helper that nobody asks for so long gives back its memory and its session.
IDLE_SECONDS = 300.0
# Not by multiprocessing: that runs the caller's main module again, whatever it does.
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; "
    "from projections import crew; crew.help_out({number}, {idle})"
)
# What asking a helper raises that is no more.
GONE = (EOFError, OSError)
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Chunk)


def cores() -> int:
    """How many processes can run at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Crew:
    """As many helpers as processes may settle at once, one for each core if not said; where one may
    it is the poster. None is started until it is worth it. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        processes: int | None = None,
        *,
        asking: int = WORTH_ASKING,
        starting: int = WORTH_STARTING,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.processes = cores() if processes is None else processes
        self.wanted = 0
        self._worth_asking, self._worth_starting = asking, starting
        self._idle_seconds = idle_seconds
        self._lent = Lock()
        self._session: Session | None = None
        self._helpers: list[tuple[subprocess.Popen[bytes], Pipe]] = []
        self._starting: set[Pipe] = set()
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
        self._helpers, self._starting = [], set()
        self._idle, self._asked = deque(), deque()

    @contextmanager
    def lent(self, connection: Connection) -> Iterator[Self | None]:
        """For runs of one poster at a time. None while another has it, and within a transaction of
        others: helpers would not see what that wrote.
        """
        inside = connection.info.transaction_status != TransactionStatus.IDLE
        if inside or self.processes < 2 or not self._lent.acquire(blocking=False):  # noqa: PLR2004
            yield None
            return
        try:
            yield self
        finally:
            self._lent.release()

    def begin(self, connection: Connection, listed: Sequence[Marked]) -> bool:
        """Whether a new run over these units is worth sharing.

        Whose session helpers have is asked now, while nothing else uses it. What they still settle
        of another run is not wanted any more: that was gone on with elsewhere.
        """
        measured = sum(fresh for _, fresh in listed)
        worth = measured + (len(listed) - measured) // CUT_AS_MEASURED
        if worth < self._worth_asking:
            return False
        self._renew(session_of(connection))
        self.wanted = max(len(self._helpers), min(worth // self._worth_starting, self.processes))
        return self.wanted > 0

    def _renew(self, session: Session) -> None:
        """Those who are of no use any more are let go."""
        gone = any(helper.poll() is not None for helper, _ in self._helpers)
        if gone or session != self._session:
            self.close()
        self._session = session
        try:
            while self._asked:
                self.answer()
        except GONE:
            self.close()

    @property
    def is_whole(self) -> bool:
        """Whether there is a helper at work for each process that may settle."""
        return len(self._helpers) - len(self._starting) >= self.processes

    @property
    def is_free(self) -> bool:
        """Whether a helper waits to be asked."""
        return bool(self._idle) or len(self._helpers) < self.wanted

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
        self._starting.discard(pipe)
        self._idle.append(pipe)
        return chunk

    def _start(self) -> Pipe:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            program = _PROGRAM.format(path=sys.path, number=number, idle=self._idle_seconds)
            process = subprocess.Popen([sys.executable, "-c", program], pass_fds=[number])
        pipe = Pipe(ours.detach())
        pipe.send(self._session)
        self._helpers.append((process, pipe))
        self._starting.add(pipe)
        return pipe


def help_out(number: int, idle_seconds: float) -> None:
    """Settle what is asked for over this descriptor, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    seldom()
    pipe = Pipe(number)
    try:
        with connect_like(pipe.recv()) as connection:
            while pipe.poll(idle_seconds):
                task, marked = pipe.recv()
                with unpaused():
                    chunk = _encoder.encode(
                        settling.settled(settling.read(connection, task, marked))
                    )
                pipe.send_bytes(chunk)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        """The poster has what it wanted, or is no more."""
