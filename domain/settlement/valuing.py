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
from typing import assert_never

from msgspec import Struct, field, structs

from domain.accounting.curves import At, Curve, Steps, first_day, last_day, standing, total
from domain.accounting.documents import AGAINST, BilledLine
from domain.accounting.exchange import Market, Quote, told_at
from domain.accounting.schedule import Flow
from domain.accounting.worths import quote_of, worths_of
from domain.balance_facts import BalanceGranted
from domain.facts import Fact, causes_of
from domain.money import decimal_text
from domain.payment_facts import PaymentReceived, PaymentRefunded
from domain.settlement.cash_flows import Cash
from domain.settlement.holders import Claim, Money
from domain.settlement.places import (
    ADVANCED,
    Move,
    Place,
    Places,
    Taken,
    change,
    give_back,
    revalue,
    story,
)
from domain.settlement.prepaid import PREPAID
from domain.settlement.walk import Moved

RECEIVABLE, DISPUTED, CREDIT = "accounts-receivable", "disputed-cash", "customer-credit"
# What invoices carried in credit for a customer and used of it stands together, as one debt.
CARRIED = ""


class _Walk(Struct, kw_only=True):
    """The state of an account, day by day."""

    market: Market
    places: Places
    taken: dict[tuple[int, str], Taken] = field(default_factory=dict)
    owed: dict[str, Quote] = field(default_factory=dict)
    had: dict[str, Quote] = field(default_factory=dict)
    told: dict[int, Flow] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    goes_on: bool = False


def settled_in_functional(
    rows: Iterable[BilledLine], cash: Sequence[Cash], moved: Sequence[Moved], market: Market
) -> tuple[tuple[Flow, ...], date | None]:
    """The flows of an account with what they are worth, and how far that is known; none: for good.

    Rows are the lines that the account owes.
    """
    walk = _Walk(market=market, places=Places(market=market))
    acts = [*_owed(walk, rows), *_paid(walk, cash), *_moved(walk, moved)]
    acts.sort(key=lambda act: act[:2])
    begin = acts[0][0] if acts else market.through
    for day, last in market.days(begin):
        while acts and acts[0][0] <= last:
            acts.pop(0)[2]()
        if day == last and market.revalues(day):
            revalue(walk.places, day)
    is_known = (
        not acts and not walk.goes_on and not any(place.minor for place in walk.places.monetary)
    )
    for _, _, act in acts:
        act()
    flows = [walk.told[id(flow)] for _, _, flow in cash]
    flows += [walk.told[id(one.flow)] for one in moved]
    return (*flows, *walk.places.differences), None if is_known else market.through


# --- what happens, in order: a day, its place on the day, and what it does ---

Act = tuple[date, int, Callable[[], None]]
_WAITED, _COMES, _BACK, _GOES, _APPLIED = range(5)


def _owed(walk: _Walk, rows: Iterable[BilledLine]) -> Iterator[Act]:
    for row in rows:
        quote = walk.owed[row.invoice] = quote_of(row, walk.market)
        own: tuple[int, ...] = (row.cause,)
        parts = [(row.issued_on, row.line.amount_minor, f"line {row.line.line}", own)]
        parts += [(cut.day, -cut.minor, cut.name, causes_of(own, cut.causes)) for cut in row.cuts]
        if row.receivable_on is not None:
            yield row.issued_on, _COMES, partial(_wait, walk, row)
        if row.bound_on == date.max:
            continue
        for (day, minor, what, causes), worth in zip(parts, worths_of(row, quote), strict=True):
            # Before it is receivable there is no claim in money that could be told anew.
            since = max(day, row.receivable_on or day)
            event = Move(since, what, minor, worth, None, quote, is_timed=since > day)
            walk.parts[f"{row.subject}:{what}"] = worth
            yield since, _COMES, partial(_owe, walk, row, event, causes)


def _wait(walk: _Walk, row: BilledLine) -> None:
    """What is not receivable yet is no part of what goes out: that rests on why it waits."""
    what = f"line {row.line.line} waits for {row.receivable_on}"
    place = walk.places.at(RECEIVABLE, row.invoice)
    place.note(Move(row.issued_on, what, 0, 0), causes_of((row.cause,), row.right, row.bound_by))


def _owe(walk: _Walk, row: BilledLine, event: Move, causes: tuple[int, ...]) -> None:
    """A line is owed; one that carries credit is owed to the customer as well, or uses of that."""
    told = event.quote.causes if event.quote else ()
    change(walk.places, walk.places.at(RECEIVABLE, row.invoice), event, causes, told)
    if AGAINST.get(row.line.kind) == CREDIT:
        other = event._replace(minor=-event.minor, worth=-event.worth)
        change(walk.places, walk.places.at(CREDIT, CARRIED), other, causes, told)


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
    """What is taken back as if it had not come has the cost it came with; money that is lost takes
    along what it was worth when it was taken; all else has the rate of its day.
    """
    day, minor, legs = first_day(flow.curve), total(flow.curve), dict(flow.legs)
    quote = _quote(walk, money, fact, flow)
    accounts = [account for account in (DISPUTED, money.account) if account in legs]
    places = [walk.places.at(account, money.name) for account in accounts]
    worth = quote.worth(minor)
    if flow.kind in {"failure", "grant"} or len(places) > 1:
        goes = -legs[places[0].account] * minor
        if places[0].has(goes):
            worth = -legs[places[0].account] * places[0].share(goes)
    for place in places:
        sign = legs[place.account]
        move = Move(day, flow.kind, sign * minor, sign * worth, flow, quote)
        change(walk.places, place, move, quote.causes)
    told = places[0] if places else walk.places.at(money.account, money.name)
    _tell(walk, flow, At(day, worth), told, quote)


