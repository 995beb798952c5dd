"""A schedule is every dated amount the facts of one unit imply, each with its causes and steps.

A flow moves one amount between accounts along a curve. It balances by itself (the legs of an
approved adjustment balance together), so every cut of a schedule balances, at every date.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct, structs

from domain.accounting.curves import Curve, Steps, frozen_at, last_day, standing, total
from domain.explain import Step, Telling, Told, every, steps_of
from domain.facts import causes_of

# Facts, and what they say.
Why = tuple[tuple[int, ...], Told]
UNASKED: Why = ((), ())


class Caught(Struct, frozen=True):
    """What a flow catches up on: all that it is about by when that was performed, at the amount it
    has now and at the amounts it had before.
    """

    now: Curve
    before: tuple[Curve, ...] = ()


class Paper(Struct, frozen=True):
    """What a document charges, or takes off what was charged, on its day; `after` as of a flow."""

    day: date
    minor: int
    after: date | None = None

    def waits(self, through: date) -> bool:
        return self.after is not None and through < self.after


class Flow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One amount and its way: legs are (account, +1 debit or -1 credit) times the curve.

    `functional` is what that comes to in functional currency, where that is another one; `caught`
    what of it is for performance before it was known.

    `on` is the document's date, none for what time drives. A document that takes off what stands
    only from a later day on takes off nothing before time has come `after` that: to the day itself.
    `charged` is what documents charge, for what stands at no more than is left of that. `causes`
    are positions of the facts without which the amount or its steps would differ (law 8). `told`
    explains it on paper.
    """

    kind: str
    subject: str
    legs: tuple[tuple[str, int], ...]
    curve: Curve
    causes: tuple[int, ...]
    rule: str
    obligation: str = ""
    document: str = ""
    on: date | None = None
    after: date | None = None
    charged: tuple[Paper, ...] = ()
    functional: Curve | None = None
    caught: Caught | None = None
    told: Telling | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        return steps_of(self.told)

    def waits(self, through: date) -> bool:
        """Whether time has not come to what a document takes something off."""
        return self.after is not None and through < self.after

    @property
    def last_day(self) -> date:
        """From this day on it no longer moves, wherever one looks from."""
        last = last_day(self.curve)
        return max([last, *(paper.day for paper in self.charged)]) if self.charged else last

    def seen_from(self, through: date) -> Curve:
        """The curve up to a day that time has come to. Documents of later days are posted already:
        what they take back of what was charged goes off on their own days.
        """
        curve = self.curve
        if not self.charged or not isinstance(curve, Steps):
            return curve
        stood, more = standing(curve, through), 0
        marks = [mark for mark in curve.marks if mark[0] <= through]
        papers = [one for one in self.charged if one.day > through and not one.waits(through)]
        for day in sorted({one.day for one in papers}):
            more += sum(one.minor for one in papers if one.day == day)
            left = max(stood + min(more, 0), 0)
            if marks and marks[-1][1] != left:
                marks.append((day, left))
        return Steps(tuple(marks))


class PendingUsage(Struct, frozen=True, kw_only=True):
    """Usage that has no effect yet, and why: judged again whenever the unit is measured.

    `quantity` is that of its rows as they state it, whatever their units.
    """

    subscription: str
    meter: str
    day: date
    position: int
    rows: int
    reason: str
    quantity: Decimal = Decimal(0)


class UsageCharge(Struct, frozen=True, kw_only=True):
    """What the usage of one item in one service period comes to, in the unit's currency."""

    item: str
    price: str
    start: date
    end: date
    quantity: Decimal
    minor: int


class Presented(Struct, frozen=True):
    """What of an obligation is presented in an account, in functional currency, by day."""

    obligation: str
    account: str
    marks: tuple[tuple[date, int], ...]


# Why what remains of a promise has no amount: nobody estimates it.
Unpriced = Literal["as-invoiced", "royalty", "per-unit"]


class Spoken(Struct, frozen=True, kw_only=True):
    """Of one promise: why nothing is estimated of it; how much of its price is variable and relates
    to it alone (rule 26).
    """

    obligation: str
    unpriced: Unpriced | None = None
    allocated_minor: int = 0


