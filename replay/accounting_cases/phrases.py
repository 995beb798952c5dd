"""A case's policy in the ledger's options: one row for each phrase, and no guess for any other.

What always holds in the ledger elects nothing: its phrase is known and has no option. What is no
option of a book but says how a fact is to be read stands under a name of READINGS.
"""

from __future__ import annotations

import re
from decimal import Decimal

Row = dict[str, object]
ALWAYS: Row = {}
BY_DAY: Row = {"ratable_by": "day"}
BY_MONTH: Row = {"ratable_by": "month"}
EARLIEST_OPEN: Row = {"closed_period_date": "first-day"}
CONTRA: Row = {"given_back": "contra-revenue", "overbilled": "negative-unbilled"}
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
    }
)
# What is billed when, of a deal that says no more of it.
EACH_LINE = "each line in its month"
EACH_YEAR = "1 January each year"
MONTHLY_FROM_4 = "monthly in advance from month 4"
UPON_BOOKING = "upon booking"
POLICY: dict[str, dict[str, Row]] = {
    "ratable": {
        "by day": BY_DAY,
        "by day, end date exclusive": BY_DAY,
        "by month": BY_MONTH,
        "by month, equal months": BY_MONTH,
        "by month evenly, last month cut off": {**BY_MONTH, "month_ends": "last-month-cut-off"},
        "straight-line": BY_MONTH,
        "12 months, half in first and in the 13th calendar month": {"ratable_by": "half-month"},
        "by millisecond": {"ratable_by": "instant"},
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
    "breakage": {
        "proportional": {"breakage": "proportional"},
        "proportional to redemptions over expected redemptions": {"breakage": "proportional"},
        "remote": {"breakage": "remote"},
    },
    "rounding": {
        "cumulative": ALWAYS,
        "cumulative half-up per month": ALWAYS,
        "whole CU": WHOLE,
        "whole units": WHOLE,
        "whole CU per contract": {"allocation_unit": "whole"},
    },
    "allocation": {
        "relative SSP": ALWAYS,
        "largest remainder, ties to the first listed": ALWAYS,
        "relative SSP with percentage rounded to whole percent (9%)": {
            "allocation_percent": "whole"
        },
        "IFRS 15.82 discount exception": {"discounts": "by-evidence"},
        # What is left is refused where it lies outside the range that was observed.
        "residual must be tested for faithfulness": ALWAYS,
    },
    "percent_rounding": {
        "source rounds percent complete to 0.1% (51.2%)": {"progress_percent": "tenths"},
    },
    "financing": {
        # The source gives its result in whole units.
        "discount instalments at 12%/12 monthly": {"financing": "adjusted", **WHOLE},
    },
    "receivable": {
        "unconditional right at due date; an invoice issued earlier does not create a receivable": {
            "receivable_at": "due"
        },
    },
    "royalty": {"B63 sales-based royalty exception": {"royalty_as_it_occurs": True}},
    "variable_consideration": {
        "allocate quarterly fee to the distinct quarter (IFRS 15.85); incentive excluded": {
            "incentive_left_out": True
        },
        "expect retro price 125": ALWAYS,
        "expected amount": ALWAYS,
        "expected consideration, constraint passed": ALWAYS,
        "expected value then constraint (IFRS 15.56)": ALWAYS,
        "most likely/expected 750 included": ALWAYS,
    },
    "delivery": {"50 units a month": {"delivered_evenly": True}},
    "modification": {
        "21(a) prospective, series of distinct services": ALWAYS,
        "21(b) cumulative catch-up": ALWAYS,
        "IFRS 15.20 / 606-10-25-12 separate contract": ALWAYS,
        "IFRS 15.21(a) / 606-10-25-13(a) termination + new contract": ALWAYS,
        "prospective": ALWAYS,
        "prospective to remaining distinct SaaS months": ALWAYS,
        "separate contract": ALWAYS,
    },
    "measure": {"time elapsed": ALWAYS, "expected cost": ALWAYS},
    "billing": {
        EACH_YEAR: {"bills": EACH_YEAR},
        MONTHLY_FROM_4: {"bills": MONTHLY_FROM_4},
    },
    "fx": {
        "EUR and USD both settle": ALWAYS,
        "contract liability is non-monetary (not remeasured); receivable is monetary": ALWAYS,
        # The same vendor's report, of money in another currency than it pays out in.
        "realised only, settlement USD": {**CONTRA, "remeasure": "realised-only"},
        "settlement USD": {**CONTRA, "remeasure": "realised-only"},
    },
    "net_position": {
        "contract asset / liability per contract": ALWAYS,
        "contract liability and contract asset netted per contract at reporting date": ALWAYS,
        "one contract balance account, debit = contract asset": ALWAYS,
        "per contract": ALWAYS,
    },
    # Periods nobody closed are open: what is earned in them is booked in them.
    "catch_up": {
        "disabled: revenue goes to the service period even if earlier than the booked date": ALWAYS,
    },
    # The habits of a vendor's report, none of them GAAP.
    "ledger": {
        "vendor chart of accounts "
        "(contra-revenue accounts for refunds/disputes/voids/bad debt)": CONTRA,
    },
    "cancellation": {"stop recognition, no reversal of what was recognised": ALWAYS},
    "credit_note": {"prospective, creation date to end of service": ALWAYS},
    "idempotency": {"by event_id": ALWAYS},
    "material_right": {"practical alternative IFRS 15.B43": ALWAYS},
    "measure_of_progress": {"cost-to-cost": ALWAYS},
    "periods": {"calendar month": ALWAYS},
    "presentation": {"contract asset vs receivable (IFRS 15.107-108)": ALWAYS},
    "reading": {"contract value becomes 18,000 for the same term": ALWAYS},
    "recognise": {"when usage is reported": ALWAYS},
    "step1": {
        "no contract exists while collectability is not probable; "
        "no IFRS 15.15 event has occurred": ALWAYS,
    },
    "unit_price_rounding": {"blended price shown to 2 decimals, total preserved": ALWAYS},
    "variable_allocation": {"IFRS 15.85: royalty wholly to Y": ALWAYS},
}
BORROWED = re.compile(r"([0-9.]+)% incremental borrowing rate \(implicit rate is [0-9.]+%\)")
OF_SALES = re.compile(r"([0-9.]+)% of future sales")
# Elections beside the exact one: the same facts stand in a second book that differs in one of them.
BESIDE: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("progress_percent", "tenths"): ("exact-percent", {"progress_percent": "exact"}),
    ("discounts", "by-evidence"): ("to-all", {"discounts": "to-all"}),
    ("financing", "adjusted"): ("not-adjusted", {"financing": "not-adjusted"}),
}


def percent_of_sales(price: str) -> Decimal | None:
    """The share of sales that a price is, if it is one."""
    found = OF_SALES.fullmatch(price)
    return Decimal(found[1]) if found else None


def borrowing_rate(phrase: str) -> Decimal | None:
    """The rate of a separate loan, if the phrase states one."""
    found = BORROWED.fullmatch(phrase)
    return Decimal(found[1]) if found else None
