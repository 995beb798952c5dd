"""What a contract's amounts are in functional currency: liabilities at their historical cost.

What is billed lies in layers, each worth the rate of its document. Revenue takes them first in,
first out (IFRIC 22 IE10-19), each in proportion and its last part whole, so that the liability
closes to zero. A liability is not remeasured. What is earned before it is billed is worth the rate
of the period's last day; it is a claim, so it is told anew at the end of each period until it is
billed, and what the bill is worth more or less is exchange (ASC 830-10-45-17, IAS 21.16 and 23).
What is expected to go back is owed in money: it leaves its layers at their cost and is told anew
as well, until it goes back or is earned after all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from msgspec import Struct, field, structs

from domain.accounting.causes import Together, union
from domain.accounting.curves import Steps, first_day, last_day, standing, total
from domain.accounting.exchange import Market, Quote, difference, told_at
from domain.accounting.schedule import Flow, Presented, Schedule
from domain.explain import Step, Telling
from domain.facts import causes_of
from domain.money import decimal_text, rounded
from domain.net_position import (
    ACCOUNTS,
    ASSET,
    LIABILITY,
    REFUND,
    UNBILLED,
    Position,
    counting,
)

# What is said of a claim or a debt that is told anew.
PRESENTED = {UNBILLED: "unbilled", ASSET: "conditional", REFUND: "refund-owed"}


class _Layer(Struct):
    """An amount of one document at what it cost; negative: earned and not billed."""

    minor: int
    worth: int
    document: str


class Layers(Struct):
    """All that was billed and not earned, or earned and not billed: amounts of one sign, in order.

    `taken` is what went to each account at which cost, so that what is taken back of it is worth as
    much.
    """

    rows: list[_Layer] = field(default_factory=list)
    taken: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    minor: int = 0
    worth: int = 0

    def put(self, minor: int, worth: int, document: str = "") -> int:
        """An amount at what it is worth, against what lies there of the other sign, its own
        document's first. What that had cost less or more is returned.
        """
        before, left = self.worth, minor
        for layer in sorted(self.rows, key=lambda row: row.document != document or not document):
            if not left or (layer.minor > 0) == (left > 0):
                break
            part = -layer.minor if abs(layer.minor) <= abs(left) else left
            share = _share(layer.worth, -part, layer.minor)
            layer.minor += part
            layer.worth -= share
            self.worth -= share
            left -= part
        self.rows = [layer for layer in self.rows if layer.minor]
        if left:
            self.rows.append(_Layer(left, _share(worth, left, minor), document))
            self.worth += self.rows[-1].worth
        self.minor += minor
        return before + worth - self.worth

    def covered(self, minor: int) -> int:
        """How much of what is earned was billed before."""
        if (self.minor > 0) != (minor > 0) or not self.minor:
            return 0
        return minor if abs(minor) <= abs(self.minor) else self.minor

    def earn(self, account: str, minor: int, uncovered_worth: int) -> int:
        """What is earned costs what its layers do, and beyond them what the day's rate says."""
        before, part = self.worth, self.covered(minor)
        if part:
            self.put(-part, 0)
        if minor - part:
            self.put(part - minor, -uncovered_worth)
        cost = before - self.worth
        self.taken.setdefault(account, []).append((minor, cost))
        return cost

    def last_earned(self, account: str, minor: int) -> tuple[int, int]:
        """What was earned last, up to an amount, is taken back: how much, and what it had cost."""
        taken = self.taken.get(account, [])
        left, cost = minor, 0
        while left and taken and (taken[-1][0] > 0) == (left > 0):
            own, worth = taken.pop()
            part = own if abs(own) <= abs(left) else left
            share = _share(worth, part, own)
            if part != own:
                taken.append((own - part, worth - share))
            left -= part
            cost += share
        return minor - left, cost


def _share(worth: int, part: int, whole: int) -> int:
    """The last part takes what is left."""
    return worth if part == whole else rounded(Fraction(worth * part, whole))


