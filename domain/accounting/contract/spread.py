"""Rule 8: what is left of promises shares what is not earned yet and what a change adds."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.course import agreed_late, price_change_of_all, restart
from domain.accounting.contract.ground import Seen, as_done, as_left, ground_of
from domain.accounting.contract.pricing import Change
from domain.accounting.contract.promise import Cut, Deal, Promise, marks_before, remains, tell
from domain.accounting.contract.stretch import NOTHING_EARNED, Left, flows_of, left_at
from domain.accounting.contract.transfer import count_before, place_of
from domain.accounting.curves import Progress
from domain.contract_facts import ContractModified, Obligation
from domain.explain import Once, Step, Telling, every, steps_of
from domain.facts import Fact, causes_of


class Modification(Struct):
    """One modification, worked out: where it is measured, how what remains is earned evenly, and
    what each promise is from then on.
    """

    fact: Fact
    event: ContractModified
    cut: Cut
    by: Progress
    anew: dict[str, Obligation]
    of_promise: dict[str, int]
    minor: int
    included: Change

    def of(self, promise: Promise) -> int:
        """What a promise costs more by itself; what goes along beside it has no such price."""
        return 0 if promise.is_beside else self.of_promise.get(promise.name, 0)


def spread(
    promises: list[Promise],
    going: Sequence[Seen],
    done: Sequence[Seen],
    joining: Sequence[Promise],
    change: Modification,
    minor: int,
    deal: Deal,
) -> None:
    """Rule 8: what is not earned, and what the change adds, over what remains."""
    cut = change.cut
    lefts = [left_at(cut, one.promise, one.passed, deal) for one in going]
    weights = _weights(going, lefts, joining, change, deal)
    if not weights:
        if minor:
            _at_once_on_what_is_done(promises, done, change, minor, deal)
        return
    whole = sum([one.minor for one in lefts]) + minor
    shares = by_weight(whole, weights, deal.currency, deal.options)
    ground = ground_of([*going, *done])
    causes = causes_of(deal.inception, *ground.causes, change.included.causes, (cut.cause,))
    told = _what_is_shared(going, lefts, done, change, minor, whole, deal)
    _sharing_later(going, joining, weights)
    starts = [
        *[(one.promise, left, causes) for one, left in zip(going, lefts, strict=True)],
        *[(one, NOTHING_EARNED, causes_of(causes, one.causes)) for one in joining],
    ]
    for (promise, left, rests), share in zip(starts, shares, strict=True):
        own = change.anew.get(promise.name, promise.whole)
        state_anew(promise, own, change.fact)
        said = Once((promise.changed, *ground.told, told))
        restart(promise, own, left, share, cut, change.by, rests, said, deal)
    for promise in joining:
        promise.added_by = (cut.cause,)
        if not promise.is_even:
            not_before(promise, change.fact, deal)
    promises += joining


def _what_is_shared(
    going: Sequence[Seen],
    lefts: Sequence[Left],
    done: Sequence[Seen],
    change: Modification,
    minor: int,
    whole: int,
    deal: Deal,
) -> Telling:
    """The price as it changed, what was left of each promise then, and what was done."""
    rows = zip(going, lefts, strict=True)
    open_ones = [(one.promise.name, left.minor, one.promise.price_minor) for one, left in rows]
    done_ones = [(one.promise.name, flows_of(one.promise, deal)) for one in done]

    def told() -> tuple[Step, ...]:
        return (
            Step(what="price change", value=deal.text(minor)),
            *steps_of(change.included.told),
            *(as_left(*one, deal) for one in open_ones),
            *(as_done(*one, deal) for one in done_ones),
            Step(what="remaining consideration", value=deal.text(whole)),
        )

    return told


def _sharing_later(
    going: Sequence[Seen], joining: Sequence[Promise], weights: Sequence[int]
) -> None:
    """What was promised of it before is all for what remains (IFRS 15.90(a), 606-10-32-45(a))."""
    waiting = [one.promise for one in going if not one.is_begun]
    for one in going:
        one.promise.sharers = ()
    if waiting:
        promises = [*(one.promise for one in going), *joining]
        sharers = tuple(zip(promises, weights, strict=True))
        for promise in waiting:
            promise.sharers = sharers


def _weights(
    going: Sequence[Seen],
    lefts: Sequence[Left],
    joining: Sequence[Promise],
    change: Modification,
    deal: Deal,
) -> list[int]:
    """What remains by what it sells for at the change where that is said, else by what is left of
    its price and what is stated for more or less of it. A price alone is no other scope: what
    something sells for does not change with it.
    """
    said = {row.obligation: row for row in change.event.restated}
    weights = []
    for one, left in zip(going, lefts, strict=True):
        row = said.get(one.promise.name)
        if row is None:
            weights.append(abs(left.minor))
            continue
        ssp, more = row.ssp_minor, change.of(one.promise) if row.is_of_scope else 0
        # What the change leaves nothing of shares nothing: all of it goes to what remains.
        is_left = _is_left(change.anew.get(one.promise.name), change.cut, deal)
        weights.append((abs(left.minor + more) if ssp is None else ssp) if is_left else 0)
    return [*weights, *[one.weight for one in joining]]


def _is_left(anew: Obligation | None, cut: Cut, deal: Deal) -> bool:
    return anew is None or remains(anew, marks_before(anew, cut, deal), cut)


def _at_once_on_what_is_done(
    promises: Sequence[Promise],
    done: Sequence[Seen],
    change: Modification,
    minor: int,
    deal: Deal,
) -> None:
    """Nothing remains to be transferred: the change of price is earned when it is measured."""
    ground, included, fact = ground_of(done), change.included, change.fact
    causes = causes_of(deal.inception, (fact.position,), *ground.causes, included.causes)
    rows = ((one.promise.name, flows_of(one.promise, deal)) for one in done)
    done_ones = tuple(as_done(*row, deal) for row in rows)
    told = every((included.told, done_ones, *ground.told))
    price_change_of_all(promises, fact.when.measured, minor, causes, told, deal)


def state_anew(promise: Promise, own: Obligation, fact: Fact) -> None:
    """What the contract states of a promise from a change on, done or not."""
    if own is not promise.whole and own != promise.whole:
        said = Step(what="stated anew", value=f"{promise.name}, {fact.when.measured}")
        promise.causes = causes_of(promise.causes, (fact.position,))
        promise.stated = (*promise.stated, (fact.position, said))
        tell(promise, lambda: (said,))
    promise.inception = own


def not_before(promise: Promise, fact: Fact, deal: Deal) -> None:
    """What was transferred of it before it was agreed is caught up when it is."""
    place = place_of(fact)
    starts = promise.own.service_from or place[0]
    early = count_before(deal.marks(promise.own), place)
    if not promise.is_invoiced and (starts < place[0] or early):
        agreed_late(promise, place, (Step(what="agreed on", value=str(place[0])),), deal)
