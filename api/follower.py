"""One worker within the service's own process, for a ledger that needs no more."""

from threading import Event, Thread

from api.worker import Worker
from replay.ledger import Ledger


class Follower:
    """A thread that works until it is stopped."""

    def __init__(self, ledger: Ledger, run_every: float | None = None) -> None:
        self._stop = Event()
        worker = Worker(ledger, self._stop, run_every=run_every)
        self._thread = Thread(target=worker.work, name="follow", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
