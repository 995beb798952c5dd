"""What should be booked by a date: a schedule cut into slots, period by period.

Documents stand at their own date, what time drives stands up to `through`. A flow balances by
itself, so every cut does; the one thing that is not a sum of flows is presentation: the net
position of each obligation, or of a contract as a whole.

What stands in a period that is over changes with the schedule only. So a schedule that was cut
before is cut again from the first period on that time has since reached: `edge` is the last day of
those that stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from domain.accounting.curves import At, Steps, first_day, last_day, standing
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import ONE_DAY, Calendar, Period
from domain.errors import Rejected
from domain.facts import causes_of
from domain.journal import Balances, Due, Slot
from domain.net_position import (
    ACCOUNTS,
    ASSET,
    LIABILITY,
    REFUND,
    UNBILLED,
    NetPosition,
    Position,
    Side,
    counting,
    side_of,
)

Marks = tuple[tuple[date, int], ...]
PRESENTED_BY = {
    UNBILLED: "unbilled-receivable@1",
    ASSET: "contract-asset@1",
    REFUND: "refund-conditional@1",
}
# Kinds of slots that are no sum of flows, in the order of their accounts.
PRESENTED = dict(zip(("unbilled", "conditional", "refund-conditional"), ACCOUNTS, strict=True))


class _Counted(NamedTuple):
    """A position up to the edge, and its changes by period end after it."""

    position: Position
    changes: dict[date, list[tuple[Flow, int, Side]]]


def due(schedule: Schedule, through: date, calendar: Calendar, edge: date = date.min) -> Balances:
    """What should stand in periods after `edge`: documents at their date, the rest by `through`."""
    balances: Balances = {}
    counted: dict[str, _Counted] = {}
    how = counting(schedule)
    for flow in (*schedule.flows, *how.memos):
        changes = by_period(flow, through, calendar, edge)
        if not changes:
            continue
        if flow.functional is None:
            for period, minor in changes:
                _stand(balances, flow, period.last, minor, minor)
        else:
            for (period, minor), worth in zip(changes, worths(flow, changes, edge), strict=True):
                _stand(balances, flow, period.last, minor, worth)
        side = side_of(flow)
        if side is not None:
            whole = "" if schedule.joint else flow.obligation
            if whole not in counted:
                counted[whole] = _Counted(how.position(), {})
            after = counted[whole].changes
            for period, minor in changes:
                after.setdefault(period.last, []).append((flow, minor, side))
    if edge > date.min:
        _carry(counted, schedule, edge)
    presented: dict[str, dict[str, Marks]] = {}
    for row in schedule.presented:
        presented.setdefault(row.obligation, {})[row.account] = row.marks
    for obligation, one in counted.items():
        _present(balances, obligation, one, presented.get(obligation), edge)
    return balances


def _carry(counted: dict[str, _Counted], schedule: Schedule, edge: date) -> None:
    """What obligations that go on billed and earned in the periods that are over."""
    for flow in (*schedule.flows, *schedule.memos):
        one = counted.get("" if schedule.joint else flow.obligation)
        if one is not None and first_day(flow.curve) <= edge:
            side = side_of(flow)
            if side is not None:
                one.position.take(flow, standing(flow.curve, edge), side)


def slot_of(flow: Flow, account: str, earned: date) -> Slot:
    return Slot(earned, flow.kind, flow.subject, account, flow.obligation, flow.document)


def by_period(
    flow: Flow, through: date, calendar: Calendar, edge: date = date.min
) -> list[tuple[Period, int]]:
    """The flow's change in each period after `edge` that shares a day with it, up to its cut.

    What comes to nothing within a period is there as no change, with its causes.
    """
    curve = flow.curve
    if type(curve) is At and not flow.charged:
        # As most are, documents above all: one day, and one change.
        if curve.day <= edge or (flow.on is None and curve.day > through) or flow.waits(through):
            return []
        return [(_period(calendar, curve.day), curve.minor)]
    if flow.waits(through) or flow.last_day <= edge:
        return []
    begin, cut = first_day(curve), last_day(curve)
    if flow.charged and begin <= through:
        curve = flow.seen_from(through)
        # Up to that day it stands as any flow that goes on beyond it does (law 10).
        cut = max(last_day(curve), min(through, flow.last_day))
    elif flow.on is None and through < cut:
        cut = through
    before = 0
    if begin <= edge:
        begin, before = edge + ONE_DAY, standing(curve, edge)
    if cut < begin:
        return []
    found = []
    for period in _periods(calendar, begin, cut):
        now = standing(curve, min(period.last, cut))
        found.append((period, now - before))
        before = now
    return found


def worths(flow: Flow, changes: list[tuple[Period, int]], edge: date = date.min) -> Iterator[int]:
    """What the changes of a flow are in functional currency."""
    assert flow.functional is not None, flow
    before = standing(flow.functional, edge)
    for period, _ in changes:
        now = standing(flow.functional, period.last)
        yield now - before
        before = now


def _period(calendar: Calendar, day: date) -> Period:
    """Every day must have a period; a calendar that ends too early parks the unit."""
    found = calendar.containing(day)
    if found is None:
        raise Rejected("no-period", first=str(day), last=str(day))
    return found


def _periods(calendar: Calendar, first: date, last: date) -> tuple[Period, ...]:
    """Those that share a day with [first, last], without a gap."""
    found = calendar.between(first, last)
    if not found or found[0].first > first or found[-1].last < last:
        raise Rejected("no-period", first=str(first), last=str(last))
    return found


def _stand(balances: Balances, flow: Flow, earned: date, minor: int, worth: int) -> None:
    """Add a change of a flow to the slot of each of its legs."""
    for account, sign in flow.legs:
        slot = Slot(earned, flow.kind, flow.subject, account, flow.obligation, flow.document)
        alone = Due(sign * minor, sign * worth, flow.causes, flow.rule, flow.on)
        stands = balances.setdefault(slot, alone)
        if stands is not alone:
            balances[slot] = _together(stands, alone)


def _together(stands: Due, more: Due) -> Due:
    return Due(
        stands.minor + more.minor,
        stands.functional_minor + more.functional_minor,
        causes_of(stands.causes, more.causes),
        stands.rule,
        max(filter(None, (stands.on, more.on)), default=None),
    )


def _present(
    balances: Balances,
    obligation: str,
    counted: _Counted,
    told: dict[str, Marks] | None,
    edge: date,
) -> None:
    position = counted.position
    before = worth_before = position.presented
    if told is not None:
        worth_before = _told(told, edge)
    for last in sorted(counted.changes):
        for flow, minor, side in counted.changes[last]:
            position.take(flow, minor, side)
        now = worth = position.presented
        if told is not None:
            worth = _told(told, last)
        if (now, worth) == (before, worth_before):
            continue
        causes = tuple(sorted(position.causes))
        for place, (kind, account) in enumerate(PRESENTED.items()):
            change = now[place] - before[place], worth[place] - worth_before[place]
            if any(change):
                slot = Slot(last, kind, obligation, account, obligation)
                _reclass(balances, slot, change, causes)
        before, worth_before = now, worth


def _told(told: dict[str, Marks], day: date) -> NetPosition:
    return NetPosition(*[standing(Steps(told.get(name, ())), day) for name in ACCOUNTS])


def _reclass(
    balances: Balances, slot: Slot, change: tuple[int, int], causes: tuple[int, ...]
) -> None:
    minor, worth = change
    for account, sign in ((slot.account, 1), (LIABILITY, -1)):
        side = Slot(slot.earned, slot.kind, slot.subject, account, slot.obligation)
        balances[side] = Due(sign * minor, sign * worth, causes, PRESENTED_BY[slot.account])
