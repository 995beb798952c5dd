"""The billing anchor of a subscription: the day its billing periods begin on, and its changes.

What is already running is kept to its end, or cut: the caller says which.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from domain.calendar import Alignment
from domain.errors import Rejected
from domain.facts import Event, When

# A month that has no such day bills on its last one.
LAST_ANCHOR_DAY = 31


class BillingAnchorChanged(Event, frozen=True, kw_only=True, tag="billing-anchor-changed"):
    """From `effective` on billing periods begin on `anchor_day`.

    `running_period`: `kept` to its end, a stub leads to the new day; or `cut` on the day of change.
    """

    anchor_day: int
    alignment: Alignment = "anniversary"
    running_period: Literal["kept", "cut"] = "kept"


class ChangeBillingAnchor(
    Struct, frozen=True, kw_only=True, tag="change-billing-anchor", forbid_unknown_fields=True
):
    """Let billing periods begin on another day of the month."""

    when: When
    anchor_day: int
    alignment: Alignment = "anniversary"
    running_period: Literal["kept", "cut"] = "kept"


AnchorCommand = ChangeBillingAnchor


def anchor_changed(command: ChangeBillingAnchor) -> BillingAnchorChanged:
    require_anchor(command.anchor_day)
    return BillingAnchorChanged(**structs.asdict(command))


def require_anchor(day: int) -> None:
    if not 1 <= day <= LAST_ANCHOR_DAY:
        raise Rejected("anchor-day-out-of-range", field="anchor_day", day=day)
