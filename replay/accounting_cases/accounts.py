"""The names that cases have for accounts, in the ledger's own; a name that is not here fails."""

from __future__ import annotations

from collections.abc import Iterable

from domain.journal import CREDIT_ACCOUNTS
from replay.accounting_cases.answers import Posted
from replay.case_format import CaseError

# Differences of exchange stand in one account: a loss is a debit, a gain a credit.
EXCHANGE = ("currency-exchange",)
RECEIVABLE = "AccountsReceivable"
ACCOUNTS: dict[str, tuple[str, ...]] = {
    RECEIVABLE: ("accounts-receivable",),
    "BadDebt": ("bad-debt",),
    "Cash": ("cash-clearing",),
    "ContractAsset": ("contract-asset",),
    "ContractLiability": ("contract-liability",),
    "CreditNotes": ("credit-notes",),
    "CustomerBalance": ("customer-credit",),
    "DeferredRevenue": ("contract-liability",),
    "DepositLiability": ("deposits",),
    "Disputes": ("disputes",),
    "ExternalAsset": ("external-clearing",),
    "Fees": ("bank-fees",),
    "FxGain": EXCHANGE,
    "FxLoss": EXCHANGE,
    "InterestExpense": ("interest-expense",),
    "Recoverables": ("recoverables",),
    "RefundLiability": ("refund-liability",),
    "Refunds": ("refunds",),
    "Revenue": ("revenue",),
    "TaxPayable": ("tax-payable",),
    "UnappliedCash": ("unapplied-cash",),
    "UnbilledAccountsReceivable": ("unbilled-receivable",),
    "UnbilledReceivable": ("unbilled-receivable",),
    "Voids": ("voids",),
}
# An unconditional right that nobody has invoiced yet (ASC 606-10-45-4, IFRS 15.108).
UNBILLED = ("unbilled-receivable",)


def accounts_of(name: str, path: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The ledger's accounts for a name. Raises CaseError."""
    del path
    if name not in ACCOUNTS:
        raise CaseError(f"unknown account {name}")
    return ACCOUNTS[name]


def normal(accounts: Iterable[str], rows: Iterable[Posted]) -> int:
    """The sum of an account's rows, + for an increase of its normal balance."""
    debit = sum(row.minor for row in rows)
    return -debit if set(accounts) <= CREDIT_ACCOUNTS else debit
