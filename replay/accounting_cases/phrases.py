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
SHARED: Row = {"royalty_shared": True}
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
        "royalty_shared",
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
        **each(BY_DAY, "actual days", "exact days", "actual/365", "daily basis", "# days"),
        **each(ALWAYS, "prorated by day", "prorated", "by days of the month", "ratably", "even"),
        **each(ALWAYS, "ratable", "rateably", "pro rata", "time elapsed", "time-based"),
        **each(ALWAYS, "time based", "time basis", "over the service period", "over the period"),
        **each(CUT_OFF, "last month cut off", "full month in the first", "full first month"),
        **each(CUT_OFF, "full-month convention", "full month convention"),
        **each(HALF_MONTH, "half in first", "half in the first", "half-month", "half month"),
        **each(HALF_MONTH, "mid-month convention"),
        **each(INSTANT, "by millisecond", "by second", "by minute", "by hour", "exact time"),
        **each(INSTANT, "to the second", "per second", "to the millisecond", "per millisecond"),
    },
    "closed_period": {
        **each(EARLIEST_OPEN, "earliest open", "earliest non-locked", "next open", "first open"),
        **each(EARLIEST_OPEN, "open month", "open period", "current open", "current period"),
        **each(
            EARLIEST_OPEN, "current month", "next month", "period of recording", "when recorded"
        ),
        **each(EARLIEST_OPEN, "period it is recorded in", "catch-up", "catch up", "true-up"),
        **each(EARLIEST_OPEN, "time of recording", "when known", "becomes known", "of discovery"),
        **each(EARLIEST_OPEN, "stays closed", "stay closed", "not reopened", "never reopened"),
        **each(EARLIEST_OPEN, "locked", "current-period", "prior period adjustment"),
        **each(EARLIEST_OPEN, "prior-period adjustment", "latest open", "last open"),
    },
    "void_with_replacement": {
        **each({"void_default": "as-if-never"}, "net effect", "no contra-revenue", "as if never"),
        **each({"void_default": "from-now"}, "from now", "on the void date", "prospective"),
        **each({"void_default": "as-if-never"}, "reverse and rebill", "reversed and rebilled"),
        **each({"void_default": "from-now"}, "month of the void", "date of the void"),
    },
    "breakage": {
        **each(PROPORTIONAL, "proportional", "proportion", "pattern of rights exercised"),
        **each(PROPORTIONAL, "pro rata", "pro-rata", "pattern of redemption", "as redeemed"),
        **each(PROPORTIONAL, "proportionally", "proportionate", "expected"),
        **each(PROPORTIONAL, "redemptions", "are redeemed", "are exercised", "as exercised"),
        **each(REMOTE, "no breakage", "none expected", "becomes remote", "none"),
        **each(REMOTE, "remote", "no estimate", "not expected", "constrained", "on expiry"),
        **each(REMOTE, "at expiry", "when they expire", "when it expires", "not entitled"),
    },
    "rounding": {
        **each({"allocation_unit": "whole"}, "whole CU per contract", "whole units per contract"),
        **each(WHOLE, "whole", "nearest unit", "no cents", "nearest CU", "nearest dollar"),
        **each(WHOLE, "nearest euro", "nearest pound", "no decimals", "zero decimals"),
        **each(ALWAYS, "3 decimals", "three decimals", "to the yen", "nearest yen"),
        **each(ALWAYS, "cumulative", "half-up", "half up", "half away", "largest remainder"),
        **each(ALWAYS, "cent", "cents", "2 decimals", "two decimals", "minor unit", "none"),
        **each(ALWAYS, "no rounding", "exact", "last period", "last month", "to the fils"),
        **each(ALWAYS, "nearest cent", "penny", "final period", "final month"),
    },
    "allocation": {
        **each({"allocation_percent": "whole"}, "whole percent", "nearest percent"),
        **each({"discounts": "by-evidence"}, "discount exception", "15.82", "32-37"),
        **each({"discounts": "to-all"}, "discount to all", "discount allocated to all"),
        **each(WHOLE, "whole CU", "whole units"),
        **each(ALWAYS, "relative SSP", "relative stand-alone", "relative standalone", "15.76"),
        **each(ALWAYS, "standalone selling price", "standalone selling prices"),
        **each(ALWAYS, "stand-alone selling prices", "stand-alone prices", "standalone prices"),
        **each(ALWAYS, "32-28", "32-29", "15.73", "15.81", "15.85", "proportional", "pro rata"),
        **each({"discounts": "by-evidence"}, "606-10-32-37"),
        **each(ALWAYS, "606-10-32-#", "15.#-#", "32-#-#"),
        **each(ALWAYS, "proportionately", "in proportion", "observable", "cost plus"),
        **each(ALWAYS, "adjusted market", "expected cost"),
        **each(ALWAYS, "SSP", "32-31", "15.74", "15.86", "32-41", "stand-alone selling price"),
        **each(ALWAYS, "largest remainder", "residual", "15.79", "32-34", "15.88", "32-43"),
    },
    "percent_rounding": {
        **each({"progress_percent": "tenths"}, "0.1%", "0.1 %", "one decimal", "1 decimal"),
        **each({"progress_percent": "hundredths"}, "0.01%", "two decimals", "2 decimals"),
        **each({"progress_percent": "hundredths"}, "0.01 %", "two decimal", "2 decimal"),
        **each({"progress_percent": "whole"}, "whole percent", "1%", "nearest percent"),
        **each(ALWAYS, "exact", "unrounded", "none", "no rounding", "not rounded"),
    },
    "financing": {
        # The source gives its result in whole units.
        "discount instalments": {**ADJUSTED, **WHOLE},
        **each(ADJUSTED, "implicit rate", "incremental borrowing rate", "discount", "significant"),
        **each(ADJUSTED, "#% a year", "#% per year", "separate financing", "at contract inception"),
        **each(ADJUSTED, "imputed", "imputed interest", "time value of money", "discounted"),
        **each(ADJUSTED, "interest at", "discount rate", "borrowing rate"),
        **each(NOT_ADJUSTED, "# months or less", "no time value", "not discounted"),
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
        **each({"receivable_at": "issue"}, "when billed", "at invoice date", "on the invoice date"),
        **each({"receivable_at": "issue"}, "invoice is issued", "when it is invoiced"),
        **each(ALWAYS, "conditional", "unconditional", "only time", "passage of time"),
    },
    "royalty": each(
        {"royalty_as_it_occurs": True},
        *("B63", "55-65", "sales-based", "usage-based", "as sales occur", "royalty exception"),
        *("sales based", "usage based", "when sales occur", "when the sales occur", "as earned"),
        *("sale or usage", "sales or usage", "as usage occurs", "when the sale occurs"),
        *("subsequent sales", "subsequent sale", "customer sells", "#% of sales", "sales are made"),
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
        **each(ALWAYS, "606-10-32-#", "15.#-#", "606-10-55-#"),
        **each(ALWAYS, "15.55", "32-10", "right of return", "return", "entirely", "wholly"),
    },
    "delivery": {
        **each({"delivered_evenly": True}, "# units a month", "# units per month", "evenly"),
        **each(ALWAYS, "as delivered", "on delivery", "when delivered", "point in time"),
        **each(ALWAYS, "shipped", "on shipment", "transfer of control", "control passes"),
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
        **each(APART, "606-10-25-12", "15.20(a)", "15.20(b)"),
        **each(ONWARD, "25-13(a)", "606-10-25-13(a)"),
        **each(CATCH_UP, "25-13(b)", "606-10-25-13(b)"),
        **each(ALWAYS, "25-13(c)", "606-10-25-13(c)", "606-10-25-13", "606-10-25-10"),
        **each(ONWARD, "21 (a)", "13 (a)", "terminate", "terminated", "replaced", "replace"),
        **each(ONWARD, "distinct from", "remaining distinct", "are distinct", "is distinct"),
        **each(CATCH_UP, "21 (b)", "13 (b)", "not distinct", "non-distinct", "existing contract"),
        **each(CATCH_UP, "retroactive", "retroactively"),
        **each(ALWAYS, "distinct", "price change", "price cut", "scope", "modification date"),
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
        **each(ALWAYS, "invoice rate", "rate of the invoice", "rate of its invoice", "own rates"),
        **each(ALWAYS, "month-end rate", "month end rate", "rate of the day", "rate at the date"),
        **each(ALWAYS, "rate of the day of", "historic", "invoice date", "date of the advance"),
        **each(ALWAYS, "each advance", "FIFO", "first in, first out", "order of receipt"),
        # A vendor's report, of money in another currency than it pays out in.
        **each(REALISED, "realised only", "realized only", "settlement USD", "settlement EUR"),
        **each(REALISED, "settlement GBP", "settlement currency"),
    },
    "catch_up": {
        # Periods nobody closed are open: what is earned in them is booked in them.
        **each(ALWAYS, "disabled", "off", "service period"),
        **each({"served_before_issue": "at-issue"}, "enabled", "on the booked date", "on"),
    },
    # The habits of a vendor's report, none of them GAAP.
    "ledger": each(
        CONTRA, "vendor chart of accounts", "contra-revenue", "contra revenue", "contra accounts"
    ),
    "credit_note": {
        **each(ALWAYS, "prospective", "prospectively", "from now"),
        **each(CORRECTS, "retrospective", "reversal", "reverse", "from the start"),
        **each(CORRECTS, "as if never", "original service period", "start of service"),
        **each(CORRECTS, "correction", "retrospectively"),
        **each(ALWAYS, "concession", "goodwill", "from its date", "from the credit date"),
        **each(ALWAYS, "reduction of revenue", "creation date", "issue date", "contra-revenue"),
        **each(ALWAYS, "immediate", "immediately", "at once", "remaining", "deferred", "used"),
        **each(ALWAYS, "recognised", "recognized", "not yet earned", "unearned", "pro rata"),
    },
    "variable_allocation": {
        **each(SHARED, "not met", "are not met", "is not met", "relative SSP", "to both", "to all"),
        **each(SHARED, "relative stand-alone", "relative standalone", "all obligations", "shared"),
        **each(SHARED, "not satisfied", "proportionally", "in proportion"),
        **each({"royalty_shared": False}, "wholly", "entirely", "its own", "that month"),
    },
    "principal_agent": {
        **each(NET, "agent", "net", "commission only", "commission"),
        **each(ALWAYS, "principal", "gross"),
    },
}
MEASURES = each(AT_COST, "zero margin", "no margin", "without margin", "at cost")
TERMS["measure"] = TERMS["measure_of_progress"] = TERMS["progress"] = MEASURES
# Other names of a key: a note where what is said under it holds none of its terms.
ALSO = {
    "ratable": ("amortization", "amortisation", "granularity", "over_time"),
    "closed_period": ("correction", "corrections", "late", "late_usage", "prior_period"),
    "modification": ("amendment", "amendments", "contract_modification"),
    "principal_agent": ("agent", "principal", "gross_net"),
    "royalty": ("royalties", "usage_fee"),
    "fx": ("remeasurement", "rates", "currency", "exchange"),
}
TERMS |= {other: TERMS[key] for key, others in ALSO.items() for other in others}
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
        *("impairment", "customer_balance", "deposit", "commission", "settlement", "acceptance"),
        *("bonus", "penalty", "rebate", "rebates", "price_concession", "noncash", "consignment"),
        *("control", "distinct", "contract", "combination", "contract_costs", "revenue", "price"),
        *("deferred", "deferred_revenue", "invoice", "invoicing", "payment", "payments", "units"),
        *("knowledge", "effective", "leap_year", "month_end", "calendar", "milestones", "points"),
        *("minimum_commitment", "true_up", "netting", "note", "notes", "source", "duplicate"),
        *("order", "out_of_order", "point_in_time", "presented", "reporting", "restatement"),
        *("write_off", "chargeback", "chargebacks", "non_refundable_fee", "breakage_estimate"),
        *("accounting_period", "loyalty", "proration", "hedge", "time", "collectability"),
        *("criteria", "minimum_guarantee", "guarantee", "price_protection", "options", "vouchers"),
        *("gift_cards", "free_period", "ramp", "shares", "advance", "advances", "deposits"),
        *("retention", "retainage", "incentive", "contract_balance", "contract_balances"),
        *("licences", "licenses", "subscription", "upgrade", "downgrade", "invoices", "overage"),
        *("promise", "promises", "stand_alone_selling_price", "standalone_selling_price", "roles"),
        *(other for others in ALSO.values() for other in others),
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
