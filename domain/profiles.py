"""Billing options under a name: how other engines bill, as data, so that one can move from them.

A price that names a profile stores the options it stands for, so a profile may be improved later
without moving a number. The prices' day count is a field of the price (`proration`), not of these.
"""

from __future__ import annotations

from domain.billing_options import MEASURED_EXACTLY, BillingOptions
from domain.errors import Rejected

PROFILES: dict[str, BillingOptions] = {
    "tieout": MEASURED_EXACTLY,
    # Both days of a termination count; every fee is rounded; an issued invoice is left as it is.
    "lago": BillingOptions(
        prorated_part="unused",
        cancellation_day="served",
        usage_on_cancellation_day="billed",
        rounding="line",
        late_usage="hold",
    ),
    # Repair items against the line they shorten, with credit kept on the account; two billing
    # periods of late usage; what an issued item covers is never billed again.
    "killbill": BillingOptions(
        factor_places=9,
        usage_on_cancellation_day="billed",
        change_lines="separate",
        credits="next-invoice",
        rounding="line",
        late_periods=2,
        billed_usage="kept",
        billed_days="kept",
    ),
    # Cumulative usage is priced afresh and what is booked taken off, in the current period.
    "openmeter": BillingOptions(
        change_lines="separate", credits="next-invoice", correction_period="current"
    ),
    # A credit of what is left and a charge for it, each rounded; a changed invoice is made anew.
    "flexprice": BillingOptions(
        prorated_part="unused", change_lines="separate", rounding="line", late_usage="rebill"
    ),
    "meteroid": BillingOptions(
        prorated_part="unused", change_lines="separate", rounding="line", late_usage="hold"
    ),
    # Proration items wait for the next invoice; a finalized one is frozen.
    "stripe": BillingOptions(
        prorated_part="unused",
        change_lines="separate",
        credits="next-invoice",
        rounding="line",
        late_usage="hold",
    ),
}


def options_of(profile: str | None, options: BillingOptions) -> BillingOptions:
    """The options a price gets: those said, or those of the profile it names; never a mixture."""
    if profile is None:
        return options
    if profile not in PROFILES:
        raise Rejected("unknown-profile", field="profile", profile=profile)
    expanded = PROFILES[profile]
    if options not in (MEASURED_EXACTLY, expanded):
        raise Rejected("profile-or-options", field="options", profile=profile)
    return expanded
