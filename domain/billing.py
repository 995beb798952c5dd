"""What should be billed: recurring charges of a subscription, per item and billing period.

Revenue is measured from the same charges, so what is billed and what is earned over a service
period are one figure and the last line closes to zero. Money is rounded once, where it is charged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from domain.billing_periods import AnchorChange
from domain.calendar import ONE_DAY, add_months
from domain.charge import PREPAID, Charge, Kind
from domain.cycle import BillingPeriod, DayCount, Span
from domain.decimals import plain
from domain.errors import Rejected
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text, part_to_minor, rounded_share, to_minor
from domain.price import Prices, PriceSet, PriceVersion, version_of
from domain.pricing import pricer, rate
from domain.proration import Portion, factor, in_words, portion
from domain.sale import MIDNIGHT
from domain.stretch import Ending, Stretch
from domain.terms import Terms

_end = attrgetter("end")
ALWAYS: Span = (date.min, date.max)


def recurring_charges(
    terms: Terms, prices: Prices, *, but: str = "", within: Span = ALWAYS
) -> tuple[Charge, ...]:
    """Every recurring charge of the whole term but those of one pattern, by item and period; of
    billing periods that end by the first day of `within`, or begin after its last, some may be
    missing.
    """
    charges: list[Charge] = []
    for stretch in terms.stretches:
        charges += _of_stretch(stretch, terms, prices, but, within)
    charges += retained(terms, prices)
    return tuple(charge for charge in charges if charge.pattern != but)


class Sale(NamedTuple):
    """What is sold in a stretch and a billing period: at which price, in full at which cost."""

    stretch: Stretch
    period: BillingPeriod
    version: PriceVersion
    cost: Decimal
    terms: Terms
    changes: tuple[AnchorChange, ...]

    @property
    def price(self) -> PriceSet:
        return self.version.price

    @property
    def causes(self) -> tuple[int, ...]:
        return causes_of(self.stretch.causes, tuple(sorted(one.by for one in self.changes)))

    def bill_on(self, start: date) -> date:
        """At the start of the period, or of what is charged of it after a trial; or at the end."""
        if self.price.bill == "arrears":
            return self.ends_on
        trial = self.terms.trial_end(self.price)
        return start if start == trial > self.period.start else self.period.start

    @property
    def ends_on(self) -> date:
        """The end of the period, or of the price: what it came to is known then."""
        return self.terms.ends_on(self.stretch, self.period)

    @property
    def kind(self) -> Kind:
        return "one-off" if self.price.once else "recurring"


def _of_stretch(
    stretch: Stretch, terms: Terms, prices: Prices, but: str, within: Span
) -> Iterator[Charge]:
    for sale in _sales(stretch, terms, prices, but, within):
        charge = _charge(sale)
        if charge is not None:
            yield charge


def _sales(
    stretch: Stretch, terms: Terms, prices: Prices, but: str = "", within: Span = ALWAYS
) -> Iterator[Sale]:
    """What is charged by itself: neither usage nor what other charges fall short of."""
    head = head_of(stretch, terms, prices)
    if head.price.meter is not None:
        return
    costs: dict[str, Decimal | None] = {}
    for period, version, changes in versions_in(stretch, head, terms, prices, within):
        if _pattern(version) == but:
            continue
        if version.name not in costs:
            costs[version.name] = _cost(version.price, stretch.quantity)
        cost = costs[version.name]
        if cost is not None:
            yield Sale(stretch, period, version, cost, terms, changes)


def _cost(price: PriceSet, quantity: Decimal) -> Decimal | None:
    return None if price.is_commitment else pricer(price.model)(quantity)


def versions_in(
    stretch: Stretch, head: PriceVersion, terms: Terms, prices: Prices, within: Span = ALWAYS
) -> Iterator[tuple[BillingPeriod, PriceVersion, tuple[AnchorChange, ...]]]:
    """The billing periods of a stretch that end after the first day of `within` and begin by its
    last, the version of its price each is charged at, and the changes of the anchor it rests on.
    """
    every = head.price.every
    since, until = within
    periods = terms.billing_periods(stretch, every)
    first = bisect_right(periods, max(stretch.start, since), key=_end)
    for place in range(first, len(periods)):
        period = periods[place]
        begin = period.start
        if stretch.end < begin or (stretch.end == begin and stretch.ends_at is None):
            return
        if until < begin:
            return
        version = version_of(stretch.price, begin, prices) or head
        version = head if version.since > begin else version
        yield period, version, terms.resting_on(stretch, every, period)


def head_of(stretch: Stretch, terms: Terms, prices: Prices) -> PriceVersion:
    """The price as it is when the stretch begins: its interval is that of the whole stretch."""
    head = version_of(stretch.price, stretch.start, prices)
    if head is None:
        # Nothing silent (law 9): the unit waits, parked by name, until the price is known.
        raise Rejected("unknown-price", field="items.price", price=stretch.price)
    if head.price.meter is None and head.price.currency != terms.started.currency:
        priced, sold = head.price.currency, terms.started.currency
        raise Rejected("currency-mismatch", field="items.price", price=priced, subscription=sold)
    return head


def _pattern(version: PriceVersion) -> str:
    if version.price.is_prepaid:
        return PREPAID
    return version.price.pattern or "ratable"


def _charge(sale: Sale) -> Charge | None:
    """The charge of one stretch in one billing period; none in a trial."""
    stretch, period, price = sale.stretch, sale.period, sale.price
    first = max(period.start, sale.terms.trial_end(price))
    start, end = max(stretch.start, first), min(stretch.end, period.end)
    # What ends the stretch is why no charge follows, also where it ends with the period.
    cut = stretch.cut if stretch.end <= period.end else ()
    if price.upfront:
        return _upfront(sale)
    if price.proration == "none":
        if start > period.start:
            return None
        end = period.end
    if start >= end and not has_days(sale, start, end):
        return None
    charged = charge_for(sale, start, end)
    back = given_back(stretch.item, period, sale.terms)
    return Charge(
        item=stretch.item,
        price=sale.version.name,
        period=period,
        start=start,
        end=end if start < end else start + ONE_DAY,
        minor=0 if back else charged.minor,
        running_minor=0 if back else charged.running_minor,
        bill_on=sale.bill_on(start),
        quantity=sale.stretch.quantity,
        causes=causes_of(sale.causes, cut, back),
        pattern=_pattern(sale.version),
        kind=sale.kind,
        portion=charged.portion,
        told=lambda: _told(sale, start, end, charged, cut=cut, back=back),
    )


def _upfront(sale: Sale) -> Charge | None:
    """A fee is charged once, when it is first sold, and never for a part of a term."""
    stretch, period, terms = sale.stretch, sale.period, sale.terms
    sold = (stretch.item, stretch.price, stretch.sold_from)
    own = (one for one in terms.stretches if (one.item, one.price, one.sold_from) == sold)
    if stretch is not next(own) or not period.start <= stretch.start < period.end:
        return None
    start, charged = stretch.start, charge_for(sale, period.start, period.end)
    back = given_back(stretch.item, period, terms)
    return Charge(
        item=stretch.item,
        price=sale.version.name,
        period=period,
        start=start,
        end=period.end,
        minor=0 if back else charged.minor,
        running_minor=0 if back else charged.running_minor,
        bill_on=sale.bill_on(start),
        quantity=stretch.quantity,
        causes=causes_of(sale.causes, back),
        pattern=_pattern(sale.version),
        kind=sale.kind,
        benefits_to=_benefits_to(sale),
        told=lambda: _told(sale, start, period.end, charged, cut=(), back=back),
    )


def _benefits_to(sale: Sale) -> date:
    """The end of the term, or longer; a fee for what has no end must say for how long."""
    months, started = sale.price.benefits_months, sale.terms.started
    if started.term_to is None and months is None:
        raise Rejected("benefit-without-end", field="benefits_months", price=sale.stretch.price)
    longer = add_months(sale.stretch.start, months) if months else sale.period.end
    return longer if started.term_to is None else max(sale.period.end, longer)


# --- what part of a period costs -----------------------------------------------------------------


def has_days(sale: Sale, start: date, end: date) -> bool:
    """Whether there is anything to charge from one day to another; by the second a part of one."""
    return start < end or (
        start == end and sale.price.proration == "second" and _portion(sale, start, end).part > 0
    )


class Charged(NamedTuple):
    """What is charged, what it would be to the end of the period, and the part of it that it is."""

    minor: int
    running_minor: int
    portion: Portion | None


def charge_for(sale: Sale, start: date, end: date) -> Charged:
    """What [start, period end) costs, and the part of it up to `end`.

    The part is cut from the whole with the ledger's one rounding, so a change inside the period
    leaves what was earned before it as it was; where a price rounds its factor, by the factor. What
    was used is rounded, or what is not: the other is the rest.
    """
    price, period = sale.price, sale.period
    is_whole = start == period.whole_start and end == period.whole_end
    if is_whole and price.proration == "second":
        is_whole = _portion(sale, start, end).is_whole
    if is_whole or price.proration == "none":
        whole = part_to_minor(sale.cost, 1, 1, price.currency)
        return Charged(whole, whole, None)
    running = _portion(sale, start, period.end)
    running_minor = _share(sale.cost, running, price)
    if end == period.end:
        return Charged(running_minor, running_minor, running)
    used = _portion(sale, start, end)
    rest = Portion(running.part - used.part, running.total)
    rounded = used if price.options.prorated_part == "used" else rest
    if price.options.factor_places is not None:
        part = _share(sale.cost, rounded, price)
    elif running.part:
        part = rounded_share(running_minor, rounded.part, running.part)
    else:
        part = 0
    minor = part if rounded is used else running_minor - part
    return Charged(minor, running_minor, used)


def _share(cost: Decimal, part: Portion, price: PriceSet) -> int:
    places = price.options.factor_places
    if places is None:
        return part_to_minor(cost, part.part, part.total, price.currency)
    return to_minor(Fraction(cost) * factor(part, places), price.currency)


def _portion(sale: Sale, start: date, end: date) -> Portion:
    by, period, stretch = sale.price.proration, sale.period, sale.stretch
    if by == "day":
        total = (period.whole_end - period.whole_start).days
        return Portion((end - start).days, total)
    begin: date | datetime = start
    finish: date | datetime = end
    if start == stretch.start:
        begin = stretch.starts_at or start
    if end == stretch.end:
        finish = stretch.ends_at or end
    return portion(begin, finish, period, by, sale.terms.started.zone)


# --- what a cancellation or a removal leaves -----------------------------------------------------


def given_back(item: str, period: BillingPeriod, terms: Terms) -> tuple[int, ...]:
    """What ends the item inside the period and gives all of its charge back, if anything does."""
    for ending in terms.endings:
        if ending.item == item and ending.refund == "full" and runs(period, ending):
            return ending.causes
    return ()


def runs(period: BillingPeriod, ending: Ending) -> bool:
    """Whether a billing period runs when an item ends."""
    within = ending.at is not None and ending.at > MIDNIGHT
    return period.start < ending.day + within * ONE_DAY and ending.day < period.end


def is_kept(stretch: Stretch, period: BillingPeriod, terms: Terms) -> bool:
    """Whether the stretch ends inside the period and nothing of the period is given back."""
    return any(
        ending.refund == "none" and _ends(stretch, ending) and runs(period, ending)
        for ending in terms.endings
    )


def _ends(stretch: Stretch, ending: Ending) -> bool:
    return stretch.item == ending.item and stretch.end == ending.day


def retained(terms: Terms, prices: Prices) -> Iterator[Charge]:
    """With refund `none` the rest of the running period's charge is kept, and earned at the end."""
    for ending in terms.endings:
        if ending.refund != "none":
            continue
        for stretch in terms.stretches:
            if _ends(stretch, ending):
                for sale in _sales(stretch, terms, prices):
                    if runs(sale.period, ending) and sale.price.proration != "none":
                        yield from _retained(sale, ending)


