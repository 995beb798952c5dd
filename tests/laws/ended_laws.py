"""Law 18: what ended owes no performance. Nothing of it is left to be transferred but what still
runs on, so what was charged beyond that is owed in money, and nothing is claimed beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from domain.accounting.curves import first_day, standing, total
from domain.accounting.ended import RULE
from domain.accounting.schedule import Flow, Schedule
from domain.calendar import ONE_DAY
from domain.contract_facts import ContractJoined, ContractOpened, ContractTerminated
from domain.due import due
from domain.facts import Fact, in_effective_order, known
from domain.net_position import ASSET, LIABILITY, UNBILLED
from domain.subscription import SubscriptionCancelled, SubscriptionStarted
from tests.laws.memory import History, fresh_of
from tests.laws.time_laws import Ledger, holds, last_of_each_book

_DEALS = ("contract:", "subscription:")


def what_ended_owes_money(_history: History, ledger: Ledger) -> int:
    """From the end on no more stands in the liability than will be earned; and where something is
    owed back of an end, nothing is unbilled.
    """
    count = 0
    for books in ledger.values():
        for settlement in last_of_each_book(books):
            run = settlement.run
            for unit, state in sorted(settlement.states.items()):
                if not unit.startswith(_DEALS):
                    continue
                facts = tuple(known(fresh_of(books, unit, run.position).facts))
                schedule = state.schedule
                end = _ended(facts)
                if end is None:
                    continue
                balances = due(schedule, run.through, run.master.calendar)
                stood: Counter[str] = Counter()
                for period in run.master.calendar.periods:
                    rows = [(s, d.minor) for s, d in balances.items() if s.earned == period.last]
                    for slot, minor in rows:
                        stood[slot.account] += minor
                    if end <= period.last <= run.through:
                        where = unit, run.book, period.last
                        most = _still_to_earn(schedule, period.last)
                        count += holds(-stood[LIABILITY] <= most, "owed as performance", *where)
                        is_one = schedule.joint and not _is_of_several(facts)
                        if is_one and _is_owed_back(schedule, period.last):
                            claimed = stood[UNBILLED] + stood[ASSET]
                            count += holds(claimed <= 0, "claimed beside", *where)
    return count


def _ended(facts: Sequence[Fact]) -> date | None:
    """The first day on which all deals of a unit have ended. Of a subscription that goes on to the
    end of a period the prices say when that is: what they say is no business of this law.
    """
    opened = {fact.stream for fact in facts if isinstance(fact.event, ContractOpened)}
    ends: dict[str, date] = {}
    for fact in sorted(facts, key=in_effective_order):
        day = fact.when.measured
        match fact.event:
            case ContractTerminated():
                ends[fact.stream] = min(day, ends.get(fact.stream, day))
            case SubscriptionCancelled(timing="effective"):
                # Its last day may be served.
                ends.setdefault(fact.stream, max(day, fact.when.effective + ONE_DAY))
            case SubscriptionCancelled() | SubscriptionStarted(contract="none"):
                return None
            case _:
                pass
    return max(ends.values()) if ends and not opened - {*ends} else None


def _is_of_several(facts: Sequence[Fact]) -> bool:
    """Each owes back what it charged, whatever another has earned and not billed."""
    return any(isinstance(fact.event, ContractJoined) for fact in facts)


def _earning(schedule: Schedule) -> list[Flow]:
    """What time drives."""
    flows = [flow for flow in schedule.flows if flow.rule != RULE and flow.on is None]
    return [flow for flow in flows if dict(flow.legs).get(LIABILITY, 0) > 0]


def _still_to_earn(schedule: Schedule, day: date) -> int:
    begun = [flow.curve for flow in _earning(schedule) if first_day(flow.curve) <= day]
    return max(sum(total(curve) - standing(curve, day) for curve in begun), 0)


def _is_owed_back(schedule: Schedule, day: date) -> bool:
    return any(flow.rule == RULE and standing(flow.curve, day) for flow in schedule.flows)
