"""The vendor's files that turn on documents, balances, disputes and refunds: receivable and cash.

Their revenue follows the vendor's own report, with accounts that are not kept here: those figures
wait, each file with the reason, in receivables_open.json. All others come out to the cent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from replay.case_stage import LedgerStage
from replay.cases import run_case
from replay.ledger import Ledger

HERE = Path(__file__).parent
CASES = HERE / "receivables"
OPEN: dict[str, Any] = json.loads((HERE / "receivables_open.json").read_text(encoding="utf-8"))
KEY = "account_changes_by_period"
PASSED = {"x3": "passed", "x7": "passed", "+28y": "passed"}
COMPARED = {
    "stripe-credit-note-half-90": 2,
    "stripe-dispute-won": 3,
    "stripe-full-refund": 2,
    "stripe-partial-refund": 2,
    "stripe-uncollectible-paid-disputed": 4,
    "stripe-uncollectible-then-void": 2,
    "stripe-void-unpaid-invoice": 2,
}


@pytest.fixture
def stage(database: str) -> Iterator[LedgerStage]:
    opened = LedgerStage(partial(Ledger.open, database))
    yield opened
    opened.ledger.close()


def sides(raw: dict[str, Any], left_out: list[str]) -> dict[str, Any]:
    """The case with the figures of the accounts that are compared, and nothing else changed."""
    kept = {name: told for name, told in raw["expected"][KEY].items() if name not in left_out}
    return raw | {"expected": {KEY: kept}}


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_a_customer_owes_and_what_was_paid_come_out_to_the_cent(
    name: str, stage: LedgerStage, tmp_path: Path
) -> None:
    raw = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(sides(raw, OPEN[name]["left_out"])), encoding="utf-8")

    result = run_case(path, stage)

    assert (result.problems, result.differences, result.variants) == ((), (), PASSED)
    assert result.compared == COMPARED[name]


def test_every_file_says_what_is_left_out_of_it_and_why() -> None:
    assert sorted(OPEN) == sorted(path.stem for path in CASES.glob("*.json"))
    for name, said in OPEN.items():
        raw = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))

        assert said["why"]
        assert set(said["left_out"]) <= set(raw["expected"][KEY])
