"""A subscription as sold: stretches of time in which an item's price and quantity stand still.

Each stretch knows the facts it rests on: what started it, what covers it, what set its price and
quantity, and what cut it short. Two amendments on one day leave one stretch: the later in order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.schedule import causes_of
from domain.decimals import plain
from domain.facts import Fact
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)

# A price and a quantity; and a day from which they are sold, with the facts it rests on.
Sold = tuple[str, Decimal]
Point = tuple[date, Sold | None, tuple[int, ...]]
# What follows is put into words for each stretch, and contracts sell much the same.
REMEMBERED_WORDS = 4_096
_SAYS_ITEMS = (SubscriptionStarted, SubscriptionAmended, SubscriptionRenewed)
_day, _end = attrgetter("day"), attrgetter("end")


class Cover(Struct, frozen=True):
    """Days in term, half-open, and the facts that say so. `renewed` is a renewal's first day."""

    start: date
    end: date
    causes: tuple[int, ...]
    renewed: date | None = None


class Stretch(Struct, frozen=True, kw_only=True):
    """One item at one price and quantity over [start, end), sold like that since `since`.

    `cut` is what ended it early and `then` says in words what follows.
    """

    item: str
    start: date
    end: date
    since: date
    price: str
    quantity: Decimal
    causes: tuple[int, ...]
    cut: tuple[int, ...] = ()
    then: str = ""
    renewed: date | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """The folded subscription. `cover` is in order, without overlap.

    Usage of a customer nobody registered waits; what is stated of the deal itself does not.
    """

    started: SubscriptionStarted
    started_at: int
    cover: tuple[Cover, ...]
    stretches: tuple[Stretch, ...]
    cancelled: tuple[int, date, str] | None = None
    customer_is_known: bool = False

    def covering(self, day: date) -> Cover | None:
        place = bisect_right(self.cover, day, key=_end)
        reached = place < len(self.cover) and self.cover[place].start <= day
        return self.cover[place] if reached else None


class _Said(NamedTuple):
    """What one fact says of one item; nothing is sold before the term begins."""

    day: date
    by: int
    measured: date
    change: Item | ItemChange


class _Setting(Struct):
    """An item's attributes as they stand on a day, each with the fact that set it."""

    price: str = ""
    quantity: Decimal = Decimal(1)
    present: bool = False
    price_by: int = 0
    quantity_by: int = 0
    present_by: int = 0

    def take(self, said: _Said) -> None:
        change, by = said.change, said.by
        if change.price is not None:
            self.price, self.price_by = change.price, by
        if change.quantity is not None:
            self.quantity, self.quantity_by = change.quantity, by
        removed = isinstance(change, ItemChange) and change.removed
        if removed or not self.present:
            self.present, self.present_by = not removed, by

    def sold(self) -> Sold | None:
        return (self.price, self.quantity) if self.present and self.price else None

    def causes(self) -> tuple[int, ...]:
        sold = {self.price_by, self.quantity_by} if self.present else set()
        return tuple(sorted({*sold, self.present_by} - {0}))


def terms(facts: Sequence[Fact], customers: Container[str] = ()) -> Terms | None:
    """Fold one subscription's facts (known, in effective order); none before it is started.

    `customers` are those that are registered.
    """
    start = next((fact for fact in facts if isinstance(fact.event, SubscriptionStarted)), None)
    if start is None:
        return None
    assert isinstance(start.event, SubscriptionStarted)
    ended = _cancellation(facts)
    cover = _cover(start, facts, ended)
    return Terms(
        started=start.event,
        started_at=start.position,
        cover=cover,
        stretches=tuple(
            stretch
            for item, said in sorted(_by_item(facts, start.event.term_from).items())
            for stretch in _stretches(item, start.position, said, cover, ended)
        ),
        cancelled=ended,
        customer_is_known=start.event.customer in customers,
    )


def _cancellation(facts: Sequence[Fact]) -> tuple[int, date, str] | None:
    """The earliest cancellation in effective order ends the service."""
    for fact in facts:
        if isinstance(fact.event, SubscriptionCancelled):
            return fact.position, fact.when.effective, fact.event.refund
    return None


def _cover(
    start: Fact, facts: Sequence[Fact], ended: tuple[int, date, str] | None
) -> tuple[Cover, ...]:
    assert isinstance(start.event, SubscriptionStarted)
    rows = [Cover(start.event.term_from, start.event.term_to, (start.position,))]
    ends_by = start.position
    for fact in facts:
        if isinstance(fact.event, SubscriptionRenewed):
            begin = max(fact.when.effective, rows[-1].end)
            if fact.event.term_to > begin:
                overlaps = (ends_by,) if begin > fact.when.effective else ()
                causes = causes_of((start.position,), (fact.position,), overlaps)
                rows.append(Cover(begin, fact.event.term_to, causes, begin))
                ends_by = fact.position
    if ended is None:
        return tuple(rows)
    return tuple(
        structs.replace(row, end=min(row.end, ended[1])) for row in rows if row.start < ended[1]
    )


