"""The price of a subscription, shared by its items by what each would sell for alone.

What a term costs (recurring charges, one-off charges, fees paid upfront, less what is taken off)
is shared over all that is sold in it by relative stand-alone selling prices as of its inception
(rule 25, ASC 606-10-32-28 to 32-31, IFRS 15.74 to 80). Usage varies with its own period and stays
there (606-10-32-40, IFRS 15.85). A change keeps what was earned before it is measured: what is
added at what it sells for alone is apart (rule 7), else what is not earned yet is shared anew over
what remains, by what that sells for at the change (rule 8). A fee paid upfront that nothing bears
is an advance for what is sold later in its term (rule 36): it waits for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from msgspec import Struct, structs

from domain.accounting.access import Access
from domain.accounting.contract.allocation import by_weight
from domain.accounting.curves import At, Progress, evenly, first_day, measured_from, standing
from domain.accounting.fees import Waiting, is_of_its_term, waiting
from domain.accounting.revenue import at_once, over_time
from domain.accounting.schedule import Flow, frozen, totals
from domain.calendar import ONE_DAY
from domain.charge import Charge
from domain.cycle import Span
from domain.errors import Rejected
from domain.explain import Step, Telling
from domain.facts import Fact, in_effective_order
from domain.money import decimal_text, split, to_minor
from domain.policy import Options
from domain.price import Prices, PriceVersion, version_of
from domain.subscription import SubscriptionStarted
from domain.terms import Terms, terms


class Turn(NamedTuple):
    """What is known of a deal once one more change is measured on a day."""

    day: date
    prices: Prices
    charges: tuple[Charge, ...]
    terms: Terms


# What the deal alone says is charged.
Charged = Callable[[Terms, Prices], tuple[Charge, ...]]


class Sharer(Struct, frozen=True, kw_only=True):
    """How a book shares; `runs_on`: what is kept after a cancellation is earned on its old days."""

    by: Progress
    options: Options
    currency: str
    runs_on: bool
    access: Access

    def text(self, minor: int) -> str:
        return decimal_text(minor, self.currency)


class _Part(NamedTuple):
    """A charge that shares, and what is left of it would sell for alone."""

    charge: Charge
    start: date
    weight: int

    @property
    def is_at_once(self) -> bool:
        return self.charge.pattern == "point-in-time" and not self.charge.unserved


def states_ssp(folded: Terms, prices: Prices) -> bool:
    """Whether anything sold over a term says what it sells for alone."""
    if folded.started.term_to is None:
        return False
    for price in _named(folded):
        for version in prices.get(price, ()):
            if version.price.ssp is not None:
                return True
    return False


def _named(folded: Terms) -> set[str]:
    """Every price the deal ever named: what is undone late was sold until then."""
    found = {item.price for item in folded.started.items}
    for act in folded.acts:
        found.update(price for price in act.prices.values() if price is not None)
    return found


def turns(own: Sequence[Fact], folded: Terms, prices: Prices, charged: Charged) -> list[Turn]:
    """The deal at its inception, then change after change in the order accounting measures them: of
    what is sold, and of the prices it is sold at.
    """
    begin, until = folded.started.term_from, folded.periods.terms[-1][1]
    start = [fact for fact in own if isinstance(fact.event, SubscriptionStarted)]
    changes = [fact for fact in own if fact not in start]
    changes.sort(key=lambda fact: (fact.when.measured, in_effective_order(fact)))
    sold = _named(folded)
    since = (one.since for price in sold for one in prices.get(price, ())[1:])
    days = {begin, *(day for day in since if day > begin)}
    days |= {max(fact.when.measured, begin) for fact in changes}
    found = []
    for day in sorted(days):
        then = {name: _by(rows, day) for name, rows in prices.items() if name in sold}
        for known in _known(start, changes, day, begin):
            one = terms(sorted(known, key=in_effective_order), then, until)
            assert one is not None
            own_charges = tuple(row for row in charged(one, then) if is_in_the_price(row, then))
            found.append(Turn(day, then, own_charges, one))
    return found


def _known(
    start: Sequence[Fact], changes: Sequence[Fact], day: date, begin: date
) -> Iterator[Sequence[Fact]]:
    """What is known by a day: as it began, at new prices, then with each change of that day."""
    before = [fact for fact in changes if max(fact.when.measured, begin) < day]
    same = [fact for fact in changes if max(fact.when.measured, begin) == day]
    for count in range(len(same) + 1):
        yield [*start, *before, *same[:count]]


def _by(versions: Sequence[PriceVersion], day: date) -> tuple[PriceVersion, ...]:
    """The versions in force by a day; the first counts from the start."""
    return tuple(one for place, one in enumerate(versions) if not place or one.since <= day)


def is_in_the_price(charge: Charge, prices: Prices) -> bool:
    """A fee that is of use beyond the term is earned beyond it, by itself."""
    return charge.benefits_to is None or is_of_its_term(charge, prices)


def shared(found: Sequence[Turn], spans: Sequence[Span], sharer: Sharer) -> Iterator[Flow]:
    """Flows of every item; each span is a contract with a price of its own."""
    for span in spans:
        yield from _of_span(found, span, sharer)


def _of_span(found: Sequence[Turn], span: Span, sharer: Sharer) -> tuple[Flow, ...]:
    begin, end = span
    # What is changed on the first day of the deal was agreed with it.
    inception = max(begin, found[0].day)
    flows: tuple[Flow, ...] = ()
    before: Turn | None = None
    for turn in found:
        own = tuple(one for one in turn.charges if begin <= one.start < end)
        moved = turn._replace(day=max(turn.day, begin), charges=own)
        fees = _unborne(before, moved.day, sharer) if before is not None else []
        if before is not None and not fees and _alike(own) == _alike(before.charges):
            continue
        # Until when access is good for anything is what was known of the sale by then.
        access = sharer.access.known(turn.terms, turn.prices)
        by_then = structs.replace(sharer, access=access)
        if before is None or turn.day <= inception:
            flows = _spread((), moved, by_then, date.min)
        elif any(fee.begin is None for fee in fees):
            # What is added is what the fee was paid for, and never apart from it.
            flows = _changed(flows, moved, by_then)
        else:
            apart = _apart(flows, before.charges, moved, by_then)
            flows = apart or _changed(flows, moved, by_then)
        before = moved
    return flows


def _unborne(turn: Turn, day: date, sharer: Sharer) -> list[Waiting]:
    """The fees that go on while nothing is left that shares the price, as known until a day."""
    fees = _fees(turn, sharer)
    parts = _parts(turn._replace(day=day), sharer, measured_from(day, sharer.by)) if fees else ()
    return [] if any(parts) else fees


def _fees(turn: Turn, sharer: Sharer) -> list[Waiting]:
    runs_on = sharer.runs_on
    return [*waiting(turn.charges, turn.terms, turn.prices, turn.day, runs_on=runs_on)]


def _alike(charges: Sequence[Charge]) -> list[object]:
    return [(one.item, one.kind, one.discount, one.start, one.end, one.minor) for one in charges]


def _changed(flows: tuple[Flow, ...], turn: Turn, sharer: Sharer) -> tuple[Flow, ...]:
    """Rule 8: what was earned before stays, the rest is shared over what remains."""
    start = measured_from(turn.day, sharer.by)
    return _spread(_kept(flows, turn.day, start), turn, sharer, start)


def _kept(flows: Sequence[Flow], day: date, start: date) -> tuple[Flow, ...]:
    """What was transferred at once before the day, and what was earned over time before `start`."""
    kept: list[Flow] = []
    for flow in flows:
        if not isinstance(flow.curve, At):
            kept += frozen((flow,), start - ONE_DAY, ())
        elif first_day(flow.curve) < day:
            kept.append(flow)
    return tuple(kept)


def _spread(kept: tuple[Flow, ...], turn: Turn, sharer: Sharer, start: date) -> tuple[Flow, ...]:
    price = sum(one.minor for one in turn.charges)
    left = price - totals(kept)
    parts = [*_parts(turn, sharer, start)]

    def rows() -> Iterator[Step]:
        yield Step(what=f"transaction price by {turn.day}", value=sharer.text(price))
        for charge in turn.charges:
            days = f"{charge.item} {charge.start} to {charge.end}"
            yield Step(what=f"charged for {days}", value=sharer.text(charge.minor))
        if start > date.min:
            yield Step(what=f"recognised before {start}", value=sharer.text(price - left))
        for part in parts:
            days = f"{part.charge.item} {part.start} to {part.charge.end}"
            yield Step(what=f"sells alone: {days}", value=sharer.text(part.weight))

    # All that share tell the same: it is written once.
    told = cache(lambda: (*rows(),))
    if not parts:
        if not left or not (turn.charges or kept):
            return kept
        return (*kept, *_squared(left, kept, turn, sharer, start, told))
    made = (
        flow
        for part, share in _by_item_first(left, parts, sharer)
        for flow in _earned(part, share, told, sharer)
    )
    return (*kept, *made)


def _squared(
    left: int, kept: tuple[Flow, ...], turn: Turn, sharer: Sharer, start: date, told: Telling
) -> Iterator[Flow]:
    """What nothing is left to bear is earned at once; but of fees, what is not earned yet waits for
    what is sold until they are over, or goes with what is sold beside at a price of its own.
    """
    fees = _fees(turn, sharer)
    for fee in fees:
        own = max(min(left, fee.minor), 0)
        left -= own
        if own and fee.begin is not None:
            begin = max(fee.begin, start)
            made = over_time(fee.item, begin, fee.over, own, sharer.by, (), told)
            yield from sharer.access.applied((made,))
        elif own:
            over = Step(what=f"{fee.item} waits for what is sold until", value=str(fee.over))
            yield at_once(fee.item, fee.over - ONE_DAY, own, (), lambda over=over: (*told(), over))
    if left:
        waits = {fee.item for fee in fees}
        items = [*(one.item for one in turn.charges), *(flow.obligation for flow in kept)]
        item = next((one for one in items if one not in waits), items[0])
        yield at_once(item, turn.day, left, (), told)


def _by_item_first(
    minor: int, parts: Sequence[_Part], sharer: Sharer
) -> Iterator[tuple[_Part, int]]:
    """Items share by largest remainder; the charges of each take their parts one after another."""
    by_item: dict[str, list[_Part]] = {}
    for part in parts:
        by_item.setdefault(part.charge.item, []).append(part)
    weights = [sum(part.weight for part in own) for own in by_item.values()]
    shares = by_weight(minor, weights, sharer.currency, sharer.options)
    for own, share in zip(by_item.values(), shares, strict=True):
        rates = [part.weight for part in own]
        rows = split(share, rates if any(rates) else [1] * len(own))
        yield from zip(own, rows, strict=True)


def _parts(turn: Turn, sharer: Sharer, start: date) -> Iterator[_Part]:
    """What is still to be transferred, by what it sells for alone on the day."""
    for charge in turn.charges:
        if charge.kind == "discount" or charge.benefits_to is not None:
            continue
        if charge.unserved and not sharer.runs_on:
            continue
        weight = _worth(charge, turn, sharer.currency)
        begin = max(charge.start, start)
        if charge.pattern == "point-in-time" and not charge.unserved:
            if start == date.min or charge.start >= turn.day:
                yield _Part(charge, charge.start, weight)
        elif begin < charge.end:
            curve = evenly(charge.start, charge.end, weight, sharer.by)
            gone = standing(curve, begin - ONE_DAY) if begin > charge.start else 0
            yield _Part(charge, begin, weight - gone)


def _worth(charge: Charge, turn: Turn, currency: str) -> int:
    """What it sells for alone, by the version of its price in force on the day."""
    name = charge.price.rpartition("@")[0]
    version = version_of(name, turn.day, turn.prices)
    ssp = version.price.ssp if version is not None else None
    if ssp is None:
        raise Rejected("ssp-missing", field="items.price", item=charge.item, price=name)
    part = charge.portion
    share = Fraction(1) if part is None else Fraction(part.part, part.total)
    return to_minor(Fraction(ssp) * Fraction(charge.quantity) * share, currency)


def _apart(
    flows: tuple[Flow, ...], before: Sequence[Charge], turn: Turn, sharer: Sharer
) -> tuple[Flow, ...] | None:
    """Rule 7: more of something, at what it sells for alone, leaves all else as it was."""
    was, now = _by_item(before, turn, sharer), _by_item(turn.charges, turn, sharer)
    more = {
        item: (minor - was.get(item, (0, 0))[0], worth - was.get(item, (0, 0))[1])
        for item, (minor, worth) in now.items()
    }
    is_more = was.keys() <= now.keys() and any(worth for _, worth in more.values())
    if not is_more or any(minor != worth or worth < 0 for minor, worth in more.values()):
        return None
    start = measured_from(turn.day, sharer.by)
    made: list[Flow] = []
    for item, (minor, _) in sorted(more.items()):
        parts = [part for part in _parts(turn, sharer, start) if part.charge.item == item]
        if minor and not any(part.weight for part in parts):
            return None
        told = _told_apart(turn.day, minor, sharer)
        if minor:
            for part, share in _by_item_first(minor, parts, sharer):
                made += _earned(part, share, told, sharer)
    return (*flows, *made)


def _told_apart(day: date, minor: int, sharer: Sharer) -> Telling:
    what = f"added on {day} at what it sells for alone"
    return lambda: (Step(what=what, value=sharer.text(minor)),)


def _by_item(charges: Sequence[Charge], turn: Turn, sharer: Sharer) -> dict[str, tuple[int, int]]:
    """What is charged for each item, and what that sells for alone."""
    found: dict[str, tuple[int, int]] = {}
    for one in charges:
        minor, worth = found.get(one.item, (0, 0))
        counts = one.kind != "discount" and one.benefits_to is None and not one.unserved
        worth += _worth(one, turn, sharer.currency) if counts else 0
        found[one.item] = minor + one.minor, worth
    return found


def _earned(part: _Part, minor: int, told: Telling, sharer: Sharer) -> tuple[Flow, ...]:
    charge = part.charge

    def steps() -> tuple[Step, ...]:
        return (*told(), Step(what=f"share of {charge.item}", value=sharer.text(minor)))

    if part.is_at_once:
        return (sharer.access.at_once(at_once(charge.item, part.start, minor, (), steps)),)
    made = over_time(charge.item, part.start, charge.end, minor, sharer.by, (), steps)
    return sharer.access.applied((made,))
