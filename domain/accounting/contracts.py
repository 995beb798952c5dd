"""Revenue of a contract stated by itself: one pass over its facts, in the order they are measured.

Price, shares, progress, changes, then what is due beside: each step in a module of `contract`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import assert_never

from msgspec import Struct, structs

from domain.accounting.contract.allocation import shares, stated
from domain.accounting.contract.changes import (
    apart,
    is_apart,
    modify,
    price_change,
    stop,
    terminate,
)
from domain.accounting.contract.financing import interest, price_now, until_the_end
from domain.accounting.contract.parts import parts_of, presented, shares_owed
from domain.accounting.contract.priced import by_themselves
from domain.accounting.contract.pricing import stated_minor, weight_minor
from domain.accounting.contract.promise import Deal, Promise, begin, both, flows_of
from domain.accounting.contract.rights import beside
from domain.accounting.contract.term import owed_back
from domain.accounting.contract.transfer import place_of
from domain.accounting.contract.variable import (
    Estimates,
    at_inception,
    change_of,
    hold,
    owe,
    payable,
    revised,
)
from domain.accounting.curves import not_before
from domain.accounting.documents import BilledLine
from domain.accounting.invoices import beside_revenue, concessions, invoiced_flows
from domain.accounting.schedule import Flow, totals
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    Obligation,
    PriceConceded,
    PriceEstimated,
)
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.master import MasterData

_CHANGES = (
    ContractModified,
    ContractTerminated,
    PriceEstimated,
    PriceConceded,
    CustomerPaymentPromised,
)


class Contract(Struct):
    """The promises of a contract as changed so far, and what is uncertain of its price."""

    deal: Deal
    promises: list[Promise]
    estimates: Estimates
    owed: list[Promise]
    lent: tuple[Flow, ...]


def contract_revenue(
    facts: Sequence[Fact], billed: Sequence[BilledLine], master: MasterData, book: str
) -> tuple[Flow, ...]:
    """Flows of every obligation of a stated contract; none before it is opened, and is one."""
    own = sorted((fact for fact in facts if fact.stream.startswith("contract:")), key=place_of)
    opened = next((fact for fact in own if isinstance(fact.event, ContractOpened)), None)
    if opened is None:
        return ()
    deal = _deal(opened, own, master, book)
    contract = _at_inception(opened, deal)
    _changed(contract, own)
    flows = (
        *_measured(contract, own),
        *_on_documents(contract.promises, billed, deal),
        *_beyond_notice(contract.promises, billed, deal),
    )
    return _since_criteria(flows, opened, own)


def _deal(opened: Fact, own: Sequence[Fact], master: MasterData, book: str) -> Deal:
    event = opened.event
    assert isinstance(event, ContractOpened)
    about: dict[str, list[Fact]] = {}
    for fact in own:
        match fact.event:
            case ContractModified():
                for row in fact.event.restated:
                    about.setdefault(row.obligation, []).append(fact)
            case _ if name := getattr(fact.event, "obligation", None):
                about.setdefault(name, []).append(fact)
            case _:
                pass
    return Deal(
        master=master,
        book=book,
        currency=event.currency,
        options=master.options(book, opened.when.measured),
        about=about,
        opened=opened,
        marked={},
        ways={},
    )


def _at_inception(opened: Fact, deal: Deal) -> Contract:
    """Every promise with its share of the transaction price (rules 25 to 29)."""
    event = opened.event
    assert isinstance(event, ContractOpened)
    promises = [
        Promise(own, 0, (deal.opened_at,), weight=weight_minor(own, deal.currency))
        for own in event.obligations
    ]
    fixed, price = _fixed(event), _stated(event, deal)
    if event.financing is not None and deal.options.financing == "adjusted":
        price = price_now(price, event.financing, opened.when.effective)
    priced = shares(price, fixed, event.bundles, deal.currency, deal.options)
    for promise in promises:
        promise.price_minor = priced.get(promise.name, 0)
    estimates = at_inception(event.variable, promises, deal)
    _told_at_inception(promises, deal)
    parts = {promise.name: tuple(parts_of(promise, deal)) for promise in promises}
    promises = [part for own in parts.values() for part in own]
    owed = shares_owed(promises, deal)
    for promise in promises:
        begin(promise, opened.when.effective, deal)
    hold(estimates, parts, deal)
    lent = tuple(_lent(event, promises[0].name, deal))
    return Contract(deal=deal, promises=promises, estimates=estimates, owed=owed, lent=lent)


def _lent(event: ContractOpened, obligation: str, deal: Deal) -> Iterator[Flow]:
    """Terms and rate are those of inception: what is agreed later is financed by none of them."""
    if event.financing is not None and deal.options.financing == "adjusted":
        start = deal.opened.when.effective
        yield from interest(_stated(event, deal), event.financing, start, obligation, deal)


def _fixed(event: ContractOpened) -> list[Obligation]:
    """The promises that share a fixed price."""
    return [own for own in event.obligations if not own.is_priced_by_itself]


def _stated(event: ContractOpened, deal: Deal) -> int:
    """What is stated at inception, as it is paid: for all promises, and for single ones."""
    return event.price_minor + stated(_fixed(event), deal.currency)


def _told_at_inception(promises: Sequence[Promise], deal: Deal) -> None:
    """What the price was, what each promise would sell for alone, and what was carved in or out."""
    whole = sum(promise.price_minor for promise in promises)
    for promise in promises:
        if not promise.is_invoiced:
            own, price, weight = promise.own, promise.price_minor, promise.weight
            promise.told = both(promise.told, partial(_shared, own, price, weight, whole, deal))


def _shared(own: Obligation, minor: int, weight: int, whole: int, deal: Deal) -> Iterator[Step]:
    yield Step(what="transaction price", value=deal.text(whole))
    yield Step(what="stand-alone selling price", value=deal.text(weight))
    if own.is_stated:
        stands = stated_minor(own, deal.currency)
        yield Step(what="stated price", value=deal.text(stands))
        yield Step(what="carved in or out", value=deal.text(minor - stands))


def _changed(contract: Contract, own: Sequence[Fact]) -> None:
    """Every change in the order accounting measures them."""
    deal = contract.deal
    ended: Fact | None = None
    for fact in own:
        event = fact.event
        if not isinstance(event, _CHANGES):
            continue
        place = place_of(fact)
        if ended is not None:
            _after_the_end(contract, fact, ended)
            continue
        match event:
            case ContractTerminated():
                _ended(contract, fact, event)
                ended = fact
            case ContractModified():
                _modified(contract, fact, event)
            case PriceConceded():
                _conceded(contract, fact, event)
            case PriceEstimated():
                estimates, promises = contract.estimates, contract.promises
                revised(event.variable, estimates, promises, place, fact.position, deal)
            case CustomerPaymentPromised():
                estimates, promises = contract.estimates, contract.promises
                payable(event.given_minor, estimates, promises, place, fact.position, deal)
            case _:
                assert_never(event)


def _ended(contract: Contract, fact: Fact, event: ContractTerminated) -> None:
    """Interest that is not borne any more is no part of the price, as what is given back."""
    lent, deal = contract.lent, contract.deal
    contract.lent = until_the_end(lent, fact.when.measured, fact.position)
    unborne = totals(lent) - totals(contract.lent)
    terminate(contract.promises, fact, event.refund_minor, unborne, deal)
    stop([*contract.owed, *contract.estimates.held], fact, deal)


def _modified(contract: Contract, fact: Fact, event: ContractModified) -> None:
    deal, promises = contract.deal, contract.promises
    if is_apart(event, deal):
        apart(promises, fact, deal)
        return
    included = change_of(event.variable, contract.estimates, promises, deal)
    modify(promises, fact, included, deal)


def _after_the_end(contract: Contract, fact: Fact, ended: Fact) -> None:
    """Nothing remains to be transferred: what changes of the price counts when it is measured."""
    deal, promises, event = contract.deal, contract.promises, fact.event
    causes = causes_of((deal.opened_at,), (ended.position,), (fact.position,))
    told = (Step(what="ended", value=str(ended.when.measured)),)
    minor = 0
    match event:
        case ContractTerminated():
            minor = -event.refund_minor
        case ContractModified():
            minor = event.price_change_minor
        case PriceConceded() if event.obligation in {one.name for one in promises}:
            minor = -event.amount_minor
        case PriceEstimated():
            minor = change_of(event.variable, contract.estimates, promises, deal)
        case CustomerPaymentPromised():
            minor = -event.given_minor
            owe(event.given_minor, contract.estimates, promises, fact.when.measured, causes, deal)
        case _:
            pass
    price_change(promises[0], fact, minor, causes, told, deal)


def _conceded(contract: Contract, fact: Fact, event: PriceConceded) -> None:
    """Given back for what was delivered: at once, and never blended into what remains (rule 11)."""
    deal = contract.deal
    promise = next((one for one in contract.promises if one.name == event.obligation), None)
    if promise is not None:
        causes = causes_of((deal.opened_at,), (fact.position,))
        told = (Step(what="conceded on", value=event.obligation),)
        price_change(promise, fact, -event.amount_minor, causes, told, deal)


def _measured(contract: Contract, own: Sequence[Fact]) -> Iterator[Flow]:
    deal, promises = contract.deal, contract.promises
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    for promise in promises:
        yield from presented(promise, deal)
    for owed in (*contract.owed, *contract.estimates.held):
        yield from flows_of(owed, deal)
    yield from by_themselves(promises, own, deal)
    yield from contract.estimates.owed
    yield from contract.lent
    yield from beside(promises, event, deal)


def _beyond_notice(
    promises: Sequence[Promise], billed: Sequence[BilledLine], deal: Deal
) -> Iterator[Flow]:
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    if event.refundable and event.cancellable_days is not None:
        yield from owed_back(promises, billed, event.cancellable_days, deal)


def _since_criteria(flows: Sequence[Flow], opened: Fact, own: Sequence[Fact]) -> tuple[Flow, ...]:
    """Nothing is earned before there is a contract; then what was done is caught up (rule 1)."""
    event = opened.event
    assert isinstance(event, ContractOpened)
    if event.criteria_met:
        return tuple(flows)
    met = min(
        (fact for fact in own if isinstance(fact.event, CriteriaMet)),
        key=lambda fact: fact.when.effective,
        default=None,
    )
    if met is None:
        return tuple(flow for flow in flows if not flow.legs and flow.kind == "promised")
    return tuple(_not_before(flow, met) for flow in flows)


def _not_before(flow: Flow, met: Fact) -> Flow:
    day = met.when.effective
    causes = causes_of(flow.causes, (met.position,))
    told = Step(what="a contract since", value=str(day))
    return structs.replace(
        flow, curve=not_before(flow.curve, day), causes=causes, told=lambda: (*flow.steps, told)
    )


def _on_documents(
    promises: Sequence[Promise], billed: Sequence[BilledLine], deal: Deal
) -> Iterator[Flow]:
    """What is earned as invoiced, and what is moved of what lines bill of anything else: by lines
    beside them, and by price cuts.
    """
    named = {one.name: one.causes for one in promises if one.own.pattern == "as-invoiced"}
    for row in billed:
        if row.obligation in named and row.line.is_for_service:
            yield from invoiced_flows(row, named[row.obligation])
        else:
            by = deal.progress(row.line.service_from or row.issued_on)
            moved = beside_revenue if row.line.is_beside else concessions
            yield from moved(row, by, (deal.opened_at,))
