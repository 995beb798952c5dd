"""Which item and price takes which usage, or why none does: every row goes one way (law 7).

Between two boundaries all usage of a meter goes one way, so where rows need not be looked at one by
one they are taken together. A level that goes on (seats) is taken by whichever price is in force
then, in every billing period, whether a row came in it or not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from operator import attrgetter

from msgspec import Struct, field, structs

from domain.accounting.documents import BilledLine, bills_of
from domain.accounting.schedule import PendingUsage
from domain.aggregation import Group, Span, converted, group_of, lacks, matches
from domain.calendar import ONE_DAY
from domain.cycle import BillingPeriod
from domain.decimals import EXACT
from domain.late import Bills, held_by, holds
from domain.master import MasterData
from domain.meter import BY_THE_ROW, MeterDefined
from domain.metered import Metered
from domain.price import PriceVersion, ignores, version_of
from domain.pricing import ReadingModel, unpriced
from domain.stretch import Stretch
from domain.terms import Terms
from domain.usage import UsageDay

# What takes usage: an item as sold, at a price version.
Taker = tuple[Stretch, PriceVersion]
Key = tuple[str, date, str, Group, bool]
_start = attrgetter("start")


class Sales(Struct):
    """The charges' makings, made as usage is met, and what falls into none."""

    terms: Terms | None
    master: MasterData
    billed: Sequence[BilledLine] = ()
    groups: dict[Key, Metered] = field(default_factory=dict)
    bills: Bills | None = None
    waiting: dict[tuple[str, date, int, str], PendingUsage] = field(default_factory=dict)

    def take(self, name: str, rows: list[UsageDay]) -> None:
        """All usage of one meter, by day."""
        boundaries = _boundaries(name, self.terms, self.master)
        meter = self.master.meters.get(name)
        if meter is not None and goes_on(meter) and self.terms is not None:
            self._take_level(meter, name, rows, boundaries)
            return
        days = [row.day for row in rows]
        together = meter is not None and self._adds_up(name, meter, rows)
        place = 0
        while place < len(rows):
            until = boundaries[bisect_right(boundaries, days[place])]
            end = bisect_left(days, until, place)
            if together:
                self._sell(name, rows[place:end], days[place:end])
            else:
                self._sell_each(name, rows[place:end])
            place = end

    def _adds_up(self, name: str, meter: MeterDefined, rows: Sequence[UsageDay]) -> bool:
        """Whether the first price takes all there is, by the sum alone."""
        units = {row.unit for row in rows} - {None, meter.unit}
        if units or name in self.master.by_row:
            return False
        sold = {stretch.price for stretch in self.terms.stretches} if self.terms else set()
        return not any(
            version.price.meter == name and _looks_closer(version, meter)
            for price in sold
            for version in self.master.prices.get(price, ())
        )

    # --- rows together ---

    def _sell(self, name: str, rows: list[UsageDay], days: list[date]) -> None:
        """Usage that one stretch takes at one price, a billing period at a time."""
        taker = price_for(name, days[0], self.terms, self.master)
        if isinstance(taker, str):
            self._wait(rows, taker)
            return
        periods = self.periods(taker)
        place = 0
        for period in periods[bisect_right(periods, days[0], key=_start) - 1 :]:
            end = bisect_left(days, period.end, place)
            if end > place:
                group = self._group(taker, period)
                group.rows += rows[place:end]
            if end == len(rows):
                return
            place = end

    def periods(self, taker: Taker) -> Sequence[BillingPeriod]:
        assert self.terms is not None
        return self.terms.billing_periods(taker[0], taker[1].price.every)

    def _group(
        self,
        taker: Taker,
        period: BillingPeriod,
        values: Group = (),
        *,
        adds_up: bool = True,
        is_free: bool = False,
    ) -> Metered:
        stretch, version = taker
        key = (stretch.item, period.start, version.name, values, is_free)
        assert self.terms is not None, taker
        if key not in self.groups:
            assert version.price.meter is not None, taker
            meter, zone = self.master.meters[version.price.meter], self.terms.started.zone
            self.groups[key] = Metered(
                item=stretch.item,
                period=period,
                version=version,
                meter=meter,
                ends_on=self.terms.ends_on(stretch, period),
                zone=zone,
                values=values,
                adds_up=adds_up,
                is_free=is_free,
            )
        group = self.groups[key]
        if not group.stretches or group.stretches[-1] is not stretch:
            group.stretches.append(stretch)
            every = version.price.every
            group.anchors.update(self.terms.resting_on(stretch, every, period))
        return group

    # --- row by row ---

    def _sell_each(self, name: str, rows: Sequence[UsageDay]) -> None:
        found = takers(name, rows[0].day, self.terms, self.master)
        if isinstance(found, str):
            self._wait(rows, found)
            return
        meter = self.master.meters[name]
        for row in rows:
            taken = self._taker(meter, row, found)
            if isinstance(taken, str):
                self._wait((row,), taken)
                continue
            _, version = taken
            period = self._period(taken, row.day)
            bill = self._held(taken, row, row.day)
            is_free = self._is_free(version, row.day)
            values = group_of(row, version.price.group_by)
            group = self._group(taken, period, values, adds_up=False, is_free=is_free)
            span = Span(period.start, max(period.end, row.day + ONE_DAY))
            if span not in group.spans:
                group.spans.append(span)
            if bill is not None:
                group.held_by.add(bill)
                self._wait((row,), "outside-window")
            else:
                group.rows.append(row)

    def _taker(self, meter: MeterDefined, row: UsageDay, found: Sequence[Taker]) -> Taker | str:
        """The first price that wants the row, or why the last one does not."""
        if converted(row, meter) is None:
            return "unit-mismatch"
        if lacks(row, self.master.must_carry(row.meter, row.day), meter):
            return "missing-dimension"
        reason = "no-price-for-dimensions"
        for taker in found:
            problem = self._unwanted(meter, row, taker[1])
            if problem is None:
                return taker
            reason = problem
        return reason

    def _unwanted(self, meter: MeterDefined, row: UsageDay, version: PriceVersion) -> str | None:
        price = version.price
        if price.unit not in (None, meter.unit) and meter.aggregation not in BY_THE_ROW:
            return "unit-mismatch"
        has = dict(row.dimensions)
        if not all(name in has for name in (*price.where, *price.group_by)):
            return "missing-dimension"
        if not matches(row, price.where):
            return "no-price-for-dimensions"
        if not isinstance(price.model, ReadingModel):
            return None
        return ignores(price.model, meter) or unpriced(price.model, has)

    def _period(self, taker: Taker, day: date) -> BillingPeriod:
        periods = self.periods(taker)
        return periods[max(bisect_right(periods, day, key=_start) - 1, 0)]

    def _held(self, taker: Taker, row: UsageDay, day: date) -> int | None:
        """The bill after which a row came too late to count on a day."""
        stretch, version = taker
        if not holds(version.price.options):
            return None
        starts = [period.start for period in self.periods(taker)]
        bill = held_by(
            self._bills(),
            stretch.item,
            starts,
            version.price.options,
            day=day,
            position=row.position,
        )
        return None if bill is None else bill.position

    def _bills(self) -> Bills:
        """Put in order once, and only where a price asks."""
        if self.bills is None:
            self.bills = bills_of(self.billed)
        return self.bills

    def _is_free(self, version: PriceVersion, day: date) -> bool:
        """Whether it is used in a trial in which usage is not billed."""
        assert self.terms is not None
        free = version.price.options.trial_usage == "free"
        return free and day < self.terms.trial_end(version.price)

    # --- a level that goes on ---

    def _take_level(
        self, meter: MeterDefined, name: str, rows: list[UsageDay], boundaries: Sequence[date]
    ) -> None:
        """Every span between two boundaries from the first row on, with what came before it."""
        before: list[tuple[UsageDay, Stretch]] = []
        place, day = 0, rows[0].day
        while day < date.max:
            until = boundaries[bisect_right(boundaries, day)]
            own = rows[place : bisect_left(rows, until, place, key=attrgetter("day"))]
            place += len(own)
            found = takers(name, day, self.terms, self.master)
            if isinstance(found, str):
                self._wait(own, found)
            else:
                before += self._level_in(meter, found, own, before, Span(day, until))
            day = until

    def _level_in(
        self,
        meter: MeterDefined,
        found: Sequence[Taker],
        rows: Sequence[UsageDay],
        before: Sequence[tuple[UsageDay, Stretch]],
        span: Span,
    ) -> list[tuple[UsageDay, Stretch]]:
        """Rows of a span and the level it begins with, a billing period at a time."""
        taken: list[tuple[UsageDay, Stretch]] = []
        shares: dict[tuple[int, Group], tuple[Taker, list[tuple[UsageDay, Stretch]]]] = {}
        for row, sold in (*before, *((row, None) for row in rows)):
            taker = self._taker(meter, row, found)
            if isinstance(taker, str):
                if sold is None:
                    self._wait((row,), taker)
                continue
            key = (found.index(taker), group_of(row, taker[1].price.group_by))
            shares.setdefault(key, (taker, []))[1].append((row, sold or taker[0]))
            if sold is None:
                taken.append((row, taker[0]))
        for (_, values), (taker, level) in sorted(shares.items(), key=lambda share: share[0]):
            self._spread(meter, taker, values, level, span)
        return taken

    def _spread(
        self,
        meter: MeterDefined,
        taker: Taker,
        values: Group,
        level: Sequence[tuple[UsageDay, Stretch]],
        span: Span,
    ) -> None:
        stretch, _ = taker
        begin, end = max(span.start, stretch.start), min(span.end, stretch.end)
        for period in self.periods(taker):
            days = Span(max(begin, period.start), min(end, period.end))
            since = date.min if meter.recurring else period.start
            if days.start >= days.end:
                continue
            here = [(row, sold) for row, sold in level if since <= row.day < days.end]
            late = [self._held(taker, row, period.start) for row, _ in here]
            mine = [pair for pair, bill in zip(here, late, strict=True) if bill is None]
            if not mine:
                continue
            group = self._group(taker, period, values, adds_up=False)
            group.held_by.update(bill for bill in late if bill is not None)
            group.spans.append(days)
            group.rows += [row for row, _ in mine if row.day >= days.start]
            known = {id(row) for row, _ in group.before} | {id(row) for row in group.rows}
            group.before += [pair for pair in mine if id(pair[0]) not in known]

    # --- what waits ---

    def _wait(self, rows: Sequence[UsageDay], reason: str) -> None:
        for row in rows:
            key = (row.meter, row.day, row.position, reason)
            was = self.waiting.get(key)
            if was is None:
                self.waiting[key] = PendingUsage(
                    subscription=row.subscription,
                    meter=row.meter,
                    day=row.day,
                    position=row.position,
                    rows=row.rows,
                    reason=reason,
                    quantity=row.quantity,
                )
            else:
                quantity = EXACT.add(was.quantity, row.quantity)
                self.waiting[key] = structs.replace(
                    was, rows=was.rows + row.rows, quantity=quantity
                )

    def pending(self) -> Iterator[PendingUsage]:
        """What waits, less what was taken out again while it waited."""
        for row in self.waiting.values():
            if row.rows or row.quantity:
                yield row


