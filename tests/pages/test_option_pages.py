"""Pages of billing options are whole and true: every value is worked on the same facts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from msgspec import structs

from domain.billing_options import MEASURED_EXACTLY, BillingOptions
from domain.cycle import DayCount
from domain.profiles import PROFILES
from tests.pages.page import REFERENCE, Choice, Row, sections, stories, wrong
from tests.test_reference import words_of

OPTIONS = REFERENCE / "billing-options"
INDEX = OPTIONS / "index.md"
FIELDS = {field.name: field for field in structs.fields(BillingOptions)}
PAGES = sorted(path for path in OPTIONS.glob("*.md") if path.stem not in {"index", "profiles"})
NAMES = [path.stem for path in PAGES]
ROW = re.compile(
    r"^\| \[`(?P<name>\w+)`\]\((?P<page>[\w-]+)\.md\) "
    r"\| (?P<values>.+) \| `(?P<default>[\w-]+)` \|",
    re.MULTILINE,
)
VALUE = re.compile(r"^- `(?P<value>[\w-]+)`: (?P<text>(?:.+\n)(?:  .+\n)*)", re.MULTILINE)
PROFILE = re.compile(r"^\| `(?P<name>\w+)` \| (?P<elects>[^|]+) \| [^|]+ \|$", re.MULTILINE)


def option_of(page: Path) -> str:
    return page.stem.replace("-", "_")


def values_of(page: Path) -> dict[str, str]:
    said = dict(sections(page))["Values"]
    return {found["value"]: found["text"] for found in VALUE.finditer(said)}


def test_every_billing_option_has_a_page_and_no_other_has() -> None:
    told = {found["name"]: found for found in ROW.finditer(INDEX.read_text(encoding="utf-8"))}

    assert {name: found["default"] for name, found in told.items()} == {
        name: field.default or "null" for name, field in FIELDS.items()
    }
    assert {found["page"] for found in told.values()} | {"proration"} == {*NAMES}
    for name, found in told.items():
        assert found["page"] == name.replace("_", "-")
        if words := [*words_of(FIELDS[name].type)]:
            assert re.findall("`([^`]+)`", found["values"]) == words


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_tells_every_value_and_who_would_want_it(page: Path) -> None:
    option, told = option_of(page), values_of(page)
    kind = DayCount if option == "proration" else FIELDS[option].type
    words = [*(get_args(kind) if option == "proration" else words_of(kind))]
    default = "day" if option == "proration" else FIELDS[option].default or "null"

    assert [*told] == words if words else ("null" in told and len(told) > 1)
    assert [value for value, text in told.items() if "default" in text] == [default]
    assert [value for value, text in told.items() if not re.search("want", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_same_facts_come_out_under_every_value(page: Path) -> None:
    for value in values_of(page):
        choice = Choice(option_of(page), value)
        assert [found for story in stories(page) for found in wrong(story, choice)] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_value_makes_a_difference_on_its_page(page: Path) -> None:
    rows = [row for story in stories(page) for step in story for row in step.rows]
    told = {row[option_of(page)] for row in rows if option_of(page) in row}

    assert told == {*values_of(page)}


def test_every_profile_is_told_with_what_it_elects() -> None:
    page = (OPTIONS / "profiles.md").read_text(encoding="utf-8")
    told = {
        found["name"]: dict(re.findall(r"`(\w+): ([\w-]+)`", found["elects"]))
        for found in PROFILE.finditer(page)
    }
    defaults = structs.asdict(MEASURED_EXACTLY)

    assert told == {
        name: {
            option: str(value)
            for option, value in structs.asdict(options).items()
            if value != defaults[option]
        }
        for name, options in PROFILES.items()
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_facts_come_out_under_every_profile(profile: str) -> None:
    told = stories(OPTIONS / "profiles.md")

    assert [found for story in told for found in wrong(story, Choice("profile", profile))] == []


def test_a_figure_of_another_value_is_seen() -> None:
    (story,) = stories(OPTIONS / "cancellation-day.md")
    other = {"served": "not-served", "not-served": "served"}
    swapped = [
        step._replace(rows=tuple(told_of(row, other) for row in step.rows)) for step in story
    ]

    assert [*wrong(story, Choice("cancellation_day", "served"))] == []
    assert [*wrong(swapped, Choice("cancellation_day", "served"))] != []


def told_of(row: Row, other: dict[str, str]) -> Row:
    """The row, as if it were of the other value."""
    value = row.get("cancellation_day")
    return row if value is None else row | {"cancellation_day": other[value]}