class _Event(NamedTuple):
    """One line of the story of a pool: what came in or went out, and what that was worth."""

    day: date
    what: str
    minor: int
    worth: int
    quote: Quote | None = None


class _Pool(Struct, kw_only=True):
    """What one obligation, or a contract as a whole, was billed and earned, and what that is worth.

    `own` are its flows as measured, by their place in the schedule, `memos` what else says how it
    is presented, `together` what all of them rest on. `open` is what stands as claim in each
    account, or negative as debt, `over` what that is worth beyond its cost; `owed` what is to go
    back, and its cost. `events` are the story of its layers, `anew` that of what is told anew.
    """

    obligation: str
    market: Market
    own: dict[int, Flow] = field(default_factory=dict)
    layers: Layers = field(default_factory=Layers)
    position: Position
    memos: list[Flow] = field(default_factory=list)
    owed: tuple[int, int] = (0, 0)
    open: dict[str, int] = field(default_factory=dict)
    over: dict[str, int] = field(default_factory=dict)
    marks: dict[int, list[tuple[date, int]]] = field(default_factory=dict)
    presented: dict[str, list[tuple[date, int]]] = field(default_factory=dict)
    together: Together = union
    events: list[_Event] = field(default_factory=list)
    anew: list[_Event] = field(default_factory=list)
    differences: list[tuple[str, str, date, int, date | None]] = field(default_factory=list)

    @property
    def at_cost(self) -> _Ground:
        """All that its layers came from: what one flow is worth rests on all of them."""
        return _ground([*self.own.values()], self.events, self.market, self.together)

    @property
    def as_told(self) -> _Ground:
        """What stands as claim or debt rests on how it is presented, too, and was told before."""
        flows = [*self.own.values(), *self.memos]
        return _ground(flows, [*self.events, *self.anew], self.market, self.together)


class _Ground(NamedTuple):
    """What an amount rests on, and what is told of it."""

    causes: tuple[int, ...]
    told: Telling


def _ground(
    flows: Sequence[Flow], events: Sequence[_Event], market: Market, together: Together
) -> _Ground:
    quotes = (event.quote.causes for event in events if event.quote)
    causes = causes_of(together(flows), *quotes)

    @cache
    def told() -> tuple[Step, ...]:
        return (*_came_from(flows), *(_told(event, market) for event in events))

    return _Ground(causes, told)


def _came_from(flows: Sequence[Flow]) -> Iterator[Step]:
    for flow in flows:
        yield Step(what=f"{flow.kind} {flow.subject}", value=flow.rule)
        yield from flow.steps


def _told(event: _Event, market: Market) -> Step:
    minor, worth = (
        decimal_text(event.minor, market.currency),
        decimal_text(event.worth, market.into),
    )
    by = f", {event.quote.told}" if event.quote else ""
    told = f"{minor} {market.currency} is {worth} {market.into}{by}"
    return Step(what=f"{event.what} on {event.day}", value=told)


def told_in_functional(schedule: Schedule, market: Market, together: Together = union) -> Schedule:
    """The schedule of a contract whose documents are told in functional currency already;
    `together` says what the flows of a pool rest on.
    """
    pools: dict[str, _Pool] = {}
    how = counting(schedule)
    for place, flow in enumerate(schedule.flows):
        if flow.obligation and LIABILITY in dict(flow.legs):
            name = "" if schedule.joint else flow.obligation
            if name not in pools:
                mine = [flow for flow in how.memos if flow.obligation == name or not name]
                pools[name] = _Pool(
                    obligation=name,
                    market=market,
                    position=how.position(),
                    memos=mine,
                    together=together,
                )
            pools[name].own[place] = flow
    flows = list(schedule.flows)
    for pool in pools.values():
        _follow(pool)
        for place, worth in _worth(pool):
            flows[place] = worth
        flows.extend(_differences(pool))
    goes_on = any(_goes_on(pool) for pool in pools.values())
    return structs.replace(
        schedule,
        flows=tuple(flows),
        functional_currency=market.into,
        valued_to=market.through if goes_on else None,
        presented=tuple(
            Presented(one.obligation, account, tuple(one.presented.get(account, ())))
            for one in pools.values()
            for account in PRESENTED
            if account != REFUND or one.presented.get(REFUND)
        ),
    )