def _retained(sale: Sale, ending: Ending) -> Iterator[Charge]:
    stretch, period, price, day = sale.stretch, sale.period, sale.price, ending.day
    since = max(stretch.start, period.start, sale.terms.trial_end(price))
    if not has_days(sale, since, day):
        return
    charged = charge_for(sale, since, day)
    kept = charged.running_minor - charged.minor
    unserved = price.pattern in (None, "ratable")
    running, served = _portion(sale, since, period.end), _portion(sale, since, day)
    # Of what was transferred at once nothing is left, whatever is kept of its charge.
    left = running.part - served.part if unserved else 0
    yield Charge(
        item=stretch.item,
        price=sale.version.name,
        period=period,
        start=day,
        end=period.end,
        minor=kept,
        running_minor=kept,
        bill_on=sale.bill_on(since),
        quantity=sale.stretch.quantity,
        portion=Portion(left, running.total),
        causes=causes_of(sale.causes, ending.causes),
        pattern="as-invoiced" if price.pattern == "as-invoiced" else "point-in-time",
        kind=sale.kind,
        unserved=unserved,
        told=lambda: (
            *_as_sold(sale),
            Step(what="kept after cancellation", value=decimal_text(kept, price.currency)),
            Step(what="not served", value=f"{day} to {period.end}: earned at once, no refund"),
        ),
    )


