"""The page about what users ask is true: each test it names exists, and none here is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "what-billing-users-ask.md"
ROW = re.compile(r"^\| (?P<row>\d+) \|.*\| (?P<tests>[^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<test>\w+)`")


def named(page: str) -> dict[str, set[str]]:
    """The tests each row names."""
    return {row["row"]: set(NAME.findall(row["tests"])) for row in ROW.finditer(page)}


def standing_in(file: str) -> dict[str, str]:
    """The tests of a file, with their docstrings."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return {
        node.name: ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def missing(page: str) -> list[str]:
    return [
        f"{row}: {file}::{test}"
        for row, tests in named(page).items()
        for file, test in sorted(tests)
        if test not in standing_in(file)
    ]


def test_every_row_names_tests_that_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [*named(page)] == [str(row) for row in range(1, 26)]
    assert [row for row, tests in named(page).items() if not tests] == []
    assert missing(page) == []


def test_every_test_that_says_its_row_is_in_the_table() -> None:
    listed = {test for tests in named(PAGE.read_text(encoding="utf-8")).values() for test in tests}
    here = [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "asks").glob("test_*.py")
    ]
    told = {
        (file, test)
        for file in here
        for test, said in standing_in(file).items()
        if said.startswith("Row")
    }

    assert told - listed == set()


@pytest.mark.parametrize("name", ["tests/asks/test_page.py::test_nothing", "tests/none.py::test_a"])
def test_a_test_that_is_not_there_is_seen(name: str) -> None:
    assert missing(f"| 1 | a | b | `{name}` |\n") == [f"1: {name}"]
