"""The commercial truth of a subscription: what was sold, in which term, and every change to it.

Dates are half-open: `term_to` and the effective date of a cancellation are the first day not
served.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.currency import currency_of, exponent, require_kept
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.quantity import quantity
from domain.zones import require_zone

# A month that has no such day bills on its last one.
LAST_ANCHOR_DAY = 31
# A term is measured billing period by billing period; one without end is written as renewals.
TERM_DAYS_MAX = 36_525
LAST_YEAR = 2999


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One priced position; `quantity` multiplies a recurring price, a usage price ignores it."""

    item: str
    price: str
    quantity: Decimal = Decimal(1)


class ItemChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an item is from a date on; fields left out stay. A new item needs a price."""

    item: str
    price: str | None = None
    quantity: Decimal | None = None
    removed: bool = False


class SubscriptionStarted(Event, frozen=True, kw_only=True, tag="subscription-started"):
    """`contract`: open one by rule, or `none`, when invoices or a contract fact carry it."""

    customer: str
    currency: str
    term_from: date
    term_to: date
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"


class SubscriptionAmended(Event, frozen=True, kw_only=True, tag="subscription-amended"):
    """Items as they are from `effective` on; upgrades, downgrades, additions and removals alike."""

    items: tuple[ItemChange, ...]


class SubscriptionRenewed(Event, frozen=True, kw_only=True, tag="subscription-renewed"):
    """The term goes on from `effective` (the old term's end) to `term_to`."""

    term_to: date
    items: tuple[ItemChange, ...] = ()


class SubscriptionCancelled(Event, frozen=True, kw_only=True, tag="subscription-cancelled"):
    """Service ends at `effective`. `refund`: what of the running billing period is given back."""

    refund: Literal["none", "prorated", "full"] = "prorated"


class StartSubscription(
    Struct, frozen=True, kw_only=True, tag="start-subscription", forbid_unknown_fields=True
):
    """Sell items over a term."""

    when: When
    customer: str
    currency: str
    term_from: date
    term_to: date
    items: tuple[Item, ...]
    zone: str = "UTC"
    anchor_day: int | None = None
    contract: Literal["by-rule", "none"] = "by-rule"


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
    """End the service at `effective`, also in the past."""

    when: When
    refund: Literal["none", "prorated", "full"] = "prorated"


SubscriptionEvent = (
    SubscriptionStarted | SubscriptionAmended | SubscriptionRenewed | SubscriptionCancelled
)
SubscriptionCommand = StartSubscription | AmendSubscription | RenewSubscription | CancelSubscription


class SubscriptionState(Struct, frozen=True, kw_only=True):
    """What deciding needs: currency, term, the items ever sold, and the end, if cancelled."""

    currency: str | None = None
    term_from: date | None = None
    term_to: date | None = None
    items: frozenset[str] = frozenset()
    cancelled_on: date | None = None


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
                term_to=max(state.term_to or event.term_to, event.term_to),
                items=state.items | {item.item for item in event.items},
            )
        case SubscriptionAmended():
            names = state.items | {change.item for change in event.items}
            return structs.replace(state, items=names)
        case SubscriptionRenewed():
            names = state.items | {change.item for change in event.items}
            latest = max(state.term_to or event.term_to, event.term_to)
            return structs.replace(state, term_to=latest, items=names)
        case SubscriptionCancelled():
            # The earliest ends the service; a later one from another source changes nothing.
            return structs.replace(state, cancelled_on=state.cancelled_on or fact.when.effective)
        case _:
            assert_never(event)


def needs(command: SubscriptionCommand) -> tuple[str, ...]:
    """A price that is known must be in the currency of what it is sold in."""
    if isinstance(command, CancelSubscription):
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
            return (
                SubscriptionRenewed(
                    when=command.when, term_to=command.term_to, items=command.items
                ),
            )
        case CancelSubscription():
            if state.cancelled_on is not None and not context.outside:
                on = str(state.cancelled_on)
                raise Rejected("already-cancelled", field="stream", cancelled_on=on)
            return (SubscriptionCancelled(when=command.when, refund=command.refund),)
        case _:
            assert_never(command)


def _started(
    command: StartSubscription, state: SubscriptionState, context: Context
) -> SubscriptionStarted:
    if state.term_from is not None:
        raise Rejected("subscription-already-started", field="stream")
    require_name(command.customer, "customer")
    exponent(command.currency)
    require_kept(command.currency, context.replaces)
    require_zone(command.zone)
    _require_term(command.term_from, command.term_to)
    _require_anchor(command)
    if not command.items:
        raise Rejected("no-items", field="items")
    _require_items(command.items, command.currency, context)
    return SubscriptionStarted(**structs.asdict(command))


def _require_term(begin: date, end: date) -> None:
    if end <= begin:
        raise Rejected("term-ends-before-it-begins", field="term_to")
    if (end - begin).days > TERM_DAYS_MAX or end.year > LAST_YEAR:
        raise Rejected("term-too-long", field="term_to", days_max=TERM_DAYS_MAX)


def _require_anchor(command: StartSubscription) -> None:
    if command.anchor_day is not None and not 1 <= command.anchor_day <= LAST_ANCHOR_DAY:
        raise Rejected("anchor-day-out-of-range", field="anchor_day", day=command.anchor_day)


def _require_changes(
    changes: tuple[ItemChange, ...], state: SubscriptionState, context: Context
) -> None:
    _require_items(changes, state.currency, context)
    for change in changes:
        if change.price is None and change.item not in state.items and not context.outside:
            raise Rejected("unknown-item", field="items.item", item=change.item)


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
    commands=(StartSubscription, AmendSubscription, RenewSubscription, CancelSubscription),
    events=(
        SubscriptionStarted,
        SubscriptionAmended,
        SubscriptionRenewed,
        SubscriptionCancelled,
        Retracted,
    ),
    needs=needs,
)
