"""Pages of revenue are true: their stories come out, and the pipeline names every step there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.accounting.rules import RULES
from tests.pages.page import stories, wrong

ROOT = Path(__file__).parents[2]
EXPLANATION = ROOT / "docs/explanation"
INDEX = EXPLANATION / "revenue/index.md"
PAGES = sorted(path for path in INDEX.parent.glob("*.md") if path != INDEX)
NAMES = [path.stem for path in PAGES]
PIPELINE = EXPLANATION / "the-measure-pipeline.md"
STEP = re.compile(
    r"^\| (?P<step>\d+) \| (?P<does>[^|]+) \| `(?P<module>[\w/.]+)` \| (?P<rules>[^|]*)\|",
    re.MULTILINE,
)
STEPS = [found.groupdict() for found in STEP.finditer(PIPELINE.read_text(encoding="utf-8"))]


def test_the_index_names_every_page() -> None:
    index = INDEX.read_text(encoding="utf-8")

    assert [name for name in NAMES if f"]({name}.md) |" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_worked_examples_of_a_page_come_out(page: Path) -> None:
    told = stories(page)

    assert told
    assert [found for story in told for found in wrong(story)] == []
    assert all(any(step.rows for step in story) for story in told)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_names_paragraphs_of_both_standards(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.search(r"ASC \d{3}-10-\d\d", text)
    assert re.search(r"IFRS 15[., ]|IAS \d+\.\d", text)


def test_a_wrong_balance_of_a_story_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "the-balance-sheet.md"
    text = (INDEX.parent / page.name).read_text(encoding="utf-8")
    page.write_text(text.replace("| contract-asset | 400.00 |", "| contract-asset | 400.01 |"))

    assert [found for story in stories(page) for found in wrong(story)] != []


def test_wrong_revenue_of_a_run_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "closed-periods.md"
    text = (INDEX.parent / page.name).read_text(encoding="utf-8")
    page.write_text(text.replace("| 2024-02 | 2024-01 | 10.00 |", "| 2024-02 | 2024-02 | 10.00 |"))

    assert [found for story in stories(page) for found in wrong(story)] != []


def test_the_steps_of_the_pipeline_are_numbered() -> None:
    assert [int(row["step"]) for row in STEPS] == [*range(1, len(STEPS) + 1)]


def test_every_module_of_accounting_is_a_step() -> None:
    own = (path for path in (ROOT / "domain/accounting").rglob("*.py"))
    modules = {path.relative_to(ROOT).as_posix() for path in own if path.name != "__init__.py"}
    told = [row["module"] for row in STEPS]

    assert sorted(modules - {*told}) == []
    assert [module for module in told if not (ROOT / module).exists()] == []
    assert len(told) == len({*told})


def test_every_rule_is_named_where_it_is_applied() -> None:
    told = [
        (name, row["module"]) for row in STEPS for name in re.findall(r"`([^`]+)`", row["rules"])
    ]

    assert {name for name, _ in told} == {*RULES}
    assert [(name, module) for name, module in told if not applies(ROOT / module, name)] == []


def applies(module: Path, rule: str) -> bool:
    """A module spells its rules out, but for those that end in how progress is measured."""
    text = module.read_text(encoding="utf-8")
    return f'"{rule}"' in text or (rule.startswith("ratable-by-") and 'f"ratable-by-' in text)
