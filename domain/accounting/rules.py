"""Every rule a line can name, `name@version`: what it computes, how it rounds, by which paragraphs.

A rule is never changed: what moves a number is a new version beside the old one. `explain` shows
these words beside the inputs and steps of the call that measured the amount.
"""

from __future__ import annotations

from msgspec import Struct

_CENTS = "cumulative, half away from zero: parts sum to the amount, the last closes to zero"
_WORTH = "each amount once, half away from zero; parts take their share, the last what is left"
_NONE = "none: whole minor units as stated"


class Rule(Struct, frozen=True, kw_only=True):
    """`says` is the formula in words, `paragraphs` what it rests on in ASC and IFRS."""

    says: str
    paragraphs: tuple[str, ...]
    rounding: str = _NONE


_OVER_TIME = ("ASC 606-10-25-27, 25-31 to 25-37", "IFRS 15.35, 39-45, B18")
_AT_ONCE = ("ASC 606-10-25-30", "IFRS 15.38")
_RECEIVABLE = ("ASC 606-10-45-4", "IFRS 15.105, 108")
_LIABILITY = ("ASC 606-10-45-2", "IFRS 15.106")
_RIGHTS = ("ASC 606-10-55-46 to 55-49", "IFRS 15.B44-B47")
_LOSS = ("ASC 326-20", "IFRS 9.5.5")

