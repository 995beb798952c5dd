"""Pages of what surrounds a price's model are whole and true: each field is told, and played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.price import SetPrice
from tests.pages.page import REFERENCE, sections
from tests.pages.told import defaults
from tests.test_reference import documented

TERMS = REFERENCE / "price-terms"
INDEX = (TERMS / "index.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in TERMS.glob("*.md") if path.stem != "index")
NAMES = [path.stem for path in PAGES]
TOLD_IN = re.compile(
    r"^\| `(?P<field>\w+)` \| .+ \| \[.+\]\((?P<page>[\w./#-]+)\) \|$", re.MULTILINE
)


def test_every_field_of_a_price_is_told_somewhere() -> None:
    assert {found["field"] for found in TOLD_IN.finditer(INDEX)} == defaults(SetPrice).keys()


def test_a_field_is_told_on_the_page_that_the_index_names() -> None:
    told = {found["field"]: found["page"] for found in TOLD_IN.finditer(INDEX)}
    pages = {path.name: documented(dict(sections(path))["Fields"]) for path in PAGES}

    assert [field for field, page in told.items() if field not in pages.get(page, {field})] == []
    assert {*pages} >= {page for page in told.values() if "/" not in page}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_is_linked_and_says_who_would_want_it_and_what_follows(page: Path) -> None:
    assert f"]({page.name})" in INDEX
    assert "\n**Who would want it.** " in page.read_text(encoding="utf-8")
    (happens,) = [text for title, text in sections(page) if title == "What happens"]
    assert [word for word in ("Charges", "Invoices", "Revenue") if word not in happens] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_fields_have_the_defaults_told(page: Path) -> None:
    known = defaults(SetPrice)
    told = documented(dict(sections(page))["Fields"])

    assert {name for name, (default, _) in told.items() if default not in known[name]} == set()
