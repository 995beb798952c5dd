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
from domain.statement.spans import Days, Difference, Period, carried_by, days_of


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
    """The days that cut a period as lines do: those of its item, else its own; only its first where
    they are no such parts.

    A line with dates of its own, such as an outside system's, bills the period as a whole.
    """
    if not all(charge.marks for charge in period.charges):
        return [period.start]
    own = {days_of(row, period.end) for row in period.lines if not row.is_void}
    return _chain(period, period.cuts) or _chain(period, own) or [period.start]


def _chain(period: Period, cuts: Iterable[Days]) -> list[date]:
    """The edges of parts that follow one another from the first day on; none if they do not."""
    edges = [period.start]
    for begin, end in sorted(cuts):
        if begin != edges[-1] or end > period.end:
            return []
        edges.append(end)
    return edges


def _in_parts(
    subscription: str,
    period: Period,
    charges: Sequence[Charge],
    edges: Sequence[date],
    options: BillingOptions,
) -> Iterator[Difference]:
    """Usage of some days is billed once also where it comes to nothing: these days are closed."""
    price, quantity = _sold_as(charges)
    for begin, end in pairwise(edges):
        lines = tuple(row for row in period.lines if begin <= days_of(row)[0] < end)
        yield Difference(
            subscription=subscription,
            item=period.item,
            service_from=begin,
            service_to=end,
            charged_minor=sum(came_to(charge, end) - came_to(charge, begin) for charge in charges),
            kind=period.kind,
            group=period.group,
            discount=period.discount,
            drawn_from=period.drawn_from,
            price=price,
            quantity=quantity,
            lines=lines,
            options=options,
            is_first=_is_open(lines) and any(_is_used(charge, begin, end) for charge in charges),
            part=(period.start, begin),
        )


def _is_open(lines: Iterable[BilledLine]) -> bool:
    """Whether no line stands."""
    return all(row.is_void for row in lines)


def _is_used(charge: Charge, begin: date, end: date) -> bool:
    return charge.usage and any(begin <= day < end for day, _ in charge.marks)


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
        drawn_from=period.drawn_from,
        price=price,
        quantity=quantity,
        lines=tuple(period.lines),
        options=options,
        is_first=any(charge.usage for charge in charges) and _is_open(period.lines),
        part=(period.start, period.start),
    )


def _service(
    period: Period, charges: Sequence[Charge], minor: int, options: BillingOptions
) -> tuple[date, date]:
    """The days a line is of: those that are charged, if none of them is billed yet; of a correction
    the whole period, or where each change has lines of its own, those that are charged no more, or
    again.
    """
    charged = [(charge.start, charge.end) for charge in charges]
    ends = max((end for _, end in charged), default=period.end)
    if not period.lines:
        return min((begin for begin, _ in charged), default=period.start), ends
    if options.change_lines == "net":
        return period.start, ends
    spans = [days_of(row) for row in period.lines]
    billed = min(begin for begin, _ in spans), max(end for _, end in spans)
    still = _still_billed(period.lines)
    if minor < sum(map(carried_by, period.lines)):
        moved = [part for days in still for part in rest(days, charged)]
    else:
        moved = [part for days in charged for part in rest(days, still)]
    if moved:
        return min(moved)[0], max(end for _, end in moved)
    return min((begin for begin, _ in charged), default=billed[0]), ends


def _still_billed(lines: Iterable[BilledLine]) -> list[Days]:
    """The days that lines bill, but for those that later ones gave back."""
    found: list[Days] = []
    for row in lines:
        if row.is_void:
            continue
        if row.line.amount_minor > 0:
            found.append(days_of(row))
        else:
            found = [part for days in found for part in rest(days, [days_of(row)])]
    return found


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
    sold = {(charge.price, charge.quantity if _is_counted(charge) else None) for charge in charges}
    return sold.pop() if len(sold) == 1 else (None, None)


def _is_counted(charge: Charge) -> bool:
    """Usage is told by its meter, and what falls short of a promise has no quantity at all."""
    return charge.kind not in {"usage", "commitment"}


def _billed_as(period: Period) -> tuple[str | None, Decimal | None]:
    found = {(row.line.price, row.line.quantity) for row in period.lines}
    return found.pop() if len(found) == 1 else (None, None)
