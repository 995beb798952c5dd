"""The slow reference: what the books should say, in one file of plain arithmetic over facts.

It shares only the facts with the ledger: no SQL, no view, none of the ledger's own accounting.
Shares of an amount are added day by day and rounded once, where they are read. Whoever doubts a
figure of the ledger can follow it here from top to bottom.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from domain.anchor import BillingAnchorChanged
from domain.balance_facts import (
    BalanceApplied,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.books import AdjustmentApproved, AdjustmentProposed
from domain.chargeback_facts import (
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    ObligationSatisfied,
)
from domain.discount import DiscountGranted
from domain.entity import CalendarDefined, EntityOpened
from domain.facts import Fact, Retracted
from domain.invoice_facts import (
    CreditIssued,
    InvoiceIssued,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.invoicing import InvoicingAdopted, InvoicingOptions
from domain.meter import MeterDefined
from domain.party import CustomerRegistered
from domain.payment_facts import (
    PaymentApplied,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentNamed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import Flat, Graduated, PerUnit
from domain.pricing.package import Package
from domain.pricing.volume import Volume
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from domain.subscription import (
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.usage import UsageRow

DAY = timedelta(days=1)
BEFORE_ALL, AFTER_ALL = date.min, date.max
# What has no end is followed further than any history runs.
FAR = date(2028, 1, 1)
LIABILITY = "contract-liability"
LATEST_ANCHOR = date.max
MONDAY = date(2001, 1, 1)
Row = tuple[int, str, UsageRow, int]


class Amount(NamedTuple):
    """`minor` earned over [start, end) by `by`; standing still after `stop`, nothing `since`."""

    start: date
    end: date
    minor: int
    by: str
    stop: date = AFTER_ALL
    marks: tuple[tuple[date, int], ...] = ()
    since: date = BEFORE_ALL


class Move(NamedTuple):
    """An amount between two accounts, of one obligation; a document moves whatever the run.

    None of it is told before time comes to the day `after`.
    `standing`: what stands on a day for a run through another, where documents and time both say.
    """

    kind: str
    obligation: str
    debit: str
    credit: str
    amount: Amount
    document: bool
    standing: Callable[[date, date], int] | None = None
    after: date = BEFORE_ALL


class Key(NamedTuple):
    unit: str
    account: str
    obligation: str
    earned: date
    kind: str


# --- amounts, day by day ---


def half_away(exact: Fraction) -> int:
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


@lru_cache(maxsize=100_000)
def shares(start: date, end: date, by: str) -> tuple[Fraction, ...]:
    """The share earned by the end of each day of [start, end), added up day by day."""
    days = [start + DAY * n for n in range((end - start).days)]
    if by == "month-cut-off":
        months = sorted({(day.year, day.month) for day in days} - {(end.year, end.month)}) or [None]
        done = [[m for m in months if m and m < (d + DAY).timetuple()[:2]] for d in days]
        return (*(Fraction(len(past), len(months)) for past in done[:-1]), Fraction(1))
    counted = Counter(day.replace(day=1) for day in days)
    weights = [weight_of(day, counted[day.replace(day=1)], by) for day in days]
    whole, running, stands, seen = sum(weights), Fraction(0), Fraction(0), []
    for day, weight in zip(days, weights, strict=True):
        running += weight
        if by not in ("month", "half-month") or (day + DAY).day == 1:
            stands = running
        seen.append(stands / whole)
    return (*seen[:-1], Fraction(1))


def weight_of(day: date, beside: int, by: str) -> Fraction:
    """What a day counts for, with so many days of its month."""
    length = monthrange(day.year, day.month)[1]
    if by == "half-month":
        return Fraction(1, beside * (1 if beside == length else 2))
    if by.startswith("instant"):
        zone, *own = by.removeprefix("instant ").split("|")
        begins, ends = (midnight(one, zone) for one in (day, day + DAY))
        if own:
            begins, ends = max(begins, int(own[0])), min(ends, int(own[1]))
        return Fraction(max(ends - begins, 0))
    return Fraction(1, 1 if by == "day" else length)


def midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())


def by_its_clock(line: Any, by: str) -> str:
    """Where time counts by instants, and a line has its own, only what lies between counts."""
    if not by.startswith("instant") or line.service_from_at is None:
        return by
    moments = (line.service_from_at, line.service_to_at)
    return "|".join([by, *(str(int(one.timestamp())) for one in moments)])


def at(day: date, minor: int) -> Amount:
    return Amount(day, day + DAY, minor, "day")


def evenly(start: date, end: date, minor: int, by: str) -> Amount:
    zone, *own = by.removeprefix("instant ").split("|")
    if own:
        # From the day of the first second to that of the last.
        while midnight(start + DAY, zone) <= int(own[0]):
            start += DAY
        while midnight(end - DAY, zone) >= int(own[1]):
            end -= DAY
        while midnight(end, zone) < int(own[1]):
            end += DAY
    return Amount(start, end, minor, by) if end > start else at(start, minor)


def stands(amount: Amount, day: date) -> int:
    """What is earned by the end of a day."""
    if day < amount.since:
        return 0
    day = min(day, amount.stop)
    if amount.marks:
        return next((minor for mark, minor in reversed(amount.marks) if mark <= day), 0)
    if day < amount.start:
        return 0
    if day >= amount.end - DAY:
        return amount.minor
    return half_away(amount.minor * shares(*amount[:2], amount.by)[(day - amount.start).days])


def ends(amount: Amount) -> date:
    last = amount.marks[-1][0] if amount.marks else amount.end - DAY
    return min(max(last, amount.since), amount.stop)


def until(amounts: Iterable[Amount], last: date) -> list[Amount]:
    """The amounts as they stood at the end of a day, for good."""
    kept = [one for one in amounts if max(one.start, one.since) <= last]
    return [one._replace(stop=min(one.stop, last)) for one in kept]


def by_share(minor: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder, the earlier first."""
    weights = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(abs(minor) * weight, sum(weights)) for weight in weights]
    parts = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: abs(minor) - sum(parts)]:
        parts[place] += 1
    return [part if minor >= 0 else -part for part in parts]


# --- what is known ---


class World:
    """One entity's facts up to a position, less what later ones correct, in effective order."""

    def __init__(self, facts: Sequence[Fact], rows: Sequence[Row], book: str) -> None:
        self.book, self.rows = book, rows
        self.facts = sorted(in_force(facts), key=lambda f: (f.when.effective, f.when.order))
        self.periods = [p for f in self.of(CalendarDefined) for p in f.event.periods]
        self.zone = next((f.event.zone for f in self.of(EntityOpened)), "UTC")
        self.meters = {f.stream[6:]: f.event.aggregation for f in self.of(MeterDefined)}
        self.prices: dict[str, dict[date, PriceSet]] = {}
        for fact in self.of(PriceSet):
            self.prices.setdefault(fact.stream[6:], {})[fact.when.effective] = fact.event

    def of(self, *kinds: type, stream: str = "") -> list[Any]:
        found = (fact for fact in self.facts if isinstance(fact.event, kinds))
        return [fact for fact in found if not stream or fact.stream == stream]

    def options(self, day: date) -> Options:
        adopted = self.of(PolicyAdopted, stream=f"policy:{self.book}")
        for fact in reversed(adopted):
            # Adopted retrospectively it counts for every day that no later one counts for.
            if fact.when.effective <= day or fact.event.transition == "retrospective":
                return cast("Options", fact.event.options)
        return Options()

    def invoicing(self, day: date) -> InvoicingOptions:
        adopted = self.of(InvoicingAdopted)
        return next(
            (f.event.options for f in reversed(adopted) if f.when.effective <= day),
            InvoicingOptions(),
        )

    def by(self, day: date) -> str:
        options = self.options(day)
        if options.ratable_by == "instant":
            return f"instant {self.zone}"
        if options.ratable_by != "month":
            return options.ratable_by
        if options.month_ends == "last-month-cut-off":
            return "month-cut-off"
        return "month" if all((p.last + DAY).day == 1 for p in self.periods) else "month-by-days"

    def anew(self, day: date, by: str) -> date:
        inside = by in ("day", "month-by-days") or by.startswith("instant")
        return day if inside else day.replace(day=1)

    def price(self, name: str, day: date) -> tuple[date, PriceSet] | None:
        versions = sorted(self.prices.get(name, {}).items())
        return next((v for v in reversed(versions) if v[0] <= day), None)

    def first_price(self, name: str, day: date) -> tuple[date, PriceSet] | None:
        return self.price(name, day) or next(iter(sorted(self.prices.get(name, {}).items())), None)


def in_force(facts: Sequence[Fact]) -> list[Fact]:
    """Each chain of corrections from its start: the last one that was not itself taken back."""
    following: dict[int, list[Fact]] = {}
    for fact in facts:
        if fact.corrects is not None:
            following.setdefault(fact.corrects, []).append(fact)

    def gone(fact: Fact) -> bool:
        """Retracted by a retraction that was not itself retracted."""
        later = following.get(fact.position, [])
        return any(isinstance(one.event, Retracted) and not gone(one) for one in later)

    def last(fact: Fact) -> Fact | None:
        if gone(fact):
            return None
        for one in reversed(following.get(fact.position, [])):
            if not isinstance(one.event, Retracted) and (found := last(one)) is not None:
                return found
        return fact

    starts = (last(fact) for fact in facts if fact.corrects is None)
    return [fact for fact in starts if fact is not None]


# --- money of a price ---


def cost(model: Flat | PerUnit | Graduated | Volume | Package, quantity: Decimal) -> Fraction:
    exact = Fraction(quantity)
    if isinstance(model, Flat):
        return Fraction(model.amount)
    if isinstance(model, PerUnit):
        return Fraction(model.unit_amount) * exact
    if isinstance(model, Package):
        packages = 0
        while packages * Fraction(model.size) < exact:
            packages += 1
        return packages * Fraction(model.amount)
    if isinstance(model, Volume):
        small, large = model.tiers
        assert small.up_to is not None
        return exact * Fraction((small if exact <= small.up_to else large).unit_amount)
    if exact < 0:
        return Fraction(model.tiers[0].unit_amount) * exact
    total, floor = Fraction(0), Fraction(0)
    for tier in model.tiers:
        top = exact if tier.up_to is None else min(exact, Fraction(tier.up_to))
        if top > floor:
            total += (top - floor) * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
            floor = top
    return total


def minor_of(exact: Fraction, currency: str) -> int:
    return half_away(exact * (1 if currency == "JPY" else 100))


def month_later(day: date, count: int, anchor: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(anchor, monthrange(year, month + 1)[1]))


# --- subscriptions ---


class Sold(NamedTuple):
    """One item at one price and quantity from a day to a day, and what follows."""

    item: str
    start: date
    end: date
    price: str
    quantity: Decimal
    then: str


class Charge(NamedTuple):
    item: str
    amount: Amount
    pattern: str
    shown: object


