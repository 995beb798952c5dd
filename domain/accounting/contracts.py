"""Revenue of a contract stated by itself: one pass over its facts, in the order they are measured.

Price, shares, progress, changes, then what is due beside: each step in a module of `contract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import structs

from domain.accounting.contract.combined import told_as_one
from domain.accounting.contract.events import take_changes
from domain.accounting.contract.inception import Contract, contract_of, deal_of
from domain.accounting.contract.parts import presented
from domain.accounting.contract.priced import by_themselves
from domain.accounting.contract.promise import Deal, Promise
from domain.accounting.contract.purchases import over_purchases
from domain.accounting.contract.received import received
from domain.accounting.contract.rights import beside
from domain.accounting.contract.stretch import flows_of
from domain.accounting.contract.term import owed_back
from domain.accounting.contract.transfer import in_order
from domain.accounting.curves import not_before
from domain.accounting.documents import BilledLine
from domain.accounting.invoices import beside_revenue, concessions, invoiced_flows
from domain.accounting.schedule import Flow
from domain.contract_facts import OF_TRANSFER, ContractOpened, CriteriaMet
from domain.explain import Step
from domain.facts import Fact, but_kinds, causes_of, of_kinds
from domain.master import MasterData
from domain.routing import is_stated, unit_of_line


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
    deal = deal_of(placed, terms, master, book)
    contract = contract_of(deal, own, billed)
    take_changes(contract)
    flows = (
        *_measured(contract),
        *_on_documents(contract.promises, billed, deal),
        *_beyond_notice(contract),
    )
    flows = (*flows, *over_purchases(contract.bought, contract.promises, flows, terms, deal))
    found = _since_criteria(flows, deal.openings.values(), terms)
    return told_as_one(found, deal.openings, deal.inception)


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
    yield from beside(promises, [*contract.estimates.held], event, deal)


def _beyond_notice(contract: Contract) -> Iterator[Flow]:
    deal, billed = contract.deal, contract.billed
    event = deal.opened.event
    assert isinstance(event, ContractOpened)
    if event.refundable and event.cancellable_days is not None:
        beside = [*contract.owed, *contract.estimates.held]
        bought = {fact.position for fact in contract.bought}
        owed = [one for one in contract.estimates.owed if not bought & {*one.causes}]
        owed += [flow for lent in contract.lent.values() for flow in lent]
        yield from owed_back(contract.promises, beside, owed, billed, event.cancellable_days, deal)


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
