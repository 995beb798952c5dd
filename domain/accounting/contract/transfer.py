"""How far a promise is transferred, by the facts that say so: shares of it, day by day (rule 31).

One measure of progress for each promise. Shares are exact; a policy may have them rounded to a
percentage. What a change leaves of a promise is transferred along what is left of the shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

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
from domain.decimals import plain
from domain.explain import Step
from domain.facts import Fact
from domain.money import decimal_of, rounded
from domain.policy import PLACES, Options

# A fact's place among those that change a contract: its date, then its order.
Place = tuple[date, int]
BEFORE_ALL: Place = (date.min, 0)
WHOLE = Fraction(1)
# Shares and quantities are exact; in steps they are shown to so many places.
SHOWN_PLACES = 6


class Mark(Struct, frozen=True):
    """The share of a promise transferred from a fact on, and what it was worked out from."""

    place: Place
    share: Fraction
    cause: int
    told: Step


def place_of(fact: Fact) -> Place:
    return fact.when.effective, fact.when.order or 0


def marks(own: Obligation, facts: Sequence[Fact], options: Options) -> tuple[Mark, ...]:
    """The shares of a promise that is not transferred evenly over time, in order.

    `facts` are those about it, and the changes of the contract that state it anew.
    """
    walk = _WALKS.get(own.pattern)
    ordered = sorted(facts, key=place_of)
    return tuple(walk(own, ordered, options)) if walk else ()


class Rest(Struct, frozen=True):
    """What is left of a promise after a place: its shares of that rest, what came before it."""

    marks: tuple[Mark, ...]
    before: tuple[Mark, ...]
    share_before: Fraction

    @property
    def is_done(self) -> bool:
        return self.share_before >= WHOLE


def rest_after(found: Sequence[Mark], place: Place) -> Rest:
    before = tuple(mark for mark in found if mark.place < place)
    share = before[-1].share if before else Fraction(0)
    left = WHOLE - share
    after = tuple(
        Mark(mark.place, (mark.share - share) / left if left else WHOLE, mark.cause, mark.told)
        for mark in found
        if mark.place >= place
    )
    return Rest(after, before, share)


_Walk = Callable[[Obligation, Sequence[Fact], Options], Iterable[Mark]]


def _at_once(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Control passes once: the first fact that says so counts (rule 30)."""
    del own, options
    for fact in facts:
        if isinstance(fact.event, ObligationSatisfied):
            yield _mark(fact, WHOLE, "transferred", str(fact.when.effective))
            return


