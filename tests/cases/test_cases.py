"""The worked cases, played through public commands on a real database, to the cent."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from replay.accounting_cases.accounts import ACCOUNTS
from replay.accounting_cases.fields import EVERY, FIELDS, PARTS
from replay.accounting_cases.figures import FIGURES, figures
from replay.accounting_cases.format import document
from replay.accounting_cases.phrases import NOTES, TERMS
from replay.accounting_cases.synonyms import EVENTS, NAMES
from replay.accounting_cases.variants import scaled
from replay.case_format import read_document
from replay.case_result import Report, Result
from replay.case_stage import LedgerStage
from replay.case_variants import FACTORS
from replay.cases import play, run_case, run_cases, scales
from tests.cases.conftest import ToldOnce
from tests.cases.telling import told

HERE = Path(__file__).parent
CASES = HERE / "accounting"
DOCS = HERE.parent.parent / "docs"
OPEN: dict[str, dict[str, Any]] = json.loads(
    (HERE / "accounting_open.json").read_text(encoding="utf-8")
)
ALL = sorted(path.stem for path in CASES.glob("*.json"))
OWN = sorted(path.stem for path in (HERE / "own" / "accounting").glob("*.json"))
CLOSED = [name for name in ALL if name not in OPEN]
# A share of the price that is spread over months is rounded twice, and each line once more.
# So is what a change leaves, where it was rounded before.
ROUNDINGS = {"rounding-three-way-and-monthly": 3, "zuora-quantity-increase-distinct": 3}
PASSED = {"x3": "passed", "x7": "passed", "+28y": "passed"}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a changed copy of a worked case and gives its path."""

    def write(name: str, **parts: Any) -> Path:
        raw = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**raw, **parts}), encoding="utf-8")
        return path

    return write


def test_all_cases_are_there() -> None:
    assert len(ALL) == 73
    assert set(OPEN) <= set(ALL)


@pytest.mark.parametrize("name", CLOSED)
def test_a_worked_case_comes_out_to_the_cent_and_so_do_its_variants(
    name: str, told_once: ToldOnce
) -> None:
    result = run_case(CASES / f"{name}.json", told_once)
    expected = read_document(CASES / f"{name}.json")["expected"]

    assert told(result) == []
    assert result.variants == PASSED
    assert result.compared == len(figures(expected))


def test_an_open_case_is_listed_with_its_differences(stage: LedgerStage) -> None:
    """None may join the list unseen, and one that comes out must leave it."""
    for name, listed in OPEN.items():
        result = run_case(CASES / f"{name}.json", stage)

        assert not result.passed, f"{name} comes out by now: take it off the list"
        assert listed["why"]
        assert listed["differences"] == told(result)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", CLOSED)
def test_every_figure_scales_within_half_of_one_more_than_the_factor(
    name: str, factor: int, told_once: ToldOnce
) -> None:
    raw = read_document(CASES / f"{name}.json")
    base = play(document(raw, name), told_once)
    seen = play(document(scaled(raw, factor), name), told_once)

    assert list(scales(base, factor, seen, marks=ROUNDINGS.get(name, 1))) == []


@pytest.mark.parametrize("name", OWN)
def test_a_case_of_our_own_comes_out_to_the_cent(name: str, stage: LedgerStage) -> None:
    """Written by hand from the paragraph each names, never from what the ledger said."""
    raw = read_document(HERE / "own" / "accounting" / f"{name}.json")
    seen = play(document(raw, name), stage)

    assert raw["rule"]
    assert [row.difference() for row in seen.compared if not row.is_equal] == []
    assert len(seen.compared) == len(figures(raw["expected"]))


def test_a_cut_keyed_late_catches_up_and_a_cut_agreed_late_is_prospective(
    stage: LedgerStage,
) -> None:
    report = run_cases(HERE / "stories", stage, lambda _: None)

    assert [(result.case, result.passed, result.compared) for result in report.cases] == [
        ("late-cut-agreed-before", True, 7),
        ("late-cut-agreed-late", True, 8),
    ]


def test_a_line_that_names_no_promise_bills_the_contract_as_a_whole(stage: LedgerStage) -> None:
    report = run_cases(HERE / "joint", stage, lambda _: None)

    assert [(result.case, result.passed, result.compared) for result in report.cases] == [
        ("monthly-invoices-over-two-promises", True, 25),
        ("one-usage-line-over-two-prices", True, 5),
    ]


def test_a_folder_is_reported_case_by_case(stage: LedgerStage, written: Any) -> None:
    written("bt-duplicate-event-idempotent")
    path = written("ratable-leap-year-daily", policy={"ratable": "by moon"})
    heard: list[Result] = []
    report = run_cases(path.parent, stage, heard.append)

    assert json.loads(msgspec.json.encode(report)) == {
        "passed": 1,
        "failed": 1,
        "cases": [
            {
                "case": "bt-duplicate-event-idempotent",
                "file": "bt-duplicate-event-idempotent.json",
                "passed": True,
                "compared": 2,
                "problems": [],
                "differences": [],
                "variants": PASSED,
                "notes": ["policy idempotency: elects nothing, by event_id"],
            },
            {
                "case": "ratable-leap-year-daily",
                "file": "ratable-leap-year-daily.json",
                "passed": False,
                "compared": 0,
                "problems": ["unknown phrase for policy ratable: by moon"],
                "differences": [],
                "variants": {},
                "notes": [],
            },
        ],
    }
    assert tuple(heard) == report.cases


