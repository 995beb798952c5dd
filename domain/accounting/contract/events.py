"""What happens to a contract since its inception, each in the order in which it is measured.

What a change does to promises is decided in `changes`, what ends them in `ending`; what is
uncertain of the price follows in `variable`. Here is which of them a fact asks for, before the end
and after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import assert_never

from msgspec import structs

from domain.accounting.contract.changes import apart, modify
from domain.accounting.contract.course import price_change, price_change_of_all
from domain.accounting.contract.ending import Less, terminate
from domain.accounting.contract.financing import until_the_end
from domain.accounting.contract.inception import Contract, contract_of, deal_of
from domain.accounting.contract.pricing import given_minor, is_apart
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.contract.transfer import in_order, place_of
from domain.accounting.contract.unbilled import (
    Claims,
    Unbilled,
    at_the_end,
    came_of,
    changed,
    until,
)
from domain.accounting.contract.variable import change_of, owe, payable, revised
from domain.accounting.schedule import totals
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CustomerPaymentPromised,
    PriceConceded,
    PriceEstimated,
)
from domain.errors import Rejected
from domain.explain import Step, Told
from domain.facts import Fact, causes_of, of_kinds

_CHANGES = (
    ContractModified,
    ContractTerminated,
    PriceEstimated,
    PriceConceded,
    CustomerPaymentPromised,
)


def take_changes(contract: Contract) -> None:
    """Every change in the order accounting measures them."""
    deal = contract.deal
    ends: dict[str, Fact] = {}
    for fact in of_kinds(deal.terms, *_CHANGES):
        event, place = fact.event, place_of(fact)
        assert isinstance(event, _CHANGES), event
        for known in contract.unbilled.values():
            until(known, place[0], deal)
        if fact.stream in ends:
            _after_the_end(contract, fact, ends[fact.stream])
            if fact.stream in contract.unbilled:
                changed(contract.unbilled[fact.stream], place[0], deal)
            continue
        match event:
            case ContractTerminated():
                _ended(contract, fact, event)
                ends[fact.stream] = fact
            case ContractModified():
                _modified(contract, fact, event)
            case PriceConceded():
                _conceded(contract, fact, event)
            case PriceEstimated():
                estimates, promises = contract.estimates, contract.promises
                revised(event.variable, estimates, promises, place, fact.position, deal)
            case CustomerPaymentPromised() if event.purchases_minor and _sells(contract, fact):
                contract.bought.append(fact)
                _owed(contract, fact, event.given_minor, (fact.position,))
            case CustomerPaymentPromised():
                payable(event.given_minor, contract.promises, place, fact.position, deal)
                _owed(contract, fact, event.given_minor, (fact.position,))
                _pay(contract, fact, event.given_minor)
            case _:
                assert_never(event)
    for known in contract.unbilled.values():
        until(known, date.max, deal)


def _sells(contract: Contract, fact: Fact) -> bool:
    """Whether there is anything to buy that is priced by itself."""
    return any(one.is_invoiced for one in contract.deal.mine(contract.promises, fact.stream))


def _ended(contract: Contract, fact: Fact, event: ContractTerminated) -> None:
    """Interest that is not borne any more is no part of the price, as what is given back; nor is
    what is not owed since it is not billed.
    """
    lent, deal = contract.lent[fact.stream], contract.deal
    borne = until_the_end(lent, fact.when.measured, fact.position)
    unborne = totals(lent) - totals(borne)
    contract.lent[fact.stream] = borne
    mine = deal.mine(contract.promises, fact.stream)
    beside = deal.mine((*contract.owed, *contract.estimates.held), fact.stream)
    less = Less(event.refund_minor, unborne)
    # What is all priced by itself is owed as it was done.
    if event.owed == "billed" and not all(one.is_invoiced for one in mine):
        known = contract.unbilled[fact.stream] = _unbilled(contract, fact)
        less = structs.replace(less, unbilled=known, move=at_the_end(known, unborne))
    terminate(mine, beside, fact, less, deal)


def _unbilled(contract: Contract, fact: Fact) -> Unbilled:
    """What came of a contract by itself. Of one that is accounted for as one with others, what it
    still has to bill is what it would have by itself: shares of the whole price are not billed.
    """
    deal, stream = contract.deal, fact.stream
    known = Unbilled(fact, partial(_claims, contract, stream))
    if len(deal.openings) == 1:
        known.came = came_of(stream, contract.billed, contract.promises, contract.own, deal)
        return known
    own = [one for one in contract.own if one.stream == stream]
    terms = [one for one in deal.terms if one.stream == stream]
    alone = deal_of(in_order(own), terms, deal.master, deal.book)
    by_itself = contract_of(alone, own, contract.billed)
    take_changes(by_itself)
    known.planned = by_itself.unbilled[stream].moves
    return known


def _claims(contract: Contract, stream: str) -> Claims:
    mine = contract.deal.mine
    beside = mine((*contract.owed, *contract.estimates.held), stream)
    payable, lent = contract.payable.get(stream, 0), contract.lent[stream]
    return Claims(mine(contract.promises, stream), beside, lent, payable)


def _pay(contract: Contract, fact: Fact, minor: int) -> None:
    """What lowers the price of a contract is owed beside it, to be billed none the less."""
    contract.payable[fact.stream] = contract.payable.get(fact.stream, 0) + minor


def _modified(contract: Contract, fact: Fact, event: ContractModified) -> None:
    deal, promises = contract.deal, contract.promises
    _require_looked_through(event, deal)
    if is_apart(event, deal.currency):
        apart(promises, fact, deal)
        return
    included = change_of(event.variable, contract.estimates, promises, fact.position, deal)
    modify(promises, fact, included, deal)


def _owed(contract: Contract, fact: Fact, minor: int, causes: tuple[int, ...]) -> None:
    """Owed to the customer since a fact, beside the promises of its contract."""
    deal = contract.deal
    mine = deal.mine(contract.promises, fact.stream)
    rests = causes_of(deal.of(fact.stream), causes)
    owe(minor, contract.estimates, mine, fact.when.measured, rests, deal)


def _require_looked_through(event: ContractModified, deal: Deal) -> None:
    """No decider sees it where a source tells the change first. Raises `renewals-at-inception`."""
    opened = deal.opened.event
    assert isinstance(opened, ContractOpened)
    anew = {row.obligation for row in event.restated}
    for own in (*event.added, *[own for own in opened.obligations if own.obligation in anew]):
        if own.renewals:
            raise Rejected(
                "renewals-at-inception", field="restated.obligation", obligation=own.obligation
            )


def _after_the_end(contract: Contract, fact: Fact, ended: Fact) -> None:
    """Nothing remains to be transferred: what changes of the price counts when it is measured."""
    deal, event = contract.deal, fact.event
    promises = deal.mine(contract.promises, fact.stream)
    causes = causes_of(deal.of(fact.stream), (ended.position,), (fact.position,))
    told: Told = (Step(what="ended", value=str(ended.when.measured)),)
    minor = 0
    match event:
        case ContractTerminated():
            minor = -event.refund_minor
        case ContractModified():
            minor = event.price_change_minor + given_minor(event.non_cash, deal.currency)
        case PriceConceded() if conceded := _named(promises, event.obligation):
            minor, causes = -event.amount_minor, causes_of(causes, conceded.added_by)
            promises = [conceded]
        case PriceEstimated():
            place, at = place_of(fact), fact.position
            revised(event.variable, contract.estimates, contract.promises, place, at, deal)
            return
        case CustomerPaymentPromised():
            minor = -event.given_minor
            _owed(contract, fact, -minor, (fact.position,))
            _pay(contract, fact, -minor)
        case _:
            pass
    price_change_of_all(promises, fact.when.measured, minor, causes, told, deal)


def _conceded(contract: Contract, fact: Fact, event: PriceConceded) -> None:
    """Given back for what was delivered: at once, and never blended into what remains (rule 11)."""
    deal = contract.deal
    promise = _named(contract.promises, event.obligation)
    if promise is not None:
        causes = causes_of(deal.of(fact.stream), promise.added_by, (fact.position,))
        told = (Step(what="conceded on", value=event.obligation),)
        day = fact.when.measured
        price_change(promise, day, -event.amount_minor, causes, told, deal)


def _named(promises: Sequence[Promise], name: str) -> Promise | None:
    return next((one for one in promises if one.name == name), None)
