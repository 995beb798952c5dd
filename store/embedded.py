"""The private PostgreSQL: one process owns it, others attach, and it ends with its owner.

The first process to call `start` takes the lock of the home, runs the server as its own child and
owns it until it stops or dies; whoever comes later attaches. When the owner stops, the server shuts
down fast: open transactions are rolled back and attached clients lose their connections. A client
that then calls `start` again becomes the owner. A server that ends by itself is started again by
its owner's `revive`. An owner that is killed stops nothing itself, so a watcher holds the other end
of a pipe and stops the server when the owner's end is gone.

There is no password: the socket folder is open to the server's own account and to root alone.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import weakref
from pathlib import Path
from typing import NamedTuple, Self

import psycopg

from store.binaries import account_for, find_programs
from store.cluster import Running, end_leftovers, launch, make_cluster, shut_down
from store.failure import StoreError
from store.home import (
    Place,
    default_home,
    is_private,
    make_home,
    make_private,
    require_reachable,
    try_lock,
)
from store.named import queries

SQL = queries(__file__)

START_SECONDS = 600.0  # recovery of a full log takes minutes, and must not be cut short
ATTACH_SECONDS = 60.0


class Server:
    """A database to connect to. The owner's `stop` ends it for all, any other does nothing."""

    def __init__(self, dsn: str, owned: _Owned | None = None) -> None:
        self.dsn = dsn
        self._owned = owned
        self._lost: Path | None = None
        if owned:
            _owners.add(self)

    @property
    def is_owner(self) -> bool:
        return self._owned is not None

    def stop(self) -> None:
        owned, self._owned = self._owned, None
        if owned:
            owned.closing.close()

    def revive(self) -> bool:
        """Start our server again if it ended without us; its address stays. False: it had not."""
        if self._owned is not None and self._owned.process.poll() is not None:
            self._lost = self._owned.home
            self.stop()
        if self._lost is None:
            return False
        _, self._owned = _start(self._lost)
        self._lost = None
        return True

    def let_go(self) -> None:
        """For a forked child: kept open there, the lock and the pipe would outlive the owner."""
        owned, self._owned = self._owned, None
        if owned:
            owned.closing.pop_all()
            for descriptor in owned.descriptors:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(home: Path | None = None) -> Server:
    """The server of this home: started and owned by us, or that of another live process."""
    return Server(*_start((home or default_home()).absolute()))


def _start(home: Path) -> tuple[str, _Owned | None]:
    """Its address, and what its owner holds, if that is us."""
    place = Place(home)
    make_home(place.home)
    deadline = time.monotonic() + ATTACH_SECONDS
    while time.monotonic() < deadline:
        if (lock := try_lock(place.lock)) is not None:
            return place.dsn("tieout"), _own(place, lock)
        if _answers(place, "tieout"):
            return place.dsn("tieout"), None
        time.sleep(0.05)
    raise StoreError(
        "server-unreachable",
        f"process {place.lock.read_text().strip()} owns {place.home}, but its server does not "
        "answer; stop that process and try again",
    )


class _Owned(NamedTuple):
    """What only the owner holds: how to end it, and the descriptors that keep it."""

    home: Path
    process: subprocess.Popen[bytes]
    closing: contextlib.ExitStack
    descriptors: tuple[int, int]


_owners: weakref.WeakSet[Server] = weakref.WeakSet()


def _own(place: Place, lock: int) -> _Owned:
    with contextlib.ExitStack() as closing:
        closing.callback(os.close, lock)
        account = account_for(place.data)
        require_reachable(place.home, account)
        programs = find_programs(place.home, account)
        make_cluster(place, programs, account)
        end_leftovers(place, account)
        make_private(place.sockets, account)
        closing.callback(_remove_if_empty, place.sockets)
        running = launch(place, programs, account)
        closing.callback(shut_down, running)
        _wait_until_ready(place, running)
        _make_database(place)
        return _Owned(place.home, running.process, closing.pop_all(), (lock, running.pipe))


def _wait_until_ready(place: Place, running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(place, "postgres"):
        if running.process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(place.log.read_text(errors="replace").splitlines()[-5:])
            raise StoreError("server-failed", f"PostgreSQL did not start ({place.log}):\n{last}")
        time.sleep(0.02)


def _answers(place: Place, database: str) -> bool:
    if not is_private(place.sockets, account_for(place.data)):
        return False
    try:
        psycopg.connect(place.dsn(database)).close()
    except psycopg.OperationalError:
        return False
    return True


def _remove_if_empty(folder: Path) -> None:
    """The socket folder of a deep home is in /tmp, where nobody would look for it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _make_database(place: Place) -> None:
    with psycopg.connect(place.dsn("postgres"), autocommit=True) as connection:
        if connection.execute(SQL.database_exists).fetchone() == (False,):
            connection.execute(SQL.create_database)


def _let_go_after_fork() -> None:
    for server in list(_owners):
        server.let_go()


os.register_at_fork(after_in_child=_let_go_after_fork)