# --- in words ------------------------------------------------------------------------------------

_COUNTED: dict[DayCount, str] = {
    "day": "days",
    "second": "seconds",
    "thirty-days": "days of months of 30",
    "none": "of a period charged whole",
}


def _told(
    sale: Sale,
    start: date,
    end: date,
    charged: Charged,
    *,
    cut: tuple[int, ...],
    back: tuple[int, ...],
) -> Iterator[Step]:
    stretch, price = sale.stretch, sale.price
    yield from _as_sold(sale)
    yield from rate(price.model, stretch.quantity).steps
    yield Step(what="service", value=f"{start} to {end}: {_part(sale, charged)}")
    whole = decimal_text(charged.minor, price.currency)
    yield Step(what="charged, rounded once", value=whole)
    if cut:
        yield Step(what=f"sold until {stretch.end}", value=stretch.then)
    if back:
        yield Step(what="given back", value="in full at cancellation")


def _as_sold(sale: Sale) -> Iterator[Step]:
    stretch = sale.stretch
    what = f"{plain(stretch.quantity)} of {sale.version.name}"
    yield Step(what=f"sold since {stretch.since}", value=what)
    if stretch.renewed:
        yield Step(what="term renewed from", value=str(stretch.renewed))
    for change in sale.changes:
        yield change.told()
    trial = sale.terms.trial_end(sale.price)
    if sale.period.start < trial:
        yield Step(what="free until", value=str(trial))


def _part(sale: Sale, charged: Charged) -> str:
    period = sale.period
    days = (period.whole_end - period.whole_start).days
    part = charged.portion or Portion(days, days)
    counted = _COUNTED[sale.price.proration if charged.portion else "day"]
    return f"{in_words(part, sale.price.options.factor_places)} {counted}"
