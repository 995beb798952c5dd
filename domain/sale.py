"""What is sold of one item from which day on, and the facts that say so: its price and quantity.

Two changes on one day leave one: the later in order. Where seconds count each counts from its own
instant. A change that waits for the end of a billing period counts from there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from domain.cycle import Point as Moment
from domain.decimals import plain
from domain.facts import causes_of
from domain.subscription import Item, ItemChange, Refund

# A price and a quantity; and a day from which they are sold, with the facts it rests on.
Sold = tuple[str, Decimal]
# What follows is put into words for each stretch, and contracts sell much the same.
REMEMBERED_WORDS = 4_096
# Where seconds count, what says no instant counts from the beginning of its day.
MIDNIGHT = datetime.min.replace(tzinfo=UTC)
# A day, and where seconds count the instant on it.
Since = tuple[date, datetime | None]
since_of: Callable[[Said | Point], Since] = attrgetter("day", "at")


class Said(NamedTuple):
    """What one fact says of one item; nothing is sold before the term begins.

    `moment` is when the change is made, `day` when it counts, and where seconds count `at` too;
    `also` are the facts without which it would count from another day.
    """

    day: date
    by: int
    measured: date
    change: Item | ItemChange
    moment: Moment
    also: tuple[int, ...] = ()
    at: datetime | None = None


class Point(NamedTuple):
    """From a day on this is sold, or nothing any more, and why; `moment` is when it was changed.

    `sold_from`: since when the item is sold at all. `refund`: of an item that is removed.
    """

    day: date
    sold: Sold | None
    causes: tuple[int, ...]
    moment: Moment
    sold_from: date
    also: tuple[int, ...] = ()
    refund: Refund = "prorated"
    at: datetime | None = None


class _Setting(Struct):
    """An item's attributes as they stand on a day, each with the fact that set it."""

    price: str = ""
    quantity: Decimal = Decimal(1)
    present: bool = False
    price_by: int = 0
    quantity_by: int = 0
    present_by: int = 0
    refund: Refund = "prorated"

    def take(self, said: Said) -> None:
        change, by = said.change, said.by
        if change.price is not None:
            self.price, self.price_by = change.price, by
        if change.quantity is not None:
            self.quantity, self.quantity_by = change.quantity, by
        removed = isinstance(change, ItemChange) and change.removed
        if removed or not self.present:
            self.present, self.present_by = not removed, by
            if isinstance(change, ItemChange):
                self.refund = change.refund

    def sold(self) -> Sold | None:
        return (self.price, self.quantity) if self.present and self.price else None

    def causes(self) -> tuple[int, ...]:
        sold = {self.price_by, self.quantity_by} if self.present else set()
        return tuple(sorted({*sold, self.present_by} - {0}))


def beyond(
    start: int, said: Sequence[Said], causes: tuple[int, ...], point: Point
) -> tuple[int, ...]:
    """What must be known beside what is sold for it to end on that day as it does."""
    more = tuple(cause for cause in point.causes if cause != start and cause not in causes)
    if more[1:]:
        rest = [one for one in said if one.by in {start, *causes, *more}]
        for cause in more:
            fewer = [one for one in rest if one.by != cause]
            if _changes_to(fewer, since_of(point), point.sold):
                rest = fewer
                more = tuple(one for one in more if one != cause)
    return causes_of(more, point.also)


@lru_cache(maxsize=REMEMBERED_WORDS)
def in_words(sold: Sold | None) -> str:
    return f"then {plain(sold[1])} of {sold[0]}" if sold else "then no more"


def points_of(start: int, said: Sequence[Said]) -> list[Point]:
    """Days, or instants, on which what is sold changes, with what is sold from then on and why."""
    if len(said) == 1:
        return _only_point(said[0])
    setting = _Setting()
    points: list[Point] = []
    places: dict[int, list[int]] = {}
    for place, one in enumerate(said):
        places.setdefault(one.by, []).append(place)
    sold: Sold | None = None
    causes: tuple[int, ...] = ()
    taken = 0
    for since, group in groupby(said, key=since_of):
        for one in group:
            setting.take(one)
            taken += 1
        if setting.sold() == sold:
            continue
        sold = setting.sold()
        resting = causes_of(setting.causes(), causes)
        mine = sorted([place for by in {start, *resting} for place in places.get(by, ())])
        rest = [said[place] for place in mine]
        if len(rest) < taken and not _changes_to(rest, since, sold):
            # What was taken out before it was ever sold is why it is sold only now.
            rest = [one for one in said if since_of(one) <= since]
            resting = tuple(sorted({one.by for one in rest}))
        causes = _needed(start, rest, since, sold, resting)
        goes_on = bool(points) and points[-1].sold is not None
        day, at = since
        sold_from = points[-1].sold_from if goes_on else day
        also = causes_of(*[one.also for one in rest if one.also and one.by in causes])
        moment = said[taken - 1].moment
        points.append(Point(day, sold, causes, moment, sold_from, also, setting.refund, at))
    return points


def _only_point(said: Said) -> list[Point]:
    """Most items are sold once and never changed."""
    setting = _Setting()
    setting.take(said)
    sold = setting.sold()
    if sold is None:
        return []
    day, by = said.day, (said.by,)
    return [Point(day, sold, by, said.moment, day, said.also, setting.refund, said.at)]


def _needed(
    start: int,
    said: Sequence[Said],
    since: Since,
    sold: Sold | None,
    causes: tuple[int, ...],
) -> tuple[int, ...]:
    """The fewest facts with which the same is sold from the same day on.

    What was agreed last is left out first: agreed late, it would change how all is measured. What
    is needed only because of another that goes is tried again.
    """
    then = {one.by for one in said if since_of(one) == since}
    # What alone changes anything then is needed, whatever else goes.
    fixed = {start, *then} if len(then) == 1 else {start}
    agreed = {one.by: one.measured for one in said}
    spare = [cause for cause in causes if cause not in fixed]
    turn = sorted(spare, key=lambda cause: (agreed[cause], -cause), reverse=True)
    for _ in range(2):
        tried = [cause for cause in turn if cause in causes]
        for cause in tried:
            fewer = [one for one in said if one.by != cause]
            if _changes_to(fewer, since, sold):
                causes = tuple(position for position in causes if position != cause)
                said = fewer
        if all(cause in causes for cause in tried):
            break
    return causes


def _changes_to(said: Sequence[Said], since: Since, sold: Sold | None) -> bool:
    """Whether the same is sold from then on, and not before."""
    before = bisect_left(said, since, key=since_of)
    after = bisect_right(said, since, before, key=since_of)
    if before == after:
        return False
    setting = _Setting()
    for one in said[:before]:
        setting.take(one)
    if setting.sold() == sold:
        return False
    for one in said[before:after]:
        setting.take(one)
    return setting.sold() == sold
