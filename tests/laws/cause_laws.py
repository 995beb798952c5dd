"""Law 8, no orphan: every measured amount rests on its causes, and every line on its amounts.

An amount is a flow of a schedule: what one rule measured, with its curve and its steps. It says
nothing about what else its slot holds, so a slot in which something ended and nothing followed
needs no cause for what is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field, structs

from domain.accounting.measure import measure
from domain.accounting.schedule import Flow, Schedule
from domain.due import PRESENTED, due
from domain.explained import Explained, explain
from domain.facts import corrected
from domain.journal import Entry, Line, Slot
from domain.ledger import Fresh, Run, UnitState
from domain.master import MasterData
from domain.net_position import ASSET, ENTITLED, LIABILITY, OF_LUMP, OWED, REFUND, SERVED, UNBILLED
from tests.laws.memory import Books, History, Settlement, fresh_of, measured_anew
from tests.laws.time_laws import Ledger, causes_unasked, holds, last_of_each_book, same

# Amount -> the flows that measure it; what they show is worked out for an amount one asks about.
_Told = dict[object, list[Flow]]
# Facts that say when to post and how to measure; nothing comes about by them alone.
NEVER_ALONE = ("run", "book", "policy")
# Master data measures; a customer is master data that some units also follow.
MASTER = ("customer",)
NO_LONGER_DUE = "no-longer-due@1"


def causes(_history: History, ledger: Ledger) -> int:
    """Every amount from its causes alone is the same; without any one what explain shows differs.

    And every line rests on the amounts whose change it posts.
    """
    count = 0
    for books in ledger.values():
        settlements = last_of_each_book(books)
        for place, settlement in enumerate(settlements):
            # Books differ in their policy alone: units take turns, or all would be measured twice.
            for unit in sorted(settlement.states)[place :: len(settlements)]:
                count += _unit_rests(books, settlement, unit)
        count += _lines_rest(books)
    return count


# --- amounts ---


class _Measured(Struct, frozen=True):
    """A unit at one run, to be measured from some of its facts; each choice of them once."""

    unit: str
    fresh: Fresh
    run: Run
    master: frozenset[int]
    schedule: Schedule
    seen: dict[frozenset[int], _Told] = field(default_factory=dict)

    def flows(self, positions: frozenset[int]) -> tuple[Flow, ...]:
        """What is measured when only these facts are known, and of rates only these are true."""
        taken, run = positions | self.master, self.run
        facts = tuple(fact for fact in self.fresh.facts if fact.position in taken)
        usage = tuple(day for day in self.fresh.usage if day.position in taken)
        master = with_rates(run.master, taken)
        with causes_unasked():
            found = measure(self.unit, facts, usage, master, run.book, run.through)
        return *found.flows, *found.memos

    def told(self, positions: frozenset[int], amount: object) -> Counter[object]:
        """What explain shows of an amount when only these facts are known; nothing without it."""
        if positions not in self.seen:
            found = self.seen[positions] = {}
            for flow in self.flows(positions):
                found.setdefault(_amount(flow), []).append(flow)
        same = self.seen[positions].get(amount, ())
        return Counter((flow.rule, flow.steps) for flow in same)

    def brings_more(self, positions: frozenset[int]) -> bool:
        """Whether facts measure something that facts beside them take back.

        What lies in one pool is worth what all of it comes to: then that is another amount.
        """
        whole = self.schedule
        every = {_moved(flow) for flow in (*whole.flows, *whole.memos)}
        return any(_moved(flow) not in every for flow in self.flows(positions))


def with_rates(master: MasterData, true: frozenset[int]) -> MasterData:
    """The master data with rates of nonsense but for some facts: amounts rest on them by name."""
    rates = {
        pair: tuple(
            rate
            if rate.position in true
            else rate._replace(rate=times * rate.rate, told="nonsense")
            for rate in rows
        )
        for pair, rows in master.rates.items()
        # Not by the same: what two rates say together would stay as it was.
        for times in (2 if pair[2] == "USD" else 3,)
    }
    return structs.replace(master, rates=rates)


def _moved(flow: Flow) -> object:
    """What is measured in the unit's own currency."""
    return flow.kind, flow.subject, flow.document, flow.on, flow.curve


def _amount(flow: Flow) -> object:
    """What is measured and where it stands; not how, and not why."""
    place = flow.kind, flow.subject, flow.legs, flow.obligation, flow.document, flow.on
    return *place, flow.curve, flow.functional


def _unit_rests(books: Books, settlement: Settlement, unit: str) -> int:
    run = settlement.run
    fresh = fresh_of(books, unit, run.position)
    master = frozenset(f.position for f in fresh.facts if f.stream.partition(":")[0] in MASTER)
    schedule = measured_anew(books, settlement, unit)
    whole = _Measured(unit, fresh, run, master, schedule)
    every = (*schedule.flows, *(flow for flow in schedule.memos if flow.kind == "served"))
    count = sum(_flow_rests(books, whole, flow) for flow in every)
    for flow in (*schedule.flows, *schedule.memos):
        # What unites causes takes each group to be in order.
        count += same(flow.causes, tuple(sorted({*flow.causes})), flow)
    balances = due(schedule, run.through, run.master.calendar)
    unbilled = [slot for slot, row in balances.items() if slot.kind in PRESENTED and row.minor]
    return count + sum(
        _presented(whole, schedule, slot, balances[slot].minor, balances[slot].causes)
        for slot in unbilled
    )


