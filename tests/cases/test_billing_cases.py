"""The worked cases of billing, played through public commands on a real database, to the cent.

Those that do not come out yet stand in `billing_cases_open.json`, each with its exact differences
and why: one that comes out must leave the list, and none may join it unseen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.profiles import PROFILES
from replay.billing_cases.phrases import elections
from replay.billing_cases.run import play, run_billing_case
from replay.case_format import read_document
from replay.case_result import Result
from replay.case_stage import LedgerStage
from replay.cases import run_case
from tests.cases.telling import told

HERE = Path(__file__).parent
CASES = HERE / "billing"
OPEN: dict[str, dict[str, Any]] = json.loads(
    (HERE / "billing_cases_open.json").read_text(encoding="utf-8")
)
ALL = sorted(path.stem for path in CASES.glob("*.json"))
# Worked out by hand, as `rule` says, before anything was played.
OWN = sorted((HERE / "own" / "billing").glob("*.json"))
VARIANTS = {"x3": "passed", "x7": "passed", "+28y": "passed"}


# What the default profile says of the same facts, where another engine's answer is worse.
CONTRASTS = sorted((HERE / "contrast").glob("*.json"))


def played(stage: LedgerStage, name: str) -> Result:
    return run_case(CASES / f"{name}.json", stage)


def test_all_cases_are_there() -> None:
    assert len(ALL) == 134
    assert set(OPEN) <= set(ALL)


@pytest.mark.parametrize("name", [name for name in ALL if name not in OPEN])
def test_the_case_comes_out_to_the_cent(stage: LedgerStage, name: str) -> None:
    result = played(stage, name)

    assert told(result) == []
    assert result.variants == VARIANTS
    assert result.compared > 0


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_a_case_of_our_own_comes_out_to_the_cent(stage: LedgerStage, path: Path) -> None:
    """And what it expects is all compared: figures, lines of a list, parts of a table."""
    raw = read_document(path)
    compared = play(raw, stage)

    assert [row.name for row in compared if not row.is_equal] == []
    assert {row.name.split("/")[0] for row in compared} >= {*raw["expected"]}
    assert raw["id"] == path.stem
    assert raw["rule"]


def test_cases_that_differ_in_what_they_expect_alone_are_each_played(
    stage: LedgerStage, tmp_path: Path
) -> None:
    """And money and dates of one are varied; `tieout cases` does so with all."""
    raw = json.loads((HERE / "own/billing/a-share-and-an-amount.json").read_text("utf-8"))
    for name, figure in (("one", "tax"), ("other", "total")):
        wanted = {figure: raw["expected"][figure], "coupons": raw["expected"]["coupons"]}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**raw, "expected": wanted}), encoding="utf-8")
        result = run_case(path, stage)

        assert told(result) == []
        assert (result.compared, result.variants) == (2, VARIANTS)


@pytest.mark.parametrize("name", sorted(OPEN))
def test_an_open_case_is_listed_with_its_differences(stage: LedgerStage, name: str) -> None:
    result = played(stage, name)
    if result.passed:
        pytest.xfail("it comes out by now: take it off the list")

    assert OPEN[name]["why"]
    assert OPEN[name]["differences"] == told(result)


@pytest.mark.parametrize("path", CONTRASTS, ids=lambda path: path.stem)
def test_the_default_profile_gives_the_better_answer(stage: LedgerStage, path: Path) -> None:
    ours = json.loads(path.read_text(encoding="utf-8"))
    case = json.loads((CASES / f"{ours['case']}.json").read_text(encoding="utf-8"))
    better = {**case, "policy": {}, "expected": ours["expected"]}

    result = run_billing_case(better, ours["case"], path.name, stage)

    assert elections({}).options == PROFILES["tieout"]
    assert told(result) == []
    assert result.variants == VARIANTS
    assert ours["why"]


@pytest.mark.parametrize("path", CONTRASTS, ids=lambda path: path.stem)
def test_the_better_answer_is_another_one(stage: LedgerStage, path: Path) -> None:
    ours = json.loads(path.read_text(encoding="utf-8"))
    case = json.loads((CASES / f"{ours['case']}.json").read_text(encoding="utf-8"))

    compared = play({**case, "expected": ours["expected"]}, stage, variant="contrast")

    assert not all(row.is_equal for row in compared)
