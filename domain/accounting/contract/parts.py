"""Parts of a promise: stretches it may be renewed into, and what of it is no revenue of ours.

A renewal looked through shares the expected price by expected costs (55-45, B43). An agent earns
its net fee, and owes the rest to others (rule 37); a lease or financing part is split off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import structs

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.course import begin
from domain.accounting.contract.pricing import expected_costs
from domain.accounting.contract.promise import ELSEWHERE, Deal, Promise
from domain.accounting.contract.stretch import flows_of
from domain.accounting.schedule import Flow
from domain.explain import Step, both
from domain.facts import causes_of
from domain.money import rounded

SHARE = (("contract-liability", 1), ("partner-payable", -1))


def parts_of(promise: Promise, deal: Deal) -> Iterator[Promise]:
    """A promise that may be renewed is earned stretch by stretch, at its share of the price."""
    own = promise.own
    if not own.renewals:
        yield promise
        return
    costs = [rounded(cost) for cost in expected_costs(own)]
    # Of a promise as a whole: its price, what it counts among others, what others get of it.
    wholes = (promise.price_minor, promise.weight, own.others_share_minor)
    parts = (
        by_weight(whole, costs, deal.currency, deal.options, own.portfolio) for whole in wholes
    )
    rows = zip(own.renewals, costs, *parts, strict=True)
    for stretch, cost, minor, weight, others in rows:
        said = (
            Step(
                what="price of one contract", value=deal.text(promise.price_minor // own.portfolio)
            ),
            Step(what="expected cost of the stretch", value=deal.text(cost)),
            Step(what="share of one contract", value=deal.text(minor // own.portfolio)),
        )
        part = structs.replace(
            own,
            renewals=(),
            service_from=stretch.service_from,
            service_to=stretch.service_to,
            others_share_minor=others,
        )
        yield Promise(part, minor, promise.causes, weight=weight, told=both(promise.told, said))


def shares_owed(promises: Iterable[Promise], deal: Deal) -> list[Promise]:
    """What others get of what an agent sells, owed to them as it is transferred."""
    found = []
    for promise in promises:
        minor = promise.own.others_share_minor
        if promise.own.presented == "net" and minor and not promise.is_invoiced:
            promise.price_minor -= minor
            causes = causes_of(deal.among((promise,)), promise.said_by)
            shadow = Promise(promise.own, minor, causes, legs=SHARE, kind="share-owed")
            shadow.told = promise.said
            begin(shadow, deal.opening((promise,)).when.effective, deal)
            found.append(shadow)
    return found


def presented(promise: Promise, deal: Deal) -> tuple[Flow, ...]:
    """The flows of a promise, to the accounts they belong to."""
    flows = flows_of(promise, deal)
    if promise.own.presented != "elsewhere":
        return flows
    return tuple(structs.replace(one, legs=ELSEWHERE, kind="share-owed") for one in flows)
