"""What an account's amounts are in functional currency, and what is gained or lost on the way.

Every document and every payment stands at what it was worth on its day. What goes out of it takes
its cost along in proportion, its last part whole; what comes back brings what it took. A payment
settles at its own rate, so what the invoice had cost less or more is realised then. What is still
open is a claim or a debt in money, so it is told anew at the end of each period; that is not
realised, and goes away with what is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import NamedTuple, assert_never

from msgspec import Struct, field, structs

from domain.accounting.curves import At, Curve, Steps, first_day, last_day, standing, total
from domain.accounting.documents import BilledLine
from domain.accounting.exchange import Market, Quote, difference, told_at
from domain.accounting.schedule import Flow
from domain.accounting.worths import quote_of, worths_of
from domain.balance_facts import BalanceGranted
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.money import decimal_text, rounded
from domain.payment_facts import PaymentReceived, PaymentRefunded
from domain.settlement.cash_flows import Cash
from domain.settlement.holders import Claim, Money
from domain.settlement.walk import Moved

RECEIVABLE, ADVANCED = "accounts-receivable", "contract-liability"


class _Event(NamedTuple):
    """What moved in a place, and the flow that says why, if one does."""

    day: date
    what: str
    minor: int
    worth: int
    flow: Flow | None = None
    quote: Quote | None = None


class _Place(Struct):
    """Where an amount stands: an invoice's receivable, a payment's liability; debits positive.

    `over` is what it is worth beyond its cost since the last end of a period.
    """

    account: str
    name: str
    minor: int = 0
    cost: int = 0
    over: int = 0
    causes: tuple[int, ...] = ()
    events: list[_Event] = field(default_factory=list)

    def share(self, minor: int) -> int:
        """What an amount of what stands costs; the last part takes what is left."""
        return _share(self.cost, minor, self.minor)

    def has(self, minor: int) -> bool:
        """Whether so much stands."""
        return self.minor * minor > 0 and abs(minor) <= abs(self.minor)

    def note(self, event: _Event, *causes: tuple[int, ...]) -> None:
        self.events.append(event)
        own = event.flow.causes if event.flow else ()
        self.causes = causes_of(self.causes, own, *causes)


class _Taken(Struct):
    """What a match took along: an amount, what it was worth, what it had cost on either side."""

    minor: int = 0
    worth: int = 0
    source: int = 0
    target: int = 0

    def take(self, minor: int, worth: int, costs: Sequence[int]) -> None:
        self.minor += minor
        self.worth += worth
        self.source += costs[0]
        self.target += costs[1]

    def give(self, minor: int) -> tuple[int, tuple[int, int]]:
        """What an amount that comes back had taken; it is negative, as the amount then is."""
        part = min(minor, self.minor)
        worth, source, target = (
            _share(whole, part, self.minor) for whole in (self.worth, self.source, self.target)
        )
        self.take(-part, -worth, (-source, -target))
        return -worth, (source, target)


class _Walk(Struct, kw_only=True):
    """The state of an account, day by day."""

    market: Market
    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    taken: dict[tuple[int, str], _Taken] = field(default_factory=dict)
    owed: dict[str, Quote] = field(default_factory=dict)
    had: dict[str, Quote] = field(default_factory=dict)
    told: dict[int, Flow] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    goes_on: bool = False
    differences: list[Flow] = field(default_factory=list)

    def place(self, account: str, name: str) -> _Place:
        if (account, name) not in self.places:
            self.places[account, name] = _Place(account, name)
        return self.places[account, name]


def _share(worth: int, part: int, whole: int) -> int:
    return worth if part == whole else rounded(Fraction(worth * part, whole))


def settled_in_functional(
    rows: Iterable[BilledLine], cash: Sequence[Cash], moved: Sequence[Moved], market: Market
) -> tuple[tuple[Flow, ...], date | None]:
    """The flows of an account with what they are worth, and how far that is known; none: for good.

    Rows are the lines that the account owes.
    """
    walk = _Walk(market=market)
    acts = [*_owed(walk, rows), *_paid(walk, cash), *_moved(walk, moved)]
    acts.sort(key=lambda act: act[:2])
    begin = acts[0][0] if acts else market.through
    for day, last in market.days(begin):
        while acts and acts[0][0] <= last:
            acts.pop(0)[2]()
        if day == last and market.revalues(day):
            _revalue(walk, day)
    is_known = not acts and not walk.goes_on and not any(place.minor for place in _monetary(walk))
    for _, _, act in acts:
        act()
    flows = [walk.told[id(flow)] for _, _, flow in cash]
    flows += [walk.told[id(one.flow)] for one in moved]
    return (*flows, *walk.differences), None if is_known else market.through


def _monetary(walk: _Walk) -> list[_Place]:
    """An advance on a contract is no debt of money (IAS 21.16)."""
    return [place for place in walk.places.values() if place.account != ADVANCED]


# --- what happens, in order: a day, its place on the day, and what it does ---

Act = tuple[date, int, Callable[[], None]]
_COMES, _BACK, _GOES, _APPLIED = range(4)


def _owed(walk: _Walk, rows: Iterable[BilledLine]) -> Iterator[Act]:
    for row in rows:
        quote = walk.owed[row.invoice] = quote_of(row, walk.market)
        own: tuple[int, ...] = (row.cause,)
        parts = [(row.issued_on, row.line.amount_minor, f"line {row.line.line}", own)]
        parts += [(cut.day, -cut.minor, cut.name, causes_of(own, cut.causes)) for cut in row.cuts]
        for (day, minor, what, causes), worth in zip(parts, worths_of(row, quote), strict=True):
            event = _Event(day, what, minor, worth, None, quote)
            walk.parts[f"{row.subject}:{what}"] = worth
            place = walk.place(RECEIVABLE, row.invoice)
            # Before it is receivable there is no claim in money that could be told anew.
            yield (
                max(day, row.receivable_on or day),
                _COMES,
                partial(_owe, walk, place, event, causes),
            )


def _owe(walk: _Walk, place: _Place, event: _Event, causes: tuple[int, ...]) -> None:
    _change(walk, place, event, causes, event.quote.causes if event.quote else ())


def _paid(walk: _Walk, cash: Sequence[Cash]) -> Iterator[Act]:
    for money, fact, flow in cash:
        if isinstance(fact.event, PaymentReceived | BalanceGranted):
            walk.had[money.name] = _had(walk.market, fact)
        comes = flow.kind == "fee" or isinstance(fact.event, PaymentReceived | BalanceGranted)
        rank = _COMES if comes else _GOES
        yield first_day(flow.curve), rank, partial(_pay, walk, money, fact, flow)


def _had(market: Market, fact: Fact) -> Quote:
    """What came in another currency is worth what that is worth, to the cent."""
    event, day = fact.event, fact.when.effective
    if not isinstance(event, PaymentReceived) or event.paid is None:
        stated = event.rate if isinstance(event, PaymentReceived) else None
        return market.of(day, stated, fact.position)
    paid, worth = event.paid, event.paid.amount_minor
    causes: tuple[int, ...] = (fact.position,)
    told = f"{decimal_text(worth, paid.currency)} {paid.currency} came in for it"
    if paid.currency != market.into:
        quote = structs.replace(market, currency=paid.currency).on(day)
        worth = quote.worth(worth)
        told, causes = f"{told}, {quote.told}", causes_of(causes, quote.causes)
    return Quote(Fraction(worth, event.amount_minor), told, causes)


def _pay(walk: _Walk, money: Money, fact: Fact, flow: Flow) -> None:
    """At the rate of the payment; what is given back, at that of its own day."""
    day, minor, quote = first_day(flow.curve), total(flow.curve), walk.had[money.name]
    place, sign = walk.place(money.account, money.name), dict(flow.legs).get(money.account, 0)
    if flow.kind == "refund":
        stated = fact.event.rate if isinstance(fact.event, PaymentRefunded) else None
        quote = walk.market.of(day, stated, fact.position)
    worth = quote.worth(minor)
    if flow.kind in {"failure", "grant"} and place.has(-sign * minor):
        worth = place.share(-sign * minor)
    if sign:
        event = _Event(day, flow.kind, sign * minor, sign * worth, flow, quote)
        _change(walk, place, event, quote.causes)
    _tell(walk, flow, At(day, worth), place, quote)


def _moved(walk: _Walk, moved: Sequence[Moved]) -> Iterator[Act]:
    """What gives way on a day does so before money goes back; the rest comes after."""
    ahead: date | None = None
    for one in moved:
        day = first_day(one.flow.curve)
        if total(one.flow.curve) >= 0:
            ahead = day
        if one.money is None:
            yield day, _APPLIED, partial(_take, walk, one)
        else:
            yield day, _APPLIED if ahead == day else _BACK, partial(_move, walk, one, one.money)


def _take(walk: _Walk, one: Moved) -> None:
    """What giving back takes of lines is worth what the lines are."""
    assert isinstance(one.target, Claim), one
    quote, place, curve = walk.owed[one.target.name], _target(walk, one), one.flow.curve
    if isinstance(curve, At):
        worth = walk.parts.get(one.flow.subject, quote.worth(curve.minor))
        _tell(walk, one.flow, At(curve.day, worth), place, quote)
        return
    days = [day for day, _ in walk.market.days(first_day(curve))]
    marks = tuple((day, quote.worth(standing(curve, day))) for day in days)
    walk.goes_on |= last_day(curve) > walk.market.through
    _tell(walk, one.flow, Steps(marks), place, quote)


def _move(walk: _Walk, one: Moved, money: Money) -> None:
    """Out of the money's place into the target's, at what it had cost there; what comes back
    brings what it took.
    """
    day, minor = first_day(one.flow.curve), total(one.flow.curve)
    source = _source(walk, money)
    target, is_claim = _target(walk, one), isinstance(one.target, Claim)
    taken = walk.taken.setdefault((one.place, one.flow.subject), _Taken())
    is_back = minor < 0 < taken.minor
    if is_back:
        worth, costs = taken.give(-minor)
    else:
        worth, costs = _cost(walk, money, minor, source, target), (0, 0)
    gone = [0, 0]
    told, flow = source or target, one.flow
    for side, (place, sign) in enumerate(((source, 1), (target, -1))):
        if place is None:
            continue
        event = _Event(day, one.flow.kind, sign * minor, sign * worth, flow)
        if is_back and (side == 0 or is_claim):
            _give_back(walk, place, event, costs[side])
        else:
            gone[side] = _change(walk, place, event)
        if place is told:
            flow = _tell(walk, one.flow, At(day, worth), place)
    if not is_back:
        taken.take(minor, worth, gone)


def _source(walk: _Walk, money: Money) -> _Place | None:
    """None for what is deducted or given up: it stands in no place of the customer's."""
    return walk.place(money.account, money.name) if money.settles == "application" else None