def _goes_on(pool: _Pool) -> bool:
    """Whether more is billed or earned later, or in a period that is not over, whose last day
    tells it; or a claim is told anew when the next one ends.
    """
    over = pool.market.calendar.over_by(pool.market.through)
    return any(pool.open.values()) or any(last_day(one.curve) > over for one in pool.own.values())


def _follow(pool: _Pool) -> None:
    """From period end to period end: what was billed in it, then what was earned."""
    bills = [place for place, flow in pool.own.items() if flow.functional is not None]
    bills.sort(key=lambda place: (first_day(pool.own[place].curve), pool.own[place].subject))
    earns = [place for place, flow in pool.own.items() if flow.functional is None]
    earns.sort(key=lambda place: pool.own[place].subject)
    owed = [place for place in earns if pool.own[place].charged]
    curves = {place: pool.own[place].seen_from(pool.market.through) for place in earns}
    stood = dict.fromkeys(earns, 0)
    noted = [0] * len(pool.memos)
    begin = min(first_day(flow.curve) for flow in pool.own.values())
    for day, last in pool.market.days(begin):
        # Documents of a period are posted at once, whatever day of it time has come to.
        while bills and first_day(pool.own[bills[0]].curve) <= last:
            _bill(pool, pool.own[bills.pop(0)])
        for place in earns:
            now = standing(curves[place], last if place in owed else day)
            _go_on(pool, place, now - stood[place], day)
            stood[place] = now
        for place, memo in enumerate(pool.memos):
            pool.position.take(memo, standing(memo.curve, day) - noted[place])
            noted[place] = standing(memo.curve, day)
        _present(pool, day, is_end=day == last)
    for bill in (pool.own[place] for place in bills):
        day = first_day(bill.curve)
        _bill(pool, bill)
        for place in owed:
            now = standing(curves[place], day)
            _go_on(pool, place, now - stood[place], day)
            stood[place] = now
        _present(pool, day, is_end=False, is_document=True)


def _go_on(pool: _Pool, place: int, minor: int, day: date) -> None:
    if minor:
        earns_it = dict(pool.own[place].legs)[LIABILITY] > 0
        (_earn if earns_it else _accrue)(pool, place, minor, day)


def _bill(pool: _Pool, flow: Flow) -> None:
    assert flow.functional is not None, flow
    day, minor, worth = first_day(flow.curve), total(flow.curve), total(flow.functional)
    pool.position.take(flow, minor)
    # What was earned in the books of before is a document, too.
    sign = -dict(flow.legs)[LIABILITY]
    residue = pool.layers.put(sign * minor, sign * worth, flow.document)
    pool.events.append(_Event(day, flow.subject, sign * minor, sign * worth))
    if residue:
        pool.differences.append((LIABILITY, "billed", day, residue, day))


def _earn(pool: _Pool, place: int, minor: int, day: date) -> None:
    layers, market = pool.layers, pool.market
    pool.position.take(pool.own[place], minor)
    account = next(name for name, _ in pool.own[place].legs if name != LIABILITY)
    worth, quote = 0, None
    back, cost = layers.last_earned(account, -minor)
    if back:
        worth -= cost
        if residue := layers.put(back, cost):
            pool.differences.append((LIABILITY, "billed", day, residue, None))
    if left := minor + back:
        uncovered = left - layers.covered(left)
        quote = market.on(min(day, market.through)) if uncovered else None
        worth += layers.earn(account, left, quote.worth(uncovered) if quote else 0)
    if account == REFUND:
        pool.owed = pool.owed[0] - minor, pool.owed[1] - worth
    _mark(pool, place, day, worth)
    pool.events.append(_Event(day, pool.own[place].subject, -minor, -worth, quote))


