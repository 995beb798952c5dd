"""The page of policy options is true: each option is worked on the same facts under every value."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec import structs

from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined
from domain.facts import Event, When
from domain.policy import Options, PolicyAdopted
from store import log
from tests.laws import memory
from tests.pages.page import EXAMPLE, REFERENCE, Choice, Step, opening, said, sections, steps, wrong
from tests.pages.story import BOOK, ENTITY, Story
from tests.test_reference import words_of

PAGE = REFERENCE / "policy.md"
WORDS = {field.name: [*words_of(field.type)] for field in structs.fields(Options)}
# What is a name or a number has no list of values.
VALUES = {option: values for option, values in WORDS.items() if values}
EXAMPLES = {
    title.split("`")[1]: [*steps(text)]
    for title, text in sections(PAGE)
    if title.startswith(EXAMPLE)
}
CLOSED, RUN = "closed_period_date", datetime(2024, 2, 10, 12, tzinfo=UTC)


def test_every_option_is_worked_under_every_value() -> None:
    told = {
        option: {row[option] for step in story for row in step.rows if option in row}
        for option, story in EXAMPLES.items()
    }

    assert told == {option: {*values} for option, values in VALUES.items()}


@pytest.mark.parametrize("option", [option for option in VALUES if option != CLOSED])
def test_the_same_facts_come_out_under_every_value(option: str) -> None:
    for value in VALUES[option]:
        assert [*wrong(EXAMPLES[option], Choice(option, value))] == []


@pytest.mark.parametrize("value", VALUES[CLOSED])
def test_what_belongs_to_a_closed_period_is_dated_as_told(value: str) -> None:
    sale, calls, table = EXAMPLES[CLOSED]
    story = late_in_january(sale, calls, Options(**{CLOSED: value}))
    [entry] = story.books.settlements[-1].entries
    found = [
        {
            CLOSED: value,
            "booked": entry.booked,
            "earned": f"{line.slot.earned:%Y-%m}",
            "dated": str(line.accounting_date),
            "revenue": f"{-line.minor / 100:.2f}",
        }
        for line in entry.lines
        if line.slot.account == "revenue"
    ]

    assert found == [row for row in table.rows if row[CLOSED] == value]


def late_in_january(sale: Step, calls: Step, options: Options) -> Story:
    """What is used comes when January is closed, and is posted on 10 February."""
    story = Story()
    assert [*said(story, [*opening(), sale])] == []
    when = When(effective=date(2024, 1, 1))
    periods = months(date(2024, 1, 1), 12)
    take(story, "entity:self", CalendarDefined(when=when, periods=periods))
    take(story, f"book:{BOOK}", BookOpened(when=when, name=BOOK))
    take(story, f"policy:{BOOK}", PolicyAdopted(when=when, options=options))
    take(story, "run:self", run(date(2024, 1, 31)))
    take(story, f"book:{BOOK}", PeriodClosed(when=when, period="2024-01"))
    assert [*said(story, [calls])] == []
    take(story, "run:self", run(date(2024, 2, 10)))
    return story


def run(through: date) -> PostingRun:
    return PostingRun(when=When(effective=through), through=through)


def take(story: Story, stream: str, event: Event) -> None:
    version = story.books.versions.get(stream, 0) + 1
    draft = log.Draft(
        stream=stream, event=event, recorded_at=RUN, command_id=f"{stream}-{version}", actor="ann"
    )
    fact = log.fact(ENTITY, len(story.books.facts) + 1, version, draft)
    memory.take(story.books, fact)
