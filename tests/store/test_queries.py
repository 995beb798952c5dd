"""Every named query of the store, prepared on the real schema, and used by its module."""

import re
from itertools import count
from pathlib import Path

import pytest

from store.named import queries

FOLDER = Path(__file__).parents[2] / "store"
FILES = sorted(FOLDER.glob("*.sql"))
# What PREPARE does not take: these run for real in the tests of their modules.
UNPREPARED = re.compile(r"(COPY|CREATE|DROP|ANALYZE|SELECT pg_advisory)\b")


def numbered(statement):
    """The statement as the server sees it: $1, $2 for the names."""
    places = {}

    def place(found):
        return f"${places.setdefault(found[1], len(places) + 1)}"

    return re.sub(r"%\((\w+)\)s", place, statement).replace("%%", "%")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_query_is_used(path):
    module = path.with_suffix(".py").read_text()

    assert [name for name in queries(path).names() if f"SQL.{name}" not in module] == []


def test_every_query_fits_the_schema(connection):
    staged = queries(FOLDER / "usage_stage.sql")
    names = {"entity": "e", "source": "s", "batch": 1}
    connection.execute(staged.make_stage_rows)
    connection.execute(staged.make_stage_refused)
    connection.execute(queries(FOLDER / "usage_rows.sql").judge_rows, names)
    numbers = count(1)

    for path in FILES:
        found = queries(path)
        for name in found.names():
            statement = numbered(getattr(found, name))
            if UNPREPARED.match(statement) is None:
                connection.execute(f"PREPARE q{next(numbers)} AS {statement}")

    assert next(numbers) > 40
