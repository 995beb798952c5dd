"""Every rule a line can name is in one table, with paragraphs; the page says the same."""

import re
import typing
from pathlib import Path

import pytest

from domain.accounting.curves import Evenly
from domain.accounting.rules import RULES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "rules.md"
NAMED = re.compile(r'"([a-z{}-]+@\d+)"')
ROW = re.compile(r"^\| `(\S+@\d+)` \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def named_in_code() -> set[str]:
    """Every text of the domain that looks like a rule; `{word}` is each kind of progress."""
    found = {
        name
        for path in (ROOT / "domain").rglob("*.py")
        if path.name != "rules.py"
        for name in NAMED.findall(path.read_text(encoding="utf-8"))
    }
    return {
        name.replace("{word}", word)
        for name in found
        for word in ((*typing.get_args(Evenly), "instant") if "{word}" in name else ("",))
    }


def test_every_rule_that_code_names_is_in_the_table() -> None:
    assert sorted(named_in_code() - set(RULES)) == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_words_and_paragraphs(name: str) -> None:
    rule = RULES[name]

    assert all((rule.says, rule.rounding, rule.paragraphs))
    assert not any("|" in text for text in (rule.says, rule.rounding, *rule.paragraphs))


def test_the_page_says_what_the_table_says() -> None:
    told = {name: tuple(words) for name, *words in ROW.findall(PAGE.read_text(encoding="utf-8"))}

    assert told == {
        name: (rule.says, rule.rounding, "; ".join(rule.paragraphs)) for name, rule in RULES.items()
    }
