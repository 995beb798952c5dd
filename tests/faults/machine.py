"""A private PostgreSQL to be hurt, with a fresh ledger in a database of its own for each story."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Literal, assert_never

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from store import db, embedded

Blow = Literal["none", "postmaster", "immediate", "backend", "helper"]
# How the server is hurt: by itself it comes back only from the last two.
BLOWS: tuple[Blow, ...] = ("postmaster", "immediate", "backend", "helper")
ANSWERS_WITHIN_SECONDS = 60.0
MEMORY = Path("/dev/shm")
TEMPLATE = "tieout_faults"


class Machine:
    """The server, its pid, and what can be done to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = embedded.start(home)
        self.starts = 1
        self._databases = 0
        self._make_template()

    def _make_template(self) -> None:
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        with db.connect(self.dsn(TEMPLATE)) as connection:
            db.migrate(connection)

    def dsn(self, database: str) -> str:
        return make_conninfo(self.server.dsn, dbname=database)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty ledger, gone afterwards."""
        self._databases += 1
        name = f"story_{self._databases}"
        names = {"name": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
        make = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(make.format(**names))
        yield self.dsn(name)
        drop = sql.SQL("DROP DATABASE {name} WITH (FORCE)")
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(drop.format(**names))

    def hit(self, blow: Blow, random: Random) -> None:
        """Hurt it, and bring it back as whoever runs the service would: by a start."""
        postmaster = self._postmaster()
        match blow:
            case "postmaster":
                os.kill(postmaster, signal.SIGKILL)
                self.start_again()
            case "immediate":
                os.kill(postmaster, signal.SIGQUIT)
                self.start_again()
            case "backend" | "helper":
                clients, helpers = _children(postmaster)
                victims = (clients if blow == "backend" else []) or helpers
                with suppress(ProcessLookupError):
                    os.kill(random.choice(victims), signal.SIGKILL)
            case "none":
                return
            case _:
                assert_never(blow)
        assert self.comes_back(), "the server stays away"

    def start_again(self) -> None:
        self.server.stop()
        self.server = embedded.start(self.home)
        self.starts += 1

    def stop(self) -> None:
        self.server.stop()

    def _postmaster(self) -> int:
        return int((self.home / "pgdata/postmaster.pid").read_text().partition("\n")[0])

    def answers(self) -> bool:
        try:
            psycopg.connect(self.server.dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def comes_back(self, seconds: float = ANSWERS_WITHIN_SECONDS) -> bool:
        """By itself: it recovers from a crash of one of its processes, unless it cannot write."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def _children(postmaster: int) -> tuple[list[int], list[int]]:
    """Its processes that serve a client of a story, and those that write for all."""
    clients, helpers = [], []
    for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        with suppress(FileNotFoundError):
            title = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            if "story_" in title:
                clients.append(int(pid))
            if "writer" in title or "checkpointer" in title:
                helpers.append(int(pid))
    return sorted(clients), sorted(helpers)


@contextmanager
def machine(folder: Path | None = None) -> Iterator[Machine]:
    """In memory where there is some: a killed process takes nothing with it that was written."""
    place = folder or (MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None)
    home = Path(tempfile.mkdtemp(prefix="tieout-faults-", dir=place))
    home.chmod(0o755)
    hurt = Machine(home)
    try:
        yield hurt
    finally:
        hurt.stop()
        shutil.rmtree(home)
