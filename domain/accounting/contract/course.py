"""The course of a promise: it begins, is spread anew or caught up, changes its price, and ends.

A prospective change keeps what was earned and spreads the rest over what remains (rule 8); a
cumulative one goes on along the whole of it at another price and catches up (rules 9, 12, 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from msgspec import structs

from domain.accounting.contract.allocation import by_weight
from domain.accounting.contract.promise import (
    CaughtUp,
    Cut,
    Deal,
    Promise,
    marks_before,
    shared_by,
    start_of,
    starting,
    tell,
)
from domain.accounting.contract.stretch import Left, flows_of, left_at
from domain.accounting.contract.transfer import BEFORE_ALL, SHOWN_PLACES, Place
from domain.accounting.curves import At, Progress, last_day, months_between
from domain.accounting.revenue import at_once
from domain.accounting.schedule import UNASKED, Caught, Flow, Why, because, totals
from domain.contract_facts import Obligation
from domain.decimals import plain
from domain.explain import Once, Step, Told, both, every
from domain.facts import causes_of
from domain.money import decimal_of


def begin(promise: Promise, day: date, deal: Deal) -> None:
    """Give a promise its flow, with the policy in force when it is measured."""
    promise.by = deal.progress(day)
    promise.stretch_minor = promise.price_minor
    _go_on(promise, day, deal)


def restart(
    promise: Promise,
    own: Obligation,
    left: Left,
    share: int,
    cut: Cut,
    by: Progress,
    causes: tuple[int, ...],
    told: Once,
    deal: Deal,
) -> None:
    """Keep what was earned before a cut; instead of what was left of its price, a share of what
    all had left is earned over what remains. `told` is what this change and those before say.
    """
    _keep(promise, left)
    over = promise.own.service_to if promise.is_even else None
    start = start_of(promise, cut)
    promise.own, promise.by = own, by
    promise.since, promise.caught, promise.stretch_minor = cut.place, None, share
    promise.price_minor += share - left.minor
    promise.causes, promise.spread_by = causes, (cut.cause,)
    promise.covered = len(promise.kept)
    promise.told = promise.changed = told
    if over is not None:
        promise.own = starting(own, min(start, over))
        if over < start:
            # It was over, and went on before that was agreed: what was served is caught up then.
            promise.caught = CaughtUp(cut.place, 0)
        promise.told = both(promise.told, partial(_months_left, promise.own))
    _go_on(promise, cut.place[0], deal)


def _keep(promise: Promise, left: Left) -> None:
    promise.kept = (*promise.kept, *left.earned)
    promise.kept_minor += left.earned_minor


def finish(promise: Promise, left: Left, last: tuple[Flow, ...], cause: int) -> None:
    """Nothing of it goes on: what was earned, and the last of it, is all that it comes to."""
    _keep(promise, left)
    promise.kept, promise.going = (*promise.kept, *last), ()
    promise.kept_minor += totals(last)
    promise.price_minor, promise.ended_by = promise.kept_minor, (cause,)


def catch_up(
    promise: Promise,
    own: Obligation,
    price_minor: int,
    place: Place,
    causes: tuple[int, ...],
    told: Told,
    deal: Deal,
    cause: int,
    why: Why = UNASKED,
) -> None:
    """Another price for all of the stretch: what it comes to so far is caught up at once. `why`
    tells why the fact has a part for it at all, where others share it.
    """
    cut = Cut(place, place[0], cause)
    left = left_at(cut, promise, marks_before(promise.own, cut, deal), deal)
    was = promise.own, promise.stretch_minor
    promise.stretch_minor += price_minor - promise.price_minor
    left = structs.replace(left, earned=because(left.earned, cause, why))
    less = left.earned_minor + (promise.caught.less if promise.caught else 0)
    _keep(promise, left)
    promise.caught = CaughtUp(place, less, was)
    promise.own, promise.price_minor, promise.causes = own, price_minor, causes
    tell(promise, every((told,)))
    _go_on(promise, place[0], deal)


def agreed_late(promise: Promise, place: Place, told: Told, deal: Deal) -> None:
    """What was transferred of it before it was agreed is caught up when it is."""
    promise.since, promise.caught = BEFORE_ALL, CaughtUp(place, 0)
    promise.stretch_minor = promise.price_minor
    tell(promise, every((told,)))
    _go_on(promise, place[0], deal)


def _go_on(promise: Promise, day: date, deal: Deal) -> None:
    promise.stretch_price, promise.rests = promise.price_minor, promise.causes
    promise.going = None
    known_from(promise, day, deal)


def known_from(promise: Promise, day: date, deal: Deal) -> None:
    """What it costs, and how it is earned, as it is known from a day on."""
    promise.priced = (*promise.priced, (day, promise.price_minor))
    if deal.may_be_left:
        promise.ways = (*promise.ways, (day, flows_of(promise, deal)))


def price_change(
    promise: Promise,
    day: date,
    minor: int,
    causes: tuple[int, ...],
    told: Told,
    deal: Deal,
) -> None:
    """An amount earned, or taken back, when it is measured."""
    steps = every(((Step(what="price change", value=deal.text(minor)),), told))
    flow = at_once(promise.name, day, minor, causes, steps)
    earned = [last_day(one.curve) for one in flows_of(promise, deal)]
    performed = At(min(day, max(earned, default=day)), minor)
    promise.kept = (*promise.kept, structs.replace(flow, caught=Caught(performed)))
    promise.kept_minor += minor
    promise.price_minor += minor
    known_from(promise, day, deal)
    if not promise.is_invoiced:
        promise.causes = causes_of(promise.causes, causes)
        tell(promise, steps)


def price_change_of_all(
    promises: Sequence[Promise],
    day: date,
    minor: int,
    causes: tuple[int, ...],
    told: Told,
    deal: Deal,
) -> None:
    """An amount that nothing is left to bear: what was promised shares it as at inception (ASC
    606-10-32-43 and 32-44, IFRS 15.88 and 89). Nothing more is sold by it. Where everything has a
    price of its own, the first carries it.
    """
    sharers = [one for one in promises if not (one.is_beside or one.is_invoiced)] or promises[:1]
    if len(sharers) > 1:
        causes = causes_of(causes, *[by for one in sharers for by in (one.added_by, one.said_by)])
        told = every((told, (shared_by(sharers), *[said for one in sharers for said in one.said])))
    else:
        # Who bears it alone may be there by a change only.
        causes = causes_of(causes, *[one.added_by for one in sharers])
    parts = by_weight(minor, [one.weight for one in sharers], deal.currency, deal.options)
    for promise, part in zip(sharers, parts, strict=True):
        if part:
            price_change(promise, day, part, causes, told, deal)
            promise.carried = (*promise.carried, promise.kept[-1])


def owed_more(
    shadow: Promise, day: date, minor: int, causes: tuple[int, ...], told: Told, deal: Deal
) -> None:
    """What is owed beside a promise that ended before: all of it at once."""
    more = at_once(shadow.name, day, minor, causes, told)
    more = structs.replace(more, legs=shadow.legs, kind=shadow.kind)
    shadow.kept = (*shadow.kept, more)
    shadow.kept_minor += minor
    shadow.price_minor += minor
    known_from(shadow, day, deal)


def _months_left(own: Obligation) -> tuple[Step, ...]:
    assert own.service_from is not None, own
    assert own.service_to is not None, own
    months = max(months_between(own.service_from, own.service_to), Fraction(0))
    return (Step(what="remaining months", value=plain(decimal_of(months, SHOWN_PLACES))),)
