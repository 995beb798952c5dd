"""Charged and invoiced side by side, by item and billing period.

What differs is a `Difference`: days of service, what they should carry by now, and the lines that
bill them. A price may elect that each price and quantity of a period is compared by itself, that
what was billed under another price stays, or where a correction goes (`BillingOptions`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter

from msgspec import Struct, field, structs

from domain.accounting.documents import BilledLine
from domain.billing_options import MEASURED_EXACTLY, BillingOptions
from domain.charge import Charge
from domain.invoice_facts import InvoiceLine, LineKind

_NONE = Decimal(0)
_from = attrgetter("start")
# A version of a price by its name: how it elected to be billed.
Elections = Callable[[str], BillingOptions]
Group = tuple[tuple[str, str], ...]
Days = tuple[date, date]
# An item, the values of dimensions, a discount, the prepaid item that pays: what lines of one
# billing period are for.
What = tuple[str, Group, str, str]
KINDS: dict[str, LineKind] = {
    "recurring": "subscription",
    "usage": "usage",
    "one-off": "one-off",
    "commitment": "subscription",
    "discount": "discount",
    "drawdown": "drawdown",
}


def measured_exactly(price: str) -> BillingOptions:
    """What every price elects that elects nothing."""
    del price
    return MEASURED_EXACTLY


class Sale(Struct, frozen=True, kw_only=True):
    """One subscription: what it is charged, and the lines of invoices that name it.

    Of what was before `since` neither need be whole: no line of before is compared that no charge
    explains. `has_coupons`: some were granted to who is billed for it, or to whose it is.
    """

    subscription: str
    charges: tuple[Charge, ...]
    lines: tuple[BilledLine, ...] = ()
    elections: Elections = measured_exactly
    since: date = date.min
    has_coupons: bool = False


class Difference(Struct, frozen=True, kw_only=True):
    """What the service of some days of an item should carry by now, and the lines that bill it.

    `price` and `quantity` are told where all of it is charged at one. `is_first`: usage is billed
    once also where it comes to nothing. `part`: the first day of the billing period, and of the
    part of it that is billed by itself; none where days of several are looked at together.
    `beside`: of what is taken off, the item on whose lines it may be owed back.
    """

    subscription: str
    item: str
    service_from: date
    service_to: date
    charged_minor: int = 0
    kind: LineKind = "subscription"
    group: Group = ()
    discount: str = ""
    drawn_from: str = ""
    price: str | None = None
    quantity: Decimal | None = None
    lines: tuple[BilledLine, ...] = ()
    options: BillingOptions = MEASURED_EXACTLY
    is_first: bool = False
    part: Days | None = None
    beside: Difference | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """The days of an item's billing period: where it, and what is taken off it, are billed."""
        return self.subscription, self.item, self.group, self.part

    @property
    def is_taken_off(self) -> bool:
        """Whether it is a discount, or what prepaid credits pay, of an item."""
        return bool(self.discount or self.drawn_from)

    @property
    def invoiced_minor(self) -> int:
        """A price cut granted on a line is not billed again; what was corrected or voided is."""
        return sum(carried_by(row) for row in self.lines)

    @property
    def minor(self) -> int:
        return self.charged_minor - self.invoiced_minor

    @property
    def is_news(self) -> bool:
        return bool(self.minor) or self.is_first


def carried_by(row: BilledLine) -> int:
    """What a line still bills."""
    if row.is_void:
        return 0
    return row.line.amount_minor - sum(cut.minor for cut in row.cuts if not cut.concession)


class Period(Struct):
    """An item in one billing period: what it is charged, or one of its discounts, or its usage of
    some values of dimensions, or what credits pay of it. Without charges it holds a line that
    nothing explains.

    `cuts` are the days of all lines of the item in the period: where one of its usages or discounts
    is billed so far, all are.
    """

    item: str
    group: Group
    discount: str
    drawn_from: str
    start: date
    end: date
    charges: list[Charge] = field(default_factory=list)
    lines: list[BilledLine] = field(default_factory=list)
    cuts: frozenset[Days] = frozenset()

    def due(self, through: date) -> list[Charge]:
        return [charge for charge in self.charges if charge.bill_on <= through]

    @property
    def what(self) -> What:
        return self.item, self.group, self.discount, self.drawn_from

    @property
    def kind(self) -> LineKind:
        """What its lines are called."""
        if self.charges:
            return KINDS[self.charges[0].kind]
        return self.lines[-1].line.kind

    def is_ahead(self, through: date) -> bool:
        """Not due yet, so left alone, also where a line bills it ahead."""
        return bool(self.charges) and not self.due(through)