class Said(NamedTuple):
    """A change of an item: from which day it counts, and when it was made."""

    day: date
    made: tuple[date, int]
    change: Any


class Deal:
    """A subscription as its facts have it."""

    def __init__(self, world: World, facts: Sequence[Any]) -> None:
        self.world, self.facts = world, facts
        self.seen: dict[object, Any] = {}
        self.started = next(f for f in facts if isinstance(f.event, SubscriptionStarted)).event
        self.changes = [
            f
            for f in facts
            if hasattr(f.event, "items") and not isinstance(f.event, DiscountGranted)
        ]
        self.is_endless = self.started.term_to is None or self.started.renews_months is not None
        first = FAR if self.is_endless else self.started.term_to
        self.terms = [(self.started.term_from, first)]
        for fact in facts:
            if isinstance(fact.event, SubscriptionRenewed):
                begin = max(fact.when.effective, self.terms[-1][1])
                if fact.event.term_to > begin and not self.is_endless:
                    self.terms.append((begin, fact.event.term_to))
        self.said = {item: self.said_of(item) for item in self.items()}
        self.endings = {item: self.endings_of(item) for item in self.items()}

    # --- service ---

    def held(self) -> list[date]:
        kinds = (SubscriptionPaused, SubscriptionSuspended, SubscriptionResumed)
        return sorted({f.when.effective for f in self.facts if isinstance(f.event, kinds)})

    def is_stopped(self, day: date) -> bool:
        """Whether nothing is served on a day, by the facts up to its end."""
        stopped = False
        for fact in self.facts:
            if fact.when.effective > day:
                continue
            if isinstance(fact.event, SubscriptionPaused):
                stopped = True
            elif isinstance(fact.event, SubscriptionSuspended):
                stopped = stopped or fact.event.billing == "stops"
            elif isinstance(fact.event, SubscriptionResumed):
                stopped = False
        return stopped

    # --- items ---

    def said_of(self, item: str) -> list[Said]:
        found: list[Said] = []
        for fact in self.changes:
            for change in fact.event.items:
                day, made = max(fact.when.effective, self.started.term_from), moment(fact)
                if change.item != item:
                    continue
                priced = [one for one in found if one.day <= day and one.change.price]
                if getattr(change, "timing", "now") == "period-end" and priced:
                    by_day = sorted(priced, key=lambda one: one.day)
                    last = by_day[-1]
                    day = self.running_end(last.change.price, last.made, last.day, day)
                found.append(Said(day, made, change))
        return sorted(found, key=lambda one: one.day)

    def running_end(self, name: str, made: tuple[date, int], since: date, day: date) -> date:
        version = self.world.first_price(name, day)
        every = every_of(version[1]) if version else (1, 0)
        return next((p[1] for p in self.periods(every, made, since) if p[0] <= day < p[1]), day)

    def sold(self, item: str, day: date) -> tuple[str, Decimal] | None:
        if (item, day) not in self.seen:
            self.seen[item, day] = self.sold_on(item, day)
        found: tuple[str, Decimal] | None = self.seen[item, day]
        return found

    def sold_on(self, item: str, day: date) -> tuple[str, Decimal] | None:
        price, quantity, present = "", Decimal(1), False
        for said in self.said[item]:
            if said.day <= day:
                change = said.change
                price = change.price if change.price is not None else price
                quantity = change.quantity if change.quantity is not None else quantity
                present = not getattr(change, "removed", False)
        return (price, quantity) if present and price else None

    def made(self, item: str, day: date) -> tuple[date, int]:
        """When what is sold on a day was changed to that."""
        now, found = self.sold(item, day), (BEFORE_ALL, 0)
        for when in sorted({said.day for said in self.said[item] if said.day <= day}):
            if self.sold(item, when) != self.sold(item, when - DAY):
                found = [said.made for said in self.said[item] if said.day <= when][-1]
        assert now is not None
        return found

    def since(self, item: str, day: date) -> date:
        """Since when the item is sold at all."""
        days = sorted({said.day for said in self.said[item] if said.day <= day}, reverse=True)
        first = day
        for when in days:
            if self.sold(item, when) is None:
                break
            first = when
        return first

    def endings_of(self, item: str) -> list[tuple[date, str]]:
        """The cancellation first, then removals before it: the day, and what is given back."""
        found: list[tuple[date, str]] = []
        ends = [f for f in self.facts if isinstance(f.event, SubscriptionCancelled)]
        if ends:
            day, sold = ends[0].when.effective, self.sold(item, ends[0].when.effective)
            if sold and ends[0].event.timing == "period-end":
                made, since = self.made(item, day), self.since(item, day)
                day = self.running_end(sold[0], made, since, day)
            elif sold and (version := self.world.first_price(sold[0], day)):
                day += DAY if serves_last_day(version[1]) else DAY * 0
            found.append((day, ends[0].event.refund))
        for when in sorted({said.day for said in self.said[item]}):
            if self.sold(item, when) is None and self.sold(item, when - DAY) is not None:
                removed = [s for s in self.said[item] if getattr(s.change, "removed", False)]
                refund = [s.change.refund for s in removed if s.day <= when][-1]
                if not ends or when < found[0][0]:
                    found.append((when, refund))
        return found

    def last_day(self, item: str) -> date:
        """The first day the cancellation leaves unserved."""
        is_cancelled = any(isinstance(f.event, SubscriptionCancelled) for f in self.facts)
        return self.endings[item][0][0] if is_cancelled else AFTER_ALL

    def stretches(self, item: str) -> list[Sold]:
        found: list[Sold] = []
        changing = {said.day for said in self.said[item]} | {*self.held()}
        last = self.last_day(item)
        for begin, end in [(a, min(b, last)) for a, b in self.terms if a < last]:
            days = sorted({begin, end, *(day for day in changing if begin < day < end)})
            runs: list[list[Any]] = []
            for a, b in pairwise(days):
                now = None if self.is_stopped(a) else self.sold(item, a)
                if runs and runs[-1][2] == now:
                    runs[-1][1] = b
                else:
                    runs.append([a, b, now])
            found.extend(
                Sold(item, a, b, *now, self.after(item, b, now)) for a, b, now in runs if now
            )
        return found

    def after(self, item: str, end: date, now: object) -> str:
        """What explain says follows: the cancellation, another price or quantity, or nothing."""
        following = self.sold(item, end)
        words = f"then {following}" if following != now else ""
        words = f"{words} stopped" if self.is_stopped(end) else words
        return f"{words} cancelled" if end == self.last_day(item) else words

    def items(self) -> list[str]:
        return sorted({change.item for fact in self.changes for change in fact.event.items})

    # --- billing periods ---

    def periods(
        self, every: tuple[int, int], made: tuple[date, int], since: date
    ) -> list[tuple[date, date, date, date]]:
        """Start and end, and those of the whole period it is a part of."""
        if every == (0, 0):
            return self.whole_terms(since)
        start = self.started.term_from
        shared = self.laid_out(every, (start, 0))
        own = next((p for p in shared if p[0] <= made[0] < p[1]), None)
        for fact in self.anchors():
            if own is None or fact.event.running_period == "cut" or moment(fact) > made:
                continue
            if (own[0], 0) < moment(fact) and own[0] < made[0]:
                return self.laid_out(every, made)
        return shared

    def anchors(self) -> list[Any]:
        return [f for f in self.facts if isinstance(f.event, BillingAnchorChanged)]

    def whole_terms(self, since: date) -> list[tuple[date, date, date, date]]:
        rows = self.terms
        if self.started.renews_months is not None and self.started.term_to is not None:
            rows, count = [(self.started.term_from, self.started.term_to)], 0
            while rows[-1][1] < FAR:
                count += self.started.renews_months
                end = month_later(self.started.term_to, count, self.started.term_to.day)
                rows.append((rows[-1][1], end))
        rows = [(max(a, since), b) for a, b in rows if max(a, since) < b]
        rows = [(a, a + DAY if b == FAR else b) for a, b in rows]
        return [(a, b, a, b) for a, b in rows]

    def laid_out(
        self, every: tuple[int, int], begin: tuple[date, int]
    ) -> list[tuple[date, date, date, date]]:
        """Day after day: a period ends where its cycle has a boundary, or an anchor cuts it."""
        if (every, begin) in self.seen:
            known: list[tuple[date, date, date, date]] = self.seen[every, begin]
            return known
        found: list[tuple[date, date, date, date]] = []
        self.seen[every, begin] = found
        start, last = begin, max(b for _, b in self.terms)
        while start[0] < last:
            cycle = (self.started.term_from, self.started.anchor_day, self.started.alignment)
            cuts = [LATEST_ANCHOR]
            for fact in self.anchors():
                is_cut, day = fact.event.running_period == "cut", fact.when.effective
                if moment(fact) <= start or (is_cut and day <= start[0]):
                    cycle = (day, fact.event.anchor_day, fact.event.alignment)
                elif is_cut and day > start[0]:
                    cuts.append(day)
            whole = whole_of(every, cycle, start[0])
            end = min(whole[1], *cuts)
            found.append((start[0], end, *whole))
            start = (end, 0)
        return found

    # --- charges ---

    def charges(self, by: str) -> list[Charge]:
        found = []
        for item in self.items():
            for sold in self.stretches(item):
                head = self.world.first_price(sold.price, sold.start)
                if head is None or head[1].meter is not None:
                    continue
                made, since = self.made(item, sold.start), self.since(item, sold.start)
                for period in self.periods(every_of(head[1]), made, since):
                    if period[1] > sold.start and sold.end > period[0]:
                        version, price = self.world.price(sold.price, period[0]) or head
                        found.extend(self.charge(sold, period, version, price, by))
        return found

    def charge(
        self,
        sold: Sold,
        period: tuple[date, date, date, date],
        since: date,
        price: PriceSet,
        by: str,
    ) -> list[Charge]:
        if price.upfront:
            return self.upfront(sold, period, since, price, by)
        begin = self.started.term_from
        free = max(self.started.trial_to or begin, begin + price.trial_days * DAY)
        start, end = max(sold.start, period[0], free), min(sold.end, period[1])
        none = price.proration == "none"
        if none and start > period[0]:
            return []
        end = period[1] if none else end
        if start >= end:
            return []
        on, minor = parted(price, sold.quantity, (start, end), period)
        fulls = [e for e in self.endings[sold.item] if period[0] < e[0] < period[1]]
        back = any(refund == "full" for _, refund in fulls)
        earned = 0 if back else minor
        pattern = price.pattern or "ratable"
        last = sold.then if sold.end <= period[1] else ""
        shown = (sold[:2], sold.quantity, sold.price, since, start, end, minor, earned, last)
        shown = (*shown, period, free if period[0] < free else None)
        at_once = pattern == "point-in-time"
        when = [at(self.first_use(sold.item, start), earned)] if at_once else []
        if not when:
            rows = self.earned((start, end, period[1]), earned, 0 if back else on, by)
            when = [part for one in rows for part in self.accessible(sold.item, one, by)]
        found = [Charge(sold.item, one, pattern, (shown, one)) for one in when]
        for day, refund in fulls:
            if refund == "none" and sold.end == day and not none:
                kept = on - minor
                found.append(Charge(sold.item, at(day, kept), "kept " + pattern, (shown, kept)))
        return found

    def upfront(
        self,
        sold: Sold,
        period: tuple[date, date, date, date],
        version: date,
        price: PriceSet,
        by: str,
    ) -> list[Charge]:
        """A fee: once, whole, over its term or longer; at the end what is left."""
        minor = self.fee(sold, period, price)
        if minor is None:
            return []
        item, begin = sold.item, sold.start
        last = month_later(begin, price.benefits_months or 0, begin.day)
        last = last if self.started.term_to is None else max(last, period[1])
        over = period[1]
        for start, end in self.terms:
            over = end if start <= over < end and over < last else over
        days = sorted(e[0] for e in self.endings[item] if e[0] >= begin)
        at_end = days[0] if days and days[0] < over else over - DAY
        over = min(over, *days) if days else over
        since = begin if price.benefits_months else self.served_from(begin, last)
        rows = [at(last - DAY, minor)]
        if since is not None:
            rows = self.accessible(item, evenly(since, last, minor, by), by)
        if over < last:
            rows = until(rows, self.world.anew(over, by) - DAY)
            left = minor - sum(stands(one, AFTER_ALL) for one in rows)
            rows += [at(at_end, left)] if left else []
        shown = (sold[:2], sold.quantity, sold.price, version, period, minor, last, over)
        return [Charge(item, one, price.pattern or "ratable", (shown, one)) for one in rows]

    def served_from(self, start: date, end: date) -> date | None:
        """The first day on which anything but fees is sold."""
        days = [
            max(one.start, start)
            for item in self.items()
            for one in self.stretches(item)
            for named in [self.world.first_price(one.price, one.start)]
            if named and not named[1].upfront and one.start < end and one.end > start
        ]
        return min(days, default=None)

    def fee(self, sold: Sold, period: tuple[date, ...], price: PriceSet) -> int | None:
        """What is paid of a fee, where it is first sold; none where it was sold before."""
        item, begin, since = sold.item, sold.start, self.since(sold.item, sold.start)
        mine = [s for s in self.stretches(item) if s.price == sold.price and s.start <= begin]
        before = [s for s in mine if s.start < begin and self.since(item, s.start) == since]
        if before or not period[0] <= begin < period[1]:
            return None
        fulls = [e for e in self.endings[item] if period[0] < e[0] < period[1]]
        minor = minor_of(cost(price.model, sold.quantity), price.currency)
        return 0 if any(refund == "full" for _, refund in fulls) else minor

    # --- access ---

    def can_use(self, item: str, day: date) -> bool:
        """Whether an item can be used on a day, as far as anything is said of it."""
        return lets_use(self.said_of_access(item), day)

    def said_of_access(self, item: str) -> list[Any]:
        return [f.event for f in self.facts if is_access(f) and f.event.item in (None, item)]

    def first_use(self, item: str, day: date) -> date:
        """The first day from a day on which evidence that names the item lets it be used."""
        said = [f for f in self.facts if is_access(f) and f.event.item == item]
        over = max([day, *(sold.end for sold in self.stretches(item))])
        if not said or day >= over:
            return day
        facts, self.facts = self.facts, said
        days = (day + DAY * n for n in range((over - day).days))
        found = next((one for one in days if self.can_use(item, one)), None)
        self.facts = facts
        return found or (over if over < FAR else AFTER_ALL) - DAY

    def accessible(self, item: str, one: Amount, by: str) -> list[Amount]:
        """The amount on the days on which the item can be used, and what is left after them."""
        start, end, left = one.start, ends(one) + DAY, stands(one, AFTER_ALL)
        said = self.said_of_access(item)
        if all(lets_use(said, start + DAY * n) for n in range((end - start).days if said else 0)):
            return [one]
        over = max([end, *(sold.end for sold in self.stretches(item))])
        found, day = [], start
        while day < over and left:
            if not lets_use(said, day):
                day += DAY
                continue
            stop = min(end if day < end else self.rest_from(item, day), over)
            last = day + DAY
            while last < stop and lets_use(said, last):
                last += DAY
            if last >= stop:
                return [*found, evenly(day, stop, left, by)]
            inside = "month-by-days" if by == "month" else by
            kept = Amount(day, stop, left, inside, self.world.anew(last, inside) - DAY)
            left -= stands(kept, last)
            found += [kept] if kept.stop >= day else []
            day = last
        return [*found, at(over - DAY, left)] if left and over < FAR else found

    def rest_from(self, item: str, day: date) -> date:
        """The end of the term that runs on a day; without a term, of the item's billing period."""
        for begin, end, *_ in self.whole_terms(BEFORE_ALL):
            if begin <= day < end and (self.started.renews_months or not self.is_endless):
                return end
        sold = next((s for s in self.stretches(item) if s.start <= day < s.end), None)
        version = self.world.first_price(sold.price, day) if sold else None
        if version is None:
            return day
        every, made, since = every_of(version[1]), self.made(item, day), self.since(item, day)
        return next((p[1] for p in self.periods(every, made, since) if p[0] <= day < p[1]), day)

    def earned(self, days: tuple[date, date, date], minor: int, on: int, by: str) -> list[Amount]:
        """A part of a billing period: as if it ran on until it is cut, then what is left."""
        start, end, last = days
        cut = self.world.anew(end, by)
        if end == last or cut <= start:
            return [evenly(start, end, minor, by)]
        kept = Amount(start, last, on, by, cut - DAY)
        rest = minor - stands(kept, cut - DAY)
        return [kept, evenly(cut, end, rest, by)] if rest or end > cut else [kept]


