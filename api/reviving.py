"""Keeps a private PostgreSQL up while a service runs: one that was killed is started again.

Requests that come meanwhile are told of an outage, and go through when they are sent again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from store.embedded import Server
from store.failure import StoreError

LOG = logging.getLogger("tieout.server")

LOOK_EVERY_SECONDS = 0.5


@contextmanager
def revived(server: Server) -> Iterator[None]:
    """Within the block; a server that others run is theirs to keep."""
    stop = Event()
    thread = Thread(target=_look, args=(server, stop), name="revive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _look(server: Server, stop: Event) -> None:
    while not stop.wait(LOOK_EVERY_SECONDS):
        try:
            if server.revive():
                LOG.warning("the private PostgreSQL had ended and was started again")
        except StoreError as problem:
            LOG.warning("the private PostgreSQL cannot be started yet: %s", problem)