class Outlook(Struct, frozen=True, kw_only=True):
    """`terms`: half-open stretches agreed one after another, each bound by itself; none: without
    end, from one billing period to the next. `notice_days`: the customer may leave on so many days'
    notice, so no more than that is bound. `is_contract`: its criteria are met (rule 1); until then
    nobody is bound to anything.
    """

    terms: tuple[tuple[date, date], ...] = ()
    notice_days: int | None = None
    spoken: tuple[Spoken, ...] = ()
    is_contract: bool = True


class Schedule(Struct, frozen=True, kw_only=True):
    """The flows of one unit in one book, in the unit's transaction currency.

    `joint`: lines bill the contract without saying which of its obligations, so what is billed and
    earned is compared over the whole contract. `measured_to`: what is due up to this day is in the
    schedule of what has no end; beyond, it must be measured again. `memos` have no legs and post
    nothing: `promised` tells the price of each promise of a contract as it was known, `entitled`
    what is due for what was transferred (rules 38 and 41). `outlook`: how long its contract binds.
    `valued_to` says as `measured_to` how far it is known what is not in `functional_currency`:
    beyond, it is worth what later rates say.
    """

    unit: str
    book: str
    currency: str
    flows: tuple[Flow, ...] = ()
    customer: str = ""
    pending: tuple[PendingUsage, ...] = ()
    charges: tuple[UsageCharge, ...] = ()
    joint: bool = False
    measured_to: date | None = None
    memos: tuple[Flow, ...] = ()
    outlook: Outlook | None = None
    functional_currency: str = ""
    valued_to: date | None = None
    presented: tuple[Presented, ...] = ()

    @property
    def told_in(self) -> str:
        """The functional currency; the unit's own where no rate says otherwise."""
        return self.functional_currency or self.currency

    @property
    def moves_until(self) -> date | None:
        """From the end of this day on no flow moves any more; none if there is no flow."""
        if self.measured_to is not None or self.valued_to is not None:
            return date.max
        return max((flow.last_day for flow in (*self.flows, *self.memos)), default=None)


def without_steps(schedule: Schedule) -> Schedule:
    """The schedule as it is stored: all that is needed to cut it, nothing only to explain it."""
    return structs.replace(
        schedule,
        flows=tuple(structs.replace(flow, told=None) for flow in schedule.flows),
        memos=tuple(structs.replace(memo, told=None) for memo in schedule.memos),
    )


def frozen(flows: tuple[Flow, ...], stop: date, causes: tuple[int, ...]) -> tuple[Flow, ...]:
    """The flows as they stood at the end of `stop`, for good, because of `causes`."""
    return tuple([kept for flow in flows if (kept := _frozen(flow, stop, causes)) is not None])


def _frozen(flow: Flow, stop: date, causes: tuple[int, ...]) -> Flow | None:
    curve = frozen_at(flow.curve, stop)
    if curve is None or curve is flow.curve:
        return flow if curve is not None else None
    together = causes_of(flow.causes, causes)
    anew = "measured anew after"
    return structs.replace(
        flow,
        curve=curve,
        causes=together,
        told=lambda: (*flow.steps, Step(what=anew, value=str(stop))),
    )


def because(flows: tuple[Flow, ...], cause: int, why: Why) -> tuple[Flow, ...]:
    """What a fact cut rests on why it did."""
    causes, told = why
    if not causes:
        return flows
    return tuple(_because(flow, causes, told) if cause in flow.causes else flow for flow in flows)


def _because(flow: Flow, causes: tuple[int, ...], told: Told) -> Flow:
    steps = every((flow.told or (), told))
    return structs.replace(flow, causes=causes_of(flow.causes, causes), told=steps)


def stands(flows: tuple[Flow, ...], day: date) -> int:
    return sum(standing(flow.curve, day) for flow in flows)


def totals(flows: tuple[Flow, ...]) -> int:
    return sum([total(flow.curve) for flow in flows])