def lets_use(said: Sequence[Any], day: date) -> bool:
    """Whether what is said of access lets an item be used on a day; it does where nothing is."""
    found = not said or isinstance(said[0], AccessWithdrawn)
    for event in said:
        if event.when.effective <= day:
            found = isinstance(event, AccessGranted)
    return found


def is_access(fact: Any) -> bool:
    return isinstance(fact.event, AccessGranted | AccessWithdrawn)


def moment(fact: Any) -> tuple[date, int]:
    return fact.when.effective, fact.when.order or 0


def every_of(price: PriceSet) -> tuple[int, int]:
    """Months and days of a billing period; neither is the whole term."""
    if price.once:
        return 0, 0
    return (0, price.interval_days) if price.interval_days else (price.interval_months, 0)


@lru_cache(maxsize=100_000)
def whole_of(
    every: tuple[int, int], cycle: tuple[date, int | None, str], day: date
) -> tuple[date, date]:
    """The whole period a day lies in: boundaries are counted from the first one on, both ways."""
    since, anchor, alignment = cycle
    months, days = every
    if days:
        begin = MONDAY if alignment == "calendar" else since
        while begin > day:
            begin -= days * DAY
        while begin + days * DAY <= day:
            begin += days * DAY
        return begin, begin + days * DAY
    if alignment == "calendar":
        anchor = anchor or 1
        first = month_later(date(MONDAY.year, 1, 1), 0, anchor)
    else:
        anchor = anchor or since.day
        first = month_later(since, 0, anchor)
        first = first if first >= since else month_later(since, 1, anchor)
    count = 0
    while month_later(first, count, anchor) > day:
        count -= months
    while month_later(first, count + months, anchor) <= day:
        count += months
    return month_later(first, count, anchor), month_later(first, count + months, anchor)


def serves_last_day(price: PriceSet) -> bool:
    if price.meter is not None and price.options.usage_on_cancellation_day == "billed":
        return True
    return price.options.cancellation_day == "served"


def parted(
    price: PriceSet,
    quantity: Decimal,
    days: tuple[date, date],
    period: tuple[date, date, date, date],
) -> tuple[int, int]:
    """What runs to the end of the period would cost, and the part of it that is served."""
    start, end = days
    exact, whole = cost(price.model, quantity), (period[3] - period[2]).days
    places = price.options.factor_places

    def share(count: int) -> Fraction:
        if places is None:
            return Fraction(count, whole)
        return Fraction(half_away(Fraction(count * 10**places, whole)), 10**places)

    if price.proration == "none" or (start, end) == period[2:]:
        return minor_of(exact, price.currency), minor_of(exact, price.currency)
    left, served = (period[1] - start).days, (end - start).days
    on = minor_of(exact * share(left), price.currency)
    unused = price.options.prorated_part == "unused"
    rounded = left - served if unused else served
    if served == left:
        part = 0 if unused else on
    elif places is None:
        part = half_away(Fraction(on * rounded, left))
    else:
        part = minor_of(exact * share(rounded), price.currency)
    return on, on - part if unused else part


def recurring(world: World, own: Sequence[Any], by: str) -> list[tuple[str, Amount]]:
    """What items with a recurring price earn, change after change as accounting measures them."""
    started = [f for f in own if isinstance(f.event, SubscriptionStarted) or is_access(f)]
    later = [fact for fact in own if fact not in started]
    in_time = not any(fact.when.measured > fact.when.effective for fact in later)
    # Without an end there is nothing left over which a change agreed late could be spread.
    if in_time or Deal(world, own).is_endless:
        return [(c.item, c.amount) for c in Deal(world, own).charges(by) if billed_later(c)]
    turn = sorted(later, key=lambda f: (f.when.measured, f.when.effective, f.when.order))
    amounts: dict[str, list[Amount]] = {}
    before: dict[str, list[object]] = {}
    spread: set[str] = set()
    for count in range(len(turn) + 1):
        facts = sorted([*started, *turn[:count]], key=lambda f: (f.when.effective, f.when.order))
        charges = [c for c in Deal(world, facts).charges(by) if billed_later(c)]
        charges.sort(key=lambda c: "kept" in c.pattern)
        for item in {*amounts, *(c.item for c in charges)}:
            mine = [c for c in charges if c.item == item]
            if count and before.get(item, []) == [c.amount for c in mine]:
                continue
            before[item] = [c.amount for c in mine]
            change = turn[count - 1] if count else None
            if change is not None and change.when.measured > change.when.effective:
                spread.add(item)
            if item in spread and change is not None:
                old = amounts.get(item, [])
                amounts[item] = anew(world, old, [c.amount for c in mine], change.when.measured, by)
            else:
                amounts[item] = [c.amount for c in mine]
    return [(item, amount) for item, rows in amounts.items() for amount in rows]


def billed_later(charge: Charge) -> bool:
    return "as-invoiced" not in charge.pattern


def anew(
    world: World, old: Sequence[Amount], new: Sequence[Amount], day: date, by: str
) -> list[Amount]:
    """Keep what was earned, spread the rest of the new price over what remains."""
    begin = max(world.anew(day, by), min((one.start for one in new), default=BEFORE_ALL))
    kept = until(old, begin - DAY)
    rest = sum(stands(one, AFTER_ALL) for one in new) - sum(
        stands(one, begin - DAY) for one in kept
    )
    end = max((ends(one) for one in new), default=begin) + DAY
    return [*kept, evenly(begin, end, rest, by) if end > begin else at(day, rest)]


