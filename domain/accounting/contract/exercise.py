"""Rights the customer paid for: how far they are used, and served where a use is for a service.

What was paid for a right is revenue when what it is for is transferred, or when it expires (rules
34 and 35, ASC 606-10-55-42, IFRS 15.B40). Used at once, that is the day of the use; an option on
service is earned over that service.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter

from msgspec import Struct

from domain.accounting.contract.transfer import (
    END_OF_DAY,
    WHOLE,
    Mark,
    Place,
    Placed,
    ratio,
)
from domain.accounting.curves import Progress, shares, word_of
from domain.calendar import ONE_DAY
from domain.contract_facts import ExpectationRevised, Obligation, RightsExercised, RightsExpired
from domain.decimals import EXACT
from domain.policy import Options

_HUNDRED = Decimal(100)
_day = itemgetter(0)


class Served(Struct, frozen=True):
    """So many rights were used for a service: `shares` of it are over by the end of each day."""

    place: Place
    quantity: Decimal
    shares: Sequence[tuple[date, Fraction]]
    told: str

    @property
    def days(self) -> Iterator[date]:
        """The days by whose end more is over, once it was said."""
        return (day for day, _ in self.shares if day >= self.place[0])

    def waits(self, place: Place) -> Fraction:
        """Rights whose service is not over yet."""
        day, order = place
        by = day if order == END_OF_DAY else day - ONE_DAY
        at = bisect_right(self.shares, by, key=_day)
        share = self.shares[at - 1][1] if at else Fraction(0)
        return Fraction(self.quantity) * (WHOLE - share)


class _Use(Struct, frozen=True):
    """Rights as a fact leaves them: used, expired, and which of how many are `counted`."""

    place: Place
    cause: int
    used: Decimal
    expired: Decimal
    counted: tuple[Decimal, Decimal]
    served: Served | None = None


def exercised(
    own: Obligation,
    facts: Sequence[Placed],
    options: Options,
    progress: Callable[[date], Progress],
) -> tuple[Mark, ...]:
    """The shares of a promise that is transferred as rights are used, in order.

    `progress`: how what is served evenly moves, where a use of a day says over what service.
    """
    every = own.quantity or Decimal(1)
    is_expected = options.breakage == "proportional"
    uses = [*_uses(own, every, facts, progress, is_expected=is_expected)]
    services = [use.served for use in uses if use.served is not None]
    if services:
        return _as_served(uses, services, every)
    return tuple([_mark(use, use.place, _of_used(use, every)) for use in uses])


def _as_served(
    uses: Sequence[_Use], services: Sequence[Served], every: Decimal
) -> tuple[Mark, ...]:
    """Of uses for a service: at each use, and by the end of each day by which more is served."""
    found = []
    for use in uses:
        share = _of_served(use, use.place, every, services)
        found.append(_mark(use, use.place, share))
    for day in sorted({day for one in services for day in one.days}):
        place = day, END_OF_DAY
        last = [use for use in uses if use.place < place][-1]
        found.append(_mark(last, place, _of_served(last, place, every, services)))
    return tuple(sorted(found, key=lambda mark: mark.place))


def _uses(
    own: Obligation,
    every: Decimal,
    facts: Sequence[Placed],
    progress: Callable[[date], Progress],
    *,
    is_expected: bool,
) -> Iterator[_Use]:
    """Rights used of those expected to be used (rule 35); when none is left, all is earned.

    Where none is expected to stay unused, or a book does not expect it, of all rights; what expires
    then counts as what is used (ASC 606-10-55-42, 55-48, IFRS 15.B40, B46).
    """
    expected = _expected(own.expected_exercised, own.breakage_percent, every) or every
    used, expired, there_are = Decimal(0), Decimal(0), every
    for place, fact in facts:
        served = None
        match fact.event:
            case RightsExercised(cumulative=None):
                more = fact.event.quantity or _left(every, used, expired)
                used, expected = EXACT.add(used, more), fact.event.expected or expected
                served = _served(fact.event, place, more, progress)
            case RightsExercised():
                assert fact.event.cumulative is not None, fact
                more = EXACT.subtract(fact.event.cumulative, used)
                used, expected = fact.event.cumulative, fact.event.expected or expected
                served = _served(fact.event, place, more, progress)
            case RightsExpired():
                left = _left(every, used, expired)
                expired = EXACT.add(expired, min(fact.event.quantity or left, left))
                there_are = EXACT.subtract(every, expired)
            case ExpectationRevised(expected_exercised=rights, breakage_percent=percent):
                expected = _expected(rights, percent, every) or expected
            case _:
                continue
        if is_expected and expected < every:
            # What expired is used by nobody, whatever was expected.
            counted = used, min(expected, there_are)
        else:
            counted = EXACT.add(used, expired), every
        yield _Use(place, fact.position, used, expired, counted, served)


def _served(
    event: RightsExercised, place: Place, more: Decimal, progress: Callable[[date], Progress]
) -> Served | None:
    start, end = event.service_from, event.service_to
    if start is None or end is None or more <= 0:
        return None
    by = progress(event.when.measured)
    told = f"rights used, earned evenly by {word_of(by)} over {start} to {end}"
    return Served(place, more, shares(start, end, by), told)


def _mark(use: _Use, place: Place, share: tuple[int, int]) -> Mark:
    what = use.served.told if use.served is not None else "rights used"
    shown = use.counted if place == use.place else ()
    return Mark(place, *share, use.cause, what, shown)


def _of_served(
    use: _Use, place: Place, every: Decimal, services: Iterable[Served]
) -> tuple[int, int]:
    """What one right earns is deferred for each that is used and not served yet."""
    part, whole = _of_used(use, every)
    waits = sum([one.waits(place) for one in services if one.place <= place], Fraction(0))
    if not waits:
        return part, whole
    served = max(WHOLE - waits / Fraction(use.counted[0]), Fraction(0)) * Fraction(part, whole)
    return served.as_integer_ratio()


def _left(every: Decimal, used: Decimal, expired: Decimal) -> Decimal:
    return EXACT.subtract(every, EXACT.add(used, expired))


def _of_used(use: _Use, every: Decimal) -> tuple[int, int]:
    some, whole = use.counted
    if some >= whole or EXACT.add(use.used, use.expired) >= every:
        return 1, 1
    return ratio(some, whole.as_integer_ratio())


def _expected(
    exercised: Decimal | None, breakage_percent: Decimal | None, every: Decimal
) -> Decimal | None:
    if exercised is not None:
        return exercised
    if breakage_percent is None:
        return None
    return EXACT.multiply(every, EXACT.scaleb(EXACT.subtract(_HUNDRED, breakage_percent), -2))
