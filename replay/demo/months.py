"""The demo's story, told to a ledger by public commands: months of trade, then a late truth.

Each month: deals and changes as they are signed, invoices on the first, credit notes, the bank's
file, usage from three collectors, a posting run, reminders, a close with its seal. A quarter after
a month was sealed comes what nobody had keyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.usage import UsageRow
from replay.billing.run import Wanted
from replay.demo import collecting, deals, late, opening, usage
from replay.demo.company import ACTOR, BOOK, COUNTRIES, GROUP, Chance, Country, Size, month_of
from replay.demo.customers import company
from replay.demo.late import Late
from replay.demo.saying import DESK_DAYS
from replay.demo.story import Moment, Story, send
from replay.demo.usage import GATEWAY, METERING, TILL
from replay.ledger import Ledger
from store.cloud_event import CloudEvent
from store.request import Receipt

QUARTER = 3
# Chance of its own for each name, so that the countries' stories do not depend on each other.
Chances = Callable[[str], Chance]


class Part(Struct, frozen=True, kw_only=True):
    """One country's story: what it put in, by which rules its money was matched, what its bank's
    entries were beside that, and what came late there.
    """

    entity: str
    currency: str
    events: int
    invoices: int
    payments: int
    credits: int
    rules: dict[str, int]
    given_back: dict[str, int]
    late: Late | None


class Played(Struct, frozen=True, kw_only=True):
    """What the story put in, and where it ended."""

    parts: tuple[Part, ...]
    through: date
    closed: tuple[str, ...]
    late: Late

    @property
    def entities(self) -> tuple[str, ...]:
        return tuple(part.entity for part in self.parts)


def play(ledger: Ledger, moment: Moment, size: Size, chances: Chances, folder: Path) -> Played:
    """The whole story on an empty ledger, one country after the other; files go to the folder."""
    open_group(ledger)
    parts = [play_country(ledger, moment, size, chances, country, folder) for country in COUNTRIES]
    return gather(size, parts)


def open_group(ledger: Ledger) -> None:
    """The group's log, from which every country adopts."""
    send(ledger, GROUP, opening.of_group())


def play_country(
    ledger: Ledger,
    moment: Moment,
    size: Size,
    chances: Chances,
    country: Country,
    folder: Path,
) -> Part:
    """One country's months; what is late comes to the first of them."""
    moment.restart()
    story = Story(
        ledger, moment, company(size, chances("company")), country, chances(country.entity), folder
    )
    _open(story)
    seen = max(0, size.months - QUARTER - 1)
    for number in range(size.months):
        first, last = month_of(number)
        _month(story, first, last, keep=number == seen)
    moment.move_to(month_of(size.months)[0] + timedelta(days=14))
    known = None
    if country is COUNTRIES[0]:
        known = late.truth(story, *month_of(seen))
        late.loose_ends(story)
    collecting.post_and_remind(story, moment.at.date())
    return Part(
        entity=country.entity,
        currency=country.currency,
        rules=dict(story.rules),
        given_back=dict(story.given_back),
        late=known,
        **story.counts,
    )


def gather(size: Size, parts: Iterable[Part]) -> Played:
    """The parts as one, in the order of the countries."""
    told = tuple(parts)
    (known,) = (part.late for part in told if part.late is not None)
    return Played(
        parts=told,
        through=month_of(size.months)[1],
        closed=tuple(f"{month_of(number)[0]:%Y-%m}" for number in range(size.months)),
        late=known,
    )


def _open(story: Story) -> None:
    story.introduce()
    story.send(opening.of_country(story.country, story.whole.size, story.parties))
    for outcome in story.ledger.adopt(story.entity, GROUP, actor=ACTOR):
        if not isinstance(outcome, Receipt):
            raise outcome


def _month(story: Story, first: date, last: date, *, keep: bool) -> None:
    """Desk day by desk day, then the month's end."""
    for number in DESK_DAYS:
        today = first.replace(day=number)
        story.moment.move_to(today)
        story.say(act for act in story.acts if act.told == today)
        if today == first:
            story.billed(story.ledger.bill(story.entity, today, actor=ACTOR).documents, today)
    _at_the_till(story, first, first.replace(day=DESK_DAYS[-1]))
    story.moment.move_to(last)
    story.credited(last)
    collecting.banked(story, last)
    story.moment.move_to(last + ONE_DAY)
    story.send(deals.rates(story.country, first, last))
    _collected(story, first, last, keep=keep)
    collecting.post_and_remind(story, last)
    story.ledger.close_period(story.entity, BOOK, f"{first:%Y-%m}", actor=ACTOR)


def _at_the_till(story: Story, first: date, today: date) -> None:
    """What was paid so far; who passed a level of spend is billed before the month is over."""
    rows = [*_rows(story, TILL, first, today - ONE_DAY)]
    if not rows:
        return
    story.take(TILL, rows, f"payments until {today - ONE_DAY}")
    names = tuple(sorted({row.subscription for row in rows}))
    wanted = Wanted(entity=story.entity, through=today, subscriptions=names, only_levels=True)
    for part in story.ledger.billing(wanted, actor=ACTOR):
        story.billed(part.documents, today)


def _collected(story: Story, first: date, last: date, *, keep: bool) -> None:
    month = f"{first:%Y-%m}"
    counted = [*_rows(story, METERING, first, last)]
    told = [*_rows(story, GATEWAY, first, last)]
    if keep:
        story.kept = [*counted, *told]
    story.take(METERING, counted, f"usage of {month}")
    since = first.replace(day=DESK_DAYS[-1])
    story.take(TILL, _rows(story, TILL, since, last), f"payments since {since}")
    story.take(GATEWAY, map(_event, told), f"messages of {month}, as CloudEvents")


def _rows(story: Story, source: str, first: date, last: date) -> Iterator[UsageRow]:
    return usage.of_month(story.whole, story.country, source, first, last, story.chance)


def _event(row: UsageRow) -> CloudEvent:
    return CloudEvent(usage.as_cloud_event(row), GATEWAY)
