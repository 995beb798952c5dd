"""What is earned by itself, without a share of the price: percentages of what is reported, and
units at a price, as many as there will be (rules 24, 26 and 33).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct, structs

from domain.accounting.contract.pricing import of_units
from domain.accounting.contract.promise import REFUND, Deal, Promise
from domain.accounting.contract.transfer import RULES, Placed, is_transfer, of_base
from domain.accounting.curves import Steps
from domain.accounting.revenue import release
from domain.accounting.schedule import Flow
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ObligationSatisfied,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from domain.decimals import EXACT, plain
from domain.explain import Step, steps_of
from domain.facts import Fact, causes_of, with_causes


def by_themselves(promises: Sequence[Promise], own: Sequence[Fact], deal: Deal) -> Iterator[Flow]:
    """Flows of promises that are priced by what is reported or transferred."""
    for promise in promises:
        if not promise.is_invoiced:
            continue
        if promise.own.pattern == "percent-of-base":
            yield from _of_base(promise, deal.about.get(promise.name, ()))
        elif promise.own.is_open_ended:
            yield from _of_units(promise, own, deal)


def _of_base(promise: Promise, about: Sequence[Placed]) -> Iterator[Flow]:
    found = of_base(promise.own, about)
    if not found:
        return
    rows = tuple({one.place[0]: one.minor for one in found}.items())
    transfers = (fact for _, fact in about if is_transfer(fact))
    # Nothing reported before a transfer counts sooner: the first says from when.
    first = sorted(transfers, key=lambda fact: fact.when.effective)[:1]
    passed = tuple(fact.position for fact in first)
    causes = with_causes(causes_of(promise.causes, passed), [one.cause for one in found])
    since = (Step(what="transferred", value=str(fact.when.effective)) for fact in first)
    steps = (*since, *(one.told for one in found))
    rule = RULES["percent-of-base"]
    yield release(promise.name, Steps(rows), causes, rule, lambda: steps_of(steps))


class _Units(Struct):
    """Units since their price was last stated, at the price now expected; and those before."""

    stated: Decimal
    price: Decimal
    done: Decimal = Decimal(0)
    stated_before: int = 0
    earned_before: int = 0

    def stated_minor(self, currency: str) -> int:
        return self.stated_before + of_units(self.stated, self.done, currency)

    def earned_minor(self, currency: str) -> int:
        return self.earned_before + of_units(self.price, self.done, currency)

    def take(self, fact: Fact, name: str, currency: str) -> bool:
        """Whether the fact says something of the units or of their price."""
        event = fact.event
        match event:
            case ObligationSatisfied() if event.obligation == name:
                self.done = EXACT.add(self.done, event.quantity or Decimal(0))
            case ContractOpened() | PriceEstimated() if prices := _expected(event.variable, name):
                self.price = prices[-1]
            case ContractModified() if prices := _stated_anew(event.restated, name):
                self.earned_before = self.earned_minor(currency)
                self.stated_before = self.stated_minor(currency)
                self.stated = self.price = prices[-1]
                self.done = Decimal(0)
            case _:
                return False
        return True


def _expected(rows: Sequence[VariableAmount], name: str) -> list[Decimal]:
    mine = (row for row in rows if not row.obligations or name in row.obligations)
    return [row.unit_price for row in mine if row.unit_price is not None]


def _stated_anew(rows: Sequence[Restated], name: str) -> list[Decimal]:
    mine = (row for row in rows if row.obligation == name)
    return [row.unit_price for row in mine if row.unit_price is not None]


def _of_units(promise: Promise, own: Sequence[Fact], deal: Deal) -> Iterator[Flow]:
    """Each unit at the price now expected; what is stated beyond that is owed back. A price stated
    anew is of the units from then on: those before were another promise (25-13(a), 21(a)).
    """
    stated = promise.own.unit_price or Decimal(0)
    units = _Units(stated, stated)
    earned, owed, causes, told = {}, {}, list[int](), list[Step]()
    for fact in own:
        if not units.take(fact, promise.name, deal.currency):
            continue
        causes.append(fact.position)
        day = fact.when.measured
        earned[day] = units.earned_minor(deal.currency)
        owed[day] = units.stated_minor(deal.currency) - earned[day]
        said = f"{plain(units.done)} at {units.price} of {units.stated}"
        told.append(Step(what="units at a unit price", value=said))
    together, steps = with_causes(promise.causes, causes), tuple(told)
    rule = RULES["units"]
    for rows, legs, kind in ((earned, None, ""), (owed, REFUND, "refund-owed")):
        if any(rows.values()):
            curve = Steps(tuple(rows.items()))
            flow = release(promise.name, curve, together, rule, lambda: steps_of(steps))
            yield _as(flow, legs, kind)


def _as(flow: Flow, legs: tuple[tuple[str, int], ...] | None, kind: str) -> Flow:
    return flow if legs is None else structs.replace(flow, legs=legs, kind=kind)
