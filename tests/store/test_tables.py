"""The catalogue of the database against the declarations."""

import os

import psycopg
import pytest

from store import db
from store.canonical import FactRow, UsageLeafRow
from store.keys import Refusal
from store.tables import TABLES

COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 GROUP BY c.relname
"""
KEYS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY k.place)
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) ON true
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT c.relispartition
 GROUP BY c.relname, i.indexrelid
"""
DECLARED = {table.name: table for table in TABLES}
APPEND_ONLY = [table.name for table in TABLES if table.append_only]
CHANGES = ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET entity = 'x'"]
SEALED = [table for table in TABLES if table.kind in {"fact", "derived-sealed"}]


def test_every_table_is_declared_once(connection):
    found = {name for name, _ in connection.execute(COLUMNS)}

    assert found == set(DECLARED)
    assert len(DECLARED) == len(TABLES)


def test_every_column_of_meaning_is_sealed_or_excused(connection):
    columns = dict(connection.execute(COLUMNS).fetchall())

    for table in SEALED:
        assert not table.sealed & table.unsealed.keys(), table.name
        assert set(columns[table.name]) == table.sealed | table.unsealed.keys(), table.name


def test_every_key_begins_with_what_the_table_is_spread_by(connection):
    for name, key in connection.execute(KEYS):
        if DECLARED[name].spread_by is not None:
            assert key[0] == DECLARED[name].spread_by, (name, key)


def test_every_key_that_begins_with_the_bucket_goes_on_with_the_entity(connection):
    spread = [key for name, key in connection.execute(KEYS) if key[0] == "bucket"]

    assert spread
    assert {key[1] for key in spread} == {"entity"}


def test_the_declared_key_is_a_key(connection):
    keys = {(name, tuple(key)) for name, key in connection.execute(KEYS)}
    prefixes = {(name, key[:length]) for name, key in keys for length in range(1, len(key) + 1)}

    assert {(table.name, table.key) for table in TABLES} <= prefixes


def test_the_leaves_cover_what_is_declared():
    assert DECLARED["fact"].sealed == set(FactRow._fields)
    assert DECLARED["refusal"].sealed == set(Refusal._fields)
    assert DECLARED["usage_row"].sealed == set(UsageLeafRow._fields)


def test_what_is_append_only_refuses_any_change_even_of_no_row(connection):
    for table in APPEND_ONLY:
        for change in CHANGES:
            with pytest.raises(psycopg.errors.RestrictViolation, match=f"{table} is append-only"):
                connection.execute(change.format(table))


def test_a_month_of_usage_refuses_change_by_its_own_name(connection):
    connection.execute("SELECT make_usage_month('2024-02-01')")

    for change in CHANGES:
        with pytest.raises(psycopg.errors.RestrictViolation, match="2024_02 is append-only"):
            connection.execute(change.format("usage_row_2024_02"))


def test_the_application_role_may_append_but_not_change(connection):
    granted = connection.execute(
        "SELECT t, array_agg(p ORDER BY p)"
        "  FROM unnest(%s::text[]) AS t,"
        "       unnest(ARRAY['DELETE', 'INSERT', 'SELECT', 'TRUNCATE', 'UPDATE']) AS p"
        " WHERE has_table_privilege('tieout_app', t, p) GROUP BY t",
        [APPEND_ONLY],
    )

    assert dict(granted.fetchall()) == {table: ["INSERT", "SELECT"] for table in APPEND_ONLY}


def test_a_rebuild_cannot_read_the_live_journal(connection):
    connection.execute("SET ROLE tieout_rebuild")

    for table in ("journal_entry", "journal_line", "unit_state", "charge"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT FROM {table}")


def test_a_rebuild_can_read_the_log_and_the_usage(connection):
    connection.execute("SET ROLE tieout_rebuild")

    for table in ("fact", "usage_row", "usage_batch", "usage_hour", "entity_head"):
        connection.execute(f"SELECT FROM {table}")


def test_nobody_approves_what_they_prepared(connection):
    with pytest.raises(psycopg.errors.CheckViolation, match="preparer_is_not_approver"):
        connection.execute("INSERT INTO approval VALUES ('e', 'adjustment:1', 'ann', 'ann', 1)")


def test_the_schema_can_be_made_by_an_owner_who_is_no_superuser(empty_database):
    owner = f"owner_{os.getpid()}"
    with db.connect(empty_database) as connection:
        connection.execute(f"CREATE ROLE {owner}")
        connection.execute(f"ALTER SCHEMA public OWNER TO {owner}")
        try:
            connection.execute(f"SET ROLE {owner}")
            db.migrate(connection)

            assert {name for name, _ in connection.execute(COLUMNS)} == set(DECLARED)
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute("DELETE FROM fact")
        finally:
            connection.execute("RESET ROLE")
            connection.execute(f"DROP OWNED BY {owner}")
            connection.execute(f"DROP ROLE {owner}")
