"""The minimum, maximum or commitment of an item in each billing period, prorated with it.

It is known day by day as what is charged is: what is sold on a day goes on to the end of its
period, so a change inside the period moves nothing that was measured before it (law 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Literal, NamedTuple, TypeVar

from msgspec import structs

from domain.billing import Sale, charge_for, given_back, has_days, head_of, is_kept, versions_in
from domain.calendar import ONE_DAY
from domain.charge import Charge, Marks, passed
from domain.cycle import BillingPeriod
from domain.decimals import EXACT
from domain.facts import causes_of
from domain.price import Prices, PriceSet
from domain.pricing import Commitment
from domain.stretch import Stretch
from domain.terms import Terms

Kind = Literal["minimum", "maximum", "commitment"]
# An item, its price and a billing period.
Sold = tuple[str, str, BillingPeriod]
T = TypeVar("T")
_start = attrgetter("start")


class Part(NamedTuple):
    """Some days at one amount, and what it would be had they run to the end of the period."""

    start: date
    end: date
    minor: int
    running_minor: int


class Bound(NamedTuple):
    """What the charges of [start, end) of a billing period should not fall short of, or exceed.

    `due_on`: when a shortfall is billed.
    """

    kind: Kind
    item: str
    price: str
    period: BillingPeriod
    start: date
    end: date
    due_on: date
    parts: tuple[Part, ...]
    causes: tuple[int, ...]
    covers: tuple[str, ...] = ()
    is_ratable: bool = False

    @property
    def minor(self) -> int:
        return sum(part.minor for part in self.parts)

    @property
    def marks(self) -> Marks:
        """What it comes to as known at the end of each day on which that changes."""
        found, before = {}, 0
        for part in self.parts:
            found[part.start] = before + part.running_minor
            before += part.minor
            if part.end < self.period.end:
                found[part.end] = before
        return tuple(found.items())

    def by(self, day: date) -> int:
        """What it comes to from its first day to the end of a day."""
        end = self.period.end
        return sum(
            passed(part.minor, part.running_minor, (part.start, part.end, end), day)
            for part in self.parts
        )

    @property
    def sale(self) -> Sold:
        return self.item, self.price, self.period


def by_sale(rows: Iterable[T], charge_of: Callable[[T], Charge]) -> dict[Sold, list[T]]:
    """What is of the same item and price in the same period, in order."""
    found: dict[Sold, list[T]] = {}
    for row in rows:
        own = charge_of(row)
        found.setdefault((own.item, own.price, own.period), []).append(row)
    return found


class _Span(NamedTuple):
    """Days of a period on which a price with a bound is sold."""

    start: date
    end: date
    sale: Sale


def bounds(terms: Terms, prices: Prices, kind: Kind) -> tuple[Bound, ...]:
    """The bounds of one kind, one for all days of a period on which an item is sold at a price."""
    spans: dict[tuple[str, date, date, str], list[_Span]] = {}
    for stretch in terms.stretches:
        if any(_amount(one.price, kind) is not None for one in prices.get(stretch.price, ())):
            for span in _spans(stretch, terms, prices, kind):
                period, version = span.sale.period, span.sale.version
                # Periods of two lengths may begin on one day: a later version has its own interval.
                key = (stretch.item, period.start, period.end, version.name)
                spans.setdefault(key, []).append(span)
    return tuple(_bound(kind, spans[key]) for key in sorted(spans))


def _amount(price: PriceSet, kind: Kind) -> Decimal | None:
    match kind:
        case "minimum":
            return price.minimum
        case "maximum":
            return price.maximum
        case "commitment":
            return price.model.amount if isinstance(price.model, Commitment) else None


def _spans(stretch: Stretch, terms: Terms, prices: Prices, kind: Kind) -> Iterator[_Span]:
    """If nothing of a period is given back all of it counts; what is given back is no promise."""
    head = head_of(stretch, terms, prices)
    for period, version, changes in versions_in(stretch, head, terms, prices):
        amount = _amount(version.price, kind)
        if amount is None or (kind != "maximum" and given_back(stretch.item, period, terms)):
            continue
        if kind == "commitment":
            amount = EXACT.multiply(amount, stretch.quantity)
        start = max(stretch.start, period.start, terms.trial_end(version.price))
        kept = is_kept(stretch, period, terms)
        end = period.end if kept else min(stretch.end, period.end)
        sale = Sale(stretch, period, version, amount, terms, changes)
        if has_days(sale, start, end):
            yield _Span(start, end, sale)


def _bound(kind: Kind, spans: Sequence[_Span]) -> Bound:
    spans = sorted(spans, key=_start)
    joined = _joined(spans)
    sale = joined[0].sale
    model = sale.price.model
    return Bound(
        kind=kind,
        item=sale.stretch.item,
        price=sale.version.name,
        period=sale.period,
        start=joined[0].start,
        end=max(joined[-1].end, joined[0].start + ONE_DAY),
        due_on=spans[-1].sale.ends_on,
        parts=tuple(map(_part, joined)),
        causes=causes_of(*map(_causes, spans)),
        covers=model.covers if isinstance(model, Commitment) else (),
        is_ratable=sale.price.options.shortfall == "ratable",
    )


def _causes(span: _Span) -> tuple[int, ...]:
    """Why it is sold, and why no longer."""
    cut = span.sale.stretch.cut if span.end < span.sale.period.end else ()
    return causes_of(span.sale.causes, cut)


def _joined(spans: Sequence[_Span]) -> list[_Span]:
    """Days in a row at one amount are rounded once; without proration all of a period is one."""
    joined: list[_Span] = []
    for span in spans:
        last = joined[-1] if joined else span
        goes_on = (last.end, last.sale.cost) == (span.start, span.sale.cost)
        if joined and (goes_on or span.sale.price.proration == "none"):
            joined[-1] = _together(last, span)
        else:
            joined.append(span)
    return joined


def _together(one: _Span, other: _Span) -> _Span:
    end, ends_at = other.sale.stretch.end, other.sale.stretch.ends_at
    stretch = structs.replace(one.sale.stretch, end=end, ends_at=ends_at)
    return _Span(one.start, other.end, one.sale._replace(stretch=stretch))


def _part(span: _Span) -> Part:
    charged = charge_for(span.sale, span.start, span.end)
    return Part(span.start, span.end, charged.minor, charged.running_minor)
