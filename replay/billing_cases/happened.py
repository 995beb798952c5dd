"""The events of a case in the ledger's words: one row for each kind of event, no arithmetic.

The only sums made are those of counter readings: what a snapshot says was used by a day becomes
the usage since the snapshot before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.anchor import ChangeBillingAnchor
from domain.calendar import ONE_DAY
from domain.facts import When
from domain.service import PauseSubscription, ResumeSubscription, SuspendSubscription
from domain.subscription import AmendSubscription, CancelSubscription, ItemChange, Timing
from replay.billing_cases.acts import Does, Find, Row, Run, Submit, Use
from replay.billing_cases.deal import Deal
from replay.billing_cases.fields import kind_of
from replay.billing_cases.listed import item_name
from replay.billing_cases.selling import START, price_name, quantity_of, restarted
from replay.billing_cases.sold import ITEM, WEIGHT, Sale
from replay.billing_cases.words import number, whole
from replay.case_format import CaseError

Event = Mapping[str, Any]
Told = Iterator[Does]
NO_MORE = ()


class Happening:
    """The events one after the other: which plan is sold by now, and what was used so far."""

    def __init__(self, agreed: Deal, first_plan: str) -> None:
        self.deal = agreed
        self.plan = first_plan
        self.snapshots: list[tuple[date, Decimal]] = []
        self.billed_to = agreed.start
        self.coupons = 0
        self.wallets: list[tuple[str, ...]] = []
        self.used_on: list[date] = []
        self.quantity: Decimal | None = None

    # --- what many events need -----------------------------------------------------------------

    def day(self, event: Event, field: str = "at") -> date:
        return self.deal.dates.day(event.get(field, event["at"]))

    def instant(self, event: Event, field: str = "at") -> datetime:
        return self.deal.dates.instant(event.get(field, event["at"]))

    def when(self, event: Event, field: str = "effective_at") -> When:
        """The instant counts only where proration is by the second."""
        by_second = self.deal.elected.proration == "second"
        at = self.instant(event, field) if by_second else None
        return When(effective=self.day(event, field), at=at)

    def submit(self, make: Callable[[str], Any]) -> Told:
        for name in self.deal.offers:
            yield Submit(stream=f"subscription:{name}", command=make(name))

    def run(self, event: Event, why: Any = "change") -> Run:
        return Run(on=self.day(event), why=why)

    def before_the_end(self, event: Event) -> When:
        """A change at the end of a term is named by the first moment after it."""
        return When(effective=self.day(event) - ONE_DAY)

    # --- what is sold --------------------------------------------------------------------------

    def change(self, to: str | None, when: When, timing: Timing = "now") -> Told:
        """The items of another plan; those it does not have are removed, as are all for no plan."""
        old, self.plan = self.plan, to if to is not None else self.plan

        def amended(name: str) -> AmendSubscription:
            offered = self.deal.offers[name]
            wanted = offered.plan(to) if to is not None else NO_MORE
            changes = [self._sold(name, to or "", sale, timing) for sale in wanted]
            kept = {sale.item for sale in wanted}
            changes += [
                ItemChange(
                    item=sale.item, removed=True, timing=timing, refund=self.deal.elected.removed
                )
                for sale in offered.plan(old)
                if sale.item not in kept
            ]
            return AmendSubscription(when=when, items=tuple(changes))

        yield from self.submit(amended)

    def _sold(self, name: str, plan: str, sale: Sale, timing: Timing) -> ItemChange:
        return ItemChange(
            item=sale.item,
            price=price_name(self.deal, name, plan, sale),
            quantity=self.how_many(sale),
            timing=timing,
        )

    def how_many(self, sale: Sale) -> Decimal:
        """As many as are sold by now."""
        if self.quantity is None or sale.metered is not None:
            return quantity_of(self.deal, sale)
        return self.quantity

    def count(self, event: Event) -> None:
        """What an event says is sold of what is not metered from then on."""
        if "quantity" in event:
            self.quantity = number(event["quantity"], f"{event['type']}.quantity")

    def target(self, event: Event) -> str | None:
        """The plan an event changes to: as it names it, or the only new one there is."""
        for field in ("plan", "to"):
            if field in event:
                return str(event[field])
        return "new" if "new" in self.deal.offer.plans else None

    # --- what is used --------------------------------------------------------------------------

    def row(self, event: Event, quantity: object, field: str = "at", **dimensions: str) -> Use:
        at = self.instant(event, field)
        exact = number(quantity, f"{event['type']}.quantity")
        return Use(
            rows=tuple(
                Row(meter=meter, quantity=exact, at=at, dimensions=dimensions)
                for meter in self.meters(event)
            )
        )

    def meters(self, event: Event) -> tuple[str, ...]:
        """The meters an event is usage of: by unit, by charge, or the only one there is."""
        named = {
            sale.metered.meter: sale.item
            for sale in self.deal.offer.sales()
            if sale.metered is not None
        }
        if "price" in event:
            found = [meter for meter in named if meter == item_name(str(event["price"]))]
        elif "unit" in event:
            found = [meter for meter in named if meter == event["unit"]]
        elif str(event.get("charge", "")).startswith("each of the "):
            return tuple(named)
        elif "charge" in event:
            found = [meter for meter, item in named.items() if item == event["charge"]]
        else:
            found = [*named]
        if len(found) != 1:
            raise CaseError(f"{event['type']}: {len(found)} meters it could mean")
        return tuple(found)


def _nothing(_: Happening, __: Event) -> Told:
    return iter(())


def _changed(case: Happening, event: Event) -> Told:
    if case.target(event) is None:
        raise CaseError(f"missing field {event['type']}.plan")
    case.count(event)
    yield from case.change(case.target(event), case.when(event))
    yield case.run(event)


def _trial_end(case: Happening, event: Event) -> Told:
    if case.target(event) not in (None, case.plan):
        yield from case.change(case.target(event), case.when(event))
    yield case.run(event)


def _plan_change(case: Happening, event: Event) -> Told:
    """Without a plan of the case's to change to, none of its items is sold any more."""
    case.count(event)
    yield from case.change(case.target(event), case.when(event))
    yield case.run(event)


