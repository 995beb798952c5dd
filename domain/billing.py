"""What should be billed: recurring charges of a subscription, per item and billing period.

Revenue is measured from the same charges, so what is billed and what is earned over a service
period are one figure and the last line closes to zero. Money is rounded once, where it is charged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from msgspec import Struct

from domain.accounting.schedule import causes_of
from domain.calendar import add_months, spans
from domain.decimals import plain
from domain.errors import Rejected
from domain.explain import Step, Told, steps_of
from domain.master import MasterData, PriceVersion
from domain.money import decimal_text, part_to_minor, rounded_share
from domain.pricing import pricer, rate
from domain.terms import Stretch, Terms

# Contracts of one age share their billing periods, and so do the items of each.
REMEMBERED_TERMS = 4_096
_end = attrgetter("end")


class BillingPeriod(Struct, frozen=True):
    """[start, end) is billed as one; a stub is a part of [whole_start, end)."""

    start: date
    end: date
    whole_start: date

    @property
    def days(self) -> int:
        return (self.end - self.whole_start).days


class Charge(Struct, frozen=True, kw_only=True):
    """One amount to charge for [start, end) of a billing period, with its causes and steps.

    `running_minor` is what it would have come to had it run to the end of the period. `quantity` is
    what was sold, or used of the meter it names.
    """

    item: str
    price: str
    period: BillingPeriod
    start: date
    end: date
    minor: int
    running_minor: int
    bill_on: date
    causes: tuple[int, ...]
    pattern: str
    usage: bool = False
    meter: str = ""
    quantity: Decimal = Decimal(0)
    marks: tuple[tuple[date, int], ...] = ()
    told: Told = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        return steps_of(self.told)


def recurring_charges(terms: Terms, master: MasterData, *, but: str = "") -> tuple[Charge, ...]:
    """Every recurring charge of the whole term but those of one pattern, by item and period."""
    charges: list[Charge] = []
    for stretch in terms.stretches:
        charges += _of_stretch(stretch, terms, master, but)
    charges += retained_after_cancellation(terms, master)
    return tuple(charge for charge in charges if charge.pattern != but)


def _of_stretch(stretch: Stretch, terms: Terms, master: MasterData, but: str) -> Iterator[Charge]:
    head = version_of(stretch.price, stretch.start, master)
    if head is None:
        # Nothing silent (law 9): the unit waits, parked by name, until the price is known.
        raise Rejected("unknown-price", field="items.price", price=stretch.price)
    if head.price.meter is not None:
        return
    if head.price.currency != terms.started.currency:
        priced, sold = head.price.currency, terms.started.currency
        raise Rejected("currency-mismatch", field="items.price", price=priced, subscription=sold)
    costs: dict[str, Decimal] = {}
    for period in _overlapping(stretch, billing_periods(terms, head.price.interval_months)):
        version = master.price(stretch.price, period.start) or head
        if _pattern(version) == but:
            continue
        if version.name not in costs:
            costs[version.name] = pricer(version.price.model)(stretch.quantity)
        charge = _charge(stretch, period, version, costs[version.name], terms)
        if charge is not None:
            yield charge


def _pattern(version: PriceVersion) -> str:
    return version.price.pattern or "ratable"


def _overlapping(stretch: Stretch, periods: Sequence[BillingPeriod]) -> Iterator[BillingPeriod]:
    for place in range(bisect_right(periods, stretch.start, key=_end), len(periods)):
        if stretch.end <= periods[place].start:
            return
        yield periods[place]


def version_of(price: str, day: date, master: MasterData) -> PriceVersion | None:
    """The version in force on a day; none if nobody ever set the price.

    A price set later than it is sold counts from the start: agreed, if not yet keyed.
    """
    versions = master.prices.get(price, ())
    if len(versions) > 1:
        return master.price(price, day) or versions[0]
    return versions[0] if versions else None


def _charge(
    stretch: Stretch, period: BillingPeriod, version: PriceVersion, cost: Decimal, terms: Terms
) -> Charge | None:
    start, end = max(stretch.start, period.start), min(stretch.end, period.end)
    # What ends the stretch is why no charge follows, also where it ends with the period.
    cut = stretch.cut if stretch.end <= period.end else ()
    price = version.price
    if price.proration == "none":
        if start > period.start:
            return None
        start, end = period.start, period.end
    running, charged = _charged(cost, start, end, period, price.currency)
    back = _given_back(period, terms)
    return Charge(
        item=stretch.item,
        price=version.name,
        period=period,
        start=start,
        end=end,
        minor=0 if back else charged,
        running_minor=0 if back else running,
        bill_on=period.start if price.bill == "advance" else period.end,
        quantity=stretch.quantity,
        causes=causes_of(stretch.causes, cut, back),
        pattern=_pattern(version),
        told=lambda: _told(
            stretch, version, _part(start, end, period), charged, cut=cut, back=back
        ),
    )


def _told(
    stretch: Stretch,
    version: PriceVersion,
    service: str,
    charged: int,
    *,
    cut: tuple[int, ...],
    back: tuple[int, ...],
) -> Iterator[Step]:
    yield from _as_sold(stretch, version)
    yield from rate(version.price.model, stretch.quantity).steps
    yield Step(what="service", value=service)
    yield Step(what="charged, rounded once", value=decimal_text(charged, version.price.currency))
    if cut:
        yield Step(what=f"sold until {stretch.end}", value=stretch.then)
    if back:
        yield Step(what="given back", value="in full at cancellation")


def _charged(
    cost: Decimal, start: date, end: date, period: BillingPeriod, currency: str
) -> tuple[int, int]:
    """What [start, period end) costs, and the part of it up to `end`.

    The part is cut from the whole by days with the ledger's one rounding, so a change inside the
    period leaves what was earned before it as it was.
    """
    to_the_end = (period.end - start).days
    running = part_to_minor(cost, to_the_end, period.days, currency)
    if end == period.end:
        return running, running
    return running, rounded_share(running, (end - start).days, to_the_end)


def _given_back(period: BillingPeriod, terms: Terms) -> tuple[int, ...]:
    """The cancellation that gives the running period's charge back in full, if one does."""
    ended = terms.cancelled
    if ended is None or ended[2] != "full" or not _runs_at_cancellation(period, terms):
        return ()
    return (ended[0],)


