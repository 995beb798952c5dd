"""What changes a contract, in the order it is measured: the decision tree of modifications.

Rule 7: distinct additions at what they sell for alone are a contract of their own. Rule 8: what is
left of promises that are distinct from what was transferred shares what is not earned yet and what
the change adds. Rule 9: a promise that is one with what was transferred is caught up. Rule 10: both
in one change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.course import begin, catch_up
from domain.accounting.contract.ground import NOTHING, Ground, Seen, ground_of, reopened, seen_at
from domain.accounting.contract.pricing import (
    Change,
    agreed_minor,
    more_minor,
    restated,
    weight_minor,
)
from domain.accounting.contract.promise import (
    Cut,
    Deal,
    Promise,
    promised,
    shared_by,
    starting,
    tell,
)
from domain.accounting.contract.spread import Modification, not_before, spread, state_anew
from domain.accounting.contract.transfer import place_of
from domain.accounting.curves import spread_from
from domain.accounting.schedule import UNASKED
from domain.contract_facts import ContractModified, Obligation
from domain.explain import Once, Step, every, steps_of
from domain.facts import Fact, causes_of

# One with what was transferred before, unless the contract says otherwise (rule 9).
NOT_DISTINCT = frozenset({"percent-complete", "milestones"})


def modify(promises: list[Promise], fact: Fact, included: Change, deal: Deal) -> None:
    """Rules 8 to 10; `included` is what is included more of variable amounts."""
    event = fact.event
    assert isinstance(event, ContractModified)
    change = _worked_out(promises, fact, event, included, deal)
    found = [seen_at(one, change.cut, deal) for one in promises]
    seen = [reopened(one, change.anew.get(one.promise.name), change.cut, deal) for one in found]
    as_one, going = list[Promise](), list[Seen]()
    for one in seen:
        if one.goes_on and _is_caught_up(one.promise, event):
            as_one.append(one.promise)
        elif one.goes_on:
            going.append(one)
    done = [one for one in seen if not (one.goes_on or one.promise.is_invoiced)]
    added = [promised(own, deal) for own in event.added]
    together = {id(sharer) for one in going for sharer, _ in one.promise.sharers}
    for one in seen:
        own = one.promise
        if one not in going and (own.sharers or own.left_out or id(own) in together):
            own.left_out = (*own.left_out, (fact.position, tuple(one.passed)))
    joining = [one for one in added if not one.is_invoiced]
    left = change.minor - sum([change.of(one) for one in as_one])
    if as_one and not (going or joining):
        shared = _sharing(as_one, ground_of(done), change) if left else NOTHING
        _caught_up(as_one, change, left, shared, deal)
    else:
        if as_one:
            is_borne = left and going and not joining
            borne = _borne_by([one.promise for one in going], change) if is_borne else NOTHING
            _caught_up(as_one, change, 0, borne, deal)
        spread(promises, going, done, joining, change, left, deal)
    _join_invoiced(promises, added, change, deal)
    for one in seen:
        if not one.goes_on and one.promise.name in change.anew:
            # The next change is counted from what this one says of it, done or not.
            state_anew(one.promise, change.anew[one.promise.name], fact)


def apart(promises: list[Promise], fact: Fact, deal: Deal) -> None:
    """Rule 7: what was promised before stays as it is."""
    event = fact.event
    assert isinstance(event, ContractModified)
    causes = causes_of(deal.inception, (fact.position,))
    price = agreed_minor(event, deal.currency)
    added = _opened_apart(event.added, price, causes, fact.when.measured, deal)
    for promise in added:
        promise.added_by = (fact.position,)
        not_before(promise, fact, deal)
    promises += added


def _opened_apart(
    rows: Sequence[Obligation], price_minor: int, causes: tuple[int, ...], day: date, deal: Deal
) -> list[Promise]:
    """Promises with their shares of a price, by what each would sell for alone."""
    weights = {own.obligation: weight_minor(own, deal.currency) for own in rows}
    fixed = {n: weights[n] for n in (o.obligation for o in rows if not o.is_priced_by_itself)}
    shares = by_weight(price_minor, [*fixed.values()], deal.currency, deal.options)
    parts = dict(zip(fixed, shares, strict=True))
    promises = [promised(own, deal, causes) for own in rows]
    told = (Step(what="price of a contract apart", value=deal.text(price_minor)),)
    for promise in promises:
        promise.price_minor = parts.get(promise.name, 0)
        tell(promise, lambda: told)
        begin(promise, day, deal)
    return promises


def _is_caught_up(promise: Promise, event: ContractModified) -> bool:
    if event.treatment != "by-rule":
        return event.treatment == "cumulative"
    if promise.own.distinct is not None:
        return not promise.own.distinct
    return promise.own.pattern in NOT_DISTINCT


def _worked_out(
    promises: Sequence[Promise],
    fact: Fact,
    event: ContractModified,
    included: Change,
    deal: Deal,
) -> Modification:
    day = fact.when.measured
    by = deal.progress(day)
    start = spread_from(day, by)
    since = max(start, fact.when.effective)
    rows = {row.obligation: row for row in event.restated}
    anew: dict[str, Obligation] = {}
    of_promise: dict[str, int] = {}
    for promise in promises:
        row = rows.get(promise.name)
        if row is None or promise.name in anew:
            continue
        anew[promise.name] = restated(promise.whole, row, since)
        of_promise[promise.name] = more_minor(promise.whole, anew[promise.name], row, deal.currency)
    minor = agreed_minor(event, deal.currency)
    minor += sum(of_promise.values()) + included.minor
    cut = Cut(place_of(fact), start, fact.position)
    return Modification(fact, event, cut, by, anew, of_promise, minor, included)


def _caught_up(
    promises: Sequence[Promise], change: Modification, shared: int, others: Ground, deal: Deal
) -> None:
    """Rule 9: a promise that is one with what was transferred, at the price it has now.

    `shared` is what is no promise's own of a change of the price, `others` why it is theirs or not.
    """
    fact = change.fact
    sharers = _sharers(promises)
    weights = [one.weight for one in sharers]
    parts = by_weight(shared, weights, deal.currency, deal.options)
    part_of = {id(one): part for one, part in zip(sharers, parts, strict=True)}
    for promise in promises:
        more = part_of.get(id(promise), 0) + change.of(promise)
        if not more and promise.name not in change.anew:
            continue
        whole = change.anew.get(promise.name, promise.whole)
        # What was spread anew goes on from where that began.
        own = starting(whole, begins) if (begins := promise.own.service_from) else whole
        state_anew(promise, whole, fact)
        causes = causes_of(promise.causes, *others.causes, (fact.position,))
        known = {*promise.changed.each()}
        tell(promise, Once(tuple(one for one in Once(others.told).each() if one not in known)))
        told = (Step(what="price change", value=deal.text(more)),)
        price = promise.price_minor + more
        # What is not stated anew is measured anew because of who else shares.
        is_anew = promise.name in change.anew
        why = UNASKED if is_anew else (causes_of(*others.causes), every(others.told))
        place = change.cut.place
        catch_up(promise, own, price, place, causes, told, deal, fact.position, why)


def _sharing(promises: Sequence[Promise], done: Ground, change: Modification) -> Ground:
    """Who shares an amount: those that are there, without what is done."""
    included, sharers = change.included, _sharers(promises)
    rests = [group for one in sharers for group in (one.added_by, one.said_by)]
    causes = (*rests, *done.causes, included.causes)
    names = (shared_by(sharers), *(said for one in sharers for said in one.said))
    return Ground(causes, (*done.told, every((names, included.told))))


def _sharers(promises: Sequence[Promise]) -> Sequence[Promise]:
    """What goes along a promise beside it has no share of its own."""
    return [one for one in promises if not one.is_beside] or promises


def _borne_by(promises: Sequence[Promise], change: Modification) -> Ground:
    """A change of the price is of what it is spread over, and of nothing that is caught up."""
    over = Step(what="spread over", value=", ".join(one.name for one in promises))
    said = (over, *(said for one in promises for said in one.said))
    rests = [group for one in promises for group in (one.added_by, one.said_by)]
    told = (*said, *steps_of(change.included.told))
    return Ground((*rests, change.included.causes), (lambda: told,))


def _join_invoiced(
    promises: list[Promise], added: Sequence[Promise], change: Modification, deal: Deal
) -> None:
    """What has its own price takes no part in the sharing."""
    for one in added:
        if one.is_invoiced:
            one.added_by = (change.fact.position,)
            one.causes = causes_of(deal.of(change.fact.stream), one.added_by)
            promises.append(one)
