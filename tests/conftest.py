"""One server for each process, one fresh database for each test that asks.

TIEOUT_TEST_DATABASE_URL runs the suite against another server, such as Debian's PostgreSQL 15. Its
role must be allowed to create databases.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from projections import generations
from store import cluster, db, embedded
from store.unpaused import seldom

pytest_plugins = ("tests.laws.report",)

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 4 * 2**30

# No test asserts time, and a busy machine draws slowly. Shrinking helps a person; a run that only
# has to fail fast does without.
QUICK = {"phases": [Phase.generate]} if os.environ.get("TIEOUT_LAW_QUICK") else {}
settings.register_profile(
    "tieout", deadline=None, suppress_health_check=[HealthCheck.too_slow], **QUICK
)
settings.load_profile("tieout")

# What all tests hold between them is much, and hardly any of it is in cycles.
seldom()

# The files that take longest, begun first: no core waits for the last of them.
LONGEST = (
    "tests/faults/test_faults.py",
    "tests/cases/test_cases.py",
    "tests/laws/test_laws.py",
    "tests/cases/test_billing_cases.py",
    "tests/laws/test_laws_on_postgres.py",
    "tests/laws/test_contracts.py",
    "tests/replay/test_demo.py",
    "tests/bench/test_bench.py",
    "tests/laws/test_combined.py",
    "tests/laws/test_on_postgresql.py",
    "tests/laws/test_lives.py",
    "tests/test_docs.py",
    "tests/pages/test_stories.py",
    "tests/laws/test_elections.py",
    "tests/replay/test_generations.py",
    "tests/asks/test_lifecycle.py",
)

_numbers = itertools.count(1)

# Takes who fills the database at an address; gives the name of the template, and what it returned.
Founded: TypeAlias = Callable[[Callable[[str], Any]], tuple[str, Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {path: place for place, path in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


def _fastest_folder() -> Path | None:
    """Memory where there is plenty: a test dies with its process, not with the power.

    A copy of the template is some 400 files, 10 ms there and up to 300 ms on a slow disk.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK):
        return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None
    return None


@contextmanager
def _temporary(server: embedded.Server, suffix: str, template: str = "template0") -> Iterator[str]:
    """A database that is gone afterwards, whoever is still connected to it."""
    name = f"tieout_test_{os.getpid()}_{suffix}"
    with psycopg.connect(server.dsn, autocommit=True) as administrator:
        words = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        # Files are copied faster than pages are logged, unless a disk has to be asked for each.
        how = "file_copy" if _fastest_folder() else "wal_log"
        words["how"] = sql.Identifier(how)
        create = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY {how}")
        drop = sql.SQL("DROP DATABASE {name} WITH (FORCE)")
        administrator.execute(create.format(**words))
        try:
            yield name
        finally:
            administrator.execute(drop.format(**words))


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A short temporary folder. Pytest's own are closed to the account that root drops to."""
    folder = Path(tempfile.mkdtemp(prefix="tieout-test-", dir=_fastest_folder()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    with _open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """With few buffers, as tests have few rows: who drops a database looks through all of them."""
    if outside := os.environ.get("TIEOUT_TEST_DATABASE_URL"):
        yield db.open_database(outside)
        return
    with _open_folder() as folder:
        with pytest.MonkeyPatch.context() as small:
            small.setattr(cluster, "memory", lambda: 0)
            started = embedded.start(folder)
        with started:
            yield started


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> Iterator[str]:
    """A migrated database to copy, with the tables of views that a ledger makes when it is first
    opened; nobody stays connected to it, or it could not be copied.
    """
    with _temporary(server, "template") as name:
        with db.connect(make_conninfo(server.dsn, dbname=name)) as connection:
            db.migrate(connection)
            generations.live(connection)
        yield name


@pytest.fixture(scope="session")
def founded(server: embedded.Server, template: str) -> Iterator[Founded]:
    """A template that somebody filled, and what came of filling it; made once by each filler."""
    made: dict[Callable[[str], Any], tuple[str, Any]] = {}
    with ExitStack() as stack:

        def of(fill: Callable[[str], Any]) -> tuple[str, Any]:
            if fill not in made:
                again = _temporary(server, f"filled_{len(made)}", template)
                name = stack.enter_context(again)
                made[fill] = name, fill(make_conninfo(server.dsn, dbname=name))
            return made[fill]

        yield of


@pytest.fixture
def origin(template: str) -> str:
    """What the database of a test is a copy of; where all begin alike, one that is filled."""
    return template


@pytest.fixture
def database(server: embedded.Server, origin: str) -> Iterator[str]:
    """The address of a migrated database that only this test sees, empty but for its origin."""
    with _temporary(server, f"{next(_numbers)}", origin) as name:
        yield make_conninfo(server.dsn, dbname=name)


@pytest.fixture(scope="module")
def module_database(server: embedded.Server, template: str) -> Iterator[str]:
    """The same for the tests of one file together, where filling it takes long."""
    with _temporary(server, f"{next(_numbers)}", template) as name:
        yield make_conninfo(server.dsn, dbname=name)


@pytest.fixture
def connection(database: str) -> Iterator[db.Connection]:
    with db.connect(database) as opened:
        yield opened


@pytest.fixture
def empty_database(server: embedded.Server) -> Iterator[str]:
    """The address of a database without even the schema."""
    with _temporary(server, f"{next(_numbers)}") as name:
        yield make_conninfo(server.dsn, dbname=name)
