"""Workers in processes of their own, kept at their number until they are told to stop."""

import logging
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from types import FrameType

from api.surroundings import tax_engines
from api.worker import Worker
from replay.ledger import Ledger
from store import leases
from store.request import Clock

LOG = logging.getLogger("tieout.worker")

# A process that dies at its start must not be started a thousand times a second.
RESTART_SECONDS = 1.0
# Spawned, not forked: a fork would share our connections and the lock of a private server.
_SPAWN = multiprocessing.get_context("spawn")


def work(
    dsn: str, clock: Clock, run_every: float | None, lease_seconds: float = leases.SECONDS
) -> None:
    """Work in this process until SIGTERM or SIGINT, or until whoever started it is gone."""
    stop = Event()

    def told(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    parent = multiprocessing.parent_process()
    with Ledger.open(dsn, clock, tax_engines()) as ledger:
        worker = Worker(ledger, stop, run_every=run_every, lease_seconds=lease_seconds)
        worker.work(lambda: parent is None or parent.is_alive())


class Processes:
    """So many workers; one that died is started again, since its lease runs out by itself."""

    def __init__(
        self,
        dsn: str,
        clock: Clock,
        count: int,
        run_every: float | None,
        lease_seconds: float = leases.SECONDS,
    ) -> None:
        self._arguments = (dsn, clock, run_every, lease_seconds)
        self._stop = Event()
        self._running = [self._start() for _ in range(count)]
        self._watch = Thread(target=self._keep_up, name="workers", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Each ends its transaction and gives back what it has."""
        self._stop.set()
        self._watch.join()
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.join()

    def _start(self) -> BaseProcess:
        process = _SPAWN.Process(target=work, args=self._arguments, name="tieout worker")
        process.start()
        return process

    def _keep_up(self) -> None:
        while not self._stop.wait(RESTART_SECONDS):
            for place, process in enumerate(self._running):
                if process.exitcode is not None:
                    LOG.warning("a worker ended with %s; another takes its place", process.exitcode)
                    self._running[place] = self._start()


@contextmanager
def running(dsn: str, clock: Clock, count: int, run_every: float | None) -> Iterator[None]:
    """So many workers beside what the block does; none if there are to be none."""
    workers = Processes(dsn, clock, count, run_every)
    try:
        yield
    finally:
        workers.stop()
