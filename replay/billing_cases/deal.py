"""What was agreed in a case: the cycle it is billed by, its term, its plans and how it elects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct, structs

from domain.calendar import Alignment, add_months
from domain.cycle import Every, cycle_of, whole_period
from domain.invoicing import BY_TABLE, NO_TAX, InvoicingOptions
from domain.tax.status import TaxStatus
from replay.billing_cases.fields import Given, fields_of, kind_of
from replay.billing_cases.listed import listed
from replay.billing_cases.phrases import Elections, elections
from replay.billing_cases.prices import offer
from replay.billing_cases.sold import Offer
from replay.billing_cases.taxes import Buyer, buyer, home, percents
from replay.billing_cases.terms import Said, said_only, together
from replay.billing_cases.words import Dates, whole

# A subscription without an end in the case ends long after it.
SPARE_MONTHS = 24
MONTHLY = Every(1)
STARTS = frozenset(
    {"start", "period_start", "subscription_started", "subscriptions_started", "backdated_start"}
)
ENDS = frozenset({"end", "period_end"})
# What was billed ahead on its day began on it.
BILLED_AHEAD = frozenset({"invoiced", "invoiced_unpaid", "invoiced_and_paid"})
# Who buys where the case names nobody, and what.
CUSTOMER, SUBSCRIPTION = "customer", "subscription"
# Which tiers of blocks price what: the name of a reading of the price.
READINGS = {"own": "all_tiers", "all": "top_tier"}
INTERVALS_IN_MONTHS = (1, 3, 6, 12)
# Fields that may name a day before that of the event.
PAST = ("at", "effective_at", "from")


class Deal(Struct, frozen=True, kw_only=True):
    """All that is agreed. `offers` has one subscription for each reading of the price the case asks
    for, or for each customer it names; `buyers` says who has which.
    """

    given: Given
    elected: Elections
    dates: Dates
    offers: dict[str, Offer]
    terms: Said
    every: Every
    alignment: Alignment
    anchor_day: int
    start: date
    term_to: date
    trial_days: int = 0
    buyers: dict[str, Buyer] = {}

    @property
    def percents(self) -> tuple[Decimal, ...]:
        """The tax rates of the case; none where it has no tax."""
        return percents(self.given, self.elected, self.offers)

    @property
    def invoicing(self) -> InvoicingOptions:
        """How its documents are issued."""
        tax = BY_TABLE if self.percents else NO_TAX
        return InvoicingOptions(tax=tax, tax_rounding=self.elected.tax_rounding)

    @property
    def offer(self) -> Offer:
        return next(iter(self.offers.values()))


def deal(given: Given, until: date | None = None, *, apart: bool = False) -> Deal:
    """From the facts and the policy; what they leave unsaid is monthly, from the span they have.

    `until`: the last day anything is asked of. `apart`: a change has a line for what it gives back,
    as if a phrase said so, unless one says that it is netted.
    """
    elected = elections(given.policy)
    if apart and "netting" not in given.policy:
        options = structs.replace(elected.options, change_lines="separate")
        elected = structs.replace(elected, options=options)
    dates = Dates(zone=given.zone, as_written=elected.as_written, ends_counted=elected.ends_counted)
    offers = _offers(given, elected)
    first = next(iter(offers.values()))
    behind = _is_billed_behind(given, dates)
    recurs = any(sale.metered is None for sale in first.sales())
    ahead = BILLED_AHEAD if recurs and not behind else frozenset()
    began = _event(given, STARTS) or _event(given, ahead) or {}
    terms = together(
        first.terms,
        said_only(str(given.more.get("billing", "")), "billing"),
        said_only(str(given.more.get("billing_period", "")), "billing_period"),
        said_only(str(began.get("billing", "")), "subscription_started.billing"),
        Said(bill="arrears" if behind else None),
    )
    framed = _framed(given, dates)
    every = terms.every or (_between(*framed) if framed else MONTHLY)
    day = _anchor_day(given, dates, first, terms, began)
    start, alignment = _start(given, dates, every, day, terms, began)
    return Deal(
        given=given,
        elected=elected,
        dates=dates,
        offers=offers,
        terms=terms,
        every=every,
        alignment=alignment,
        anchor_day=day,
        start=start,
        term_to=_term_to(given, dates, framed, max(start, until or start)),
        trial_days=whole(began.get("trial_days", 0), "subscription_started.trial_days"),
        buyers=_buyers(given, elected, offers),
    )


def _is_billed_behind(given: Given, dates: Dates) -> bool:
    """Whether the case's only invoice is made when its period is over."""
    period, invoiced = given.more.get("period"), _event(given, frozenset({"invoiced"}))
    if period is None or invoiced is None or _event(given, STARTS) is not None:
        return False
    return dates.day(invoiced["at"]) == dates.end(period["end"])


