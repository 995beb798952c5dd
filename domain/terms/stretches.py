"""The stretches in which an item is sold at one price and quantity, and where it ends.

Cut by its changes, by the term and what stops service in it, and by the end; each knows the facts
that cut it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from operator import attrgetter

from domain.calendar import ONE_DAY
from domain.cover import NEVER, Cover
from domain.facts import causes_of
from domain.price import PriceSet, version_of
from domain.sale import MIDNIGHT, Point, Said, Since, beyond, in_words, points_of, since_of
from domain.stretch import Ending, Stretch
from domain.subscription import SubscriptionCancelled
from domain.terms.said import Fold

_end = attrgetter("end")
_FIRST_OF_ALL = (date.min, 0)


def sale_of(
    item: str, said: Sequence[Said], cover: Sequence[Cover], fold: Fold
) -> tuple[list[Stretch], list[Ending]]:
    """The stretches of one item, and where it ends: by cancellation first, then by removals."""
    start = fold.start.position
    points = points_of(start, said)
    ended = _cancellation(item, points, fold)
    endings = [ended] if ended else []
    for before, after in pairwise(points):
        gone = before.sold is not None and after.sold is None
        if gone and (ended is None or since_of(after) < (ended.day, ended.at)):
            causes = causes_of(beyond(start, said, before.causes, after), after.causes)
            endings.append(Ending(item, after.day, causes, after.refund, after.at))
    return [*_stretches(item, said, points, cover, ended, fold)], endings


def _cancellation(item: str, points: Sequence[Point], fold: Fold) -> Ending | None:
    """When the cancellation ends an item, which depends on what its price says of that day."""
    fact = fold.cancelled
    if fact is None:
        return None
    event = fact.event
    assert isinstance(event, SubscriptionCancelled)
    day, causes = fact.when.effective, (fact.position,)
    midnight = MIDNIGHT if points and points[0].at is not None else None
    at = fold.on(day, fact.when.at) if midnight else None
    place = bisect_right(points, (day, at), key=since_of) - 1
    point = points[place] if place >= 0 else None
    if point is None or point.sold is None:
        return Ending(item, day, causes, event.refund, at)
    version = version_of(point.sold[0], day, fold.prices)
    if event.timing == "period-end":
        day, also = fold.period_end(point.sold[0], point.moment, point.sold_from, day)
        return Ending(item, day, causes_of(causes, also), event.refund, midnight)
    if version is not None and _serves_last_day(version.price):
        return Ending(item, day + ONE_DAY, causes, event.refund, midnight)
    return Ending(item, day, causes, event.refund, at)


def _serves_last_day(price: PriceSet) -> bool:
    """What is used on a day that is served is billed, too."""
    usage = price.meter is not None and price.options.usage_on_cancellation_day == "billed"
    return usage or price.options.cancellation_day == "served"


def _stretches(
    item: str,
    said: Sequence[Said],
    points: Sequence[Point],
    cover: Sequence[Cover],
    ended: Ending | None,
    fold: Fold,
) -> Iterator[Stretch]:
    midnight = MIDNIGHT if points and points[0].at is not None else None
    last = Point(NEVER, None, (), _FIRST_OF_ALL, NEVER, at=midnight)
    limit = (ended.day, ended.at) if ended else None
    edges = [((row.start, midnight), (row.end, midnight)) for row in cover]
    for point, after in pairwise([*points, last]):
        if point.sold is None:
            continue
        ending = beyond(fold.start.position, said, point.causes, after)
        begin, change = since_of(point), since_of(after)
        for place in range(bisect_right(cover, point.day, key=_end), len(cover)):
            row, (row_begin, row_end) = cover[place], edges[place]
            since, until = max(begin, row_begin), min(change, row_end)
            until = until if limit is None else min(until, limit)
            if since >= until or (since[0] == until[0] and not fold.by_second(point.sold[0])):
                continue
            cut: tuple[int, ...] = ()
            then, is_over = "", not _goes_on(cover, place)
            if until == change:
                cut, then = ending, in_words(after.sold)
                is_over = after.sold is None or after.sold[0] != point.sold[0]
            if row.stopped and until == row_end:
                cut, then = causes_of(cut, row.stopped), f"{then} stopped".strip()
            if ended is not None and until == limit:
                cut, then = causes_of(cut, ended.causes), f"{then} cancelled".strip()
                is_over = True
            goes_on = row.resumed if point.day < row.start else None
            resting = row.resting if goes_on else ()
            yield Stretch(
                item=item,
                start=since[0],
                end=until[0],
                since=max(point.day, goes_on or point.day),
                price=point.sold[0],
                quantity=point.sold[1],
                causes=causes_of(point.causes, point.also, row.causes, resting),
                moment=point.moment,
                sold_from=point.sold_from,
                cut=cut,
                again=row.again if until[0] == row.end else (),
                then=then,
                renewed=row.renewed,
                resumed=goes_on,
                starts_at=_on_its_day(since) if midnight else None,
                ends_at=_on_its_day(until) if midnight else None,
                is_over=is_over,
            )
            if until == change:
                break


def _goes_on(cover: Sequence[Cover], place: int) -> bool:
    """Whether the term goes on after a row, at once or when a stop of service is over."""
    row = cover[place]
    return bool(row.stopped) or (place + 1 < len(cover) and cover[place + 1].start == row.end)


def _on_its_day(since: Since) -> datetime | None:
    """None for the beginning of the day."""
    return None if since[1] is MIDNIGHT else since[1]