def _at_end_of_term(case: Happening, event: Event) -> Told:
    case.count(event)
    yield from case.change(case.target(event), case.before_the_end(event), "period-end")
    yield case.run(event)


def _downgrade(case: Happening, event: Event) -> Told:
    case.count(event)
    yield from case.change(case.target(event), case.when(event), "period-end")


def _item_added(case: Happening, event: Event) -> Told:
    change = ItemChange(item=ITEM, quantity=Decimal(1))
    command = AmendSubscription(when=case.when(event), items=(change,))
    yield from case.submit(lambda _: command)
    yield case.run(event)


def _quantity_changed(case: Happening, event: Event) -> Told:
    case.count(event)
    items = tuple(
        ItemChange(item=sale.item, quantity=case.how_many(sale))
        for sale in case.deal.offer.plan(case.plan)
        if sale.metered is None
    )
    command = AmendSubscription(when=case.when(event), items=items)
    yield from case.submit(lambda _: command)
    yield case.run(event)


def _cancelled(case: Happening, event: Event) -> Told:
    command = CancelSubscription(when=case.when(event))
    yield from case.submit(lambda _: command)
    yield case.run(event)


def _ended(case: Happening, event: Event) -> Told:
    """The end of what is sold, or the change to what the case prices for after it."""
    yield from (_changed if case.target(event) is not None else _cancelled)(case, event)


def _cancelled_at_end(case: Happening, event: Event) -> Told:
    command = CancelSubscription(when=case.before_the_end(event), timing="period-end")
    yield from case.submit(lambda _: command)
    yield case.run(event)


def _paused(case: Happening, event: Event) -> Told:
    command = PauseSubscription(when=case.when(event))
    yield from case.submit(lambda _: command)
    if kind_of(event) == "paused":
        yield case.run(event)


def _suspended(case: Happening, event: Event) -> Told:
    command = SuspendSubscription(when=case.when(event), billing="stops")
    yield from case.submit(lambda _: command)


def _resumed(case: Happening, event: Event) -> Told:
    command = ResumeSubscription(when=case.when(event))
    yield from case.submit(lambda _: command)
    yield case.run(event)


def _blocked_and_resumed(case: Happening, event: Event) -> Told:
    pause = PauseSubscription(when=case.when(event, "from"))
    resume = ResumeSubscription(when=case.when(event, "to"))
    for command in (pause, resume):
        yield from case.submit(lambda _, command=command: command)  # type: ignore[misc]
    yield case.run(event)


def _cycle_day_changed(case: Happening, event: Event) -> Told:
    to = event.get("to", event.get("addon"))
    command = ChangeBillingAnchor(
        when=case.when(event),
        anchor_day=whole(to, "cycle_day_changed.to"),
        running_period=case.deal.elected.running_period,
    )
    yield from case.submit(lambda _: command)


def _start_moved(case: Happening, event: Event) -> Told:
    day = case.deal.dates.day(event["to"])
    for name in case.deal.offers:
        command = restarted(case.deal, name, case.plan, day)
        yield Submit(stream=f"subscription:{name}", command=command, corrects=f"{START}-{name}")
    yield case.run(event)


def _used(case: Happening, event: Event) -> Told:
    values = event.get("values", [event.get("quantity")])
    for value in values:
        yield case.row(event, value, "effective_at")
    if any(sale.thresholds for sale in case.deal.offer.sales()):
        yield case.run(event)
    if "invoiced" in event:
        yield Run(on=case.deal.dates.day(event["invoiced"]), why="asked")


def _late(case: Happening, event: Event) -> Told:
    yield case.row(event, event.get("quantity"), "effective_at")


def _delta(case: Happening, event: Event) -> Told:
    stated = event.get("time_weighted_units")
    weight = {} if stated is None else {WEIGHT: str(stated)}
    yield case.row(event, event.get("units"), "effective_at", **weight)


