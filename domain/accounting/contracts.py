"""Revenue of a contract stated by itself: one pass over its facts, in the order they are measured.

Price, shares, progress, changes, then what is due beside: each step in a module of `contract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import assert_never

from msgspec import Struct, structs

from domain.accounting.contract.allocation import shares, stated
from domain.accounting.contract.changes import apart, modify
from domain.accounting.contract.combined import (
    inceptions,
    opened_as_one,
    openings_of,
    streams_of,
    told_as_one,
)
from domain.accounting.contract.course import begin, price_change, price_change_of_all
from domain.accounting.contract.ending import Less, terminate
from domain.accounting.contract.financing import interest, price_now, until_the_end
from domain.accounting.contract.parts import parts_of, presented, shares_owed
from domain.accounting.contract.priced import by_themselves
from domain.accounting.contract.pricing import given_minor, is_apart, stated_minor
from domain.accounting.contract.promise import Deal, Promise, promised
from domain.accounting.contract.purchases import over_purchases
from domain.accounting.contract.received import received
from domain.accounting.contract.rights import beside
from domain.accounting.contract.stretch import flows_of
from domain.accounting.contract.term import owed_back
from domain.accounting.contract.transfer import Placed, in_order, place_of
from domain.accounting.contract.unbilled import (
    Claims,
    Unbilled,
    at_the_end,
    came_of,
    changed,
    until,
)
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
    OF_TRANSFER,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    Financing,
    Obligation,
    PriceConceded,
    PriceEstimated,
)
from domain.errors import Rejected
from domain.explain import Step, Told, both
from domain.facts import Fact, but_kinds, causes_of, of_kinds
from domain.master import MasterData
from domain.routing import is_stated, unit_of_line
from domain.service import AccessGranted

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
    bought: list[Fact]
    lent: dict[str, tuple[Flow, ...]]
    own: Sequence[Fact]
    billed: Sequence[BilledLine]
    payable: dict[str, int]
    unbilled: dict[str, Unbilled]


def contract_revenue(
    facts: Sequence[Fact], billed: Sequence[BilledLine], master: MasterData, book: str
) -> tuple[Flow, ...]:
    """Flows of every obligation of a stated contract; none before it is opened, and is one."""
    streams = {*filter(is_stated, {fact.stream for fact in facts})}
    placed = in_order([fact for fact in facts if fact.stream in streams])
    own = [fact for _, fact in placed]
    terms = but_kinds(own, *OF_TRANSFER)
    if not of_kinds(terms, ContractOpened):
        return ()
    deal = _deal(placed, terms, master, book)
    contract = _at_inception(deal, own, billed)
    _changed(contract)
    flows = (
        *_measured(contract),
        *_on_documents(contract.promises, billed, deal),
        *_beyond_notice(contract.promises, billed, deal),
    )
    flows = (*flows, *over_purchases(contract.bought, contract.promises, flows, terms, deal))
    found = _since_criteria(flows, deal.openings.values(), terms)
    return told_as_one(found, deal.openings, deal.inception)


def _deal(placed: Sequence[Placed], terms: Sequence[Fact], master: MasterData, book: str) -> Deal:
    openings = openings_of(terms)
    opened = opened_as_one([*openings.values()])
    event = opened.event
    assert isinstance(event, ContractOpened)
    since = inceptions(terms, openings)
    access: dict[tuple[str, str | None], Fact] = {}
    for fact in of_kinds(terms, AccessGranted):
        assert isinstance(fact.event, AccessGranted), fact
        access.setdefault((fact.stream, fact.event.item), fact)
    return Deal(
        master=master,
        book=book,
        currency=event.currency,
        options=master.options(book, opened.when.measured),
        terms=terms,
        about=_about(placed),
        access=access,
        opened=opened,
        openings=openings,
        since=since,
        inception=causes_of(*since.values()),
        streams=streams_of(terms),
        may_be_left=event.cancellable_days is not None,
        marked={},
    )


def _about(placed: Sequence[Placed]) -> dict[str, list[Placed]]:
    """What is said of each promise, by name: how far it is transferred, or that it is another."""
    about: dict[str, list[Placed]] = {}
    for one in placed:
        event = one[1].event
        name = getattr(event, "obligation", None)
        if name is not None:
            about.setdefault(name, []).append(one)
        elif isinstance(event, ContractModified):
            for row in event.restated:
                about.setdefault(row.obligation, []).append(one)
    return about


def _at_inception(deal: Deal, own: Sequence[Fact], billed: Sequence[BilledLine]) -> Contract:
    """Every promise with its share of the transaction price (rules 25 to 29)."""
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    promises = [promised(own, deal, deal.rests(own)) for own in event.obligations]
    agreed = [*_agreed(deal)]
    price = sum(one.price_minor for one in agreed)
    priced = shares(price, _fixed(event), event.bundles, deal.currency, deal.options)
    for promise in promises:
        promise.price_minor = priced.get(promise.name, 0)
    estimates = at_inception(event.variable, promises, deal)
    _told_at_inception(promises, deal)
    parts = {promise.name: tuple(parts_of(promise, deal)) for promise in promises}
    promises = [part for own in parts.values() for part in own]
    owed = shares_owed(promises, deal)
    for promise in promises:
        begin(promise, deal.opened.when.effective, deal)
    hold(estimates, parts, deal)
    lent = {one.stream: tuple(_lent(one, deal)) for one in agreed}
    return Contract(
        deal=deal,
        promises=promises,
        estimates=estimates,
        owed=owed,
        bought=[],
        lent=lent,
        own=own,
        billed=billed,
        payable={},
        unbilled={},
    )


def _lent(one: _Agreed, deal: Deal) -> Iterator[Flow]:
    """Terms and rate are those of inception: what is agreed later is financed by none of them."""
    if one.terms is not None:
        rests = deal.of(one.stream)
        yield from interest(one.stated_minor, one.terms, one.since, one.first, rests, deal)


def _fixed(event: ContractOpened) -> list[Obligation]:
    """The promises that share a fixed price."""
    return [own for own in event.obligations if not own.is_priced_by_itself]


class _Agreed(Struct, frozen=True):
    """What one contract states at inception, as it is paid, for all promises and for single ones;
    what is given that is no money; since when, on which terms of financing, if the policy counts
    them; and what its first promise is.
    """

    stated_minor: int
    given_minor: int
    since: date
    terms: Financing | None
    first: str
    stream: str

    @property
    def price_minor(self) -> int:
        """What would be paid at transfer."""
        minor, terms = self.stated_minor, self.terms
        now = minor if terms is None else price_now(minor, terms, self.since)
        return now + self.given_minor


def _agreed(deal: Deal) -> Iterator[_Agreed]:
    """Contract by contract, where several are one."""
    for stream, opened in deal.openings.items():
        event = opened.event
        assert isinstance(event, ContractOpened)
        minor = event.price_minor + stated(_fixed(event), deal.currency)
        terms = event.financing if deal.options.financing == "adjusted" else None
        first = event.obligations[0].obligation
        given = given_minor(event.non_cash, deal.currency)
        yield _Agreed(minor, given, opened.when.effective, terms, first, stream)


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


def _changed(contract: Contract) -> None:
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
    alone = _deal(in_order(own), terms, deal.master, deal.book)
    by_itself = _at_inception(alone, own, contract.billed)
    _changed(by_itself)
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


def _measured(contract: Contract) -> Iterator[Flow]:
    deal, promises, own = contract.deal, contract.promises, contract.own
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    for promise in promises:
        yield from presented(promise, deal)
    for owed in (*contract.owed, *contract.estimates.held):
        yield from flows_of(owed, deal)
    yield from by_themselves(promises, own, deal)
    yield from contract.estimates.owed
    yield from received(promises, deal.terms, deal)
    for lent in contract.lent.values():
        yield from lent
    yield from beside(promises, event, own, deal)


def _beyond_notice(
    promises: Sequence[Promise], billed: Sequence[BilledLine], deal: Deal
) -> Iterator[Flow]:
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    if event.refundable and event.cancellable_days is not None:
        yield from owed_back(promises, billed, event.cancellable_days, deal)


def _since_criteria(
    flows: Sequence[Flow], openings: Iterable[Fact], own: Sequence[Fact]
) -> tuple[Flow, ...]:
    """Nothing is earned before there is a contract; then what was done is caught up (rule 1). What
    is accounted for as one is one contract once each part of it is.
    """
    since: list[Fact] = []
    for opened in openings:
        event = opened.event
        assert isinstance(event, ContractOpened)
        if event.criteria_met:
            continue
        met = min(
            (f for f in own if isinstance(f.event, CriteriaMet) and f.stream == opened.stream),
            key=lambda fact: fact.when.effective,
            default=None,
        )
        if met is None:
            return tuple(flow for flow in flows if not flow.legs and flow.kind == "promised")
        since.append(met)
    for met in since:
        flows = [_not_before(flow, met) for flow in flows]
    return tuple(flows)


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
            yield from moved(row, by, deal.of(unit_of_line(row.invoice, row.line)))
