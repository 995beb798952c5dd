"""A case on its time line: events as they come, billing runs where it asks and where periods turn.

The clock follows the events in the order of the file; what is recorded late is effective earlier.
A run at the turn of a period stands after what happens at midnight and before the rest of the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from domain.anchor import ChangeBillingAnchor
from domain.billing_periods import AnchorChange, BillingPeriods
from domain.calendar import ONE_DAY
from domain.deciders import Command
from domain.price import SetPrice
from domain.subscription import StartSubscription
from replay.billing_cases.acts import Act, Course, Keep, Run, Submit
from replay.billing_cases.deal import Deal, deal
from replay.billing_cases.fields import Given, kind_of
from replay.billing_cases.happened import FRAME, Happening
from replay.billing_cases.paperwork import TELL
from replay.billing_cases.selling import START, price_name, stage, started

# The events that name what is sold first.
NAMES_A_PLAN = frozenset({"subscription_started", "invoiced", "invoiced_unpaid"})


def translate(given: Given, until: date | None = None, *, apart: bool = False) -> Course:
    """The acts of a case. `until`: the last day it expects a figure of. `apart`: it asks for what a
    change charges beside what it gives back.
    """
    agreed = deal(given, until, apart=apart)
    first = _first_plan(agreed)
    told = [*_told(agreed, first)]
    zone = ZoneInfo(given.zone)
    opening = min([_midnight(agreed.start, zone), *(act.at for act in told)])
    setup = [
        Act(at=opening, key=f"setup-{number}", event=0, does=Submit(stream=stream, command=command))
        for number, (stream, command) in enumerate(stage(agreed, first), start=1)
    ]
    later = {*_started_later(told)}
    begun = [
        Act(at=opening, key=key, event=0, does=Submit(stream=stream, command=command))
        for key, (stream, command) in _begun(agreed, first)
        if stream not in later
    ]
    acts = _with_turns(agreed, told, until, zone)
    happens = [
        number for number, event in enumerate(given.events, start=1) if kind_of(event) not in FRAME
    ]
    return Course(
        zone=given.zone,
        currency=given.currency,
        subscriptions=tuple(agreed.offers),
        start=agreed.start,
        acts=(*setup, *begun, *acts),
        last_event=happens[-1] if happens else 0,
        proration=agreed.elected.proration,
        meters=dict(_meters(setup)),
        plans=dict(_plans(agreed)),
        factor_places=agreed.elected.options.factor_places,
    )


def _plans(agreed: Deal) -> Iterator[tuple[str, str]]:
    """The plan that each price is in."""
    for name, offered in agreed.offers.items():
        for plan, sales in offered.plans.items():
            yield from ((price_name(agreed, name, plan, sale), plan) for sale in sales)


def _started_later(told: list[Act]) -> Iterator[str]:
    """What is sold from an event on, and not before all of them."""
    submitted = (act.does for act in told if isinstance(act.does, Submit))
    for does in submitted:
        if isinstance(does.command, StartSubscription) and does.corrects is None:
            yield does.stream


def _meters(setup: list[Act]) -> Iterator[tuple[str, str]]:
    """The meter of each price of usage."""
    for act in setup:
        price = act.does.command if isinstance(act.does, Submit) else None
        if isinstance(act.does, Submit) and isinstance(price, SetPrice) and price.meter:
            yield act.does.stream.partition(":")[2], price.meter


def _first_plan(agreed: Deal) -> str:
    """What is sold first is what the start or the first invoice names, else the offer's first."""
    for event in agreed.given.events:
        if kind_of(event) in NAMES_A_PLAN:
            return str(event.get("plan", agreed.offer.first))
    return agreed.offer.first


def _begun(agreed: Deal, plan: str) -> Iterator[tuple[str, tuple[str, Command]]]:
    for number, (stream, command) in enumerate(started(agreed, plan), start=1):
        name = stream.partition(":")[2]
        is_start = isinstance(command, StartSubscription)
        yield f"{START}-{name}" if is_start else f"{START}-{name}-{number}", (stream, command)


