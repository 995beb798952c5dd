"""Brings poster and views to the heads while the service runs, and wakes up for new facts."""

import logging
from threading import Event, Thread
from time import monotonic

import psycopg

from replay.ledger import Ledger

LOG = logging.getLogger("tieout.follower")

POLL_SECONDS = 0.05


class Follower:
    """One thread that polls the heads: nobody has to tell it, also not another process.

    With `run_every` seconds it also posts news by itself, at most that often.
    """

    def __init__(self, ledger: Ledger, run_every: float | None = None) -> None:
        self._ledger = ledger
        self._run_every = run_every
        self._ran_at = monotonic()
        self._stop = Event()
        self._thread = Thread(target=self._follow, name="follow", daemon=True)
        self._seen: dict[str, int] = {}
        self._news: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self._pass_what_is_new()
                self._post_news()
            except psycopg.Error as outage:
                # Nothing is lost: the checkpoints say where to go on.
                LOG.warning("the views wait for the database: %s", outage)

    def _pass_what_is_new(self) -> None:
        for entity, position in sorted(self._ledger.heads().items()):
            if position > self._seen.get(entity, 0):
                self._ledger.catch_up(entity)
                self._seen[entity] = position
                self._news.add(entity)

    def _post_news(self) -> None:
        """Late facts reach the books without anybody asking, as far as the last run went."""
        if self._run_every is None or monotonic() - self._ran_at < self._run_every:
            return
        for entity in sorted(self._news):
            self._ledger.post_news(entity)
            self._news.discard(entity)
        self._ran_at = monotonic()
