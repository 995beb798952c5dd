"""In what ways the same deal is billed differently: elections of a price, stored with it.

Billing engines agree on the deal and part on its edges: what is rounded where, what happens on the
last day, where a difference goes. Each of these is an option here, and nothing else is.
docs/reference/billing-options says who would want each and why.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from domain.errors import Rejected

FACTOR_PLACES_MAX = 15
LATE_PERIODS_MAX = 1200


class BillingOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every election of a price; the defaults measure exactly, in the original service period."""

    factor_places: int | None = None
    prorated_part: Literal["used", "unused"] = "used"
    cancellation_day: Literal["not-served", "served"] = "not-served"
    usage_on_cancellation_day: Literal["not-billed", "billed"] = "not-billed"
    change_lines: Literal["net", "separate"] = "net"
    credits: Literal["credit-note", "next-invoice"] = "credit-note"
    rounding: Literal["period", "line"] = "period"
    late_usage: Literal["adjust", "rebill", "hold"] = "adjust"
    late_periods: int | None = None
    billed_usage: Literal["measured-again", "kept"] = "measured-again"
    billed_days: Literal["measured-again", "kept"] = "measured-again"
    correction_period: Literal["original", "current"] = "original"
    shortfall: Literal["at-end", "ratable"] = "at-end"
    trial_usage: Literal["billed", "free"] = "billed"


MEASURED_EXACTLY = BillingOptions()


def require_options(options: BillingOptions) -> None:
    """The only elections that are numbers: a rounded factor has places, a window has periods."""
    places, periods = options.factor_places, options.late_periods
    if places is not None and not 1 <= places <= FACTOR_PLACES_MAX:
        raise Rejected("factor-places-out-of-range", field="options.factor_places", places=places)
    if periods is not None and not 0 <= periods <= LATE_PERIODS_MAX:
        raise Rejected("late-periods-out-of-range", field="options.late_periods", periods=periods)
