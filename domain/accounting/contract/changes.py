"""What changes a contract, in the order it is measured: the decision tree of modifications.

Rule 7: distinct additions at what they sell for alone are a contract of their own. Rule 8: what is
left of promises that are distinct from what was transferred shares what is not earned yet and what
the change adds. Rule 9: a promise that is one with what was transferred is caught up. Rule 10: both
in one change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, structs

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.pricing import (
    Change,
    given_minor,
    of_units,
    restated,
    ssp_minor,
    stated_minor,
    weight_minor,
)
from domain.accounting.contract.promise import (
    NOTHING_EARNED,
    Cut,
    Deal,
    Left,
    Promise,
    agreed_late,
    begin,
    catch_up,
    finish,
    flows_of,
    known_from,
    left_at,
    marks_before,
    price_change,
    promised,
    remains,
    restart,
    shared_by,
    starting,
    tell,
)
from domain.accounting.contract.transfer import Mark, count_before, place_of, transferred
from domain.accounting.curves import Progress, last_day, measured_from, total
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow
from domain.calendar import ONE_DAY
from domain.contract_facts import ContractModified, Obligation, Restated
from domain.explain import Step, Telling, Told, every, steps_of
from domain.facts import Fact, causes_of
from domain.money import allocate

# One with what was transferred before, unless the contract says otherwise (rule 9).
NOT_DISTINCT = frozenset({"percent-complete", "milestones"})


class _Change(Struct):
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


class _Seen(Struct):
    """A promise as a change finds it: the marks before it, and whether anything remains after."""

    promise: Promise
    passed: Sequence[Mark]
    goes_on: bool


class _Ground(Struct):
    """What an amount rests on: facts in groups, and what they say of it in steps."""

    causes: tuple[tuple[int, ...], ...]
    told: tuple[Telling, ...]


_NOTHING = _Ground((), ())


def is_apart(event: ContractModified, deal: Deal) -> bool:
    """Whether a change is a contract of its own, by rule or as judged."""
    if event.treatment != "by-rule":
        return event.treatment == "separate" and _has_own_price(event)
    return _has_own_price(event) and _is_apart(event, deal)


def _has_own_price(event: ContractModified) -> bool:
    """Whether what is added can bear the price that is agreed for it."""
    return any(not own.is_priced_by_itself for own in event.added) or (
        bool(event.added) and not (event.price_change_minor or event.non_cash)
    )


def modify(promises: list[Promise], fact: Fact, included: Change, deal: Deal) -> None:
    """Rules 8 to 10; `included` is what is included more of variable amounts."""
    event = fact.event
    assert isinstance(event, ContractModified)
    change = _worked_out(promises, fact, event, included, deal)
    seen = [_seen(one, change.cut, deal) for one in promises]
    as_one, spread = list[Promise](), list[_Seen]()
    for one in seen:
        if one.goes_on and _is_caught_up(one.promise, event):
            as_one.append(one.promise)
        elif one.goes_on:
            spread.append(one)
    done = [one for one in seen if not (one.goes_on or one.promise.is_invoiced)]
    added = [promised(own, deal) for own in event.added]
    for one in done:
        if one.promise.sharers:
            left_out = (fact.position, tuple(one.passed))
            one.promise.left_out = (*one.promise.left_out, left_out)
    joining = [one for one in added if not one.is_invoiced]
    left = change.minor - sum([change.of(one) for one in as_one])
    if as_one and not (spread or joining):
        shared = _sharing(as_one, _ground(done), change) if left else _NOTHING
        _caught_up(as_one, change, left, shared, deal)
    else:
        is_borne = left and spread and not joining
        borne = _borne_by(spread[0].promise, change) if is_borne else _NOTHING
        _caught_up(as_one, change, 0, borne, deal)
        _spread(promises, spread, done, joining, change, left, deal)
    _join_invoiced(promises, added, change, deal)
    for one in seen:
        if not one.goes_on and one.promise.name in change.anew:
            # The next change is counted from what this one says of it, done or not.
            _state_anew(one.promise, change.anew[one.promise.name], fact)


def _seen(promise: Promise, cut: Cut, deal: Deal) -> _Seen:
    passed = marks_before(promise.own, cut, deal)
    goes_on = not promise.is_ended and remains(promise.own, passed, cut)
    return _Seen(promise, passed, goes_on)


def _is_apart(event: ContractModified, deal: Deal) -> bool:
    """Distinct additions at a price that reflects what they sell for alone (rule 7, 25-12)."""
    if not event.added or event.restated or event.variable:
        return False
    if event.price_reflects_ssp:
        return True
    alone = [ssp_minor(own, deal.currency) for own in event.added]
    price = _agreed(event, deal)
    return all(alone) and any(own.is_stated for own in event.added) and sum(alone) == price


def _agreed(event: ContractModified, deal: Deal) -> int:
    """What a change costs, but for what it states anew of promises."""
    given = given_minor(event.non_cash, deal.currency)
    return event.price_change_minor + given + _stated(event.added, deal)


def _stated(rows: Sequence[Obligation], deal: Deal) -> int:
    return sum(stated_minor(own, deal.currency) for own in rows if not own.is_priced_by_itself)


def apart(promises: list[Promise], fact: Fact, deal: Deal) -> None:
    """Rule 7: what was promised before stays as it is."""
    event = fact.event
    assert isinstance(event, ContractModified)
    causes = causes_of(deal.inception, (fact.position,))
    price = _agreed(event, deal)
    added = _opened_apart(event.added, price, causes, fact.when.measured, deal)
    for promise in added:
        promise.added_by = (fact.position,)
        _not_before(promise, fact, deal)
    promises += added


def _not_before(promise: Promise, fact: Fact, deal: Deal) -> None:
    """What was transferred of it before it was agreed is caught up when it is."""
    place = place_of(fact)
    starts = promise.own.service_from or place[0]
    early = count_before(deal.marks(promise.own), place)
    if not promise.is_invoiced and (starts < place[0] or early):
        agreed_late(promise, place, (Step(what="agreed on", value=str(place[0])),), deal)


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
) -> _Change:
    day = fact.when.measured
    by = deal.progress(day)
    start = _start(day, by)
    rows = {row.obligation: row for row in event.restated}
    anew: dict[str, Obligation] = {}
    of_promise: dict[str, int] = {}
    for promise in promises:
        row = rows.get(promise.name)
        if row is None or promise.name in anew:
            continue
        anew[promise.name] = restated(promise.whole, row, start)
        of_promise[promise.name] = _more(promise.whole, anew[promise.name], row, deal)
    minor = _agreed(event, deal)
    minor += sum(of_promise.values()) + included.minor
    cut = Cut(place_of(fact), start, fact.position)
    return _Change(fact, event, cut, by, anew, of_promise, minor, included)


def _start(day: date, by: Progress) -> date:
    """From when what remains is spread: month-even progress stands still inside a month, so a
    change inside one is measured at the month end before, and one on its last day at its own.
    """
    stands_still = measured_from(day, by) != day
    return measured_from(day + ONE_DAY, by) if stands_still else day


def _more(own: Obligation, anew: Obligation, row: Restated, deal: Deal) -> int:
    """What a promise stated anew costs more than before, of the price that promises share."""
    if own.is_priced_by_itself:
        return 0
    if row.added_quantity is not None and row.added_unit_price is not None:
        return of_units(row.added_unit_price, row.added_quantity, deal.currency)
    return stated_minor(anew, deal.currency) - stated_minor(own, deal.currency)


def _caught_up(
    promises: Sequence[Promise], change: _Change, shared: int, others: _Ground, deal: Deal
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
        _state_anew(promise, whole, fact)
        causes = causes_of(promise.causes, *others.causes, (fact.position,))
        for said in others.told:
            tell(promise, said)
        told = (Step(what="price change", value=deal.text(more)),)
        price, before = promise.price_minor + more, len(promise.kept)
        catch_up(promise, own, price, change.cut.place, causes, told, deal, fact.position)
        if promise.is_even and promise.name not in change.anew:
            # That it is measured anew at all is by who else shares.
            kept = (_because(flow, others) for flow in promise.kept[before:])
            promise.kept = (*promise.kept[:before], *kept)


def _because(flow: Flow, ground: _Ground) -> Flow:
    told = every((flow.told or (), *ground.told))
    return structs.replace(flow, causes=causes_of(flow.causes, *ground.causes), told=told)


def _sharing(promises: Sequence[Promise], done: _Ground, change: _Change) -> _Ground:
    """Who shares an amount: those that are there, without what is done."""
    included, sharers = change.included, _sharers(promises)
    rests = [group for one in sharers for group in (one.added_by, one.said_by)]
    causes = (*rests, *done.causes, included.causes)
    names = (shared_by(sharers), *(said for one in sharers for said in one.said))
    return _Ground(causes, (*done.told, every((names, included.told))))


def _sharers(promises: Sequence[Promise]) -> Sequence[Promise]:
    """What goes along a promise beside it has no share of its own."""
    return [one for one in promises if not one.is_beside] or promises


def _borne_by(promise: Promise, change: _Change) -> _Ground:
    """A change of the price is of what it is spread over, and of nothing that is caught up."""
    over = Step(what="spread over", value=promise.name)
    said = (over, *promise.said, *steps_of(change.included.told))
    causes = (promise.added_by, promise.said_by, change.included.causes)
    return _Ground(causes, (lambda: said,))


def _state_anew(promise: Promise, own: Obligation, fact: Fact) -> None:
    """What the contract states of a promise from a change on, done or not."""
    if own != promise.whole:
        said = Step(what="stated anew", value=f"{promise.name}, {fact.when.measured}")
        promise.causes = causes_of(promise.causes, (fact.position,))
        promise.stated = (*promise.stated, (fact.position, said))
        tell(promise, lambda: (said,))
    promise.inception = own


def _ground(seen: Sequence[_Seen]) -> _Ground:
    """What promises are at a change rests on: what changed them, and how far they are transferred,
    each told once.
    """
    marks = [(one.promise.name, one.passed) for one in seen]
    passed = [tuple(sorted([mark.cause for mark in one.passed])) for one in seen]
    told = dict.fromkeys([part for one in seen for part in one.promise.changed])
    causes = (*[one.promise.causes for one in seen], *passed)
    return _Ground(causes, (*told, partial(transferred, marks)))


def _spread(
    promises: list[Promise],
    going: Sequence[_Seen],
    done: Sequence[_Seen],
    joining: Sequence[Promise],
    change: _Change,
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
    ground = _ground([*going, *done])
    causes = causes_of(deal.inception, (cut.cause,), *ground.causes, change.included.causes)
    told = _what_is_shared(going, lefts, done, change, minor, whole, deal)
    _sharing_later(going, joining, weights)
    starts = [
        *((one.promise, left, causes) for one, left in zip(going, lefts, strict=True)),
        *((one, NOTHING_EARNED, causes_of(causes, one.causes)) for one in joining),
    ]
    for (promise, left, rests), share in zip(starts, shares, strict=True):
        own = change.anew.get(promise.name, promise.whole)
        _state_anew(promise, own, change.fact)
        said = tuple(dict.fromkeys((*promise.changed, *ground.told, told)))
        restart(promise, own, left, share, cut, change.by, rests, said, deal)
    for promise in joining:
        promise.added_by = (cut.cause,)
        if not promise.is_even:
            _not_before(promise, change.fact, deal)
    promises += joining


def _what_is_shared(
    going: Sequence[_Seen],
    lefts: Sequence[Left],
    done: Sequence[_Seen],
    change: _Change,
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
            *(_as_left(*one, deal) for one in open_ones),
            *(_as_done(*one, deal) for one in done_ones),
            Step(what="remaining consideration", value=deal.text(whole)),
        )

    return told


def _sharing_later(
    going: Sequence[_Seen], joining: Sequence[Promise], weights: Sequence[int]
) -> None:
    """What was promised of it before is all for what remains (IFRS 15.90(a), 606-10-32-45(a))."""
    promises = [*(one.promise for one in going), *joining]
    sharers = tuple(zip(promises, weights, strict=True))
    for one in going:
        begun = any(mark.is_begun for mark in one.passed)
        one.promise.sharers = () if begun or one.promise.is_even else sharers


def _join_invoiced(
    promises: list[Promise], added: Sequence[Promise], change: _Change, deal: Deal
) -> None:
    """What has its own price takes no part in the sharing."""
    for one in added:
        if one.is_invoiced:
            one.added_by = (change.fact.position,)
            one.causes = causes_of(deal.of(change.fact.stream), one.added_by)
            promises.append(one)


def _weights(
    going: Sequence[_Seen],
    lefts: Sequence[Left],
    joining: Sequence[Promise],
    change: _Change,
    deal: Deal,
) -> list[int]:
    """What remains by what it sells for at the change where that is said, else by what is left."""
    said = {row.obligation: row.ssp_minor for row in change.event.restated}
    weights = []
    for one, left in zip(going, lefts, strict=True):
        ssp = said.get(one.promise.name)
        # What the change leaves nothing of shares nothing: all of it goes to what remains.
        is_left = _is_left(change.anew.get(one.promise.name), change.cut, deal)
        weights.append((abs(left.minor) if ssp is None else ssp) if is_left else 0)
    return [*weights, *[one.weight for one in joining]]


def _is_left(anew: Obligation | None, cut: Cut, deal: Deal) -> bool:
    return anew is None or remains(anew, marks_before(anew, cut, deal), cut)


def _at_once_on_what_is_done(
    promises: Sequence[Promise],
    done: Sequence[_Seen],
    change: _Change,
    minor: int,
    deal: Deal,
) -> None:
    """Nothing remains to be transferred: the change of price is earned when it is measured."""
    ground, included, fact = _ground(done), change.included, change.fact
    causes = causes_of(deal.inception, (fact.position,), *ground.causes, included.causes)
    rows = ((one.promise.name, flows_of(one.promise, deal)) for one in done)
    done_ones = tuple(_as_done(*row, deal) for row in rows)
    told = every((included.told, done_ones, *ground.told))
    price_change(promises[0], fact.when.measured, minor, causes, told, deal)


def _as_done(name: str, flows: Sequence[Flow], deal: Deal) -> Step:
    parts = (f"{deal.text(total(flow.curve))} by {last_day(flow.curve)}" for flow in flows)
    return Step(what=f"{name} transferred", value=", ".join(parts))


def _as_left(name: str, minor: int, price_minor: int, deal: Deal) -> Step:
    return Step(what=name, value=f"{deal.text(minor)} of {deal.text(price_minor)} not earned")


def terminate(
    promises: Sequence[Promise], fact: Fact, refund_minor: int, unborne_minor: int, deal: Deal
) -> None:
    """Service stops; what is neither earned nor given back is earned at the end (rule 14), less
    the interest that is not borne any more.
    """
    less_minor = refund_minor + unborne_minor
    day = fact.when.measured
    cut = Cut(place_of(fact), day, fact.position)
    seen = [_seen(one, cut, deal) for one in promises]
    lefts = [left_at(cut, one.promise, one.passed, deal) for one in seen]
    refunds = allocate(less_minor, _bearing(promises, [max(one.minor, 0) for one in lefts]))
    open_ones = [
        (one.name, left.minor, one.price_minor) for one, left in zip(promises, lefts, strict=True)
    ]
    unborne = Step(what="interest not borne", value=deal.text(unborne_minor))
    # What is given back is shared by what each had left, so each share rests on all of them.
    if less_minor:
        grounds = [_before_the_end(seen, open_ones, deal)] * len(promises)
    else:
        each = zip(seen, open_ones, strict=True)
        grounds = [_before_the_end([one], [left], deal) for one, left in each]
    for promise, left, refund, ground in zip(promises, lefts, refunds, grounds, strict=True):
        rest = left.minor - refund
        said = (Step(what="kept at termination", value=deal.text(rest)),)
        steps = every(((*said, unborne) if unborne_minor else said, *ground.told))
        causes = causes_of(*ground.causes, (fact.position,))
        last = _at_the_end(promise, day, rest, causes, steps, deal)
        # Where nothing is left there is no amount that could rest on anything.
        finish(promise, left, (last,) if rest else (), fact.position)
        if not promise.is_invoiced:
            # What is said of it later counts at once, because it ended.
            promise.causes = causes_of(promise.causes, promise.ended_by)
            tell(promise, steps)
        known_from(promise, day, deal)


def _at_the_end(
    promise: Promise, day: date, minor: int, causes: tuple[int, ...], told: Told, deal: Deal
) -> Flow:
    """What is kept is earned when service stops; a book may let its schedule run on instead."""
    last = promise.own.service_to if promise.is_even else None
    if last is None or last <= day or deal.options.after_cancellation == "stop":
        return at_once(promise.name, day, minor, causes, told)
    start = max(day, promise.own.service_from or day)
    return over_time(promise.name, start, last, minor, promise.by, causes, told)


def _before_the_end(
    seen: Sequence[_Seen], left: Sequence[tuple[str, int, int]], deal: Deal
) -> _Ground:
    """What promises have left at the end rests on their prices and on what was transferred."""
    promises = [one.promise for one in seen]
    marks = [(one.promise.name, one.passed) for one in seen]
    # What has its own price has none but what changes gave it, whenever that is earned.
    changed = [flow for one in promises if one.is_invoiced for flow in one.kept]
    causes = (
        *(one.causes for one in promises),
        *((mark.cause,) for _, found in marks for mark in found),
        *(flow.causes for flow in changed),
    )
    parts = (one.changed if one.spread_by else (partial(steps_of, one.told),) for one in promises)
    told = dict.fromkeys(part for some in parts for part in some)
    steps = (partial(steps_of, flow.told) for flow in changed)
    lefts = partial(_all_left, left, deal)
    return _Ground(causes, (*told, lefts, partial(transferred, marks), *steps))


def _all_left(left: Sequence[tuple[str, int, int]], deal: Deal) -> Iterator[Step]:
    return (_as_left(*one, deal) for one in left)


def _bearing(promises: Sequence[Promise], lefts: Sequence[int]) -> Sequence[int]:
    """Who bears a refund: what had something left, or what had a price, or all alike."""
    prices = [max(one.price_minor, 0) for one in promises]
    return next((rates for rates in (lefts, prices) if any(rates)), [1] * len(promises))


def stop(shadows: Sequence[Promise], fact: Fact, deal: Deal) -> None:
    """What is owed to others, or back, beside promises: at the end all that is left of it is."""
    day = fact.when.measured
    cut = Cut(place_of(fact), day, fact.position)
    for shadow in shadows:
        passed = marks_before(shadow.own, cut, deal)
        left = left_at(cut, shadow, passed, deal)
        causes = causes_of(shadow.causes, *((mark.cause,) for mark in passed), (fact.position,))
        owed = (Step(what="owed at termination", value=deal.text(shadow.price_minor)),)
        told = every((shadow.told, partial(transferred, [(shadow.name, passed)]), owed))
        last = at_once(shadow.name, day, left.minor, causes, told)
        last = structs.replace(last, legs=shadow.legs, kind=shadow.kind)
        finish(shadow, left, (last,), fact.position)
        tell(shadow, told)
