"""Changes agreed after they are effective: what is not yet recognised is spread over what remains.

Accounting measures a modification at the later of its effective and its agreed date. One agreed in
time changes each service period from its effective date on, so keying it late is a catch-up; one
agreed late is prospective (rules 8 and 15, ASC 606-10-25-13(a), IFRS 15.21(a)).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from msgspec import Struct

from domain.accounting.curves import Curve, Progress, first_day, last_day, measured_from
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, causes_of, frozen, stands, totals
from domain.calendar import ONE_DAY
from domain.explain import Step
from domain.money import decimal_text


class Version(Struct, frozen=True, kw_only=True):
    """An obligation's flows once one more change is known, and when that change is measured."""

    flows: tuple[Flow, ...]
    measured: date
    late: bool
    cause: int


def modified(versions: Sequence[Version], by: Progress, currency: str) -> tuple[Flow, ...]:
    """The flows after each change in the order they are measured; the first is the inception."""
    flows = versions[0].flows
    spread = False
    told: tuple[Version, ...] = ()
    for before, after in pairwise(versions):
        if _curves(after) == _curves(before):
            # It moves no amount of this obligation, so it does not spread one either.
            flows = flows if spread else after.flows
            continue
        told = (*told, after)
        spread = spread or after.late
        flows = prospective(flows, told, by, currency) if spread else after.flows
    return flows


def _priced(version: Version, currency: str) -> Step:
    what = f"price after fact {version.cause}, measured {version.measured}"
    return Step(what=what, value=decimal_text(totals(version.flows), currency))


def _curves(version: Version) -> list[Curve]:
    return [flow.curve for flow in version.flows]


def prospective(
    flows: tuple[Flow, ...], changes: Sequence[Version], by: Progress, currency: str
) -> tuple[Flow, ...]:
    """Keep what was earned before the last change is measured, spread the rest over the rest."""
    change = changes[-1]
    begin = min((first_day(flow.curve) for flow in change.flows), default=date.min)
    start = max(measured_from(change.measured, by), begin)
    kept = frozen(flows, start - ONE_DAY, (change.cause,))
    earned = stands(kept, start - ONE_DAY)
    whole = totals(change.flows)
    obligation = (change.flows or flows)[0].obligation
    versions = tuple(version.cause for version in changes)
    causes = causes_of(*(flow.causes for flow in (*kept, *change.flows)), versions)
    steps = (
        *(_priced(version, currency) for version in changes[:-1]),
        Step(what="price of the whole term", value=decimal_text(whole, currency)),
        Step(what=f"recognised before {start}", value=decimal_text(earned, currency)),
        Step(what="remaining", value=decimal_text(whole - earned, currency)),
    )
    end = max((last_day(flow.curve) for flow in change.flows), default=start) + ONE_DAY
    if end <= start:
        return (*kept, at_once(obligation, change.measured, whole - earned, causes, steps))
    return (*kept, over_time(obligation, start, end, whole - earned, by, causes, steps))
