"""A case's policy in the ledger's options: one row for each phrase, and no guess for any other.

Three keys hold a name instead of a phrase: `timezone`, `functional_currency` and `aggregate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from domain.policy import Options
from replay.case_format import CaseError, Given

Aggregation = Literal["sum", "count"]
# What always holds in the ledger elects nothing: its phrase is known and has no option.
ALWAYS: dict[str, str] = {}
BY_DAY = {"ratable_by": "day"}
BY_MONTH = {"ratable_by": "month"}
EARLIEST_OPEN = {"closed_period_date": "first-day"}
POLICY: dict[str, dict[str, dict[str, str]]] = {
    "ratable": {
        "by day": BY_DAY,
        "by day, end date exclusive": BY_DAY,
        "by month": BY_MONTH,
        "by month, equal months": BY_MONTH,
        "by month evenly, last month cut off": BY_MONTH | {"month_ends": "last-month-cut-off"},
    },
    "closed_period": {
        "catch-up in the earliest open period at the time of recording, tagged as prior-period": (
            EARLIEST_OPEN
        ),
        "difference booked to the earliest non-locked period": EARLIEST_OPEN,
        "reverse in the open month": EARLIEST_OPEN,
    },
    "void_with_replacement": {
        "net effect, no contra-revenue": {"void_default": "as-if-never"},
    },
    "periods": {"calendar month": ALWAYS},
    "idempotency": {"by event_id": ALWAYS},
    "recognise": {"when usage is reported": ALWAYS},
    "rounding": {"cumulative": ALWAYS, "cumulative half-up per month": ALWAYS},
    "allocation": {
        "relative SSP": ALWAYS,
        "largest remainder, ties to the first listed": ALWAYS,
    },
    # Periods nobody closed are open: what is earned in them is booked in them.
    "catch_up": {
        "disabled: revenue goes to the service period even if earlier than the booked date": ALWAYS,
    },
    "modification": {"prospective": ALWAYS},
    "credit_note": {"prospective, creation date to end of service": ALWAYS},
    "cancellation": {"stop recognition, no reversal of what was recognised": ALWAYS},
    # A vendor's names for accounts are mapped where a figure is read; an account we do not keep
    # fails there by its name.
    "ledger": {
        "vendor chart of accounts "
        "(contra-revenue accounts for refunds/disputes/voids/bad debt)": ALWAYS,
    },
}
NAMES = ("timezone", "functional_currency", "aggregate")
AGGREGATIONS: dict[str, Aggregation] = {"sum": "sum", "count": "count"}


class Elections(Struct, frozen=True, kw_only=True):
    """The case's time zone, the options of its book and how its usage is counted."""

    zone: str
    options: Options
    aggregation: Aggregation


def elections(given: Given) -> Elections:
    """What a policy without unknown words elects; options stated win over prose."""
    elected: dict[str, Any] = {}
    for key, phrase in _prose(given).items():
        elected |= POLICY[key][phrase]
    return Elections(
        zone=given.policy.get("timezone", "UTC"),
        options=_options(elected | given.options),
        aggregation=AGGREGATIONS[given.policy.get("aggregate", "sum")],
    )


def unknown_policy(given: Given) -> tuple[str, ...]:
    """Every key and phrase of a policy that has no row."""
    named = (
        ("timezone", "UTC", _is_zone),
        ("functional_currency", given.currency, given.currency.__eq__),
        ("aggregate", "sum", AGGREGATIONS.__contains__),
    )
    found = [
        f"unknown phrase for policy {key}: {given.policy[key]}"
        for key, default, is_known in named
        if not is_known(str(given.policy.get(key, default)))
    ]
    return (*found, *(why for key, phrase in _prose(given).items() for why in _why(key, phrase)))


def _prose(given: Given) -> dict[str, Any]:
    return {key: phrase for key, phrase in given.policy.items() if key not in NAMES}


def _why(key: str, phrase: object) -> Iterator[str]:
    if key not in POLICY:
        yield f"unknown policy key {key}"
    elif not isinstance(phrase, str) or phrase not in POLICY[key]:
        yield f"unknown phrase for policy {key}: {phrase}"


def _options(elected: dict[str, Any]) -> Options:
    try:
        return msgspec.convert(elected, Options)
    except msgspec.ValidationError as no:
        raise CaseError(f"unknown option: {no}") from None


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