def _target(walk: _Walk, one: Moved) -> _Place:
    match one.target:
        case Claim():
            return walk.place(RECEIVABLE, one.target.name)
        case Money():
            return walk.place(one.target.account, one.target.name)
        case None:
            return walk.place(ADVANCED, one.flow.subject)
        case _:
            assert_never(one.target)


def _cost(walk: _Walk, money: Money, minor: int, source: _Place | None, target: _Place) -> int:
    """What goes out of its place costs its share of it; with no money, what the invoice costs."""
    if source is not None and source.has(-minor):
        return -source.share(-minor)
    if source is None and target.has(minor):
        return target.share(minor)
    quote = walk.had.get(money.name) if source else walk.owed.get(target.name)
    return quote.worth(minor) if quote else 0


# --- what it does ---


def _change(walk: _Walk, place: _Place, event: _Event, *causes: tuple[int, ...]) -> int:
    """What goes out leaves at its cost, which is returned: what it is worth more is realised."""
    place.note(event, *causes)
    minor, worth, gone = event.minor, event.worth, 0
    if place.minor * minor < 0:
        part = minor if abs(minor) <= abs(place.minor) else -place.minor
        own = _share(worth, part, minor)
        gone, over = place.share(-part), _share(place.over, -part, place.minor)
        place.minor, place.cost, place.over = (
            place.minor + part,
            place.cost - gone,
            place.over - over,
        )
        _realise(walk, place, event.day, -own - gone, over)
        minor, worth = minor - part, worth - own
    place.minor += minor
    place.cost += worth
    return gone