def test_a_wrong_expectation_fails_the_case_with_the_difference(
    stage: LedgerStage, written: Any
) -> None:
    path = written(
        "bt-late-usage-after-close",
        expected={
            "revenue_by_period": {"2024-03": "200.00", "2024-04": "260.01"},
            "prior_period_adjustment_by_period": {"2024-04": "99.00"},
        },
    )

    assert run_case(path, stage) == Result(
        case="bt-late-usage-after-close",
        file="bt-late-usage-after-close.json",
        passed=False,
        compared=3,
        differences=(
            {
                "figure": "revenue_by_period/2024-04",
                "expected": "260.01",
                "found": "260.00",
                "difference": "-0.01",
            },
            {
                "figure": "prior_period_adjustment_by_period/2024-04",
                "expected": "99.00",
                "found": "100.00",
                "difference": "1.00",
            },
        ),
    )


def test_another_policy_gives_other_figures(stage: LedgerStage, written: Any) -> None:
    path = written("bt-void-and-rebill-closed", policy={}, options={"ratable_by": "day"})
    result = run_case(path, stage)

    assert not result.passed
    assert result.differences[0] == {
        "figure": "revenue_by_period/2024-01",
        "expected": "100.00",
        "found": "101.64",
        "difference": "1.64",
    }


def test_options_stated_in_place_of_prose_do_the_same(stage: LedgerStage, written: Any) -> None:
    stated = {"ratable_by": "month", "month_ends": "last-month-cut-off"}
    path = written("stripe-amortization-month-even", policy={}, options=stated)

    assert run_case(path, stage).passed


def test_noise_around_facts_and_policy_changes_no_answer(stage: LedgerStage, written: Any) -> None:
    plain = run_case(CASES / "bt-void-and-rebill-closed.json", stage)
    noise = {"id": "zzz", "title": "x", "tags": ["y"], "source": {}, "notes": "by day"}
    noisy = run_case(written("bt-void-and-rebill-closed", **noise), stage)

    assert (noisy.case, noisy.passed, noisy.compared) == ("zzz", plain.passed, plain.compared)


def test_a_case_played_twice_changes_nothing(stage: LedgerStage) -> None:
    path = CASES / "bt-backdated-upgrade-closed.json"
    first = run_case(path, stage)
    heads = stage.ledger.heads()

    assert run_case(path, stage) == first
    assert stage.ledger.heads() == heads


def test_a_command_the_ledger_refuses_fails_the_case_by_name(
    stage: LedgerStage, written: Any
) -> None:
    issued = {
        "event": "invoice_issued",
        "effective": "2024-01-01",
        "number": "A",
        "amount": "10.00",
        "service_from": "2024-01-01",
        "service_to": "2024-02-01",
    }
    credit = {"event": "credit_note_issued", "effective": "2024-01-02", "amount": "10.01"}
    result = run_case(written("ratable-leap-year-daily", facts=[issued, credit]), stage)

    assert len(result.problems) == 1
    assert result.problems[0].startswith("the ledger refused fact-2: credit-above-invoice")


def test_a_case_that_does_not_come_out_in_a_variant_fails(stage: LedgerStage, written: Any) -> None:
    leap_day = {"event": "invoice_issued", "effective": "2072-02-29", "amount": "10.00"}
    expected = {"revenue_by_period": {"2072-02": "10.00"}}
    path = written("ratable-leap-year-daily", facts=[leap_day], expected=expected)

    # 2100 is no leap year: the calendar does not repeat across it.
    assert run_case(path, stage) == Result(
        case="ratable-leap-year-daily",
        file="ratable-leap-year-daily.json",
        passed=False,
        compared=1,
        variants={
            "x3": "passed",
            "x7": "passed",
            "+28y": ("invoice_issued.effective must be an ISO date or instant, not '2100-02-29'"),
        },
    )


def examples(page: str) -> list[dict[str, Any]]:
    """The cases a page of the documentation shows."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    shown = [json.loads(block, parse_float=Decimal) for block in blocks]
    return [block for block in shown if "facts" in block]


@pytest.mark.parametrize("page", ["reference/case-format.md", "how-to/write-a-case.md"])
def test_the_documentations_examples_pass(page: str, stage: LedgerStage, tmp_path: Path) -> None:
    for number, example in enumerate(examples(page)):
        if "total_revenue" in example["expected"]:
            example["expected"]["revenue_by_period"]["2024-12"] = "150.00"
        (tmp_path / f"{number}.json").write_text(json.dumps(example), encoding="utf-8")
    report = run_cases(tmp_path, stage, lambda _: None)

    assert (report.passed, report.failed) == (1, 0)


def test_the_format_page_names_every_word_the_tables_know() -> None:
    page = (DOCS / "reference/case-format.md").read_text(encoding="utf-8")
    words = {
        *FIELDS,
        *EVERY,
        *(field for fields in FIELDS.values() for field in fields),
        *(field for fields in PARTS.values() for field in fields),
        *TERMS,
        *(term for terms in TERMS.values() for term in terms),
        *NOTES,
        *ACCOUNTS,
        *FIGURES,
        *EVENTS,
        *NAMES,
    }

    assert sorted(word for word in words if f"`{word}`" not in page) == []


def test_an_empty_folder_has_neither_passed_nor_failed_a_case(
    stage: LedgerStage, tmp_path: Path
) -> None:
    assert run_cases(tmp_path, stage, lambda _: None) == Report(passed=0, failed=0, cases=())
