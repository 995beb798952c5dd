"""Every named query of the house: used by a module, and understood by the real schema.

What PREPARE does not take is taken apart: COPY by the columns it fills, CREATE TABLE AS by the
query it is made from. Plain CREATE TABLE runs, and is what later statements find.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from projections import generations
from store import checkpoints
from store.db import Connection
from store.named import queries

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "store", "projections", "replay", "api", "bench", "connectors")
FILES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.sql"))
    if path.parent.name != "migrations"
]


def dotted(path: Path) -> str:
    """The name of the module at a path, or of the one whose twin is there."""
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")


NAMES = [dotted(path) for path in FILES]

COPY = re.compile(r"COPY\s+(?P<table>[\w.]+)\s*\((?P<columns>[^)]*)\)", re.DOTALL)
TABLE_AS = re.compile(r"CREATE\s+(TEMPORARY\s+)?TABLE\s+\w+\s+AS\s+(?P<query>.*)", re.DOTALL)
TEMPORARY = re.compile(r"CREATE\s+TEMPORARY\s+TABLE\s+(?P<table>\w+)")
PARAMETER = re.compile(r"%\((\w+)\)[sb]")
TABLE = re.compile(r"CREATE\s+(TEMPORARY\s+)?TABLE\s+[\w ]+\(")
# Kinds that say nothing of our schema, or change what is outside this database.
UTILITY = re.compile(
    r"(ALTER|ANALYZE|CREATE (DATABASE|ROLE|SCHEMA)|DO|DROP|GRANT|LISTEN|LOCK TABLE|NOTIFY|RESET|SET"
    r"|TRUNCATE|VACUUM)\b"
)


def numbered(statement: str) -> str:
    """The statement as the server sees it: $1, $2 for the names."""
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${places.setdefault(found[1], len(places) + 1)}"

    return PARAMETER.sub(place, statement).replace("%%", "%")


def preparable(statement: str) -> str | None:
    """What of a statement PREPARE can check; None for one that speaks of no table of ours."""
    if found := COPY.match(statement):
        return f"SELECT {found['columns']} FROM {found['table']}"
    if found := TABLE_AS.match(statement):
        return found["query"]
    return None if UTILITY.match(statement) else statement


@cache
def uses() -> frozenset[tuple[str, str]]:
    """(module of the queries, name) of each `SQL.name`, also read as `module.SQL.name`."""
    return frozenset(
        used
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for used in used_in(dotted(path), path.read_text(encoding="utf-8"))
    )


def used_in(module: str, source: str) -> Iterator[tuple[str, str]]:
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        match node.value:
            case ast.Name(id="SQL"):
                yield module, node.attr
            case ast.Attribute(value=ast.Name(id=other), attr="SQL"):
                yield imported.get(other, other), node.attr
            case _:
                continue


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_query_is_used(path: Path) -> None:
    there = {(dotted(path), name) for name in queries(path).names()}

    assert sorted(there - uses()) == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_query_a_module_names_is_there(path: Path) -> None:
    source = path.with_suffix(".py").read_text(encoding="utf-8")
    named = {name for module, name in used_in("here", source) if module == "here"}

    assert sorted(named - {*queries(path).names()}) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("connection.execute(SQL.one)", [("here", "one")]),
        ("from store import log as there\nthere.SQL.two", [("store.log", "two")]),
        ("NOSQL.three", []),
    ],
)
def test_a_use_is_recognised(source: str, found: list[tuple[str, str]]) -> None:
    assert [*used_in("here", source)] == found


def misfits(connection: Connection, path: Path) -> Iterator[str]:
    """The queries of one file that the schema does not understand, with the server's words."""
    found = queries(path)
    for number, name in zip(count(1), found.names(), strict=False):
        statement = getattr(found, name)
        query = preparable(statement)
        if query is None or TABLE.match(statement):
            continue
        try:
            with connection.transaction():
                connection.execute(f"PREPARE q{number} AS {numbered(query)}".encode())
                connection.execute(f"DEALLOCATE q{number}".encode())
        except psycopg.Error as problem:
            yield f"{path.name}: {name}: {problem}"


def look_at_everything(connection: Connection) -> None:
    """The tables of the views and the temporary ones of an ingest, beside those of the log."""
    generation = generations.live(connection)
    connection.execute(
        "SELECT set_config('search_path', %s, false)",
        [f"{checkpoints.schema_of(generation)}, public"],
    )
    statements = [getattr(queries(path), n) for path in FILES for n in queries(path).names()]
    staged = [statement for statement in statements if TEMPORARY.match(statement)]
    made: set[str] = set()
    for statement in sorted(staged, key=lambda staging: TABLE_AS.match(staging) is not None):
        found = TEMPORARY.match(statement)
        assert found is not None
        if found["table"] not in made:
            made.add(found["table"])
            connection.execute(statement, dict.fromkeys(PARAMETER.findall(statement)) or None)


def test_every_query_fits_the_schema(connection: Connection) -> None:
    look_at_everything(connection)

    assert [problem for path in FILES for problem in misfits(connection, path)] == []


def test_a_query_that_does_not_fit_is_told(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "wrong.sql"
    path.write_text(
        "-- name: good\nSELECT entity FROM fact WHERE position = %(at)s;\n\n"
        "-- name: no_column\nSELECT colour FROM fact;\n\n"
        "-- name: no_such_copy\nCOPY fact (entity, colour) FROM STDIN;\n\n"
        "-- name: no_table\nCREATE TEMPORARY TABLE t AS SELECT 1 FROM nowhere;\n",
        encoding="utf-8",
    )

    problems = [*misfits(connection, path)]

    assert [problem.split(": ")[1] for problem in problems] == [
        "no_column",
        "no_such_copy",
        "no_table",
    ]
