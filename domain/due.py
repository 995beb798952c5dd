"""What should be booked by a date: a schedule cut into slots, period by period.

Documents stand at their own date, what time drives stands up to `through`. A flow balances by
itself, so every cut does; the one thing that is not a sum of flows is presentation: what is earned
and not yet billed stands as unbilled receivable, or as contract asset as far as nothing is due for
it yet. What would go back of that is no refund liability: it is neither received nor receivable.

What stands in a period that is over changes with the schedule only. So a schedule that was cut
before is cut again from the first period on that time has since reached: `edge` is the last day of
those that stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct, field

from domain.accounting.curves import Steps, first_day, last_day, standing
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import ONE_DAY, Calendar, Period
from domain.errors import Rejected
from domain.facts import causes_of
from domain.journal import Balances, Due, Slot

Marks = tuple[tuple[date, int], ...]
LIABILITY = "contract-liability"
UNBILLED = "unbilled-receivable"
ASSET = "contract-asset"
REFUND = "refund-liability"
PRESENTED_BY = {
    UNBILLED: "unbilled-receivable@1",
    ASSET: "contract-asset@1",
    REFUND: "refund-conditional@1",
}
# Kinds of slots that are no sum of flows.
PRESENTED = {"unbilled": UNBILLED, "conditional": ASSET, "refund-conditional": REFUND}
OWED_BACK = ((LIABILITY, 1), (REFUND, -1))
# A memo of what is due for what was transferred: it has no legs.
ENTITLED, SERVED = "entitled", "served"
# Kinds of memos that a position counts.
COUNTED = frozenset({ENTITLED, SERVED})


class Back(Struct):
    """What one promise earned, what of that is to go back, and what is billed and due for it."""

    earned: int = 0
    owed: int = 0
    billed: int = 0
    entitled: int = 0

    def take(self, flow: Flow, minor: int) -> None:
        if flow.kind == ENTITLED:
            self.entitled += minor
        elif flow.kind != SERVED and dict(flow.legs)[LIABILITY] > 0:
            self.earned += minor
            self.owed += minor if flow.legs == OWED_BACK else 0
        elif flow.kind != SERVED:
            self.billed += minor

    @property
    def open(self) -> int:
        """What is earned beyond what is billed or due; negative: more is."""
        return self.earned - max(self.billed, self.entitled)

    @property
    def uncovered(self) -> int:
        """What is to go back of what nobody paid or must pay yet. What is due goes back first; of
        what is billed beyond that, what will be kept counts as paid first.
        """
        return max(min(self.owed - max(self.entitled, 0), self.open), 0)


def _uncovered(backs: dict[str, Back]) -> int:
    """Of all promises: what is paid of one beyond what it earned covers the others."""
    rows = backs.values()
    spare = sum(max(-one.open, 0) for one in rows)
    return max(sum(one.uncovered for one in rows) - spare, 0)


def owes_back(schedule: Schedule) -> bool:
    """Whether some of what is earned is to go back."""
    return any(flow.legs == OWED_BACK for flow in schedule.flows)


class Position(Struct):
    """What an obligation billed and earned up to the edge, and its changes by period end after it.

    Its unbilled part is presented from that. `entitled`: what is due for what was transferred,
    where the deal says so; elsewhere all that is earned is. `backs`: the same of each promise,
    where some of what is earned is to go back. `served`: what is billed of service that is over, if
    a book elects to show what of that is above what was earned.
    """

    billed: int = 0
    earned: int = 0
    entitled: int | None = None
    served: int = 0
    backs: dict[str, Back] | None = None
    causes: set[int] = field(default_factory=set)
    changes: dict[date, list[tuple[Flow, int]]] = field(default_factory=dict)

    def take(self, flow: Flow, minor: int) -> None:
        if flow.kind == ENTITLED:
            self.entitled = (self.entitled or 0) + minor
        elif flow.kind == SERVED:
            self.served += minor
        elif dict(flow.legs)[LIABILITY] > 0:
            self.earned += minor
        else:
            self.billed += minor
        self.causes.update(flow.causes)
        if self.backs is not None:
            self.backs.setdefault(flow.obligation, Back()).take(flow, minor)

    @property
    def presented(self) -> dict[str, int]:
        """Delivered and not billed is no negative liability (rule 38): a receivable as far as only
        time must pass, a contract asset as far as more must be delivered. That is what will be
        kept: owed back is only what was charged or is due (ASC 606-10-32-10, IFRS 15.55).
        """
        net = max(0, min(self.earned, self.earned - self.billed))
        above = max(0, min(self.served, self.billed) - self.earned) if self.served > 0 else 0
        if self.entitled is None:
            return {UNBILLED: net - above, ASSET: 0, REFUND: 0}
        receivable = min(max(self.entitled - self.billed, 0), net)
        asset = net - receivable
        back = min(_uncovered(self.backs), asset) if self.backs else 0
        return {UNBILLED: receivable - above, ASSET: asset - back, REFUND: back}


def due(schedule: Schedule, through: date, calendar: Calendar, edge: date = date.min) -> Balances:
    """What should stand in periods after `edge`: documents at their date, the rest by `through`."""
    balances: Balances = {}
    positions: dict[str, Position] = {}
    counted = [flow for flow in schedule.memos if flow.kind in COUNTED]
    told = 0 if any(flow.kind == ENTITLED for flow in counted) else None
    owes = told is not None and owes_back(schedule)
    for flow in (*schedule.flows, *counted):
        if flow.last_day <= edge:
            continue
        changes = by_period(flow, through, calendar, edge)
        if flow.functional is None:
            for period, minor in changes:
                _stand(balances, flow, period.last, minor, minor)
        else:
            for (period, minor), worth in zip(changes, worths(flow, changes, edge), strict=True):
                _stand(balances, flow, period.last, minor, worth)
        if changes and counts(flow):
            whole = "" if schedule.joint else flow.obligation
            if whole not in positions:
                positions[whole] = Position(entitled=told, backs={} if owes else None)
            position = positions[whole]
            for period, minor in changes:
                position.changes.setdefault(period.last, []).append((flow, minor))
    if edge > date.min:
        _carry(positions, schedule, edge)
    presented: dict[str, dict[str, Marks]] = {}
    for row in schedule.presented:
        presented.setdefault(row.obligation, {})[row.account] = row.marks
    for obligation, position in positions.items():
        _present_unbilled(balances, obligation, position, presented.get(obligation), edge)
    return balances


def counts(flow: Flow) -> bool:
    """Whether the flow counts against an obligation."""
    return bool(flow.obligation) and (flow.kind in COUNTED or LIABILITY in dict(flow.legs))


def _carry(positions: dict[str, Position], schedule: Schedule, edge: date) -> None:
    """What obligations that go on billed and earned in the periods that are over."""
    for flow in (*schedule.flows, *schedule.memos):
        position = positions.get("" if schedule.joint else flow.obligation)
        if position is not None and first_day(flow.curve) <= edge and counts(flow):
            position.take(flow, standing(flow.curve, edge))


def slot_of(flow: Flow, account: str, earned: date) -> Slot:
    return Slot(earned, flow.kind, flow.subject, account, flow.obligation, flow.document)


def by_period(
    flow: Flow, through: date, calendar: Calendar, edge: date = date.min
) -> list[tuple[Period, int]]:
    """The flow's change in each period after `edge` that shares a day with it, up to its cut.

    What comes to nothing within a period is there as no change, with its causes.
    """
    curve = flow.curve
    if flow.waits(through):
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


def _periods(calendar: Calendar, first: date, last: date) -> tuple[Period, ...]:
    """Every day must have a period; a calendar that ends too early parks the unit."""
    alone = calendar.containing(first)
    if alone is not None and last <= alone.last:
        return (alone,)
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


def _present_unbilled(
    balances: Balances,
    obligation: str,
    position: Position,
    told: dict[str, Marks] | None,
    edge: date,
) -> None:
    before = worth_before = position.presented
    if told is not None:
        worth_before = _told(told, edge)
    for last in sorted(position.changes):
        for flow, minor in position.changes[last]:
            position.take(flow, minor)
        now = worth = position.presented
        if told is not None:
            worth = _told(told, last)
        for kind, account in PRESENTED.items():
            change = now[account] - before[account], worth[account] - worth_before[account]
            if any(change):
                causes = tuple(sorted(position.causes))
                slot = Slot(last, kind, obligation, account, obligation)
                _reclass(balances, slot, change, causes)
        before, worth_before = now, worth


def _told(told: dict[str, Marks], day: date) -> dict[str, int]:
    return {account: standing(Steps(told.get(account, ())), day) for account in PRESENTED.values()}


def _reclass(
    balances: Balances, slot: Slot, change: tuple[int, int], causes: tuple[int, ...]
) -> None:
    minor, worth = change
    for account, sign in ((slot.account, 1), (LIABILITY, -1)):
        side = Slot(slot.earned, slot.kind, slot.subject, account, slot.obligation)
        balances[side] = Due(sign * minor, sign * worth, causes, PRESENTED_BY[slot.account])
