"""How far a promise is transferred, by the facts that say so: shares of it, day by day (rule 31).

One measure of progress for each promise. Shares are exact; a policy may have them rounded to a
percentage. What a change leaves of a promise is transferred along what is left of the shares.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter

from msgspec import Struct, structs

from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ExpectationRevised,
    Obligation,
    ObligationPattern,
    ObligationSatisfied,
    ProgressMeasured,
    RightsExercised,
    RightsExpired,
)
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.facts import Fact
from domain.money import decimal_of, rounded, rounded_share
from domain.policy import PLACES, Options

# A fact's place among those that change a contract: its date, then its order.
Place = tuple[date, int]
BEFORE_ALL: Place = (date.min, 0)
WHOLE = Fraction(1)
_HUNDRED = Decimal(100)
# Shares and quantities are exact; in steps they are shown to so many places.
SHOWN_PLACES = 6


class Mark(Struct, frozen=True):
    """`part` of `whole` of a promise is transferred from a fact on; `shown` is what it was worked
    out from, told as `what`.
    """

    place: Place
    part: int
    whole: int
    cause: int
    what: str
    shown: tuple[Decimal | Fraction | str, ...]

    @property
    def is_all(self) -> bool:
        return self.part >= self.whole

    def of(self, minor: int) -> int:
        """The share of an amount, rounded once."""
        return rounded_share(minor, self.part, self.whole)

    @property
    def told(self) -> Step:
        return Step(what=self.what, value=" of ".join(map(_text, self.shown)))


def place_of(fact: Fact) -> Place:
    when = fact.event.when
    return when.measured, when.order or 0


def marks(own: Obligation, facts: Sequence[Fact], options: Options) -> tuple[Mark, ...]:
    """The shares of a promise that is not transferred evenly over time, in order.

    `facts` are those about it, and the changes of the contract that state it anew, in order.
    """
    walk = _WALKS.get(own.pattern)
    return tuple(walk(own, facts, options)) if walk else ()


class Rest(Struct, frozen=True):
    """What is left of a promise after the last mark before it, and the marks from then on."""

    done: Mark | None
    marks: Sequence[Mark]

    @property
    def is_done(self) -> bool:
        return self.done is not None and self.done.is_all

    @property
    def left(self) -> Fraction:
        """The share of the promise that is left."""
        return WHOLE if self.done is None else 1 - Fraction(self.done.part, self.done.whole)

    def of(self, minor: int, mark: Mark) -> int:
        """What a mark comes to, of an amount for what was left: (share - done) / (1 - done)."""
        done = self.done
        if done is None:
            return mark.of(minor)
        if done.is_all:
            return minor
        if mark.whole == done.whole:
            return rounded_share(minor, mark.part - done.part, mark.whole - done.part)
        part = mark.part * done.whole - done.part * mark.whole
        return rounded_share(minor, part, mark.whole * (done.whole - done.part))


def rest_after(found: Sequence[Mark], place: Place) -> Rest:
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


_Walk = Callable[[Obligation, Sequence[Fact], Options], Iterable[Mark]]


def _at_once(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Control passes once: the first fact that says so counts (rule 30)."""
    del own, options
    for fact in facts:
        if isinstance(fact.event, ObligationSatisfied):
            yield _mark(fact, 1, 1, "transferred", str(fact.when.effective))
            return


