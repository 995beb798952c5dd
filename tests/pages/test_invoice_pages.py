"""Pages of what stands on invoices are true: their stories come out, their fields are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from tests.pages.page import COMMAND, REFERENCE, sections
from tests.pages.told import COMMANDS, defaults, facts_of, fields_of
from tests.test_reference import ASKED

PAGES = sorted((REFERENCE / "invoices").glob("*.md"))
NAMES = [path.stem for path in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_says_who_says_it_and_what_follows(page: Path) -> None:
    titles = [title for title, _ in sections(page)]
    (happens,) = [text for title, text in sections(page) if title == "What happens"]

    assert facts_of(page)
    assert (titles[0], titles[-1]) == (COMMAND, "Refused")
    assert [word for word in ("harges", "nvoices", "evenue") if word not in happens] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_tells_the_fields_of_its_command_as_they_are(page: Path) -> None:
    kinds = [ASKED[COMMANDS[tag]] for tag in facts_of(page) if tag in COMMANDS]
    known, told = defaults(*kinds), fields_of(page)
    first = {field.name for field in structs.fields(kinds[0])} - {"when"}

    assert {name: text for name, text in told.items() if text not in known.get(name, ())} == {}
    assert first - told.keys() == set()
