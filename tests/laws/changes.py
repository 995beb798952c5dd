"""Corrections and retractions of what a drawn history already holds, and its order of arrival."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from msgspec import structs

from domain.anchor import BillingAnchorChanged
from domain.chargeback_facts import (
    ChargebackOpened,
)
from domain.contract_facts import ContractModified, ContractOpened, ContractTerminated
from domain.coupon import CouponGranted, CouponWithdrawn
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.dunning import DunningStepReached, PaymentPromised
from domain.facts import Event, Retracted, When
from domain.invoice_facts import CreditIssued, DocumentSent, InvoiceIssued, InvoiceWrittenOff
from domain.left_entry import BankEntrySetAside
from domain.payment_facts import (
    PaymentApplied,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
)
from domain.price import PriceSet
from domain.service import SubscriptionPaused, SubscriptionResumed, SubscriptionSuspended
from domain.subscription import (
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from tests.laws.memory import Arrival

# Facts a correction may replace; documents keep their customer and currency.
CORRECTABLE = (
    SubscriptionStarted,
    SubscriptionAmended,
    SubscriptionRenewed,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionResumed,
    BillingAnchorChanged,
    DiscountGranted,
    CouponGranted,
    ContractOpened,
    ContractModified,
    ContractTerminated,
    InvoiceIssued,
    CreditIssued,
    PaymentReceived,
    PaymentApplied,
    PaymentRefunded,
    PriceSet,
)
# What is posted of these stands in one currency.
IN_ONE_CURRENCY = (SubscriptionStarted, ContractOpened, InvoiceIssued, PaymentReceived)
RETRACTABLE = (
    SubscriptionAmended,
    SubscriptionRenewed,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionSuspended,
    SubscriptionResumed,
    BillingAnchorChanged,
    DiscountGranted,
    DiscountWithdrawn,
    CouponGranted,
    CouponWithdrawn,
    ContractModified,
    ContractTerminated,
    CreditIssued,
    DocumentSent,
    DunningStepReached,
    PaymentPromised,
    BankEntrySetAside,
    PaymentApplied,
    PaymentRefunded,
)


def changed(event: Event, random: Random) -> Event:
    """The same event with another amount, quantity or day; its order stays."""
    when = event.when
    if random.random() < 0.25 and not isinstance(event, SubscriptionStarted | ContractOpened):
        moved = when.effective + timedelta(days=random.choice((1, 9, 31)))
        when = When(effective=moved, agreed_on=when.agreed_on, order=when.order)
    event = structs.replace(event, when=when)
    return _changed(event, random)


def _changed(event: Event, random: Random) -> Event:
    match event:
        case SubscriptionStarted():
            quantity = Decimal(random.randint(1, 30))
            items = (structs.replace(event.items[0], quantity=quantity), *event.items[1:])
            return structs.replace(event, items=items)
        case SubscriptionAmended():
            change = event.items[0]
            quantity = Decimal(random.randint(1, 30))
            if change.removed or change.item == "api":
                return event
            return structs.replace(
                event, items=(structs.replace(change, quantity=quantity), *event.items[1:])
            )
        case SubscriptionRenewed():
            return structs.replace(event, term_to=event.term_to + timedelta(days=31))
        case BillingAnchorChanged():
            return structs.replace(event, anchor_day=random.choice((5, 30)))
        case DiscountGranted() | CouponGranted():
            return structs.replace(event, order=random.randint(0, 2))
        case SubscriptionCancelled():
            return structs.replace(event, refund=random.choice(("none", "prorated", "full")))
        case ContractOpened():
            return structs.replace(event, price_minor=event.price_minor + random.randint(1, 999))
        case ContractModified():
            return structs.replace(event, price_change_minor=event.price_change_minor // 2)
        case ContractTerminated():
            return structs.replace(event, refund_minor=event.refund_minor // 2)
        case InvoiceIssued():
            line = event.lines[0]
            more = structs.replace(line, amount_minor=line.amount_minor + random.randint(1, 999))
            return structs.replace(event, lines=(more, *event.lines[1:]))
        case CreditIssued():
            return structs.replace(event, treatment=random.choice(("as-if-never", "from-now")))
        case PaymentReceived():
            return structs.replace(event, amount_minor=event.amount_minor + random.randint(1, 999))
        case PaymentApplied():
            row = event.applications[0]
            less = structs.replace(row, amount_minor=max(1, row.amount_minor // 2))
            return structs.replace(event, applications=(less,))
        case InvoiceWrittenOff():
            return structs.replace(event, amount_minor=random.choice((None, 30, 300)))
        case ChargebackOpened():
            return structs.replace(event, fee_minor=random.choice((0, 20)))
        case PaymentFailed() | PaymentRefunded():
            return structs.replace(event, amount_minor=max(1, event.amount_minor // 2))
        case PriceSet():
            return structs.replace(event, bill=random.choice(("advance", "arrears")))
        case _:
            return event


def in_other_currency(event: Event) -> Event:
    """The same deal, document or money, in yen instead of dollars or the other way round."""
    assert isinstance(event, IN_ONE_CURRENCY), event
    return structs.replace(event, currency="JPY" if event.currency == "USD" else "USD")


def out_of_turn(arrivals: list[Arrival], random: Random) -> list[Arrival]:
    """Some facts arrive much later than drawn; each stream keeps its own order, as deciders ask."""
    places = {
        a.key: i + (random.random() < 0.35) * random.random() * 60 for i, a in enumerate(arrivals)
    }
    return in_stream_order(sorted(arrivals, key=lambda arrival: places[arrival.key]), arrivals)


def in_stream_order(wanted: list[Arrival], drawn: list[Arrival]) -> list[Arrival]:
    """The wanted places, filled stream by stream in the order drawn."""
    by_stream: dict[str, list[Arrival]] = {}
    for arrival in drawn:
        by_stream.setdefault(arrival.stream, []).append(arrival)
    queues = {stream: iter(rows) for stream, rows in by_stream.items()}
    return [next(queues[arrival.stream]) for arrival in wanted]


def month_end(day: date, random: Random) -> date:
    """A `through`: mostly a month's end, sometimes a day inside the month."""
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return last if random.random() < 0.7 else day


def retracted(arrival: Arrival) -> Event:
    when = arrival.event.when
    return Retracted(when=When(effective=when.effective, order=when.order))