def _accrue(pool: _Pool, place: int, minor: int, day: date) -> None:
    """What a liability grows by without a document, such as interest, is worth the day's rate."""
    quote = pool.market.on(day)
    worth = quote.worth(minor)
    pool.position.take(pool.own[place], minor)
    if residue := pool.layers.put(minor, worth):
        pool.differences.append((LIABILITY, "billed", day, residue, None))
    _mark(pool, place, day, worth)
    pool.events.append(_Event(day, pool.own[place].subject, minor, worth, quote))


def _mark(pool: _Pool, place: int, day: date, worth: int) -> None:
    marks = pool.marks.setdefault(place, [])
    marks.append((day, worth + (marks[-1][1] if marks else 0)))


def _present(pool: _Pool, day: date, *, is_end: bool, is_document: bool = False) -> None:
    """What is not billed stands as a claim at its cost; at a period's end by that day's rate."""
    presented = pool.position.presented
    now = dict(zip(ACCOUNTS, presented, strict=True))
    net = sum(presented)
    whole = _share(-pool.layers.worth, net, -pool.layers.minor) if net else 0
    back = now[REFUND]
    cost = {
        UNBILLED: _share(whole, now[UNBILLED], net) if net else 0,
        REFUND: _share(-pool.owed[1], back, -pool.owed[0]) if back else 0,
    }
    cost[ASSET] = whole - cost[UNBILLED] - cost[REFUND]
    on = day if is_document else None
    for account in now:
        marks = pool.presented.setdefault(account, [])
        if cost[account] != (marks[-1][1] if marks else 0):
            marks.append((day, cost[account]))
    for account in (UNBILLED, ASSET):
        _tell_anew(pool, account, (max(now[account], 0), cost[account]), day, is_end=is_end, on=on)
    if pool.owed[0] or pool.open.get(REFUND):
        owed = pool.owed[0] + back, pool.owed[1] + cost[REFUND]
        _tell_anew(pool, REFUND, owed, day, is_end=is_end, on=on)


def _tell_anew(
    pool: _Pool, account: str, now: tuple[int, int], day: date, *, is_end: bool, on: date | None
) -> None:
    """What is left of an amount keeps its share of what it was told beyond its cost; at a period's
    end all of it has that day's rate.
    """
    minor, cost = now
    was, before = pool.open.get(account, 0), pool.over.get(account, 0)
    left = minor if abs(minor) < abs(was) else was
    over = _share(before, left, was) if was * minor > 0 else 0
    if minor and is_end and pool.market.revalues(day):
        quote = pool.market.on(day)
        over = quote.worth(minor) - cost
        pool.anew.append(_Event(day, account, minor, quote.worth(minor), quote))
    if over != before:
        pool.differences.append((account, PRESENTED[account], day, over - before, on))
    pool.open[account], pool.over[account] = minor, over


def _worth(pool: _Pool) -> Iterator[tuple[int, Flow]]:
    """What is earned, at its cost; what stands at nothing so far is left as it is."""
    ground = pool.at_cost
    for place, marks in pool.marks.items():
        flow = told_at(pool.own[place], Steps(tuple(marks)), *ground)
        # All of a pool rests on the same, whatever each was measured from by itself.
        yield place, structs.replace(flow, causes=ground.causes)


def _differences(pool: _Pool) -> Iterator[Flow]:
    name = pool.obligation or "contract"
    at_cost, as_told = pool.at_cost, pool.as_told
    for account, what, day, worth, on in pool.differences:
        is_realised = what == "billed"
        ground = at_cost if is_realised else as_told
        subject = f"{name}:{what}"
        yield difference(account, subject, day, worth, *ground, on=on, is_realised=is_realised)
