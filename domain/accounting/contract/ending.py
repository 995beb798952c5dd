"""The end of a contract: what is neither earned nor given back is earned at the end (rule 14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, structs

from domain.accounting.contract.course import finish, known_from
from domain.accounting.contract.ground import NOTHING, Ground, Seen, as_left, seen_at
from domain.accounting.contract.parts import SHARE
from domain.accounting.contract.promise import Cut, Deal, Promise, marks_before, tell
from domain.accounting.contract.stretch import left_at
from domain.accounting.contract.transfer import place_of, transferred
from domain.accounting.contract.unbilled import Move, Unbilled, bear, not_owed
from domain.accounting.revenue import RELEASE, at_once, over_time
from domain.accounting.schedule import Flow
from domain.explain import Once, Step, Told, every, steps_of
from domain.facts import Fact, causes_of
from domain.money import allocate, bearing, within_left

_Rows = Sequence[tuple[Promise, int]]


class Less(Struct, frozen=True):
    """What is not kept of a price: what is given back, interest that is not borne, and what is not
    owed any more because it was not billed, with what that rests on.
    """

    refund_minor: int
    unborne_minor: int
    unbilled: Unbilled | None = None
    move: Move | None = None


def terminate(
    promises: Sequence[Promise], beside: Sequence[Promise], fact: Fact, less: Less, deal: Deal
) -> None:
    """Service stops; what is neither earned nor given back is earned at the end (rule 14), less
    the interest that is not borne any more, and what is not owed.
    """
    day = fact.when.measured
    cut = Cut(place_of(fact), day, fact.position)
    seen = [seen_at(one, cut, deal) for one in promises]
    lefts = [left_at(cut, one.promise, one.passed, deal) for one in seen]
    open_ones = [*zip(promises, [one.minor for one in lefts], strict=True)]
    # What is owed beside promises is looked at where it may bear something, too.
    seen_beside = [seen_at(one, cut, deal) for one in beside] if less.refund_minor else []
    open_beside = [
        (one.promise, left_at(cut, one.promise, one.passed, deal).minor) for one in seen_beside
    ]
    given_back = _given_back(less, open_ones, open_beside)
    unborne = Step(what="interest not borne", value=deal.text(less.unborne_minor))
    # What is given back is shared by what each had left, so each share rests on all of them.
    if less.refund_minor or less.unborne_minor or less.unbilled is not None:
        together = _before_the_end([*seen, *seen_beside], [*open_ones, *open_beside], deal)
        grounds = [together] * len(promises)
    else:
        each = zip(seen, open_ones, strict=True)
        grounds = [_before_the_end([one], [left], deal) for one, left in each]
    rests = [minor - given_back[id(one)] for one, minor in open_ones]
    unowed = _unowed(less, [*zip(promises, rests, strict=True)], beside, grounds, cut, deal)
    for shadow, _ in open_beside:
        part, why = unowed.get(id(shadow), (0, grounds[0]))
        unowed[id(shadow)] = part + given_back[id(shadow)], why
    rows = zip(promises, lefts, rests, grounds, strict=True)
    for promise, left, rest, ground in rows:
        part, asked = unowed.get(id(promise), (0, NOTHING))
        kept = rest - part
        said = (Step(what="kept at termination", value=deal.text(kept)),)
        steps = every(((*said, unborne) if less.unborne_minor else said, *ground.told, *asked.told))
        causes = causes_of(*ground.causes, *asked.causes, (fact.position,))
        last = _at_the_end(promise, day, kept, causes, steps, deal)
        # Where nothing is left there is no amount that could rest on anything.
        finish(promise, left, (last,) if kept else (), fact.position)
        if not promise.is_invoiced:
            # What is said of it later counts at once, because it ended.
            promise.causes = causes_of(promise.causes, promise.ended_by)
            tell(promise, steps)
        known_from(promise, day, deal)
    for shadow in beside:
        _stop(shadow, *unowed.get(id(shadow), (0, NOTHING)), fact, cut, deal)


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
    seen: Sequence[Seen], left: Sequence[tuple[Promise, int]], deal: Deal
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
    parts = (one.changed if one.spread_by else partial(steps_of, one.told) for one in promises)
    told = Once(tuple(parts))
    steps = (partial(steps_of, flow.told) for flow in changed)
    lefts = partial(_all_left, [(_told_name(one), n, one.price_minor) for one, n in left], deal)
    return Ground(causes, (told, lefts, partial(transferred, marks), *steps))


def _all_left(left: Sequence[tuple[str, int, int]], deal: Deal) -> Iterator[Step]:
    return (as_left(*one, deal) for one in left)


def _told_name(one: Promise) -> str:
    """What is owed beside a promise has its name."""
    return one.name if one.legs == RELEASE else f"{one.name}, {one.kind}"


def _given_back(less: Less, lefts: _Rows, beside: _Rows) -> Mapping[int, int]:
    """What promises, and what is owed beside them, bear of a refund: as much as each has left.

    What was charged for what is not transferred is owed to others, or back, in part: so is what is
    given back of it (606-10-32-10, 55-38). Beyond that, what others got of what was transferred
    stays theirs, and who sold it bears the refund. Interest that is not borne was ours alone.
    """
    every = (*lefts, *beside)
    parts = within_left(less.refund_minor, [max(minor, 0) for _, minor in every])
    rows = zip(every, parts, strict=True)
    found = {id(one): part for (one, _), part in rows if one.legs == SHARE}
    ours = [row for row in every if row[0].legs != SHARE]
    rest = less.refund_minor - sum(found.values())
    for minor, bearers in ((rest, ours), (less.unborne_minor, lefts)):
        for (one, _), part in zip(bearers, allocate(minor, _bearing(bearers)), strict=True):
            found[id(one)] = found.get(id(one), 0) + part
    return found


def _bearing(rows: _Rows) -> Sequence[int]:
    """Who bears a refund: what had something left, or what had a price, or all promises alike."""
    left = [max(minor, 0) for _, minor in rows]
    prices = [max(one.price_minor, 0) for one, _ in rows]
    alike = [int(one.legs == RELEASE) for one, _ in rows]
    return bearing(left, prices, alike)


def _unowed(
    less: Less,
    rests: Sequence[tuple[Promise, int]],
    beside: Sequence[Promise],
    grounds: Sequence[Ground],
    cut: Cut,
    deal: Deal,
) -> dict[int, tuple[int, Ground]]:
    """What each bears of what is not owed any more, and why; `rests` is what promises have left."""
    known, move = less.unbilled, less.move
    if known is None or move is None:
        return {}
    lefts = [row for row in rests if not row[0].is_invoiced]
    for shadow in beside:
        passed = marks_before(shadow.own, cut, deal)
        lefts.append((shadow, left_at(cut, shadow, passed, deal).minor))
    # How what is not owed is shared rests on what each had left.
    why = Ground((*grounds[0].causes, *move.ground.causes), (*grounds[0].told, *move.ground.told))
    known.rests = why
    found = {}
    for (one, _), part in zip(lefts, bear(known, move, lefts), strict=True):
        told = (partial(steps_of, not_owed(part, deal)), *move.ground.told)
        found[id(one)] = part, Ground(why.causes, told if one.legs == RELEASE else why.told)
    return found


def _stop(shadow: Promise, less_minor: int, why: Ground, fact: Fact, cut: Cut, deal: Deal) -> None:
    """What is owed to others, or back, beside promises: at the end all that is left of it is."""
    passed = marks_before(shadow.own, cut, deal)
    left = left_at(cut, shadow, passed, deal)
    causes = causes_of(
        shadow.causes, *((mark.cause,) for mark in passed), *why.causes, (fact.position,)
    )
    owed = (Step(what="owed at termination", value=deal.text(shadow.price_minor - less_minor)),)
    told = every((shadow.told, partial(transferred, [(shadow.name, passed)]), owed, *why.told))
    last = at_once(shadow.name, cut.place[0], left.minor - less_minor, causes, told)
    last = structs.replace(last, legs=shadow.legs, kind=shadow.kind)
    finish(shadow, left, (last,), fact.position)
    tell(shadow, told)
    known_from(shadow, cut.place[0], deal)