def _give_back(walk: _Walk, place: _Place, event: _Event, cost: int) -> None:
    """What comes back costs what it had cost before; what was realised on it is taken back. What it
    meets there of the other sign closes at its own cost, so that no cent stays.
    """
    place.note(event)
    if place.minor * event.minor < 0:
        met = event.minor if abs(event.minor) <= abs(place.minor) else -place.minor
        cost = _share(cost, event.minor - met, event.minor) - place.share(-met)
    place.minor += event.minor
    place.cost += cost
    _realise(walk, place, event.day, cost - event.worth, 0)


def _realise(walk: _Walk, place: _Place, day: date, gained: int, over: int) -> None:
    """What is settled is realised, and what it had been told at before goes away with it."""
    for worth, is_realised in ((gained, True), (-over, False)):
        if worth:
            _differ(walk, place, day, worth, on=day, is_realised=is_realised)


def _revalue(walk: _Walk, day: date) -> None:
    """What is open at the end of a period is told by the rate of its last day (IAS 21.23)."""
    for place in _monetary(walk):
        if place.minor:
            quote = walk.market.on(day)
            over = quote.worth(place.minor) - place.cost
            event = _Event(day, "open", 0, over - place.over, None, quote)
            place.note(event, quote.causes)
            if over != place.over:
                _differ(walk, place, day, over - place.over, on=None, is_realised=False)
            place.over = over


def _differ(
    walk: _Walk, place: _Place, day: date, worth: int, *, on: date | None, is_realised: bool
) -> None:
    walk.differences.append(
        difference(
            place.account,
            place.name,
            day,
            worth,
            place.causes,
            partial(_story, place, len(place.events), walk.market),
            document=place.name,
            on=on,
            is_realised=is_realised,
        )
    )


def _tell(walk: _Walk, flow: Flow, curve: Curve, place: _Place, quote: Quote | None = None) -> Flow:
    """The flow with what it is worth; it rests on all that came to its place before."""
    causes = causes_of(place.causes, quote.causes if quote else ())
    story = partial(_story, place, len(place.events), walk.market, quote)
    told = walk.told[id(flow)] = told_at(flow, curve, causes, story)
    return told


def _story(place: _Place, upto: int, market: Market, quote: Quote | None = None) -> Iterator[Step]:
    if quote is not None:
        yield Step(what="rate", value=quote.told)
    for event in place.events[:upto]:
        minor = decimal_text(event.minor, market.currency)
        worth = decimal_text(event.worth, market.into)
        by = f", {event.quote.told}" if event.quote else ""
        yield Step(
            what=f"{place.account} {place.name}: {event.what} on {event.day}",
            value=f"{minor} {market.currency}, {worth} {market.into}{by}",
        )
        if event.flow is not None:
            yield from event.flow.steps