def _quote(walk: _Walk, money: Money, fact: Fact, flow: Flow) -> Quote:
    """On the day of the payment its own; what comes or goes later has the rate of its own day."""
    event, day = fact.event, first_day(flow.curve)
    if isinstance(event, PaymentRefunded):
        return walk.market.of(day, event.rate, fact.position)
    is_later = flow.kind in {"refund", "fee", "chargeback"} and day != money.day
    return walk.market.on(day) if is_later else walk.had[money.name]


def _moved(walk: _Walk, moved: Sequence[Moved]) -> Iterator[Act]:
    """What of some money gives way on a day does so before money goes back; what comes of it, and
    what gives way after that, comes after. What other money does orders nothing of it (law 8).
    """
    ahead: set[tuple[date, int]] = set()
    for one in moved:
        day, is_less = first_day(one.flow.curve), total(one.flow.curve) < 0
        if one.flow.rule == PREPAID:
            # What waits no more is a claim again before anything else happens to that.
            yield day, _WAITED if is_less else _APPLIED, partial(_prepay, walk, one)
        elif one.money is None:
            yield day, _APPLIED, partial(_take, walk, one)
        elif is_less and (day, id(one.money)) not in ahead:
            yield day, _BACK, partial(_move, walk, one, one.money)
        else:
            ahead.add((day, id(one.money)))
            yield day, _APPLIED, partial(_move, walk, one, one.money)


def _prepay(walk: _Walk, one: Moved) -> None:
    """What is paid of what is not receivable stands as a debt at what the payment cost, not as less
    of a claim that there is not; and goes back at that cost.
    """
    day, minor, (_, other) = first_day(one.flow.curve), total(one.flow.curve), one.flow.legs
    claim, name = _target(walk, one), one.flow.document
    places = (claim, walk.places.at(other[0], name))
    first, second = places if minor > 0 else places[::-1]
    part, flow = abs(minor), one.flow
    worth = -first.share(-part) if first.has(-part) else walk.owed[name].worth(part)
    change(walk.places, first, Move(day, flow.kind, part, worth, flow, is_timed=True))
    flow = _tell(walk, flow, At(day, worth if minor > 0 else -worth), first)
    change(walk.places, second, Move(day, flow.kind, -part, -worth, flow, is_timed=True))


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
    # In a period that is not over its last day tells it.
    walk.goes_on |= last_day(curve) > walk.market.calendar.over_by(walk.market.through)
    _tell(walk, one.flow, Steps(marks), place, quote)


def _move(walk: _Walk, one: Moved, money: Money) -> None:
    """Out of the money's place into the target's, at what it had cost there; what comes back
    brings what it took.
    """
    day, minor = first_day(one.flow.curve), total(one.flow.curve)
    source = _source(walk, money)
    target, is_claim = _target(walk, one), isinstance(one.target, Claim)
    taken = walk.taken.setdefault((one.place, one.flow.subject), Taken())
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
        event = Move(day, one.flow.kind, sign * minor, sign * worth, flow)
        if is_back and (side == 0 or is_claim):
            give_back(walk.places, place, event, costs[side])
        else:
            gone[side] = change(walk.places, place, event)
        if place is told:
            flow = _tell(walk, one.flow, At(day, worth), place)
    if not is_back:
        taken.take(minor, worth, gone)


def _source(walk: _Walk, money: Money) -> Place | None:
    """None for what is deducted or given up: it stands in no place of the customer's."""
    return walk.places.at(money.account, money.name) if money.settles == "application" else None


def _target(walk: _Walk, one: Moved) -> Place:
    match one.target:
        case Claim():
            return walk.places.at(RECEIVABLE, one.target.name)
        case Money():
            return walk.places.at(one.target.account, one.target.name)
        case None:
            return walk.places.at(ADVANCED, one.flow.subject)
        case _:
            assert_never(one.target)


def _cost(walk: _Walk, money: Money, minor: int, source: Place | None, target: Place) -> int:
    """What goes out of its place costs its share of it; with no money, what the invoice costs."""
    if source is not None and source.has(-minor):
        return -source.share(-minor)
    if source is None and target.has(minor):
        return target.share(minor)
    quote = walk.had.get(money.name) if source else walk.owed.get(target.name)
    return quote.worth(minor) if quote else 0


def _tell(walk: _Walk, flow: Flow, curve: Curve, place: Place, quote: Quote | None = None) -> Flow:
    """The flow with what it is worth; it rests on all that came to its place before."""
    causes = causes_of(place.causes, quote.causes if quote else ())
    told = partial(story, place, len(place.events), walk.market, quote)
    walk.told[id(flow)] = told_at(flow, curve, causes, told)
    return walk.told[id(flow)]
