"""A case's policy in billing options: one row for each phrase, and no guess for any other.

A phrase is looked up with its numbers as `#` and its months as MONTH, so it means the same with
other numbers. Where a number is itself an election, the row names the option that takes it.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from domain.billing_options import BillingOptions
from domain.cycle import DayCount
from domain.subscription import Refund
from domain.tax.question import Rounding
from replay.case_format import CaseError

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# Worked numbers at the end of a phrase: `(32 days)`, `, here 17 of 31`, `: 18 of 31`.
WORKED = re.compile(r"( \(#( of #| days)?\)|, here # of #|: # of #)$")
SOME_DAYS = re.compile(r"# MONTH(, # MONTH)+")
MONTH = re.compile(rf"\b({MONTHS})[a-z]*( [0-9]{{4}})?\b")
A_NUMBER = re.compile(rf"\b({'|'.join(WORDS)})\b|[0-9]+(,[0-9]{{3}})*(\.[0-9]+)?")


class Elections(Struct, frozen=True, kw_only=True):
    """What the phrases of a case elect, by the names of the options.

    `running_period`: what a change of the billing day does to the running period. `flat_at_zero`:
    a tier's flat amount is owed without usage. `takes`: whether the block tier reached prices its
    own units or all. `removed`: what is given back of an item that a change of plan takes away.
    `tax_percent` and `tax_place`: the rate of the country in which the seller is.
    """

    options: BillingOptions = BillingOptions()
    proration: DayCount = "day"
    as_written: bool = False
    ends_counted: bool = False
    running_period: Literal["kept", "cut"] = "kept"
    flat_at_zero: bool = False
    takes: tuple[Literal["own", "all"], ...] = ()
    removed: Refund = "prorated"
    window: Literal["hour", "day"] = "hour"
    tax_percent: int | None = None
    tax_place: str | None = None
    tax_rounding: Rounding = "document"


Row = dict[str, Any]
# What always holds in the ledger elects nothing.
ALWAYS: Row = {}
PER_LINE: Row = {"rounding": "line", "change_lines": "separate"}
ON_THE_NEXT: Row = {"change_lines": "separate", "credits": "next-invoice"}
AT_ZERO: Row = {"flat_at_zero": True}
SERVED: Row = {"cancellation_day": "served"}
BILLED_THAT_DAY: Row = {"usage_on_cancellation_day": "billed"}
PHRASES: dict[str, dict[str, Row]] = {
    "adjustment": {"survives a refresh of the draft and the finalization": ALWAYS},
    "amount": {
        "half up to currency decimals": ALWAYS,
        "(units - free) * rate + paid events * fixed": ALWAYS,
    },
    "backdated": {
        "a block dated into the past reverses the whole issued period": {"running_period": "cut"},
        "usage already billed under the old plan is not reversed by a plan change dated back to "
        "the start; the new plan's usage is billed on top": {"billed_usage": "kept"},
    },
    "balance": {"line - adjustment - credit": ALWAYS},
    "block": {"# blocked days are credited": ON_THE_NEXT},
    "blocks": {
        "ceil": ALWAYS,
        "rounded up": ALWAYS,
        "rounded up inside each tier": {"takes": ("own",)},
    },
    "boundaries": {
        "days are counted in the customer's timezone (# MONTH #:# UTC is # MONTH in Los Angeles)": (
            ALWAYS
        ),
    },
    "boundary": {
        "usage after the cancel date is not billed": BILLED_THAT_DAY,
        "usage dated on the cancel day is billed": BILLED_THAT_DAY,
        "usage dated on the cancel day is not billed": {},
    },
    "buckets": {
        "each bucket is priced on its own and the amounts are added": ALWAYS,
        "packages per bucket": ALWAYS,
        "tiers restart in each bucket": ALWAYS,
    },
    "cancel": {"a last invoice bills the usage of the last period": ALWAYS},
    "cap": {
        "min(potential, paid, paid - already credited), never below zero": ALWAYS,
        "per tier": ALWAYS,
    },
    "change": {
        "on the cycle day, so no proration": ALWAYS,
        "what was already billed is kept; the gap to the new cycle day is billed as a stub whose "
        "denominator is the period ending on the new day": (
            ON_THE_NEXT | {"running_period": "kept"}
        ),
    },
    "correction": {
        "cumulative usage is priced afresh, what is already booked is subtracted, the rest is "
        "booked on the current period": {
            "correction_period": "current",
            "credits": "next-invoice",
        },
        "late units become a line on the period in which they happened and name the run they "
        "correct": {"correction_period": "original"},
        "the period is rated as a whole and the billed amount is taken off; the tier counter "
        "restarts at the stub #-# MONTH": {"running_period": "cut"},
    },
    "coupon": {
        "a partial credit takes back its share of the coupon: coupon * credited / fee": ALWAYS,
        "limited coupons first; a later coupon is spread over what is left of each fee": ALWAYS,
        "proportional to fee before tax": ALWAYS,
    },
    "credit": {
        "# of # days unused; round(net)+round(tax)": SERVED,
        "# unused days of the advance fee, round(net)+round(tax), set off against the termination "
        "invoice": SERVED,
        "days after the termination day; round(net)+round(tax)": SERVED,
        "never more than was paid, except for quantity changes": ALWAYS,
        "the day used is kept; total = round(net) + round(tax on unrounded net); rounding the "
        "exact gross instead would give # in the first case": SERVED,
        "unused days of the old plan as a credit note: round(net) + round(tax)": {
            "change_lines": "separate"
        },
    },
    "day_count": {
        "(period end - change date) / (period end - period start), end exclusive: #-# MONTH is # "
        "days": {"prorated_part": "unused"},
        "# of # days": ALWAYS,
        "# of # days in MONTH": ALWAYS,
        "# of # days in the leap MONTH": ALWAYS,
        "actual days of the full period (#); the change day belongs to the new plan": ALWAYS,
        "actual days over actual month": ALWAYS,
        "both ends counted: (days to the end date + #) over (days in period + #)": {
            "ends_counted": True,
            "prorated_part": "unused",
        },
        "calendar days between the two dates as written; a # or # hour day is one day": {
            "as_written": True
        },
        "days to the anchor over an imagined month that starts on the backdated day": ALWAYS,
        "days used over the actual length of the billing period": {"prorated_part": "used"},
        "fixed #-day month: days lost or added by the real month length are corrected once when "
        "the two dates lie in different months": {"proration": "thirty-days"},
        "seconds left over seconds in period, the period ends one second before midnight": {
            "proration": "second",
            "prorated_part": "unused",
        },
        "start and termination day both count (# days) over the whole quarter": SERVED,
        "start and termination day both count (# days) over the whole month": SERVED,
        "start and termination day both count (# days) over the whole year": SERVED,
        "termination day counts": SERVED,
    },
    "denominator": {
        "the whole period that ends (leading) or starts (trailing) at the cycle day, # days when "
        "it holds # MONTH": ALWAYS,
    },
    "downgrade": {
        "takes effect at period end, so the old plan owes the full commitment although the run "
        "happens minutes after midnight": ALWAYS,
    },
    "factor": {"# decimals half up": {"factor_places": "#"}},
    "flat": {
        "added for every tier reached; tier # flat is charged even at zero units": AT_ZERO,
        "added once": ALWAYS,
        "flat of the selected tier, also at zero units": AT_ZERO,
    },
    "free": {
        "# units are free; an event is free while the running total is below the free amount, so "
        "# events are free": ALWAYS,
        "the first # events (running total #) are free": ALWAYS,
    },
    "in_arrears": {
        "end-of-term policy has no effect when nothing is billed ahead: the change is immediate": (
            ALWAYS
        ),
    },
    "late": {
        "the already issued period # invoice is left as it is; the late unit shows in the opening "
        "level of period #": {"late_usage": "hold"},
    },
    "lineage": {"the reversal names the line it reverses": ALWAYS},
    "maximum": {"a discount on the lines in order, from the point the cap is reached": ALWAYS},
    "merge": {
        "only the days not yet covered by an issued line are billed": {"billed_days": "kept"},
    },
    "minimum": {
        "billed once, with the last part of the period, net of what earlier parts billed": ALWAYS,
    },
    "month_end": {
        "# MONTH, # MONTH": ALWAYS,
        "cycle day # falls on the last day of shorter months and returns to #; the stub #-# MONTH "
        "is # days of the #-day period # MONTH - # MONTH (leap year)": ALWAYS,
        "cycle day # falls on the last day of shorter months and returns to #": ALWAYS,
    },
    "netting": {
        "a charge item present in both plans is billed net of the unused part already paid; items "
        "only in the old plan are not refunded here": {"change_lines": "net", "removed": "none"},
        "prepaid part = rounded stub fee * remaining days / stub days": {"change_lines": "net"},
    },
    "not_rebilled": {"a line both repaired and adjusted is not priced again": ALWAYS},
    "order": {
        "free allowance first, then rate, then fixed fee, then the min and max clamp, per event": (
            ALWAYS
        ),
        "percentage discount first, then the cap": ALWAYS,
    },
    "packages": {"ceil(max(0, units - free) / size)": ALWAYS},
    "pause": {
        "issued invoice stays; a new invoice carries a negative repair line for the unused days "
        "and an account credit": ON_THE_NEXT,
    },
    "refund": {
        "the whole payment goes back, the line is reduced by the adjustment, and the earlier "
        "credit is drawn on to pay what is then open": ALWAYS,
    },
    "repair": {
        "issued lines stay; each change adds a negative line against the line it shortens "
        "(remaining = line - used part, rounded)": ON_THE_NEXT | {"prorated_part": "used"},
        "the cancel credits the unused part on a second invoice": ON_THE_NEXT,
    },
    "resume": {
        "bills the rest of the current period and draws the credit": ALWAYS,
        "the resumed item (# for # MONTH - # MONTH) is cut to the part not yet billed": (
            ON_THE_NEXT | {"billed_days": "kept"}
        ),
    },
    "rounding": {
        "# decimals as printed": {"factor_places": "#"},
        "cumulative totals are rounded, so the second part absorbs the rounding": ALWAYS,
        "each part half up to cents": ALWAYS,
        "half away from zero to currency decimals per line": PER_LINE,
        "half up to #": ALWAYS,
        "half up to # at the end": ALWAYS,
        "half up to cents": ALWAYS,
        "half up to cents per fee": {"rounding": "line"},
        "half up to the currency's decimals": ALWAYS,
        "none before currency rounding": ALWAYS,
        "to the minor unit per line": PER_LINE,
        "# fees, each rounded; the sum differs by # from the ungrouped bill": {"rounding": "line"},
    },
    "split": {"packages of the whole minus packages already billed": ALWAYS},
    # What the source says about the standing of its own code is for the reader.
    "status": {},
    "tax": {
        "#% in France; reverse charge across the border is # with the taxable amount kept": {
            "tax_percent": "#",
            "tax_place": "FR",
        },
        "on the invoice net, rounded once": {"tax_rounding": "document"},
        "sum of unrounded per-fee tax, rounded once": {"tax_rounding": "document"},
    },
    "threshold": {
        "each level fires once": ALWAYS,
        "#-time; the invoice bills all usage so far, the final invoice deducts it": ALWAYS,
    },
    "tiers": {
        "all tiers; under the top-tier policy all minutes cost the tier # price": {
            "takes": ("own", "all")
        },
        "each delta is cut at the tier bounds of the running full quantity and its time-weighted "
        "part is priced there; a tier's flat is added once when touched": ALWAYS,
        "each tier applies its rate to its own units and adds its flat": ALWAYS,
        "each tier its own units": ALWAYS,
        "each tier prices its own units": {"takes": ("own",)},
        "each tier prices only its own units": ALWAYS,
        "the whole quantity is priced at the tier reached; beyond the last tier the last price "
        "holds": {"takes": ("all",)},
        "the whole quantity is priced at the tier that contains it; a fractional quantity above a "
        "tier's upper bound belongs to the next tier": ALWAYS,
        "whole quantity": ALWAYS,
        "whole quantity at the tier reached": ALWAYS,
        "whole quantity at the tier reached, upper bound included; the amount can fall when usage "
        "grows (# units #, # units #)": AT_ZERO,
    },
    "trial": {
        "the new trial length is measured from the first start, usage in the trial is billed": {
            "trial_usage": "billed"
        },
    },
    "true_up": {
        "minimum prorated by active days (#/#) minus usage": ALWAYS,
        "round(commitment * active/period days) minus round(subscription fee * active/period "
        "days); note that rounding each part first gives #, not #, on the yearly plan": ALWAYS,
        "usage already billed in advance counts against the commitment": ALWAYS,
    },
    "void": {
        "refused while a later invoice repairs it; repair first, then the original": ON_THE_NEXT,
    },
    "wallet": {
        "only the named metrics may draw; the gross amount is rounded before drawing": ALWAYS,
    },
    "window": {
        "hourly windows; the bucket that holds the window start sets price and commitment": {
            "window": "hour"
        },
        "daily windows; the bucket that holds the window start sets price and commitment": {
            "window": "day"
        },
        "# billing periods back from the last billed date; anything older, also a deletion, is "
        "ignored without a trace": {"late_periods": "#"},
    },
}
OPTIONS = frozenset(BillingOptions.__struct_fields__)
# Phrases that only say something about the source.
NOTES = frozenset({"status"})


def elections(policy: dict[str, str]) -> Elections:
    """What the phrases elect together; unknown keys and phrases are named at once."""
    elected: Row = {}
    unknown = []
    for key, phrase in policy.items():
        row = _row(key, phrase)
        if isinstance(row, str):
            unknown.append(row)
        else:
            elected |= row
    if unknown:
        raise CaseError(*unknown)
    options = {name: value for name, value in elected.items() if name in OPTIONS}
    others = {name: value for name, value in elected.items() if name not in OPTIONS}
    return Elections(options=msgspec.convert(options, BillingOptions), **others)


def _row(key: str, phrase: str) -> Row | str:
    """The elections of a phrase, or why there are none."""
    if key not in PHRASES:
        return f"unknown policy key {key}"
    if key in NOTES:
        return ALWAYS
    found = {shape(known): row for known, row in PHRASES[key].items()}.get(shape(phrase))
    if found is None:
        return f"unknown phrase for policy {key}: {phrase}"
    return {name: _said(phrase) if value == "#" else value for name, value in found.items()}


def shape(phrase: str) -> str:
    """A phrase without its numbers, and without those it is worked out with at its end."""
    found = A_NUMBER.sub("#", MONTH.sub("MONTH", phrase.strip().rstrip(".")))
    found = found.replace("# decimals, half up", "# decimals half up")
    found = SOME_DAYS.sub("# MONTH, # MONTH", found)
    while WORKED.search(found):
        found = WORKED.sub("", found)
    return found


def _said(phrase: str) -> int:
    """The first number of a phrase."""
    found = A_NUMBER.search(phrase)
    assert found is not None, phrase
    text = found[0].replace(",", "")
    return WORDS.index(text) + 1 if text in WORDS else int(text)