# Items by price version: the price, then (day, rows, quantity) of each row or what takes it back.
Group = dict[tuple[str, str], list[Any]]


def used(world: World, own: Sequence[Any], name: str) -> tuple[list[tuple[str, Amount]], int, int]:
    """What usage earns, item by item; and how many rows are rated, how many pending."""
    groups, pending = grouped(world, own, name)
    found = [row for group in groups.values() for row in usage_amounts(group)]
    rated = sum(rows for rows, _ in rated_rows(groups).values())
    return found, rated, pending


def grouped(
    world: World, own: Sequence[Any], name: str
) -> tuple[dict[tuple[date, date], Group], int]:
    """Rows by billing period, item and price version; and how many are pending."""
    deal = Deal(world, own) if any(isinstance(f.event, SubscriptionStarted) for f in own) else None
    if deal and not world.of(CustomerRegistered, stream=f"customer:{deal.started.customer}"):
        deal = None
    stretches = [sold for item in deal.items() for sold in deal.stretches(item)] if deal else []
    groups: dict[tuple[date, date], Group] = {}
    pending = 0
    for _, _, row, sign in world.rows:
        if row.subscription != name:
            continue
        day = row.occurred_at.date()
        place = priced(world, stretches, row.meter, day) if row.meter in world.meters else None
        if place is None or deal is None:
            pending += sign
            continue
        sold, since, price = place
        made, first = deal.made(sold.item, sold.start), deal.since(sold.item, sold.start)
        periods = deal.periods(every_of(price), made, first)
        start, end = next(p[:2] for p in periods if p[0] <= day < p[1])
        quantity = Decimal(1) if world.meters[row.meter] == "count" else row.quantity
        group = groups.setdefault((start, end), {})
        group.setdefault((sold.item, f"{sold.price}@{since}"), [price]).append(
            (day, sign, sign * quantity)
        )
    return groups, pending


def rated_rows(
    groups: dict[tuple[date, date], Group],
) -> dict[tuple[str, str, date], tuple[int, Decimal]]:
    """How many rows, and how much, each item has at each price from each billing period on."""
    found = {}
    for (start, _), group in groups.items():
        for (item, price), (_, *rows) in group.items():
            quantity = sum((row[2] for row in rows), Decimal(0))
            found[item, price, start] = (sum(row[1] for row in rows), quantity)
    return found


def priced(
    world: World, stretches: Sequence[Sold], meter: str, day: date
) -> tuple[Sold, date, PriceSet] | None:
    for sold in stretches:
        version = world.first_price(sold.price, day)
        if sold.start <= day < sold.end and version is not None and version[1].meter == meter:
            return sold, *version
    return None


def usage_amounts(group: dict[tuple[str, str], list[Any]]) -> list[tuple[str, Amount]]:
    """Items of one billing period: their exact sum is rounded, item by item, at every day."""
    days = sorted({day for rows in group.values() for day, *_ in rows[1:]})
    found, before = [], dict.fromkeys(days, Fraction(0))
    for key in sorted(group):
        price, rows = group[key][0], group[key][1:]
        first, marks = min(day for day, *_ in rows), []
        for day in days:
            units = sum((quantity for when, _, quantity in rows if when <= day), Decimal(0))
            exact = cost(price.model, units) if day >= first else Fraction(0)
            after = before[day] + exact
            cut = minor_of(after, price.currency) - minor_of(before[day], price.currency)
            marks.append((day, cut))
            before[day] = after
        found.append(
            (key[0], Amount(days[0], days[-1] + DAY, marks[-1][1], "", marks=tuple(marks)))
        )
    return found


# --- documents ---


class Line(NamedTuple):
    """An invoice line and what was taken off it: (day, minor, as if never, concession, void); the
    day it waits for until it is receivable, and that from which there is a contract.
    """

    invoice: str
    issued: Any
    line: Any
    cuts: tuple[tuple[date, int, bool, bool, bool], ...]
    since: date = BEFORE_ALL
    bound: date = BEFORE_ALL

    @property
    def day(self) -> date:
        return self.line.service_from or self.issued.when.effective


def lines(world: World) -> list[Line]:
    found = []
    for issued in world.of(InvoiceIssued):
        for line in issued.event.lines:
            cuts: list[tuple[date, int, bool, bool, bool]] = []
            for fact in world.of(CreditIssued, InvoiceVoided, stream=issued.stream):
                event, day = fact.event, fact.when.effective
                void = isinstance(event, InvoiceVoided)
                treatment = event.treatment or world.options(issued.when.effective).void_default
                never = treatment == "as-if-never"
                if void:
                    left = line.amount_minor - sum(cut[1] for cut in cuts)
                    cuts.append((day, left, never, False, True))
                    break
                for row in (row for row in event.lines if row.line == line.line):
                    grant = event.purpose == "concession"
                    cuts.append((day, row.amount_minor, never, grant, False))
            row = Line(issued.stream[8:], issued, line, tuple(cuts))
            bound = contract_from(row, world)
            found.append(row._replace(since=max(receivable_from(row, world), bound), bound=bound))
    return found


def contract_from(row: Line, world: World) -> date:
    """Nobody owes anything for a deal before its criteria are met."""
    if not is_sold(row):
        return BEFORE_ALL
    deals = world.of(ContractOpened, stream=unit_of(row))
    return met_on(world, deals[0]) if deals else BEFORE_ALL


def met_on(world: World, opened: Any) -> date:
    if opened.event.criteria_met:
        return BEFORE_ALL
    met = world.of(CriteriaMet, stream=opened.stream)
    return min((fact.when.effective for fact in met), default=AFTER_ALL)


def receivable_from(row: Line, world: World) -> date:
    """Who may leave without penalty owes nothing before it is due and its service has begun."""
    deals = world.of(SubscriptionStarted, ContractOpened, stream=unit_of(row))
    if not deals or deals[0].event.cancellable_days is None or not is_sold(row):
        return BEFORE_ALL
    return cast("date", max(row.issued.event.due_on, row.day))


class Told(NamedTuple):
    """What the customer owes more or less from a day on, and whether it is told whatever time has
    come to, or to what it is taken off.
    """

    day: date
    minor: int
    is_document: bool
    is_granted: bool = False
    after: date = BEFORE_ALL


def told_by(row: Line) -> list[Told]:
    """The line, then what is taken off it; what waits to be receivable is told by time alone."""
    if row.since == AFTER_ALL:
        return []
    issued = row.issued.when.effective
    dated = [(issued, row.line.amount_minor, False)]
    dated += [(cut[0], -cut[1], cut[3]) for cut in row.cuts]
    after = row.since if row.since > issued else BEFORE_ALL
    return [
        Told(max(d, row.since), minor, d >= row.since, grant, after) for d, minor, grant in dated
    ]


def unit_of(row: Line) -> str:
    if row.line.contract or row.line.subscription:
        kind = "contract" if row.line.contract else "subscription"
        return f"{kind}:{row.line.contract or row.line.subscription}"
    return f"invoice:{row.invoice}:{row.line.of_line or row.line.line}"


# Lines for nothing that is sold, and the account that each is posted against.
NOT_SOLD = {"tax": "tax-payable", "rounding": "rounding"}


def is_sold(row: Line) -> bool:
    return row.line.kind not in NOT_SOLD


def is_beside(row: Line) -> bool:
    """It belongs to another line of its invoice and moves what that is worth, by itself."""
    return row.line.of_line is not None


def obligation_of(row: Line, only: str = "") -> str:
    return row.line.obligation or only or row.line.of_line or row.line.line


def release(obligation: str, amount: Amount) -> Move:
    return Move("release", obligation, "contract-liability", "revenue", amount, document=False)


def billing(row: Line, obligation: str) -> list[Move]:
    against, place = "contract-liability", obligation
    if not is_sold(row):
        against, place = NOT_SOLD[row.line.kind], ""
    return [
        Move(
            "billing",
            place,
            "accounts-receivable",
            against,
            at(one.day, one.minor),
            document=one.is_document,
            after=one.after,
        )
        for one in told_by(row)
    ]


def as_invoiced(row: Line, obligation: str) -> list[Move]:
    if not is_sold(row):
        return []
    issued = row.issued.when.effective
    dated = [(issued, row.line.amount_minor)]
    dated += [(issued if cut[2] else cut[0], -cut[1]) for cut in row.cuts]
    return [release(obligation, at(day, minor)) for day, minor in dated]


def conceded(row: Line, obligation: str, world: World) -> list[Move]:
    found = []
    by = by_its_clock(row.line, world.by(row.day))
    for day, minor, never, grant, _ in row.cuts:
        if not is_sold(row) or not grant:
            continue
        if row.line.service_from is None or row.line.service_to is None:
            amount = at(row.issued.when.effective if never else day, -minor)
        else:
            start = (
                row.line.service_from if never else max(row.line.service_from, world.anew(day, by))
            )
            late = row.line.service_to <= start
            amount = at(day, -minor) if late else evenly(start, row.line.service_to, -minor, by)
        found.append(release(obligation, amount))
    return found


def moved(row: Line, obligation: str, world: World) -> list[Move]:
    """What a line moves of the deal it bills: one beside another all of it, else its price cuts."""
    if is_beside(row):
        return by_itself(row, obligation, world)
    return conceded(row, obligation, world)


def by_itself(row: Line, obligation: str, world: World) -> list[Move]:
    """A line that opens its own contract: its price over its service period."""
    start, end = row.line.service_from, row.line.service_to
    by = by_its_clock(row.line, world.by(row.day))
    if start is None or end is None or not is_sold(row):
        return as_invoiced(row, obligation)
    price = row.line.amount_minor - sum(cut[1] for cut in row.cuts if cut[2])
    amounts = [evenly(start, end, price, by)]
    for day, minor, never, _, void in row.cuts:
        if never:
            continue
        begin = max(start, world.anew(day, by))
        amounts = until(amounts, begin - DAY)
        price -= minor
        rest = price - sum(stands(one, begin - DAY) for one in amounts)
        amounts.append(at(day, rest) if void or end <= begin else evenly(begin, end, rest, by))
    return [release(obligation, amount) for amount in amounts]


# --- contracts stated by themselves ---


