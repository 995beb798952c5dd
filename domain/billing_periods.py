"""The billing periods of one subscription: its cycle, the changes of its anchor, its terms.

All items share them, each at the interval of its price, except what is first sold while a period
runs to its end after the anchor has changed: that follows the new anchor at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from operator import attrgetter

from msgspec import Struct, structs

from domain.anchor import BillingAnchorChanged
from domain.calendar import ONE_DAY, Alignment
from domain.cycle import BillingPeriod, Every, Point, Span, Turn, cycle_of, layout
from domain.explain import Step
from domain.facts import Fact

# Contracts of one age share their billing periods, and so do the items of each.
REMEMBERED = 4_096
_start, _end = attrgetter("start"), attrgetter("end")


class AnchorChange(Struct, frozen=True):
    """A change of the anchor, and the fact that says so."""

    since: Point
    by: int
    anchor_day: int
    alignment: Alignment
    cuts: bool

    def told(self) -> Step:
        running = "the running period is cut" if self.cuts else "the running period is kept"
        since = f"billed by day {self.anchor_day} since {self.since[0]}"
        return Step(what=since, value=f"{self.alignment}: {running}")


class BillingPeriods(Struct, frozen=True, kw_only=True):
    """Where the billing periods of one subscription begin and end, up to `until` or beyond.

    `terms` are its terms as agreed, whatever was cancelled or paused in them; one without end ends
    on the last of all days.
    """

    start: date
    until: date
    anchor_day: int | None = None
    alignment: Alignment = "anniversary"
    terms: tuple[Span, ...] = ()
    changes: tuple[AnchorChange, ...] = ()

    def of(self, every: Every, since: Point, sold_from: date) -> Sequence[BillingPeriod]:
        """Periods of what is sold like that since a point, and sold at all from a day on."""
        if every == Every():
            return _once(self.terms, sold_from)
        shared = _laid_out(self, every, None)
        if not self.changes or not _is_ahead(shared, self.changes, since):
            return shared
        return _laid_out(self, every, since)

    def resting_on(
        self, every: Every, since: Point, sold_from: date, period: BillingPeriod
    ) -> tuple[AnchorChange, ...]:
        """The fewest changes of the anchor with which the period is as it is."""
        needed = self.changes
        # What is needed only because of another that goes is tried again.
        for change in [*reversed(self.changes)] * 2:
            fewer = tuple(one for one in needed if one is not change)
            if fewer != needed:
                without = structs.replace(self, changes=fewer)
                if period in without.of(every, since, sold_from):
                    needed = fewer
        return needed


def running(periods: Sequence[BillingPeriod], day: date) -> BillingPeriod | None:
    """The period a day falls in; none before the first and after the last."""
    place = bisect_right(periods, day, key=_end)
    found = periods[place] if place < len(periods) else None
    return found if found is not None and found.start <= day else None


def anchor_changes(facts: Sequence[Fact]) -> tuple[AnchorChange, ...]:
    """The changes of the anchor that a subscription's facts say, in effective order."""
    found = []
    for fact in facts:
        event = fact.event
        if isinstance(event, BillingAnchorChanged):
            cuts = event.running_period == "cut"
            point = point_of(fact)
            change = AnchorChange(point, fact.position, event.anchor_day, event.alignment, cuts)
            found.append(change)
    return tuple(found)


def point_of(fact: Fact) -> Point:
    return fact.when.effective, fact.when.order or 0


@lru_cache(maxsize=REMEMBERED)
def _laid_out(
    periods: BillingPeriods, every: Every, since: Point | None
) -> tuple[BillingPeriod, ...]:
    """Those all items share, or those of what is sold since a point."""
    begin = since or (periods.start, 0)
    return tuple(layout(begin, max(periods.until, begin[0] + ONE_DAY), _turns(periods, every)))


def _turns(periods: BillingPeriods, every: Every) -> list[Turn]:
    first = cycle_of(every, periods.start, periods.anchor_day, periods.alignment)
    turns = [Turn((date.min, 0), first)]
    for change in periods.changes:
        cycle = cycle_of(every, change.since[0], change.anchor_day, change.alignment)
        turns.append(Turn(change.since, cycle, change.cuts))
    return turns


def _is_ahead(
    shared: Sequence[BillingPeriod], changes: Sequence[AnchorChange], since: Point
) -> bool:
    """Whether a period runs at a point that began before a change which came before the point."""
    period = running(shared, since[0])
    if period is None:
        return False
    return any(
        not change.cuts and period.start <= change.since[0] and (period.start, 0) < change.since
        for change in changes
        if change.since <= since and since[0] > period.start
    )


def _once(terms: Sequence[Span], sold_from: date) -> tuple[BillingPeriod, ...]:
    """Each term from the day of sale on; without an end to wait for it is the day itself."""
    found = []
    for begin, end in terms:
        start = max(begin, sold_from)
        finish = start + ONE_DAY if end == date.max else end
        if start < finish:
            found.append(BillingPeriod(start, finish, start, finish))
    return tuple(found)
