"""The stage of a case: its entity, customer, meters and prices, and the start of what is sold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.balance import GrantBalance
from domain.books import OpenBook
from domain.calendar import months
from domain.deciders import Command
from domain.discount import GrantDiscount
from domain.entity import DefineCalendar, OpenEntity
from domain.facts import When
from domain.invoicing import AdoptInvoicing
from domain.meter import DefineMeter
from domain.money import minor_exactly
from domain.party import RegisterCustomer
from domain.price import SetPrice
from domain.subscription import Item, StartSubscription
from replay.billing_cases.deal import CUSTOMER, Deal
from replay.billing_cases.fields import kind_of
from replay.billing_cases.sold import ITEM, WEIGHT, Metered, Sale
from replay.billing_cases.taxes import code, percent_of, tables
from replay.billing_cases.words import number

BOOK = "main"
START = "start"
# The calendar reaches from a year before the case to years after it.
CALENDAR_YEARS = 7


def stage(agreed: Deal, plan: str) -> Iterator[tuple[str, Command]]:
    """What must be there before anything is sold."""
    first = agreed.start.replace(year=agreed.start.year - 1, month=1, day=1)
    when = When(effective=first)
    currency, zone = agreed.given.currency, agreed.given.zone
    opened = OpenEntity(when=when, name="A worked case", functional_currency=currency, zone=zone)
    yield "entity:self", opened
    periods = months(first, 12 * CALENDAR_YEARS)
    yield "entity:self", DefineCalendar(when=when, periods=periods)
    yield f"book:{BOOK}", OpenBook(when=when, name=BOOK)
    for one in dict.fromkeys(agreed.buyers.values()):
        registered = RegisterCustomer(when=when, currency=currency, tax=one.status)
        yield f"customer:{one.customer}", registered
    if agreed.percents:
        yield from tables(agreed.elected, agreed.percents, agreed.buyers, when)
        yield "invoicing:self", AdoptInvoicing(when=when, options=agreed.invoicing)
    yield from _meters(agreed, when)
    yield from _prices(agreed, plan, when)


def started(agreed: Deal, plan: str) -> Iterator[tuple[str, Command]]:
    """The start of each subscription, and what is taken off its price from then on; before it the
    credit that the customer has.
    """
    if agreed.offer.granted is not None:
        yield "balance:credit", _granted(agreed, agreed.offer.granted)
    for name, offered in agreed.offers.items():
        yield f"subscription:{name}", restarted(agreed, name, plan, None)
        for sale in offered.plan(plan):
            if sale.discount_percent is not None:
                granted = GrantDiscount(
                    when=When(effective=agreed.start),
                    discount=f"discount-{sale.item}",
                    percent=sale.discount_percent,
                    items=(sale.item,),
                )
                yield f"subscription:{name}", granted


def _granted(agreed: Deal, amount: Decimal) -> GrantBalance:
    currency = agreed.given.currency
    return GrantBalance(
        when=When(effective=agreed.start),
        customer=CUSTOMER,
        currency=currency,
        amount_minor=minor_exactly(amount, currency),
    )


def restarted(agreed: Deal, name: str, plan: str, since: date | None) -> StartSubscription:
    """The start as it was agreed, or as if it had been on another day of that cycle."""
    start = since or agreed.start
    added = any(kind_of(event) == "item_added" for event in agreed.given.events)
    day = since.day if since else agreed.anchor_day
    has_day = agreed.alignment == "anniversary" and not agreed.every.days
    return StartSubscription(
        when=When(effective=start),
        customer=agreed.buyers[name].customer,
        currency=agreed.given.currency,
        term_from=start,
        term_to=agreed.term_to,
        zone=agreed.given.zone,
        anchor_day=day if has_day else None,
        alignment=agreed.alignment,
        items=tuple(
            Item(
                item=sale.item,
                price=price_name(agreed, name, plan, sale),
                quantity=Decimal(0) if added and sale.item == ITEM else quantity_of(agreed, sale),
            )
            for sale in agreed.offers[name].plan(plan)
        ),
    )


def price_name(agreed: Deal, name: str, plan: str, sale: Sale) -> str:
    """One price for each item of each plan, and of each reading of the price."""
    known = [*agreed.offers[name].plans]
    place = known.index(plan) + 1 if plan in known else plan.replace(" ", "-")
    return f"{name}-{place}-{sale.item}"


def quantity_of(agreed: Deal, sale: Sale) -> Decimal:
    """As many as were sold at the start, where the case counts them."""
    counted = (event["quantity"] for event in agreed.given.events if _counts(event))
    stated = next(counted, None)
    if stated is None or sale.metered is not None:
        return sale.quantity
    return number(stated, "subscription_started.quantity")


def _counts(event: dict[str, object]) -> bool:
    return kind_of(event) == "subscription_started" and "quantity" in event


def _meters(agreed: Deal, when: When) -> Iterator[tuple[str, Command]]:
    stated = any("time_weighted_units" in event for event in agreed.given.events)
    meters = {
        sale.metered.meter: sale.metered
        for offered in agreed.offers.values()
        for sale in offered.sales()
        if sale.metered is not None
    }
    for name, metered in meters.items():
        yield f"meter:{name}", _defined(metered, when, stated=stated)


def _defined(metered: Metered, when: When, *, stated: bool) -> DefineMeter:
    return DefineMeter(
        when=when,
        aggregation=metered.aggregation,
        property=metered.property,
        dimensions=metered.dimensions,
        recurring=metered.recurring,
        weighted_by=WEIGHT if stated else None,
    )


def _prices(agreed: Deal, first: str, when: When) -> Iterator[tuple[str, Command]]:
    set_already: set[str] = set()
    for name, offered in agreed.offers.items():
        for plan in dict.fromkeys((first, *offered.plans, *_plans_named(agreed))):
            for sale in offered.plan(plan):
                stream = f"price:{price_name(agreed, name, plan, sale)}"
                if stream not in set_already:
                    set_already.add(stream)
                    yield stream, _price(agreed, sale, when)


def _plans_named(agreed: Deal) -> Iterator[str]:
    """Plans that events name and the price does not: each is an amount."""
    for event in agreed.given.events:
        if "plan" in event:
            yield str(event["plan"])


def _price(agreed: Deal, sale: Sale, when: When) -> SetPrice:
    elected = agreed.elected
    return SetPrice(
        when=when,
        currency=agreed.given.currency,
        model=sale.model,
        meter=sale.metered.meter if sale.metered else None,
        interval_months=agreed.every.months or 1,
        interval_days=agreed.every.days or None,
        bill=sale.bill or agreed.terms.bill or ("arrears" if sale.metered else "advance"),
        proration=elected.proration,
        group_by=sale.group_by,
        minimum=sale.minimum,
        maximum=sale.maximum,
        trial_days=sale.trial_days or agreed.trial_days,
        thresholds=sale.thresholds,
        options=elected.options,
        tax_code=code(percent_of(sale, agreed.given, elected)),
    )
