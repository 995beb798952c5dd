"""A case's policy in billing options: what each key's phrases may say, term by term.

A phrase is read by the terms of its key that it holds; `#` in a term is any number. One that holds
none is read by the terms of other keys, and one that holds none of these either is unknown and
fails the case. What always holds in the ledger elects nothing.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from domain.billing_options import BillingOptions
from domain.cycle import DayCount
from domain.subscription import Refund
from domain.tax.question import Rounding
from replay.case_format import CaseError
from replay.case_terms import Row, each, read_terms

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
A_WORD = re.compile(rf"\b({'|'.join(WORDS)})\b")
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"


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
    tax_percent: Decimal | int | None = None
    tax_place: str | None = None
    tax_rounding: Rounding = "document"


# What always holds in the ledger elects nothing.
ALWAYS: Row = {}
USED: Row = {"prorated_part": "used"}
UNUSED: Row = {"prorated_part": "unused"}
BY_LINE: Row = {"rounding": "line"}
PER_LINE: Row = {"rounding": "line", "change_lines": "separate"}
SEPARATE: Row = {"change_lines": "separate"}
ON_THE_NEXT: Row = {"change_lines": "separate", "credits": "next-invoice"}
AT_ZERO: Row = {"flat_at_zero": True}
SERVED: Row = {"cancellation_day": "served"}
USAGE_SERVED: Row = {"usage_on_cancellation_day": "billed"}
KEPT: Row = {"billed_usage": "kept"}
DAYS_KEPT: Row = {"billed_days": "kept"}
CUT: Row = {"running_period": "cut"}
ORIGINAL: Row = {"correction_period": "original"}
CURRENT: Row = {"correction_period": "current", "credits": "next-invoice"}
HELD: Row = {"late_usage": "hold"}
PLACES: Row = {"factor_places": "#"}
OWN: Row = {"takes": ("own",)}
ALL: Row = {"takes": ("all",)}
ROUNDED = (
    *("half up", "half-up", "half away", "rounded", "cents", "cent", "currency's decimals"),
    *("currency decimals", "minor unit", "unrounded", "exact", "# decimals", "nearest cent"),
    *("whole yen", "to the fils", "to the penny"),
)
WHOLE = ("partial", "in full", "whole blocks", "full blocks")
COUNTRIES = {
    "Austria": "AT",
    "Belgium": "BE",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Luxembourg": "LU",
    "Netherlands": "NL",
    "Poland": "PL",
    "Portugal": "PT",
    "Spain": "ES",
    "Sweden": "SE",
}

TERMS: dict[str, dict[str, Row]] = {
    "adjustment": each(ALWAYS, "survives", "kept", "refresh", "finalization", "draft"),
    "amount": each(ALWAYS, *ROUNDED, "rate", "units", "per unit", "times", "percentage"),
    "backdated": {
        **each(CUT, "reverses the whole issued period", "reverses the whole period"),
        **each(KEPT, "already billed under the old plan is not reversed", "is not reversed"),
        **each(ALWAYS, "not yet billed", "rebilled", "is credited", "current period"),
    },
    "balance": each(ALWAYS, "adjustment", "credit", "payments", "line"),
    "block": each(ON_THE_NEXT, "credited", "blocked days", "repair"),
    "blocks": {
        **each(OWN, "inside each tier", "within each tier"),
        **each(ALWAYS, "ceil", "rounded up", "started block", "each started", *WHOLE),
    },
    "boundaries": each(ALWAYS, "customer's timezone", "customer's time zone", "half-open"),
    "boundary": {
        **each(USAGE_SERVED, "after the cancel date is not billed", "cancel day is billed"),
        **each(USAGE_SERVED, "cancellation day is billed", "after the cancel day is not billed"),
        **each(USAGE_SERVED, "day of cancellation is billed"),
        **each(ALWAYS, "cancel day is not billed", "cancellation day is not billed"),
        **each(ALWAYS, "day of cancellation is not billed", "belong to the next period"),
        **each(ALWAYS, "event time", "belongs to the next period", "exclusive", "half-open"),
        **each(ALWAYS, "belong to the new period", "belongs to the new period"),
    },
    "buckets": each(
        ALWAYS,
        "each bucket",
        "per bucket",
        "own bucket",
        "restart",
        "each window",
        "per window",
        *("each hour", "each day", "per hour", "per day", "summed", "added up", "added together"),
    ),
    "cancel": {
        **each(ALWAYS, "last invoice", "final invoice", "end of the period", "end of term"),
        **each(ALWAYS, "last period", "period end", "nothing is credited", "no credit"),
        **each(ALWAYS, "immediate", "immediately", "at once", "unused part is credited"),
        **each(ALWAYS, "prorated credit", "prorated refund", "unused time is credited"),
        **each(ON_THE_NEXT, "credits the unused part"),
    },
    "cap": each(ALWAYS, "never below zero", "per tier", "never more than", "at most", "min"),
    "change": {
        **each(ALWAYS, "no proration", "is immediate", "new plan", "old plan", "next period"),
        **each(ALWAYS, "immediate", "immediately", "at once", "prorated", "renewal", "period end"),
        **each(ALWAYS, "end of the period", "end of term", "end of the term"),
        **each(SEPARATE, "old plan is credited", "old plan credited", "credit for the old plan"),
        **each(SEPARATE, "new plan charged", "charge for the new plan", "credit and charge"),
        **each(ON_THE_NEXT | {"running_period": "kept"}, "what was already billed is kept"),
        **each(ON_THE_NEXT | {"running_period": "kept"}, "gap to the new cycle day"),
        **each(ON_THE_NEXT | {"running_period": "kept"}, "already billed is kept"),
        **each(CUT, "running period is cut", "billed period is cut"),
    },
    "correction": {
        **each(CURRENT, "booked on the current period", "on the current period"),
        **each(CURRENT, "billed in the current period", "on the next invoice"),
        **each(ORIGINAL, "on the period in which they happened", "on the original period"),
        **each(ORIGINAL, "period in which it happened"),
        **each(CUT, "restarts at the stub", "counter restarts"),
        **each(ALWAYS, "the billed amount is taken off", "priced afresh", "rated as a whole"),
        **each(ALWAYS, "what was billed", "already billed", "the difference", "delta"),
    },
    "coupon": each(
        ALWAYS,
        *("proportional to fee", "proportional to the fee", "before tax", "its share"),
        *("limited coupons first", "spread over", "what is left", "pro rata", "coupon *"),
        *("never more than", "at most", "once", "percent", "percentage", "#%", "fixed amount"),
        *("each invoice", "every invoice", "first # invoices", "# invoices", "forever"),
        *("off the invoice", "off the total", "taken off", "# months", "repeats", "expires"),
    ),
    "credit": {
        **each(SERVED, "days unused", "unused days of the advance fee", "day used is kept"),
        **each(SERVED, "after the termination day", "termination day is kept", "unused days"),
        **each(SERVED, "termination day counts", "day of termination is kept", "used days kept"),
        **each(SEPARATE, "unused days of the old plan", "of the old plan"),
        **each(ALWAYS, "never more than was paid", "round(net)", "credit note", "its share"),
        **each(ALWAYS, "prorated", "unused time", "unused part", "to the balance"),
    },
    "day_count": {
        **each(UNUSED, "period end - change date", "end exclusive", "remaining time"),
        **each(UNUSED, "remaining days", "days remaining", "days left", "time left"),
        **each(UNUSED, "unused days", "days unused", "end day excluded", "end excluded"),
        **each({**UNUSED, "ends_counted": True}, "both ends counted", "both dates counted"),
        **each({**UNUSED, "ends_counted": True}, "inclusive of both", "both ends included"),
        **each({**UNUSED, "ends_counted": True}, "both days included", "both days inclusive"),
        **each({**UNUSED, "ends_counted": True}, "both ends inclusive", "both dates inclusive"),
        **each({"as_written": True}, "dates as written", "days as written"),
        **each(USED, "days used over"),
        **each({"proration": "thirty-days"}, "fixed #-day month", "#-day months", "#-day month"),
        **each({"proration": "thirty-days"}, "30/360", "30E/360"),
        **each({"proration": "none"}, "no proration", "not prorated", "full amount", "none"),
        **each({**UNUSED, "proration": "second"}, "seconds", "by the second", "by second"),
        **each({**UNUSED, "proration": "second"}, "to the second", "per second", "second based"),
        **each({**UNUSED, "proration": "second"}, "second-based", "millisecond", "milliseconds"),
        **each(SERVED, "termination day both count", "termination day counts"),
        **each(SERVED, "termination day is counted", "termination day is served"),
        **each(SERVED, "the termination day included", "cancellation day counts"),
        **each(ALWAYS, "# of # days", "# of #", "actual days", "calendar days", "imagined month"),
        **each(ALWAYS, "change day belongs", "whole month", "whole quarter", "whole year"),
        **each(ALWAYS, "whole week", "full period", "days in the period", "leap", "# days"),
        **each(ALWAYS, "by day", "by the day", "per day", "daily", "day based", "day-based"),
        **each(ALWAYS, "actual/actual", "days in month", "days in the month", "prorated"),
        **each(ALWAYS, "days of the month", "days of the period", "days in period", "new price"),
    },
    "denominator": each(
        ALWAYS, "the whole period", "whole period", "full period", "period ending", "# days"
    ),
    "downgrade": each(
        ALWAYS, "period end", "end of the period", "end of term", "next period", "renewal"
    ),
    "factor": {
        **each(PLACES, "# decimals", "# places", "# digits"),
        **each(ALWAYS, "not rounded", "unrounded", "exact"),
    },
    "flat": {
        **each(AT_ZERO, "at zero units", "at zero usage", "even at zero", "without usage"),
        **each(ALWAYS, "added once", "once", "for every tier reached", "every tier reached"),
        **each(ALWAYS, "of the selected tier", "of the tier reached", "each tier"),
        **each(ALWAYS, "of the tier", "per tier", "is entered", "is reached", "on top", "added"),
    },
    "free": each(ALWAYS, "is free", "are free", "free", "included", "allowance"),
    "in_arrears": each(ALWAYS, "immediate", "nothing is billed ahead", "after the period"),
    "late": {
        **each(HELD, "issued period # invoice is left as it is", "invoice is left as it is"),
        **each(HELD, "is left as it is"),
        **each(ORIGINAL, "on the period in which they happened", "on the original period"),
        **each(ORIGINAL, "period it belongs to", "period they belong to", "period in which"),
        **each(CURRENT, "on the current period", "on the next invoice", "to the next invoice"),
    },
    "lineage": each(ALWAYS, "names the line", "names the run", "reverses", "corrects"),
    "maximum": each(
        *(ALWAYS, "discount", "cap", "capped", "never more than", "at most", "the maximum"),
        *("no more than", "not more than", "is free", "ceiling"),
    ),
    "merge": each(DAYS_KEPT, "not yet covered", "not yet billed"),
    "minimum": each(
        ALWAYS,
        *("last part", "billed once", "net of what", "what is missing", "difference", "true-up"),
        *("prorated", "per period", "not prorated", "billed before", "shortfall", "at least"),
        *("minimum spend", "topped up", "below it", "below the minimum", "up to the minimum"),
    ),
    "month_end": each(
        ALWAYS,
        *("last day of", "returns to #", "end of the month", "falls on", "shorter months"),
        *(f"# {month}" for month in MONTHS.split("|")),
        *("each month", "short months", "month end", "end of month", "anchored", "29 February"),
    ),
    "netting": {
        **each({"change_lines": "net", "removed": "none"}, "are not refunded", "not refunded"),
        **each({"change_lines": "net"}, "net of", "prepaid part", "is netted", "netted against"),
        **each(ALWAYS, "on one invoice", "set off", "on the same invoice"),
    },
    "not_rebilled": each(ALWAYS, "not priced again", "not billed again"),
    "order": each(
        ALWAYS,
        *("free allowance first", "discount first", "then the cap", "then rate", "then tax"),
        *("before tax", "coupons first", "credits last", "after tax", "percentage first"),
        *("discounts first", "before the maximum", "before the cap", "before the rate"),
        *("in the order listed", "then fixed", "applied first"),
    ),
    "packages": each(
        ALWAYS, "ceil", "rounded up", "started package", "whole packages", "per #", *WHOLE
    ),
    "pause": {
        **each(ON_THE_NEXT, "issued invoice stays", "negative repair line", "account credit"),
        **each(ON_THE_NEXT, "paused days are credited", "unused days"),
        **each(ALWAYS, "not billed", "nothing is billed", "no credit", "no billing"),
    },
    "refund": each(
        ALWAYS, "goes back", "is paid back", "refunded", "never more than", "the line is reduced"
    ),
    "repair": {
        **each(ON_THE_NEXT | USED, "issued lines stay", "adds a negative line"),
        **each(ON_THE_NEXT, "credits the unused part", "negative line", "unused part"),
    },
    "resume": {
        **each(ALWAYS, "bills the rest", "draws the credit", "full period", "new period"),
        **each(ALWAYS, "remaining days", "rest of the period", "day of resumption", "resume day"),
        **each(ON_THE_NEXT | DAYS_KEPT, "is cut to the part not yet billed", "not yet billed"),
    },
    "rounding": {
        **each(PLACES, "# decimals as printed", "# places as printed"),
        **each(PER_LINE, "minor unit per line", "decimals per line"),
        **each(BY_LINE, "per fee", "fees, each rounded", "each rounded", "per line", "each fee"),
        **each(BY_LINE, "each line", "line by line"),
        **each(ALWAYS, *ROUNDED, "each part half up", "absorbs the rounding", "half up to #"),
        **each(ALWAYS, "none", "no rounding", "at the end", "once", "on the total"),
        **each(ALWAYS, "per invoice", "invoice total"),
    },
    "split": each(ALWAYS, "already billed", "minus", "less", "of the whole"),
    "tax": {
        **{
            f"#% in {name}": {"tax_percent": "#", "tax_place": code}
            for name, code in COUNTRIES.items()
        },
        **each({"tax_rounding": "line"}, "per line", "each line", "rounded per fee"),
        **each({"tax_rounding": "line"}, "line by line"),
        **each(ALWAYS, "reverse charge", "rounded once", "on the invoice net", "per-fee tax"),
        **each(ALWAYS, "on the net", "rounded", "after the coupon", "after coupons", "exclusive"),
        **each(ALWAYS, "on top", "after discount", "after discounts", "on the invoice total"),
        **each(ALWAYS, "per invoice", "once per invoice"),
    },
    "threshold": each(
        *(ALWAYS, "each level", "once", "all usage so far", "the final invoice", "1-time"),
        *("reached", "reaches it", "used so far", "usage so far", "is crossed"),
    ),
    "tiers": {
        **each({"takes": ("own", "all")}, "all tiers; under the top-tier policy"),
        **each(OWN, "all tiers", "its own units", "only its own units", "own units"),
        **each(AT_ZERO, "upper bound included"),
        **each(ALL, "whole quantity", "the whole quantity", "top tier", "all units at"),
        **each(ALWAYS, "tier reached", "own rate", "its rate", "each delta", "tier bounds"),
        **each(OWN, "each unit", "every unit", "graduated", "marginal", "slab", "progressive"),
        **each(OWN, "tier by tier", "fill the tiers", "it falls in", "of its tier"),
        **each(ALL, "all units", "volume", "total usage", "total quantity", "one rate"),
        **each(ALWAYS, "per tier", "each tier", "unlimited", "last tier", "tiered"),
        **each(ALWAYS, "upper bound inclusive", "bounds are inclusive", "inclusive"),
    },
    "trial": {
        **each({"trial_usage": "billed"}, "usage in the trial is billed"),
        **each({"trial_usage": "free"}, "usage in the trial is free", "usage is free"),
        **each({"trial_usage": "free"}, "usage in the trial is not billed"),
        **each(ALWAYS, "trial length", "first start", "after the trial", "trial ends", "is free"),
        **each(ALWAYS, "free", "are free", "nothing is billed", "no charge", "not charged"),
    },
    "true_up": each(
        ALWAYS,
        *("round(commitment", "active days", "prorated", "counts against", "minus", "less"),
        *("the difference", "what is missing", "true-up", "up to the commitment", "shortfall"),
        *("difference to", "what is short", "unused commitment", "minimum spend"),
    ),
    "void": each(
        ON_THE_NEXT, "repair first", "refused while", "later invoice repairs it", "repairs it"
    ),
    "wallet": each(
        ALWAYS,
        *("only the named", "may draw", "before drawing", "is drawn", "drawn first", "draws"),
        *("left over", "what is left", "gross amount", "drawn down", "draws down", "first"),
        *("used up", "including tax", "before anything is due", "never below zero"),
    ),
    "window": {
        **each({"window": "hour"}, "hourly windows", "each hour", "per hour", "hourly"),
        **each({"window": "day"}, "daily windows", "each day", "per day", "daily"),
        **each({"window": "day"}, "per calendar day", "each calendar day"),
        **each({"late_periods": "#"}, "# billing periods back", "# billing period back"),
        **each({"late_periods": "#"}, "# periods back", "# period back"),
    },
}
# Other names of a key.
TERMS |= {
    "proration": TERMS["day_count"],
    "days": TERMS["day_count"],
    "commitment": TERMS["true_up"],
    "late_usage": TERMS["late"],
    "credit_note": TERMS["credit"],
    "upgrade": TERMS["change"],
    "cycle_day": TERMS["change"],
    "termination": TERMS["day_count"],
    "prepaid": TERMS["wallet"],
    "drawdown": TERMS["wallet"],
    "credits": TERMS["wallet"],
    "bounds": TERMS["tiers"],
    "discount": TERMS["order"] | TERMS["maximum"] | TERMS["coupon"],
}
OPTIONS = frozenset(BillingOptions.__struct_fields__)
# Keys that say in words what the facts of a case say, or something about its source: notes.
NOTES = frozenset(
    {
        *("status", "note", "reading", "source", "lines", "invoice", "invoices", "documents"),
        *("grace", "grace_period", "finalization", "numbering", "due", "payment", "payments"),
        *("settlement", "dispute", "dunning", "collection", "currency", "price", "prices"),
        *("plan", "plans", "addon", "phase", "phases", "quantity", "units", "seats", "level"),
        *("usage", "events", "aggregation", "overage", "idempotency", "priority", "expiry"),
        *("period", "periods", "stub", "anchor", "start", "end", "dates", "timing", "target"),
        *("billing", "calendar", "anniversary", "model", "charges", "fees", "included", "ramp"),
    }
)


def _elsewhere() -> dict[str, Row]:
    """Terms of several words that mean one thing under whatever key they stand."""
    found: dict[str, Row] = {}
    for terms in TERMS.values():
        for term, row in terms.items():
            if " " in term and found.setdefault(term, row) != row:
                found[term] = AMBIGUOUS
    return {term: row for term, row in found.items() if row is not AMBIGUOUS}


AMBIGUOUS: Row = {"ambiguous": True}
ELSEWHERE = _elsewhere()


def policy_notes(policy: dict[str, str]) -> tuple[str, ...]:
    """Every key that elects nothing."""
    named = ((key, phrase) for key, phrase in policy.items() if key in NOTES)
    return tuple(f"policy {key}: elects nothing, {phrase}" for key, phrase in named)


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
    return Elections(
        options=msgspec.convert(options, BillingOptions),
        **others,  # type: ignore[arg-type]
    )


def _row(key: str, phrase: str) -> Row | str:
    """The elections of a phrase, or why there are none."""
    if key in NOTES:
        return ALWAYS
    if key not in TERMS:
        return f"unknown policy key {key}"
    text = A_WORD.sub(_in_digits, phrase)
    found = read_terms(TERMS[key], text)
    if found is None:
        found = read_terms(ELSEWHERE, text)
    return f"unknown phrase for policy {key}: {phrase}" if found is None else found


def _in_digits(found: re.Match[str]) -> str:
    return str(WORDS.index(found[1]) + 1)
