"""The demo on a tiny company: it closes what it says, the books answer, chance is repeatable."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.demo import demo
from replay.demo import Moment, Played, play
from replay.demo_company import COUNTRIES, GROUP, Size, company
from replay.ledger import Ledger
from replay.verify import verify
from store import reset
from store.db import connect
from store.failure import StoreError

TINY = Size(customers=14, months=4, events=1_000)


def chances(name: str) -> random.Random:
    return random.Random(f"1/{name}")


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def ledger(database: str, moment: Moment) -> Iterator[Ledger]:
    with Ledger.open(database, moment) as opened:
        yield opened


@pytest.fixture
def played(ledger: Ledger, moment: Moment) -> Played:
    return play(ledger, moment, TINY, chances)


def test_the_story_closes_its_months_and_all_ten_laws_hold(ledger: Ledger, played: Played) -> None:
    assert played.closed == ("2024-01", "2024-02", "2024-03", "2024-04")
    assert played.through == date(2024, 5, 31)
    assert set(ledger.heads()) == {GROUP, *played.entities}
    with ledger.connection() as connection:
        found = verify(connection)
    assert [row for verdict in found.verdicts for row in verdict.breaks] == []
    assert found.not_compared == ()


def test_what_is_late_is_a_quarter_late(played: Played) -> None:
    late = played.late

    assert (late.entity, late.month) == (COUNTRIES[0].entity, "2024-01")
    assert late.late_position < late.run


def test_a_seed_gives_one_company_and_another_seed_another() -> None:
    assert company(TINY, random.Random(5)) == company(TINY, random.Random(5))
    assert company(TINY, random.Random(5)) != company(TINY, random.Random(6))


def test_only_a_ledger_that_the_demo_made_is_removed(
    played: Played, moment: Moment, ledger: Ledger, database: str
) -> None:
    with connect(database) as connection:
        with pytest.raises(StoreError, match="not the demo's"):
            reset.reset(connection, actor="demo", entities=[GROUP])
        with pytest.raises(StoreError, match="not the demo's"):
            reset.reset(connection, actor="another", entities=[GROUP, *played.entities])
        assert not reset.is_empty(connection)

        reset.reset(connection, actor="demo", entities=[GROUP, *played.entities])

        assert reset.is_empty(connection)
        # A new story, verified by the role that may only rebuild: it has its rights again.
        assert play(ledger, moment, TINY, chances) == played
        assert verify(connection).breaks == 0


@pytest.mark.usefixtures("played")
def test_the_command_refuses_a_ledger_that_is_not_empty(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)

    result = CliRunner().invoke(demo, ["--customers", "14", "--months", "4"])

    assert isinstance(result.exception, StoreError)
    assert result.exception.code == "ledger-not-empty"


def test_every_answer_of_the_demo_names_its_query(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(demo, ["--customers", "14", "--months", "4"])

    assert result.exit_code == 0, result.output
    asked = [line for line in result.output.splitlines() if line.startswith("$ ")]
    words = [line.split()[1:4] for line in asked]
    assert words[:5] == [
        ["tieout", "report", "ageing"],
        ["tieout", "report", "waterfall"],
        ["tieout", "report", "bridge"],
        ["tieout", "report", "bridge"],
        ["tieout", "report", "trial-balance"],
    ]
    assert [row[:2] for row in words[5:]] == [
        ["tieout", "lineage"],
        ["tieout", "lineage"],
        ["tieout", "lineage"],
        ["tieout", "explain"],
        ["tieout", "verify"],
        ["tieout", "serve"],
    ]