def _by_units(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Units transferred of those promised; more than were promised complete it."""
    del options
    done, whole = Fraction(0), Fraction(own.quantity or 0)
    for fact in facts:
        if isinstance(fact.event, ObligationSatisfied) and whole:
            done += Fraction(fact.event.quantity or own.quantity or 0)
            share = min(done / whole, WHOLE)
            yield _mark(fact, share, "units transferred", f"{_text(done)} of {own.quantity}")


def _by_milestones(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    del options
    weights = {one.milestone: Fraction(one.weight) for one in own.milestones}
    whole, reached = sum(weights.values(), Fraction(0)), dict[str, Fraction]()
    for fact in facts:
        if isinstance(fact.event, ObligationSatisfied) and fact.event.milestone in weights:
            reached[fact.event.milestone] = weights[fact.event.milestone]
            share = sum(reached.values(), Fraction(0)) / whole
            yield _mark(fact, share, "milestone", fact.event.milestone)


def _by_measure(own: Obligation, facts: Sequence[Fact], options: Options) -> Iterable[Mark]:
    """Costs incurred of costs expected, or a percentage as it was measured (55-16 to 55-21)."""
    incurred = excluded = Fraction(0)
    expected = _first_expected(own, facts)
    stated = Fraction(0)
    for fact in facts:
        match fact.event:
            case ProgressMeasured(percent=None):
                incurred = Fraction(fact.event.incurred_minor or 0)
                excluded = Fraction(fact.event.excluded_minor)
                if fact.event.expected_minor is not None:
                    expected = Fraction(fact.event.expected_minor)
            case ProgressMeasured():
                assert fact.event.percent is not None
                stated = Fraction(fact.event.percent) / 100
            case ExpectationRevised() if fact.event.expected_cost_minor is not None:
                expected = Fraction(fact.event.expected_cost_minor)
            case ContractModified():
                expected += _added_costs(own, fact.event)
            case _:
                continue
        by_cost = (incurred - excluded) / (expected - excluded) if expected > excluded else stated
        share = _percent(min(max(by_cost if incurred else stated, Fraction(0)), WHOLE), options)
        yield _mark(fact, share, "percent complete", f"{_text(share * 100)} %")


def _first_expected(own: Obligation, facts: Sequence[Fact]) -> Fraction:
    """What was expected at inception: what changes added since is in the promise as it is now."""
    added = (_added_costs(own, f.event) for f in facts if isinstance(f.event, ContractModified))
    return Fraction(own.expected_cost_minor or 0) - sum(added, Fraction(0))


def _added_costs(own: Obligation, event: ContractModified) -> Fraction:
    rows = (row for row in event.restated if row.obligation == own.obligation)
    return Fraction(sum(row.added_cost_minor for row in rows))


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
    whole = Fraction(own.quantity or 1)
    expected = _rights_expected(own, whole)
    used = expired = Fraction(0)
    for fact in facts:
        match fact.event:
            case RightsExercised():
                if fact.event.cumulative is not None:
                    used = Fraction(fact.event.cumulative)
                else:
                    used += Fraction(fact.event.quantity or (whole - used - expired))
                expected = Fraction(fact.event.expected or 0) or expected
            case RightsExpired():
                left = whole - used - expired
                quantity = fact.event.quantity
                expired += left if quantity is None else min(Fraction(quantity), left)
            case ExpectationRevised():
                expected = _revised(fact.event, whole) or expected
            case _:
                continue
        share = _exercised(used, expired, whole, expected, options)
        yield _mark(fact, share, "rights used", f"{_text(used)} of {_text(expected)}")


def _exercised(
    used: Fraction, expired: Fraction, whole: Fraction, expected: Fraction, options: Options
) -> Fraction:
    if used + expired >= whole:
        return WHOLE
    if options.breakage == "proportional":
        return min(used / expected, WHOLE) if expected else WHOLE
    return (used + expired) / whole


def _rights_expected(own: Obligation, whole: Fraction) -> Fraction:
    if own.expected_exercised is not None:
        return Fraction(own.expected_exercised)
    return whole * (100 - Fraction(own.breakage_percent or 0)) / 100


def _revised(event: ExpectationRevised, whole: Fraction) -> Fraction:
    if event.expected_exercised is not None:
        return Fraction(event.expected_exercised)
    if event.breakage_percent is not None:
        return whole * (100 - Fraction(event.breakage_percent)) / 100
    return Fraction(0)


def _mark(fact: Fact, share: Fraction, what: str, value: str) -> Mark:
    return Mark(place_of(fact), share, fact.position, Step(what=what, value=value))


def _text(exact: Fraction) -> str:
    """As a decimal; what has no end is cut after so many places."""
    return plain(decimal_of(exact, SHOWN_PLACES))


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
    for fact in sorted(facts, key=place_of):
        if isinstance(fact.event, BaseReported):
            base += fact.event.base_minor
            day, order = place_of(fact)
            told = Step(what="percentage of base", value=f"{own.percent_of_base} % of {base}")
            place = (max(day, since), order)
            found.append(Priced(place, rounded(base * percent), fact.position, told))
    return tuple(found)


def _is_transfer(fact: Fact) -> bool:
    return isinstance(fact.event, ObligationSatisfied)
