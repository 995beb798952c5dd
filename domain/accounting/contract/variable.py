"""Variable amounts as they are estimated from date to date (rules 16 to 20 and 22).

A later change of the price is shared as the price was at inception, without new stand-alone selling
prices (rule 19); what falls to promises that are done is earned, or taken back, at once. What is
stated and not included is owed back: a refund liability, as promises are transferred (rule 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, field

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.pricing import Estimate, estimated
from domain.accounting.contract.promise import (
    REFUND,
    Deal,
    Promise,
    begin,
    both,
    catch_up,
    owed_more,
    price_change,
)
from domain.accounting.contract.transfer import BEFORE_ALL, Place
from domain.accounting.curves import At
from domain.accounting.schedule import Flow
from domain.contract_facts import VariableAmount
from domain.explain import Step, Told, steps_of
from domain.facts import causes_of

PAYABLE = (("contract-liability", 1), ("customer-payable", -1))


class Uncertain(Struct):
    """A variable amount as it is included now, and who shares it."""

    row: VariableAmount
    included_minor: int = 0
    held_minor: int = 0
    sharers: tuple[Promise, ...] = ()
    held: list[Promise] = field(default_factory=list)


class Estimates(Struct):
    """All variable amounts of a contract by name."""

    rows: dict[str, Uncertain] = field(default_factory=dict)
    owed: list[Flow] = field(default_factory=list)

    @property
    def held(self) -> Iterable[Promise]:
        return (promise for one in self.rows.values() for promise in one.held)


def at_inception(
    rows: Sequence[VariableAmount], promises: Sequence[Promise], deal: Deal
) -> Estimates:
    """What is included from the start; the promises have their shares of the fixed price."""
    found = Estimates()
    for row in rows:
        one = _known(found, row, promises)
        new = _estimate(row, one, deal)
        told = partial(_told, row, new, deal)
        for promise, minor in _shared(new.included_minor, one, deal):
            promise.price_minor += minor
            promise.told = both(promise.told, told)
        one.row, one.included_minor = row, new.included_minor
    return found


def hold(found: Estimates, parts: Mapping[str, tuple[Promise, ...]], deal: Deal) -> None:
    """What is owed back from the start. The parts of a promise share what it shares."""
    for one in found.rows.values():
        one.sharers = tuple(part for promise in one.sharers for part in parts[promise.name])
        since = deal.opening(one.sharers).when.measured
        _hold(one, (since, 0), deal.among(one.sharers), deal)


def revised(
    rows: Sequence[VariableAmount],
    estimates: Estimates,
    promises: list[Promise],
    place: Place,
    cause: int,
    deal: Deal,
) -> None:
    """Estimates from a place on: the difference, shared as at inception, is caught up."""
    for row in rows:
        one = _known(estimates, row, promises)
        new = _estimate(row, one, deal)
        change = new.included_minor - one.included_minor
        one.row, one.included_minor = row, new.included_minor
        told = partial(_told, row, new, deal)
        for promise, minor in _shared(change, one, deal):
            if minor:
                _changed(promise, minor, promises, place, cause, told, deal)
        _hold(one, place, (*deal.among(one.sharers), cause), deal)


def change_of(
    rows: Sequence[VariableAmount], estimates: Estimates, promises: Sequence[Promise], deal: Deal
) -> int:
    """What a modification includes more: it is shared with the price of what remains."""
    change = 0
    for row in rows:
        one = _known(estimates, row, promises)
        new = _estimate(row, one, deal)
        change += new.included_minor - one.included_minor
        one.row, one.included_minor = row, new.included_minor
    return change


def _changed(
    promise: Promise,
    minor: int,
    promises: list[Promise],
    place: Place,
    cause: int,
    told: Told,
    deal: Deal,
) -> None:
    causes = causes_of(promise.causes, deal.inception, (cause,))
    if promise.is_ended:
        price_change(promise, place[0], minor, causes, steps_of(told), deal)
        return
    if promise.since == BEFORE_ALL:
        price = promise.price_minor + minor
        catch_up(promise, promise.own, price, place, causes, told, deal, cause)
        return
    if promise.sharers:
        # Not begun when it was spread anew: its part is shared as what was left then (32-45(a)).
        weights = [weight for _, weight in promise.sharers]
        parts = by_weight(minor, weights, deal.currency, deal.options)
        for (one, _), part in zip(promise.sharers, parts, strict=True):
            if part:
                _caught_up(one, part, place, cause, causes, told, deal)
        return
    # Spread anew since: what changes of the price before goes along all of the promise (32-45).
    own = promise.whole
    apart = Promise(own, 0, causes, told=told)
    begin(apart, place[0], deal)
    promises.append(apart)
    catch_up(apart, own, minor, place, causes, (), deal, cause)


def _caught_up(
    promise: Promise,
    minor: int,
    place: Place,
    cause: int,
    causes: tuple[int, ...],
    told: Told,
    deal: Deal,
) -> None:
    rests = causes_of(promise.causes, causes)
    if promise.is_ended:
        price_change(promise, place[0], minor, rests, steps_of(told), deal)
    else:
        price = promise.price_minor + minor
        catch_up(promise, promise.own, price, place, rests, told, deal, cause)


def _known(found: Estimates, row: VariableAmount, promises: Sequence[Promise]) -> Uncertain:
    if row.name not in found.rows:
        named = [one for one in promises if one.name in row.obligations]
        units = [one for one in promises if one.own.pattern == "units"]
        every = [one for one in promises if not one.is_invoiced]
        sharers = named or (units if row.unit_price is not None else every)
        found.rows[row.name] = Uncertain(row=row, sharers=tuple(sharers))
    return found.rows[row.name]


def _estimate(row: VariableAmount, one: Uncertain, deal: Deal) -> Estimate:
    return estimated(row, [promise.own for promise in one.sharers], deal.currency)


def _shared(minor: int, one: Uncertain, deal: Deal) -> Iterable[tuple[Promise, int]]:
    sharers = [promise for promise in one.sharers if not promise.is_invoiced]
    return _by_weight(minor, sharers, deal)


def _by_weight(
    minor: int, promises: Sequence[Promise], deal: Deal
) -> Iterable[tuple[Promise, int]]:
    weights = [promise.weight for promise in promises]
    return zip(promises, by_weight(minor, weights, deal.currency, deal.options), strict=True)


def _told(row: VariableAmount, new: Estimate, deal: Deal) -> tuple[Step, ...]:
    of = new.stated_minor
    left = Step(what=f"expected after {row.name}", value=deal.text(of + new.expected_minor))
    return (
        *((left,) if of else ()),
        Step(what=f"estimate of {row.name}", value=deal.text(new.expected_minor)),
        Step(what=f"included of {row.name}", value=deal.text(new.included_minor)),
    )


def _hold(one: Uncertain, place: Place, causes: tuple[int, ...], deal: Deal) -> None:
    """What is stated and not included is owed back as the promises are transferred."""
    row = one.row
    if row.is_of_its_promises:
        held = -one.included_minor
    else:
        held = row.stated_minor - one.included_minor if row.stated_minor > 0 else 0
    change, one.held_minor = held - one.held_minor, held
    if not change:
        return
    if not one.held:
        one.held = [_shadow(promise, causes, deal) for promise, _ in _shared(0, one, deal)]
    for promise, minor in _by_weight(change, one.held, deal):
        price = promise.price_minor + minor
        together = causes_of(promise.causes, causes)
        told = (Step(what=f"stated and not included of {row.name}", value=deal.text(held)),)
        if promise.is_ended:
            owed_more(promise, place[0], minor, together, told)
            continue
        catch_up(promise, promise.own, price, place, together, told, deal, causes[-1])


def _shadow(promise: Promise, causes: tuple[int, ...], deal: Deal) -> Promise:
    own = promise.whole
    shadow = Promise(own, 0, causes, weight=promise.weight, legs=REFUND, kind="refund-owed")
    begin(shadow, deal.opened.when.measured, deal)
    shadow.is_ended = promise.is_ended
    return shadow


def payable(minor: int, promises: list[Promise], place: Place, cause: int, deal: Deal) -> None:
    """Consideration payable to the customer lowers the price of all promises (rule 22); that it is
    owed is told apart.
    """
    every = Uncertain(
        row=VariableAmount(name="payable to the customer"),
        sharers=tuple(one for one in promises if not one.is_invoiced),
    )
    told = (Step(what="payable to the customer", value=deal.text(minor)),)
    for promise, part in _shared(-minor, every, deal):
        if part:
            _changed(promise, part, promises, place, cause, told, deal)


def owe(
    minor: int,
    estimates: Estimates,
    promises: Sequence[Promise],
    day: date,
    causes: tuple[int, ...],
    deal: Deal,
) -> None:
    """Owed to the customer from a day on."""
    told = (Step(what="payable to the customer", value=deal.text(minor)),)
    estimates.owed.append(
        Flow(
            kind="customer-owed",
            subject=promises[0].name,
            obligation=promises[0].name,
            legs=PAYABLE,
            curve=At(day, minor),
            causes=causes,
            rule="payable-to-the-customer@1",
            told=lambda: told,
        )
    )
