"""What is paid to a customer for what it is to buy: so much less is earned as it is bought.

Where the price is fixed, what is payable lowers it at once. Where each purchase has its own price
there is nothing to lower before it is made: what was paid is an asset until then (ASC 606-10-32-25
to 32-27, IFRS 15.70 to 72, example 32). It never lowers more than all of it; what is left when the
contract ends lowers what was earned then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.curves import Steps, moving_days, standing
from domain.accounting.revenue import release
from domain.accounting.schedule import Flow
from domain.contract_facts import ContractOpened, ContractTerminated, CustomerPaymentPromised
from domain.explain import Step
from domain.facts import Fact, causes_of, of_kinds
from domain.money import rounded_share

RULE = "payable-over-purchases@1"
# What each promise earned, by name.
Bought = Mapping[str, Sequence[Flow]]


def over_purchases(
    payments: Sequence[Fact],
    promises: Sequence[Promise],
    flows: Sequence[Flow],
    own: Sequence[Fact],
    deal: Deal,
) -> Iterator[Flow]:
    """What each payment takes of what was bought, and what of that is due whatever was paid."""
    opened, told = deal.opened.event, set[str]()
    assert isinstance(opened, ContractOpened)
    waits = opened.right_after is not None
    for fact in payments:
        mine = [one for one in deal.mine(promises, fact.stream) if one.is_invoiced]
        bought = {one.name: _bought(flows, one) for one in mine}
        added = causes_of(*(one.added_by for one in mine))
        yield from _taken(fact, bought, _end_of(fact, own), added, deal)
        for name in bought:
            if name not in told and not waits:
                told.add(name)
                yield _due(name, _earned(flows, name), fact)


def _bought(flows: Sequence[Flow], promise: Promise) -> list[Flow]:
    """What it earned at its own prices, less what was conceded of that. A change of the contract's
    price that it carries is for nothing that was bought.
    """
    carried = {id(flow) for flow in promise.carried}
    return [one for one in _earned(flows, promise.name) if id(one) not in carried]


def _earned(flows: Sequence[Flow], name: str) -> list[Flow]:
    return [one for one in flows if one.obligation == name and one.kind == "release"]


def _end_of(payment: Fact, own: Sequence[Fact]) -> Fact | None:
    """The end of its contract: what is promised after one is no payment for purchases."""
    ends = of_kinds(own, ContractTerminated)
    return next((end for end in ends if end.stream == payment.stream), None)


def _taken(
    fact: Fact, bought: Bought, ended: Fact | None, added: tuple[int, ...], deal: Deal
) -> Iterator[Flow]:
    """Promise after promise, so that the parts sum to what all of them take together."""
    event = fact.event
    assert isinstance(event, CustomerPaymentPromised), event
    assert event.purchases_minor, event
    given, whole, since = event.given_minor, event.purchases_minor, fact.when.measured
    until = date.max if ended is None else ended.when.measured
    curves = [flow.curve for flows in bought.values() for flow in flows]
    days = sorted({since, *(day for day in moving_days(curves) if since < day)})
    days = [day for day in days if day < until]
    so_far, taken = dict.fromkeys(days, 0), dict.fromkeys(days, 0)
    rests = [deal.of(fact.stream), (fact.position,), added, (ended.position,) if ended else ()]
    told = [
        Step(what="payable to the customer", value=deal.text(given)),
        Step(what="for purchases of", value=deal.text(whole)),
        Step(what="shared by", value=", ".join(bought)),
        *([Step(what="ended", value=str(until))] if ended else []),
    ]
    for place, (name, flows) in enumerate(bought.items(), start=1):
        rows, last = dict[date, int](), 0
        for day in days:
            so_far[day] += sum(standing(flow.curve, day) for flow in flows)
            now = rounded_share(given, min(max(so_far[day], 0), whole), whole)
            if taken[day] - now != last:
                rows[day] = last = taken[day] - now
            taken[day] = now
        if ended is not None and place == len(bought):
            rows[until] = (last + taken[days[-1]] if days else 0) - given
        rests += [flow.causes for flow in flows]
        told += [step for flow in flows for step in flow.steps]
        if any(rows.values()):
            curve, steps = Steps(tuple(rows.items())), tuple(told)
            yield release(name, curve, causes_of(*rests), RULE, steps)


def _due(name: str, earned: Sequence[Flow], fact: Fact) -> Flow:
    """What was bought is due at its own price: what was paid for it is not."""
    days = [*moving_days([flow.curve for flow in earned])]
    rows = [(day, sum(standing(flow.curve, day) for flow in earned)) for day in days]
    return Flow(
        kind="entitled",
        subject=name,
        obligation=name,
        legs=(),
        curve=Steps(tuple(rows) or ((fact.when.measured, 0),)),
        causes=causes_of((fact.position,), *(flow.causes for flow in earned)),
        rule="entitled@1",
        told=lambda: tuple(step for flow in earned for step in flow.steps),
    )
