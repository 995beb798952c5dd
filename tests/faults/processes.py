"""Worker processes that act a script, are told where to fail, and say what they were answered.

A server process that has imported everything forks each of them, so that starting one costs
milliseconds and none inherits a connection.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from replay.ledger import Ledger
from store import failpoint
from tests.faults.acts import Answer, Clock, Kept, Places, patiently, perform
from tests.faults.plan import Script

POLL_SECONDS = 0.002
ENDS_WITHIN_SECONDS = 120.0

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.processes", "tests.faults.checks"])


class Worker:
    """A process at work on a script, and the answers it has passed on so far.

    `limits` are variables of its own, such as TIEOUT_LOCK_TIMEOUT.
    """

    def __init__(
        self,
        dsn: str,
        script: Script,
        places: Places,
        *,
        seed: int,
        armed: str | None = None,
        **limits: str,
    ) -> None:
        self.answers: list[Answer] = []
        self.outages: list[str] = []
        self._pipe, theirs = _forks.Pipe(duplex=False)
        self._process = _forks.Process(
            target=_act, args=(dsn, script, places, seed, armed, limits, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def was_killed(self) -> bool:
        return self._process.exitcode == -signal.SIGKILL

    def is_stopped(self) -> bool:
        """Frozen at its failpoint."""
        return _state(self.pid) == "T"

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def hear(self, seconds: float) -> bool:
        """Take what it says, waiting a little; False once it has ended."""
        try:
            if self._pipe.poll(seconds):
                self._take(self._pipe.recv())
        except (EOFError, ConnectionResetError):
            self._process.join()
            return False
        return True

    def wait(self, idle: Callable[[], None] = lambda: None) -> None:
        """Until it ends, hearing all it says; `idle` looks around meanwhile."""
        while self.hear(POLL_SECONDS):
            idle()
        self._pipe.close()
        assert self._process.exitcode in {0, -signal.SIGKILL}, self._process.exitcode

    def _take(self, said: Answer | str) -> None:
        if isinstance(said, Answer):
            self.answers.append(said)
        else:
            self.outages.append(said)


def _act(
    dsn: str,
    script: Script,
    places: Places,
    seed: int,
    armed: str | None,
    limits: dict[str, str],
    pipe: Pipe,
) -> None:
    """In the worker: each answer is passed on the moment it is there."""

    def outage(problem: BaseException) -> None:
        pipe.send(f"{type(problem).__name__}: {problem}".strip())

    os.environ.update(limits)
    kept: Kept | None = {} if seed % 2 else None
    with patiently(lambda: Ledger.open(dsn, Clock(seed)), outage) as ledger:
        failpoint.arm(armed)
        for step in script:
            answer = patiently(lambda step=step: perform(ledger, step, places, kept), outage)  # type: ignore[misc]
            if answer is not None:
                pipe.send(answer)
    pipe.close()


def _state(pid: int) -> str:
    """One letter, as the kernel says it; X for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
