"""The chart of accounts: under which of the five heads of a ledger each account stands.

tieout posts to accounts of its own, by name; an account map gives them the numbers of an ERP. Other
programs that keep books want to know of each whether it is owned, owed, earned or spent.
"""

from __future__ import annotations

from typing import Literal

from domain.journal import Account

Head = Literal["assets", "liabilities", "equity", "income", "expenses"]

# What comes and goes is an asset until the other side has it: cash, what is charged back.
HEAD_OF: dict[Account, Head] = {
    "accounts-receivable": "assets",
    "bad-debt": "expenses",
    "bank-fees": "expenses",
    "cash-clearing": "assets",
    "contract-asset": "assets",
    "contract-liability": "liabilities",
    "credit-notes": "income",
    "credits-granted": "income",
    "currency-exchange": "income",
    "customer-credit": "liabilities",
    "customer-payable": "liabilities",
    "deposits": "liabilities",
    "disputed-cash": "assets",
    "disputes": "income",
    "external-clearing": "assets",
    "interest-expense": "expenses",
    "interest-income": "income",
    "non-cash-clearing": "assets",
    "opening-clearing": "equity",
    "partner-payable": "liabilities",
    "recoverables": "income",
    "refund-clearing": "liabilities",
    "refund-liability": "liabilities",
    "refunds": "income",
    "revenue": "income",
    "rounding": "income",
    "settlement-discount": "income",
    "short-pay": "income",
    "tax-payable": "liabilities",
    "unapplied-cash": "liabilities",
    "unbilled-receivable": "assets",
    "voids": "income",
    "withholding-receivable": "assets",
}
