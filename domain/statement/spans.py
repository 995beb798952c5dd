"""Charged and invoiced side by side, by item and billing period.

Usage may be billed in parts: a line of days [a, b) should carry what the period stood at after its
last day less what it stood at before its first, so late usage corrects the line whose days it falls
on, and the days no line bills yet are a line of their own (law 10). All else of a period is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import pairwise
from operator import attrgetter

from msgspec import Struct, field

from domain.accounting.documents import BilledLine
from domain.billing import Charge
from domain.calendar import ONE_DAY

_marked, _from = (lambda mark: mark[0]), attrgetter("start")


class Sale(Struct, frozen=True, kw_only=True):
    """One subscription: what it is charged, and the lines of invoices that name it."""

    subscription: str
    charges: tuple[Charge, ...]
    lines: tuple[BilledLine, ...] = ()


class Difference(Struct, frozen=True, kw_only=True):
    """What the service of some days of an item should carry by now, and the lines that bill it."""

    subscription: str
    item: str
    service_from: date
    service_to: date
    charged_minor: int = 0
    usage: bool = False
    price: str = ""
    lines: tuple[BilledLine, ...] = ()

    @property
    def invoiced_minor(self) -> int:
        """A price cut granted on a line is not billed again; what was corrected or voided is."""
        return sum(carried_by(row) for row in self.lines)

    @property
    def minor(self) -> int:
        return self.charged_minor - self.invoiced_minor


def carried_by(row: BilledLine) -> int:
    """What a line still bills."""
    if row.is_void:
        return 0
    return row.line.amount_minor - sum(cut.minor for cut in row.cuts if not cut.concession)


def differences(sale: Sale, through: date, interim: Collection[str] = ()) -> tuple[Difference, ...]:
    """Every span that is due by a date, billed or not, in order of item and service.

    `interim` names items whose running period is billed as far as it is used. Otherwise a period
    that is not due yet is left alone, also where a line bills it ahead.
    """
    periods = _periods(sale)
    found = [
        difference
        for key in sorted(periods)
        for difference in _of_period(sale, periods[key], through, interim)
    ]
    return tuple(found)


class _Period(Struct):
    """An item in one billing period. Without charges it holds a line that nothing explains."""

    item: str
    start: date
    end: date
    charges: list[Charge] = field(default_factory=list)
    lines: list[BilledLine] = field(default_factory=list)


def _periods(sale: Sale) -> dict[tuple[str, date], _Period]:
    periods: dict[tuple[str, date], _Period] = {}
    for charge in sale.charges:
        key = (charge.item, charge.period.start)
        period = periods.get(key)
        if period is None:
            period = periods[key] = _Period(*key, charge.period.end)
        period.charges.append(charge)
    if sale.lines:
        _add_lines(sale, periods)
    return periods


def _add_lines(sale: Sale, periods: dict[tuple[str, date], _Period]) -> None:
    """Each line to the billing period it begins in; none for what bills no item."""
    by_item: dict[str, list[_Period]] = {}
    for key in sorted(periods):
        by_item.setdefault(key[0], []).append(periods[key])
    only = next(iter(by_item)) if len(by_item) == 1 else None
    for row in sale.lines:
        item, begin = row.line.obligation or only, row.line.service_from
        if item is None or begin is None or row.line.kind == "tax":
            continue
        period = _holding(by_item.get(item, ()), begin)
        if period is None:
            end = row.line.service_to or begin
            period = periods.setdefault((item, begin), _Period(item, begin, end))
        period.lines.append(row)


def _holding(periods: Sequence[_Period], day: date) -> _Period | None:
    place = bisect_right(periods, day, key=_from)
    if place and day < periods[place - 1].end:
        return periods[place - 1]
    return None


def _of_period(
    sale: Sale, period: _Period, through: date, interim: Collection[str]
) -> Iterator[Difference]:
    due = [charge for charge in period.charges if charge.bill_on <= through]
    if period.charges and not due:
        if period.item in interim:
            yield from _so_far(sale, period, through)
        return
    edges = _parts(period)
    if not due or len(edges) == 1:
        yield _whole(sale, period, due)
        return
    if edges[-1] < period.end:
        edges.append(period.end)
    yield from _in_parts(sale, period, due, edges)


def _so_far(sale: Sale, period: _Period, through: date) -> Iterator[Difference]:
    """A running period up to the end of a day, where all of it can be cut there."""
    edges = _parts(period)
    begun = period.start <= through and all(charge.marks for charge in period.charges)
    if not begun or (len(edges) == 1 and any(not row.is_void for row in period.lines)):
        return
    if edges[-1] <= through:
        edges.append(through + ONE_DAY)
    yield from _in_parts(sale, period, period.charges, edges)


def _parts(period: _Period) -> list[date]:
    """The days that cut a period as its lines do; only its first where they are no such parts.

    A line with dates of its own, such as an outside system's, bills the period as a whole.
    """
    edges = [period.start]
    if not all(charge.marks for charge in period.charges):
        return edges
    rows = [row.line for row in period.lines if not row.is_void]
    for begin, end in sorted({(row.service_from, row.service_to or period.end) for row in rows}):
        if begin != edges[-1] or end > period.end:
            return edges[:1]
        edges.append(end)
    return edges


def _in_parts(
    sale: Sale, period: _Period, charges: Sequence[Charge], edges: Sequence[date]
) -> Iterator[Difference]:
    for begin, end in pairwise(edges):
        yield Difference(
            subscription=sale.subscription,
            item=period.item,
            service_from=begin,
            service_to=end,
            charged_minor=sum(_stood(charge, end) - _stood(charge, begin) for charge in charges),
            usage=any(charge.usage for charge in charges),
            price=charges[-1].price,
            lines=tuple(row for row in period.lines if begin <= _begins(row) < end),
        )


def _begins(row: BilledLine) -> date:
    assert row.line.service_from is not None, row
    return row.line.service_from


def _stood(charge: Charge, day: date) -> int:
    """What a charge came to at the beginning of a day, as if its period had ended there."""
    place = bisect_right(charge.marks, day - ONE_DAY, key=_marked)
    return charge.marks[place - 1][1] if place else 0


def _whole(sale: Sale, period: _Period, due: Sequence[Charge]) -> Difference:
    ends = [charge.end for charge in due] or [period.end]
    return Difference(
        subscription=sale.subscription,
        item=period.item,
        service_from=period.start,
        service_to=max(ends),
        charged_minor=sum(charge.minor for charge in due),
        usage=any(charge.usage for charge in due),
        price=due[-1].price if due else "",
        lines=tuple(period.lines),
    )