def _flow_rests(books: Books, whole: _Measured, flow: Flow) -> int:
    positions, amount = frozenset(flow.causes), _amount(flow)
    streams = [books.facts[place - 1].stream.partition(":")[0] for place in positions]
    alone = whole.told(positions, amount)
    where = (books.entity, whole.run.book, whole.unit, flow)
    count = holds(any(stream not in NEVER_ALONE for stream in streams), "only a run", *where)
    if not alone and flow.functional is not None and whole.brings_more(positions):
        return count
    count += holds(alone, "not the same from its causes alone", *where)
    for cause in sorted(positions):
        fewer = whole.told(positions - {cause}, amount)
        count += holds(fewer != alone, "the same without", cause, *where)
    return count


def _presented(
    whole: _Measured, schedule: Schedule, slot: Slot, minor: int, rests_on: tuple[int, ...]
) -> int:
    """It is presented from what explain shows of earned, billed and due, and rests on that."""
    run = whole.run
    shown = explain(schedule, slot, run.through, run.master.calendar)
    account = PRESENTED[slot.kind]
    now = _stands_in(account, schedule, shown)
    before = _stands_in(account, schedule, [one for one in shown if one.earned < slot.earned])
    sign = 1 if slot.account == account else -1
    count = same(minor, sign * (now - before), whole.unit, slot, shown)
    return count + same({*rests_on}, _all_causes(shown), whole.unit, slot)


def _stands_in(account: str, schedule: Schedule, shown: Iterable[Explained]) -> int:
    """What is delivered and not billed: due is an unbilled receivable, the rest an asset, less what
    would go back of it.
    """
    flows = schedule.flows
    earns = {(f.kind, f.subject) for f in flows if dict(f.legs).get(LIABILITY, 0) > 0}
    of_whom = {(f.kind, f.subject): f.obligation for f in (*flows, *schedule.memos)}
    goes_back = {(f.kind, f.subject) for f in flows if dict(f.legs).get(REFUND)}
    sums = Counter[str]()
    by_promise: dict[str, Counter[str]] = {}
    for one in shown:
        named = one.kind, one.subject
        # What other books left names both sides of a promise alike.
        is_billed = any(step.what == "billed before" for step in one.steps[:1])
        told = one.kind if one.kind in (ENTITLED, SERVED) else "billed"
        if told == "billed" and named in earns and not is_billed:
            told = "earned"
        for row in (sums, by_promise.setdefault(of_whom[named], Counter())):
            if one.kind == OWED:
                # What goes back of a deal that ended was charged for no performance.
                row["billed"] -= one.minor
                continue
            row[told] += one.minor
            if named in goes_back:
                row["of a lump" if one.kind == OF_LUMP else "back"] += one.minor
    served = sums[SERVED]
    above = max(0, min(served, sums["billed"]) - sums["earned"]) if served > 0 else 0
    net = max(0, min(sums["earned"], sums["earned"] - sums["billed"]))
    is_told = any(memo.kind == ENTITLED for memo in schedule.memos)
    receivable = min(max(sums[ENTITLED] - sums["billed"], 0), net) if is_told else net
    covered = [(row, max(row["billed"], row[ENTITLED])) for row in by_promise.values()]
    spare = sum(paid - row["earned"] for row, paid in covered if paid > row["earned"])
    open_ = sum(
        min(row["of a lump"] + max(row["back"] - due_of, 0), row["earned"] - paid)
        for row, paid in covered
        for due_of in [max(row[ENTITLED], 0)]
        if row["of a lump"] + max(row["back"] - due_of, 0) > 0 and row["earned"] > paid
    )
    back = min(net - receivable, max(open_ - spare, 0))
    found = {UNBILLED: receivable - above, ASSET: net - receivable - back, REFUND: back}
    return found[account]


def _all_causes(shown: Iterable[Explained]) -> set[int]:
    return {cause for one in shown for cause in one.causes}


# --- lines ---


def _lines_rest(books: Books) -> int:
    """A line names the causes of what is due in its slot; and of the change only what is new, what
    the slot stood on before, and what corrects that.
    """
    count = 0
    before: dict[tuple[str, str], UnitState] = {}
    for settlement in books.settlements:
        for entry in settlement.entries:
            place = (entry.unit, entry.book)
            state = settlement.states[entry.unit]
            count += sum(
                _line_rests(books, settlement.run, entry, line, state, before.get(place))
                for line in entry.lines
            )
        for unit, state in settlement.states.items():
            before[unit, settlement.run.book] = state
    return count


def _line_rests(
    books: Books, run: Run, entry: Entry, line: Line, state: UnitState, before: UnitState | None
) -> int:
    shown = explain(state.schedule, line.slot, run.through, run.master.calendar)
    is_due = line.rule != NO_LONGER_DUE
    rests_on, named = _all_causes(shown) if is_due else set(), {*line.causes}
    stood = _stood(line.slot, before)
    since = before.measured_at if before else 0
    known = [place for place in books.units[entry.unit] if place <= run.position]
    news = {place for place in known if place > since}
    replaced = corrected(books.facts[place - 1] for place in known)
    correcting = {by for dead, by in replaced.items() if dead in stood}
    count = holds(rests_on <= named, "an amount's cause is not named", entry.unit, line, rests_on)
    told = named <= rests_on | news | stood | correcting
    return count + holds(told, "names what it does not rest on", entry.unit, line, rests_on)


def _stood(slot: Slot, before: UnitState | None) -> set[int]:
    """What the slot's amount rested on when it was last posted."""
    rows = before.posted if before else ()
    return {cause for row in rows if row.slot == slot for cause in row.causes}
