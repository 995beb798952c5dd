"""What is taken off charges: discounts in their order, then what is above a price's maximum.

Each is a negative charge of the item it reduces, over the same days, with the marks of usage, and
looks only at what was known when its charge began, so what a period stood at on a day never depends
on what came after it (law 10). A charge cut short keeps that part of what is taken off it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct, field, structs

from domain.charge import Charge, Marks, stood
from domain.charges.bounds import Bound, bounds, by_sale
from domain.decimals import plain
from domain.explain import Step
from domain.facts import causes_of
from domain.grants import Grant
from domain.money import decimal_text, rounded, rounded_share, to_minor
from domain.price import Prices, version_of
from domain.stretch import Stretch
from domain.terms import Terms

# What is taken of an amount, given how much room is left.
Take = Callable[[int, int], int]
MAXIMUM = "maximum"
# What is known from the deal alone comes first, so that no usage moves it.
_in_order = attrgetter("usage", "start", "item", "period.start", "price", "group")


class _Rule(NamedTuple):
    """What is taken off, and why; whether room is needed for what is taken or for what stays."""

    name: str
    told: str
    take: Take
    causes: tuple[int, ...]
    room_is_for: str = "taken"


class _Amounts(NamedTuple):
    """Those of a charge, of what is taken off it, or of what is left."""

    minor: int
    running_minor: int
    marks: Marks
    earned: Marks

    def less(self, off: _Amounts) -> _Amounts:
        minor, running_minor = self.minor - off.minor, self.running_minor - off.running_minor
        marks = _difference(self.marks, off.marks)
        return _Amounts(minor, running_minor, marks, _difference(self.earned, off.earned))

    @property
    def is_something(self) -> bool:
        return bool(self.minor or self.running_minor or any(minor for _, minor in self.marks))


class _Left(Struct):
    """A charge, what is left of it, and what was taken off."""

    charge: Charge
    amounts: _Amounts
    causes: tuple[int, ...]
    off: list[Charge] = field(default_factory=list)

    def steps(self, upto: int) -> Iterator[Step]:
        yield from self.charge.steps
        for one in self.off[:upto]:
            yield Step(what=f"less {one.discount}", value=str(one.minor))


class _Room(Struct):
    """How much may be taken or stay over the charges of a period, as known at a day's end."""

    limit: Marks
    uses: list[tuple[Marks, Marks]] = field(default_factory=list)
    seen: list[_Left] = field(default_factory=list)

    def by_day(self, day: date) -> int:
        return self._left(day, [billed for billed, _ in self.uses])

    def by_day_of_entity(self, day: date) -> int:
        return self._left(day, [earned for _, earned in self.uses])

    def days(self) -> set[date]:
        """The days on which it changes."""
        return {day for both in self.uses for marks in both for day, _ in marks} | {
            day for day, _ in self.limit
        }

    def _left(self, day: date, uses: Sequence[Marks]) -> int:
        there_is = stood(self.limit, max(day, self.limit[0][0]))
        return max(there_is - sum(stood(marks, day) for marks in uses), 0)

    def use(self, one: _Left, amounts: _Amounts) -> None:
        """Less room for the charges that come next."""
        self.seen.append(one)
        charge = one.charge
        if amounts.marks:
            self.uses.append((amounts.marks, amounts.earned or amounts.marks))
            return
        known: Marks = ((charge.start, amounts.running_minor),)
        if charge.end < charge.period.end:
            known = (*known, (charge.end, amounts.minor))
        self.uses.append((known, known))


def reduced(charges: Sequence[Charge], terms: Terms, prices: Prices) -> tuple[Charge, ...]:
    """What is taken off these charges. They are all that one discount or maximum may reduce."""
    left = [
        _Left(one, _Amounts(one.minor, one.running_minor, one.marks, one.earned), one.causes)
        for one in sorted(charges, key=_in_order)
    ]
    for grant in terms.grants:
        _grant(grant, left, terms, prices)
    limits = bounds(terms, prices, "maximum")
    own = by_sale(left, lambda one: one.charge) if limits else {}
    for limit in limits:
        _limit(limit, own.get(limit.sale, []), terms.started.currency)
    return tuple(off for one in left for off in one.off)


# --- the rules -----------------------------------------------------------------------------------


def _grant(grant: Grant, left: Sequence[_Left], terms: Terms, prices: Prices) -> None:
    """A percentage is of each charge; an amount is for all charges of one billing period."""
    rooms: dict[tuple[date, date], _Room] = {}
    amount = to_minor(grant.amount or Decimal(0), terms.started.currency)
    rule = _rule_of(grant)
    for one in left:
        period = one.charge.period
        if grant.reduces(one.charge.item) and _is_granted(grant, one.charge, terms, prices):
            fresh = _Room(((period.start, amount),))
            if grant.percent is None:
                fresh = rooms.setdefault((period.start, period.end), fresh)
                _take_off(one, rule, fresh, _billed_apart(one.charge, left, grant))
            else:
                _take_off(one, rule, fresh)


def _billed_apart(charge: Charge, left: Iterable[_Left], grant: Grant) -> Iterator[_Left]:
    """What is billed of other items for other days, or was last: billed for the same days it might
    have had the amount, so that it has not rests on why those are its days.
    """
    start, end = charge.period.start, charge.period.end
    before: dict[str, _Left] = {}
    here = {charge.item}
    for one in left:
        other, period = one.charge, one.charge.period
        if other.item == charge.item or not grant.reduces(other.item) or other.usage > charge.usage:
            continue
        if period.start < end and start < period.end:
            here.add(other.item)
            if (period.start, period.end) != (start, end):
                yield one
        elif period.end <= start and not other.usage:
            last = before.get(other.item)
            if last is None or last.charge.period.end < period.end:
                before[other.item] = one
    yield from (one for item, one in before.items() if item not in here)


