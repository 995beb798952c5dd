"""The parts a billing period is billed in.

A line of the days [a, b) should carry what the period stood at after its last day less what it
stood at before its first, so late usage corrects the line whose days it falls on, and the days that
no line bills yet are a line of their own (law 10). What cannot be cut is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.accounting.documents import BilledLine
from domain.billing_options import BillingOptions
from domain.calendar import ONE_DAY
from domain.charge import Charge, stood
from domain.statement.spans import Difference, Period, carried_by

Days = tuple[date, date]


def due(
    subscription: str, period: Period, charges: Sequence[Charge], options: BillingOptions
) -> Iterator[Difference]:
    """A period that is due, part by part as its lines cut it."""
    edges = _edges(period)
    if len(edges) == 1 or not charges:
        yield _whole(subscription, period, charges, options)
        return
    if edges[-1] < period.end:
        edges.append(period.end)
    yield from _in_parts(subscription, period, charges, edges, options)


def so_far(
    subscription: str, period: Period, through: date, options: BillingOptions
) -> Iterator[Difference]:
    """A running period up to the end of a day, where all of it can be cut there."""
    edges = _edges(period)
    begun = period.start <= through and all(charge.marks for charge in period.charges)
    if not begun or (len(edges) == 1 and any(not row.is_void for row in period.lines)):
        return
    if edges[-1] <= through:
        edges.append(through + ONE_DAY)
    yield from _in_parts(subscription, period, period.charges, edges, options)


def _edges(period: Period) -> list[date]:
    """The days that cut a period as its lines do; only its first where they are no such parts.

    A line with dates of its own, such as an outside system's, bills the period as a whole.
    """
    edges = [period.start]
    rows = [row.line for row in period.lines if not row.is_void]
    if not rows or not all(charge.marks for charge in period.charges):
        return edges
    for begin, end in sorted({(row.service_from, row.service_to or period.end) for row in rows}):
        if begin != edges[-1] or end > period.end:
            return edges[:1]
        edges.append(end)
    return edges


def _in_parts(
    subscription: str,
    period: Period,
    charges: Sequence[Charge],
    edges: Sequence[date],
    options: BillingOptions,
) -> Iterator[Difference]:
    price, quantity = _sold_as(charges)
    for begin, end in pairwise(edges):
        yield Difference(
            subscription=subscription,
            item=period.item,
            service_from=begin,
            service_to=end,
            charged_minor=sum(came_to(charge, end) - came_to(charge, begin) for charge in charges),
            kind=period.kind,
            group=period.group,
            discount=period.discount,
            price=price,
            quantity=quantity,
            lines=tuple(row for row in period.lines if begin <= _begins(row) < end),
            options=options,
        )


def _begins(row: BilledLine) -> date:
    assert row.line.service_from is not None, row
    return row.line.service_from


def _ends(row: BilledLine) -> date:
    return row.line.service_to or _begins(row)


def came_to(charge: Charge, day: date) -> int:
    """What a charge came to at the beginning of a day, as if its period had ended there."""
    return stood(charge.marks, day - ONE_DAY)


def _whole(
    subscription: str, period: Period, charges: Sequence[Charge], options: BillingOptions
) -> Difference:
    price, quantity = _sold_as(charges) if charges else _billed_as(period)
    minor = sum(charge.minor for charge in charges)
    begin, end = _service(period, charges, minor, options)
    return Difference(
        subscription=subscription,
        item=period.item,
        service_from=begin,
        service_to=end,
        charged_minor=minor,
        kind=period.kind,
        group=period.group,
        discount=period.discount,
        price=price,
        quantity=quantity,
        lines=tuple(period.lines),
        options=options,
        is_first=any(charge.usage for charge in charges) and not period.lines,
    )


def _service(
    period: Period, charges: Sequence[Charge], minor: int, options: BillingOptions
) -> tuple[date, date]:
    """The days a line is of: those that are charged, if none of them is billed yet; of a correction
    the whole period, or where each change has lines of its own, those that are charged no more.
    """
    charged = [(charge.start, charge.end) for charge in charges]
    ends = max((end for _, end in charged), default=period.end)
    if not period.lines:
        return min((begin for begin, _ in charged), default=period.start), ends
    if options.change_lines == "net":
        return period.start, ends
    billed = min(map(_begins, period.lines)), max(map(_ends, period.lines))
    if minor < sum(map(carried_by, period.lines)):
        given_back = [*rest(billed, charged)]
        if given_back:
            return given_back[0][0], given_back[-1][1]
    return min((begin for begin, _ in charged), default=billed[0]), ends


def rest(days: Days, taken: Iterable[Days]) -> Iterator[Days]:
    """The stretches of some days that nothing of what is taken reaches."""
    begin, end = days
    for since, until in sorted(taken):
        if until <= begin or since >= end or since >= until:
            continue
        if begin < since:
            yield begin, since
        begin = until
    if begin < end:
        yield begin, end


def _sold_as(charges: Sequence[Charge]) -> tuple[str | None, Decimal | None]:
    """The price and quantity of a line, where it has only one."""
    sold = {(charge.price, None if charge.usage else charge.quantity) for charge in charges}
    return sold.pop() if len(sold) == 1 else (None, None)


def _billed_as(period: Period) -> tuple[str | None, Decimal | None]:
    found = {(row.line.price, row.line.quantity) for row in period.lines}
    return found.pop() if len(found) == 1 else (None, None)