RULES: dict[str, Rule] = {
    "ratable-by-day@1": Rule(
        says="price * days served / days of service",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "ratable-by-month@1": Rule(
        says="price * months ended / months of service; a month touched in part counts by its days",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "ratable-by-month-by-days@1": Rule(
        says="as by month, and inside a month by its days: periods cut months",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "ratable-by-month-cut-off@1": Rule(
        says="price * months begun / months, the first whole, a last one in part left out",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "ratable-by-half-month@1": Rule(
        says="as by month, but a month touched in part counts half",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "ratable-by-instant@1": Rule(
        says="price * time served / time of service, in microseconds in the entity's zone",
        rounding=_CENTS,
        paragraphs=_OVER_TIME,
    ),
    "point-in-time@1": Rule(says="the whole amount when control passes", paragraphs=_AT_ONCE),
    "usage-as-it-occurs@1": Rule(
        says="what usage so far comes to, in the period it occurred in",
        rounding="each total once, half away from zero; a period earns the difference of totals",
        paragraphs=("ASC 606-10-32-40, 55-65", "IFRS 15.85, B63"),
    ),
    "shortfall@1": Rule(
        says="what was promised and not used, when it can be used no more",
        paragraphs=_RIGHTS,
    ),
    "credits-as-drawn@1": Rule(
        says="price of the credits * drawn / bought", rounding=_CENTS, paragraphs=_RIGHTS
    ),
    "breakage@1": Rule(
        says="price of the credits * expired / bought", rounding=_CENTS, paragraphs=_RIGHTS
    ),
    "units-transferred@1": Rule(
        says="price * units transferred / units promised",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-25-31, 55-17", "IFRS 15.41, B15"),
    ),
    "milestones-reached@1": Rule(
        says="price * weights of the milestones reached / all weights",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-25-31, 55-17", "IFRS 15.41, B15"),
    ),
    "percent-complete@1": Rule(
        says="price * costs incurred / costs expected, without what depicts no progress; or a "
        "percentage as measured; materials at cost beside",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-25-35, 55-20 to 55-21", "IFRS 15.44, B18-B19"),
    ),
    "rights-exercised@1": Rule(
        says="price * rights used / rights expected to be used; those used for a service as it is "
        "given, those nobody expected to expire when they do",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-55-42, 55-46 to 55-49", "IFRS 15.B40, B44-B47"),
    ),
    "percentage-of-base@1": Rule(
        says="percentage * what was reported, at the later of report and transfer",
        rounding="each total once, half away from zero; a report earns the difference of totals",
        paragraphs=("ASC 606-10-55-65", "IFRS 15.B63"),
    ),
    "receivable-at-issue@1": Rule(
        says="what a document charges, or takes back, at its date", paragraphs=_RECEIVABLE
    ),
    "receivable-by-right@1": Rule(
        says="what a document charges, or takes back, from when only time must pass",
        paragraphs=_RECEIVABLE,
    ),
    "prepaid@1": Rule(
        says="what is paid of an invoice before it is receivable, or a contract",
        paragraphs=("ASC 606-10-45-2, 25-8", "IFRS 15.106, 16"),
    ),
    "unbilled-receivable@1": Rule(
        says="what was earned less what was billed, where that is above nothing",
        paragraphs=("ASC 606-10-45-1, 45-4", "IFRS 15.105, 107-108"),
    ),
    "overbilled@1": Rule(
        says="what is billed of service that is over, less what was earned, where that is more",
        paragraphs=("none: a vendor's habit",),
    ),
    "advance-on-contract@1": Rule(
        says="money for a contract in force, at receipt", paragraphs=_LIABILITY
    ),
    "kept-of-no-contract@1": Rule(
        says="money for what ended and never was a contract, less what is to be given back",
        paragraphs=("ASC 606-10-25-7(b)", "IFRS 15.15(b)"),
    ),
    "cash-at-receipt@1": Rule(
        says="money as it came, went or was taken back, at its date", paragraphs=_RECEIVABLE
    ),
    "cash-application@1": Rule(
        says="the smaller of what is open and what is left of the money", paragraphs=_RECEIVABLE
    ),
    "credit-released@1": Rule(
        says="what was applied and is open no more, back to what it came from",
        paragraphs=_LIABILITY,
    ),
    "deduction@1": Rule(
        says="what was kept back on the way, each to its account", paragraphs=_RECEIVABLE
    ),
    "write-off@1": Rule(
        says="what is open and not expected any more", paragraphs=(*_LOSS, "ASC 606-10-45-4")
    ),
    "given-back@1": Rule(
        says="what is given back * what was earned / what was left of the line",
        rounding=_CENTS,
        paragraphs=("none: a vendor's habit",),
    ),
    "opening-position@1": Rule(
        says="billed less recognised in the books of before, as two people signed it",
        paragraphs=(*_LIABILITY, "IFRS 1.10"),
    ),
    "opening-given-back@1": Rule(
        says="what is given back of a position of before, as far as it was billed before and is "
        "earned no more",
        paragraphs=("ASC 606-10-25-10 to 25-13", "IFRS 15.18-21"),
    ),
    "exchange-realised@1": Rule(
        says="what settles an amount, or bills it, is worth in functional currency, less what that "
        "amount had cost",
        rounding=_WORTH,
        paragraphs=("ASC 830-10-35-1, 830-20-35-1", "IAS 21.28"),
    ),
    "exchange-unrealised@1": Rule(
        says="what is open * the rate of the period's last day, less what it had cost and was told "
        "before",
        rounding=_WORTH,
        paragraphs=("ASC 830-10-45-17, 830-20-35-1 to 35-2", "IAS 21.23, 21.28"),
    ),
    "approved-adjustment@1": Rule(
        says="as two people signed it", paragraphs=("ASC 250-10-45", "IAS 8.41-42")
    ),
    "contract-asset@1": Rule(
        says="earned less billed, as far as it is not due before more is transferred",
        paragraphs=("ASC 606-10-45-3", "IFRS 15.107"),
    ),
    "refund-conditional@1": Rule(
        says="what is to go back beyond what is billed or due lowers the contract asset",
        paragraphs=("ASC 606-10-32-10, 45-3", "IFRS 15.55, 107"),
    ),
    "significant-financing@1": Rule(
        says="what is owed * rate / 12 each month; in advance price * ((1 + rate) ** years - 1)",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-32-15 to 32-20", "IFRS 15.60-65"),
    ),
    "payable-to-the-customer@1": Rule(
        says="what is promised to the customer less what it gives for it",
        paragraphs=("ASC 606-10-32-25 to 32-27", "IFRS 15.70-72"),
    ),
    "non-cash-received@1": Rule(
        says="what is received that is no money * its fair value when it was agreed",
        rounding="each total once, half away from zero; what comes adds the difference of totals",
        paragraphs=("ASC 606-10-32-21 to 32-24", "IFRS 15.66-69"),
    ),
    "payable-over-purchases@1": Rule(
        says="what is payable to the customer * what it bought so far / what it is to buy",
        rounding=_CENTS,
        paragraphs=("ASC 606-10-32-25 to 32-27", "IFRS 15.70-72"),
    ),
    "promised@1": Rule(
        says="transaction price of a promise as it was known; posts nothing",
        paragraphs=("ASC 606-10-50-13 to 50-15", "IFRS 15.120-122"),
    ),
    "beyond-notice@1": Rule(
        says="what was charged less what is earned or owed before notice is over, if it goes back",
        paragraphs=("ASC 606-10-25-3, 32-10", "IFRS 15.11, 55"),
    ),
    "owed-back-at-the-end@1": Rule(
        says="once all ended, what was charged less what is earned of it or still will be",
        paragraphs=("ASC 606-10-32-10, 45-2", "IFRS 15.55, 106"),
    ),
    "entitled@1": Rule(
        says="what is due for what was transferred, as the contract states prices; posts nothing",
        paragraphs=("ASC 606-10-45-3 to 45-4", "IFRS 15.107-108"),
    ),
    "no-longer-due@1": Rule(
        says="what stood less what is due, where nothing is due any more",
        paragraphs=("ASC 250-10-45-17", "IAS 8.36"),
    ),
}


def rule_of(name: str) -> Rule:
    """The rule of a line. Every name that measuring gives is in the table."""
    return RULES[name]
