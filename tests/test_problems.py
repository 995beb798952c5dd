"""The page of problem codes is whole: every code raised, told to a person, with its true status."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.problem_titles import TITLES
from api.problems import Named, problem_of
from domain.errors import Malformed, Rejected
from store.failure import StoreError

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/problems.md"
RAISED: dict[str, Callable[[str], Named]] = {
    "Rejected": Rejected,
    "Malformed": Malformed,
    "StoreError": lambda code: StoreError(code, "in words"),
}
ROW = re.compile(
    r'^\| <a id="(?P<id>[a-z-]+)"></a>`(?P<code>[a-z-]+)` \| (?P<status>\d{3}) '
    r"\| (?P<owner>[a-z]+) \| (?P<says>[^|]+) \| (?P<do>[^|]+) \|$",
    re.MULTILINE,
)
OWNERS = {"ingest", "finance", "approver", "operator"}


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(PAGE.read_text(encoding="utf-8")))


def raised(package: str) -> Iterator[tuple[str, str]]:
    """Kind and code of every problem a package makes with a code in plain sight."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                match node.func.id, node.args:
                    case name, [ast.Constant(value=str(code)), *_] if name in RAISED:
                        yield name, code


@pytest.mark.parametrize("package", ["domain", "store", "replay"])
def test_every_code_raised_is_on_the_page(package: str) -> None:
    codes = {code for _, code in raised(package)}

    assert codes
    assert codes - {row["code"] for row in rows()} == set()


def test_every_code_of_the_page_has_a_title_that_says_the_same() -> None:
    said = {row["code"]: row["says"] for row in rows()}

    assert said == TITLES


def test_a_code_is_on_the_page_once_under_its_own_name() -> None:
    codes = [row["code"] for row in rows()]

    assert len(codes) == len(set(codes))
    assert [row["code"] for row in rows() if row["id"] != row["code"]] == []


def test_every_row_of_the_page_can_be_read() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "<a id" in line]

    assert len(lines) == len(rows())


def test_every_problem_has_an_owner() -> None:
    assert {row["owner"] for row in rows()} == OWNERS


@pytest.mark.parametrize("package", ["domain", "store"])
def test_the_status_on_the_page_is_the_one_that_is_answered(package: str) -> None:
    stated = {row["code"]: int(row["status"]) for row in rows()}

    for name, code in raised(package):
        assert (code, problem_of(RAISED[name](code)).status) == (code, stated[code])


def test_a_code_means_one_kind_of_problem() -> None:
    """Or a program could not decide by it whether the key is used up."""
    kinds: dict[str, set[str]] = {}
    for package in ("domain", "store"):
        for name, code in raised(package):
            kinds.setdefault(code, set()).add(name)

    assert {code: kind for code, kind in kinds.items() if len(kind) > 1} == {}
