"""Connections, named queries and the schema's forward march."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from store import db
from store.failure import StoreError
from store.migrate import MIGRATIONS, migrate
from store.named import queries
from store.patience import patient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations that have nothing to do with tieout."""
    (tmp_path / "0001_first.sql").write_text(
        "CREATE TABLE first (n int);\n"
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;"
    )
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (n int);")
    return tmp_path


def run(dsn: str, folder: Path) -> tuple[str, ...]:
    with db.connect(dsn) as connection:
        return migrate(connection, folder)


def tables(dsn: str) -> set[str]:
    with db.connect(dsn) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row[0] for row in rows}


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as refused:
        action()
    return f"{refused.value.code}: {refused.value}"


def test_migrations_run_in_order_and_once(empty_database: str, folder: Path) -> None:
    assert run(empty_database, folder) == ("0001_first.sql", "0002_second.sql")
    assert run(empty_database, folder) == ()
    assert tables(empty_database) == {"schema_migration", "first", "second"}


def test_a_new_file_is_applied_to_an_old_database(empty_database: str, folder: Path) -> None:
    run(empty_database, folder)
    (folder / "0003_third.sql").write_text("CREATE TABLE third (n int);")

    assert run(empty_database, folder) == ("0003_third.sql",)


def test_an_edited_file_is_refused(empty_database: str, folder: Path) -> None:
    run(empty_database, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE first (n bigint);")

    assert refusal(lambda: run(empty_database, folder)) == (
        "edited-migration: 0001_first.sql was edited after it was applied; "
        "restore it and write a new migration"
    )


def test_a_database_that_a_newer_tieout_moved_on_is_refused(
    empty_database: str, folder: Path
) -> None:
    run(empty_database, folder)
    (folder / "0002_second.sql").unlink()

    assert refusal(lambda: run(empty_database, folder)).startswith(
        "unknown-migration: this database"
    )


def test_a_file_put_before_an_applied_one_is_refused(empty_database: str, folder: Path) -> None:
    (folder / "0003_third.sql").write_text("CREATE TABLE third (n int);")
    (folder / "0002_second.sql").rename(folder / "kept")
    run(empty_database, folder)
    (folder / "kept").rename(folder / "0002_second.sql")

    assert refusal(lambda: run(empty_database, folder)).startswith(
        "late-migration: 0002_second.sql"
    )
    assert "second" not in tables(empty_database)


def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(
    empty_database: str, folder: Path
) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE second (n int); SELECT 1 / 0;")

    assert refusal(lambda: run(empty_database, folder)).startswith(
        "migration-failed: 0002_second.sql"
    )
    assert tables(empty_database) == {"schema_migration", "first"}


@pytest.mark.parametrize("name", ["1_short.sql", "0003-dash.sql", "0002_again.sql"])
def test_a_bad_name_is_refused(empty_database: str, folder: Path, name: str) -> None:
    (folder / name).write_text("SELECT 1;")

    assert refusal(lambda: run(empty_database, folder)).startswith("bad-migration-name: ")


def test_concurrent_first_starts_apply_each_file_once(empty_database: str, folder: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: run(empty_database, folder), range(4)))

    assert sorted(map(len, applied)) == [0, 0, 0, 2]


