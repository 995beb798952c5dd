"""How a stretch of a promise is earned: evenly, or mark by mark, and how far at a cut.

A stretch begins at inception, or where a change spread it anew; caught up, it goes on along all of
it at another price. It is worked out when somebody asks: most changes cut it before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from msgspec import Struct, structs

from domain.accounting.contract.pricing import fee_minor, within
from domain.accounting.contract.promise import CaughtUp, Cut, Deal, Promise, start_of
from domain.accounting.contract.transfer import (
    RULES,
    SHOWN_PLACES,
    Mark,
    Rest,
    Rows,
    count_before,
    rest_after,
    without_materials,
)
from domain.accounting.curves import At, Curve, Ratable, Steps, evenly, frozen_at, standing
from domain.accounting.revenue import RELEASE, at_once, over_time, release
from domain.accounting.schedule import Caught, Flow, frozen, totals
from domain.calendar import ONE_DAY
from domain.contract_facts import Obligation
from domain.decimals import plain
from domain.explain import Step, Telling, Told, both, steps_of
from domain.facts import causes_of, with_causes
from domain.money import allocate, decimal_of, rounded


class Left(Struct, frozen=True):
    """What a cut leaves of a promise: what was earned of its stretch before, for good, and how much
    of its price was not earned.
    """

    earned: tuple[Flow, ...]
    earned_minor: int
    minor: int


NOTHING_EARNED = Left((), 0, 0)


def left_at(cut: Cut, promise: Promise, passed: Sequence[Mark], deal: Deal) -> Left:
    """What a promise comes to at a cut, by the marks that it passed before."""
    left = promise.price_minor - promise.kept_minor
    earned = _until(promise, passed, cut, deal)
    if not earned:
        return Left((), 0, left)
    earned_minor = totals(earned)
    return Left(earned, earned_minor, left - earned_minor)


def flows_of(promise: Promise, deal: Deal) -> tuple[Flow, ...]:
    """What was earned for good, and the stretch that goes on."""
    return (*promise.kept, *_going(promise, deal))


def _going(promise: Promise, deal: Deal) -> tuple[Flow, ...]:
    if promise.going is None:
        promise.going = _current(promise, deal)
    return promise.going


def _until(promise: Promise, passed: Sequence[Mark], cut: Cut, deal: Deal) -> tuple[Flow, ...]:
    """The stretch that goes on, as far as it was earned before a cut."""
    if promise.going == () or promise.is_invoiced:
        return ()
    if promise.is_even:
        return _even_until(promise, cut, deal)
    if promise.caught is not None and promise.caught.place >= cut.place:
        return ()
    # As far as marks carry it: they say so by themselves, but where time would carry it on.
    flows = _told_as(promise, _along(promise, passed, deal))
    after = deal.marks(promise.own)[len(passed) :] if promise.own.pattern == "as-exercised" else ()
    if not (flows and any(one.is_of_time for one in after)):
        return flows
    unstopped = _along(promise, deal.marks_by(promise.own, cut), deal)
    rows = zip(flows, unstopped, strict=True)
    return tuple([one if one.curve == on.curve else _stopped_by(one, cut) for one, on in rows])


def _stopped_by(flow: Flow, cut: Cut) -> Flow:
    """What was used for a service earns no more of it as it was, from a change on."""
    told = Step(what="served until", value=str(cut.place[0]))
    causes = causes_of(flow.causes, (cut.cause,))
    return structs.replace(flow, causes=causes, told=both(flow.steps, (told,)))


def _even_until(promise: Promise, cut: Cut, deal: Deal) -> tuple[Flow, ...]:
    """What was caught up since the day the rest is spread from, stays."""
    current, stop = _going(promise, deal), start_of(promise, cut) - ONE_DAY
    caught = promise.caught
    if caught is None or caught.place[0] <= stop:
        return frozen(current, stop, (cut.cause,))
    return tuple([_caught_by(flow, caught, stop, cut.cause) for flow in current])


def _caught_by(flow: Flow, caught: CaughtUp, stop: date, cause: int) -> Flow:
    """What a stretch came to by a day, at the price that it was caught up to later."""
    curve = flow.curve
    if not isinstance(curve, Ratable):
        return flow
    earned = standing(structs.replace(curve, since=None, less=0), stop)
    day = max(caught.place[0], curve.start)
    told = Step(what="caught up", value=f"{day}, what was earned by {stop}")
    return structs.replace(
        flow,
        curve=At(day, earned - caught.less),
        caught=_stopped(flow.caught, stop),
        causes=causes_of(flow.causes, (cause,)),
        told=both(flow.steps, (told,)),
    )


def _stopped(caught: Caught | None, stop: date) -> Caught | None:
    """What is spread anew from the day after is performed there."""
    now = frozen_at(caught.now, stop) if caught is not None else None
    if caught is None or now is None:
        return None
    before = (frozen_at(curve, stop) for curve in caught.before)
    return Caught(now, tuple(curve for curve in before if curve is not None))


def its_marks(promise: Promise, found: Sequence[Mark]) -> Sequence[Mark]:
    """How far its price is earned, as its marks say or those of what it goes along."""
    if promise.own.pattern != "percent-complete":
        return found
    goes_along = promise.is_beside or promise.legs != RELEASE
    return without_materials(found) if goes_along else found


def _current(promise: Promise, deal: Deal) -> tuple[Flow, ...]:
    """The flows of the stretch that goes on."""
    if promise.is_invoiced:
        return ()
    if promise.is_even:
        stretches = _stretches(promise.own, promise.stretch_minor, deal)
        rows = [_evenly(promise, one, deal, is_first=one == stretches[0]) for one in stretches]
        return _told_as(promise, rows)
    return _told_as(promise, _along(promise, deal.marks(promise.own), deal))


def _told_as(promise: Promise, flows: Iterable[Flow]) -> tuple[Flow, ...]:
    """What is owed beside a promise goes along it, to accounts of its own."""
    if promise.kind == "release":
        return tuple(flows)
    return tuple(structs.replace(one, legs=promise.legs, kind=promise.kind) for one in flows)


def _steps(promise: Promise, deal: Deal) -> Telling:
    return partial(_told_of, promise.told, promise.stretch_price, deal)


def _told_of(told: Told, price: int, deal: Deal) -> tuple[Step, ...]:
    return (*steps_of(told), Step(what="allocated price", value=deal.text(price)))


def _stretches(own: Obligation, minor: int, deal: Deal) -> list[tuple[date, date, int]]:
    """From when to when it is earned evenly, and how much: all of it over its service period.

    Where the customer may leave, each fee is the price of what it is stated for: what is not
    enforceable yet evens nothing out (rule 2).
    """
    assert own.service_from is not None, own
    assert own.service_to is not None, own
    start = max(own.service_from, own.available_from or own.service_from)
    fees = within(own.fees, start, own.service_to) if deal.may_be_left else ()
    weights = [fee_minor(fee) for fee in fees]
    if not any(weights):
        return [(start, own.service_to, minor)]
    sign = 1 if minor >= 0 else -1
    parts = [sign * part for part in allocate(abs(minor), weights)]
    rows = zip(fees, parts, strict=True)
    found = [(fee.service_from, fee.service_to, part) for fee, part in rows if part]
    # Of a price of nothing no fee has a part, and what was earned of it before is taken back.
    return found or [(start, own.service_to, minor)]


def _evenly(
    promise: Promise, stretch: tuple[date, date, int], deal: Deal, *, is_first: bool
) -> Flow:
    caught, (start, end, minor) = promise.caught, stretch
    steps = _steps(promise, deal)
    flow = over_time(promise.name, start, end, minor, promise.by, promise.rests, steps)
    if caught is None:
        return flow
    # What was earned before is taken off what begins first.
    less, before = (caught.less, _before(promise, deal)) if is_first else (0, ())
    performed = Caught(flow.curve, before)
    if not isinstance(flow.curve, Ratable):
        day = max(caught.place[0], start)
        at = at_once(promise.name, day, minor - less, promise.rests, steps)
        return structs.replace(at, caught=performed)
    curve = structs.replace(flow.curve, since=caught.place[0], less=less)
    return structs.replace(flow, curve=curve, caught=performed)


def _before(promise: Promise, deal: Deal) -> tuple[Curve, ...]:
    """What the stretch was until it was caught up, along all of it."""
    assert promise.caught is not None, promise
    if promise.caught.was is None:
        return ()
    own, minor = promise.caught.was
    if own.pattern == "ratable":
        found = _stretches(own, minor, deal)
        return tuple(evenly(*stretch, promise.by) for stretch in found if stretch[0] < stretch[1])
    rows = rest_after(its_marks(promise, deal.marks(own)), promise.since).by_day(minor)
    return (Steps(rows),) if rows else ()


def _along(promise: Promise, found: Sequence[Mark], deal: Deal) -> tuple[Flow, ...]:
    """The stretch as far as marks carry it; nothing where nothing is transferred yet."""
    rest = rest_after(its_marks(promise, found), promise.since)
    own, minor, caught = promise.own, promise.stretch_minor, promise.caught
    now = rest.by_day(minor)
    rows = now if caught is None else _caught_up(rest, caught, minor, now)
    if not rows:
        return ()
    # What was transferred before the stretch is among what its price rests on.
    causes = with_causes(promise.rests, [mark.cause for mark in rest.marks])
    if own.pattern == "point-in-time" and len(rows) == 1:
        flow = at_once(promise.name, *rows[0], causes, _steps(promise, deal))
    else:
        told = partial(_told_along, _steps(promise, deal), own, minor, rest, found, deal)
        flow = release(promise.name, Steps(rows), causes, RULES[own.pattern], told)
    if caught is None or not now:
        return (flow,)
    return (structs.replace(flow, caught=Caught(Steps(now), _before(promise, deal))),)


def _told_along(
    steps: Telling, own: Obligation, minor: int, rest: Rest, found: Sequence[Mark], deal: Deal
) -> tuple[Step, ...]:
    unit = _by_unit(own, minor, rest, deal)
    return (*steps(), *unit, *(step for mark in found for step in mark.told))


def _by_unit(own: Obligation, minor: int, rest: Rest, deal: Deal) -> tuple[Step, ...]:
    """Units that remain, and the price of one: shown rounded, never used so."""
    if own.pattern != "units" or own.quantity is None or rest.is_done:
        return ()
    units = Fraction(own.quantity) * rest.left
    return (
        Step(what="remaining units", value=plain(decimal_of(units, SHOWN_PLACES))),
        Step(what="unit price", value=deal.text(rounded(minor / units))),
    )


def _caught_up(rest: Rest, caught: CaughtUp, minor: int, now: Rows) -> Rows:
    """All that was transferred before stands from the catch-up on, at the new amount."""
    at = count_before(rest.marks, caught.place)
    so_far = rest.of(minor, rest.marks[at - 1]) if at else 0
    caught_up = so_far - caught.less
    # Where nothing is caught up the day it would have been tells nothing.
    rows = {caught.place[0]: caught_up} if caught_up else {}
    if at < len(rest.marks):
        later = rest.marks[at].place[0]
        rows.update((day, amount - caught.less) for day, amount in now if day >= later)
    return tuple(rows.items()) if any(rows.values()) else ()
