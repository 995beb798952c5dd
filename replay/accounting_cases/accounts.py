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
    "CustomerBalance": ("customer-credit", "unapplied-cash"),
    "DeferredRevenue": ("contract-liability",),
    "DepositLiability": ("deposits",),
    "Disputes": ("disputes",),
    "ExternalAsset": ("external-clearing",),
    "Fees": ("bank-fees",),
    "FxGain": EXCHANGE,
    "FxGainLoss": EXCHANGE,
    "FxLoss": EXCHANGE,
    "InterestExpense": ("interest-expense",),
    "InterestIncome": ("interest-income",),
    "CustomerPayable": ("customer-payable",),
    "NonCashClearing": ("non-cash-clearing",),
    "PartnerPayable": ("partner-payable",),
    "SupplierPayable": ("partner-payable",),
    "Recoverables": ("recoverables",),
    "RefundLiability": ("refund-liability",),
    "Refunds": ("refunds",),
    "Revenue": ("revenue",),
    "TaxLiability": ("tax-payable",),
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


# Differences of exchange that are told as a gain: credits positive.
GAINS = frozenset({"FxGain", "FxGainLoss"})
# What a figure calls an account in its own name, in small letters.
NAMED: dict[str, str] = {
    "accounts_receivable": "AccountsReceivable",
    "bad_debt": "BadDebt",
    "cash": "Cash",
    "contract_asset": "ContractAsset",
    "contract_liability": "ContractLiability",
    "customer_balance": "CustomerBalance",
    "customer_payable": "CustomerPayable",
    "deferred_balance": "DeferredRevenue",
    "deferred_revenue": "DeferredRevenue",
    "deposit_liability": "DepositLiability",
    "deposits": "DepositLiability",
    "disputes": "Disputes",
    "interest_expense": "InterestExpense",
    "interest_income": "InterestIncome",
    "receivable": "AccountsReceivable",
    "recoverables": "Recoverables",
    "refund_liability": "RefundLiability",
    "refunds": "Refunds",
    "revenue": "Revenue",
    "tax_liability": "TaxPayable",
    "tax_payable": "TaxPayable",
    "unapplied_cash": "UnappliedCash",
    "unbilled": "UnbilledReceivable",
    "unbilled_receivable": "UnbilledReceivable",
    "voids": "Voids",
}
# Accounts of a result are asked for what moved in a period, all others for where they stand.
RESULT = frozenset(
    {
        *("BadDebt", "CreditNotes", "Disputes", "Fees", "FxGain", "FxLoss", "InterestExpense"),
        *("InterestIncome", "Recoverables", "Refunds", "Revenue", "Voids"),
    }
)


def normal(accounts: Iterable[str], rows: Iterable[Posted]) -> int:
    """The sum of an account's rows, + for an increase of its normal balance."""
    debit = sum(row.minor for row in rows)
    return -debit if set(accounts) <= CREDIT_ACCOUNTS else debit
