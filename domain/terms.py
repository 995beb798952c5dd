"""A subscription as sold: stretches of time in which an item's price and quantity stand still.

Each stretch knows the facts it rests on: what started it, what covers it, what set its price and
quantity, and what cut it short.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, structs

from domain.anchor import BillingAnchorChanged
from domain.billing_periods import (
    AnchorChange,
    BillingPeriods,
    anchor_changes,
    point_of,
    running,
)
from domain.calendar import ONE_DAY
from domain.cover import HOLDS, NEVER, Cover, served, spans_agreed, terms_agreed
from domain.cycle import BillingPeriod, Every
from domain.cycle import Point as Moment
from domain.facts import Fact, causes_of
from domain.grants import Grant, grants_of
from domain.price import Prices, PriceSet, version_of
from domain.sale import MIDNIGHT, Point, Said, Since, beyond, in_words, points_of, since_of
from domain.stretch import Stretch
from domain.subscription import (
    LAST_YEAR,
    Item,
    ItemChange,
    Refund,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.usage import UsageDay
from domain.zones import instant

YEARS_AHEAD = 2
_SAYS_ITEMS = (SubscriptionStarted, SubscriptionAmended, SubscriptionRenewed)
_ACTS = (
    SubscriptionAmended,
    SubscriptionRenewed,
    SubscriptionCancelled,
    BillingAnchorChanged,
    *HOLDS,
)
_day, _end = attrgetter("day"), attrgetter("end")
_FIRST_OF_ALL = (date.min, 0)


class Ending(Struct, frozen=True):
    """When an item is sold no more, because of which facts, and what is given back for it."""

    item: str
    day: date
    causes: tuple[int, ...]
    refund: Refund
    at: datetime | None = None


class Act(NamedTuple):
    """A fact that changes the sale from a day on: of items, at new prices if it says so, or of all
    of them.
    """

    day: date
    by: int
    what: str
    prices: dict[str, str | None]
    is_of_all: bool


class Terms(Struct, frozen=True, kw_only=True):
    """The folded subscription. `cover` is in order, without overlap.

    Usage of a customer nobody registered waits; what is stated of the deal itself does not.
    `is_open_ended`: no end was agreed, or it is put off by itself. `agreed` is the term and its
    renewals, whatever was stopped in them; `cancelled` what ended it all before; `acts` all that
    changed the sale.
    """

    started: SubscriptionStarted
    started_at: int
    cover: tuple[Cover, ...]
    stretches: tuple[Stretch, ...]
    periods: BillingPeriods
    endings: tuple[Ending, ...] = ()
    customer_is_known: bool = False
    is_open_ended: bool = False
    grants: tuple[Grant, ...] = ()
    agreed: tuple[Cover, ...] = ()
    cancelled: Ending | None = None
    acts: tuple[Act, ...] = ()

    @property
    def is_endless(self) -> bool:
        """Whether what is sold goes on without end, so that it is measured only so far."""
        return any(stretch.end == NEVER for stretch in self.stretches)

    def covering(self, day: date) -> Cover | None:
        place = bisect_right(self.cover, day, key=_end)
        reached = place < len(self.cover) and self.cover[place].start <= day
        return self.cover[place] if reached else None

    def billing_periods(self, stretch: Stretch, every: Every) -> Sequence[BillingPeriod]:
        """Billing periods of what is sold in a stretch, at the interval of its price."""
        return self.periods.of(every, stretch.moment, stretch.sold_from)

    def resting_on(
        self, stretch: Stretch, every: Every, period: BillingPeriod
    ) -> tuple[AnchorChange, ...]:
        """The changes of the anchor without which the period would be another."""
        if not self.periods.changes:
            return ()
        return self.periods.resting_on(every, stretch.moment, stretch.sold_from, period)

    def ends_on(self, stretch: Stretch, period: BillingPeriod) -> date:
        """The end of a period, or of the price of an item where nothing follows at it."""
        last = stretch
        if last.end < period.end:
            own = (stretch.item, stretch.price)
            for one in self.stretches:
                if (one.item, one.price) == own and last.end < one.end and one.start < period.end:
                    last = one
        return min(last.end, period.end) if last.is_over else period.end

    def trial_end(self, price: PriceSet) -> date:
        """The first day that is charged: trials count from the first start of the subscription."""
        begin = self.started.term_from
        by_price = begin + price.trial_days * ONE_DAY
        return max(self.started.trial_to or begin, by_price)


def horizon(through: date, usage: Iterable[UsageDay] = ()) -> date:
    """How far what has no end is measured: to the end of the next year, and of its usage.

    It moves once a year, so that what is measured does not depend on which runs there were.
    """
    last = max((row.day for row in usage), default=date.min)
    ahead = date(min(through.year, LAST_YEAR) + YEARS_AHEAD, 1, 1)
    return max(ahead, min(last, ahead.replace(year=LAST_YEAR)) + ONE_DAY)


def terms(
    facts: Sequence[Fact], prices: Prices, until: date, customers: Container[str] = ()
) -> Terms | None:
    """Fold one subscription's facts (known, in effective order); none before it is started.

    What has no end is measured up to the end of each billing period that runs on `until`.
    `customers` are those that are registered.
    """
    start = next((fact for fact in facts if isinstance(fact.event, SubscriptionStarted)), None)
    if start is None:
        return None
    fold = _Fold(start, facts, prices, until)
    cover = served(fold.agreed, facts)
    parts = [_sale_of(item, said, cover, fold) for item, said in sorted(fold.items().items())]
    assert isinstance(start.event, SubscriptionStarted)
    ends = [ending for _, endings in parts for ending in endings[:1] if fold.cancelled]
    cancelled = max(ends, key=_day, default=None)
    return Terms(
        started=start.event,
        started_at=start.position,
        cover=_until(cover, cancelled.day if cancelled else NEVER),
        stretches=tuple(stretch for stretches, _ in parts for stretch in stretches),
        periods=fold.periods,
        endings=tuple(ending for _, endings in parts for ending in endings),
        customer_is_known=start.event.customer in customers,
        is_open_ended=fold.agreed[-1].end == NEVER,
        grants=grants_of(facts),
        agreed=fold.agreed,
        cancelled=cancelled,
        acts=tuple(_acts(facts)),
    )


def _acts(facts: Iterable[Fact]) -> Iterator[Act]:
    for fact in facts:
        event = fact.event
        if isinstance(event, _ACTS):
            what, prices = (
                str(event.__struct_config__.tag),
                {c.item: c.price for c in _changes(fact)},
            )
            is_of_all = not isinstance(event, SubscriptionAmended)
            yield Act(fact.when.effective, fact.position, what, prices, is_of_all)


class _Fold:
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
        version = version_of(price, day, self.prices)
        every = version.price.every if version else Every(months=1)
        far = structs.replace(self.periods, until=max(self.periods.until, day + ONE_DAY))
        period = running(far.of(every, moment, sold_from), day)
        if period is None:
            return day, ()
        changes = far.resting_on(every, moment, sold_from, period) if far.changes else ()
        return period.end, tuple(sorted(change.by for change in changes))


def _changes(fact: Fact) -> tuple[Item | ItemChange, ...]:
    event = fact.event
    if isinstance(event, _SAYS_ITEMS):
        return event.items
    return ()


def _sale_of(
    item: str, said: Sequence[Said], cover: Sequence[Cover], fold: _Fold
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


def _cancellation(item: str, points: Sequence[Point], fold: _Fold) -> Ending | None:
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


def _until(cover: Sequence[Cover], day: date) -> tuple[Cover, ...]:
    if day == NEVER:
        return tuple(cover)
    return tuple(
        structs.replace(row, end=day, stopped=(), again=()) if row.end > day else row
        for row in cover
        if row.start < day
    )


def _stretches(
    item: str,
    said: Sequence[Said],
    points: Sequence[Point],
    cover: Sequence[Cover],
    ended: Ending | None,
    fold: _Fold,
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