def _told(agreed: Deal, plan: str) -> Iterator[Act]:
    """What each event becomes, at the time the ledger learns it; a run may come later, and what is
    done with its invoice.
    """
    case = Happening(agreed, plan)
    clock = datetime.min.replace(tzinfo=ZoneInfo("UTC"))
    for number, event in enumerate(agreed.given.events, start=1):
        clock = max(clock, agreed.dates.instant(event["at"]))
        for part, does in enumerate(TELL[kind_of(event)](case, event), start=1):
            at = clock
            if isinstance(does, Run | Keep):
                at = max(clock, _midnight(does.on, ZoneInfo(agreed.given.zone)))
            yield Act(at=at, key=f"event-{number}-{part}", event=number, does=does)


def _with_turns(agreed: Deal, told: list[Act], until: date | None, zone: ZoneInfo) -> Iterator[Act]:
    """In order of time, with a run on each day a billing period begins or ends on."""
    stated = {act.does.on for act in told if isinstance(act.does, Run)}
    last = _last_day(agreed, told, until)
    turns = [
        Act(at=_midnight(day, zone), key=f"turn-{day}", event=0, does=Run(on=day, why="period"))
        for day in _boundaries(agreed, told, last)
        if day not in stated
    ]
    # Sorting is stable: what comes first in the file stays first, and turns follow it.
    yield from sorted([*told, *turns], key=lambda act: act.at)


def _boundaries(agreed: Deal, told: list[Act], last: date) -> list[date]:
    """Each day on which a billing period begins, of what is sold from the start or later."""
    changes = tuple(_anchors(told))
    periods = BillingPeriods(
        start=agreed.start,
        until=last + ONE_DAY,
        anchor_day=None if agreed.alignment == "calendar" else agreed.anchor_day,
        alignment=agreed.alignment,
        terms=((agreed.start, agreed.term_to),),
        changes=changes,
    )
    found: set[date] = set()
    points = [(agreed.start, 0), *((day, 99) for day in _changed_on(told))]
    for since in points:
        for period in periods.of(agreed.every, since, agreed.start):
            found |= {period.start, min(period.end, agreed.term_to)}
    return sorted(day for day in found if agreed.start <= day <= last)


def _anchors(told: list[Act]) -> Iterator[AnchorChange]:
    for number, act in enumerate(told, start=1):
        if isinstance(act.does, Submit) and isinstance(act.does.command, ChangeBillingAnchor):
            command = act.does.command
            yield AnchorChange(
                (command.when.effective, number),
                number,
                command.anchor_day,
                command.alignment,
                command.running_period == "cut",
            )


def _changed_on(told: list[Act]) -> set[date]:
    return {
        act.does.command.when.effective
        for act in told
        if isinstance(act.does, Submit) and act.does.command is not None
    }


def _last_day(agreed: Deal, told: list[Act], until: date | None) -> date:
    """How far billing goes: to the last day, and in arrears to the end of its period."""
    zone = ZoneInfo(agreed.given.zone)
    days = [act.at.astimezone(zone).date() for act in told] or [agreed.start]
    days += [agreed.dates.day(event["at"]) for event in agreed.given.events]
    target = agreed.given.more.get("target")
    days += [agreed.dates.day(target)] if target else []
    days += [until] if until else []
    last = max(days)
    if not any(_in_arrears(agreed)):
        return last
    changes = BillingPeriods(
        start=agreed.start,
        until=last + ONE_DAY,
        anchor_day=None if agreed.alignment == "calendar" else agreed.anchor_day,
        alignment=agreed.alignment,
        changes=tuple(_anchors(told)),
    ).of(agreed.every, (agreed.start, 0), agreed.start)
    later = {*_used_later(agreed)}
    billed = [day for day in days if day not in later]
    return min(max([last, *(_end_after(changes, day) for day in billed)]), agreed.term_to)


def _used_later(agreed: Deal) -> Iterator[date]:
    """Days of usage after the billing period that the case names: not what it is about."""
    period = agreed.given.more.get("period", {})
    if "end" in period:
        used = (event for event in agreed.given.events if kind_of(event) == "usage")
        days = (agreed.dates.day(event["at"]) for event in used)
        yield from (day for day in days if day >= agreed.dates.end(period["end"]))


def _end_after(periods: object, day: date) -> date:
    ends = [period.end for period in periods if period.end >= day]  # type: ignore[attr-defined]
    return min(ends, default=day)


def _in_arrears(agreed: Deal) -> Iterator[bool]:
    for sale in agreed.offer.sales():
        yield sale.bill == "arrears" or sale.metered is not None or agreed.terms.bill == "arrears"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