def test_the_lock_is_free_after_a_refusal(empty_database: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("nonsense")
    with db.connect(empty_database) as connection:
        refusal(lambda: migrate(connection, folder))
        (folder / "0002_second.sql").write_text("SELECT 1;")

        assert run(empty_database, folder) == ("0002_second.sql",)


def test_our_own_migrations_are_applied_to_the_template(connection: db.Connection) -> None:
    names = [
        row[0] for row in connection.execute("SELECT name FROM schema_migration ORDER BY name")
    ]

    assert names == sorted(path.name for path in MIGRATIONS.glob("*.sql"))
    assert migrate(connection) == ()


def test_each_test_has_a_database_of_its_own(database: str, empty_database: str) -> None:
    assert database != empty_database
    assert tables(empty_database) == set()


def test_a_transaction_is_all_or_nothing(empty_database: str) -> None:
    with db.pool(empty_database) as pool:
        with db.transaction(pool) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        with pytest.raises(psycopg.errors.DivisionByZero), db.transaction(pool) as connection:
            connection.execute("INSERT INTO kept VALUES (1); SELECT 1 / 0")
        with pool.connection() as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_reading_leaves_no_transaction_open(empty_database: str) -> None:
    with db.connect(empty_database) as connection:
        connection.execute("SELECT 1")

        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_every_connection_tells_time_in_utc(empty_database: str) -> None:
    with db.pool(empty_database) as pool, pool.connection() as pooled:
        assert pooled.execute("SHOW timezone").fetchone() == ("UTC",)
    with db.connect(empty_database) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_a_named_database_wins_over_the_private_one(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_DATABASE_URL", empty_database)
    with db.open_database(home=tmp_path / "unused") as server:
        assert (server.dsn, server.is_owner) == (empty_database, False)
    assert not (tmp_path / "unused").exists()


def test_without_a_name_the_private_server_is_opened(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIEOUT_DATABASE_URL", raising=False)
    with db.open_database(home=open_folder / "home") as server:
        assert server.is_owner


def test_an_unsupported_server_is_refused_in_words(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "MAJORS", range(12, 14))

    assert refusal(lambda: db.open_database(empty_database)).startswith("unsupported-postgresql: ")


def test_an_unreachable_server_is_refused_without_its_password(tmp_path: Path) -> None:
    said = refusal(lambda: db.connect(f"postgresql://ada:secret@/books?host={tmp_path}"))

    assert said.startswith("database-unreachable: ")
    assert "secret" not in said


def test_queries_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "view.sql").write_text(
        "-- name: one\n-- Why.\nSELECT 1;\n\n-- name: two\n-- Why.\nSELECT 2 -- half\n  + 0;\n"
    )
    found = queries(tmp_path / "view.py")

    assert found.one == "SELECT 1"
    assert found.two == "SELECT 2 -- half\n  + 0"
    assert found.names() == ("one", "two")


def test_an_unknown_query_is_an_attribute_error_that_lists_the_known(tmp_path: Path) -> None:
    (tmp_path / "view.sql").write_text("-- name: one\nSELECT 1;")

    with pytest.raises(AttributeError, match="no query named two; there are: one"):
        _ = queries(tmp_path / "view.sql").two


def test_queries_cannot_be_set(tmp_path: Path) -> None:
    (tmp_path / "view.sql").write_text("-- name: one\nSELECT 1;")

    with pytest.raises(AttributeError, match="one cannot be set"):
        queries(tmp_path / "view.sql").one = "SELECT 2"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;", "two blocks named one"),
        ("SELECT 1;\n-- name: one\nSELECT 2;", "a statement before the first name"),
        ("-- name: one\n-- Only why.\n", "no statement under one"),
        ("-- name:\nSELECT 1;", "a block whose name is ''"),
        ("-- name: not-a-name\nSELECT 1;", "a block whose name is 'not-a-name'"),
    ],
)
def test_a_bad_query_file_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "view.sql").write_text(text)

    assert (
        refusal(lambda: queries(tmp_path / "view.sql")) == f"bad-query-file: view.sql has {fault}"
    )


LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def limits(connection: db.Connection) -> list[str]:
    rows = [connection.execute(f"SHOW {name}").fetchone() for name in LIMITS]
    return [row[0] for row in rows if row is not None]


def test_nobody_holds_up_others_for_ever(database: str) -> None:
    with db.pool(database) as pool, pool.connection() as pooled, db.connect(database) as alone:
        assert limits(pooled) == limits(alone) == ["1min", "30s", "1min"]


def test_limits_are_what_the_operator_says(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIEOUT_STATEMENT_TIMEOUT", "5min")
    monkeypatch.setenv("TIEOUT_LOCK_TIMEOUT", "100ms")
    monkeypatch.setenv("TIEOUT_IDLE_TIMEOUT", "0")
    with db.connect(database) as connection:
        assert limits(connection) == ["5min", "100ms", "0"]

    monkeypatch.setenv("TIEOUT_LOCK_TIMEOUT", "soon")
    assert refusal(lambda: db.connect(database)).startswith("bad-timeout: invalid value")


def test_a_job_known_to_be_long_has_no_limit_while_it_lasts(connection: db.Connection) -> None:
    with patient(connection):
        within = limits(connection)
    with pytest.raises(psycopg.errors.DivisionByZero), patient(connection):
        connection.execute("SELECT 1/0")

    assert within == ["0", "0", "1min"]
    assert limits(connection) == ["1min", "30s", "1min"]


def test_a_lock_is_not_waited_for_longer_than_that(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCK_TIMEOUT", "10ms")
    with db.connect(database) as first, db.connect(database) as second, first.transaction():
        first.execute("LOCK TABLE entity_head")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute("SELECT FROM entity_head")


def test_a_pool_lends_no_connection_that_the_server_has_closed(database: str) -> None:
    with db.pool(database, size_max=1) as pool, db.connect(database) as administrator:
        with pool.connection() as lent:
            gone = lent.info.backend_pid
        administrator.execute("SELECT pg_terminate_backend(%s, 10000)", [gone])

        with pool.connection() as lent:
            assert lent.execute("SELECT 1").fetchone() == (1,)
            assert lent.info.backend_pid != gone