def _by_units(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Units transferred of those promised; more than were promised complete it."""
    del options
    promised = own.quantity
    if not promised:
        return
    done, all_of_it = Decimal(0), promised.as_integer_ratio()
    for fact in facts:
        if isinstance(fact.event, ObligationSatisfied):
            done = EXACT.add(done, fact.event.quantity or promised)
            part, whole = _ratio(min(done, promised), all_of_it)
            yield _mark(fact, part, whole, "units transferred", done, promised)


def _by_milestones(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    del options
    weights = {one.milestone: one.weight for one in own.milestones}
    all_of_it = sum(weights.values(), Decimal(0)).as_integer_ratio()
    reached = dict[str, Decimal]()
    for fact in facts:
        name = getattr(fact.event, "milestone", None)
        if name in weights:
            reached[name] = weights[name]
            part, whole = _ratio(sum(reached.values(), Decimal(0)), all_of_it)
            yield _mark(fact, part, whole, "milestone", name)


def _by_measure(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Costs incurred of costs expected, or a percentage as it was measured (55-16 to 55-21)."""
    incurred = excluded = 0
    expected = own.expected_cost_minor or 0
    stated = Fraction(0)
    for fact in facts:
        match fact.event:
            case ProgressMeasured(percent=None):
                incurred, excluded = fact.event.incurred_minor or 0, fact.event.excluded_minor
                if fact.event.expected_minor is not None:
                    expected = fact.event.expected_minor
            case ProgressMeasured():
                # Measured last counts: a percentage takes the place of the costs before it.
                assert fact.event.percent is not None
                incurred, stated = 0, Fraction(fact.event.percent) / 100
            case ExpectationRevised() if fact.event.expected_cost_minor is not None:
                expected = fact.event.expected_cost_minor
            case ContractModified():
                expected += _added_costs(own, fact.event)
            case _:
                continue
        by_cost = stated
        if incurred and expected > excluded:
            by_cost = Fraction(incurred - excluded, expected - excluded)
        share = _percent(min(max(by_cost, Fraction(0)), WHOLE), options)
        part, whole = share.numerator, share.denominator
        yield _mark(fact, part, whole, "percent complete", share * 100)


def _added_costs(own: Obligation, event: ContractModified) -> int:
    return sum(row.added_cost_minor for row in event.restated if row.obligation == own.obligation)


def _percent(share: Fraction, options: Options) -> Fraction:
    """The share as a percentage of so many places, if the policy has it rounded."""
    if options.progress_percent == "exact":
        return share
    places = 10 ** PLACES[options.progress_percent]
    return Fraction(rounded(share * 100 * places), 100 * places)


def _by_exercise(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Rights used of those expected to be used (rule 35); when none is left, all is earned.

    Without breakage that can be expected, of all rights; what is never used counts when it expires.
    """
    every = own.quantity or Decimal(1)
    expected = _expected(own.expected_exercised, own.breakage_percent, every) or every
    used = expired = Decimal(0)
    for fact in facts:
        left = EXACT.subtract(every, EXACT.add(used, expired))
        match fact.event:
            case RightsExercised():
                if fact.event.cumulative is not None:
                    used = fact.event.cumulative
                else:
                    used = EXACT.add(used, fact.event.quantity or left)
                expected = fact.event.expected or expected
            case RightsExpired():
                expired = EXACT.add(expired, min(fact.event.quantity or left, left))
            case ExpectationRevised(expected_exercised=rights, breakage_percent=percent):
                expected = _expected(rights, percent, every) or expected
            case _:
                continue
        part, whole = _exercised(used, expired, every, expected, options)
        yield _mark(fact, part, whole, "rights used", used, expected)


def _exercised(
    used: Decimal, expired: Decimal, every: Decimal, expected: Decimal, options: Options
) -> tuple[int, int]:
    gone = EXACT.add(used, expired)
    if gone >= every:
        return 1, 1
    if options.breakage == "proportional":
        return _ratio(min(used, expected), expected.as_integer_ratio())
    return _ratio(gone, every.as_integer_ratio())


def _expected(
    exercised: Decimal | None, breakage_percent: Decimal | None, every: Decimal
) -> Decimal | None:
    if exercised is not None:
        return exercised
    if breakage_percent is None:
        return None
    return EXACT.multiply(every, EXACT.scaleb(EXACT.subtract(_HUNDRED, breakage_percent), -2))


def _ratio(part: Decimal, whole: tuple[int, int]) -> tuple[int, int]:
    """A share in whole numbers, of a whole in whole numbers; of nothing all is done."""
    whole_of, whole_in = whole
    if not whole_of:
        return 1, 1
    part_of, part_in = part.as_integer_ratio()
    return part_of * whole_in, part_in * whole_of


def _mark(fact: Fact, part: int, whole: int, what: str, *shown: Decimal | Fraction | str) -> Mark:
    return Mark(place_of(fact), part, whole, fact.position, what, shown)


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
    "as-exercised": _by_exercise,
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


def of_base(own: Obligation, facts: Sequence[Fact]) -> tuple[Priced, ...]:
    """A percentage of what is reported, at the later of report and transfer (rule 24)."""
    percent = Fraction(own.percent_of_base or Decimal(0)) / 100
    since = min((f.when.effective for f in facts if _is_transfer(f)), default=date.min)
    found, base = [], 0
    for fact in facts:
        if isinstance(fact.event, BaseReported):
            base += fact.event.base_minor
            day, order = place_of(fact)
            told = Step(what="percentage of base", value=f"{own.percent_of_base} % of {base}")
            place = (max(day, since), order)
            found.append(Priced(place, rounded(base * percent), fact.position, told))
    return tuple(found)


def _is_transfer(fact: Fact) -> bool:
    return isinstance(fact.event, ObligationSatisfied)
