"""`.ci/run`: what it leaves out elsewhere asks no database, and its mutants have their texts."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parents[1]
# How a test reaches a server of its own, beside the fixtures.
WAYS = ("embedded", "psycopg", "subprocess", "CliRunner", "store.*db", "replay.ledger", "postgres")
REACHES = re.compile(rf"^\s*(from|import) .*\b({'|'.join(WAYS)})\b", re.MULTILINE)


def left_out() -> tuple[str, ...]:
    script = (ROOT / ".ci/run").read_text()
    words = re.search(r"^no_database=\(.*?^\)$", script, re.MULTILINE | re.DOTALL)
    assert words is not None
    echo = f'{words[0]}; printf "%s\\n" "${{no_database[@]}}"'
    told = subprocess.run(["bash", "-c", echo], capture_output=True, text=True, check=True)
    return tuple(told.stdout.split())


def test_what_is_left_out_asks_no_database(request: pytest.FixtureRequest) -> None:
    """Of the tests that are collected now: all of them, where the whole suite runs."""
    mine = left_out()
    asking = {
        item.nodeid
        for item in request.session.items
        if item.nodeid.startswith(mine) and "server" in getattr(item, "fixturenames", ())
    }

    assert asking == set()


@pytest.mark.parametrize("path", left_out())
def test_what_is_left_out_starts_none_itself(path: str) -> None:
    place = ROOT / path
    files = [*place.rglob("test_*.py")] if place.is_dir() else [place]

    assert files
    assert [file.name for file in files if REACHES.search(file.read_text())] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.why)
def test_what_a_mutant_breaks_is_there_once(mutant: Mutant) -> None:
    """A stale table fails its own stage; here it fails at once."""
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
