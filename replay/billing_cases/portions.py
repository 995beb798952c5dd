"""Days, factors and fractions of billing periods, as charges say they were prorated by."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from domain.charge import Charge
from domain.decimals import EXACT
from domain.money import rounded_share
from domain.proration import Portion, portion
from replay.billing_cases.seen import Seen
from replay.case_format import CaseError

_start = attrgetter("start")


def _portions(seen: Seen) -> list[Portion]:
    charges = [
        charge
        for ran in seen.runs[-1:]
        for own in ran.measured.charges.values()
        for charge in own
        if charge.bill_on <= ran.run.on
    ]
    return [_portion(charge, seen) for charge in sorted(charges, key=_start)]


def _portion(charge: Charge, seen: Seen) -> Portion:
    """As the charge says; of one for a whole period, all of its days."""
    if charge.portion is not None:
        return charge.portion
    course = seen.course
    return portion(charge.start, charge.end, charge.period, course.proration, course.zone)


def _cut(seen: Seen) -> Portion:
    """The one portion that is not a whole period, else the only one there is."""
    found = _portions(seen)
    cut = [one for one in found if not one.is_whole] or found[:1]
    if not cut:
        raise CaseError("no charge says by which portion it was prorated")
    return cut[0]


def days(seen: Seen) -> int:
    return _cut(seen).part


def of(seen: Seen) -> int:
    return _cut(seen).total


def factor(seen: Seen) -> Decimal:
    """To as many places as the price elects."""
    return _factor(_cut(seen), seen)


def _factor(found: Portion, seen: Seen) -> Decimal:
    places = seen.course.factor_places
    if places is None:
        return EXACT.divide(Decimal(found.part), Decimal(found.total))
    digits = rounded_share(10**places, found.part, found.total)
    return EXACT.scaleb(Decimal(digits), -places)


def fractions(seen: Seen) -> list[str]:
    """Parts of periods in order of time, and how many whole ones stand together."""
    found: list[str] = []
    for is_whole, own in groupby(_portions(seen), key=attrgetter("is_whole")):
        these = [*own]
        found += [str(len(these))] if is_whole else [f"{one.part}/{one.total}" for one in these]
    return found


def cycles(seen: Seen) -> Decimal:
    """All periods and parts of periods together."""
    total = Decimal(0)
    for one in _portions(seen):
        total = EXACT.add(total, _factor(one, seen))
    return total