def _buyers(given: Given, elected: Elections, offers: dict[str, Offer]) -> dict[str, Buyer]:
    """Customers the case names have a subscription each, any other case has one customer."""
    named = _customers(given)
    if named:
        return {one.customer: one for one in map(buyer, named)}
    taxed = percents(given, elected, offers)
    status = TaxStatus(jurisdiction=home(elected)) if taxed else None
    return dict.fromkeys(offers, Buyer(customer=CUSTOMER, status=status))


def _customers(given: Given) -> list[str]:
    return [str(event["customer"]) for event in given.events if "customer" in event]


def _offers(given: Given, elected: Elections) -> dict[str, Offer]:
    readings = elected.takes if len(elected.takes) > 1 else ()
    if not readings:
        sold = _offered(given, elected)
        names = [buyer(told).customer for told in _customers(given)] or [SUBSCRIPTION]
        return dict.fromkeys(names, sold)
    alone = {
        name: Elections(**{key: getattr(elected, key) for key in _OTHERS}, takes=(name,))
        for name in readings
    }
    return {READINGS[name]: _offered(given, one) for name, one in alone.items()}


def _offered(given: Given, elected: Elections) -> Offer:
    """What a case sells, however its price is written."""
    if isinstance(given.price, list):
        return listed(given.price, given.events)
    return offer(given.price, given.events, elected)


_OTHERS = tuple(name for name in Elections.__struct_fields__ if name != "takes")


def _event(given: Given, kinds: frozenset[str]) -> Mapping[str, Any] | None:
    return next((event for event in given.events if kind_of(event) in kinds), None)


def _framed(given: Given, dates: Dates) -> tuple[date, date] | None:
    """The one period a case is about, where its events say both ends of it."""
    begin, end = _event(given, STARTS), _event(given, ENDS)
    if begin is None or end is None:
        return None
    return dates.day(begin["at"]), dates.end(end["at"])


def _between(begin: date, end: date) -> Every:
    """The interval from one day to another: so many months where they are whole, else days."""
    for months in INTERVALS_IN_MONTHS:
        if add_months(begin, months) == end:
            return Every(months)
    return Every(days=(end - begin).days)


def _anchor_day(
    given: Given, dates: Dates, offered: Offer, terms: Said, began: Mapping[str, Any]
) -> int:
    """As said; else the day that something of the case begins a billing period on."""
    for stated in (terms.anchor_day, offered.bill_cycle_day, given.more.get("bill_cycle_day")):
        if stated is not None:
            return whole(stated, "bill_cycle_day")
    anchor = _event(given, frozenset({"cycle_anchor"}))
    if anchor is not None:
        return dates.day(anchor["at"]).day
    moved = _event(given, frozenset({"cycle_day_changed"}))
    if moved is not None and "from" in moved:
        return whole(moved["from"], "cycle_day_changed.from")
    if "to" in began and kind_of(began) in BILLED_AHEAD:
        return dates.day(began["to"]).day
    if began:
        return dates.day(began["at"]).day
    period = given.more.get("period")
    return dates.day(period["start"]).day if period else 1


def _start(
    given: Given, dates: Dates, every: Every, day: int, terms: Said, began: Mapping[str, Any]
) -> tuple[date, Alignment]:
    """Where it starts is said, or is the beginning of the period the first event lies in."""
    period = given.more.get("period")
    begins = dates.day(period["start"]) if period else None
    if began:
        start = dates.day(began["at"])
        return start, terms.alignment or _alignment(every, start, day, begins)
    first = min(_days(given, dates))
    if begins is not None and _is_billed_behind(given, dates):
        first = min(first, begins)
    cycle = cycle_of(every, begins or first, day, "anniversary")
    return whole_period(cycle, first)[0], terms.alignment or "anniversary"


def _alignment(every: Every, start: date, day: int, begins: date | None) -> Alignment:
    """By the calendar where only so the case's period is a billing period."""
    if begins is None or begins == start:
        return "anniversary"

    def holds(alignment: Alignment) -> bool:
        return begins == whole_period(cycle_of(every, start, _day(alignment), alignment), begins)[0]

    def _day(alignment: Alignment) -> int | None:
        return day if alignment == "anniversary" else None

    return "calendar" if holds("calendar") and not holds("anniversary") else "anniversary"


def _days(given: Given, dates: Dates) -> Iterator[date]:
    for event in given.events:
        kinds = {"at": "day", **fields_of(event)}
        yield from (dates.day(event[field]) for field in PAST if _is_day(field, event, kinds))


def _is_day(field: str, event: Mapping[str, Any], kinds: Mapping[str, str]) -> bool:
    return field in event and kinds.get(field) == "day"


def _term_to(given: Given, dates: Dates, framed: tuple[date, date] | None, start: date) -> date:
    """As said, or long after all that happens."""
    if framed is not None:
        return framed[1]
    if given.more.get("end") is not None:
        return dates.end(given.more["end"])
    target = given.more.get("target")
    days = [dates.day(target)] if target else []
    last = max([start, *days, *_days(given, dates)])
    return add_months(last.replace(day=1), SPARE_MONTHS)