def _seat(case: Happening, event: Event) -> Told:
    yield case.row(event, 1, seat=str(event["seat"]))


def _seat_left(case: Happening, event: Event) -> Told:
    """Only of seats that are prorated there is one less: others were there all the same."""
    if not any(_is_level(sale) for sale in case.deal.offer.sales()):
        raise CaseError("seat_removed: the price does not prorate seats")
    yield case.row(event, -1, seat=str(event["seat"]))


def _is_level(sale: Sale) -> bool:
    return sale.metered is not None and sale.metered.aggregation == "time-weighted-sum"


def _cost(case: Happening, event: Event) -> Told:
    yield case.row(event, event.get("amount"))


def _snapshot(case: Happening, event: Event) -> Told:
    """By each bill date so far it was so many; a single one says what it is by now."""
    on = case.day(event)
    case.snapshots.append((case.billed_to, Decimal(0)))
    said = [number(value, "cumulative_by_period") for value in event["cumulative_by_period"]]
    places = [*range(len(case.snapshots))]
    if len(said) == 1:
        places = places[-1:]
    elif len(said) != len(places):
        raise CaseError(f"usage_snapshot: {len(said)} periods, {len(places)} bill dates")
    for place, quantity in zip(places, said, strict=True):
        since, there = case.snapshots[place]
        before = sum((used for _, used in case.snapshots[:place]), Decimal(0))
        more = quantity - before - there
        if more:
            case.snapshots[place] = (since, there + more)
            at = datetime.combine(since, time(), ZoneInfo(case.deal.dates.zone))
            rows = (Row(meter=meter, quantity=more, at=at) for meter in case.meters(event))
            yield Use(rows=tuple(rows))
    case.billed_to = on
    yield Run(on=on, why="interim")


def _already_billed(case: Happening, event: Event) -> Told:
    """An earlier bill of the same period: of so many units, or of what comes to its amount."""
    counted = event.get("units", event.get("cost"))
    stated = event.get("amount")
    at = datetime.combine(case.billed_to, time(), ZoneInfo(case.deal.dates.zone))
    meters = case.meters(event)
    case.billed_to = case.day(event)
    if counted is None:
        amount = number(stated, f"{event['type']}.amount")
        yield Find(meters=meters, at=at, on=case.billed_to, amount=amount)
    else:
        quantity = number(counted, f"{event['type']}.units")
        yield Use(rows=tuple(Row(meter=name, quantity=quantity, at=at) for name in meters))
    yield Run(on=case.billed_to, why="already", stated=None if stated is None else str(stated))


def _asked(case: Happening, event: Event) -> Told:
    stated = event.get("amount")
    why: Any = "interim" if kind_of(event) == "bill_run" else "asked"
    yield Run(on=case.day(event), why=why, stated=None if stated is None else str(stated))


TELL: Mapping[str, Callable[[Happening, Event], Told]] = {
    "start": _nothing,
    "period_start": _nothing,
    "backdated_start": _nothing,
    "subscription_started": _nothing,
    "subscriptions_started": _nothing,
    "period_end": _nothing,
    "end": _nothing,
    "cycle_anchor": _nothing,
    "trial_end": _trial_end,
    "add": _changed,
    "changed": _changed,
    "upgrade": _changed,
    "upgraded": _changed,
    "downgrade": _changed,
    "downgraded": _changed,
    "remove": _changed,
    "removed": _changed,
    "quantity": _changed,
    "item_added": _item_added,
    "quantity_changed": _quantity_changed,
    "downgrade_requested": _downgrade,
    "plan_change": _plan_change,
    "plan_change_immediate": _changed,
    "plan_change_end_of_term": _at_end_of_term,
    "paused": _paused,
    "resumed": _resumed,
    "billing_blocked": _paused,
    "billing_unblocked": _resumed,
    "blocked_and_resumed": _blocked_and_resumed,
    "overdue_stage_#_blocks_billing": _suspended,
    "overdue_cleared": _resumed,
    "terminated": _cancelled,
    "cancel": _ended,
    "cancelled": _ended,
    "cancelled_immediately": _cancelled,
    "ended": _cancelled,
    "cancel_end_of_term": _cancelled_at_end,
    "cancelled_end_of_period": _cancelled_at_end,
    "cycle_day_changed": _cycle_day_changed,
    "start_and_cycle_day_moved_back": _start_moved,
    "usage": _used,
    "late_usage": _late,
    "usage_delta": _delta,
    "usage_snapshot": _snapshot,
    "seat_added": _seat,
    "seat_removed": _seat_left,
    "cost": _cost,
    "already_billed": _already_billed,
    "invoiced": _asked,
    "invoiced_unpaid": _asked,
    "period_#_invoiced": _asked,
    "billing_run": _asked,
    "bill_run": _asked,
    "invoice_run": _asked,
}
# Events that say what the case is about, not what happens in it.
FRAME = frozenset({kind for kind, tell in TELL.items() if tell is _nothing})
