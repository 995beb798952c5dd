"""Events about documents, tax, coupons and money in the ledger's words, a row for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from msgspec import structs

from domain.balance import GrantBalance
from domain.calendar import ONE_DAY
from domain.coupon import GrantCoupon
from domain.facts import When
from domain.invoicing import AdoptInvoicing
from domain.money import minor_exactly
from replay.billing_cases.acts import Adjust, Credit, Issue, Keep, Pay, Refund, Run, Submit, Void
from replay.billing_cases.deal import CUSTOMER
from replay.billing_cases.fields import kind_of
from replay.billing_cases.happened import TELL as OF_SERVICE
from replay.billing_cases.happened import Event, Happening, Told
from replay.billing_cases.listed import item_name
from replay.billing_cases.selling import restarted
from replay.billing_cases.taxes import buyer
from replay.billing_cases.words import number, whole
from replay.case_format import CaseError

# What is different from then on, or is no more.
CHANGES = frozenset(
    {"add", "changed", "upgrade", "upgraded", "downgrade", "downgraded", "remove", "removed",
     "quantity", "quantity_changed", "plan_change", "plan_change_immediate", "terminated",
     "cancelled_immediately"}
)  # fmt: skip
# Longer than any case takes from a draft to its issue.
GRACE_DAYS = 90


def _amount(event: Event, field: str) -> Decimal:
    return number(event.get(field), f"{event['type']}.{field}")


def _invoiced(case: Happening, event: Event) -> Told:
    """A customer that is named here buys here."""
    if "customer" in event:
        name = buyer(str(event["customer"])).customer
        command = restarted(case.deal, name, case.plan, None)
        yield Submit(stream=f"subscription:{name}", command=command)
    yield from OF_SERVICE["invoice_run"](case, event)


def _used(case: Happening, event: Event) -> Told:
    """What is used of a price that is named is one of it, billed as the day is over."""
    if "price" not in event:
        yield from OF_SERVICE["usage"](case, event)
        return
    billed_on = case.day(event) + ONE_DAY
    yield case.row(event, 1)
    yield Run(on=billed_on, why="interim")
    case.used_on.append(case.day(event))
    for place, limited_to in enumerate(case.wallets, start=1):
        if limited_to and event["price"] not in limited_to:
            yield Keep(on=billed_on, balance=f"wallet-{place}")


def _cancelled(case: Happening, event: Event) -> Told:
    """Where the price says what is to be credited, so much is asked for of what is paid; else what
    is sold ends.
    """
    asked = case.deal.offer.asked
    if asked is None:
        yield from OF_SERVICE["cancelled"](case, event)
        return
    on = case.day(event)
    if not asked.paid:
        return
    yield Pay(on=on, amount=asked.paid)
    yield Credit(on=on, amount=asked.already, paid=asked.paid)
    yield Credit(on=on, amount=asked.amount, paid=asked.paid)


def _started(case: Happening, event: Event) -> Told:
    """What changes or ends on the day it began is billed as it begins."""
    changes = (case.day(one) for one in case.deal.given.events if kind_of(one) in CHANGES)
    if case.day(event) in changes:
        yield case.run(event)


def _coupon(case: Happening, event: Event) -> Told:
    """Off the invoices from then on until it is used up, or its time is over."""
    if ("amount" in event) == ("percent" in event):
        raise CaseError("coupon must have an amount or a percent")
    granted = _granted(case, event, event.get("limited_to", ()))
    if "amount" in event:
        granted = structs.replace(granted, amount=_amount(event, "amount"))
    else:
        percent = _amount(event, "percent")
        granted = structs.replace(granted, percent=percent, currency=None)
    times = whole(event["times"], "coupon.times") if "times" in event else None
    until = case.day(event, "until") if "until" in event else None
    yield _coupon_of(case, structs.replace(granted, times=times, until=until))


def _coupon_applied(case: Happening, event: Event) -> Told:
    """What the price states comes off each invoice."""
    for sale in case.deal.offer.plan(case.plan):
        if sale.coupon is not None:
            granted = _granted(case, event, [sale.item])
            yield _coupon_of(
                case, structs.replace(granted, amount=sale.coupon, amount_per="invoice")
            )


def _granted(case: Happening, event: Event, items: Iterable[object]) -> GrantCoupon:
    """One of the customer's, on these items only."""
    case.coupons += 1
    named = tuple(item_name(str(item)) for item in items)
    _require_sold(case, event, named)
    return GrantCoupon(
        when=When(effective=case.day(event)),
        customer=CUSTOMER,
        currency=case.deal.given.currency,
        items=named,
        order=case.coupons,
    )