class Promise:
    """What was earned for good, and what is earned from some change on: its last stretch.

    `caught`: since when the stretch stands at the price it has now, less what was earned of it.
    """

    def __init__(self, own: Any, price: int) -> None:
        self.own, self.price, self.kept = own, price, list[Amount]()
        self.even = own.pattern != "point-in-time"
        self.done: Any = None
        self.stretch: Amount | None = None
        self.caught: tuple[date, int] | None = None

    @property
    def amounts(self) -> list[Amount]:
        if self.stretch is None:
            return self.kept
        if self.caught is None:
            return [*self.kept, self.stretch]
        day, less = self.caught
        return [*self.kept, self.stretch._replace(since=day), at(day, -less)]

    def passed(self, fact: Any) -> bool:
        """Whether control passed before a change came."""
        if self.done is None:
            return False
        mine = (self.done.when.effective, self.done.when.order)
        return bool(mine < (fact.when.measured, fact.when.order))

    def so_far(self, start: date, fact: Any) -> list[Amount]:
        """What of the stretch was earned before a change: by days, or if it had passed by then."""
        if self.stretch is None or not (self.even or self.passed(fact)):
            return []
        last = start - DAY if self.even else AFTER_ALL
        if self.caught is None:
            return until([self.stretch], last)
        day, less = self.caught
        if day <= last:
            return until([self.stretch._replace(since=day), at(day, -less)], last)
        # What was caught up stays, as far as it is of days before.
        begins = max(day, self.stretch.start)
        return [at(begins, stands(self.stretch, last) - less)]

    def before(self, start: date, fact: Any) -> int:
        return all_of([*self.kept, *self.so_far(start, fact)])

    def stop(self, start: date, fact: Any) -> None:
        """Only what was earned before a change stays."""
        self.kept = [*self.kept, *self.so_far(start, fact)]
        self.stretch = self.caught = None
        if not self.passed(fact):
            self.done = None

    def schedule(self, start: date | None, minor: int, by: str, done: dict[str, Any]) -> None:
        self.caught = None
        if self.own.pattern == "ratable":
            begin = start or self.own.service_from
            self.stretch = evenly(begin, self.own.service_to, minor, by)
        elif self.own.pattern == "point-in-time" and self.own.obligation in done:
            self.done = done[self.own.obligation]
            self.stretch = at(self.done.when.effective, minor)

    def catch_up(self, more: int, fact: Any) -> None:
        """As if its stretch had always been for so much more: what that is so far counts now."""
        self.price += more
        if self.stretch is None or not more:
            return
        day = fact.when.measured
        earned = self.so_far(day, fact)
        less = all_of(earned) + (self.caught[1] if self.caught else 0)
        self.kept = [*self.kept, *earned]
        self.stretch = self.stretch._replace(minor=self.stretch.minor + more)
        self.caught = day, less


def all_of(amounts: Iterable[Amount]) -> int:
    return sum(stands(one, AFTER_ALL) for one in amounts)


def allocated(owns: Sequence[Any], price: int) -> list[Promise]:
    fixed = [own for own in owns if own.pattern != "as-invoiced"]
    parts = iter(by_share(price, [own.ssp_minor for own in fixed]) if fixed else [])
    return [Promise(own, 0 if own.pattern == "as-invoiced" else next(parts)) for own in owns]


# From a day on: what is earned of all that is promised, as it is known then.
Known = list[tuple[date, list[Amount]]]


def stated(world: World, stream: str, rows: Sequence[Line]) -> list[Move]:
    opened = world.of(ContractOpened, stream=stream)
    if not opened:
        return [move for row in rows for move in billing(row, obligation_of(row))]
    event, ended = opened[0].event, False
    done: dict[str, Any] = {}
    for fact in world.of(ObligationSatisfied, stream=stream):
        done.setdefault(fact.event.obligation, fact)
    promises = allocated(event.obligations, event.price_minor)
    for promise in promises:
        promise.schedule(None, promise.price, world.by(opened[0].when.effective), done)
    known: Known = [(opened[0].when.effective, as_promised(promises))]
    changes = world.of(ContractModified, ContractTerminated, stream=stream)
    only = event.obligations[0].obligation if len(event.obligations) == 1 else ""
    owed: AsBilled | None = None
    for fact in sorted(changes, key=lambda f: (f.when.measured, f.when.order)):
        if owed is not None:
            known += owed.until(fact.when.measured)
        if isinstance(fact.event, ContractTerminated):
            if fact.event.owed == "billed":
                owed = AsBilled(promises, rows, only)
            terminate(promises, fact, owed)
            ended = True
        elif ended:
            price_change(promises, fact)
            if owed is not None:
                owed.settle(fact.when.measured)
        else:
            promises = modify(world, promises, fact, done)
        known.append((fact.when.measured, as_promised(promises)))
    if owed is not None:
        known += owed.until(AFTER_ALL)
    earned = [release(p.own.obligation, one) for p in promises for one in p.amounts]
    moves: list[Move] = []
    invoiced = {p.own.obligation for p in promises if p.own.pattern == "as-invoiced"}
    for row in rows:
        name = obligation_of(row, only)
        moves += billing(row, name)
        earned += as_invoiced(row, name) if name in invoiced else moved(row, name, world)
    since = met_on(world, opened[0])
    if since < AFTER_ALL:
        moves += [m._replace(amount=not_before(m.amount, since)) for m in earned]
    if event.refundable:
        charged = [row for row in rows if obligation_of(row, only) not in invoiced and is_sold(row)]
        moves += owed_back(known, charged, event)
    return moves


def not_before(amount: Amount, day: date) -> Amount:
    if amount.stop < day:
        return at(day, stands(amount, AFTER_ALL))
    return amount._replace(since=max(amount.since, day))


def as_promised(promises: Sequence[Promise]) -> list[Amount]:
    return [one for p in promises if p.own.pattern != "as-invoiced" for one in p.amounts]


def owed_back(known: Known, rows: Sequence[Line], event: ContractOpened) -> list[Move]:
    """Who may leave gets back what was charged beyond what is earned by the end of the notice, as
    that is known on the day. What documents of later days take back of it is not owed on theirs.
    """
    assert event.cancellable_days is not None
    notice = event.cancellable_days * DAY
    charges = [one for row in rows for one in told_by(row) if not one.is_granted]
    papers = [one for row in rows for one in told_by(row) if one.is_document]

    def standing(day: date, through: date) -> int:
        now = min(day, through)
        charged = sum(one.minor for one in charges if one.day <= now)
        # Nobody gets back more than was charged, whatever a price has come to.
        owed = max(charged - max(binds(known, now, notice), 0), 0)
        back = -sum(one.minor for one in papers if now < one.day <= day and one.after <= through)
        return max(owed - max(back, 0), 0)

    name = event.obligations[0].obligation
    days = [one.day for one in (*charges, *papers)]
    if not days:
        return []
    whole = Amount(min(days), FAR, 0, "day")
    return [Move("owed", name, "contract-liability", "refund-liability", whole, False, standing)]


def binds(known: Known, day: date, notice: timedelta) -> int:
    """What is earned by the end of a notice given on a day, of what is promised on that day."""
    promised = [rows for since, rows in known if since <= day]
    return sum(stands(one, day + notice) for one in promised[-1]) if promised else 0


def price_change(promises: Sequence[Promise], fact: Any) -> None:
    """Nothing is left to bear it: what was promised for a share of the price shares it alike."""
    fixed = [p for p in promises if p.own.pattern != "as-invoiced"] or promises[:1]
    parts = by_share(fact.event.price_change_minor, [p.own.ssp_minor for p in fixed])
    for promise, part in zip(fixed, parts, strict=True):
        promise.kept = [*promise.kept, at(fact.when.measured, part)]
        promise.price += part


class AsBilled:
    """Of what ended no more is owed than what was billed of it, and never more than its price."""

    def __init__(self, promises: Sequence[Promise], rows: Sequence[Line], only: str) -> None:
        self.promises = [p for p in promises if p.own.pattern != "as-invoiced"]
        self.every, self.less, self.last = promises, [0] * len(self.promises), BEFORE_ALL
        apart = {p.own.obligation for p in promises if p.own.pattern == "as-invoiced"}
        mine = [row for row in rows if is_sold(row) and not is_beside(row)]
        self.rows = [row for row in mine if obligation_of(row, only) not in apart]

    def billed(self, day: date) -> int:
        found = 0
        for row in self.rows:
            issued = row.issued.when.effective
            dated = [(issued, row.line.amount_minor)]
            dated += [
                (issued if never else at, -m) for at, m, never, grant, _ in row.cuts if not grant
            ]
            found += sum(minor for at, minor in dated if at <= day)
        return found

    def days(self) -> set[date]:
        cuts = {cut[0] for row in self.rows for cut in row.cuts}
        return cuts | {row.issued.when.effective for row in self.rows}

    def at_the_end(self, lefts: Sequence[int], day: date) -> list[int]:
        """First what is left bears it, then what was earned."""
        self.last, prices = day, [p.price for p in self.promises]
        unowed = max(sum(p.price for p in self.every) - self.billed(day), 0)
        lefts = [max(left, 0) for left in lefts]
        first = min(unowed, sum(lefts))
        done = [max(price - left, 0) for price, left in zip(prices, lefts, strict=True)]
        both = zip(by_share(first, lefts), by_share(unowed - first, done), strict=True)
        self.less = [part + more for part, more in both] if prices else []
        return self.less

    def until(self, day: date) -> Known:
        """Documents of later days, each on its own."""
        return [(on, self.settle(on)) for on in sorted(self.days()) if self.last < on < day]

    def settle(self, day: date) -> list[Amount]:
        wanted = sum(p.price for p in self.every) + sum(self.less) - self.billed(day)
        more = max(wanted, 0) - sum(self.less)
        prices = [max(p.price, 0) for p in self.promises]
        parts = by_share(more, self.less if any(self.less) else prices) if self.promises else []
        for promise, part in zip(self.promises, parts, strict=True):
            promise.kept = [*promise.kept, at(day, -part)]
            promise.price -= part
        self.less = [less + part for less, part in zip(self.less, parts, strict=True)]
        self.last = max(self.last, day - DAY)
        return as_promised(self.every)


def terminate(promises: Sequence[Promise], fact: Any, owed: AsBilled | None = None) -> None:
    day = fact.when.measured
    lefts = [max(p.price - p.before(day, fact), 0) for p in promises]
    # Where nothing is left, what was earned is given back: by prices.
    prices = [max(p.price, 0) for p in promises]
    alike = [1] * len(promises)
    bearing = next(weights for weights in (lefts, prices, alike) if any(weights))
    refunds = by_share(fact.event.refund_minor, bearing)
    if owed is not None:
        fixed = [p for p in promises if p.own.pattern != "as-invoiced"]
        parts = iter(owed.at_the_end([p.price - p.before(day, fact) for p in fixed], day))
        refunds = [next(parts) if p in fixed else 0 for p in promises]
    for promise, refund in zip(promises, refunds, strict=True):
        promise.price -= refund
        promise.stop(day, fact)
        promise.kept = [*promise.kept, at(day, promise.price - all_of(promise.kept))]


