"""What the customer gave that is no money, such as shares: no bill asks for it.

It stands at what the price counts it: its fair value when it was agreed (ASC 606-10-32-21 to 32-24,
IFRS 15.66 to 69). What it is worth by then is another ledger's gain or loss, told and not posted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from domain.accounting.contract.pricing import of_units
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.curves import Steps
from domain.accounting.schedule import Flow
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    NonCash,
    NonCashReceived,
    PriceEstimated,
    VariableAmount,
)
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.facts import Fact, causes_of, of_kinds

RECEIVED = (("non-cash-clearing", 1), ("contract-liability", -1))


def received(promises: Sequence[Promise], own: Sequence[Fact], deal: Deal) -> Iterator[Flow]:
    """What came of each that was promised; what nobody promised counts nothing."""
    receipts = of_kinds(own, NonCashReceived)
    if not receipts:
        return
    promised = dict[tuple[str, str], tuple[Fact, NonCash]]()
    for fact in of_kinds(own, ContractOpened, ContractModified, PriceEstimated):
        for row in _promised(fact):
            promised.setdefault((fact.stream, row.name), (fact, row))
    for (stream, name), (since, row) in promised.items():
        came = [
            (fact, fact.event)
            for fact in receipts
            if fact.stream == stream
            if isinstance(fact.event, NonCashReceived) and fact.event.name == name
        ]
        if came:
            first = deal.mine(promises, stream)[0].name
            yield _flow(first, since, row, came, deal)


def _promised(fact: Fact) -> Iterator[NonCash]:
    match fact.event:
        case ContractOpened() | ContractModified():
            yield from fact.event.non_cash
            yield from _uncertain(fact.event.variable)
        case PriceEstimated():
            yield from _uncertain(fact.event.variable)
        case _:
            pass


def _uncertain(rows: Sequence[VariableAmount]) -> Iterator[NonCash]:
    return (row.non_cash for row in rows if row.non_cash is not None)


def _flow(
    promise: str,
    since: Fact,
    row: NonCash,
    came: Sequence[tuple[Fact, NonCashReceived]],
    deal: Deal,
) -> Flow:
    """So many in all, each total rounded once: parts sum to what the price counts."""
    rows, told, so_far = dict[date, int](), list[Step](), Decimal(0)
    told.append(Step(what=f"fair value of one of {row.name}", value=plain(row.unit_value)))
    for fact, event in came:
        so_far = EXACT.add(so_far, event.quantity)
        rows[fact.when.measured] = of_units(row.unit_value, so_far, deal.currency)
        by_then = "" if event.unit_value is None else f", worth {plain(event.unit_value)} each"
        told.append(Step(what=f"{row.name} received", value=f"{plain(so_far)} in all{by_then}"))
    steps = tuple(told)
    return Flow(
        kind="non-cash",
        subject=row.name,
        obligation=promise,
        legs=RECEIVED,
        curve=Steps(tuple(rows.items())),
        causes=causes_of(
            deal.of(since.stream), (since.position,), tuple(fact.position for fact, _ in came)
        ),
        rule="non-cash-received@1",
        told=lambda: steps,
    )
