"""A promise with its share of the price, as it is earned after the changes so far.

A prospective change keeps what was earned and spreads the rest over what remains (rule 8); a
cumulative one goes on along the whole of it at another price and catches up (rules 9, 12, 19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct, structs

from domain.accounting.contract.transfer import (
    BEFORE_ALL,
    RULES,
    SHOWN_PLACES,
    WHOLE,
    Mark,
    Place,
    Rest,
    marks,
    rest_after,
)
from domain.accounting.curves import Progress, Ratable, Steps, last_day, months_between
from domain.accounting.revenue import RELEASE, at_once, over_time, release
from domain.accounting.schedule import Flow, frozen, stands, totals
from domain.calendar import ONE_DAY
from domain.contract_facts import Obligation
from domain.decimals import plain
from domain.explain import Step, steps_of
from domain.facts import Fact, causes_of
from domain.master import MasterData
from domain.money import decimal_of, decimal_text, rounded
from domain.policy import Options

ELSEWHERE = (("contract-liability", 1), ("external-clearing", -1))


class Deal(Struct, frozen=True, kw_only=True):
    """What every step needs beside the promises: `about` are the facts about each of them."""

    master: MasterData
    book: str
    currency: str
    options: Options
    about: Mapping[str, Sequence[Fact]]
    opened: Fact

    @property
    def opened_at(self) -> int:
        return self.opened.position

    def text(self, minor: int) -> str:
        return decimal_text(minor, self.currency)

    def progress(self, day: date) -> Progress:
        return self.master.progress(self.book, day)

    def marks(self, own: Obligation) -> tuple[Mark, ...]:
        return marks(own, self.about.get(own.obligation, ()), self.options)


class Cut(Struct, frozen=True):
    """Where a change cuts: its place among facts, and the day from which what is earned evenly is
    spread anew.
    """

    place: Place
    start: date


class CaughtUp(Struct, frozen=True):
    """From a place on a stretch stands at its new amount, less what was earned of it before."""

    place: Place
    less: int


class Promise(Struct):
    """`price_minor` is all of it; `stretch_minor` what is earned from `since` on, the rest is kept.

    `weight` is what it counted when the price was allocated to it. `priced` are its prices so far;
    `stretch_price` and `rests` the price and causes it had when the stretch began or was caught up.
    """

    own: Obligation
    price_minor: int
    causes: tuple[int, ...]
    weight: int = 0
    told: tuple[Step, ...] = ()
    kept: tuple[Flow, ...] = ()
    since: Place = BEFORE_ALL
    stretch_minor: int = 0
    stretch_price: int = 0
    rests: tuple[int, ...] = ()
    caught: CaughtUp | None = None
    by: Progress = "day"
    flows: tuple[Flow, ...] = ()
    legs: tuple[tuple[str, int], ...] = RELEASE
    kind: str = "release"
    priced: tuple[tuple[date, int], ...] = ()
    inception: Obligation | None = None

    @property
    def whole(self) -> Obligation:
        """All of it as the contract states it, where `own` is what a change left of it."""
        return self.inception or self.own

    @property
    def name(self) -> str:
        return self.own.obligation

    @property
    def is_even(self) -> bool:
        """Earned evenly over time, from day to day."""
        return self.own.pattern == "ratable"

    @property
    def is_invoiced(self) -> bool:
        """Priced by its invoices, or by what is reported: it takes no share of a fixed price."""
        return self.own.pattern in ("as-invoiced", "percent-of-base") or is_open_ended(self.own)


def is_open_ended(own: Obligation) -> bool:
    """Units at a price, as many as there will be: each is priced by itself."""
    return own.pattern == "units" and own.quantity is None


def begin(promise: Promise, day: date, deal: Deal) -> None:
    """Give a promise its flow, with the policy in force when it is measured."""
    promise.by = deal.progress(day)
    promise.stretch_minor = promise.price_minor
    promise.priced = (*promise.priced, (day, promise.price_minor))
    _go_on(promise, deal)


def restart(
    promise: Promise,
    own: Obligation,
    share: int,
    cut: Cut,
    causes: tuple[int, ...],
    told: tuple[Step, ...],
    deal: Deal,
    cause: int,
) -> None:
    """Keep what was earned before a cut; a share of the price is earned over what remains."""
    place = cut.place
    promise.kept = until(promise, cut, cause, deal)
    earned = totals(promise.kept)
    promise.own = _from(own, cut.start) if promise.is_even else own
    promise.by = deal.progress(place[0])
    promise.since, promise.caught, promise.stretch_minor = place, None, share
    if promise.is_even:
        told = (*told, _months_left(promise.own))
    promise.price_minor, promise.causes, promise.told = earned + share, causes, told
    promise.priced = (*promise.priced, (place[0], promise.price_minor))
    _go_on(promise, deal)


def catch_up(
    promise: Promise,
    own: Obligation,
    price_minor: int,
    place: Place,
    causes: tuple[int, ...],
    told: tuple[Step, ...],
    deal: Deal,
    cause: int,
) -> None:
    """Another price for all of the stretch: what it comes to so far is caught up at once."""
    before = totals(promise.kept)
    kept = until(promise, Cut(place, place[0]), cause, deal)
    promise.stretch_minor += price_minor - promise.price_minor
    less = totals(kept) - before + (promise.caught.less if promise.caught else 0)
    promise.kept, promise.caught = kept, CaughtUp(place, less)
    promise.own, promise.price_minor, promise.causes = own, price_minor, causes
    promise.told = (*promise.told, *told)
    promise.priced = (*promise.priced, (place[0], price_minor))
    _go_on(promise, deal)


def _go_on(promise: Promise, deal: Deal) -> None:
    promise.stretch_price, promise.rests = promise.price_minor, promise.causes
    promise.flows = (*promise.kept, *_current(promise, deal, None))


def until(promise: Promise, cut: Cut, cause: int, deal: Deal) -> tuple[Flow, ...]:
    """What was earned before a cut, for good, because of a fact."""
    if promise.is_even or promise.is_invoiced:
        return frozen(promise.flows, cut.start - ONE_DAY, (cause,))
    current = _current(promise, deal, None)
    stopped = _current(promise, deal, cut.place)
    if [flow.curve for flow in current] == [flow.curve for flow in stopped]:
        return (*promise.kept, *current)
    short = (structs.replace(one, causes=causes_of(one.causes, (cause,))) for one in stopped)
    return (*promise.kept, *short)


def earned_before(promise: Promise, cut: Cut, deal: Deal) -> int:
    if promise.is_even or promise.is_invoiced:
        return stands(promise.flows, cut.start - ONE_DAY)
    return totals((*promise.kept, *_current(promise, deal, cut.place)))


def remains(promise: Promise, cut: Cut, deal: Deal) -> bool:
    """Not wholly transferred before a cut."""
    if promise.is_invoiced:
        return False
    if promise.is_even:
        ends = (last_day(flow.curve) for flow in promise.flows)
        return max(ends, default=date.max) >= cut.start
    return not rest_after(deal.marks(promise.own), cut.place).is_done


def _months_left(own: Obligation) -> Step:
    assert own.service_from is not None, own
    assert own.service_to is not None, own
    months = max(months_between(own.service_from, own.service_to), Fraction(0))
    return Step(what="remaining months", value=plain(decimal_of(months, SHOWN_PLACES)))


def _from(own: Obligation, day: date) -> Obligation:
    """What is left of a promise that is earned evenly."""
    return structs.replace(own, service_from=max(day, own.service_from or day))


def _current(promise: Promise, deal: Deal, stop: Place | None) -> tuple[Flow, ...]:
    """The flow of the stretch that goes on, as far as facts before `stop` carry it."""
    if promise.is_invoiced:
        return ()
    flow = _evenly(promise, deal) if promise.is_even else _by_marks(promise, deal, stop)
    if flow is None:
        return ()
    if promise.legs == RELEASE and promise.kind == "release":
        return (flow,)
    return (structs.replace(flow, legs=promise.legs, kind=promise.kind),)


def _steps(promise: Promise, deal: Deal) -> tuple[Step, ...]:
    return (*promise.told, Step(what="allocated price", value=deal.text(promise.stretch_price)))


def _evenly(promise: Promise, deal: Deal) -> Flow:
    own, caught = promise.own, promise.caught
    assert own.service_from is not None, own
    assert own.service_to is not None, own
    start = max(own.service_from, own.available_from or own.service_from)
    steps, minor = _steps(promise, deal), promise.stretch_minor
    flow = over_time(promise.name, start, own.service_to, minor, promise.by, promise.rests, steps)
    if caught is None:
        return flow
    if not isinstance(flow.curve, Ratable):
        day = max(caught.place[0], start)
        return at_once(promise.name, day, minor - caught.less, promise.rests, steps)
    curve = structs.replace(flow.curve, since=caught.place[0], less=caught.less)
    return structs.replace(flow, curve=curve)


def _by_marks(promise: Promise, deal: Deal, stop: Place | None) -> Flow | None:
    found = [mark for mark in deal.marks(promise.own) if stop is None or mark.place < stop]
    rest = rest_after(found, promise.since)
    rows = _caught_up(promise, rest) if promise.caught else _rows(promise.stretch_minor, rest.marks)
    used = (*rest.before, *rest.marks)
    if not rows or (stop is not None and promise.caught and promise.caught.place >= stop):
        return None
    causes = causes_of(promise.rests, tuple(mark.cause for mark in used))
    steps = (*_steps(promise, deal), *_by_unit(promise, rest, deal), *(m.told for m in used))
    if promise.own.pattern == "point-in-time" and len(rows) == 1:
        ((day, minor),) = rows
        return at_once(promise.name, day, minor, causes, _steps(promise, deal))
    rule = RULES[promise.own.pattern]
    return release(promise.name, Steps(rows), causes, rule, lambda: steps_of(steps))


def _by_unit(promise: Promise, rest: Rest, deal: Deal) -> tuple[Step, ...]:
    """Units that remain, and the price of one: shown rounded, never used so."""
    own = promise.own
    if own.pattern != "units" or own.quantity is None or rest.is_done:
        return ()
    units = Fraction(own.quantity) * (WHOLE - rest.share_before)
    price = rounded(Fraction(promise.stretch_minor) / units)
    return (
        Step(what="remaining units", value=plain(decimal_of(units, SHOWN_PLACES))),
        Step(what="unit price", value=deal.text(price)),
    )


def _rows(minor: int, found: Sequence[Mark]) -> tuple[tuple[date, int], ...]:
    """Cumulative amounts by day: the last mark of a day counts."""
    return tuple({mark.place[0]: rounded(minor * mark.share) for mark in found}.items())


def _caught_up(promise: Promise, rest: Rest) -> tuple[tuple[date, int], ...]:
    """From the catch-up on, all at the new amount; nothing where nothing is transferred yet."""
    caught = promise.caught
    assert caught is not None
    before = [mark for mark in rest.marks if mark.place < caught.place]
    share = before[-1].share if before else WHOLE * 0
    rows = {caught.place[0]: rounded(promise.stretch_minor * share) - caught.less}
    for mark in rest.marks:
        if mark.place >= caught.place:
            rows[mark.place[0]] = rounded(promise.stretch_minor * mark.share) - caught.less
    return tuple(rows.items()) if any(rows.values()) else ()
