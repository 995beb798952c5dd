"""How far a promise is transferred, by the facts that say so: shares of it, day by day (rule 31).

One measure of progress for each promise. Shares are exact; a policy may have them rounded to a
percentage. What a change leaves of a promise is transferred along what is left of the shares.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter, itemgetter

from msgspec import Struct, structs

from domain.accounting.contract.costs import AtCost, costs_of
from domain.contract_facts import (
    BaseReported,
    Obligation,
    ObligationPattern,
    ObligationSatisfied,
)
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.facts import Fact
from domain.money import decimal_of, rounded, rounded_share
from domain.policy import PLACES, Options

# A fact's place among those that change a contract: its date, then its order.
Place = tuple[date, int]
BEFORE_ALL: Place = (date.min, 0)
Placed = tuple[Place, Fact]
# The place of what is served by the end of a day: after all that is said of the day.
END_OF_DAY = 1 << 62
# Cumulative amounts, each from a day on.
Rows = tuple[tuple[date, int], ...]
WHOLE = Fraction(1)
# Shares and quantities are exact; in steps they are shown to so many places.
SHOWN_PLACES = 6


class Mark(Struct, frozen=True):
    """`part` of `whole` of a promise is transferred from a fact on, beside materials at cost;
    `shown` is what it was worked out from, told as `what`; nothing where another mark tells it.
    """

    place: Place
    part: int
    whole: int
    cause: int
    what: str
    shown: tuple[Decimal | Fraction | str, ...]
    at_cost: AtCost | None = None

    @property
    def is_of_time(self) -> bool:
        """Whether time alone says so, by the end of a day, and no fact of that day."""
        return self.place[1] == END_OF_DAY

    @property
    def is_begun(self) -> bool:
        return bool(self.part or (self.at_cost and self.at_cost.done))

    @property
    def is_all(self) -> bool:
        at_cost = self.at_cost
        return self.part >= self.whole and (at_cost is None or at_cost.done >= at_cost.every)

    def of(self, minor: int) -> int:
        """The share of an amount, rounded once."""
        if self.at_cost is not None:
            return self.at_cost.with_share(minor, self.part, self.whole)
        return rounded_share(minor, self.part, self.whole)

    @property
    def told(self) -> Iterator[Step]:
        if self.shown:
            yield Step(what=self.what, value=" of ".join(map(_text, self.shown)))
        if self.at_cost is not None:
            done, every = self.at_cost.done, self.at_cost.every
            yield Step(what="materials at cost, minor units", value=f"{done} of {every}")


def without_materials(found: Sequence[Mark]) -> Sequence[Mark]:
    """How far what goes along a promise beside it goes: materials at cost bear none of it."""
    if all(mark.at_cost is None for mark in found):
        return found
    return [structs.replace(mark, at_cost=None) for mark in found]


def place_of(fact: Fact) -> Place:
    when = fact.event.when
    return when.measured, when.order or 0


def told_of(place: Place) -> str:
    """The day, and which of the facts of that day where they are told in an order."""
    day, order = place
    return f"{day}, in order {order}" if order else str(day)


def in_order(facts: Iterable[Fact]) -> list[Placed]:
    """Facts by their places, each with its own: worked out once, asked for all the way."""
    return sorted([(place_of(fact), fact) for fact in facts], key=itemgetter(0))


def marks(own: Obligation, facts: Sequence[Placed], options: Options) -> tuple[Mark, ...]:
    """The shares of a promise that is not transferred evenly over time, in order; those of rights
    are worked out by themselves.

    `facts` are those about it, and the changes of the contract that state it anew, in order.
    """
    walk = _WALKS.get(own.pattern)
    return tuple(walk(own, facts, options)) if walk else ()


def usable(
    own: Obligation, found: Sequence[Fact]
) -> tuple[Obligation, tuple[tuple[int, Step], ...]]:
    """A promise as it can be used by evidence of access, earned evenly not before; and what says
    so. Evidence in time changes nothing, but that later evidence does not either.
    """
    planned = own.available_from or own.service_from
    if not found or planned is None or own.pattern != "ratable":
        return own, ()
    first = min(found, key=lambda fact: (fact.when.effective, fact.position))
    late = [fact for fact in found if fact.when.effective > planned]
    if first in late:
        own, said = structs.replace(own, available_from=first.when.effective), [first]
    else:
        said = [first, *late] if late else []
    rows = ((fact.position, f"from {fact.when.effective}") for fact in said)
    return own, tuple((position, Step(what="access", value=told)) for position, told in rows)


class Rest(Struct, frozen=True):
    """What is left of a promise after the last mark before it, and the marks from then on."""

    done: Mark | None
    marks: Sequence[Mark]

    @property
    def is_done(self) -> bool:
        return self.done is not None and self.done.is_all

    def by_day(self, minor: int) -> Rows:
        """What an amount for what was left comes to, mark by mark: the last of a day counts."""
        found, done = self.marks, self.done
        if done is None:
            rows = {mark.place[0]: mark.of(minor) for mark in found}
        elif done.is_all:
            rows = {mark.place[0]: minor for mark in found}
        else:
            rows = {mark.place[0]: _of_left(minor, mark, done) for mark in found}
        return tuple(rows.items())

    @property
    def left(self) -> Fraction:
        """The share of the promise that is left."""
        return WHOLE if self.done is None else 1 - Fraction(self.done.part, self.done.whole)

    def of(self, minor: int, mark: Mark) -> int:
        """What one mark comes to, of an amount for what was left."""
        done = self.done
        if done is None:
            return mark.of(minor)
        return minor if done.is_all else _of_left(minor, mark, done)


def _of_left(minor: int, mark: Mark, done: Mark) -> int:
    """Of an amount for what was left after another mark: (share - done) / (1 - done)."""
    if mark.whole == done.whole:
        part, whole = mark.part - done.part, mark.whole - done.part
    else:
        part = mark.part * done.whole - done.part * mark.whole
        whole = mark.whole * (done.whole - done.part)
    if mark.at_cost is None:
        return rounded_share(minor, part, whole)
    # Where only materials are left, so is what they cost less than what is left of the price.
    left = _left_at_cost(mark.at_cost, done.at_cost)
    return left.with_share(minor, part, whole) if whole else left.with_share(minor, 1, 1)


def _left_at_cost(at_cost: AtCost, before: AtCost | None) -> AtCost:
    earned = before.done if before else 0
    # Where all of them cost less than was earned at their cost, the work has that for its part.
    return AtCost(at_cost.done - earned, at_cost.every - earned)


def rest_after(found: Sequence[Mark], place: Place) -> Rest:
    if place == BEFORE_ALL:
        return Rest(None, found)
    at = count_before(found, place)
    done = found[at - 1] if at else None
    if done is not None and done.is_all:
        # Nothing may vanish (law 9): a price for what a change leaves nothing of is earned at once.
        return Rest(done, (structs.replace(done, place=place),))
    return Rest(done, found[at:])


def count_before(found: Sequence[Mark], place: Place) -> int:
    """How many marks there are before a place."""
    return bisect_left(found, place, key=_place)


_place = attrgetter("place")


def transferred(marks: Iterable[tuple[str, Sequence[Mark]]]) -> Iterator[Step]:
    """What says how far promises are transferred, in words, by their names."""
    for name, found in marks:
        for mark in found:
            yield from (Step(what=f"{name}: {one.what}", value=one.value) for one in mark.told)


_Walk = Callable[[Obligation, Sequence[Placed], Options], Iterable[Mark]]


def _at_once(own: Obligation, facts: Sequence[Placed], options: Options) -> Iterable[Mark]:
    """Control passes once: the first fact that says so counts (rule 30)."""
    del own, options
    for place, fact in facts:
        if isinstance(fact.event, ObligationSatisfied):
            yield Mark(place, 1, 1, fact.position, "transferred", (str(fact.when.effective),))
            return


def _by_units(own: Obligation, facts: Sequence[Placed], options: Options) -> Iterable[Mark]:
    """Units transferred of those promised; more than were promised complete it."""
    del options
    promised, found = own.quantity, list[Mark]()
    if not promised:
        return found
    done, all_of_it, add = Decimal(0), promised.as_integer_ratio(), EXACT.add
    for place, fact in facts:
        event = fact.event
        if isinstance(event, ObligationSatisfied):
            done = add(done, event.quantity or promised)
            part, whole = ratio(done, all_of_it) if done < promised else (1, 1)
            shown = (done, promised)
            found.append(Mark(place, part, whole, fact.position, "units transferred", shown))
    return found


def _by_milestones(own: Obligation, facts: Sequence[Placed], options: Options) -> Iterable[Mark]:
    del options
    weights = {one.milestone: one.weight for one in own.milestones}
    all_of_it = sum(weights.values(), Decimal(0)).as_integer_ratio()
    reached = dict[str, Decimal]()
    for place, fact in facts:
        name = getattr(fact.event, "milestone", None)
        if name in weights:
            reached[name] = weights[name]
            part, whole = ratio(sum(reached.values(), Decimal(0)), all_of_it)
            yield Mark(place, part, whole, fact.position, "milestone", (name,))


def _by_measure(own: Obligation, facts: Sequence[Placed], options: Options) -> Iterable[Mark]:
    """Costs incurred of costs expected, or a percentage as it was measured (55-16 to 55-21)."""
    costs = costs_of(own)
    for place, fact in facts:
        if not costs.take(own, fact.event):
            continue
        share = _percent(min(max(costs.share, Fraction(0)), WHOLE), options)
        part, whole = share.numerator, share.denominator
        shown = (share * 100,)
        yield Mark(place, part, whole, fact.position, "percent complete", shown, costs.at_cost)


def _percent(share: Fraction, options: Options) -> Fraction:
    """The share as a percentage of so many places, if the policy has it rounded."""
    if options.progress_percent == "exact":
        return share
    places = 10 ** PLACES[options.progress_percent]
    return Fraction(rounded(share * 100 * places), 100 * places)


def ratio(part: Decimal, whole: tuple[int, int]) -> tuple[int, int]:
    """A share in whole numbers, of a whole in whole numbers; of nothing all is done."""
    whole_of, whole_in = whole
    if not whole_of:
        return 1, 1
    part_of, part_in = part.as_integer_ratio()
    return part_of * whole_in, part_in * whole_of


def _text(exact: Decimal | Fraction | str) -> str:
    """As a decimal; what has no end is cut after so many places."""
    if isinstance(exact, Fraction):
        return plain(decimal_of(exact, SHOWN_PLACES))
    return exact if isinstance(exact, str) else plain(exact)


_WALKS: Mapping[ObligationPattern, _Walk] = {
    "point-in-time": _at_once,
    "units": _by_units,
    "milestones": _by_milestones,
    "percent-complete": _by_measure,
}
RULES: Mapping[ObligationPattern, str] = {
    "point-in-time": "point-in-time@1",
    "units": "units-transferred@1",
    "milestones": "milestones-reached@1",
    "percent-complete": "percent-complete@1",
    "as-exercised": "rights-exercised@1",
    "percent-of-base": "percentage-of-base@1",
}


class Priced(Struct, frozen=True):
    """What is earned by itself, without a share of a price: so much in all from a fact on."""

    place: Place
    minor: int
    cause: int
    told: Step


def of_base(own: Obligation, facts: Sequence[Placed]) -> tuple[Priced, ...]:
    """A percentage of what is reported, at the later of report and transfer (rule 24)."""
    percent = Fraction(own.percent_of_base or Decimal(0)) / 100
    since = min((f.when.effective for _, f in facts if is_transfer(f)), default=date.min)
    found, base = [], 0
    for (day, order), fact in facts:
        if isinstance(fact.event, BaseReported):
            base += fact.event.base_minor
            told = Step(what="percentage of base", value=f"{own.percent_of_base} % of {base}")
            place = (max(day, since), order)
            found.append(Priced(place, rounded(base * percent), fact.position, told))
    return tuple(found)


def is_transfer(fact: Fact) -> bool:
    return isinstance(fact.event, ObligationSatisfied)
