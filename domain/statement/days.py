"""Days that are billed stay billed: only what a line of the same price does not cover is charged.

Where billing periods move (another cycle day, an earlier start, a resumption), a line may cover
parts of two of them. A price may elect that its days are then not measured again at another
proration: days charged and covered stand as they are, days charged and not covered cost their share
of the charge, and days covered and no longer charged are given back at their share of the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from msgspec import Struct, field

from domain.accounting.documents import BilledLine
from domain.billing_options import BillingOptions
from domain.charge import Charge
from domain.money import rounded_share
from domain.statement.parts import rest
from domain.statement.spans import KINDS, Days, Difference, Period, days_of


class Covered(Struct):
    """A line of some days and those that correct it, which begin within its days."""

    start: date
    end: date
    minor: int
    rows: list[BilledLine] = field(default_factory=list)


def straddle(own: Sequence[Period]) -> bool:
    """Whether a line of an item runs into another billing period than the one it begins in."""
    return any(_reaches(one, other) or _reaches(other, one) for one, other in pairwise(own))


def _reaches(one: Period, other: Period) -> bool:
    rows = (row for row in one.lines if not row.is_void)
    return any(begin < other.end and end > other.start for begin, end in map(days_of, rows))


def differences(
    subscription: str, own: Sequence[Period], through: date, options: BillingOptions
) -> Iterator[Difference]:
    """What an item's days still cost, and what is given back of those billed."""
    covered = _covered(own)
    charges = [charge for period in own for charge in period.charges]
    for one in covered:
        yield _of_line(subscription, own[0], one, charges, options)
    for charge in charges:
        if charge.bill_on <= through:
            yield from _not_covered(subscription, charge, covered, options)


def _covered(own: Iterable[Period]) -> list[Covered]:
    rows = [row for period in own for row in period.lines if not row.is_void]
    found: list[Covered] = []
    for row in sorted(rows, key=_widest_first):
        begin, end = days_of(row)
        holding = next((one for one in found if one.start <= begin < one.end), None)
        if holding is None:
            holding = Covered(begin, end, row.line.amount_minor)
            found.append(holding)
        holding.rows.append(row)
    return found


def _widest_first(row: BilledLine) -> tuple[date, int]:
    begin, end = days_of(row)
    return begin, -end.toordinal()


def _of_line(
    subscription: str,
    period: Period,
    one: Covered,
    charges: Iterable[Charge],
    options: BillingOptions,
) -> Difference:
    """What a line should carry: its share for the days that are charged."""
    total = (one.end - one.start).days
    charged = [_common((charge.start, charge.end), (one.start, one.end)) for charge in charges]
    days = sum((end - begin).days for begin, end in charged)
    given_back = [*rest((one.start, one.end), charged)] or [(one.start, one.end)]
    return Difference(
        subscription=subscription,
        item=period.item,
        kind=period.kind,
        group=period.group,
        discount=period.discount,
        drawn_from=period.drawn_from,
        service_from=given_back[0][0],
        service_to=given_back[-1][1],
        charged_minor=rounded_share(one.minor, min(days, total), total) if total else one.minor,
        price=one.rows[0].line.price,
        quantity=one.rows[0].line.quantity,
        lines=tuple(one.rows),
        options=options,
    )


def _common(left: Days, right: Days) -> Days:
    begin = max(left[0], right[0])
    return begin, max(begin, min(left[1], right[1]))


def _not_covered(
    subscription: str, charge: Charge, covered: Iterable[Covered], options: BillingOptions
) -> Iterator[Difference]:
    """The days of a charge that no line covers, each stretch at its share."""
    total, taken = (charge.end - charge.start).days, 0
    lines = [(one.start, one.end) for one in covered]
    for begin, end in rest((charge.start, charge.end), lines):
        share = _share(charge, taken + (end - begin).days, total) - _share(charge, taken, total)
        taken += (end - begin).days
        yield Difference(
            subscription=subscription,
            item=charge.item,
            kind=KINDS[charge.kind],
            group=charge.group,
            discount=charge.discount,
            drawn_from=charge.drawn_from,
            service_from=begin,
            service_to=end,
            charged_minor=share,
            price=charge.price,
            quantity=charge.quantity,
            options=options,
        )


def _share(charge: Charge, days: int, total: int) -> int:
    return rounded_share(charge.minor, days, total)
