"""The words of a billing case: which keys and events there are, and what each field holds.

One table serves reading, scaling and shifting. What it does not name fails the case by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

# `count` is a quantity, which is money where the price is a share of money; `sold` is a price, or
# the name of one.
Kind = Literal[
    "money", "count", "counts", "number", "whole", "day", "days", "day_of_month", "sold", "text",
    "names", "flag"
]  # fmt: skip
FACTS: dict[str, Kind] = {
    "timezone": "text",
    "currency": "text",
    "billing": "text",
    "billing_period": "text",
    "bill_cycle_day": "day_of_month",
    "start": "day",
    "end": "day",
    "target": "day",
    "year_is_ours": "flag",
    "tax_percent": "number",
}
PERIOD: dict[str, Kind] = {"start": "day", "end": "day", "dates_are_ours": "flag"}
# Facts that are read by themselves: objects, and what may be open.
APART = ("price", "events", "period")
NOTHING: dict[str, Kind] = {}
# Whatever changes or ends may have begun to do so on another day than it is known.
SINCE: dict[str, Kind] = {"effective_at": "day"}
CHANGE: dict[str, Kind] = {**SINCE, "plan": "sold", "quantity": "number"}
# A number in the name of an event is a `#` here: stage 2 and stage 3 are the same event.
EVENTS: dict[str, dict[str, Kind]] = {
    # what is sold begins
    "start": NOTHING,
    "period_start": NOTHING,
    "backdated_start": NOTHING,
    "subscription_started": {
        "billing": "text",
        "plan": "sold",
        "quantity": "number",
        "trial_days": "whole",
    },
    "subscriptions_started": NOTHING,
    # it changes
    "trial_end": CHANGE,
    "add": CHANGE,
    "item_added": SINCE,
    "changed": CHANGE,
    "upgrade": CHANGE,
    "upgraded": CHANGE,
    "downgrade": CHANGE,
    "downgraded": CHANGE,
    "remove": CHANGE,
    "removed": CHANGE,
    "quantity": CHANGE,
    "quantity_changed": {**SINCE, "quantity": "number"},
    "downgrade_requested": CHANGE,
    "plan_change": {**CHANGE, "to": "sold", "addon": "text"},
    "plan_change_immediate": CHANGE,
    "plan_change_end_of_term": CHANGE,
    # it stops for a while, or for good
    "paused": SINCE,
    "resumed": SINCE,
    "billing_blocked": SINCE,
    "billing_unblocked": SINCE,
    "blocked_and_resumed": {"from": "day", "to": "day"},
    "overdue_stage_#_blocks_billing": SINCE,
    "overdue_cleared": SINCE,
    "terminated": SINCE,
    "cancel": SINCE,
    "cancelled": SINCE,
    "cancelled_immediately": SINCE,
    "cancel_end_of_term": SINCE,
    "cancelled_end_of_period": SINCE,
    "ended": SINCE,
    "end": NOTHING,
    "period_end": NOTHING,
    # the day billing periods begin on
    "cycle_anchor": NOTHING,
    "cycle_day_changed": {
        "from": "day_of_month",
        "to": "day_of_month",
        "addon": "day_of_month",
    },
    "start_and_cycle_day_moved_back": {"to": "day"},
    # what is used
    "usage": {
        "quantity": "count",
        "values": "counts",
        "unit": "text",
        "charge": "text",
        "price": "text",
        "invoiced": "day",
        "effective_at": "day",
    },
    "late_usage": {"quantity": "count", "unit": "text", "effective_at": "day"},
    "usage_delta": {"units": "number", "time_weighted_units": "number", "effective_at": "day"},
    "usage_snapshot": {"cumulative_by_period": "counts"},
    "seat_added": {"seat": "text"},
    "seat_removed": {"seat": "text"},
    "cost": {"amount": "money"},
    # what is billed
    "already_billed": {"units": "count", "cost": "money", "amount": "money"},
    "invoiced": {
        "to": "day",
        "amount": "money",
        "plan": "sold",
        "addon": "sold",
        "customer": "text",
    },
    "invoiced_unpaid": {"to": "day", "plan": "sold"},
    "period_#_invoiced": NOTHING,
    "billing_run": NOTHING,
    "bill_run": NOTHING,
    "invoice_run": {"usage": "number"},
    # what is taken off what is billed
    "coupon": {
        "amount": "money",
        "percent": "number",
        "times": "whole",
        "until": "day",
        "limited_to": "names",
    },
    "coupon_applied": NOTHING,
    "credit": {"item": "text", "amount": "money"},
    # documents before and after they went out
    "draft_invoice": {"total": "money"},
    "fee_adjusted": {"units": "number", "unit_amount": "money"},
    "draft_refreshed": NOTHING,
    "finalized": NOTHING,
    "void_repair_invoice": NOTHING,
    "void_first_invoice": NOTHING,
    # money
    "paid": {"amount": "money"},
    "invoiced_and_paid": {"to": "day", "paid": "money"},
    "payment_refunded_in_full": {"amount": "money", "line_adjusted_by": "money"},
    "wallet_granted": {"credits": "money", "limited_to": "names"},
}
# The fields without which an event says nothing.
NEEDED: dict[str, tuple[str, ...]] = {
    "quantity_changed": ("quantity",),
    "blocked_and_resumed": ("from", "to"),
    "start_and_cycle_day_moved_back": ("to",),
    "late_usage": ("quantity",),
    "usage_delta": ("units",),
    "usage_snapshot": ("cumulative_by_period",),
    "seat_added": ("seat",),
    "seat_removed": ("seat",),
    "cost": ("amount",),
    "credit": ("amount",),
    "payment_refunded_in_full": ("amount",),
    "wallet_granted": ("credits",),
}
NUMBER = re.compile(r"[0-9]+")


class Given(Struct, frozen=True, kw_only=True):
    """All that the translation of a billing case may see."""

    zone: str
    currency: str
    price: dict[str, Any] | list[Any]
    events: tuple[dict[str, Any], ...]
    more: dict[str, Any]
    policy: dict[str, str]


def kind_of(event: Mapping[str, Any]) -> str:
    """The name of an event as EVENTS has it."""
    return NUMBER.sub("#", str(event.get("type")))


def fields_of(event: Mapping[str, Any]) -> dict[str, Kind]:
    return EVENTS.get(kind_of(event), NOTHING)
