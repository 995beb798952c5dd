"""Revenue where there is evidence of access: nothing is earned before an item can be used.

What is charged for a service period is earned evenly over its days from access on (rule 32, ASC
606-10-25-31 and 55-58C, IFRS 15.B18). While access is withdrawn nothing is earned. What is left
when a service period is over is earned over the rest of the term from the day on which access is
given; without a term, over the rest of the billing period. When the item is sold no more, the right
to use it is over, and what is left is earned. What is earned at once, as a licence is, waits only
for evidence that names it: access to everything says nothing of a training or a thing sold beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct, structs

from domain.access import AccessFact, access_to, is_access
from domain.accounting.curves import (
    At,
    Progress,
    evenly,
    first_day,
    last_day,
    measured_from,
    total,
)
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, stands
from domain.billing_periods import running
from domain.calendar import ONE_DAY
from domain.cover import NEVER
from domain.cycle import Span
from domain.explain import Step, Telling
from domain.facts import Fact
from domain.price import Prices, version_of
from domain.terms import Terms


class _Item(Struct, frozen=True, kw_only=True):
    """An item whose access is stated: its days, and when it is sold no more."""

    item: str
    spans: tuple[Span, ...]
    over: date
    terms: Terms
    prices: Prices
    by: Progress

    def rest_from(self, day: date) -> date:
        """Until when what is left is earned if access is given on a day."""
        for begin, end in self.terms.periods.terms:
            if begin <= day < end and end != NEVER:
                return end
        for stretch in self.terms.stretches:
            if stretch.item == self.item and stretch.start <= day < stretch.end:
                version = version_of(stretch.price, day, self.prices)
                assert version is not None, stretch
                periods = self.terms.billing_periods(stretch, version.price.every)
                found = running(periods, day)
                return found.end if found else day
        return day


class Access:
    """What access, as far as it is stated, makes of flows that are earned over time."""

    def __init__(self, facts: Sequence[Fact], terms: Terms, prices: Prices, by: Progress) -> None:
        self.said = [fact for fact in facts if is_access(fact)]
        self.terms, self.prices, self.by = terms, prices, by
        self.found: dict[str, _Item] = {}

    def known(self, terms: Terms, prices: Prices) -> Access:
        """The same access to what is sold as it was known at some time."""
        return Access(self.said, terms, prices, self.by) if self.said else self

    def applied(self, flows: Sequence[Flow]) -> tuple[Flow, ...]:
        """The same amounts on the days on which they can be earned."""
        if not self.said:
            return tuple(flows)
        return tuple(one for flow in flows for one in self._applied(flow))

    def at_once(self, flow: Flow) -> Flow:
        """What is earned at one point in time, at the later of that and access to it by name."""
        named = [fact for fact in self.said if _names(fact, flow.obligation)]
        begin, own = first_day(flow.curve), self._item(flow.obligation) if named else None
        if own is None or begin >= own.over:
            return flow
        spans = access_to(own.item, named)
        days = (max(since, begin) for since, until in spans if until > begin)
        day = next((day for day in days if day < own.over), own.over - ONE_DAY)
        if day <= begin:
            return flow
        told = Step(what="access", value=f"from {day}")
        return structs.replace(
            flow, curve=At(day, total(flow.curve)), told=lambda: (*flow.steps, told)
        )

    def _applied(self, flow: Flow) -> Iterator[Flow]:
        own = self._item(flow.obligation)
        begin, end = first_day(flow.curve), last_day(flow.curve) + ONE_DAY
        if any(since <= begin and end <= until for since, until in own.spans):
            yield flow
        else:
            yield from _spread(flow, own, begin, end)

    def _item(self, item: str) -> _Item:
        if item not in self.found:
            spans = access_to(item, self.said)
            ends = (one.end for one in self.terms.stretches if one.item == item)
            self.found[item] = _Item(
                item=item,
                spans=spans,
                over=max(ends, default=NEVER),
                terms=self.terms,
                prices=self.prices,
                by=self.by,
            )
        return self.found[item]


def _spread(flow: Flow, own: _Item, begin: date, end: date) -> Iterator[Flow]:
    """An amount of [begin, end) over the days of access, and what is left after them."""
    left, over = total(flow.curve), max(own.over, end)
    for since, until in own.spans:
        start = max(since, begin)
        if until <= begin or start >= over or not left:
            continue
        stop = min(end if start < end else own.rest_from(start), over)
        is_cut = until < stop
        told = Step(what="access", value=f"{start} to {until}" if is_cut else f"from {start}")
        by: Progress = "month-by-days" if is_cut and own.by == "month" else own.by
        made = over_time(own.item, start, stop, left, by, flow.causes, _telling(flow, told))
        if not is_cut:
            yield made
            return
        kept = frozen((made,), measured_from(until, by) - ONE_DAY, flow.causes)
        left -= stands(kept, until)
        yield from kept
    if left and over != NEVER:
        told = Step(what="without access until sold no more", value=str(over))
        ended = at_once(own.item, over - ONE_DAY, left, flow.causes, _telling(flow, told))
        # Nothing was transferred on that day: a change that counts from before it measures it anew.
        yield structs.replace(ended, curve=evenly(over - ONE_DAY, over, left, "day"))


def _names(fact: Fact, item: str) -> bool:
    return isinstance(fact.event, AccessFact) and fact.event.item == item


def _telling(flow: Flow, told: Step) -> Telling:
    return lambda: (*flow.steps, told)
