"""What an obligation billed and earned, and in which accounts its net position is presented.

What is earned and not yet billed stands as unbilled receivable, or as contract asset as far as
nothing is due for it yet. What would go back of that is no refund liability: it is neither received
nor receivable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct, field

from domain.accounting.schedule import Flow, Schedule

LIABILITY = "contract-liability"
UNBILLED = "unbilled-receivable"
ASSET = "contract-asset"
REFUND = "refund-liability"
ACCOUNTS = (UNBILLED, ASSET, REFUND)
OWED_BACK = ((LIABILITY, 1), (REFUND, -1))
# A memo of what is due for what was transferred: it has no legs.
ENTITLED, SERVED = "entitled", "served"
# What is owed back of a deal that ended: it bills no performance any more.
OWED = "owed-back"
# What may go back of an amount that is stated for several promises, or beside their own prices.
OF_LUMP = "lump-owed"
# Kinds of memos that a position counts.
COUNTED = frozenset({ENTITLED, SERVED})
# What is earned and to go back, of a lump or of what promises cost by themselves, is earned, too.
Side = Literal["billed", "earned", "owed", "lump", "back", "entitled", "served"]

_BACK: dict[str, Side] = {OWED: "back", OF_LUMP: "lump"}


def side_of(flow: Flow) -> Side | None:
    """As what the flow counts against its obligation; none if it does not."""
    if not flow.obligation:
        return None
    if flow.kind == ENTITLED:
        return "entitled"
    if flow.kind == SERVED:
        return "served"
    if flow.legs == OWED_BACK:
        return _BACK.get(flow.kind, "owed")
    for account, sign in flow.legs:
        if account == LIABILITY:
            return "earned" if sign > 0 else "billed"
    return None


class Tally(Struct):
    """What is billed, earned, due and served, and what of that earned is to go back: of what it
    costs by itself, and of a lump.
    """

    billed: int = 0
    earned: int = 0
    owed: int = 0
    lump: int = 0
    entitled: int = 0
    served: int = 0

    def take(self, side: Side, minor: int) -> None:
        if side == "earned":
            self.earned += minor
        elif side == "billed":
            self.billed += minor
        elif side == "entitled":
            self.entitled += minor
        elif side == "owed":
            self.earned += minor
            self.owed += minor
        elif side == "lump":
            self.earned += minor
            self.lump += minor
        elif side == "back":
            self.billed -= minor
        else:
            self.served += minor

    @property
    def open(self) -> int:
        """What is earned beyond what is billed or due; negative: more is."""
        return self.earned - max(self.billed, self.entitled)

    @property
    def uncovered(self) -> int:
        """What is to go back of what nobody paid or must pay yet. What is due of its own price goes
        back first, and nothing of a lump is due with that; of what is billed beyond what is due,
        what will be kept counts as paid first.
        """
        undue = max(self.owed - max(self.entitled, 0), 0)
        return max(min(self.lump + undue, self.open), 0)


def _uncovered(promises: Iterable[Tally]) -> int:
    """Of all promises: what is paid of one beyond what it earned covers the others."""
    rows = [*promises]
    spare = sum(max(-one.open, 0) for one in rows)
    return max(sum(one.uncovered for one in rows) - spare, 0)


class NetPosition(NamedTuple):
    """What stands in each of `ACCOUNTS` for what is earned and not billed."""

    unbilled: int = 0
    asset: int = 0
    refund: int = 0


class Position(Struct):
    """What an obligation, or a contract as a whole, billed and earned so far.

    `states_due`: the deal says what is due for what was transferred; elsewhere all that is earned
    is. `promises`: the same of each promise, where some of what is earned is to go back. What is
    billed of service that is over is counted if a book elects to show what of that is above what
    was earned.
    """

    states_due: bool
    promises: dict[str, Tally] | None
    whole: Tally = field(default_factory=Tally)
    causes: set[int] = field(default_factory=set)

    def take(self, flow: Flow, minor: int, side: Side | None = None) -> None:
        """Count so much of a flow; `side`, if it is known already."""
        side = side or side_of(flow)
        assert side is not None, flow
        self.whole.take(side, minor)
        self.causes.update(flow.causes)
        if self.promises is not None:
            self.promises.setdefault(flow.obligation, Tally()).take(side, minor)

    @property
    def presented(self) -> NetPosition:
        """Delivered and not billed is no negative liability (rule 38): a receivable as far as only
        time must pass, a contract asset as far as more must be delivered. That is what will be
        kept: owed back is only what was charged or is due (ASC 606-10-32-10, IFRS 15.55).
        """
        whole = self.whole
        net = max(0, min(whole.earned, whole.earned - whole.billed))
        above = max(0, min(whole.served, whole.billed) - whole.earned) if whole.served > 0 else 0
        if not self.states_due:
            return NetPosition(net - above)
        receivable = min(max(whole.entitled - whole.billed, 0), net)
        asset = net - receivable
        back = min(_uncovered(self.promises.values()), asset) if self.promises else 0
        return NetPosition(receivable - above, asset - back, back)


class Counting(NamedTuple):
    """What the positions of a schedule count beside its flows, and how."""

    memos: tuple[Flow, ...]
    states_due: bool
    owes_back: bool

    def position(self) -> Position:
        return Position(self.states_due, {} if self.owes_back else None)


def counting(schedule: Schedule) -> Counting:
    memos = tuple([flow for flow in schedule.memos if flow.kind in COUNTED])
    states_due = any(flow.kind == ENTITLED for flow in memos)
    owes = states_due and any(side_of(flow) in ("owed", "lump") for flow in schedule.flows)
    return Counting(memos, states_due, owes)
