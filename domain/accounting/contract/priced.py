"""What is earned by itself, without a share of the price: percentages of what is reported, and
units at a price, as many as there will be (rules 24, 26 and 33).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import structs

from domain.accounting.contract.pricing import of_units
from domain.accounting.contract.promise import REFUND, Deal, Promise
from domain.accounting.contract.transfer import RULES, of_base, place_of
from domain.accounting.curves import Steps
from domain.accounting.revenue import release
from domain.accounting.schedule import Flow
from domain.contract_facts import (
    ContractOpened,
    ObligationSatisfied,
    PriceEstimated,
    VariableAmount,
)
from domain.decimals import EXACT, plain
from domain.explain import Step, steps_of
from domain.facts import Fact, causes_of


def by_themselves(promises: Sequence[Promise], own: Sequence[Fact], deal: Deal) -> Iterator[Flow]:
    """Flows of promises that are priced by what is reported or transferred."""
    for promise in promises:
        about = deal.about.get(promise.name, ())
        if promise.own.pattern == "percent-of-base":
            yield from _of_base(promise, about)
        elif promise.own.is_open_ended:
            yield from _of_units(promise, about, own, deal)


def _of_base(promise: Promise, about: Sequence[Fact]) -> Iterator[Flow]:
    found = of_base(promise.own, about)
    if not found:
        return
    rows = tuple({one.place[0]: one.minor for one in found}.items())
    passed = tuple(f.position for f in about if isinstance(f.event, ObligationSatisfied))
    causes = causes_of(promise.causes, passed, tuple(one.cause for one in found))
    steps = tuple(one.told for one in found)
    rule = RULES["percent-of-base"]
    yield release(promise.name, Steps(rows), causes, rule, lambda: steps_of(steps))


def _of_units(
    promise: Promise, about: Sequence[Fact], own: Sequence[Fact], deal: Deal
) -> Iterator[Flow]:
    """Each unit at the price now expected; what is stated beyond that is owed back."""
    stated = promise.own.unit_price or Decimal(0)
    prices = [(place_of(f), f.position, row.unit_price) for f, row in _estimates(promise, own)]
    done, price = Decimal(0), stated
    earned, owed, causes, told = {}, {}, list[int](), list[Step]()
    transfers = [f for f in about if isinstance(f.event, ObligationSatisfied)]
    for fact in sorted((*transfers, *_facts(promise, own)), key=place_of):
        for _, position, unit in prices:
            if position == fact.position and unit is not None:
                price = unit
        if isinstance(fact.event, ObligationSatisfied):
            done = EXACT.add(done, fact.event.quantity or Decimal(0))
        causes.append(fact.position)
        day = fact.when.effective
        earned[day] = of_units(price, done, deal.currency)
        owed[day] = of_units(stated, done, deal.currency) - earned[day]
        said = f"{plain(done)} at {price} of {stated}"
        told.append(Step(what="units at a unit price", value=said))
    together, steps = causes_of(promise.causes, tuple(causes)), tuple(told)
    rule = RULES["units"]
    for rows, legs, kind in ((earned, None, ""), (owed, REFUND, "refund-owed")):
        if any(rows.values()):
            curve = Steps(tuple(rows.items()))
            flow = release(promise.name, curve, together, rule, lambda: steps_of(steps))
            yield _as(flow, legs, kind)


def _as(flow: Flow, legs: tuple[tuple[str, int], ...] | None, kind: str) -> Flow:
    return flow if legs is None else structs.replace(flow, legs=legs, kind=kind)


def _facts(promise: Promise, own: Sequence[Fact]) -> Iterator[Fact]:
    return (fact for fact, _ in _estimates(promise, own))


def _estimates(promise: Promise, own: Sequence[Fact]) -> Iterator[tuple[Fact, VariableAmount]]:
    """Where the price of its units is estimated."""
    for fact in own:
        if isinstance(fact.event, PriceEstimated | ContractOpened):
            for row in fact.event.variable:
                mine = not row.obligations or promise.name in row.obligations
                if row.unit_price is not None and mine:
                    yield fact, row
