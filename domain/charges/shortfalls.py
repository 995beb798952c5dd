"""What charges fall short of what was promised: the minimum of a price, and commitments over items.

Until a period is over nobody knows whether it falls short, so that is charged and earned at its
end; a price may elect to earn it over the period, as it stands each day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from domain.calendar import ONE_DAY
from domain.charge import PREPAID, Charge, passed, stood
from domain.charges.bounds import Bound, by_sale
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text


def shortfalls(
    charges: Sequence[Charge],
    currency: str,
    minimums: Sequence[Bound],
    commitments: Sequence[Bound],
) -> tuple[Charge, ...]:
    """The charges that fill up minimums, then commitments; `charges` are all others."""
    own = by_sale(charges, lambda one: one) if minimums else {}
    found = [
        made
        for bound in minimums
        if (made := _short(bound, own.get(bound.sale, []), currency)) is not None
    ]
    every = [*charges, *found]
    for bound in commitments:
        made = _short(bound, _covered(bound, every), currency)
        if made is not None:
            found.append(made)
    return tuple(found)


def _covered(bound: Bound, charges: Sequence[Charge]) -> list[Charge]:
    """Charges of the covered items that are of days for which something is promised.

    Buying credits counts only where that item is named: what is drawn from them counts.
    """
    return [
        one
        for one in charges
        if one.item != bound.item
        and (one.item in bound.covers if bound.covers else one.pattern != PREPAID)
        and one.start < bound.end
        and bound.start < one.end
    ]


def _short(bound: Bound, covered: Sequence[Charge], currency: str) -> Charge | None:
    last = bound.end - ONE_DAY
    charged = _charged_in(bound, covered, last)
    minor = max(bound.minor - charged, 0)
    marks = tuple(_each_day(bound, covered)) if bound.is_ratable else ((last, minor),)
    if not any(value for _, value in marks):
        return None
    return Charge(
        item=bound.item,
        price=bound.price,
        period=bound.period,
        start=bound.start,
        end=bound.end,
        minor=minor,
        running_minor=minor,
        bill_on=bound.due_on,
        causes=causes_of(bound.causes, *(one.causes for one in covered)),
        pattern="shortfall",
        kind="commitment",
        marks=marks,
        told=lambda: (
            *(step for one in covered for step in one.steps),
            Step(what=bound.kind, value=decimal_text(bound.minor, currency)),
            Step(what="charged towards it", value=decimal_text(charged, currency)),
            Step(what="short", value=decimal_text(minor, currency)),
        ),
    )


def _each_day(bound: Bound, covered: Sequence[Charge]) -> Iterator[tuple[date, int]]:
    """What the shortfall would be if the period ended on each of its days."""
    for count in range((bound.end - bound.start).days):
        day = bound.start + count * ONE_DAY
        yield day, max(bound.by(day) - _charged_in(bound, covered, day), 0)


def _charged_in(bound: Bound, covered: Sequence[Charge], day: date) -> int:
    """What charges come to from the first of the bound's days to the end of a day."""
    before = bound.start - ONE_DAY
    return sum(_stands(one, day) - _stands(one, before) for one in covered)


def _stands(charge: Charge, day: date) -> int:
    """Usage as it stood, else by the days that are over."""
    if charge.marks:
        return stood(charge.marks, day)
    if charge.pattern == "point-in-time":
        return charge.minor if charge.start <= day else 0
    days = charge.start, charge.end, charge.period.end
    return passed(charge.minor, charge.running_minor, days, day)