def modify(world: World, promises: list[Promise], fact: Any, done: dict[str, Any]) -> list[Promise]:
    event, day = fact.event, fact.when.measured
    by = world.by(day)
    priced = any(own.pattern != "as-invoiced" for own in event.added)
    # What somebody judges counts, whatever the price says of it.
    is_apart = event.treatment == "separate"
    if event.treatment == "by-rule":
        is_apart = event.price_reflects_ssp
    if event.added and is_apart and (priced or not event.price_change_minor):
        apart = allocated(event.added, event.price_change_minor)
        for promise in apart:
            promise.schedule(None, promise.price, by, done)
            # What was transferred before it was agreed is earned when it is.
            promise.caught = day, 0
        return [*promises, *apart]
    # By months a change on the last day of one leaves that month as it was.
    start = world.anew(day + DAY, by) if world.anew(day, by) != day else day
    going = [p for p in promises if remains(p, start, fact)]
    added = [Promise(own, 0) for own in event.added if own.pattern != "as-invoiced"]
    invoiced = [Promise(own, 0) for own in event.added if own.pattern == "as-invoiced"]
    minor = event.price_change_minor
    if event.treatment == "cumulative" and going and not added:
        parts = by_share(minor, [promise.own.ssp_minor for promise in going])
        for promise, part in zip(going, parts, strict=True):
            promise.catch_up(part, fact)
        return [*promises, *invoiced]
    # Caught up goes what there is; what is added with it costs what the change says.
    spread = [] if event.treatment == "cumulative" else going
    lefts = [p.price - p.before(start, fact) for p in spread]
    weights = [abs(left) for left in lefts] + [promise.own.ssp_minor for promise in added]
    if not weights:
        price_change(promises, fact)
        return [*promises, *invoiced]
    shares_now = by_share(sum(lefts) + minor, weights)
    for promise, share in zip([*spread, *added], shares_now, strict=True):
        promise.stop(start, fact)
        promise.price = all_of(promise.kept) + share
        promise.schedule(max(start, promise.own.service_from or start), share, by, done)
    return [*promises, *added, *invoiced]


def remains(promise: Promise, start: date, fact: Any) -> bool:
    if promise.own.pattern == "as-invoiced":
        return False
    if not promise.even:
        return not promise.passed(fact)
    # What is over by the day of the change is done, wherever a month is cut.
    return bool(promise.own.service_to > max(start, fact.when.measured))


# --- customers' money ---


def money(world: World, customer: str, currency: str, rows: Sequence[Line]) -> list[Move]:
    """All of one account, day after day, by lists that are looked through from end to end."""
    purse = Purse(world, (customer, currency), rows)
    for day in sorted(purse.days()):
        purse.pass_by(day)
    return purse.moves


FIRST_OF = (PaymentReceived, BalanceGranted)
BACK = (PaymentRefunded, PaymentFailed, BalanceRefunded, BalanceWithdrawn)
SIDES = {"goodwill": "credits-granted", "taken-over": "opening-clearing"}
DEDUCTED = {
    "withholding": "withholding-receivable",
    "discount": "settlement-discount",
    "fee": "bank-fees",
    "short-pay": "short-pay",
}


class Pair:
    """What of a source stands against an invoice, or was moved to what a credit note left."""

    def __init__(self, source: str, target: str, stated: bool) -> None:
        self.source, self.target, self.stated, self.minor = source, target, stated, 0


class Held:
    """What is paid of an invoice for what is no contract: how much by money that does not name the
    deal, and what went out of that again, by day.
    """

    def __init__(self, day: date) -> None:
        self.day, self.minor, self.others = day, 0, 0
        self.gone: list[tuple[date, int]] = []


class Wish:
    """A stated part of money, or of what was deducted, for an invoice."""

    def __init__(self, source: str, by: str, invoice: str, minor: int, day: date, at: int) -> None:
        self.source, self.by, self.invoice, self.minor = source, by, invoice, minor
        self.day, self.at, self.pair = day, at, Pair(source, invoice, stated=True)
        self.begun = self.over = False


