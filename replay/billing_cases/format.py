"""A billing case as it is written: which keys and events there are, and what each field holds.

One table serves reading, scaling and shifting. What it does not name fails the case by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from replay.case_format import CaseError

# What a field holds. `count` is a quantity, which is money where the price is a share of money;
# `sold` is a price, or the name of one.
Kind = Literal["money", "count", "counts", "number", "day", "sold", "text"]
FACTS: dict[str, Kind] = {
    "timezone": "text",
    "currency": "text",
    "price": "sold",
    "events": "text",
    "period": "day",
    "billing": "text",
    "billing_period": "text",
    "bill_cycle_day": "number",
    "start": "day",
    "end": "day",
    "target": "day",
    "year_is_ours": "text",
    "tax_percent": "number",
}
PERIOD = ("start", "end", "dates_are_ours")
NOTHING: dict[str, Kind] = {}
PLAN: dict[str, Kind] = {"plan": "sold"}
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
        "trial_days": "number",
    },
    "subscriptions_started": NOTHING,
    # it changes
    "trial_end": PLAN,
    "add": NOTHING,
    "item_added": NOTHING,
    "changed": PLAN,
    "upgrade": PLAN,
    "upgraded": PLAN,
    "downgrade": PLAN,
    "downgraded": PLAN,
    "remove": PLAN,
    "removed": PLAN,
    "quantity": NOTHING,
    "quantity_changed": {"quantity": "number"},
    "downgrade_requested": PLAN,
    "plan_change": {"plan": "sold", "to": "sold", "effective_at": "day", "addon": "text"},
    "plan_change_immediate": PLAN,
    "plan_change_end_of_term": PLAN,
    # it stops for a while, or for good
    "paused": NOTHING,
    "resumed": NOTHING,
    "billing_blocked": {"effective_at": "day"},
    "billing_unblocked": {"effective_at": "day"},
    "blocked_and_resumed": {"from": "day", "to": "day"},
    "overdue_stage_#_blocks_billing": NOTHING,
    "overdue_cleared": NOTHING,
    "terminated": NOTHING,
    "cancel": NOTHING,
    "cancelled": NOTHING,
    "cancelled_immediately": NOTHING,
    "cancel_end_of_term": NOTHING,
    "cancelled_end_of_period": NOTHING,
    "ended": NOTHING,
    "end": NOTHING,
    "period_end": NOTHING,
    # the day billing periods begin on
    "cycle_anchor": NOTHING,
    "cycle_day_changed": {"from": "number", "to": "number", "addon": "number"},
    "start_and_cycle_day_moved_back": {"to": "day"},
    # what is used
    "usage": {
        "quantity": "count",
        "values": "counts",
        "unit": "text",
        "charge": "text",
        "price": "text",
        "invoiced": "day",
    },
    "late_usage": {"quantity": "count", "unit": "text", "effective_at": "day"},
    "usage_delta": {"units": "number", "time_weighted_units": "number", "effective_at": "day"},
    "usage_snapshot": {"cumulative_by_period": "counts"},
    "seat_added": {"seat": "text"},
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
    "invoice_run": {"usage": "text"},
    # what is taken off what is billed
    "coupon": {"amount": "money", "limited_to": "text"},
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
    "paid": NOTHING,
    "invoiced_and_paid": {"to": "day", "paid": "money"},
    "payment_refunded_in_full": {"amount": "money", "line_adjusted_by": "money"},
    "wallet_granted": {"credits": "money", "limited_to": "text"},
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


def is_billing(raw: Mapping[str, Any]) -> bool:
    """A billing case says what happened in one object, an accounting case in a list of facts."""
    return isinstance(raw.get("facts"), dict)


def given(raw: Mapping[str, Any]) -> Given:
    """The parts of a case, all of its words known."""
    facts, policy = raw["facts"], raw.get("policy", {})
    _require(isinstance(policy, dict), "`policy` must be an object")
    unknown = [f"unknown key facts.{key}" for key in facts if key not in FACTS]
    kinds: tuple[tuple[str, Any], ...] = (("price", dict | list), ("events", list))
    for key, kind in kinds:
        _require(isinstance(facts.get(key), kind), f"`facts.{key}` must be there")
    events = facts["events"]
    _require(all(isinstance(event, dict) for event in events), "`events` must be objects")
    unknown += [word for event in events for word in _unknown_words(event)]
    period = facts.get("period", {})
    unknown += [f"unknown key facts.period.{key}" for key in period if key not in PERIOD]
    if unknown:
        raise CaseError(*dict.fromkeys(unknown))
    read = ("timezone", "currency", "price", "events")
    return Given(
        zone=str(facts.get("timezone", "UTC")),
        currency=str(facts.get("currency", "")),
        price=facts["price"],
        events=tuple(events),
        more={key: value for key, value in facts.items() if key not in read},
        policy={str(key): str(phrase) for key, phrase in policy.items()},
    )


def expected(raw: Mapping[str, Any]) -> dict[str, Any]:
    wanted = raw.get("expected")
    if not isinstance(wanted, dict) or not wanted:
        raise CaseError("no expected figure to compare")
    return wanted


def kind_of(event: Mapping[str, Any]) -> str:
    """The name of an event as EVENTS has it."""
    return NUMBER.sub("#", str(event.get("type")))


def fields_of(event: Mapping[str, Any]) -> dict[str, Kind]:
    return EVENTS.get(kind_of(event), NOTHING)


def _unknown_words(event: Mapping[str, Any]) -> Iterator[str]:
    name = event.get("type")
    if kind_of(event) not in EVENTS:
        yield f"unknown event {name}"
        return
    if not isinstance(event.get("at"), str):
        yield f"missing field {name}.at"
    known = fields_of(event)
    yield from (
        f"unknown field {name}.{field}"
        for field in event
        if field not in known and field not in ("at", "type")
    )


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 (a claim, said in words beside it)
    if not holds:
        raise CaseError(f"not a case: {what}")