def _rule_of(grant: Grant) -> _Rule:
    if grant.percent is not None:
        share = Fraction(grant.percent) / 100
        told = f"{plain(grant.percent)} %"
        return _Rule(grant.discount, told, _share_of(share), (grant.by,))
    assert grant.amount is not None, grant
    told = f"{plain(grant.amount)} for each billing period"
    return _Rule(grant.discount, told, _as_there_is_room, (grant.by,))


def _limit(limit: Bound, left: Sequence[_Left], currency: str) -> None:
    room = _Room(limit.marks)
    told = f"{decimal_text(limit.minor, currency)} at most"
    rule = _Rule(MAXIMUM, told, _above_room, limit.causes, "left")
    for one in left:
        _take_off(one, rule, room)


def _share_of(share: Fraction) -> Take:
    return lambda minor, _: rounded(max(minor, 0) * share)


def _as_there_is_room(minor: int, room: int) -> int:
    return min(room, max(minor, 0))


def _above_room(minor: int, room: int) -> int:
    return max(minor - room, 0)


# --- taking off ----------------------------------------------------------------------------------


def _take_off(one: _Left, rule: _Rule, room: _Room, apart: Iterable[_Left] = ()) -> None:
    """Take something off what is left of one charge, and leave less room for the next.

    Where nothing is taken off, nobody looks at what is billed `apart`.
    """
    before = [*room.seen]
    off = _of_usage(one, rule, room) if one.amounts.marks else _of_deal(one, rule, room)
    one.amounts = one.amounts.less(off)
    room.use(one, off if rule.room_is_for == "taken" else one.amounts)
    if off.is_something:
        # Of what is billed apart only its days matter, not what was taken off it.
        beside = [*apart]
        days = (other.charge.causes for other in beside)
        used = (other.causes for other in before)
        one.causes = causes_of(one.causes, rule.causes, *used, *days)
        before += beside
        one.off.append(_discount(one, rule, off, before))


def _of_deal(one: _Left, rule: _Rule, room: _Room) -> _Amounts:
    """What is cut short has its part of the room there was, if as much is left where it ends."""
    minor, running_minor, *_ = one.amounts
    there_is = room.by_day(one.charge.start)
    running = rule.take(running_minor, there_is)
    if minor == running_minor:
        return _Amounts(running, running, (), ())
    if running_minor > 0:
        there_is = rounded_share(there_is, max(minor, 0), running_minor)
    there_is = min(there_is, room.by_day(one.charge.end))
    return _Amounts(rule.take(minor, there_is), running, (), ())


def _of_usage(one: _Left, rule: _Rule, room: _Room) -> _Amounts:
    marks = _cut(one.amounts.marks, rule, room, room.by_day)
    earned = _cut(one.amounts.earned, rule, room, room.by_day_of_entity)
    return _Amounts(marks[-1][1], marks[-1][1], marks, earned)


def _cut(own: Marks, rule: _Rule, room: _Room, left: Callable[[date], int]) -> Marks:
    """What is taken of usage as it stood at the end of each day on which anything moved."""
    if not own:
        return ()
    days = {day for day, _ in own} | {day for day in room.days() if day > own[0][0]}
    return tuple((day, rule.take(stood(own, day), left(day))) for day in sorted(days))


def _difference(own: Marks, cut: Marks) -> Marks:
    return tuple((day, stood(own, day) - minor) for day, minor in cut) if cut else own


def _negative(marks: Marks) -> Marks:
    return tuple((day, -minor) for day, minor in marks)


def _discount(one: _Left, rule: _Rule, off: _Amounts, before: Sequence[_Left]) -> Charge:
    count = len(one.off)
    return structs.replace(
        one.charge,
        kind="discount",
        discount=rule.name,
        minor=-off.minor,
        running_minor=-off.running_minor,
        marks=_negative(off.marks),
        earned=_negative(off.earned),
        causes=one.causes,
        made=None,
        told=lambda: (
            *one.steps(count),
            *(step for other in before for step in other.steps(count)),
            Step(what=f"discount {rule.name}", value=rule.told),
            Step(what="taken off", value=str(off.minor)),
        ),
    )


# --- for which billing periods a discount is -----------------------------------------------------


def _is_granted(grant: Grant, charge: Charge, terms: Terms, prices: Prices) -> bool:
    """Whether a discount is for the billing period of a charge, as it begins for its item."""
    stretch = next(
        one
        for one in terms.stretches
        if one.item == charge.item
        and one.start < charge.period.end
        and charge.period.start < one.end
    )
    begin = max(charge.period.start, stretch.sold_from)
    if not grant.since <= begin < grant.until:
        return False
    return grant.periods is None or _periods_before(grant, begin, stretch, terms, prices) < (
        grant.periods
    )


def _periods_before(grant: Grant, day: date, stretch: Stretch, terms: Terms, prices: Prices) -> int:
    """How many billing periods of the item had the discount before the one that begins on a day."""
    version = version_of(stretch.price, stretch.start, prices)
    assert version is not None, stretch
    begins = [
        max(period.start, stretch.sold_from)
        for period in terms.billing_periods(stretch, version.price.every)
        if period.end > stretch.sold_from
    ]
    return sum(1 for begin in begins if grant.since <= begin < day)