class Purse:
    """One customer account: what is owed and had by name, and what stands against what."""

    def __init__(self, world: World, mine: tuple[str, str], rows: Sequence[Line]) -> None:
        self.world, self.mine = world, mine
        self.place = {fact.position: n for n, fact in enumerate(world.facts)}
        self.moves: list[Move] = []
        self.backs: list[tuple[date, str, int]] = []
        self.stands: dict[str, int] = {}
        self.owed: dict[str, Any] = {}
        self.had: dict[str, Any] = {}
        self.account: dict[str, str] = {}
        self.since: dict[str, tuple[date, int, str]] = {}
        self.pairs: list[Pair] = []
        self.wishes: list[Wish] = []
        self.barred: set[tuple[str, str]] = set()
        self.kept: dict[str, date] = {}
        self.acts: list[tuple[date, int, Any]] = []
        self.given_up: set[str] = set()
        self.read_owed(rows)
        self.read_had()
        self.read_said()
        self.contract = {n: getattr(f.event, "contract", None) for n, f in self.had.items()}
        self.advanced: dict[tuple[str, str], int] = {}
        self.waits = [row for row in rows if row.invoice in self.owed and row.since > BEFORE_ALL]
        self.prepaid: dict[str, Counter[tuple[str, str]]] = {}
        self.held: dict[tuple[str, str], Held] = {}
        self.is_kept: set[tuple[str, str]] = set()

    # what there is

    def read_owed(self, rows: Sequence[Line]) -> None:
        for row in rows:
            event, day = row.issued.event, row.issued.when.effective
            if (event.customer, event.currency) != self.mine:
                continue
            self.owed[row.invoice] = row.issued
            self.stands.setdefault(row.invoice, 0)
            at = self.place[row.issued.position]
            self.acts.append((day, at, ("amount", row.invoice, row.line.amount_minor)))
        for fact in self.world.of(CreditIssued, InvoiceVoided):
            if fact.stream[8:] in self.owed:
                self.read_cut(fact, [row for row in rows if row.invoice == fact.stream[8:]])

    def read_cut(self, fact: Any, rows: Sequence[Line]) -> None:
        for row in rows:
            name, cuts = row.invoice, list(row.cuts)
            void = isinstance(fact.event, InvoiceVoided)
            first = self.world.of(InvoiceVoided, stream=fact.stream)
            if first and self.place[first[0].position] < self.place[fact.position]:
                return
            minor = cuts[-1][1] if void else 0
            if not void:
                taken = (c.amount_minor for c in fact.event.lines if c.line == row.line.line)
                minor = sum(taken)
            act = ("amount", name, -minor) if void else ("credit", name, -minor, fact.event)
            if minor:
                self.acts.append((fact.when.effective, self.place[fact.position], act))

    def read_had(self) -> None:
        for fact in self.world.of(*FIRST_OF):
            event = fact.event
            if (event.customer, event.currency) != self.mine:
                continue
            paid = isinstance(event, PaymentReceived)
            name = fact.stream[8:] if paid else fact.stream
            self.had[name] = fact
            self.stands[name] = 0
            self.since[name] = (fact.when.effective, fact.when.order, name)
            deposit = paid and event.deposit
            self.account[name] = "deposits" if deposit else "unapplied-cash"
            if not paid:
                self.account[name] = "customer-credit"
            self.change(name, fact, event.amount_minor)
            for later in self.world.of(*BACK, PaymentFeeCharged, stream=fact.stream):
                self.change(name, later, -later.event.amount_minor)
            self.read_chargebacks(name, fact.stream)

    def change(self, name: str, fact: Any, minor: int) -> None:
        """In the account itself, and on the liability's other side."""
        event, mine = self.had[name].event, self.account[name]
        cash = "external-clearing" if getattr(event, "out_of_band", False) else "cash-clearing"
        day = fact.when.effective
        if isinstance(fact.event, PaymentRefunded | BalanceRefunded):
            self.backs.append((day, name, -minor))
        if isinstance(fact.event, PaymentFeeCharged):
            self.book("fee", "bank-fees", cash, day, -minor)
            return
        if isinstance(fact.event, BalanceGranted | BalanceWithdrawn):
            cash = SIDES[event.reason]
        self.book("cash", cash, mine, day, minor)
        self.acts.append((day, self.place[fact.position], ("amount", name, minor)))

    def read_chargebacks(self, name: str, stream: str) -> None:
        facts = self.world.of(ChargebackOpened, ChargebackWon, ChargebackLost, stream=stream)
        cash = "cash-clearing"
        if self.had[name].event.__class__ is PaymentReceived and self.had[name].event.out_of_band:
            cash = "external-clearing"
        for chargeback in dict.fromkeys(fact.event.chargeback for fact in facts):
            own = [fact for fact in facts if fact.event.chargeback == chargeback]
            first = next((f for f in own if isinstance(f.event, ChargebackOpened)), None)
            if first is None:
                continue
            before, said = "none", "open"
            for fact in (first, *(f for f in own if not isinstance(f.event, ChargebackOpened))):
                if fact is not first:
                    said = "lost" if isinstance(fact.event, ChargebackLost) else "won"
                late = max(first, fact, key=lambda one: self.place[one.position])
                if before != said:
                    fee = getattr(fact.event, "fee_minor", 0)
                    fee -= getattr(fact.event, "fee_returned_minor", 0)
                    self.book("fee", "bank-fees", cash, late.when.effective, fee)
                    self.turn(name, late, first.event.amount_minor, (before, said), cash)
                before = said

    def turn(self, name: str, fact: Any, minor: int, how: tuple[str, str], cash: str) -> None:
        day, gone = fact.when.effective, ("open", "lost")
        taken = minor * ((how[1] in gone) - (how[0] in gone))
        lost = minor * ((how[1] == "lost") - (how[0] == "lost"))
        self.book("chargeback", "disputed-cash", cash, day, taken)
        self.book("chargeback", self.account[name], "disputed-cash", day, lost)
        self.acts.append((day, self.place[fact.position], ("amount", name, -taken)))
        self.backs.append((day, name, taken))

    # what is said of it

    def read_said(self) -> None:
        for fact in self.world.of(PaymentApplied, BalanceApplied):
            by = self.named(fact)
            for row in fact.event.applications if by else ():
                if by is not None and row.invoice in self.owed:
                    self.read_row(fact, by, row)
        for fact in self.world.of(PaymentUnapplied, BalanceUnapplied, PaymentNamed):
            by, at = self.named(fact), self.place[fact.position]
            if by is None:
                continue
            if isinstance(fact.event, PaymentNamed):
                self.acts.append((fact.when.effective, at, ("name", by, fact.event.contract)))
            elif fact.event.invoice in self.owed:
                self.acts.append((fact.when.effective, at, ("off", by, fact.event.invoice)))
        for fact in self.world.of(InvoiceWrittenOff, InvoiceRecovered):
            if fact.stream[8:] in self.owed:
                act = ("give up", fact.stream[8:], fact.event)
                self.acts.append((fact.when.effective, self.place[fact.position], act))

    def named(self, fact: Any) -> str | None:
        name = fact.stream.removeprefix("payment:")
        return name if name in self.had else None

    def read_row(self, fact: Any, by: str, row: Any) -> None:
        issued, received = self.owed[row.invoice].when.effective, self.since[by][0]
        day, at = max(fact.when.effective, issued, received), self.place[fact.position]
        if row.amount_minor:
            self.wishes.append(Wish(by, by, row.invoice, row.amount_minor, day, at))
        for part in row.deductions:
            source = f"{by}:{row.invoice}:{part.kind}:{at}"
            self.stands[source] = 0
            self.account[source] = DEDUCTED[part.kind]
            self.wishes.append(Wish(source, by, row.invoice, part.amount_minor, day, at))

    # the days

    def days(self) -> set[date]:
        opened = self.world.of(SubscriptionStarted, ContractOpened)
        days = {day for day, _, _ in self.acts} | {wish.day for wish in self.wishes}
        days |= {day for row in self.waits for day in (row.since, row.bound)}
        days |= {f.when.effective for f in opened if account_of(f) == self.mine}
        days |= {f.when.effective for f in self.world.of(CriteriaMet)}
        days |= {f.when.measured for f in self.world.of(ContractTerminated)}
        return days - {BEFORE_ALL, AFTER_ALL}

    def pass_by(self, day: date) -> None:
        todays = sorted((row for row in self.acts if row[0] == day), key=lambda row: row[1])
        for _, at, act in todays:
            self.act(day, at, act)
        for name in [*self.stands]:
            self.undo_excess(name, day)
        self.begin(day)
        self.by_default(day)
        for _, _, act in todays:
            if act[0] == "give up":
                self.give_up(act[1], act[2], day)
                self.by_default(day)
        for invoice in self.owed:
            self.cover(invoice, day)
        for invoice in {row.invoice for row in self.waits}:
            self.pay_before(invoice, day)
        self.advance(day)

    def act(self, day: date, at: int, act: Any) -> None:
        if act[0] in {"amount", "credit"}:
            self.stands[act[1]] += act[2]
        if act[0] == "credit":
            self.release(act[1], act[3], day)
        if act[0] == "name":
            self.take_back(act[1], day)
            self.contract[act[1]] = act[2]
        if act[0] == "off":
            self.barred.add((act[1], act[2]))
            for wish in self.wishes:
                if (wish.by, wish.invoice) == act[1:] and wish.at < at and not wish.over:
                    wish.over = True
                    self.move(wish.pair, -wish.pair.minor, day)
                    if wish.begun and wish.source != wish.by:
                        self.stands[wish.source] -= wish.minor
            for pair in self.pairs:
                if (pair.source, pair.target) == act[1:]:
                    self.move(pair, -pair.minor, day)

    # what stands against what

    def left(self, name: str) -> int:
        both = (pair.minor for pair in self.pairs if name in (pair.source, pair.target))
        return self.stands[name] - sum(both) if name not in self.kept else self.left_kept(name)

    def left_kept(self, name: str) -> int:
        into = sum(pair.minor for pair in self.pairs if pair.target == name)
        return into - sum(pair.minor for pair in self.pairs if pair.source == name)

    def spare(self, name: str) -> int:
        """What is not kept for what is stated of a later day."""
        waits = [w for w in self.wishes if not w.begun and not w.over]
        return self.left(name) - sum(w.minor for w in waits if name in (w.source, w.invoice))

    def move(self, pair: Pair, minor: int, day: date) -> None:
        if not minor:
            return
        if pair not in self.pairs:
            self.pairs.append(pair)
        pair.minor += minor
        to = self.account[pair.target] if pair.target in self.kept else "accounts-receivable"
        kind = "transfer" if pair.target in self.kept else "application"
        self.book(kind, self.account[pair.source], to, day, minor)
        if pair.target in self.kept and minor < 0:
            self.undo_excess(pair.target, day)

    def book(self, kind: str, debit: str, credit: str, day: date, minor: int) -> None:
        if minor:
            self.moves.append(Move(kind, "", debit, credit, at(day, minor), document=True))

    def of(self, name: str) -> list[Pair]:
        """In the order they give way."""
        mine = [p for p in self.pairs if p.minor and name in (p.source, p.target)]
        if name in self.kept:
            mine = [pair for pair in mine if pair.source == name]

        def order(pair: Pair) -> tuple[bool, bool, int]:
            first = pair.source in self.given_up
            if pair.target in self.kept:
                first = first or self.account[pair.target] == "refund-clearing"
            return pair.stated, not first, -self.pairs.index(pair)

        return sorted(mine, key=order)

    def undo_excess(self, name: str, day: date) -> None:
        for pair in self.of(name):
            back = min(pair.minor, -self.left(name))
            if back > 0:
                self.move(pair, -back, day)

    def release(self, invoice: str, event: Any, day: date) -> None:
        to = event.to or self.world.invoicing(day).credits_to
        for pair in self.of(invoice):
            back = min(pair.minor, -self.left(invoice))
            if back <= 0:
                continue
            self.move(pair, -back, day)
            if to != "offset" and self.account[pair.source] in ("unapplied-cash", "deposits"):
                name = f"{invoice}:{event.number}"
                if name not in self.kept:
                    self.kept[name] = day
                    self.stands[name] = 0
                    kept_in = {"balance": "customer-credit", "refund": "refund-clearing"}
                    self.account[name] = kept_in[to]
                    self.since[name] = (day, self.place_of(event), name)
                self.move(Pair(pair.source, name, stated=False), back, day)

    def place_of(self, event: Any) -> int:
        return next(n for n, fact in enumerate(self.world.facts) if fact.event is event)

    def begin(self, day: date) -> None:
        for wish in sorted(self.wishes, key=lambda one: one.at):
            if wish.day == day and not wish.over:
                wish.begun = True
                self.barred.discard((wish.by, wish.invoice))
                if wish.source != wish.by:
                    self.stands[wish.source] += wish.minor
                self.fulfil(wish, day)
        for wish in sorted(self.wishes, key=lambda one: one.at):
            if wish.begun and not wish.over:
                self.fulfil(wish, day)

    def fulfil(self, wish: Wish, day: date) -> None:
        both = (wish.source, wish.invoice)
        rooms = [self.left(n) + sum(p.minor for p in self.of(n) if not p.stated) for n in both]
        minor = min(wish.minor - wish.pair.minor, *rooms)
        if minor <= 0:
            return
        for name in both:
            for pair in self.of(name):
                back = min(pair.minor, minor - self.left(name))
                if back > 0 and not pair.stated:
                    self.move(pair, -back, day)
        self.move(wish.pair, minor, day)

    # the default

    def by_default(self, day: date) -> None:
        options = self.world.invoicing(day)
        by_issue = options.apply == "oldest-issued"

        def turn(name: str) -> tuple[date, date, str]:
            issued, due = self.owed[name].when.effective, self.owed[name].event.due_on
            return (issued, due, name) if by_issue else (due, issued, name)

        invoices = sorted(self.owed, key=turn)
        for source in sorted(self.since, key=lambda name: self.since[name]):
            if self.account[source] in ("deposits", "refund-clearing"):
                continue
            first: list[str] = []
            if options.apply == "reference-first" and source in self.had:
                word = getattr(self.had[source].event, "reference", None)
                named = (n for n in self.owed if word in (n, self.owed[n].event.number))
                first = [*named] if word else []
            for invoice in (*first, *invoices):
                late = source in self.kept and not (
                    self.owed[invoice].when.effective > self.kept[source]
                )
                minor = min(self.spare(source), self.spare(invoice))
                if minor > 0 and not late and (source, invoice) not in self.barred:
                    self.move(Pair(source, invoice, stated=False), minor, day)

    # what is given up

    def give_up(self, invoice: str, event: Any, day: date) -> None:
        name = f"{invoice}:write-off"
        if name not in self.stands:
            self.stands[name], self.account[name] = 0, "bad-debt"
            self.given_up.add(name)
        if isinstance(event, InvoiceWrittenOff):
            whole = max(self.left(invoice), 0)
            self.stands[name] += min(whole, event.amount_minor or whole)
            self.cover(invoice, day)
        else:
            whole = self.stands[name]
            self.stands[name] -= min(
                whole, whole if event.amount_minor is None else event.amount_minor
            )
            self.undo_excess(name, day)

    def cover(self, invoice: str, day: date) -> None:
        name = f"{invoice}:write-off"
        if name in self.stands:
            minor = min(self.left(name), self.left(invoice))
            if minor > 0:
                self.move(Pair(name, invoice, stated=False), minor, day)

    # what is paid before it is receivable

    def pay_before(self, invoice: str, day: date) -> None:
        """No receivable stands yet that the money could settle: it is the contract's, or had for
        what is none yet; what is given up of that was never owed.
        """
        waits = {"": 0}
        for row in self.waits:
            if row.invoice == invoice and row.issued.when.effective <= day < row.since:
                deal = unit_of(row) if day < row.bound else ""
                left = row.line.amount_minor - sum(cut[1] for cut in row.cuts if cut[0] <= day)
                waits[deal] = waits.get(deal, 0) + left
        minor = max(sum(waits.values()) - max(self.left(invoice), 0), 0)
        name = f"{invoice}:write-off"
        given_up = sum(pair.minor for pair in self.pairs if pair.source == name)
        now: Counter[tuple[str, str]] = Counter()
        for deal, whole in waits.items():
            part = min(minor, max(whole, 0))
            minor -= part
            lost = min(part, given_up) if deal else 0
            given_up -= lost
            now["deposits" if deal else "contract-liability", deal] = part - lost
            now["bad-debt", deal] = lost
        before = self.prepaid.get(invoice, Counter())
        self.prepaid[invoice] = now
        for account, deal in {**before, **now}:
            more = at(day, now[account, deal] - before[account, deal])
            self.moves.append(Move("prepaid", "", "accounts-receivable", account, more, False))
            if account == "deposits" and more.minor:
                self.hold(invoice, deal, day, now[account, deal])

    def hold(self, invoice: str, deal: str, day: date, minor: int) -> None:
        name = deal.partition(":")[2]
        own = self.held.setdefault((invoice, deal), Held(day))
        paid = (pair for pair in self.pairs if pair.target == invoice)
        by_name = sum(pair.minor for pair in paid if self.contract.get(pair.source) == name)
        others = minor - min(minor, by_name)
        if others < own.others:
            own.gone.append((day, own.others - others))
        own.minor, own.others = minor, others

    # advances

    def advance(self, day: date) -> None:
        opened = [
            fact
            for fact in self.world.of(SubscriptionStarted, ContractOpened)
            if account_of(fact) == self.mine
        ]
        for fact in opened:
            since, back = self.stands_as(fact)
            over = self.world.of(ContractTerminated, stream=fact.stream) if back is None else []
            if any(end.when.measured <= day for end in over):
                # Nothing is left to be performed for it.
                for money in self.named_for(fact.stream, day):
                    self.take_back(money, day)
            elif since <= day:
                self.advance_on(fact.stream, since, back, day)

    def stands_as(self, opened: Any) -> tuple[date, int | None]:
        """Since when it is a contract; or it ended and never was one, with what is to go back."""
        if isinstance(opened.event, SubscriptionStarted) or opened.event.criteria_met:
            return opened.when.effective, None
        if (met := met_on(self.world, opened)) < AFTER_ALL:
            return met, None
        ends = self.world.of(ContractTerminated, stream=opened.stream)
        return (ends[0].when.measured, ends[0].event.refund_minor) if ends else (AFTER_ALL, None)

    def advance_on(self, stream: str, since: date, back: int | None, day: date) -> None:
        """Money that names it, and what was paid of its invoices, the earliest first."""
        mine = [
            (self.since[money], (money, ""), self.spare(money))
            for money in self.named_for(stream, day)
        ]
        if back is not None:
            held = ((key, own) for key, own in self.held.items() if key[1] == stream)
            mine += [((own.day, 0, key[0]), key, own.minor) for key, own in held]
        owed = max(back - self.went_back(stream, since, day), 0) if back else 0
        for _, key, free in sorted(mine):
            stays = max(min(owed, free), 0)
            owed -= stays
            minor = free - stays - self.advanced.get(key, 0)
            self.advanced[key] = free - stays
            account = "deposits" if key[1] else self.account[key[0]]
            self.book("advance", account, "contract-liability", day, minor)
            if back is not None:
                self.is_kept.add(key)
                self.book("kept", "contract-liability", "revenue", day, minor)

    def named_for(self, stream: str, day: date) -> list[str]:
        name = stream.partition(":")[2]
        there = [money for money, fact in self.had.items() if fact.when.effective <= day]
        return [money for money in there if self.contract[money] == name]

    def went_back(self, stream: str, since: date, day: date) -> int:
        """Of money that names what ended what was given back, and what left its invoices."""
        named = self.named_for(stream, day)
        found = sum(one[2] for one in self.backs if one[1] in named and since <= one[0] <= day)
        for (_, deal), own in self.held.items():
            if deal == stream:
                found += sum(minor for then, minor in own.gone if then >= since)
        return found

    def take_back(self, name: str, day: date) -> None:
        before = self.advanced.pop((name, ""), 0)
        self.book("advance", self.account[name], "contract-liability", day, -before)
        if (name, "") in self.is_kept:
            self.is_kept.discard((name, ""))
            self.book("kept", "contract-liability", "revenue", day, -before)


