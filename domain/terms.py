"""A subscription as sold: stretches of time in which an item's price and quantity stand still.

Each stretch knows the facts it rests on: what started it, what covers it, what set its price and
quantity, and what cut it short. Two amendments on one day leave one stretch: the later in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from domain.accounting.schedule import causes_of
from domain.facts import Fact
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)


class Cover(Struct, frozen=True):
    """Days in term, half-open, and the facts that say so."""

    start: date
    end: date
    causes: tuple[int, ...]


class Stretch(Struct, frozen=True, kw_only=True):
    """One item at one price and quantity over [start, end). `cut` is what ended it early."""

    item: str
    start: date
    end: date
    price: str
    quantity: Decimal
    causes: tuple[int, ...]
    cut: tuple[int, ...] = ()


class Terms(Struct, frozen=True, kw_only=True):
    """The folded subscription. `cover` is in order, without overlap."""

    started: SubscriptionStarted
    started_at: int
    cover: tuple[Cover, ...]
    stretches: tuple[Stretch, ...]
    cancelled: tuple[int, date, str] | None = None

    def covering(self, day: date) -> Cover | None:
        return next((cover for cover in self.cover if cover.start <= day < cover.end), None)


class _Setting(Struct):
    """An item's attributes as they stand on a day, each with the fact that set it."""

    price: str = ""
    quantity: Decimal = Decimal(1)
    present: bool = False
    price_by: int = 0
    quantity_by: int = 0
    present_by: int = 0

    def change(self, change: ItemChange, by: int) -> None:
        if change.price is not None:
            self.price, self.price_by = change.price, by
        if change.quantity is not None:
            self.quantity, self.quantity_by = change.quantity, by
        if change.removed or not self.present:
            self.present, self.present_by = not change.removed, by

    def sold(self) -> tuple[str, Decimal] | None:
        return (self.price, self.quantity) if self.present and self.price else None

    def causes(self) -> tuple[int, ...]:
        return tuple({self.price_by, self.quantity_by, self.present_by} - {0})


def terms(facts: Sequence[Fact]) -> Terms | None:
    """Fold one subscription's facts (known, in effective order); none before it is started."""
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
            for item in _item_names(facts)
            for stretch in _stretches(item, start, facts, cover, ended)
        ),
        cancelled=ended,
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
    for fact in facts:
        if isinstance(fact.event, SubscriptionRenewed):
            begin = max(fact.when.effective, rows[-1].end)
            if fact.event.term_to > begin:
                rows.append(Cover(begin, fact.event.term_to, (start.position, fact.position)))
    if ended is None:
        return tuple(rows)
    return tuple(
        Cover(row.start, min(row.end, ended[1]), row.causes) for row in rows if row.start < ended[1]
    )


def _item_names(facts: Sequence[Fact]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for fact in facts:
        for change in _changes(fact):
            names[change.item] = None
    return tuple(sorted(names))


def _changes(fact: Fact) -> tuple[Item | ItemChange, ...]:
    event = fact.event
    if isinstance(event, SubscriptionStarted | SubscriptionAmended | SubscriptionRenewed):
        return event.items
    return ()


def _stretches(
    item: str,
    start: Fact,
    facts: Sequence[Fact],
    cover: tuple[Cover, ...],
    ended: tuple[int, date, str] | None,
) -> list[Stretch]:
    points = _points(item, start, facts)
    if not points:
        return []
    points.append((date.max, None, ()))
    found = []
    for (begin, sold, causes), (end, _, ending) in pairwise(points):
        if sold is None:
            continue
        for row in cover:
            since, until = max(begin, row.start), min(end, row.end)
            if since < until:
                cut = ending if end <= row.end else ()
                if ended is not None and until == ended[1] and end > until:
                    cut = (ended[0],)
                found.append(
                    Stretch(
                        item=item,
                        start=since,
                        end=until,
                        price=sold[0],
                        quantity=sold[1],
                        causes=causes_of(causes, row.causes, (start.position,)),
                        cut=cut,
                    )
                )
    return _joined(found)


Point = tuple[date, tuple[str, Decimal] | None, tuple[int, ...]]


def _points(item: str, start: Fact, facts: Sequence[Fact]) -> list[Point]:
    """Days on which what is sold changes, with what is sold from then on and why."""
    setting = _Setting()
    points: list[Point] = []
    for fact in facts:
        mine = [change for change in _changes(fact) if change.item == item]
        if not mine:
            continue
        for change in mine:
            setting.change(_as_change(change), fact.position)
        day = _effective(fact, start)
        if points and points[-1][0] == day:
            points.pop()
        if not points or points[-1][1] != setting.sold():
            points.append((day, setting.sold(), setting.causes()))
    return points


def _effective(fact: Fact, start: Fact) -> date:
    """Nothing is sold before the term begins, so what is effective earlier counts from there."""
    assert isinstance(start.event, SubscriptionStarted)
    return max(fact.when.effective, start.event.term_from)


def _as_change(change: Item | ItemChange) -> ItemChange:
    if isinstance(change, ItemChange):
        return change
    return ItemChange(item=change.item, price=change.price, quantity=change.quantity)


def _joined(found: list[Stretch]) -> list[Stretch]:
    """In order; stretches that touch but rest on other cover stay apart, so causes stay exact."""
    return sorted(found, key=lambda stretch: stretch.start)
