"""A subscription as sold: stretches of time in which an item's price and quantity stand still.

Each stretch knows the facts it rests on: what started it, what covers it, what set its price and
quantity, and what cut it short.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, structs

from domain.anchor import BillingAnchorChanged
from domain.billing_periods import AnchorChange, BillingPeriods
from domain.calendar import ONE_DAY
from domain.cover import HOLDS, NEVER, Cover, served
from domain.cycle import BillingPeriod, Every
from domain.days import LAST_YEAR
from domain.facts import Fact
from domain.grants import Grant, grants_of
from domain.price import Prices, PriceSet
from domain.stretch import Ending, Stretch
from domain.subscription import (
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.terms.said import Fold, changes_of
from domain.terms.stretches import sale_of
from domain.usage import UsageDay

YEARS_AHEAD = 2
_ACTS = (
    SubscriptionAmended,
    SubscriptionRenewed,
    SubscriptionCancelled,
    BillingAnchorChanged,
    *HOLDS,
)
_day = attrgetter("day")
_end = attrgetter("end")


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
    fold = Fold(start, facts, prices, until)
    cover = served(fold.agreed, facts)
    parts = [sale_of(item, said, cover, fold) for item, said in sorted(fold.items().items())]
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
                {c.item: c.price for c in changes_of(fact)},
            )
            is_of_all = not isinstance(event, SubscriptionAmended)
            yield Act(fact.when.effective, fact.position, what, prices, is_of_all)


def _until(cover: Sequence[Cover], day: date) -> tuple[Cover, ...]:
    if day == NEVER:
        return tuple(cover)
    return tuple(
        structs.replace(row, end=day, stopped=(), again=()) if row.end > day else row
        for row in cover
        if row.start < day
    )