def goes_on(meter: MeterDefined) -> bool:
    """Whether what was there before a day counts on it: in later periods, or later in its own."""
    return meter.recurring or meter.aggregation == "time-weighted-sum"


def _looks_closer(version: PriceVersion, meter: MeterDefined) -> bool:
    """Whether a price asks more of a row than how much it is."""
    price = version.price
    return (
        holds(price.options)
        or price.options.trial_usage == "free"
        or (price.unit not in (None, meter.unit) and meter.aggregation not in BY_THE_ROW)
    )


def _boundaries(meter: str, terms: Terms | None, master: MasterData) -> list[date]:
    """Between two of these days one price takes all usage of a meter, or none for one reason."""
    days = {date.max}
    for covered in terms.cover if terms else ():
        days.update((covered.start, covered.end))
    for stretch in terms.stretches if terms else ():
        versions = master.prices.get(stretch.price, ())
        if any(version.price.meter == meter for version in versions):
            days.update((stretch.start, stretch.end))
            days.update(version.since for version in versions)
    return sorted(days)


def price_for(meter: str, day: date, terms: Terms | None, master: MasterData) -> Taker | str:
    """The first item and price that take a day of a meter's usage, or why none does."""
    found = _takers(meter, day, terms, master)
    if isinstance(found, str):
        return found
    return next(found, None) or _why_none(meter, day, terms, master)


