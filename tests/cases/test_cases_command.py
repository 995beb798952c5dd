"""`tieout cases`: a folder in, what passed and failed out, on a server that is gone afterwards."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner

from api.cli.cases import cases

CASES = Path(__file__).parent / "accounting"
GOOD = "bt-duplicate-event-idempotent"


def leftovers() -> set[Path]:
    return {*Path(tempfile.gettempdir()).glob("tieout-cases-*")}


def test_the_command_prints_passed_failed_and_one_result_per_case(tmp_path: Path) -> None:
    shutil.copy(CASES / f"{GOOD}.json", tmp_path)
    wrong = json.loads((CASES / f"{GOOD}.json").read_text(encoding="utf-8"))
    wrong["id"] = "wrong-by-a-dollar"
    wrong["expected"] = {"revenue_by_period": {"2024-01": "30.00"}}
    (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    before = leftovers()
    result = CliRunner().invoke(cases, [str(tmp_path), "--json"])

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "passed": 1,
        "failed": 1,
        "cases": [
            {
                "case": GOOD,
                "file": f"{GOOD}.json",
                "passed": True,
                "compared": 2,
                "problems": [],
                "differences": [],
                "variants": {"x3": "passed", "x7": "passed", "+28y": "passed"},
                "notes": ["policy idempotency: elects nothing, by event_id"],
            },
            {
                "case": "wrong-by-a-dollar",
                "file": "wrong.json",
                "passed": False,
                "compared": 1,
                "problems": [],
                "differences": [
                    {
                        "figure": "revenue_by_period/2024-01",
                        "expected": "30.00",
                        "found": "31.00",
                        "difference": "1.00",
                    }
                ],
                "variants": {},
                "notes": ["policy idempotency: elects nothing, by event_id"],
            },
        ],
    }
    assert leftovers() == before


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    result = CliRunner().invoke(cases, [str(tmp_path)])

    assert (result.exit_code, result.stdout) == (1, "0 passed, 0 failed\n")


def test_in_words_a_difference_stands_under_its_case(tmp_path: Path) -> None:
    unknown = {"facts": [{"event": "loan_granted"}], "expected": {"total_revenue": "1.00"}}
    (tmp_path / "loan.json").write_text(json.dumps(unknown), encoding="utf-8")
    result = CliRunner().invoke(cases, [str(tmp_path)])

    assert result.stdout == (
        "FAILED  loan  0 figures\n        unknown event loan_granted\n0 passed, 1 failed\n"
    )