def account_of(fact: Any) -> tuple[str, str]:
    return fact.event.customer, fact.event.currency


# --- all of it ---


def moves_of(world: World) -> dict[str, list[Move]]:
    """Every move of every unit of the entity."""
    by_unit: dict[str, list[Line]] = {}
    rows = lines(world)
    for row in rows:
        by_unit.setdefault(unit_of(row), []).append(row)
    streams = {fact.stream for fact in world.facts}
    named = {f"subscription:{row.subscription}" for _, _, row, _ in world.rows}
    found: dict[str, list[Move]] = {}
    for unit in {
        *by_unit,
        *(s for s in streams if s[:9] == "contract:" or s[:13] == "subscription:"),
        *named,
    }:
        mine_rows = by_unit.get(unit, [])
        if unit.startswith("contract:"):
            found[unit] = stated(world, unit, mine_rows)
        elif unit.startswith("subscription:"):
            found[unit] = subscribed(world, unit, mine_rows)
        else:
            found[unit] = [
                move
                for row in mine_rows
                for name in [obligation_of(row)]
                for move in (*billing(row, name), *by_itself(row, name, world))
            ]
    for customer, currency in {account_of(f) for f in world.of(InvoiceIssued, *FIRST_OF)}:
        found[f"customer:{customer}:{currency}"] = money(world, customer, currency, rows)
    return found


def subscribed(world: World, unit: str, rows: Sequence[Line]) -> list[Move]:
    own = [fact for fact in world.facts if fact.stream == unit]
    started = next((f for f in own if isinstance(f.event, SubscriptionStarted)), None)
    only = ""
    if (
        started is not None
        and started.event.contract == "by-rule"
        and len(started.event.items) == 1
    ):
        only = started.event.items[0].item
    names = [obligation_of(row, only) for row in rows]
    moves = [move for row, name in zip(rows, names, strict=True) for move in billing(row, name)]
    if started is None:
        return moves
    if started.event.contract == "none":
        return moves + [
            m for row, name in zip(rows, names, strict=True) for m in by_itself(row, name, world)
        ]
    by = world.by(started.event.term_from)
    moves += [release(item, amount) for item, amount in recurring(world, own, by)]
    moves += [release(item, amount) for item, amount in used(world, own, unit[13:])[0]]
    for row, name in zip(rows, names, strict=True):
        price = ""
        for fact in own:
            if fact.when.effective > row.day or isinstance(fact.event, DiscountGranted):
                continue
            for change in getattr(fact.event, "items", ()):
                price = change.price if change.item == name and change.price else price
        version = world.first_price(price, row.day)
        invoiced = version is not None and version[1].pattern == "as-invoiced"
        moves += as_invoiced(row, name) if invoiced else moved(row, name, world)
    return moves


# What lowers the contract liability: it is transferred, or owed back.
EARNS = ("release", "owed")


def balances(
    facts: Sequence[Fact], rows: Sequence[Row], book: str, through: date
) -> dict[Key, int]:
    """What should stand by a date: by unit, account, obligation and earned period."""
    world = World(facts, rows, book)
    found: dict[Key, int] = {}
    positions: dict[tuple[str, str], dict[date, list[int]]] = {}
    for unit, moves in moves_of(world).items():
        joint = leaves_open(world, unit)
        for move in (*moves, *owed_at_the_end(world, unit, moves, joint)):
            for earned, minor in by_period(world, move, through):
                for account, sign in ((move.debit, 1), (move.credit, -1)):
                    key = Key(unit, account, move.obligation, earned, "")
                    found[key] = found.get(key, 0) + sign * minor
                if move.obligation:
                    name = "" if joint else move.obligation
                    place = positions.setdefault((unit, name), {})
                    place.setdefault(earned, [0, 0])[move.kind in EARNS] += minor
    for (unit, obligation), changes in positions.items():
        billed = earned = before = 0
        for last in sorted(changes):
            billed, earned = billed + changes[last][0], earned + changes[last][1]
            now = max(0, min(earned, earned - billed))
            for account, sign in (("unbilled-receivable", 1), ("contract-liability", -1)):
                key = Key(unit, account, obligation, last, "")
                found[key] = found.get(key, 0) + sign * (now - before)
            before = now
    for key, minor in adjustments(world):
        found[key] = found.get(key, 0) + minor
    return {key: minor for key, minor in found.items() if minor}


def ended_on(world: World, unit: str) -> date | None:
    """From when nothing of a deal is left to be done: all of it was ended, not merely over."""
    ends = [fact.when.measured for fact in world.of(ContractTerminated, stream=unit)]
    if ends:
        return min(ends)
    cancelled = world.of(SubscriptionCancelled, stream=unit)
    if not cancelled:
        return None
    deal = Deal(world, [fact for fact in world.facts if fact.stream == unit])
    if deal.started.contract == "none":
        return None
    agreed = cancelled[0].when.measured
    return max([agreed, *(rows[0][0] for rows in deal.endings.values() if rows)])


def owed_at_the_end(world: World, unit: str, moves: Sequence[Move], joint: bool) -> Iterator[Move]:
    """What was charged of a deal that ended, and is neither earned nor to be earned, goes back."""
    end = ended_on(world, unit)
    named = [one for one in moves if one.obligation and LIABILITY in (one.debit, one.credit)]
    if end is None:
        return
    opened = world.of(ContractOpened, stream=unit)
    for name in dict.fromkeys("" if joint else one.obligation for one in named):
        mine = [one for one in named if not name or one.obligation == name]
        # What is told of all of it is told of none: the first stands for it.
        first = opened[0].event.obligations[0].obligation if opened else mine[0].obligation
        yield Move(
            "owed",
            first,
            LIABILITY,
            "refund-liability",
            Amount(end, FAR, 0, "day"),
            False,
            partial(left_to_give_back, mine, end),
        )


def left_to_give_back(moves: Sequence[Move], end: date, day: date, through: date) -> int:
    now = min(day, through)
    if now < end:
        return 0

    def charged(until: date) -> int:
        rows = ((one, 1 if one.credit == LIABILITY else -1) for one in moves if one.document)
        return sum(sign * stands(one.amount, until) for one, sign in rows)

    gone = kept = 0
    for one in (one for one in moves if not one.document):
        sign = 1 if one.debit == LIABILITY else -1
        so_far = stands(one.amount, now) if one.standing is None else one.standing(now, now)
        begun = one.amount.start <= now and one.standing is None and sign > 0
        gone += sign * so_far
        kept += sign * (stands(one.amount, AFTER_ALL) if begun else so_far)
    owed = max(0, charged(now) - max(gone, kept))
    papers = [one for one in moves if one.document and one.after <= through]
    later = [one for one in papers if now < one.amount.start <= day]
    more = sum((1 if one.credit == LIABILITY else -1) * one.amount.minor for one in later)
    return max(owed + min(more, 0), 0)


def leaves_open(world: World, unit: str) -> bool:
    """A contract is one; of a subscription several promises, and a line that does not say which."""
    own = [fact.event for fact in world.facts if fact.stream == unit]
    if any(isinstance(event, ContractOpened) for event in own):
        return True
    if any(getattr(event, "contract", "") == "none" for event in own):
        return False
    said = [event for event in own if not isinstance(event, DiscountGranted)]
    names = {change.item for event in said for change in getattr(event, "items", ())}
    for event in own:
        promises = (*getattr(event, "obligations", ()), *getattr(event, "added", ()))
        names |= {promise.obligation for promise in promises}
    rows = [row for row in lines(world) if unit_of(row) == unit and is_sold(row)]
    return len(names) > 1 and any(not row.line.obligation for row in rows)


def by_period(world: World, move: Move, through: date) -> Iterable[tuple[date, int]]:
    before = 0
    if move.standing is not None:
        for period in world.periods:
            now = move.standing(period.last, through)
            yield period.last, now - before
            before = now
        return
    if through < move.after:
        return
    last = ends(move.amount) if move.document else min(through, ends(move.amount))
    for period in world.periods:
        if period.last >= move.amount.start and period.first <= last:
            now = stands(move.amount, min(period.last, last))
            yield period.last, now - before
            before = now


def adjustments(world: World) -> Iterable[tuple[Key, int]]:
    for fact in world.of(AdjustmentProposed):
        event = fact.event
        if event.book == world.book and world.of(AdjustmentApproved, stream=fact.stream):
            for day, sign in ((fact.when.effective, 1), (event.reverses_on, -1)):
                for period in world.periods:
                    if day is not None and period.first <= day <= period.last:
                        for line in event.lines:
                            key = Key(fact.stream, line.account, "", period.last, "adjustment")
                            yield key, sign * line.amount_minor
