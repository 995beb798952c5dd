"""A promise of a contract as it stands after the changes so far, and what every step needs beside.

What is earned of it is worked out elsewhere: for its stretch that goes on, and at each turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, structs

from domain.accounting.contract.exercise import exercised
from domain.accounting.contract.pricing import weight_minor
from domain.accounting.contract.transfer import (
    BEFORE_ALL,
    Mark,
    Place,
    Placed,
    count_before,
    marks,
    usable,
)
from domain.accounting.curves import Progress
from domain.accounting.revenue import RELEASE
from domain.accounting.schedule import Flow
from domain.contract_facts import Obligation
from domain.explain import Once, Step, Telling, Told, both
from domain.facts import Fact, causes_of
from domain.master import MasterData
from domain.money import decimal_text
from domain.policy import Options

REFUND = (("contract-liability", 1), ("refund-liability", -1))
ELSEWHERE = (("contract-liability", 1), ("external-clearing", -1))


class Deal(Struct, frozen=True, kw_only=True):
    """What every step needs beside the promises: `about` are the facts about each of them, `terms`
    all facts that say more than what was transferred.

    Of contracts that are one, `opened` says all that they say, and `openings` what each says;
    `since` is what each rests on by itself, by stream, `inception` what all of it rests on;
    `streams` whose each promise is.
    """

    master: MasterData
    book: str
    currency: str
    options: Options
    terms: Sequence[Fact]
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
        if len(self.openings) == 1:
            return self.inception
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
            about = self.about.get(own.obligation, ())
            known = self.marked[id(own)] = own, self._marks(own, about)
        return known[1]

    def marks_by(self, own: Obligation, cut: Cut) -> tuple[Mark, ...]:
        """As if nothing were said of it from a cut on."""
        about = self.about.get(own.obligation, ())
        return self._marks(own, [one for one in about if one[0] < cut.place])

    def _marks(self, own: Obligation, about: Sequence[Placed]) -> tuple[Mark, ...]:
        if own.pattern == "as-exercised":
            return exercised(own, about, self.options, self.progress)
        return marks(own, about, self.options)


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
    What of `kept` is `carried` is a change of the contract's price that nothing was left to bear.
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
    carried: tuple[Flow, ...] = ()
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
    changed: Once = Once()
    # What it keeps but for so many at first is not among its `causes` yet.
    covered: int = 0
    # Not begun when a change spread it anew: who shared what was left then, and by what weights.
    sharers: tuple[tuple[Promise, int], ...] = ()
    # What was done of it when a change spread others anew: it kept who shared it before.
    left_out: tuple[tuple[int, tuple[Mark, ...]], ...] = ()
    name: str = ""
    # Earned evenly over time, from day to day.
    is_even: bool = False
    is_invoiced: bool = False

    def __post_init__(self) -> None:
        """What is the same of whatever is left of it, and asked for at every turn."""
        self.name, self.is_even = self.own.obligation, self.own.pattern == "ratable"
        self.is_invoiced = self.own.is_priced_by_itself

    @property
    def whole(self) -> Obligation:
        """All of it as the contract states it, where `own` is what a change left of it."""
        return self.inception or self.own

    @property
    def said(self) -> tuple[Step, ...]:
        """What facts state of it otherwise than it was first stated."""
        return tuple([said for _, said in self.stated])

    @property
    def said_by(self) -> tuple[int, ...]:
        return tuple(sorted({position for position, _ in self.stated}))

    @property
    def is_ended(self) -> bool:
        return bool(self.ended_by)


def promised(own: Obligation, deal: Deal, causes: tuple[int, ...] = ()) -> Promise:
    """A promise without a price yet, earned evenly not before it can be used (rule 32)."""
    stream = deal.streams[own.obligation]
    names = ((stream, own.obligation), (stream, None)) if deal.access else ()
    own, stated = usable(own, [deal.access[name] for name in names if name in deal.access])
    promise = Promise(own, 0, causes, weight=weight_minor(own, deal.currency), stated=stated)
    if stated:
        told = promise.said
        promise.causes = causes_of(causes, promise.said_by)
        tell(promise, lambda: told)
    return promise


def start_of(promise: Promise, cut: Cut) -> date:
    """From when a promise that is earned evenly is spread anew: what was over when the fact was
    measured is done, also where a month stands still that it ended in.
    """
    over = promise.own.service_to
    return over if over is not None and cut.start < over <= cut.place[0] else cut.start


def remains(own: Obligation, passed: Sequence[Mark], cut: Cut) -> bool:
    """Whether a promise, as it is stated, is not wholly transferred before a cut."""
    if own.pattern == "ratable":
        assert own.service_to is not None, own
        return own.service_to > max(cut.start, cut.place[0])
    return not (own.is_priced_by_itself or (passed and passed[-1].is_all))


def tell(promise: Promise, part: Telling) -> None:
    """What a change says of a promise, and nothing said of it before."""
    promise.told, promise.changed = both(promise.told, part), Once((promise.changed, part))


def shared_by(promises: Sequence[Promise]) -> Step:
    """Whose the parts of an amount are."""
    return Step(what="shared by", value=", ".join(promise.name for promise in promises))


def marks_before(own: Obligation, cut: Cut, deal: Deal) -> Sequence[Mark]:
    """What said before a cut how far it is transferred."""
    if own.pattern == "ratable":
        return ()
    found = deal.marks(own)
    return found[: count_before(found, cut.place)]


def starting(own: Obligation, day: date) -> Obligation:
    """What is left of a promise that is earned evenly."""
    return structs.replace(own, service_from=max(day, own.service_from or day))
