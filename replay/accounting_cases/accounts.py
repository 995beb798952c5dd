"""The names that cases have for accounts, in the ledger's own; a name that is not here fails."""

from __future__ import annotations

import re
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
# Other names of accounts, as authors have them.
ALSO: dict[str, tuple[str, ...]] = {
    "AccountsReceivable": ("Receivable", "Receivables", "TradeReceivables", "TradeReceivable"),
    "BadDebt": ("BadDebtExpense", "CreditLoss"),
    "ContractAsset": ("ContractAssets",),
    "ContractLiability": ("ContractLiabilities", "Deferred"),
    "CustomerBalance": ("CustomerCreditBalance", "CustomerCredit"),
    "DeferredRevenue": ("UnearnedRevenue", "DeferredIncome", "DeferredBalance"),
    "DepositLiability": ("Deposits", "CustomerDeposits"),
    "Fees": ("ProcessingFees", "BankFees"),
    "FxGain": ("ForeignExchangeGain", "ExchangeGain"),
    "FxGainLoss": ("ExchangeGainLoss", "ExchangeDifference", "ExchangeDifferences"),
    "FxLoss": ("ForeignExchangeLoss", "ExchangeLoss"),
    "InterestIncome": ("InterestRevenue",),
    "RefundLiability": ("RefundLiabilities",),
    "Revenue": ("RevenueRecognised", "RevenueRecognized", "RecognisedRevenue"),
    "TaxPayable": ("SalesTaxPayable", "VatPayable"),
    "UnbilledReceivable": ("Unbilled", "UnbilledReceivables", "UnbilledRevenue", "AccruedRevenue"),
}
ACCOUNTS |= {other: ACCOUNTS[name] for name, others in ALSO.items() for other in others}
# An unconditional right that nobody has invoiced yet (ASC 606-10-45-4, IFRS 15.108).
UNBILLED = ("unbilled-receivable",)


def accounts_of(name: str, path: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The ledger's accounts for a name. Raises CaseError."""
    del path
    if name not in ACCOUNTS:
        raise CaseError(f"unknown account {name}")
    return ACCOUNTS[name]


# Differences of exchange that are told as a gain: credits positive.
GAINS = frozenset({"FxGain", "FxGainLoss", *ALSO["FxGain"], *ALSO["FxGainLoss"]})
# What a figure calls an account in its own name, in small letters.
NAMED: dict[str, str] = {
    re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): name for name in ACCOUNTS
}
# Accounts of a result are asked for what moved in a period, all others for where they stand.
OF_A_RESULT = (
    *("BadDebt", "CreditNotes", "Disputes", "Fees", "FxGain", "FxGainLoss", "FxLoss"),
    *("InterestExpense", "InterestIncome", "Recoverables", "Refunds", "Revenue", "Voids"),
)
RESULT = frozenset(other for name in OF_A_RESULT for other in (name, *ALSO.get(name, ())))


def normal(accounts: Iterable[str], rows: Iterable[Posted]) -> int:
    """The sum of an account's rows, + for an increase of its normal balance."""
    debit = sum(row.minor for row in rows)
    return -debit if set(accounts) <= CREDIT_ACCOUNTS else debit
