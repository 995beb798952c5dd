"""The commercial truth of a subscription: what was sold, in which term, and every change to it.

Dates are half-open: `term_to` and the effective date of a cancellation are the first day not
served. What stops service for a while is in `service.py`, what it is billed by in `anchor.py`, what
is taken off its price in `discount.py`; all are facts of one stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct, structs

from domain.anchor import (
    AnchorCommand,
    BillingAnchorChanged,
    ChangeBillingAnchor,
    anchor_changed,
    require_anchor,
)
from domain.calendar import Alignment
from domain.currency import currency_of, exponent, require_kept
from domain.days import LAST_YEAR, TERM_DAYS_MAX, require_notice
from domain.discount import (
    DiscountCommand,
    DiscountEvent,
    DiscountGranted,
    DiscountWithdrawn,
    GrantDiscount,
    WithdrawDiscount,
    decide_discount,
    granted_since,
)
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.quantity import quantity
from domain.service import (
    SERVICE_COMMANDS,
    SERVICE_EVENTS,
    AccessGranted,
    AccessWithdrawn,
    GrantAccess,
    Hold,
    ServiceCommand,
    ServiceEvent,
    WithdrawAccess,
    decide_service,
    held_since,
)
from domain.zones import require_zone

TERM_MONTHS_MAX = 1200

Refund = Literal["none", "prorated", "full"]
Timing = Literal["now", "period-end"]


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One priced position; `quantity` multiplies a recurring price, a usage price ignores it."""

    item: str
    price: str
    quantity: Decimal = Decimal(1)


class ItemChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an item is from a date on; fields left out stay. A new item needs a price.

    `timing` period-end: from the end of the item's billing period that runs on that date.
    `refund`: what of the running billing period is given back for an item that is removed.
    """

    item: str
    price: str | None = None
    quantity: Decimal | None = None
    removed: bool = False
    timing: Timing = "now"
    refund: Refund = "prorated"


class SubscriptionStarted(Event, frozen=True, kw_only=True, tag="subscription-started"):
    """`contract`: open one by rule, or `none`, when invoices or a contract fact carry it.

    `term_to` none: without end. `renews_months`: renewed for so long at each end until cancelled.
    Recurring charges are free before `trial_to`. `cancellable_days`: the customer may leave without
    penalty on so many days' notice (rule 2).
    """

    customer: str
    currency: str
    term_from: date
    term_to: date | None
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"
    renews_months: int | None = None
    alignment: Alignment = "anniversary"
    trial_to: date | None = None
    cancellable_days: int | None = None


class SubscriptionAmended(Event, frozen=True, kw_only=True, tag="subscription-amended"):
    """Items as they are from `effective` on; upgrades, downgrades, additions and removals alike."""

    items: tuple[ItemChange, ...]


class SubscriptionRenewed(Event, frozen=True, kw_only=True, tag="subscription-renewed"):
    """The term goes on from `effective` (the old term's end) to `term_to`."""

    term_to: date
    items: tuple[ItemChange, ...] = ()


class SubscriptionCancelled(Event, frozen=True, kw_only=True, tag="subscription-cancelled"):
    """Service ends at `effective`, or with each item's billing period that runs on that day.

    `refund`: what of the running billing period is given back.
    """

    refund: Refund = "prorated"
    timing: Literal["effective", "period-end"] = "effective"


class StartSubscription(
    Struct, frozen=True, kw_only=True, tag="start-subscription", forbid_unknown_fields=True
):
    """Sell items over a term, or without end."""

    when: When
    customer: str
    currency: str
    term_from: date
    term_to: date | None
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"
    renews_months: int | None = None
    alignment: Alignment = "anniversary"
    trial_to: date | None = None
    cancellable_days: int | None = None


class AmendSubscription(
    Struct, frozen=True, kw_only=True, tag="amend-subscription", forbid_unknown_fields=True
):
    """Change what is sold from `effective` on, also in the past."""

    when: When
    items: tuple[ItemChange, ...]


class RenewSubscription(
    Struct, frozen=True, kw_only=True, tag="renew-subscription", forbid_unknown_fields=True
):
    """Let the term go on to `term_to`."""

    when: When
    term_to: date
    items: tuple[ItemChange, ...] = ()


class CancelSubscription(
    Struct, frozen=True, kw_only=True, tag="cancel-subscription", forbid_unknown_fields=True
):
    """End the service at `effective`, also in the past, or with what is billed already."""

    when: When
    refund: Refund = "prorated"
    timing: Literal["effective", "period-end"] = "effective"


SubscriptionEvent = (
    SubscriptionStarted
    | SubscriptionAmended
    | SubscriptionRenewed
    | SubscriptionCancelled
    | BillingAnchorChanged
    | DiscountEvent
    | ServiceEvent
)
SubscriptionCommand = (
    StartSubscription
    | AmendSubscription
    | RenewSubscription
    | CancelSubscription
    | AnchorCommand
    | DiscountCommand
    | ServiceCommand
)


class SubscriptionState(Struct, frozen=True, kw_only=True):
    """What deciding needs: currency, term, the items ever sold, and the end, if cancelled.

    `holds` is what stopped and resumed service, in effective order; `discounts` those not
    withdrawn.
    """

    currency: str | None = None
    term_from: date | None = None
    term_to: date | None = None
    is_endless: bool = False
    items: frozenset[str] = frozenset()
    cancelled_on: date | None = None
    holds: tuple[Hold, ...] = ()
    discounts: frozenset[str] = frozenset()


def evolve(state: SubscriptionState, fact: Fact) -> SubscriptionState:
    """Facts from outside may be dated in any order, an amendment even before the start."""
    event = fact.event
    assert isinstance(event, SubscriptionEvent), fact
    match event:
        case SubscriptionStarted():
            return structs.replace(
                state,
                currency=event.currency,
                term_from=event.term_from,
                term_to=_latest(state.term_to, event.term_to),
                is_endless=event.term_to is None,
                items=state.items | {item.item for item in event.items},
            )
        case SubscriptionAmended():
            names = state.items | {change.item for change in event.items}
            return structs.replace(state, items=names)
        case SubscriptionRenewed():
            names = state.items | {change.item for change in event.items}
            latest = _latest(state.term_to, event.term_to)
            return structs.replace(state, term_to=latest, items=names)
        case SubscriptionCancelled():
            # The earliest ends the service; a later one from another source changes nothing.
            return structs.replace(state, cancelled_on=state.cancelled_on or fact.when.effective)
        case DiscountGranted() | DiscountWithdrawn():
            return structs.replace(state, discounts=granted_since(event, state.discounts))
        case BillingAnchorChanged() | AccessGranted() | AccessWithdrawn():
            return state
        case _:
            return structs.replace(state, holds=held_since(event, state.holds))


def _latest(known: date | None, said: date | None) -> date | None:
    return max((day for day in (known, said) if day is not None), default=None)


def needs(command: SubscriptionCommand) -> tuple[str, ...]:
    """A price that is known must be in the currency of what it is sold in."""
    if not isinstance(command, StartSubscription | AmendSubscription | RenewSubscription):
        return ()
    return tuple(sorted({f"price:{item.price}" for item in command.items if item.price}))


def decide(
    command: SubscriptionCommand, state: SubscriptionState, context: Context
) -> tuple[Event, ...]:
    """Nothing is refused for being late or out of term; only what makes no sense by itself is.

    What a source sends before the start, or after another's cancellation, waits for the fact that
    cures it (SPEC 12); from a person it is a mistake.
    """
    if isinstance(command, StartSubscription):
        return (_started(command, state, context),)
    if state.term_from is None and not context.outside:
        raise Rejected("subscription-not-started", field="stream")
    match command:
        case AmendSubscription():
            if not command.items:
                raise Rejected("no-items", field="items")
            _require_changes(command.items, state, context)
            _require_not_over(command.when, state, context)
            return (SubscriptionAmended(when=command.when, items=command.items),)
        case RenewSubscription():
            _require_changes(command.items, state, context)
            _require_term(command.when.effective, command.term_to)
            _require_not_over(command.when, state, context)
            if state.is_endless and not context.outside:
                raise Rejected("term-without-end", field="term_to")
            return (
                SubscriptionRenewed(
                    when=command.when, term_to=command.term_to, items=command.items
                ),
            )
        case CancelSubscription():
            if state.cancelled_on is not None and not context.outside:
                on = str(state.cancelled_on)
                raise Rejected("already-cancelled", field="stream", cancelled_on=on)
            return (SubscriptionCancelled(**structs.asdict(command)),)
        case _:
            _require_not_over(command.when, state, context)
            return (_beside_the_sale(command, state, context),)


def _beside_the_sale(
    command: AnchorCommand | DiscountCommand | ServiceCommand,
    state: SubscriptionState,
    context: Context,
) -> Event:
    """What leaves the items as they are: holds, access, the billing anchor, discounts."""
    match command:
        case ChangeBillingAnchor():
            return anchor_changed(command)
        case GrantDiscount():
            for item in command.items:
                _require_known(item, state, context, "items")
            return decide_discount(command, state.discounts, context)
        case WithdrawDiscount():
            return decide_discount(command, state.discounts, context)
        case GrantAccess() | WithdrawAccess():
            if command.item is not None:
                _require_known(command.item, state, context, "item")
            return decide_service(command, state.holds, context)
        case _:
            return decide_service(command, state.holds, context)


def _started(
    command: StartSubscription, state: SubscriptionState, context: Context
) -> SubscriptionStarted:
    if state.term_from is not None:
        raise Rejected("subscription-already-started", field="stream")
    require_name(command.customer, "customer")
    exponent(command.currency)
    require_kept(command.currency, context.replaces)
    require_zone(command.zone)
    _require_terms(command)
    if command.anchor_day is not None:
        require_anchor(command.anchor_day)
    if not command.items:
        raise Rejected("no-items", field="items")
    _require_items(command.items, command.currency, context)
    return SubscriptionStarted(**structs.asdict(command))


def _require_term(begin: date, end: date) -> None:
    if end <= begin:
        raise Rejected("term-ends-before-it-begins", field="term_to")
    if (end - begin).days > TERM_DAYS_MAX or end.year > LAST_YEAR:
        raise Rejected("term-too-long", field="term_to", days_max=TERM_DAYS_MAX)


def _require_terms(command: StartSubscription) -> None:
    renews, trial = command.renews_months, command.trial_to
    if command.term_to is not None:
        _require_term(command.term_from, command.term_to)
    elif renews is not None:
        raise Rejected("term-without-end", field="renews_months")
    if command.term_from.year > LAST_YEAR:
        raise Rejected("term-too-long", field="term_from", days_max=TERM_DAYS_MAX)
    if renews is not None and not 1 <= renews <= TERM_MONTHS_MAX:
        raise Rejected("renewal-out-of-range", field="renews_months", months_max=TERM_MONTHS_MAX)
    if trial is not None and trial <= command.term_from:
        raise Rejected("trial-ends-before-it-begins", field="trial_to")
    require_notice(command.cancellable_days, "cancellable_days")


def _require_changes(
    changes: tuple[ItemChange, ...], state: SubscriptionState, context: Context
) -> None:
    _require_items(changes, state.currency, context)
    for change in changes:
        if change.price is None:
            _require_known(change.item, state, context)
        if change.refund != "prorated" and not change.removed:
            raise Rejected("refund-without-removal", field="items.refund", item=change.item)


def _require_known(
    item: str, state: SubscriptionState, context: Context, field: str = "items.item"
) -> None:
    if item not in state.items and not context.outside:
        raise Rejected("unknown-item", field=field, item=item)


def _require_items(
    items: Iterable[Item | ItemChange], currency: str | None, context: Context
) -> None:
    """Each item once, with a quantity that can be sold and a price in the subscription's money."""
    seen: set[str] = set()
    for item in items:
        require_name(item.item, "items.item")
        if item.item in seen:
            raise Rejected("duplicate-item", field="items.item", item=item.item)
        seen.add(item.item)
        if item.quantity is not None and quantity(item.quantity, "items.quantity") < 0:
            raise Rejected("negative-quantity", field="items.quantity", quantity=str(item.quantity))
        if item.price is not None:
            require_name(item.price, "items.price")
            _require_same_currency(item.price, currency, context)


def _require_same_currency(price: str, currency: str | None, context: Context) -> None:
    priced_in = currency_of(context.others.get(f"price:{price}"))
    if None not in (priced_in, currency) and priced_in != currency:
        raise Rejected(
            "currency-mismatch", field="items.price", price=priced_in, subscription=currency
        )


def _require_not_over(when: When, state: SubscriptionState, context: Context) -> None:
    ended = state.cancelled_on
    if ended is not None and when.effective >= ended and not context.outside:
        raise Rejected("after-cancellation", field="when.effective", cancelled_on=str(ended))


DECIDER: Decider[SubscriptionState, SubscriptionCommand] = Decider(
    category="subscription",
    initial=SubscriptionState(),
    evolve=evolve,
    decide=decide,
    commands=(
        StartSubscription,
        AmendSubscription,
        RenewSubscription,
        CancelSubscription,
        ChangeBillingAnchor,
        GrantDiscount,
        WithdrawDiscount,
        *SERVICE_COMMANDS,
    ),
    events=(
        SubscriptionStarted,
        SubscriptionAmended,
        SubscriptionRenewed,
        SubscriptionCancelled,
        BillingAnchorChanged,
        DiscountGranted,
        DiscountWithdrawn,
        *SERVICE_EVENTS,
        Retracted,
    ),
    needs=needs,
)
