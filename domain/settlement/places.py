"""Where an account's amounts stand, and what they cost there, in functional currency.

What goes out of a place takes its cost along in proportion, its last part whole. What it is worth
beyond that is realised; what is open at the end of a period is told by the rate of its last day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from msgspec import Struct, field

from domain.accounting.exchange import Market, Quote, difference
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text, rounded

ADVANCED = "contract-liability"
# An advance on a contract is no debt of money (IAS 21.16), and what is given up is none either.
NO_MONEY = frozenset({ADVANCED, "bad-debt"})


class Move(NamedTuple):
    """What moved in a place, and the flow that says why, if one does. `is_timed`: it moves once
    time has come to its day, and not with a document.
    """

    day: date
    what: str
    minor: int
    worth: int
    flow: Flow | None = None
    quote: Quote | None = None
    is_timed: bool = False

    @property
    def on(self) -> date | None:
        return None if self.is_timed else self.day


class Place(Struct):
    """Where an amount stands: an invoice's receivable, a payment's liability; debits positive. What
    stands in it for no one document has no name.

    `over` is what it is worth beyond its cost since the last end of a period.
    """

    account: str
    name: str
    minor: int = 0
    cost: int = 0
    over: int = 0
    causes: tuple[int, ...] = ()
    events: list[Move] = field(default_factory=list)

    def share(self, minor: int) -> int:
        """What an amount of what stands costs; the last part takes what is left."""
        return part_of(self.cost, minor, self.minor)

    def has(self, minor: int) -> bool:
        """Whether so much stands."""
        return self.minor * minor > 0 and abs(minor) <= abs(self.minor)

    def note(self, event: Move, *causes: tuple[int, ...]) -> None:
        self.events.append(event)
        own = event.flow.causes if event.flow else ()
        self.causes = causes_of(self.causes, own, *causes)


class Taken(Struct):
    """What a match took along: an amount, what it was worth, what it had cost on either side."""

    minor: int = 0
    worth: int = 0
    source: int = 0
    target: int = 0

    def take(self, minor: int, worth: int, costs: Sequence[int]) -> None:
        self.minor += minor
        self.worth += worth
        self.source += costs[0]
        self.target += costs[1]

    def give(self, minor: int) -> tuple[int, tuple[int, int]]:
        """What an amount that comes back had taken; it is negative, as the amount then is."""
        part = min(minor, self.minor)
        worth, source, target = (
            part_of(whole, part, self.minor) for whole in (self.worth, self.source, self.target)
        )
        self.take(-part, -worth, (-source, -target))
        return -worth, (source, target)


class Places(Struct, kw_only=True):
    """All places of an account, and what is gained or lost in them."""

    market: Market
    all: dict[tuple[str, str], Place] = field(default_factory=dict)
    differences: list[Flow] = field(default_factory=list)

    def at(self, account: str, name: str) -> Place:
        if (account, name) not in self.all:
            self.all[account, name] = Place(account, name)
        return self.all[account, name]

    @property
    def monetary(self) -> list[Place]:
        """What is a claim or a debt in money."""
        return [place for place in self.all.values() if place.account not in NO_MONEY]


def part_of(worth: int, part: int, whole: int) -> int:
    return worth if part == whole else rounded(Fraction(worth * part, whole))


def change(places: Places, place: Place, event: Move, *causes: tuple[int, ...]) -> int:
    """What goes out leaves at its cost, which is returned: what it is worth more is realised."""
    place.note(event, *causes)
    minor, worth, gone = event.minor, event.worth, 0
    if place.minor * minor < 0:
        part = minor if abs(minor) <= abs(place.minor) else -place.minor
        own = part_of(worth, part, minor)
        gone, over = place.share(-part), part_of(place.over, -part, place.minor)
        place.minor, place.cost, place.over = (
            place.minor + part,
            place.cost - gone,
            place.over - over,
        )
        _realise(places, place, event, -own - gone, over)
        minor, worth = minor - part, worth - own
    place.minor += minor
    place.cost += worth
    return gone


def give_back(places: Places, place: Place, event: Move, cost: int) -> None:
    """What comes back costs what it had cost before; what was realised on it is taken back. What it
    meets there of the other sign closes at its own cost, so that no cent stays.
    """
    place.note(event)
    if place.minor * event.minor < 0:
        met = event.minor if abs(event.minor) <= abs(place.minor) else -place.minor
        cost = part_of(cost, event.minor - met, event.minor) - place.share(-met)
    place.minor += event.minor
    place.cost += cost
    _realise(places, place, event, cost - event.worth, 0)


def _realise(places: Places, place: Place, event: Move, gained: int, over: int) -> None:
    """What is settled is realised, and what it had been told at before goes away with it."""
    for worth, is_realised in ((gained, True), (-over, False)):
        if worth:
            _differ(places, place, event.day, worth, on=event.on, is_realised=is_realised)


def revalue(places: Places, day: date) -> None:
    """What is open at the end of a period is told by the rate of its last day (IAS 21.23)."""
    for place in places.monetary:
        if place.minor:
            quote = places.market.on(day)
            over = quote.worth(place.minor) - place.cost
            event = Move(day, "open", 0, over - place.over, None, quote)
            place.note(event, quote.causes)
            if over != place.over:
                _differ(places, place, day, over - place.over, on=None, is_realised=False)
            place.over = over


def _differ(
    places: Places, place: Place, day: date, worth: int, *, on: date | None, is_realised: bool
) -> None:
    places.differences.append(
        difference(
            place.account,
            place.name or place.account,
            day,
            worth,
            place.causes,
            partial(story, place, len(place.events), places.market),
            document=place.name,
            on=on,
            is_realised=is_realised,
        )
    )


def story(place: Place, upto: int, market: Market, quote: Quote | None = None) -> Iterator[Step]:
    if quote is not None:
        yield Step(what="rate", value=quote.told)
    for event in place.events[:upto]:
        minor = decimal_text(event.minor, market.currency)
        worth = decimal_text(event.worth, market.into)
        by = f", {event.quote.told}" if event.quote else ""
        yield Step(
            what=f"{place.account} {place.name}".rstrip() + f": {event.what} on {event.day}",
            value=f"{minor} {market.currency}, {worth} {market.into}{by}",
        )
        if event.flow is not None:
            yield from event.flow.steps
