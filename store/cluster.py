"""One PostgreSQL cluster: made whole or not at all, run as our child, never left without an owner.

Only the holder of the home's lock may call anything here.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from store.binaries import Account, Programs, server_environment
from store.failure import StoreError
from store.home import Place, make_private

STOP_SECONDS = 60.0
LOG_BYTES_MAX = 10_000_000

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket; said, so that PGPORT changes nothing
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "jit": "off",  # statements are short; compiling one costs more than running it
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# An eighth of the memory we may use: the indexes a log writes to stay in it, and the rest of the
# machine stays others'. PostgreSQL takes pages only as it fills them.
BUFFERS_SHARE = 8
BUFFERS_MIB = range(128, 1_024 + 1)
MIB = 1024 * 1024
LIMIT_OF_THE_GROUP = Path("/sys/fs/cgroup/memory.max")

# The watcher stops the server when the pipe ends, which it does however the owner ends. It is
# nobody's child, so PostgreSQL never sees it; `$$` is the server's pid after exec. A line on the
# pipe says that the server is gone already, and that its pid may by now be another's.
LAUNCH = """
exec 3<&0 </dev/null
( { read -r _ || kill -INT $$; } <&3 3<&- >/dev/null 2>&1 & )
exec "$@" 3<&-
"""

# Which PostgreSQL processes work in a folder. Their own account may always look, root not always.
WORKING_IN = """
for process in /proc/[0-9]*; do
    [ "$process/cwd" -ef "$1" ] && read -r name <"$process/comm" && [ "$name" = postgres ] &&
        echo "${process#/proc/}"
done 2>/dev/null
true
"""


class Running(NamedTuple):
    """The server process, and the end of the pipe that keeps it alive."""

    process: subprocess.Popen[bytes]
    pipe: int


def make_cluster(place: Place, programs: Programs, account: Account) -> None:
    """A cluster gets its name only when it is whole; a half-made one is made again."""
    if not place.data.exists():
        half = place.home / "pgdata.tmp"
        shutil.rmtree(half, ignore_errors=True)
        make_private(half, account)
        _initdb(half, programs, account)
        half.rename(place.data)
        _sync_folder(place.home)
    _require_same_major(place.data, programs)


def end_leftovers(place: Place, account: Account) -> None:
    """End what a dead owner left running, then clear its pid file.

    We hold the lock, so no such process has an owner. Once none works in the cluster the pid file
    guards nothing, and after a container's restart its pid is often another process's: PostgreSQL
    would refuse to start.
    """
    if not Path("/proc/self").exists():
        return  # elsewhere PostgreSQL's own check of the pid file has to do
    deadline = time.monotonic() + STOP_SECONDS
    asked: set[int] = set()
    while working := _working_in(place.data, account):
        server = _recorded_pid(place.data)
        if server in working and server not in asked:
            os.kill(server, signal.SIGINT)
            asked.add(server)
        if time.monotonic() > deadline:
            raise StoreError("server-left-running", f"processes {working} still use {place.data}")
        time.sleep(0.05)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    (place.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def memory() -> int:
    """Bytes this process may use: the machine's, or fewer if its control group says so."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        return min(machine, int(LIMIT_OF_THE_GROUP.read_text()))
    return machine


def buffers_mib(memory: int) -> int:
    """What the server keeps of its tables in memory, in MiB."""
    share = memory // BUFFERS_SHARE // MIB
    return min(max(share, BUFFERS_MIB[0]), BUFFERS_MIB[-1])


def launch(place: Place, programs: Programs, account: Account) -> Running:
    wanted = SETTINGS | {"shared_buffers": f"{buffers_mib(memory())}MB"}
    settings = [part for name, value in wanted.items() for part in ("-c", f"{name}={value}")]
    command = [f"{programs.folder}/postgres", "-D", f"{place.data}", "-k", f"{place.sockets}"]
    reading, writing = os.pipe()
    try:
        with os.fdopen(reading) as watched, _log(place.log, account) as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", LAUNCH, "sh", *command, *settings],
                cwd="/",
                env=server_environment(),
                stdin=watched,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C at the terminal is for us; we stop the server
                **account.run_as,
            )
    except OSError:
        os.close(writing)
        raise
    return Running(process, writing)


def shut_down(running: Running) -> None:
    """Fast; after a minute at once, which costs the next start a recovery but no committed row."""
    running.process.send_signal(signal.SIGINT)
    try:
        running.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.send_signal(signal.SIGQUIT)
        running.process.wait()
    with contextlib.suppress(BrokenPipeError):
        os.write(running.pipe, b"gone\n")
    os.close(running.pipe)


def _initdb(data: Path, programs: Programs, account: Account) -> None:
    who = ["--pgdata", f"{data}", "--username", "tieout", "--auth", "trust"]
    what = ["--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions"]
    made = subprocess.run(
        [f"{programs.folder}/initdb", *who, *what],
        cwd="/",
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **account.run_as,
    )
    if made.returncode != 0:
        raise StoreError("init-failed", f"initdb could not make {data}: {made.stdout.strip()}")


def _require_same_major(data: Path, programs: Programs) -> None:
    version = data / "PG_VERSION"
    if not version.exists():
        raise StoreError("not-a-cluster", f"{data} is not a PostgreSQL cluster; move it away")
    made_by = version.read_text().strip()
    if made_by != str(programs.major):
        raise StoreError(
            "other-major",
            f"{data} was made by PostgreSQL {made_by}, and only that can open it; "
            f"{programs.folder} is {programs.major}. Set TIEOUT_PG_BIN to the programs of "
            f"PostgreSQL {made_by}, or TIEOUT_HOME to another folder and import an export",
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _working_in(data: Path, account: Account) -> list[int]:
    command = ["/bin/sh", "-c", WORKING_IN, "sh", f"{data}"]
    found = subprocess.run(
        command, cwd="/", check=True, stdout=subprocess.PIPE, text=True, **account.run_as
    )
    return [int(line) for line in found.stdout.split()]


def _recorded_pid(data: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return int((data / "postmaster.pid").read_text().partition("\n")[0])
    return None


@contextlib.contextmanager
def _log(path: Path, account: Account) -> Iterator[int]:
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".log.old"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.fchown(descriptor, account.uid, account.gid)
        yield descriptor
    finally:
        os.close(descriptor)
