"""Revenue of a contract stated by itself: shared by relative SSP, changed prospectively or apart.

Rules 7, 8, 25 and 30; the full decision tree of modifications builds on the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from domain.accounting.curves import first_day, last_day, measured_from, total
from domain.accounting.documents import BilledLine
from domain.accounting.invoices import beside_revenue, concessions, invoiced_flows
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, stands, totals
from domain.calendar import ONE_DAY
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    Obligation,
    ObligationSatisfied,
)
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.master import MasterData
from domain.money import allocate, decimal_text


class _Promise(Struct):
    """An obligation with its allocated price, as it is earned after the changes so far."""

    obligation: Obligation
    price_minor: int
    causes: tuple[int, ...]
    flows: tuple[Flow, ...] = ()
    told: tuple[Step, ...] = ()


class _Deal(Struct, frozen=True):
    """What every step needs beside the promises."""

    master: MasterData
    book: str
    currency: str
    satisfied: dict[str, Fact]
    opened_at: int

    def text(self, minor: int) -> str:
        return decimal_text(minor, self.currency)


def contract_revenue(
    facts: Sequence[Fact], billed: Sequence[BilledLine], master: MasterData, book: str
) -> tuple[Flow, ...]:
    """Release flows of every obligation of a stated contract; none before it is opened."""
    own = [fact for fact in facts if fact.stream.startswith("contract:")]
    opened = next((fact for fact in own if isinstance(fact.event, ContractOpened)), None)
    if opened is None:
        return ()
    event = opened.event
    assert isinstance(event, ContractOpened)
    deal = _Deal(master, book, event.currency, _satisfied(own), opened.position)
    promises = _allocated(event.obligations, event.price_minor, (opened.position,))
    ended: Fact | None = None
    for promise in promises:
        _schedule(promise, opened.when.effective, deal)
    changes = [f for f in own if isinstance(f.event, ContractModified | ContractTerminated)]
    for fact in sorted(changes, key=lambda fact: (fact.when.measured, fact.when.order or 0)):
        if isinstance(fact.event, ContractTerminated):
            _terminate(promises, fact, deal)
            ended = ended or fact
        elif ended is not None:
            _after_the_end(promises, fact, ended, deal)
        else:
            promises = _modify(promises, fact, deal)
    stated = tuple(flow for promise in promises for flow in promise.flows)
    return (*stated, *_on_documents(promises, billed, deal))


def _satisfied(own: Sequence[Fact]) -> dict[str, Fact]:
    """The first fact in effective order that says control of an obligation passed."""
    found: dict[str, Fact] = {}
    for fact in own:
        if isinstance(fact.event, ObligationSatisfied):
            found.setdefault(fact.event.obligation, fact)
    return found


def _allocated(
    obligations: Sequence[Obligation], price_minor: int, causes: tuple[int, ...]
) -> list[_Promise]:
    """Relative SSP with largest remainder (rule 25): the parts sum to the price.

    What is earned as invoiced is priced by its invoices, so it takes no share of the fixed price.
    """
    fixed = [own for own in obligations if own.pattern != "as-invoiced"]
    weights = [own.ssp_minor for own in fixed]
    parts = allocate(price_minor, weights if any(weights) else [1] * len(weights)) if fixed else ()
    shares = dict(zip((own.obligation for own in fixed), parts, strict=True))
    return [_Promise(own, shares.get(own.obligation, 0), causes) for own in obligations]


def _schedule(promise: _Promise, inception: date, deal: _Deal) -> None:
    """Give a promise the flow of its pattern, with the policy in force at inception."""
    own = promise.obligation
    name, minor, causes = own.obligation, promise.price_minor, promise.causes
    steps = (*promise.told, Step(what="allocated price", value=deal.text(minor)))
    if own.pattern == "ratable":
        assert own.service_from is not None, own
        assert own.service_to is not None, own
        by = deal.master.progress(deal.book, inception)
        flow = over_time(name, own.service_from, own.service_to, minor, by, causes, steps)
        promise.flows = (flow,)
    elif own.pattern == "point-in-time" and name in deal.satisfied:
        fact = deal.satisfied[name]
        causes = causes_of(causes, (fact.position,))
        promise.flows = (at_once(name, fact.when.effective, minor, causes, steps),)


def _modify(promises: list[_Promise], fact: Fact, deal: _Deal) -> list[_Promise]:
    event = fact.event
    assert isinstance(event, ContractModified)
    if not (event.added and event.price_reflects_ssp):
        return _reallocate(promises, fact, event, deal)
    causes = causes_of((deal.opened_at,), (fact.position,))
    apart = _allocated(event.added, event.price_change_minor, causes)
    for promise in apart:
        _schedule(promise, fact.when.measured, deal)
    return [*promises, *apart]


def _reallocate(
    promises: list[_Promise], fact: Fact, event: ContractModified, deal: _Deal
) -> list[_Promise]:
    """Spread what is not recognised, plus the change, over what remains (rule 8)."""
    by = deal.master.progress(deal.book, fact.when.measured)
    start = measured_from(fact.when.measured, by)
    open_ones = [promise for promise in promises if _remains(promise, start)]
    left = [promise.price_minor - _before(promise, start) for promise in open_ones]
    added = [_Promise(own, 0, ()) for own in event.added if own.pattern != "as-invoiced"]
    billed = [
        _Promise(own, 0, causes_of((deal.opened_at,), (fact.position,)))
        for own in event.added
        if own.pattern == "as-invoiced"
    ]
    weights = [abs(minor) for minor in left] + [promise.obligation.ssp_minor for promise in added]
    if not weights:
        _at_once_on_what_is_done(promises, fact, deal)
        return [*promises, *billed]
    whole = sum(left) + event.price_change_minor
    shares = allocate(whole, weights if any(weights) else [1] * len(weights))
    fixed = [one for one in promises if one.obligation.pattern != "as-invoiced"]
    resting = (_rests_on(one, one in open_ones) for one in fixed)
    causes = causes_of((deal.opened_at,), (fact.position,), *resting)
    told = (
        Step(what="price change", value=deal.text(event.price_change_minor)),
        *(_as_left(one, minor, deal) for one, minor in zip(open_ones, left, strict=True)),
        *(_as_done(one, deal) for one in fixed if one not in open_ones),
    )
    for promise, share in zip((*open_ones, *added), shares, strict=True):
        _restart(promise, share, start, causes, told, fact, deal)
    return [*promises, *added, *billed]


def _rests_on(promise: _Promise, remains: bool) -> tuple[int, ...]:  # noqa: FBT001 (a claim)
    """What is done is left out because of what says that it is done."""
    done = () if remains else tuple(flow.causes for flow in promise.flows)
    return causes_of(promise.causes, *done)


def _remains(promise: _Promise, start: date) -> bool:
    """Not wholly transferred before `start`; what is earned as invoiced has no price to spread."""
    if promise.obligation.pattern == "as-invoiced":
        return False
    if not promise.flows:
        return promise.obligation.pattern == "point-in-time"
    return max(last_day(flow.curve) for flow in promise.flows) >= start


def _before(promise: _Promise, start: date) -> int:
    return stands(promise.flows, start - ONE_DAY)


def _restart(
    promise: _Promise,
    share: int,
    start: date,
    causes: tuple[int, ...],
    told: tuple[Step, ...],
    fact: Fact,
    deal: _Deal,
) -> None:
    kept = frozen(promise.flows, start - ONE_DAY, (fact.position,))
    earned = stands(kept, start - ONE_DAY)
    own = promise.obligation
    begin = max(start, own.service_from or start)
    rest = _Promise(_from(own, begin), share, causes, told=told)
    _schedule(rest, fact.when.measured, deal)
    promise.flows = (*kept, *rest.flows)
    promise.price_minor = earned + share
    promise.causes = causes


def _from(own: Obligation, begin: date) -> Obligation:
    return Obligation(
        obligation=own.obligation,
        ssp_minor=own.ssp_minor,
        pattern=own.pattern,
        service_from=begin,
        service_to=own.service_to,
    )


def _at_once_on_what_is_done(promises: list[_Promise], fact: Fact, deal: _Deal) -> None:
    """Nothing remains to be transferred: the change of price is earned when it is measured."""
    fixed = [one for one in promises if one.obligation.pattern != "as-invoiced"]
    resting = (_rests_on(one, remains=False) for one in fixed)
    causes = causes_of((deal.opened_at,), (fact.position,), *resting)
    _price_change(promises[0], fact, causes, tuple(_as_done(one, deal) for one in fixed), deal)


def _after_the_end(promises: list[_Promise], fact: Fact, ended: Fact, deal: _Deal) -> None:
    causes = causes_of((deal.opened_at,), (ended.position,), (fact.position,))
    _price_change(
        promises[0], fact, causes, (Step(what="ended", value=str(ended.when.measured)),), deal
    )


def _price_change(
    promise: _Promise, fact: Fact, causes: tuple[int, ...], told: tuple[Step, ...], deal: _Deal
) -> None:
    assert isinstance(fact.event, ContractModified)
    name, minor = promise.obligation.obligation, fact.event.price_change_minor
    steps = (Step(what="price change", value=deal.text(minor)), *told)
    promise.flows = (*promise.flows, at_once(name, fact.when.measured, minor, causes, steps))
    promise.price_minor += minor
    if promise.obligation.pattern != "as-invoiced":
        promise.causes = causes_of(promise.causes, causes)


def _as_done(promise: _Promise, deal: _Deal) -> Step:
    parts = (f"{deal.text(total(flow.curve))} by {last_day(flow.curve)}" for flow in promise.flows)
    return Step(what=f"{promise.obligation.obligation} transferred", value=", ".join(parts))


def _terminate(promises: list[_Promise], fact: Fact, deal: _Deal) -> None:
    """Service stops; what is neither earned nor given back is earned at the end (rule 14)."""
    assert isinstance(fact.event, ContractTerminated)
    day = fact.when.measured
    open_minor = [promise.price_minor - _before(promise, day) for promise in promises]
    lefts = [max(minor, 0) for minor in open_minor]
    refunds = allocate(fact.event.refund_minor, lefts) if any(lefts) else (0,) * len(lefts)
    told = tuple(
        _as_left(one, minor, deal) for one, minor in zip(promises, open_minor, strict=True)
    )
    # What is given back is shared by what each had left, so each share rests on all of them.
    shared = promises if fact.event.refund_minor else []
    for promise, refund in zip(promises, refunds, strict=True):
        kept = frozen(promise.flows, day - ONE_DAY, (fact.position,))
        rest = promise.price_minor - refund - stands(kept, day - ONE_DAY)
        causes = causes_of(*_all_causes(shared or [promise], day), (fact.position,))
        steps = (Step(what="kept at termination", value=deal.text(rest)), *told)
        end = at_once(promise.obligation.obligation, day, rest, causes, steps)
        promise.flows = (*kept, end)
        promise.price_minor = totals(promise.flows)


def _all_causes(promises: Sequence[_Promise], day: date) -> tuple[tuple[int, ...], ...]:
    """What promises rest on, and what was earned of them before a day.

    What is earned as invoiced has no price but what changes gave it, whenever they are earned.
    """
    earned = (
        flow.causes
        for promise in promises
        for flow in promise.flows
        if first_day(flow.curve) < day or promise.obligation.pattern == "as-invoiced"
    )
    return (*(promise.causes for promise in promises), *earned)


def _as_left(promise: _Promise, minor: int, deal: _Deal) -> Step:
    left = f"{deal.text(minor)} of {deal.text(promise.price_minor)} not earned"
    return Step(what=promise.obligation.obligation, value=left)


def _on_documents(
    promises: Sequence[_Promise], billed: Sequence[BilledLine], deal: _Deal
) -> tuple[Flow, ...]:
    """What is earned as invoiced, and what is moved of what lines bill of anything else: by lines
    beside them, and by price cuts.
    """
    named = {
        promise.obligation.obligation: promise.causes
        for promise in promises
        if promise.obligation.pattern == "as-invoiced"
    }
    flows: list[Flow] = []
    for row in billed:
        if row.obligation in named and row.line.is_for_service:
            flows.extend(invoiced_flows(row, named[row.obligation]))
        else:
            by = deal.master.progress(deal.book, row.line.service_from or row.issued_on)
            moved = beside_revenue if row.line.is_beside else concessions
            flows.extend(moved(row, by, (deal.opened_at,)))
    return tuple(flows)
