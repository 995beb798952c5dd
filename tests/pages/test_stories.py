"""Each page that tells what comes of a fact or a price plays its story, and refuses as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.page import REFERENCE, sections, stories, wrong
from tests.pages.told import refusals_of
from tests.test_problems import raised, rows

PAGES = sorted(
    path
    for folder in ("invoices", "lifecycle", "price-terms")
    for path in (REFERENCE / folder).glob("*.md")
    if path.stem != "index"
)
NAMES = [f"{path.parent.name}/{path.stem}" for path in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_story_of_a_page_comes_out(page: Path) -> None:
    told = stories(page)

    assert told
    assert [found for story in told for found in wrong(story)] == []
    assert all(any(step.rows for step in story) for story in told)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_a_page_says_is_refused_is_a_problem_that_is_raised(page: Path) -> None:
    codes = {code for code, _ in refusals_of(page)}

    # A page without a table of its own says whose refusals are meant.
    assert codes or "](" in dict(sections(page))["Refused"]
    assert codes <= {row["code"] for row in rows()}
    assert codes <= {code for package in ("domain", "store") for _, code in raised(package)}
