"""Subscriptions: those that usage belongs to, and plans whose change waits for the next invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.decimals import plain
from domain.facts import When
from domain.price import SetPrice
from domain.pricing import Flat
from domain.subscription import AmendSubscription, Item, ItemChange, StartSubscription
from replay.accounting_cases.policy import Elections
from replay.accounting_cases.steps import CUSTOMER, Does, Ingest, NoEffect, Submit, UsageTerms
from replay.accounting_cases.survey import Survey, name, when
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

PLAN = "plan"


def subscription_started(_fact: Words, _known: Survey) -> Does:
    yield NoEffect(why="its price and term are those of the subscription that usage belongs to")


def usage_reported(fact: Words, known: Survey) -> Does:
    assert known.usage is not None
    if fact.has("contract") and fact.text("contract") not in known.contracts:
        raise CaseError(f"usage_reported.contract: no contract {fact.text('contract')}")
    price = fact.price("unit_price") if fact.has("unit_price") else known.usage.prices[0]
    yield Ingest(
        event_id=name(fact, "event_id"),
        meter=usage_meter(price),
        quantity=fact.units("units"),
        occurred_at=fact.instant("effective"),
    )


def usage_meter(price: Decimal) -> str:
    """Usage at one price has a meter of its own, so that each row meets its price."""
    return f"units-at-{plain(price)}"


def usage_terms(facts: tuple[Words, ...], elected: Elections) -> UsageTerms | None:
    """What usage is sold at, by its subscription or by itself; none if there is no usage."""
    usage = [fact for fact in facts if fact.event == "usage_reported"]
    sold = [fact for fact in facts if fact.event == "subscription_started"]
    if not usage and not sold:
        return None
    if len(sold) > 1:
        raise CaseError("subscription_started more than once: usage does not say which it is of")
    prices = (
        *(fact.price("price_per_unit") for fact in sold),
        *(fact.price("unit_price") for fact in usage if fact.has("unit_price")),
    )
    if not prices:
        raise CaseError("missing field usage_reported.unit_price")
    return UsageTerms(
        prices=tuple(dict.fromkeys(prices)),
        aggregation=elected.aggregation,
        started=sold[0].day("effective") if sold else None,
    )


def used_since(fact: Words, known: Survey) -> bool:
    """Whether any usage was reported since the invoice before."""
    invoices = known.of("invoice_issued")
    earlier = [
        other for other in invoices if other.instant("effective") < fact.instant("effective")
    ]
    since = next((other.instant("effective") for other in reversed(earlier)), None)
    used = (usage.instant("effective") for usage in known.of("usage_reported"))
    return any(since is None or moment >= since for moment in used)


def billed_plan(known: Survey) -> str | None:
    """The subscription that the invoices of a case bill, where a change of plan waits for one."""
    return PLAN if known.first("plan_changed", "unbilled_items") else None


def plan_changed(fact: Words, known: Survey) -> Does:
    """A change of plan reaches the books through its invoice; one no invoice carries is refused.

    One that says that its items are not billed yet changes a subscription by the month.
    """
    if fact.has("unbilled_items"):
        change = ItemChange(item=PLAN, price=_price_name(fact.price("to_price")))
        command = AmendSubscription(when=when(fact), items=(change,))
        yield Submit(stream=f"subscription:{PLAN}", command=command)
        return
    day = fact.day("effective")
    if not any(other.day("effective") == day for other in known.of("invoice_issued")):
        raise CaseError("plan_changed: no invoice of its date carries it")
    yield NoEffect(why="carried by the invoice of its date")


def plan_started(known: Survey) -> Does:
    """The plan was sold from the first service that is billed, at the price it had before."""
    fact = known.first("plan_changed", "unbilled_items")
    assert fact is not None
    start, end = _billed_service(known)
    since = When(effective=start)
    for price in (fact.price("from_price"), fact.price("to_price")):
        yield Submit(stream=f"price:{_price_name(price)}", command=_monthly(fact, price, since))
    sold = StartSubscription(
        when=since,
        customer=CUSTOMER,
        currency=fact.currency,
        term_from=start,
        term_to=end,
        items=(Item(item=PLAN, price=_price_name(fact.price("from_price"))),),
        zone=fact.zone,
    )
    yield Submit(stream=f"subscription:{PLAN}", command=sold)


def _billed_service(known: Survey) -> tuple[date, date]:
    """From the first to the last day of service that invoices bill."""
    served = [line for fact in known.of("invoice_issued") for line in fact.lines()]
    first, *_ = sorted(line.day("service_from") for line in served)
    *_, last = sorted(line.day("service_to") for line in served)
    return first, last


def _monthly(fact: Words, price: Decimal, since: When) -> SetPrice:
    return SetPrice(when=since, currency=fact.currency, model=Flat(amount=price))


def _price_name(price: Decimal) -> str:
    return f"{PLAN}-at-{plain(price)}"
