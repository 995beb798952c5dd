"""Usage of one item at one price in one billing period: what it comes to at the end of each day.

Amounts are exact, in major units, as if the period ended on each day (law 10). Causes are the facts
without which an amount or a step would differ (law 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from operator import attrgetter
from zoneinfo import ZoneInfo

from msgspec import Struct, field, structs

from domain.aggregation import Group, Quantity, Span, Window, converted, quantities, standing
from domain.billing_periods import AnchorChange
from domain.calendar import ONE_DAY
from domain.cycle import BillingPeriod
from domain.decimals import EXACT, plain
from domain.explain import Step
from domain.meter import MeterDefined
from domain.price import PriceVersion
from domain.pricing import Pricer, ReadingModel, pricer, rate, started
from domain.pricing.parts import Part, step_of, text
from domain.pricing.readings import Running
from domain.reading import as_decimal, openings, reading_of, weighted_until
from domain.stretch import Stretch
from domain.usage import UsageDay

# An amount in major units, and what stands at the end of a day.
Exact = Decimal | Fraction
Stood = tuple[date, Exact]

_ZERO = Decimal(0)
_day = attrgetter("day")


class Metered(Struct):
    """All that the charge of one item, price version, billing period and group is made of.

    `rows` are its own usage; `before` the usage that a level goes on from, with what sold it.
    `held_by` are the bills after which other usage came too late to count, `anchors` the changes
    of the billing anchor that the period rests on. `ends_on`: the end of the period, or of the
    price. `adds_up`: totals by the day are all there is to know. `is_free`: used in a trial.
    """

    item: str
    period: BillingPeriod
    version: PriceVersion
    meter: MeterDefined
    ends_on: date
    zone: str = "UTC"
    values: Group = ()
    rows: list[UsageDay] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    before: list[tuple[UsageDay, Stretch]] = field(default_factory=list)
    held_by: set[int] = field(default_factory=set)
    anchors: set[AnchorChange] = field(default_factory=set)
    adds_up: bool = True
    is_free: bool = False

    @property
    def is_counted(self) -> bool:
        return self.meter.aggregation == "count"

    @property
    def window(self) -> Window:
        whole = self.period.whole_end - self.period.whole_start
        return Window(tuple(sorted(self.spans)), self.period.start, whole.days)

    def causes(self) -> tuple[int, ...]:
        """The batches, what is sold, and what ends it: why no later usage is in the charge."""
        found = {row.position for row in self.rows}
        found.update(change.by for change in self.anchors)
        for stretch in self.stretches:
            found.update(stretch.causes)
            if stretch.end < self.period.end:
                found.update(stretch.cut)
            # With what stopped it known, later usage counts only by what resumed it.
            if stretch is not self.stretches[-1]:
                found.update(stretch.again)
        if self.before or self.held_by:
            found |= self.held_by
            for row, stretch in self.before:
                found.update((row.position, *stretch.causes))
        return tuple(sorted(found))

    def totals(self) -> list[Decimal]:
        """What was used by the end of each row, where rows add up; the last of a day counts."""
        return [*accumulate(added(self.rows, counted=self.is_counted), EXACT.add)]

    def used(self) -> list[tuple[date, Quantity]]:
        """What was used by the end of each day with a change."""
        if self.adds_up:
            return [*dict(zip(map(_day, self.rows), self.totals(), strict=True)).items()]
        return [*quantities(self.meter, self._converted(), self.window)]

    def stood(self) -> list[Stood]:
        """What it comes to at the end of each day with a change."""
        model = self.version.price.model
        if self.is_free:
            return [(row.day, _ZERO) for row in self.rows]
        if isinstance(model, ReadingModel):
            return [(day, running.amount) for day, running in self.readings()]
        price = pricer(model)
        return [(day, self._cost(quantity, price)) for day, quantity in self.used()]

    def _cost(self, quantity: Quantity, price: Pricer) -> Exact:
        exact = as_decimal(quantity)
        return rate(self.version.price.model, quantity).amount if exact is None else price(exact)

    def readings(self) -> Iterator[tuple[date, Running]]:
        """A price of single readings, as it runs: at the end of each day with a change."""
        model, window = self.version.price.model, self.window
        assert isinstance(model, ReadingModel), model
        rows = standing(self._converted())
        begin, zone = window.spans[0].start, ZoneInfo(self.zone)
        begun = openings(model, [row for row in rows if row.day < begin], begin, zone)
        own = [row for row in rows if row.day >= begin]
        if self.meter.aggregation == "time-weighted-sum":
            yield from weighted_until(model, own, begun, self.meter, window, zone)
            return
        running = started(model)
        for level in begun:
            running.add(level)
        if begun and not (own and own[0].day == begin):
            yield begin, running
        for place, row in enumerate(own):
            running.add(reading_of(row, zone))
            if place + 1 == len(own) or own[place + 1].day != row.day:
                yield row.day, running

    def _converted(self) -> list[UsageDay]:
        every = (*(row for row, _ in self.before), *self.rows)
        found = (converted(row, self.meter) for row in every)
        return [row for row in found if row is not None]

    def parts(self) -> tuple[Part, ...]:
        """What it comes to by the end of the period, part by part; what is free has none."""
        if self.is_free:
            return ()
        model = self.version.price.model
        if isinstance(model, ReadingModel):
            last = [running for _, running in self.readings()][-1:]
            return tuple(part for running in last for part in running.parts())
        used = self.used()
        return rate(model, used[-1][1] if used else _ZERO).parts

    # --- what a person is shown ---

    def steps(self) -> Iterator[Step]:
        """Since when it is sold, what each batch brought, and what that comes to exactly."""
        yield from self._sold()
        yield from self._picked()
        yield from _batches([*(row for row, _ in self.before), *self.rows], counted=self.is_counted)
        yield from self._priced()

    def _sold(self) -> Iterator[Step]:
        for since in sorted({stretch.since for stretch in self.stretches}):
            yield Step(what="sold since", value=str(since))
        renewals = {(one.since, one.renewed) for one in self.stretches if one.renewed}
        for _, renewed in sorted(renewals):
            yield Step(what="term renewed from", value=str(renewed))
        for change in sorted(self.anchors, key=attrgetter("since", "by")):
            yield change.told()
        ended = [stretch for stretch in self.stretches if stretch.end < self.period.end]
        for end, then in sorted({(stretch.end, stretch.then) for stretch in ended}):
            yield Step(what=f"sold until {end}", value=then)

    def _picked(self) -> Iterator[Step]:
        """Which rows, where not all of the meter's are the price's."""
        for name, values in sorted(self.version.price.where.items()):
            yield Step(what=f"usage with {name}", value=", ".join(values))
        for name, value in self.values:
            yield Step(what=f"group {name}", value=value)
        if self.is_free:
            yield Step(what="used in the trial", value="free")
        for position in sorted(self.held_by):
            yield Step(what=f"usage known after bill {position}", value="held, outside window")

    def _priced(self) -> Iterator[Step]:
        price = self.version.price
        used = self.used()
        quantity = used[-1][1] if used else _ZERO
        if not self.adds_up:
            spans = ", ".join(f"{span.start} to {span.end}" for span in self.window.spans)
            yield Step(what=f"{self.meter.aggregation} over", value=spans)
        yield Step(what=f"usage of {price.meter}", value=text(Fraction(quantity)))
        yield from map(step_of, self.parts())


def by_days_of_entity(group: Metered) -> Metered:
    """The same usage on the days it is earned. A level over days keeps those it is billed by."""
    if group.before or not any(row.earned_on for row in group.rows):
        return group
    rows = [structs.replace(row, day=row.earned_on or row.day) for row in group.rows]
    rows.sort(key=_day)
    spans = [Span(span.start - ONE_DAY, span.end + ONE_DAY) for span in group.spans]
    return structs.replace(group, rows=rows, spans=spans)


def added(rows: Iterable[UsageDay], *, counted: bool) -> list[Decimal]:
    """What each row adds where rows add up: itself, or its quantity."""
    return [Decimal(row.rows) for row in rows] if counted else [row.quantity for row in rows]


def _batches(rows: Sequence[UsageDay], *, counted: bool) -> Iterator[Step]:
    """What each batch brought or took back: one that cancels another still shows."""
    by_batch: dict[int, list[UsageDay]] = {}
    for row in rows:
        by_batch.setdefault(row.position, []).append(row)
    for position in sorted(by_batch):
        mine = by_batch[position]
        span = f"{min(map(_day, mine))} to {max(map(_day, mine))}"
        brought = plain(reduce(EXACT.add, added(mine, counted=counted), _ZERO))
        yield Step(what=f"usage of fact {position}", value=f"{brought} from {span}")
