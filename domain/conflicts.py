"""Which changes of one deal mean something else in the other order.

A person's changes count in the order they arrive. A source that gives no order of its own may send
them in any, so what conflicts is refused instead of being guessed at.
"""

from __future__ import annotations

from domain.anchor import BillingAnchorChanged
from domain.facts import Event
from domain.service import SubscriptionPaused, SubscriptionResumed, SubscriptionSuspended
from domain.subscription import (
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
)

_OF_ITEMS = SubscriptionAmended | SubscriptionRenewed
_OF_SERVICE = SubscriptionPaused | SubscriptionSuspended | SubscriptionResumed


def is_change(event: Event) -> bool:
    return isinstance(event, _OF_ITEMS | _OF_SERVICE | SubscriptionCancelled | BillingAnchorChanged)


def conflict(one: Event, other: Event) -> bool:
    """Both changed the same thing on the same day, and did not say the same of it."""
    if one.when.effective != other.when.effective or not (is_change(one) and is_change(other)):
        return False
    if isinstance(one, _OF_ITEMS) and isinstance(other, _OF_ITEMS):
        return _items_conflict(one, other)
    if isinstance(one, SubscriptionCancelled) or isinstance(other, SubscriptionCancelled):
        return _said(one) != _said(other)
    return _of_one_kind(one, other) and _said(one) != _said(other)


def _items_conflict(
    one: SubscriptionAmended | SubscriptionRenewed, other: SubscriptionAmended | SubscriptionRenewed
) -> bool:
    before = {change.item: change for change in one.items}
    both_renew = isinstance(one, SubscriptionRenewed) and isinstance(other, SubscriptionRenewed)
    differs = any(before.get(change.item, change) != change for change in other.items)
    return differs or (both_renew and _said(one) != _said(other))


def _of_one_kind(one: Event, other: Event) -> bool:
    return isinstance(one, _OF_SERVICE) == isinstance(other, _OF_SERVICE) and isinstance(
        one, _OF_ITEMS
    ) == isinstance(other, _OF_ITEMS)


def _said(event: Event) -> tuple[object, ...]:
    """Kind and content, without when it was agreed or in which order it came."""
    fields = (name for name in event.__struct_fields__ if name != "when")
    return type(event), *(getattr(event, name) for name in fields)
