"""What should be booked by a date: a schedule cut into slots, period by period.

Documents stand at their own date, what time drives stands up to `through`. A flow balances by
itself, so every cut does; the one thing that is not a sum of flows is presentation: what is earned
and not yet billed stands as unbilled receivable.
"""

from __future__ import annotations

from datetime import date

from domain.accounting.curves import first_day, last_day, standing
from domain.accounting.schedule import Flow, Schedule, causes_of
from domain.calendar import Calendar, Period
from domain.errors import Rejected
from domain.journal import Balances, Due, Slot

LIABILITY = "contract-liability"
UNBILLED = "unbilled-receivable"
# An obligation's billed and earned changes by period end: what its unbilled part is presented from.
_Position = dict[date, list[tuple[Flow, int]]]


def due(schedule: Schedule, through: date, calendar: Calendar) -> Balances:
    """What should stand: documents at their date, what time drives up to `through`."""
    balances: Balances = {}
    positions: dict[str, _Position] = {}
    for flow in schedule.flows:
        changes_by_period = by_period(flow, through, calendar)
        for period, minor in changes_by_period:
            for account, sign in flow.legs:
                _add(balances, slot_of(flow, account, period.last), sign * minor, flow)
        if flow.obligation and any(account == LIABILITY for account, _ in flow.legs):
            whole = "" if schedule.joint else flow.obligation
            position = positions.setdefault(whole, {})
            for period, minor in changes_by_period:
                position.setdefault(period.last, []).append((flow, minor))
    for obligation, position in positions.items():
        _present_unbilled(balances, obligation, position)
    return balances


def slot_of(flow: Flow, account: str, earned: date) -> Slot:
    return Slot(earned, flow.kind, flow.subject, account, flow.obligation, flow.document)


def by_period(flow: Flow, through: date, calendar: Calendar) -> list[tuple[Period, int]]:
    """The flow's change in each period that shares a day with it, up to its cut.

    What comes to nothing within a period is there as no change, with its causes.
    """
    cut = last_day(flow.curve) if flow.on is not None else min(through, last_day(flow.curve))
    begin = first_day(flow.curve)
    if cut < begin:
        return []
    before, found = 0, []
    for period in _periods(calendar, begin, cut):
        now = standing(flow.curve, min(period.last, cut))
        found.append((period, now - before))
        before = now
    return found


def _periods(calendar: Calendar, first: date, last: date) -> tuple[Period, ...]:
    """Every day must have a period; a calendar that ends too early parks the unit."""
    found = calendar.between(first, last)
    if not found or found[0].first > first or found[-1].last < last:
        raise Rejected("no-period", first=str(first), last=str(last))
    return found


def _add(balances: Balances, slot: Slot, minor: int, flow: Flow) -> None:
    stands = balances.get(slot)
    if stands is None:
        balances[slot] = Due(minor, minor, flow.causes, flow.rule, flow.on)
        return
    balances[slot] = Due(
        stands.minor + minor,
        stands.functional_minor + minor,
        causes_of(stands.causes, flow.causes),
        stands.rule,
        max(filter(None, (stands.on, flow.on)), default=None),
    )


def _present_unbilled(balances: Balances, obligation: str, position: _Position) -> None:
    """Delivered but not billed is an unbilled receivable, no negative liability (rule 38)."""
    billed = earned = before = 0
    causes: set[int] = set()
    for last in sorted(position):
        for flow, minor in position[last]:
            if flow.kind == "release":
                earned += minor
            else:
                billed += minor
            causes.update(flow.causes)
        now = max(0, min(earned, earned - billed))
        if now != before:
            _reclass(balances, obligation, last, now - before, tuple(sorted(causes)))
        before = now


def _reclass(
    balances: Balances, obligation: str, last: date, minor: int, causes: tuple[int, ...]
) -> None:
    for account, sign in ((UNBILLED, 1), (LIABILITY, -1)):
        slot = Slot(last, "unbilled", obligation, account, obligation)
        balances[slot] = Due(sign * minor, sign * minor, causes, "unbilled-receivable@1")