def _require_sold(case: Happening, event: Event, names: Iterable[str]) -> None:
    known = {sale.item for sale in case.deal.offer.sales()} | {*case.deal.offer.plans}
    for name in names:
        if name not in known:
            raise CaseError(f"{event['type']}: nothing is sold as {name}")


def _coupon_of(case: Happening, granted: GrantCoupon) -> Submit:
    return Submit(stream=f"coupon:coupon-{case.coupons}", command=granted)


def _credited(case: Happening, event: Event) -> Told:
    item = item_name(str(event["item"])) if "item" in event else None
    yield Credit(on=case.day(event), amount=_amount(event, "amount"), item=item)


def _wallet(case: Happening, event: Event) -> Told:
    """Credit granted; what it is not for is taken off it as it is billed, as is what was billed
    before.
    """
    limited_to = tuple(map(str, event.get("limited_to", ())))
    _require_sold(case, event, map(item_name, limited_to))
    case.wallets.append(limited_to)
    minor = minor_exactly(_amount(event, "credits"), case.deal.given.currency)
    command = GrantBalance(
        when=When(effective=case.day(event)),
        customer=CUSTOMER,
        currency=case.deal.given.currency,
        amount_minor=minor,
    )
    wallet = f"wallet-{len(case.wallets)}"
    yield Submit(stream=f"balance:{wallet}", command=command)
    billed = [day for day in case.used_on if day < case.day(event)]
    for place in range(len(billed)):
        yield Keep(on=case.day(event), balance=wallet, invoice=place)


def _paid(case: Happening, event: Event) -> Told:
    amount = _amount(event, "amount") if "amount" in event else None
    yield Pay(on=case.day(event), amount=amount)


def _invoiced_and_paid(case: Happening, event: Event) -> Told:
    yield Run(on=case.day(event), why="asked")
    amount = _amount(event, "paid") if "paid" in event else None
    yield Pay(on=case.day(event), amount=amount)


def _refunded(case: Happening, event: Event) -> Told:
    """The money goes back, and what the line is lowered by is credited."""
    yield Refund(on=case.day(event), amount=_amount(event, "amount"))
    if "line_adjusted_by" in event:
        adjusted = _amount(event, "line_adjusted_by")
        yield Credit(on=case.day(event), amount=adjusted, of_first=True)


def _drafted(case: Happening, event: Event) -> Told:
    """From here on invoices are drafted, and issued by hand."""
    options = structs.replace(case.deal.invoicing, grace_days=GRACE_DAYS)
    command = AdoptInvoicing(when=When(effective=case.day(event)), options=options)
    yield Submit(stream="invoicing:self", command=command)
    stated = event.get("total")
    yield Run(on=case.day(event), why="draft", stated=None if stated is None else str(stated))


def _adjusted(case: Happening, event: Event) -> Told:
    """What is used is what can be counted otherwise than it was measured."""
    metered = [sale.item for sale in case.deal.offer.plan(case.plan) if sale.metered is not None]
    if len(metered) != 1:
        raise CaseError(f"{event['type']}: {len(metered)} items it could mean")
    yield Adjust(
        on=case.day(event),
        item=metered[0],
        units=_amount(event, "units"),
        unit_amount=_amount(event, "unit_amount"),
    )


def _refreshed(case: Happening, event: Event) -> Told:
    yield Run(on=case.day(event), why="draft")


def _finalized(case: Happening, event: Event) -> Told:
    yield Issue(on=case.day(event))


def _repair_void(case: Happening, event: Event) -> Told:
    yield Void(on=case.day(event))


def _first_void(case: Happening, event: Event) -> Told:
    yield Void(on=case.day(event), of_first=True)


TELL: Mapping[str, Callable[[Happening, Event], Told]] = {
    **OF_SERVICE,
    "cancelled": _cancelled,
    **dict.fromkeys(("period_start", "subscription_started", "subscriptions_started"), _started),
    "usage": _used,
    "invoiced": _invoiced,
    "coupon": _coupon,
    "coupon_applied": _coupon_applied,
    "credit": _credited,
    "paid": _paid,
    "invoiced_and_paid": _invoiced_and_paid,
    "payment_refunded_in_full": _refunded,
    "wallet_granted": _wallet,
    "draft_invoice": _drafted,
    "fee_adjusted": _adjusted,
    "draft_refreshed": _refreshed,
    "finalized": _finalized,
    "void_repair_invoice": _repair_void,
    "void_first_invoice": _first_void,
}
