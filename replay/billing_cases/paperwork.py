"""Events about documents, tax, coupons and money in the ledger's words, a row for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from replay.billing_cases.format import kind_of
from replay.billing_cases.happened import TELL as OF_SERVICE
from replay.billing_cases.happened import Event, Happening, Told
from replay.billing_cases.listed import item_name
from replay.billing_cases.selling import restarted
from replay.billing_cases.taxes import buyer
from replay.billing_cases.words import number
from replay.case_format import CaseError

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
    if case.wallet and event["price"] not in case.wallet:
        yield Keep(on=billed_on)


def _cancelled(case: Happening, event: Event) -> Told:
    """Where the price says what is to be credited, so much is asked for; else what is sold ends."""
    asked = case.deal.offer.asked
    if asked is None:
        yield from OF_SERVICE["cancelled"](case, event)
        return
    on = case.day(event)
    yield Pay(on=on, amount=asked.paid)
    yield Credit(on=on, amount=asked.already, paid=asked.paid)
    yield Credit(on=on, amount=asked.amount, paid=asked.paid)


def _started(case: Happening, event: Event) -> Told:
    """What ends on the day it began is billed as it begins."""
    ends = (case.day(one) for one in case.deal.given.events if kind_of(one) == "terminated")
    if case.day(event) in ends:
        yield case.run(event)


def _coupon(case: Happening, event: Event) -> Told:
    """Off the invoices from then on until it is used up."""
    yield _granted(case, event, _amount(event, "amount"), event.get("limited_to", ()), "coupon")


def _coupon_applied(case: Happening, event: Event) -> Told:
    """What the price states comes off each invoice."""
    for sale in case.deal.offer.plan(case.plan):
        if sale.coupon is not None:
            yield _granted(case, event, sale.coupon, [sale.item], "invoice")


def _granted(case: Happening, event: Event, amount: Decimal, items: object, per: str) -> Submit:
    case.coupons += 1
    command = GrantCoupon(
        when=When(effective=case.day(event)),
        customer=CUSTOMER,
        amount=amount,
        currency=case.deal.given.currency,
        amount_per="coupon" if per == "coupon" else "invoice",
        items=tuple(item_name(str(item)) for item in items),  # type: ignore[attr-defined]
        order=case.coupons,
    )
    return Submit(stream=f"coupon:coupon-{case.coupons}", command=command)


def _credited(case: Happening, event: Event) -> Told:
    item = item_name(str(event["item"])) if "item" in event else None
    yield Credit(on=case.day(event), amount=_amount(event, "amount"), item=item)


def _wallet(case: Happening, event: Event) -> Told:
    """Credit granted; what it is not for is taken off it as it is billed."""
    case.wallet = tuple(map(str, event.get("limited_to", ())))
    minor = minor_exactly(_amount(event, "credits"), case.deal.given.currency)
    command = GrantBalance(
        when=When(effective=case.day(event)),
        customer=CUSTOMER,
        currency=case.deal.given.currency,
        amount_minor=minor,
    )
    yield Submit(stream="balance:wallet", command=command)


def _paid(case: Happening, event: Event) -> Told:
    yield Pay(on=case.day(event))


def _invoiced_and_paid(case: Happening, event: Event) -> Told:
    yield Run(on=case.day(event), why="asked")
    yield Pay(on=case.day(event), amount=_amount(event, "paid"))


def _refunded(case: Happening, event: Event) -> Told:
    """The money goes back, and what the line is lowered by is credited."""
    yield Refund(on=case.day(event), amount=_amount(event, "amount"))
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
    "subscription_started": _started,
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
