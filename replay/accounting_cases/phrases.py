"""A case's policy in the ledger's options: what each key's phrases may say, term by term.

A phrase is read by the terms of its key that it holds; `#` in a term is any number. One that holds
none is unknown and fails the case; what a phrase says beside its terms is told as a note. What
always holds in the ledger elects nothing. What is no option of a book but says how a fact is to be
read stands under a name of READINGS.
"""

from __future__ import annotations

import re
from decimal import Decimal

from replay.case_terms import Row, each, read_terms

ALWAYS: Row = {}
BY_DAY: Row = {"ratable_by": "day"}
BY_MONTH: Row = {"ratable_by": "month"}
HALF_MONTH: Row = {"ratable_by": "half-month"}
INSTANT: Row = {"ratable_by": "instant"}
CUT_OFF: Row = {**BY_MONTH, "month_ends": "last-month-cut-off"}
EARLIEST_OPEN: Row = {"closed_period_date": "first-day"}
CONTRA: Row = {"given_back": "contra-revenue", "overbilled": "negative-unbilled"}
REALISED: Row = {**CONTRA, "remeasure": "realised-only"}
PROPORTIONAL: Row = {"breakage": "proportional"}
REMOTE: Row = {"breakage": "remote"}
ADJUSTED: Row = {"financing": "adjusted"}
NOT_ADJUSTED: Row = {"financing": "not-adjusted"}
DUE: Row = {"receivable_at": "due"}
CATCH_UP: Row = {"treatment": "cumulative"}
ONWARD: Row = {"treatment": "prospective"}
APART: Row = {"treatment": "separate"}
NET: Row = {"net": True}
AT_COST: Row = {"materials_at_cost": True}
CORRECTS: Row = {"credits_correct": True}
# How the source shows its figures; only shares of one contract are rounded themselves.
WHOLE: Row = {"shown_in_whole": True}
# How facts are read, beside the options of the book.
READINGS = frozenset(
    {
        "royalty_as_it_occurs",
        "incentive_left_out",
        "delivered_evenly",
        "bills",
        "shown_in_whole",
        "treatment",
        "net",
        "credits_correct",
        "materials_at_cost",
    }
)
UPON_BOOKING = "upon booking"