def periods(sale: Sale) -> list[Period]:
    """Every item in every billing period that is charged or billed, in order."""
    found: dict[tuple[What, date], Period] = {}
    for charge in sale.charges:
        what = (charge.item, charge.group, charge.discount, charge.drawn_from)
        key = (what, charge.period.start)
        period = found.get(key)
        if period is None:
            period = found[key] = Period(*key[0], key[1], charge.period.end)
        # Of two prices one may be billed by the week, the other by the month, from the same day.
        period.end = max(period.end, charge.period.end)
        period.charges.append(charge)
    if sale.lines:
        _add_lines(sale, found)
        _cut_together(found.values())
    return [found[key] for key in sorted(found)]


def _add_lines(sale: Sale, found: dict[tuple[What, date], Period]) -> None:
    """Each line to the billing period it begins in; none for what bills no item."""
    own: dict[What, list[Period]] = {}
    for key in sorted(found):
        own.setdefault(key[0], []).append(found[key])
    items = {what[0] for what in own}
    only = next(iter(items)) if len(items) == 1 else None
    for row in sale.lines:
        line = row.line
        item, begin = line.obligation or only, line.service_from
        if item is None or begin is None or not line.is_charged:
            continue
        group = tuple(sorted(line.group.items()))
        what = (item, group, line.discount or "", line.drawn_from or "")
        period = _holding(own.get(what, ()), line)
        if period is None:
            if begin < sale.since:
                continue
            end = line.service_to or begin
            period = found.setdefault((what, begin), Period(*what, begin, end))
        period.lines.append(row)


def _cut_together(found: Iterable[Period]) -> None:
    """What can be cut, as usage and what is taken off it, is cut on the same days."""
    together: dict[tuple[str, date], list[Period]] = {}
    for period in found:
        if any(charge.marks for charge in period.charges):
            together.setdefault((period.item, period.start), []).append(period)
    for own in together.values():
        cuts = frozenset(
            days_of(row, period.end) for period in own for row in period.lines if not row.is_void
        )
        for period in own:
            period.cuts = cuts


def days_of(row: BilledLine, until: date | None = None) -> Days:
    """The days a line is of; of one without an end those until a day, or none."""
    begin = row.line.service_from
    assert begin is not None, row
    return begin, row.line.service_to or until or begin


def _holding(own: Sequence[Period], line: InvoiceLine) -> Period | None:
    """The period of those a line begins in that fits it best, the latest of equals.

    Periods of one item may overlap: of two prices, or of one where what is sold ends and is sold
    anew under another cycle.
    """
    day, found, best = line.service_from, None, -1
    assert day is not None, line
    for place in range(bisect_right(own, day, key=_from) - 1, -1, -1):
        if day < own[place].end and (fit := _fit(own[place], day, line.price)) > best:
            found, best = own[place], fit
            if fit == _FITS:
                break
    return found


_FITS = 2


def _fit(period: Period, day: date, price: str | None) -> int:
    """Whether a period charges a price, and whether it charges a day at it."""
    if price is None:
        return _FITS
    own = [one for one in period.charges if one.price == price]
    return bool(own) + any(one.start <= day < one.end for one in own)


def elected(sale: Sale, period: Period) -> BillingOptions:
    """As the price of its last charge says, else that of its last line."""
    if period.charges:
        return sale.elections(period.charges[-1].price)
    priced = [row.line.price for row in period.lines if row.line.price]
    return sale.elections(priced[-1]) if priced else MEASURED_EXACTLY


def by_price(period: Period) -> Iterator[Period]:
    """What is sold at one price and quantity by itself, with the lines that bill that.

    A line that does not say what it bills goes to what was sold on its first day.
    """
    own: dict[tuple[str, Decimal], Period] = {}
    for charge in period.charges:
        own.setdefault(_sold_as(charge), _empty(period)).charges.append(charge)
    for row in period.lines:
        own.setdefault(_key(row, period), _empty(period)).lines.append(row)
    yield from own.values()


def by_version(period: Period) -> Iterator[Period]:
    """What is billed for the first time, each version of a price by itself."""
    own: dict[str, Period] = {}
    for charge in period.charges:
        own.setdefault(charge.price, _empty(period)).charges.append(charge)
    yield from own.values()


def _empty(period: Period) -> Period:
    return structs.replace(period, charges=[], lines=[])


def _key(row: BilledLine, period: Period) -> tuple[str, Decimal]:
    line = row.line
    if line.price is not None:
        return line.price, line.quantity or _NONE
    assert line.service_from is not None, row
    sold = [one for one in period.charges if one.start <= line.service_from < one.end]
    return _sold_as(sold[0] if sold else period.charges[0]) if period.charges else ("", _NONE)


def _sold_as(charge: Charge) -> tuple[str, Decimal]:
    return charge.price, _NONE if charge.usage else charge.quantity


def stays_billed(sale: Sale, period: Period, row: BilledLine) -> bool:
    """Usage billed under a price that no longer charges it, where that price keeps it."""
    price = row.line.price
    return (
        row.line.kind == "usage"
        and price is not None
        and price not in {charge.price for charge in period.charges}
        and sale.elections(price).billed_usage == "kept"
    )
