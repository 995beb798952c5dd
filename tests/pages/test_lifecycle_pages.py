"""Pages of a subscription's life are whole and true: each event has one, its story comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.facts import Retracted
from domain.party import CustomerAmended, CustomerRegistered
from domain.price import PriceSet
from domain.subscription import DECIDER, Item, ItemChange
from tests.pages.page import COMMAND, OPENING, sections, stories, wrong
from tests.pages.told import COMMANDS, defaults, facts_of, fields_of, text_of
from tests.test_reference import ASKED, TAGS, tag_of

PAGES = sorted(path for path in OPENING.parent.glob("*.md") if path != OPENING)
NAMES = [path.stem for path in PAGES]
# What a life is told in: the facts of its stream, its customer's, and its prices'.
EVENTS = {tag_of(event) for event in (*DECIDER.events, CustomerRegistered, CustomerAmended)}


def test_every_event_of_a_life_has_a_page_and_no_other_has() -> None:
    told = {tag for page in PAGES for tag in facts_of(page)}

    assert told == EVENTS | {tag_of(PriceSet)}
    assert [page.stem for page in PAGES if not facts_of(page) and page.stem != "correction"] == []


def test_the_index_names_every_page() -> None:
    index = text_of(OPENING)

    assert [name for name in NAMES if f"]({name}.md) |" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_says_what_the_event_means_who_says_it_and_what_follows(page: Path) -> None:
    titles = [title for title, _ in sections(page)]
    (happens,) = [text for title, text in sections(page) if title == "What happens"]

    assert "\n**Who says it.** " in text_of(page)
    assert titles[0] == COMMAND
    assert titles[-1] == "Refused"
    assert [word for word in ("harges", "nvoices", "evenue") if word not in happens] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_tells_fields_that_the_command_has(page: Path) -> None:
    asked = (ASKED[COMMANDS[tag]] for tag in facts_of(page) if tag in COMMANDS)
    known = defaults(*asked, Item, ItemChange)
    told = fields_of(page)

    assert {name: text for name, text in told.items() if text not in known.get(name, ())} == {}


@pytest.mark.parametrize(
    "tag", sorted(EVENTS - {tag_of(Retracted), "customer-registered", "customer-amended"})
)
def test_every_field_of_a_command_is_told_on_some_page_of_its_fact(tag: str) -> None:
    told = {name for page in PAGES if tag in facts_of(page) for name in fields_of(page)}

    assert sorted(defaults(ASKED[COMMANDS[tag]]).keys() - told) == []


def test_every_field_of_an_items_change_is_told() -> None:
    told = {name for page in PAGES for name in fields_of(page)}

    assert sorted(defaults(Item, ItemChange).keys() - told) == []


def test_a_wrong_figure_of_a_story_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "start.md"
    page.write_text(text_of(OPENING.parent / "start.md").replace("| 17.00 |", "| 17.01 |"))

    assert [found for story in stories(page) for found in wrong(story)] != []


def test_a_fact_kind_is_told_by_the_name_it_is_stored_under() -> None:
    assert TAGS.keys() >= EVENTS