def _as_sold(stretch: Stretch, version: PriceVersion) -> tuple[Step, ...]:
    what = f"{plain(stretch.quantity)} of {version.name}"
    renewed = (
        (Step(what="term renewed from", value=str(stretch.renewed)),) if stretch.renewed else ()
    )
    return (Step(what=f"sold since {stretch.since}", value=what), *renewed)


def _part(start: date, end: date, period: BillingPeriod) -> str:
    days = (end - start).days
    return f"{start} to {end}: {days} of {period.days} days"


def _runs_at_cancellation(period: BillingPeriod, terms: Terms) -> bool:
    assert terms.cancelled is not None
    return period.start < terms.cancelled[1] < period.end


def retained_after_cancellation(terms: Terms, master: MasterData) -> tuple[Charge, ...]:
    """With refund `none` the rest of the running period's charge is kept, and earned at the end."""
    if terms.cancelled is None or terms.cancelled[2] != "none":
        return ()
    position, day, _ = terms.cancelled
    found: list[Charge] = []
    for stretch in terms.stretches:
        if stretch.end != day:
            continue
        head = version_of(stretch.price, stretch.start, master)
        if head is None or head.price.meter is not None:
            continue
        for period in billing_periods(terms, head.price.interval_months):
            version = master.price(stretch.price, period.start) or head
            if _runs_at_cancellation(period, terms) and version.price.proration != "none":
                found.append(_retained(stretch, period, version, position, day))
    return tuple(found)


def _retained(
    stretch: Stretch, period: BillingPeriod, version: PriceVersion, position: int, day: date
) -> Charge:
    price = version.price
    since = max(stretch.start, period.start)
    cost = pricer(price.model)(stretch.quantity)
    whole, served = _charged(cost, since, day, period, price.currency)
    kept = whole - served
    return Charge(
        item=stretch.item,
        price=version.name,
        period=period,
        start=day,
        end=period.end,
        minor=kept,
        running_minor=kept,
        bill_on=period.start if price.bill == "advance" else period.end,
        quantity=stretch.quantity,
        causes=causes_of(stretch.causes, (position,)),
        pattern="as-invoiced" if price.pattern == "as-invoiced" else "point-in-time",
        told=lambda: (
            *_as_sold(stretch, version),
            Step(what="kept after cancellation", value=decimal_text(kept, price.currency)),
            Step(what="not served", value=f"{day} to {period.end}: earned at once, no refund"),
        ),
    )


def billing_periods(terms: Terms, interval_months: int) -> tuple[BillingPeriod, ...]:
    """Billing periods from the start of the term until its end, aligned to the anchor day."""
    start = terms.started.term_from
    end = terms.cover[-1].end if terms.cover else start
    anchor = terms.started.anchor_day or start.day
    return _periods(start, max(end, terms.started.term_to), interval_months, anchor)


@lru_cache(maxsize=REMEMBERED_TERMS)
def _periods(start: date, end: date, months: int, anchor: int) -> tuple[BillingPeriod, ...]:
    first = _aligned(start, anchor)
    whole = (BillingPeriod(begin, stop, begin) for begin, stop in spans(first, end, months, anchor))
    if first == start:
        return tuple(whole)
    return (BillingPeriod(start, first, add_months(first, -months, anchor)), *whole)


def _aligned(start: date, anchor: int) -> date:
    """The first day from `start` on that is the anchor day of its month."""
    here = add_months(start, 0, anchor)
    return here if here >= start else add_months(start, 1, anchor)
