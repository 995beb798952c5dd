"""A billing case again with other amounts or other years: what must scale scales, what must shift.

Made of the case as written, by the kinds of its fields: every amount of money is multiplied, also
in prose such as `31.00 calendar monthly in arrears`; units, percentages and days stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from replay.billing_cases.fields import fields_of
from replay.billing_cases.models import OF_MONEY
from replay.billing_cases.phrases import MONTHS
from replay.case_variants import ISO_DATE, SHIFT_YEARS

# What of a price is no money.
NO_MONEY = frozenset(
    {"model", "aggregation", "rate_percent", "discount_percent", "multiplier", "package_size",
     "free_units", "free_events", "block_size", "max_blocks", "billing", "timing", "group_by",
     "bill_cycle_day", "billing_period", "trial_days", "overage_factor", "true_up", "recurring",
     "prorated", "units", "id", "fee", "tax_percent"}
)  # fmt: skip
# What of a price is money only where the quantity is.
BOUNDS = frozenset({"up_to", "free_units_total"})
# What of the expected figures is money.
MONEY = frozenset(
    {"total", "net", "charge", "credit", "fees", "final_fees", "due", "final_due", "final_credit",
     "already", "amount", "discount", "true_up", "minimum_line", "all_tiers", "top_tier", "totals",
     "threshold_invoices", "discounts", "tax", "coupons", "coupon_share", "invoices", "tax_lines",
     "repair", "balance", "draws", "subtotal", "gross", "credit_notes"}
)  # fmt: skip
LINES = frozenset({"lines", "runs"})
# Amounts by names of the case's own.
BY_NAME = frozenset({"coupon_cents"})
AMOUNT = re.compile(r"(?<![\w.])(?<!per )(?<!day )[0-9]+(?:\.[0-9]+)?(?![\w.])")
A_YEAR = re.compile(rf"(?<=\b(?:{MONTHS}) )([0-9]{{4}})\b")


def scaled(raw: Mapping[str, Any], factor: int) -> dict[str, Any]:
    facts = raw["facts"]
    price = facts["price"]
    of_money = isinstance(price, Mapping) and price.get("model") in OF_MONEY
    return {
        **raw,
        "facts": {
            **facts,
            "price": _price(price, factor, bounds=of_money),
            "events": [_event(event, factor, counts=of_money) for event in facts["events"]],
        },
        "expected": _expected(raw["expected"], factor),
    }


def shifted(raw: Mapping[str, Any], years: int = SHIFT_YEARS) -> dict[str, Any]:
    """The case with every date so many years later; 28 years bring the same weekdays."""
    moved = {name: _moved(raw.get(name, {}), years) for name in ("facts", "policy", "expected")}
    return {**raw, **moved}


def _price(value: Any, factor: int, *, bounds: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            key: part if _stays(key, bounds=bounds) else _price(part, factor, bounds=bounds)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_price(part, factor, bounds=bounds) for part in value]
    return _times(value, factor)


def _stays(key: str, *, bounds: bool) -> bool:
    return key in NO_MONEY or (key in BOUNDS and not bounds)


def _event(event: Mapping[str, Any], factor: int, *, counts: bool) -> dict[str, Any]:
    kinds = {"money", "sold", *(("count", "counts") if counts else ())}
    known = fields_of(event)
    return {
        field: _every(value, factor) if known.get(field) in kinds else value
        for field, value in event.items()
    }


def _expected(value: Mapping[str, Any], factor: int) -> dict[str, Any]:
    return {key: _figure(key, part, factor) for key, part in value.items()}


def _figure(key: str, value: Any, factor: int) -> Any:
    if key in LINES and isinstance(value, list):
        return [_figure(key, part, factor) for part in value]
    if key in BY_NAME:
        return {name: _times(part, factor) for name, part in value.items()}
    if isinstance(value, Mapping):
        return _expected(value, factor)
    return _every(value, factor) if key in MONEY or key in LINES else value


def _every(value: Any, factor: int) -> Any:
    if isinstance(value, list):
        return [_times(part, factor) for part in value]
    return _times(value, factor)


def _times(value: Any, factor: int) -> Any:
    """The text keeps its number of places; what stands around the amount stays."""
    if isinstance(value, str):
        return AMOUNT.sub(lambda found: str(Decimal(found[0]) * factor), value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value * factor
    return value


def _moved(value: Any, years: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _moved(part, years) for key, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, years) for part in value]
    if not isinstance(value, str):
        return value
    later = ISO_DATE.sub(lambda found: str(int(found[1]) + years), value)
    return A_YEAR.sub(lambda found: str(int(found[1]) + years), later)
