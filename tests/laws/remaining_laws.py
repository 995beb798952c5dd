"""Law 7 of stated contracts at any day: price = revenue to date + what remains, as the deal stood.

Which facts count is judged here by their days alone, and the price worked out from them; revenue is
what flows of everything known come to by the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from domain.accounting.as_agreed import as_agreed
from domain.accounting.curves import standing, total
from domain.accounting.measure import measure
from domain.accounting.remaining import Remains, remaining
from domain.accounting.schedule import Flow, Schedule
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    PriceConceded,
    PriceEstimated,
)
from domain.facts import Fact
from domain.invoice_facts import CreditIssued, InvoiceIssued
from domain.policy import Options
from tests.laws.contract_laws import (
    held_by,
    is_beside,
    is_opened,
    measured,
    options_of,
    others_share,
    prices_of,
    stated_units,
)
from tests.laws.memory import History, Settlement
from tests.laws.time_laws import Ledger, same

# The days of each contract that are looked at, beside the last.
DAYS = 1
ALL_TO_COME = (("later", date.max),)
BETWEEN_PARTIES = (
    ContractOpened,
    ContractModified,
    ContractTerminated,
    PriceConceded,
    CustomerPaymentPromised,
)


def price_is_earned_or_remains(history: History, ledger: Ledger) -> int:
    """Of each promise what is earned is what flows say, and all prices are the contract's."""
    count, random = 0, Random(history.seed)
    for books in ledger.values():
        for settlement, unit, facts in stated_units(books):
            if not is_opened(facts):
                continue
            known = measured(settlement, unit, facts)
            for day in _days(facts, settlement.run.through, random):
                agreed = _agreed(settlement, unit, facts, day)
                rows = remaining(known, day, ALL_TO_COME, Options(), agreed)
                for row in rows:
                    count += same(sum(row.bands.values()), row.remaining_minor, unit, row)
                count += _earned(known, rows, day, unit)
                expected = _price(settlement, facts, day, agreed)
                count += same(_priced(rows, agreed), expected, unit, settlement.run.book, day)
    return count


def _days(facts: Sequence[Fact], through: date, random: Random) -> list[date]:
    """Days of facts and the days before them: there it matters what counts."""
    days = sorted({day for fact in facts for day in (fact.when.effective, fact.when.measured)})
    some = random.sample(days, min(len(days), DAYS))
    return [through, *(day - timedelta(days=random.choice((0, 1))) for day in some)]


def _agreed(settlement: Settlement, unit: str, facts: Sequence[Fact], day: date) -> Schedule:
    run = settlement.run
    counted = as_agreed(facts, day, lambda on: run.master.options(run.book, on).void_default)
    return measure(unit, counted, (), run.master, run.book, day)


def _earned(known: Schedule, rows: Sequence[Remains], day: date, unit: str) -> int:
    found = {row.obligation: row.earned_minor for row in rows if row.earned_minor}
    sums: dict[str, int] = {}
    for flow in known.flows:
        if _is_delivered(flow):
            sums[flow.obligation] = sums.get(flow.obligation, 0) + standing(flow.curve, day)
    return same(found, {name: minor for name, minor in sums.items() if minor}, unit, day)


def _is_delivered(flow: Flow) -> bool:
    return ("external-clearing", -1) in flow.legs or flow.kind == "release"


def _priced(rows: Sequence[Remains], agreed: Schedule) -> int:
    """What the promises share of the price: without what has a price by itself, and without what
    documents move.
    """
    promised = [memo for memo in agreed.memos if memo.kind == "promised"]
    spoken = agreed.outlook.spoken if agreed.outlook else ()
    alone = {one.obligation for one in spoken if one.unpriced}
    shared = {memo.obligation for memo in promised} - alone
    found = sum(row.price_minor for row in rows if row.obligation in shared)
    for flow in agreed.flows:
        if flow.obligation in shared and flow.subject != flow.obligation and _is_delivered(flow):
            found -= total(flow.curve)
    met = agreed.outlook is not None and agreed.outlook.is_contract
    return found + sum(total(m.curve) for m in promised if met and m.obligation in alone)


def _price(settlement: Settlement, facts: Sequence[Fact], day: date, agreed: Schedule) -> int:
    """By what was agreed by the day, whenever it holds, and what was estimated by then; without
    what is owed beside promises, which bears its part of what is given back at an end.
    """
    counted = [
        fact
        for fact in facts
        if (isinstance(fact.event, BETWEEN_PARTIES) and _agreed_on(fact) <= day)
        or (isinstance(fact.event, PriceEstimated) and fact.when.effective <= day)
        or (isinstance(fact.event, InvoiceIssued) and _agreed_on(fact) <= day)
        or (isinstance(fact.event, CreditIssued) and _counts(fact, day))
    ]
    met = [f for f in facts if isinstance(f.event, CriteriaMet) and f.when.effective <= day]
    opened = [fact.event for fact in counted if isinstance(fact.event, ContractOpened)]
    if not any(one.criteria_met or met for one in opened):
        return 0
    price = prices_of(counted, options_of(settlement, facts))[-1][1]
    if not any(isinstance(fact.event, ContractTerminated) for fact in counted):
        return price - others_share(facts)
    beside = sum(total(flow.curve) for flow in agreed.flows if is_beside(flow))
    return price + held_by(counted, date.max) - beside


def _counts(fact: Fact, day: date) -> bool:
    """A document was credited as if never, or by the day."""
    assert isinstance(fact.event, CreditIssued), fact
    return fact.event.treatment == "as-if-never" or fact.when.effective <= day


def _agreed_on(fact: Fact) -> date:
    return fact.when.agreed_on or fact.when.effective
