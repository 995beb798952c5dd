"""The commercial truth of a subscription: what was sold, in which term, and every change to it.

Dates are half-open: `term_to` and the effective date of a cancellation are the first day not
served.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.quantity import quantity

# A month that has no such day bills on its last one.
LAST_ANCHOR_DAY = 31


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


SubscriptionCommand = StartSubscription | AmendSubscription | RenewSubscription | CancelSubscription


class SubscriptionState(Struct, frozen=True, kw_only=True):
    """What deciding needs: the term, the items ever sold and the end, if it was cancelled."""

    term_from: date | None = None
    term_to: date | None = None
    items: frozenset[str] = frozenset()
    cancelled_on: date | None = None


def evolve(state: SubscriptionState, fact: Fact) -> SubscriptionState:
    event = fact.event
    match event:
        case SubscriptionStarted():
            names = state.items | {item.item for item in event.items}
            return structs.replace(
                state, term_from=event.term_from, term_to=event.term_to, items=names
            )
        case SubscriptionAmended():
            names = state.items | {change.item for change in event.items}
            return structs.replace(state, items=names)
        case SubscriptionRenewed():
            names = state.items | {change.item for change in event.items}
            latest = max(state.term_to or event.term_to, event.term_to)
            return structs.replace(state, term_to=latest, items=names)
        case SubscriptionCancelled():
            return structs.replace(state, cancelled_on=fact.when.effective)
        case _:
            return state


def decide(
    command: SubscriptionCommand, state: SubscriptionState, context: Context
) -> tuple[Event, ...]:
    """Nothing is refused for being late or out of term; only what makes no sense by itself is."""
    if isinstance(command, StartSubscription):
        return (_started(command, state),)
    if state.term_from is None and not context.outside:
        raise Rejected("subscription-not-started", field="stream")
    match command:
        case AmendSubscription():
            _require_changes(command.items, state)
            _require_not_over(command.when, state, context)
            return (SubscriptionAmended(when=command.when, items=command.items),)
        case RenewSubscription():
            if command.items:
                _require_changes(command.items, state)
            if command.term_to <= command.when.effective:
                raise Rejected("term-ends-before-it-begins", field="term_to")
            _require_not_over(command.when, state, context)
            return (
                SubscriptionRenewed(
                    when=command.when, term_to=command.term_to, items=command.items
                ),
            )
        case CancelSubscription():
            if state.cancelled_on is not None and not context.outside:
                raise Rejected("already-cancelled", on=str(state.cancelled_on))
            return (SubscriptionCancelled(when=command.when, refund=command.refund),)
        case _:
            assert_never(command)


def _started(command: StartSubscription, state: SubscriptionState) -> SubscriptionStarted:
    if state.term_from is not None:
        raise Rejected("subscription-already-started", field="stream")
    if command.term_to <= command.term_from:
        raise Rejected("term-ends-before-it-begins", field="term_to")
    if not command.items:
        raise Rejected("no-items", field="items")
    if len({item.item for item in command.items}) < len(command.items):
        raise Rejected("duplicate-item", field="items")
    if command.anchor_day is not None and not 1 <= command.anchor_day <= LAST_ANCHOR_DAY:
        raise Rejected("anchor-day-out-of-range", field="anchor_day", day=command.anchor_day)
    exponent(command.currency)
    for item in command.items:
        _require_quantity(item.quantity)
    return SubscriptionStarted(
        **{name: getattr(command, name) for name in command.__struct_fields__}
    )


def _require_changes(changes: tuple[ItemChange, ...], state: SubscriptionState) -> None:
    if not changes:
        raise Rejected("no-items", field="items")
    for change in changes:
        if change.quantity is not None:
            _require_quantity(change.quantity)
        if change.price is None and change.item not in state.items:
            raise Rejected("unknown-item", field="items", item=change.item)


def _require_quantity(value: Decimal) -> None:
    if quantity(value, "items.quantity") < 0:
        raise Rejected("negative-quantity", field="items.quantity", quantity=str(value))


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
)
