"""Views and journal made again from the log, and what shows when somebody meddled."""

import json

import psycopg
import pytest

from projections import generations, runner, shadow
from projections.question import Question
from projections.trial_balance import trial_balance
from replay.rebuild import rebuild_journal, rebuild_views
from tests.projections.conftest import Books

ASK = Question(entity="acme", book="us-gaap")


@pytest.fixture
def books(connection):
    return Books(connection).open().quarter_with_late_usage().catch_up()


@pytest.mark.parametrize("batch", [1, 7, 5_000])
def test_the_journal_made_again_is_the_same(books, batch):
    found = rebuild_journal(books.connection, batch=batch)

    assert (found.positions, found.entries, found.lines, found.breaks) == (
        {"acme": 16},
        4,
        20,
        (),
    )


def test_the_rebuilding_role_cannot_read_the_live_journal(books):
    connection = books.connection
    shadow.make(connection, "acme")
    with shadow.as_rebuilder(connection, shadow.schema_of("acme")):
        for table in ("journal_entry", "journal_line", "unit_state", "charge"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM public.{table}")


def test_a_rebuild_leaves_nothing_behind(books):
    rebuild_journal(books.connection)

    left = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'"
    assert books.connection.execute(left).fetchall() == []
    assert books.connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
    assert books.connection.execute("SELECT current_user").fetchone() != ("tieout_rebuild",)


def test_a_line_that_somebody_changed_is_a_break(books):
    connection = books.connection
    connection.execute("ALTER TABLE journal_line DISABLE TRIGGER append_only")
    connection.execute("UPDATE journal_line SET minor = minor + 1 WHERE entry = 2 AND line = 1")

    found = rebuild_journal(connection)

    assert [(one.check, one.what) for one in found.breaks] == [
        ("journal-line", "entry 2 line 1 of subscription:s1 in us-gaap 2024-02")
    ]
    (line,) = found.breaks
    expected, altered = json.loads(line.expected), json.loads(line.found)
    assert altered == expected | {"minor": expected["minor"] + 1}


def test_an_entry_that_somebody_removed_is_a_break(books):
    connection = books.connection
    connection.execute("ALTER TABLE journal_entry DISABLE TRIGGER append_only")
    connection.execute("DELETE FROM journal_entry WHERE entry = 4")

    found = rebuild_journal(connection)

    assert [(one.what, one.found) for one in found.breaks if one.check == "journal-entry"] == [
        ("entry 4 of subscription:s1 in us-gaap 2024-04", "nothing")
    ]


def test_views_made_again_tie_and_are_switched_in(books):
    before = trial_balance(books.connection, ASK)

    found = rebuild_views(books.connection, batch=7)

    assert (found.generation, found.switched, found.comparisons, found.breaks) == (2, True, 2, ())
    assert generations.live(books.connection) == 2
    assert trial_balance(books.connection, ASK) == before


def test_the_view_before_the_live_one_is_kept_until_the_next_rebuild(books):
    for _ in range(3):
        rebuild_views(books.connection)

    kept = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'view%' ORDER BY 1"
    assert books.connection.execute(kept).fetchall() == [("view_3",), ("view_4",)]
    runner.catch_up(books.connection)


def test_a_view_that_differs_is_not_switched_in(books):
    books.connection.execute("UPDATE view_1.account_total SET minor = minor + 1 WHERE lines = 2")
    books.connection.execute("DELETE FROM view_1.account_total WHERE booked = '2024-03'")

    found = rebuild_views(books.connection)

    assert (found.switched, [one.what for one in found.breaks]) == (
        False,
        ["trial_balance: 15 rows rebuilt, 12 found"],
    )
    assert generations.live(books.connection) == 1