TERMS: dict[str, dict[str, Row]] = {
    "ratable": {
        **each(BY_DAY, "by day", "daily", "per day", "by days", "by the day"),
        **each(BY_MONTH, "by month", "monthly", "per month", "equal months", "equal monthly"),
        **each(BY_MONTH, "straight-line", "straight line", "evenly", "over the term"),
        **each(BY_MONTH, "by year", "yearly", "by quarter", "over # months", "over # years"),
        **each(BY_MONTH, "each month", "every month", "per calendar month", "equal instalments"),
        **each(BY_DAY, "each day", "every day", "day by day", "calendar days", "day count"),
        **each(ALWAYS, "prorated by day", "prorated", "by days of the month"),
        **each(CUT_OFF, "last month cut off", "full month in the first", "full first month"),
        **each(HALF_MONTH, "half in first", "half in the first", "half-month", "half month"),
        **each(HALF_MONTH, "mid-month convention"),
        **each(INSTANT, "by millisecond", "by second", "by minute", "by hour", "exact time"),
    },
    "closed_period": {
        **each(EARLIEST_OPEN, "earliest open", "earliest non-locked", "next open", "first open"),
        **each(EARLIEST_OPEN, "open month", "open period", "current open", "current period"),
        **each(
            EARLIEST_OPEN, "current month", "next month", "period of recording", "when recorded"
        ),
        **each(EARLIEST_OPEN, "period it is recorded in", "catch-up", "catch up", "true-up"),
    },
    "void_with_replacement": {
        **each({"void_default": "as-if-never"}, "net effect", "no contra-revenue", "as if never"),
        **each({"void_default": "from-now"}, "from now", "on the void date", "prospective"),
    },
    "breakage": {
        **each(PROPORTIONAL, "proportional", "proportion", "pattern of rights exercised"),
        **each(PROPORTIONAL, "pro rata", "pro-rata", "pattern of redemption", "as redeemed"),
        **each(PROPORTIONAL, "proportionally", "proportionate", "expected"),
        **each(REMOTE, "remote", "no estimate", "not expected", "constrained", "on expiry"),
        **each(REMOTE, "at expiry", "when they expire", "when it expires", "not entitled"),
    },
    "rounding": {
        **each({"allocation_unit": "whole"}, "whole CU per contract", "whole units per contract"),
        **each(WHOLE, "whole", "nearest unit", "no cents"),
        **each(ALWAYS, "cumulative", "half-up", "half up", "half away", "largest remainder"),
        **each(ALWAYS, "cent", "cents", "2 decimals", "two decimals", "minor unit", "none"),
        **each(ALWAYS, "no rounding", "exact", "last period", "last month", "to the fils"),
        **each(ALWAYS, "nearest cent", "penny", "final period", "final month"),
    },
    "allocation": {
        **each({"allocation_percent": "whole"}, "whole percent", "nearest percent"),
        **each({"discounts": "by-evidence"}, "discount exception", "15.82", "32-37"),
        **each({"discounts": "to-all"}, "discount to all"),
        **each(WHOLE, "whole CU", "whole units"),
        **each(ALWAYS, "relative SSP", "relative stand-alone", "relative standalone", "15.76"),
        **each(ALWAYS, "SSP", "32-31", "15.74", "15.86", "32-41", "stand-alone selling price"),
        **each(ALWAYS, "largest remainder", "residual", "15.79", "32-34", "15.88", "32-43"),
    },
    "percent_rounding": {
        **each({"progress_percent": "tenths"}, "0.1%", "one decimal", "1 decimal"),
        **each({"progress_percent": "hundredths"}, "0.01%", "two decimals", "2 decimals"),
        **each({"progress_percent": "whole"}, "whole percent", "1%"),
        **each(ALWAYS, "exact", "unrounded", "none"),
    },
    "financing": {
        # The source gives its result in whole units.
        "discount instalments": {**ADJUSTED, **WHOLE},
        **each(ADJUSTED, "implicit rate", "incremental borrowing rate", "discount", "significant"),
        **each(ADJUSTED, "#% a year", "#% per year", "separate financing", "at contract inception"),
        **each(NOT_ADJUSTED, "no significant", "not significant", "not adjusted", "no adjustment"),
        **each(NOT_ADJUSTED, "practical expedient", "one year or less", "15.63", "32-18"),
        **each(NOT_ADJUSTED, "none", "no financing", "ignored", "less than a year", "15.62"),
        **each(NOT_ADJUSTED, "within one year", "within a year", "under a year", "32-17"),
        **each(ALWAYS, "a market rate", "the market rate"),
    },
    "receivable": {
        **each(DUE, "unconditional right at due date", "at due date", "on the due date"),
        **each(DUE, "when due", "at the due date", "until due", "until it is due", "due date"),
        **each({"receivable_at": "issue"}, "when invoiced", "on invoice", "at issue", "on issue"),
        **each(ALWAYS, "unconditional", "only time", "passage of time"),
    },
    "royalty": each(
        {"royalty_as_it_occurs": True},
        *("B63", "55-65", "sales-based", "usage-based", "as sales occur", "royalty exception"),
        *("sales based", "usage based", "when sales occur", "when the sales occur", "as earned"),
        *("sale or usage", "sales or usage", "as usage occurs", "when the sale occurs"),
    ),
    "variable_consideration": {
        **each({"incentive_left_out": True}, "incentive excluded", "incentive fee excluded"),
        **each({"incentive_left_out": True}, "incentive left out", "incentive constrained"),
        **each(ALWAYS, "expect", "expected", "expects", "most likely", "estimate", "estimated"),
        **each(ALWAYS, "constraint", "constrained", "highly probable", "probable", "included"),
        **each(ALWAYS, "excluded", "15.50", "15.53", "15.56", "15.59", "15.84", "15.85", "15.87"),
        **each(ALWAYS, "15.88", "15.89", "15.90", "32-5", "32-8", "32-11", "32-14", "32-40"),
        **each(ALWAYS, "32-42", "32-43", "32-44", "32-45", "inception", "allocate", "retro"),
        **each(ALWAYS, "retrospective", "catch-up", "reassess", "reassessed", "refund liability"),
        **each(
            ALWAYS, "bonus", "penalty", "rebate", "concession", "returns", "uncertain", "variable"
        ),
        **each(ALWAYS, "constrain", "unconstrained", "resolved", "updated", "cumulative"),
        **each(ALWAYS, "likely", "reversal", "method", "amount", "none", "usage", "discount"),
    },
    "delivery": {
        **each({"delivered_evenly": True}, "# units a month", "# units per month", "evenly"),
        **each(ALWAYS, "as delivered", "on delivery"),
    },
    "modification": {
        **each(APART, "separate contract", "15.20", "25-12"),
        **each(ONWARD, "prospective", "prospectively", "21(a)", "13(a)", "termination"),
        **each(ONWARD, "blended", "blend and extend", "blend-and-extend", "new contract"),
        **each(ONWARD, "remaining goods", "remaining services"),
        **each(CATCH_UP, "cumulative", "catch-up", "catch up", "21(b)", "13(b)", "retrospective"),
        **each(CATCH_UP, "retrospectively", "cumulatively"),
        **each(APART, "separate contracts", "separately"),
        **each(ALWAYS, "21(c)", "13(c)", "15.19", "25-11", "15.18", "25-10", "15.21", "25-13"),
        **each(ALWAYS, "15.90", "32-45", "combination"),
    },
    "measure": {},
    "billing": {
        **each({"bills": "each-line"}, "each line in its month"),
        **each({"bills": "year"}, "# January each year", "annually in advance", "each year"),
        **each({"bills": "year"}, "yearly in advance", "annual in advance", "every year"),
        **each({"bills": "month"}, "monthly in advance", "each month in advance", "every month"),
        **each({"bills": "whole"}, "upfront", "up front", "up-front", "in full", "at signing"),
        **each({"bills": "whole"}, "in advance in full", "on signing", "at inception"),
    },
    "fx": {
        **each(ALWAYS, "both settle", "non-monetary", "monetary", "historical", "IFRIC 22"),
        **each(ALWAYS, "not remeasured", "remeasured", "rate of its receipt", "own rate"),
        **each(ALWAYS, "spot rate", "closing rate", "IAS 21", "830-", "all settle", "settle"),
        **each(ALWAYS, "remeasure", "spot", "closing", "transaction date", "date of receipt"),
        **each(ALWAYS, "each advance", "FIFO", "first in, first out", "order of receipt"),
        # A vendor's report, of money in another currency than it pays out in.
        **each(REALISED, "realised only", "realized only", "settlement USD", "settlement EUR"),
        **each(REALISED, "settlement GBP", "settlement currency"),
    },
    "catch_up": {
        # Periods nobody closed are open: what is earned in them is booked in them.
        **each(ALWAYS, "disabled", "off", "service period"),
        **each({"served_before_issue": "at-issue"}, "enabled", "on the booked date"),
    },
    # The habits of a vendor's report, none of them GAAP.
    "ledger": each(CONTRA, "vendor chart of accounts", "contra-revenue", "contra revenue"),
    "credit_note": {
        **each(ALWAYS, "prospective", "prospectively", "from now"),
        **each(CORRECTS, "retrospective", "reversal", "reverse", "from the start"),
        **each(CORRECTS, "as if never", "original service period", "start of service"),
        **each(CORRECTS, "correction", "retrospectively"),
        **each(ALWAYS, "concession", "goodwill", "from its date", "from the credit date"),
        **each(ALWAYS, "reduction of revenue", "creation date", "issue date", "contra-revenue"),
    },
    "principal_agent": {
        **each(NET, "agent", "net"),
        **each(ALWAYS, "principal", "gross"),
    },
}
MEASURES = each(AT_COST, "zero margin", "no margin", "without margin", "at cost")
TERMS["measure"] = TERMS["measure_of_progress"] = TERMS["progress"] = MEASURES
# Keys that say in words what the facts of a case say, or what a source's page does: notes. One
# that has terms as well elects by these, and is a note where it holds none.
NOTES = frozenset(
    {
        *("measure", "measure_of_progress", "progress", "recognise", "periods", "presentation"),
        *("net_position", "variable_allocation", "material_right", "unit_price_rounding"),
        *("step1", "step2", "step3", "step4", "step5", "idempotency", "cancellation"),
        *("reading", "standard", "licence", "license", "upfront_fee", "setup_fee", "set_up_fee"),
        *("payable_to_customer", "consideration_payable", "returns", "right_of_return"),
        *("refund_liability", "constraint", "warranty", "repurchase", "bill_and_hold", "series"),
        *("non_cash", "stand_ready", "discount", "discounts", "residual", "ssp", "refunds"),
        *("refund", "disputes", "dispute", "voids", "void", "uncollectible", "bad_debt", "fees"),
        *("credit_notes", "renewal", "termination", "contract_asset", "contract_liability"),
        *("gift_card", "escheat", "tax", "taxes", "scope", "expedient", "practical_expedient"),
        *("estimates", "estimate", "recognition", "usage", "unbilled", "trial", "rpo", "timing"),
        *("contract_term", "obligations", "performance_obligations", "transaction_price"),
        *("impairment", "customer_balance", "deposit", "commission", "settlement"),
    }
)
# Elections beside the exact one: the same facts stand in a second book that differs in one of them.
BESIDE: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("progress_percent", "tenths"): ("exact-percent", {"progress_percent": "exact"}),
    ("discounts", "by-evidence"): ("to-all", {"discounts": "to-all"}),
    ("financing", "adjusted"): ("not-adjusted", {"financing": "not-adjusted"}),
}
PERCENT = re.compile(r"([0-9.]+) ?%")
OF_SALES = re.compile(r"([0-9.]+) ?% of .*")


def read_phrase(key: str, phrase: str) -> Row | None:
    """What a phrase elects under its key; none if it holds no term of it."""
    return read_terms(TERMS[key], phrase)


def percent_of_sales(price: str) -> Decimal | None:
    """The share of sales that a price is, if it is one."""
    found = OF_SALES.fullmatch(price)
    return Decimal(found[1]) if found else None


def rate_of(phrase: str) -> Decimal | None:
    """The yearly rate a phrase states first, if it states one."""
    found = PERCENT.search(phrase)
    return Decimal(found[1]) if found else None
