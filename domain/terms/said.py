"""What the facts of a subscription say of its items, in the order in which it counts.

A change may wait for the end of a billing period, which another fact may move; and each item has
the price that it was last given.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import NamedTuple

from msgspec import structs

from domain.billing_periods import BillingPeriods, anchor_changes, point_of, running
from domain.calendar import ONE_DAY
from domain.cover import NEVER, spans_agreed, terms_agreed
from domain.cycle import Every
from domain.cycle import Point as Moment
from domain.facts import Fact, causes_of
from domain.price import Prices, version_of
from domain.sale import MIDNIGHT, Said, since_of
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.zones import instant

_SAYS_ITEMS = (SubscriptionStarted, SubscriptionAmended, SubscriptionRenewed)
_day = attrgetter("day")


class Given(NamedTuple):
    """The price an item has from a day on, in term or not, and the fact that says so.

    None need say it where the start of the subscription does.
    """

    day: date
    price: str
    causes: tuple[int, ...]


NEVER_GIVEN = Given(date.min, "", ())


def prices_given(facts: Sequence[Fact]) -> dict[str, list[Given]]:
    """The prices each item was given, in effective order."""
    found: dict[str, list[Given]] = {}
    first: dict[str, str] = {}
    by: dict[str, int] = {}
    for fact in facts:
        named = {c.item: c.price for c in changes_of(fact) if c.price}
        if isinstance(fact.event, SubscriptionStarted):
            first = named
        for item, price in named.items():
            given = found.setdefault(item, [NEVER_GIVEN])
            if given[-1].price != price:
                by[item] = fact.position
            causes = () if price == first.get(item) else (by[item],)
            given.append(Given(fact.when.effective, price, causes))
    return found


def given_by(prices: dict[str, list[Given]], item: str, day: date) -> Given:
    """The price an item was last given by a day."""
    given = prices.get(item, [NEVER_GIVEN])
    return given[bisect_right(given, day, key=_day) - 1]


def changes_of(fact: Fact) -> tuple[Item | ItemChange, ...]:
    """What a fact says of items; nothing if it is another."""
    event = fact.event
    if isinstance(event, _SAYS_ITEMS):
        return event.items
    return ()


class Fold:
    """What all items of a subscription share while it is folded."""

    def __init__(self, start: Fact, facts: Sequence[Fact], prices: Prices, until: date) -> None:
        event = start.event
        assert isinstance(event, SubscriptionStarted)
        self.start, self.event, self.facts, self.prices = start, event, facts, prices
        self.agreed = terms_agreed(start, facts)
        last = self.agreed[-1].end
        reached = max(until, event.term_from) if last == NEVER else last
        self.periods = BillingPeriods(
            start=event.term_from,
            until=reached,
            anchor_day=event.anchor_day,
            alignment=event.alignment,
            terms=spans_agreed(event, self.agreed, reached),
            changes=anchor_changes(facts),
        )
        # The earliest cancellation in effective order ends the service.
        self.cancelled = next(
            (fact for fact in facts if isinstance(fact.event, SubscriptionCancelled)), None
        )

    def items(self) -> dict[str, list[Said]]:
        """What each fact says of each item it names, in the order in which it counts."""
        found: dict[str, list[Said]] = {}
        waits = False
        timed: set[str] = set()
        for fact in self.facts:
            event = fact.event
            if not isinstance(event, _SAYS_ITEMS):
                continue
            when = event.when
            day, at = when.effective, when.at
            if day < self.event.term_from:
                day, at = self.event.term_from, None
            moment, measured = point_of(fact), when.measured
            for change in event.items:
                own = found.setdefault(change.item, [])
                said = Said(day, fact.position, measured, change, moment, (), at)
                if isinstance(change, ItemChange) and change.timing == "period-end":
                    said = self._waiting(said, own)
                    waits = waits or said.day != day
                own.append(said)
                if said.at is not None:
                    timed.add(change.item)
        if waits:
            for own in found.values():
                own.sort(key=_day)
        ends_at = self.cancelled.when.at if self.cancelled else None
        for item in timed if ends_at is None else found:
            found[item] = self._by_instant(found[item])
        return found

    def _by_instant(self, own: Sequence[Said]) -> list[Said]:
        """In the order of their instants, where seconds count for a price the item ever has."""
        if not any(self.by_second(one.change.price) for one in own if one.change.price):
            return [one._replace(at=None) for one in own]
        return sorted((one._replace(at=self.on(one.day, one.at)) for one in own), key=since_of)

    def by_second(self, price: str) -> bool:
        """Whether seconds count for a price, in any version of it."""
        return any(one.price.proration == "second" for one in self.prices.get(price, ()))

    def on(self, day: date, at: datetime | None) -> datetime:
        """The instant on a day, from its beginning on in the subscription's zone."""
        begun = at is None or at <= instant(day, self.event.zone)
        return MIDNIGHT if begun or at is None else at

    def _waiting(self, said: Said, own: Sequence[Said]) -> Said:
        """The change from the end of the billing period of its item that runs on its day."""
        priced = [one for one in own if one.day <= said.day and one.change.price]
        priced.sort(key=_day)
        if not priced:
            return said
        day, also = self.running_end(priced[-1], said.day)
        # Another price at the same interval is no reason: what the start says is known anyway.
        if priced[0].by == self.start.position and priced[1:]:
            first, resting = self.running_end(priced[0], said.day)
            if first == day:
                return said._replace(day=day, also=resting, at=None)
        return said._replace(day=day, also=causes_of((priced[-1].by,), also), at=None)

    def running_end(self, sold: Said, day: date) -> tuple[date, tuple[int, ...]]:
        """The end of the billing period that runs on a day, and the anchor changes it rests on."""
        assert sold.change.price is not None
        return self.period_end(sold.change.price, sold.moment, sold.day, day)

    def period_end(
        self, price: str, moment: Moment, sold_from: date, day: date
    ) -> tuple[date, tuple[int, ...]]:
        """The end of the billing period of a price that runs on a day, and what it rests on."""
        version = version_of(price, day, self.prices)
        every = version.price.every if version else Every(months=1)
        far = structs.replace(self.periods, until=max(self.periods.until, day + ONE_DAY))
        period = running(far.of(every, moment, sold_from), day)
        if period is None:
            return day, ()
        changes = far.resting_on(every, moment, sold_from, period) if far.changes else ()
        return period.end, tuple(sorted(change.by for change in changes))
