"""The end of a contract: what is neither earned nor given back is earned at the end (rule 14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import structs

from domain.accounting.contract.course import finish, known_from
from domain.accounting.contract.ground import Ground, Seen, as_left, seen_at
from domain.accounting.contract.promise import Cut, Deal, Promise, marks_before, tell
from domain.accounting.contract.stretch import left_at
from domain.accounting.contract.transfer import place_of, transferred
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow
from domain.explain import Step, Told, every, steps_of
from domain.facts import Fact, causes_of
from domain.money import allocate


def terminate(
    promises: Sequence[Promise], fact: Fact, refund_minor: int, unborne_minor: int, deal: Deal
) -> None:
    """Service stops; what is neither earned nor given back is earned at the end (rule 14), less
    the interest that is not borne any more.
    """
    less_minor = refund_minor + unborne_minor
    day = fact.when.measured
    cut = Cut(place_of(fact), day, fact.position)
    seen = [seen_at(one, cut, deal) for one in promises]
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
    seen: Sequence[Seen], left: Sequence[tuple[str, int, int]], deal: Deal
) -> Ground:
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
    return Ground(causes, (*told, lefts, partial(transferred, marks), *steps))


def _all_left(left: Sequence[tuple[str, int, int]], deal: Deal) -> Iterator[Step]:
    return (as_left(*one, deal) for one in left)


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