def _by_item(facts: Sequence[Fact], term_from: date) -> dict[str, list[_Said]]:
    """What each fact says of each item it names, in effective order."""
    found: dict[str, list[_Said]] = {}
    for fact in facts:
        if changes := _changes(fact):
            when = fact.when
            day, measured = max(when.effective, term_from), when.measured
            for change in changes:
                said = _Said(day, fact.position, measured, change)
                found.setdefault(change.item, []).append(said)
    return found


def _changes(fact: Fact) -> tuple[Item | ItemChange, ...]:
    event = fact.event
    if isinstance(event, _SAYS_ITEMS):
        return event.items
    return ()


def _stretches(
    item: str,
    start: int,
    said: Sequence[_Said],
    cover: tuple[Cover, ...],
    ended: tuple[int, date, str] | None,
) -> Iterator[Stretch]:
    points = [*_points(start, said), (date.max, None, ())]
    for (begin, sold, causes), after in pairwise(points):
        if sold is None:
            continue
        end, following, _ = after
        ending = _beyond(start, said, causes, after)
        for row in cover[bisect_right(cover, begin, key=_end) :]:
            since, until = max(begin, row.start), min(end, row.end)
            if since >= until:
                continue
            cut, then = (ending, _in_words(following)) if end <= row.end else ((), "")
            if ended is not None and until == ended[1]:
                cut, then = causes_of(cut, (ended[0],)), f"{then} cancelled".strip()
            yield Stretch(
                item=item,
                start=since,
                end=until,
                since=begin,
                price=sold[0],
                quantity=sold[1],
                causes=causes_of(causes, row.causes),
                cut=cut,
                then=then,
                renewed=row.renewed,
            )
            if until == end:
                break


def _beyond(
    start: int, said: Sequence[_Said], causes: tuple[int, ...], point: Point
) -> tuple[int, ...]:
    """What must be known beside what is sold for it to end on that day as it does."""
    more = tuple(cause for cause in point[2] if cause != start and cause not in causes)
    if not more[1:]:
        return more
    rest = [one for one in said if one.by in {start, *causes, *more}]
    for cause in more:
        fewer = [one for one in rest if one.by != cause]
        if _changes_to(fewer, point):
            rest = fewer
            more = tuple(one for one in more if one != cause)
    return more


@lru_cache(maxsize=REMEMBERED_WORDS)
def _in_words(sold: Sold | None) -> str:
    return f"then {plain(sold[1])} of {sold[0]}" if sold else "then no more"


def _points(start: int, said: Sequence[_Said]) -> list[Point]:
    """Days on which what is sold changes, with what is sold from then on and why."""
    setting = _Setting()
    points: list[Point] = []
    places: dict[int, list[int]] = {}
    for place, one in enumerate(said):
        places.setdefault(one.by, []).append(place)
    sold: Sold | None = None
    causes: tuple[int, ...] = ()
    taken = 0
    for day, group in groupby(said, key=_day):
        for one in group:
            setting.take(one)
            taken += 1
        if setting.sold() == sold:
            continue
        sold = setting.sold()
        resting = causes_of(setting.causes(), causes)
        mine = sorted([place for by in {start, *resting} for place in places.get(by, ())])
        rest = [said[place] for place in mine]
        if len(rest) < taken and not _changes_to(rest, (day, sold, resting)):
            # What was taken out before it was ever sold is why it is sold only now.
            rest = [one for one in said if one.day <= day]
            resting = tuple(sorted({one.by for one in rest}))
        causes = _needed(start, rest, (day, sold, resting))
        points.append((day, sold, causes))
    return points


def _needed(start: int, said: Sequence[_Said], point: Point) -> tuple[int, ...]:
    """The fewest facts with which the same is sold from the same day on.

    What was agreed last is left out first: agreed late, it would change how all is measured. What
    is needed only because of another that goes is tried again.
    """
    causes = point[2]
    if len(said) == 1:
        return causes
    on_the_day = {one.by for one in said if one.day == point[0]}
    # What alone changes anything that day is needed, whatever else goes.
    fixed = {start, *on_the_day} if len(on_the_day) == 1 else {start}
    agreed = {one.by: one.measured for one in said}
    spare = [cause for cause in causes if cause not in fixed]
    turn = sorted(spare, key=lambda cause: (agreed[cause], -cause), reverse=True)
    for _ in range(2):
        tried = [cause for cause in turn if cause in causes]
        for cause in tried:
            fewer = [one for one in said if one.by != cause]
            if _changes_to(fewer, point):
                causes = tuple(position for position in causes if position != cause)
                said = fewer
        if all(cause in causes for cause in tried):
            break
    return causes


def _changes_to(said: Sequence[_Said], point: Point) -> bool:
    """Whether the same is sold from that day on, and not before."""
    day, sold, _ = point
    before = bisect_left(said, day, key=_day)
    since = bisect_right(said, day, before, key=_day)
    if before == since:
        return False
    setting = _Setting()
    for one in said[:before]:
        setting.take(one)
    if setting.sold() == sold:
        return False
    for one in said[before:since]:
        setting.take(one)
    return setting.sold() == sold


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
        named = {c.item: c.price for c in _changes(fact) if c.price}
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
