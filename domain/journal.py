"""Accounts, slots, lines and entries: what the books say, in words.

Amounts are signed minor units: debit positive, credit negative. A slot says what an amount is
about; a line is a posted change of one slot; an entry is what one run posted for one unit into one
period.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

Account = Literal[
    "accounts-receivable",
    "bad-debt",
    "bank-fees",
    "cash-clearing",
    "contract-asset",
    "contract-liability",
    "credit-notes",
    "credits-granted",
    "currency-exchange",
    "customer-credit",
    "customer-payable",
    "deposits",
    "disputed-cash",
    "disputes",
    "external-clearing",
    "interest-expense",
    "interest-income",
    "non-cash-clearing",
    "opening-clearing",
    "partner-payable",
    "recoverables",
    "refund-clearing",
    "refund-liability",
    "refunds",
    "revenue",
    "rounding",
    "settlement-discount",
    "short-pay",
    "tax-payable",
    "unapplied-cash",
    "unbilled-receivable",
    "voids",
    "withholding-receivable",
]
CREDIT_ACCOUNTS = frozenset(
    {
        "contract-liability",
        "customer-credit",
        "customer-payable",
        "deposits",
        "interest-income",
        "partner-payable",
        "recoverables",
        "refund-clearing",
        "refund-liability",
        "revenue",
        "tax-payable",
        "unapplied-cash",
    }
)
# What kind of event moves an amount: each kind balances by itself within its subject and period.
Kind = Literal[
    "billing",
    "release",
    "unbilled",
    "conditional",
    "refund-conditional",
    "refund-owed",
    "lump-owed",
    "owed-back",
    "share-owed",
    "customer-owed",
    "non-cash",
    "interest",
    "served",
    "receipt",
    "application",
    "deduction",
    "write-off",
    "given-back",
    "transfer",
    "grant",
    "refund",
    "failure",
    "chargeback",
    "fee",
    "exchange",
    "adjustment",
    "advance",
    "prepaid",
    "opening",
]


class Slot(Struct, frozen=True, order=True):
    """What an amount is about, within one unit, book and currency.

    `earned` is the last day of the period the amount belongs to by the entity's calendar; `subject`
    the invoice line, payment or obligation; `obligation` the promise it counts against, if any;
    `document` the invoice or payment the receivable side belongs to, if any.
    """

    earned: date
    kind: str
    subject: str
    account: str
    obligation: str = ""
    document: str = ""


class Due(Struct, frozen=True):
    """What should stand in a slot: transaction and functional minor units, why, and its date."""

    minor: int
    functional_minor: int
    causes: tuple[int, ...]
    rule: str
    on: date | None = None


Balances = dict[Slot, Due]


class Line(Struct, frozen=True, kw_only=True):
    """One posted change of one slot, with its own accounting date inside the booked period."""

    slot: Slot
    minor: int
    functional_minor: int
    accounting_date: date
    rule: str
    causes: tuple[int, ...]


class Entry(Struct, frozen=True, kw_only=True):
    """The lines one run posted for one unit of one book into one period; they sum to zero.

    `known_at` is the position of the posting run: what was known. `booked` names the period.
    """

    entity: str
    book: str
    unit: str
    known_at: int
    booked: str
    currency: str
    functional_currency: str
    lines: tuple[Line, ...]
