"""A promise with its share of the price, as it is earned after the changes so far.

A prospective change keeps what was earned and spreads the rest over what remains (rule 8); a
cumulative one goes on along the whole of it at another price and catches up (rules 9, 12, 19).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from msgspec import Struct, structs

from domain.accounting.contract.pricing import fee_minor, weight_minor, within
from domain.accounting.contract.transfer import (
    BEFORE_ALL,
    RULES,
    SHOWN_PLACES,
    Mark,
    Place,
    Placed,
    Rest,
    Rows,
    count_before,
    marks,
    rest_after,
    usable,
    without_materials,
)
from domain.accounting.curves import (
    At,
    Curve,
    Progress,
    Ratable,
    Steps,
    evenly,
    frozen_at,
    last_day,
    months_between,
    standing,
)
from domain.accounting.revenue import RELEASE, at_once, over_time, release
from domain.accounting.schedule import Caught, Flow, frozen, totals
from domain.calendar import ONE_DAY
from domain.contract_facts import Obligation
from domain.decimals import plain
from domain.explain import Step, Telling, Told, both, every, steps_of
from domain.facts import Fact, causes_of
from domain.master import MasterData
from domain.money import allocate, decimal_of, decimal_text, rounded
from domain.policy import Options

REFUND = (("contract-liability", 1), ("refund-liability", -1))
ELSEWHERE = (("contract-liability", 1), ("external-clearing", -1))


class Deal(Struct, frozen=True, kw_only=True):
    """What every step needs beside the promises: `about` are the facts about each of them.

    Of contracts that are one, `opened` says all that they say, and `openings` what each says;
    `since` is what each rests on by itself, by stream, `inception` what all of it rests on;
    `streams` whose each promise is.
    """

    master: MasterData
    book: str
    currency: str
    options: Options
    about: Mapping[str, Sequence[Placed]]
    # Since when a promise, or under no name each of a contract's, can be used, as evidence says.
    access: Mapping[tuple[str, str | None], Fact]
    opened: Fact
    openings: Mapping[str, Fact]
    since: Mapping[str, tuple[int, ...]]
    inception: tuple[int, ...]
    streams: Mapping[str, str]
    # Whether the customer may leave without penalty.
    may_be_left: bool
    # Worked out once for a promise as it stands: changes look at it again and again. The promise is
    # kept beside, so that no other ever has its identity.
    marked: dict[int, tuple[Obligation, tuple[Mark, ...]]]

    def of(self, stream: str) -> tuple[int, ...]:
        """What an amount rests on that only one contract brings about."""
        return self.since.get(stream, self.inception)

    def rests(self, own: Obligation) -> tuple[int, ...]:
        """What a promise rests on: what is priced by itself has no share of what others cost."""
        alone = own.is_priced_by_itself and len(self.openings) > 1
        return self.of(self.streams[own.obligation]) if alone else self.inception

    def among(self, promises: Iterable[Promise]) -> tuple[int, ...]:
        """What an amount rests on that some promises share by themselves."""
        streams = {self.streams[one.name] for one in promises}
        return self.of(streams.pop()) if len(streams) == 1 else self.inception

    def opening(self, promises: Iterable[Promise]) -> Fact:
        """The first opening of the contracts that some promises are of."""
        streams = {self.streams[one.name] for one in promises}
        return next((fact for name, fact in self.openings.items() if name in streams), self.opened)

    def mine(self, promises: Iterable[Promise], stream: str) -> list[Promise]:
        """The promises that are of one contract."""
        if len(self.openings) == 1:
            return [*promises]
        return [one for one in promises if self.streams[one.name] == stream]

    def text(self, minor: int) -> str:
        return decimal_text(minor, self.currency)

    def progress(self, day: date) -> Progress:
        return self.master.progress(self.book, day)

    def marks(self, own: Obligation) -> tuple[Mark, ...]:
        known = self.marked.get(id(own))
        if known is None:
            found = marks(own, self.about.get(own.obligation, ()), self.options)
            known = self.marked[id(own)] = own, found
        return known[1]


class Cut(Struct, frozen=True):
    """Where the fact `cause` cuts: its place among facts, and the day from which what is earned
    evenly is spread anew.
    """

    place: Place
    start: date
    cause: int


class CaughtUp(Struct, frozen=True):
    """From a place on a stretch stands at its new amount, less what was earned of it before; `was`
    is what the stretch was until then, and its amount.
    """

    place: Place
    less: int
    was: tuple[Obligation, int] | None = None


class Promise(Struct, eq=False):
    """`price_minor` is all of it; `stretch_minor` what is earned from `since` on, the rest is kept:
    the flows `kept` come to `kept_minor`.

    `weight` is what it counted when the price was allocated to it. `priced` are its prices so far,
    by the days from which they were known, and where the customer may leave `ways` its flows;
    `stretch_price` and `rests` the price and causes it had when the stretch began or was caught up.
    `going` is how the stretch is earned: worked out when somebody asks, since most changes cut it
    before that.
    `added_by` is the fact that added it, `ended_by` what ended it, `spread_by` the last that spread
    it anew, `stated` what facts state otherwise; `changed` is what each change told of it, once. It
    `is_beside` another of its name that goes along all of it.
    """

    own: Obligation
    price_minor: int
    causes: tuple[int, ...]
    weight: int = 0
    told: Told = ()
    kept: tuple[Flow, ...] = ()
    kept_minor: int = 0
    since: Place = BEFORE_ALL
    stretch_minor: int = 0
    stretch_price: int = 0
    rests: tuple[int, ...] = ()
    caught: CaughtUp | None = None
    by: Progress = "day"
    going: tuple[Flow, ...] | None = None
    legs: tuple[tuple[str, int], ...] = RELEASE
    kind: str = "release"
    priced: tuple[tuple[date, int], ...] = ()
    ways: tuple[tuple[date, tuple[Flow, ...]], ...] = ()
    inception: Obligation | None = None
    ended_by: tuple[int, ...] = ()
    is_beside: bool = False
    added_by: tuple[int, ...] = ()
    spread_by: tuple[int, ...] = ()
    stated: tuple[tuple[int, Step], ...] = ()
    changed: tuple[Telling, ...] = ()
    # Not begun when a change spread it anew: who shared what was left then, and by what weights.
    sharers: tuple[tuple[Promise, int], ...] = ()
    # What was done of it when a change spread others anew: it kept who shared it before.
    left_out: tuple[tuple[int, tuple[Mark, ...]], ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        """Its name is that of whatever is left of it, and asked for at every turn."""
        self.name = self.own.obligation

    @property
    def whole(self) -> Obligation:
        """All of it as the contract states it, where `own` is what a change left of it."""
        return self.inception or self.own

    @property
    def said(self) -> tuple[Step, ...]:
        """What facts state of it otherwise than it was first stated."""
        return tuple(said for _, said in self.stated)

    @property
    def said_by(self) -> tuple[int, ...]:
        return causes_of(*((position,) for position, _ in self.stated))

    @property
    def is_ended(self) -> bool:
        return bool(self.ended_by)

    @property
    def is_even(self) -> bool:
        """Earned evenly over time, from day to day."""
        return self.own.pattern == "ratable"

    @property
    def is_invoiced(self) -> bool:
        return self.own.is_priced_by_itself


def promised(own: Obligation, deal: Deal, causes: tuple[int, ...] = ()) -> Promise:
    """A promise without a price yet, earned evenly not before it can be used (rule 32)."""
    stream = deal.streams[own.obligation]
    names = ((stream, own.obligation), (stream, None))
    own, stated = usable(own, [deal.access[name] for name in names if name in deal.access])
    promise = Promise(own, 0, causes, weight=weight_minor(own, deal.currency), stated=stated)
    promise.causes = causes_of(causes, promise.said_by)
    if told := promise.said:
        tell(promise, lambda: told)
    return promise


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
    earned = _until(promise, passed, cut, deal)
    earned_minor = totals(earned)
    return Left(earned, earned_minor, promise.price_minor - promise.kept_minor - earned_minor)


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
    told: tuple[Telling, ...],
    deal: Deal,
) -> None:
    """Keep what was earned before a cut; instead of what was left of its price, a share of what
    all had left is earned over what remains. `told` is what this change and those before say.
    """
    _keep(promise, left)
    promise.own, promise.by = own, by
    promise.since, promise.caught, promise.stretch_minor = cut.place, None, share
    promise.price_minor += share - left.minor
    promise.causes, promise.spread_by, promise.changed = causes, (cut.cause,), told
    promise.told = every(told)
    if promise.is_even:
        promise.own = starting(own, cut.start)
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
) -> None:
    """Another price for all of the stretch: what it comes to so far is caught up at once."""
    cut = Cut(place, place[0], cause)
    left = left_at(cut, promise, marks_before(promise.own, cut, deal), deal)
    was = promise.own, promise.stretch_minor
    promise.stretch_minor += price_minor - promise.price_minor
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
    # As far as marks carry it: they say so by themselves.
    return _told_as(promise, _along(promise, passed, deal))


def _even_until(promise: Promise, cut: Cut, deal: Deal) -> tuple[Flow, ...]:
    """What was caught up since the day the rest is spread from, stays."""
    current, stop = _going(promise, deal), cut.start - ONE_DAY
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


def remains(own: Obligation, passed: Sequence[Mark], cut: Cut) -> bool:
    """Whether a promise, as it is stated, is not wholly transferred before a cut."""
    if own.pattern == "ratable":
        assert own.service_to is not None, own
        return own.service_to > max(cut.start, cut.place[0])
    return not (own.is_priced_by_itself or (passed and passed[-1].is_all))


def tell(promise: Promise, part: Telling) -> None:
    """What a change says of a promise; the same part is told once, by whatever way it comes."""
    if part not in promise.changed:
        promise.told, promise.changed = both(promise.told, part), (*promise.changed, part)


def shared_by(promises: Sequence[Promise]) -> Step:
    """Whose the parts of an amount are."""
    return Step(what="shared by", value=", ".join(promise.name for promise in promises))


def marks_before(own: Obligation, cut: Cut, deal: Deal) -> Sequence[Mark]:
    """What said before a cut how far it is transferred."""
    if own.pattern == "ratable":
        return ()
    found = deal.marks(own)
    return found[: count_before(found, cut.place)]


def its_marks(promise: Promise, found: Sequence[Mark]) -> Sequence[Mark]:
    """How far its price is earned, as its marks say or those of what it goes along."""
    goes_along = promise.is_beside or promise.legs != RELEASE
    return without_materials(found) if goes_along else found


def _months_left(own: Obligation) -> tuple[Step, ...]:
    assert own.service_from is not None, own
    assert own.service_to is not None, own
    months = max(months_between(own.service_from, own.service_to), Fraction(0))
    return (Step(what="remaining months", value=plain(decimal_of(months, SHOWN_PLACES))),)


def starting(own: Obligation, day: date) -> Obligation:
    """What is left of a promise that is earned evenly."""
    return structs.replace(own, service_from=max(day, own.service_from or day))


def _current(promise: Promise, deal: Deal) -> tuple[Flow, ...]:
    """The flows of the stretch that goes on."""
    if promise.is_invoiced:
        return ()
    if promise.is_even:
        stretches = _stretches(promise.own, promise.stretch_minor, deal)
        first = stretches[0] if stretches else None
        rows = (_evenly(promise, one, deal, is_first=one == first) for one in stretches)
        return _told_as(promise, rows)
    return _told_as(promise, _along(promise, deal.marks(promise.own), deal))


def _told_as(promise: Promise, flows: Iterable[Flow]) -> tuple[Flow, ...]:
    """What is owed beside a promise goes along it, to accounts of its own."""
    if promise.legs == RELEASE and promise.kind == "release":
        return tuple(flows)
    return tuple(structs.replace(one, legs=promise.legs, kind=promise.kind) for one in flows)


def _steps(promise: Promise, deal: Deal) -> Telling:
    told, price = promise.told, promise.stretch_price

    def steps() -> tuple[Step, ...]:
        return (*steps_of(told), Step(what="allocated price", value=deal.text(price)))

    return steps


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
    return [(fee.service_from, fee.service_to, part) for fee, part in rows if part]


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
    rows = now = rest.by_day(promise.stretch_minor)
    caught = None
    if promise.caught is not None:
        rows = _caught_up(rest, promise.caught, promise.stretch_minor, now)
        caught = Caught(Steps(now), _before(promise, deal)) if now else None
    if not rows:
        return ()
    # What was transferred before the stretch is among what its price rests on.
    causes = causes_of(promise.rests, tuple(sorted([mark.cause for mark in rest.marks])))
    steps = _steps(promise, deal)
    if promise.own.pattern == "point-in-time" and len(rows) == 1:
        ((day, minor),) = rows
        flow = at_once(promise.name, day, minor, causes, steps)
    else:
        unit = partial(_by_unit, promise.own, promise.stretch_minor, rest, deal)

        def told() -> tuple[Step, ...]:
            return (*steps(), *unit(), *(step for mark in found for step in mark.told))

        flow = release(promise.name, Steps(rows), causes, RULES[promise.own.pattern], told)
    return (structs.replace(flow, caught=caught) if caught else flow,)


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
