"""A home is the folder of one private server: its paths, its lock, and who may enter.

It holds `lock`, `pgdata`, `run` (the socket), `server.log` and at times a copy of the programs. We
open no folder that we did not make: where the server's account cannot enter, we say which it is.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import make_conninfo

from store.binaries import Account
from store.failure import StoreError

SOCKET_PATH_BYTES_MAX = 100  # the kernel allows 107
TYPE_AND_FOREIGN_BITS = 0o170077
PRIVATE_FOLDER = 0o040000


class Place(NamedTuple):
    """The paths of one home."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "pgdata"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def sockets(self) -> Path:
        """In the home, unless the kernel could not take so long a path."""
        inside = self.home / "run"
        if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES_MAX:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(f"/tmp/tieout-{digest}")  # noqa: S108 (seen to be ours before every use)

    def dsn(self, database: str) -> str:
        return make_conninfo(host=str(self.sockets), port=5432, user="tieout", dbname=database)


def default_home() -> Path:
    """TIEOUT_HOME, else where such data belong: of the machine for root, else of the user."""
    if named := os.environ.get("TIEOUT_HOME"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/tieout")
    if shared := os.environ.get("XDG_DATA_HOME"):
        return Path(shared) / "tieout"
    return Path("~/.local/share/tieout").expanduser()


def make_home(home: Path) -> None:
    """Root's home can be entered by the server's account; a user's is only the user's."""
    try:
        if not home.exists():
            home.mkdir(parents=True, exist_ok=True)
            home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    except OSError as problem:
        raise _not_usable(home, problem) from None


def try_lock(path: Path) -> int | None:
    """The descriptor that holds the lock, or None while another has it. The kernel frees it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise _not_usable(path.parent, problem) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def require_reachable(home: Path, account: Account) -> None:
    """A root that dropped to another account must still get to the data."""
    if os.geteuid() != 0:
        return
    for folder in (home, *home.parents):
        status = folder.stat()
        if status.st_uid != account.uid and not status.st_mode & 0o001:
            raise StoreError(
                "home-not-reachable",
                f"as root the server runs under uid {account.uid}, which cannot enter {folder}; "
                "set TIEOUT_HOME to a folder that others may enter, such as /var/lib/tieout",
            )


def make_private(folder: Path, account: Account) -> None:
    """A folder for the server's account alone."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    if not is_private(folder, account):
        raise StoreError("folder-not-private", f"{folder} must belong to uid {account.uid} alone")


def is_private(folder: Path, account: Account) -> bool:
    """Asked before every use: in /tmp another user may have made it first, to listen for us."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return status.st_uid == account.uid and status.st_mode & TYPE_AND_FOREIGN_BITS == PRIVATE_FOLDER


def _not_usable(home: Path, problem: OSError) -> StoreError:
    return StoreError(
        "home-not-usable", f"cannot use {home} as the home: {problem.strerror}; set TIEOUT_HOME"
    )
