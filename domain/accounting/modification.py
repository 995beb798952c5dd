"""Changes agreed after they are effective: what is not yet recognised is spread over what remains.

Accounting measures a modification at the later of its effective and its agreed date. One agreed in
time changes each service period from its effective date on, so keying it late is a catch-up; one
agreed late is prospective (rules 8 and 15, ASC 606-10-25-13(a), IFRS 15.21(a)).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from msgspec import Struct, structs

from domain.accounting.curves import At, Curve, Progress, first_day, last_day, measured_from
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, stands, totals
from domain.calendar import ONE_DAY
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text


class Version(Struct, frozen=True, kw_only=True):
    """An obligation's flows once one more change is known, and when that change is measured."""

    flows: tuple[Flow, ...]
    measured: date
    late: bool
    cause: int


def modified(versions: Sequence[Version], by: Progress, currency: str) -> tuple[Flow, ...]:
    """The flows after each change in the order they are measured; the first is the inception.

    From the first change agreed late on, an amount rests on every change measured so far and says
    so: measured in turn, each decides what the next one finds.
    """
    flows = versions[0].flows
    late = spread = False
    for count, (before, after) in enumerate(pairwise(versions), start=2):
        moved = _curves(after) != _curves(before)
        late = late or after.late
        spread = spread or (moved and after.late)
        if spread and moved:
            flows = prospective(flows, versions[:count], by, currency)
        elif not late:
            flows = after.flows
        elif moved:
            # What was agreed late moved no amount of this obligation, so it spread none either.
            told = _in_turn(versions[:count], currency)
            flows = tuple(_resting(flow, versions[:count], told) for flow in after.flows)
    return flows


def _in_turn(versions: Sequence[Version], currency: str) -> tuple[Step, ...]:
    return tuple(_priced(version, currency) for version in versions[1:])


def _priced(version: Version, currency: str) -> Step:
    what = f"price after fact {version.cause}, measured {version.measured}"
    return Step(what=what, value=decimal_text(totals(version.flows), currency))


def _resting(flow: Flow, versions: Sequence[Version], told: tuple[Step, ...]) -> Flow:
    """The flow with every change so far among its causes and steps."""
    causes = causes_of(flow.causes, *((version.cause,) for version in versions))
    return structs.replace(flow, causes=causes, told=lambda: (*flow.steps, *told))


def _curves(version: Version) -> list[Curve]:
    return [flow.curve for flow in version.flows]


def prospective(
    flows: tuple[Flow, ...], versions: Sequence[Version], by: Progress, currency: str
) -> tuple[Flow, ...]:
    """Keep what was earned before the last change is measured, spread the rest over the rest."""
    change = versions[-1]
    begin = min((first_day(flow.curve) for flow in change.flows), default=date.min)
    start = max(measured_from(change.measured, by), begin)
    told = _in_turn(versions, currency)
    kept = _kept(flows, start, versions, told)
    earned = stands(kept, start - ONE_DAY)
    whole = totals(change.flows)
    obligation = (change.flows or flows)[0].obligation
    causes = tuple(sorted(version.cause for version in versions))
    steps = (
        *told[:-1],
        Step(what="price of the whole term", value=decimal_text(whole, currency)),
        Step(what=f"recognised before {start}", value=decimal_text(earned, currency)),
        Step(what="remaining", value=decimal_text(whole - earned, currency)),
    )
    end = max((last_day(flow.curve) for flow in change.flows), default=start) + ONE_DAY
    if end <= start:
        ended = at_once(obligation, change.measured, whole - earned, causes, steps)
        return (*kept, *_given_up(flows, start, ended), ended)
    return (*kept, over_time(obligation, start, end, whole - earned, by, causes, steps))


def _kept(
    flows: tuple[Flow, ...], start: date, versions: Sequence[Version], told: tuple[Step, ...]
) -> tuple[Flow, ...]:
    """The flows as they stood before `start`; what is cut rests on every change so far."""
    return tuple(
        kept if kept is flow else _resting(kept, versions, told)
        for flow in flows
        for kept in frozen((flow,), start - ONE_DAY, ())
    )


def _given_up(flows: tuple[Flow, ...], start: date, ended: Flow) -> tuple[Flow, ...]:
    """What begins between `start` and the day measured is earned no more: nothing, that says so."""
    begun = [first_day(flow.curve) for flow in flows if first_day(flow.curve) >= start]
    day = min(begun, default=date.max)
    if day >= first_day(ended.curve):
        return ()
    return (structs.replace(ended, curve=At(day, 0)),)