def takers(meter: str, day: date, terms: Terms | None, master: MasterData) -> list[Taker] | str:
    """All that may take it, each as far as its dimensions go."""
    found = _takers(meter, day, terms, master)
    if isinstance(found, str):
        return found
    return [*found] or _why_none(meter, day, terms, master)


def _takers(
    meter: str, day: date, terms: Terms | None, master: MasterData
) -> Iterator[Taker] | str:
    if terms is None:
        return "unknown-subscription"
    if not terms.customer_is_known:
        return "unknown-customer"
    if meter not in master.meters:
        return "unknown-meter"
    if terms.covering(day) is None:
        return "out-of-term"
    return _priced(meter, day, terms, master)


def _priced(meter: str, day: date, terms: Terms, master: MasterData) -> Iterator[Taker]:
    currency = terms.started.currency
    for stretch in terms.stretches:
        if stretch.start <= day < stretch.end:
            version = version_of(stretch.price, day, master.prices)
            if version is None or version.price.meter != meter:
                continue
            if version.price.currency == currency:
                yield stretch, version


def _why_none(meter: str, day: date, terms: Terms | None, master: MasterData) -> str:
    """Sold in another currency, by another contract, or by none."""
    assert terms is not None, meter
    for stretch in terms.stretches:
        if stretch.start <= day < stretch.end:
            version = version_of(stretch.price, day, master.prices)
            if version is not None and version.price.meter == meter:
                return "currency-mismatch"
    priced = any(
        version.price.meter == meter for versions in master.prices.values() for version in versions
    )
    return "out-of-contract" if priced else "no-price-for-meter"
