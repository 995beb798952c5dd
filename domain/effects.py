"""Why a fact stands in no line: every fact leads to its effects or says why it has none (law 8)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from domain.anchor import BillingAnchorChanged
from domain.balance_facts import (
    BalanceApplied,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.books import AdjustmentApproved, AdjustmentProposed
from domain.carried import OpeningPositionChanged, OpeningPositionEnded
from domain.chargeback_facts import (
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.contract_facts import (
    BaseReported,
    ContractJoined,
    ContractModified,
    ContractOpened,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    ExpectationRevised,
    NonCashReceived,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    RightsExercised,
    RightsExpired,
)
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.facts import Fact, Retracted, corrected
from domain.invoice_facts import (
    CreditIssued,
    DisputeOpened,
    DisputeResolved,
    DocumentSent,
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.opening import OpeningProposed, OpeningSigned
from domain.payment_facts import (
    PaymentApplied,
    PaymentAttemptFailed,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentNamed,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from domain.subscription import (
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.usage import UsageBatchAccepted, UsageGapWaived, UsageWindowDeclared

# Facts that may do nothing but keep amounts from coming due: no line can name them.
ENDS = (
    SubscriptionCancelled,
    SubscriptionAmended,
    SubscriptionRenewed,
    SubscriptionPaused,
    SubscriptionSuspended,
    SubscriptionResumed,
    BillingAnchorChanged,
    DiscountGranted,
    DiscountWithdrawn,
    AccessGranted,
    AccessWithdrawn,
    InvoiceVoided,
    ContractJoined,
    ContractModified,
    ContractTerminated,
    OpeningPositionChanged,
    OpeningPositionEnded,
    PaymentUnapplied,
    PaymentNamed,
    BalanceUnapplied,
    InvoiceRecovered,
)

_WORDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((Retracted,), "takes back the fact it names"),
    (
        (InvoiceDrafted, DraftAdjusted, DraftApproved, DraftDiscarded),
        "a draft has no effect until it is issued",
    ),
    ((SubscriptionCancelled, ContractTerminated), "what it ends is no longer due"),
    ((InvoiceVoided,), "nothing was left to take back"),
    ((DocumentSent,), "says what left the house, and moves nothing"),
    ((SubscriptionAmended,), "nothing more is sold because of it"),
    ((SubscriptionRenewed,), "its term adds no day to be served, or nothing more is sold in it"),
    ((SubscriptionPaused, SubscriptionSuspended), "nothing is served on the days it stops"),
    ((SubscriptionResumed,), "nothing had stopped, or nothing more is served"),
    ((BillingAnchorChanged,), "no billing period begins or ends elsewhere because of it"),
    ((DiscountGranted, DiscountWithdrawn), "no billing period is charged less or more by it"),
    ((AccessGranted, AccessWithdrawn), "evidence of access: nothing is earned otherwise by it"),
    ((DisputeOpened, DisputeResolved), "a dispute moves no amount; a credit note does"),
    ((InvoiceIssued,), "what it bills is no contract yet, so it is nobody's right"),
    ((CreditIssued,), "the invoice was void before, has no such line, or is nobody's right yet"),
    ((PaymentApplied,), "its payment or invoice is not known, or of another account"),
    ((BalanceApplied,), "its credit or invoice is not known, or of another account"),
    ((PaymentUnapplied, BalanceUnapplied), "nothing of it stood against the invoice"),
    ((PaymentNamed,), "its payment or the contract is not known, or nothing of it is left"),
    ((PaymentRefunded, PaymentFailed, PaymentFeeCharged), "its payment is not known"),
    ((PaymentAttemptFailed,), "an attempt to pay that brought no money"),
    ((BalanceRefunded, BalanceWithdrawn), "the credit it is of is not known"),
    ((ChargebackOpened,), "its payment is not known, or it was opened before"),
    ((ChargebackWon, ChargebackLost), "its payment or its opening is not known, or it stood so"),
    ((InvoiceWrittenOff,), "the invoice is not known, or nothing of it was open"),
    ((InvoiceRecovered,), "nothing was written off, or the invoice is not known"),
    ((SubscriptionStarted,), "it opens no contract by rule, or nothing of it is charged yet"),
    ((ContractOpened, ContractModified), "nothing of it is transferred or priced yet"),
    ((ContractJoined,), "nothing of either contract is billed or transferred yet"),
    ((CriteriaMet,), "it was a contract already, or nothing of it is transferred yet"),
    ((PriceEstimated,), "it includes no more and no less of the price, or nothing is transferred"),
    ((ExpectationRevised, ProgressMeasured), "no such obligation, or nothing is earned otherwise"),
    ((RightsExercised, RightsExpired), "no such obligation, or no rights were left"),
    ((BaseReported,), "no such obligation, or a fee of nothing"),
    ((PriceConceded, CustomerPaymentPromised), "no such promise, or nothing is given up"),
    ((NonCashReceived,), "nobody promised it, or it was worth nothing when it was agreed"),
    ((ObligationSatisfied,), "no such obligation, or it was transferred before"),
    ((OpeningProposed, OpeningSigned), "not signed yet, or lists nothing but open items"),
    ((OpeningPositionChanged,), "nothing more or less of the position is earned because of it"),
    ((OpeningPositionEnded,), "what it ends is no longer due, or nothing of it was left"),
    ((AdjustmentProposed,), "not approved"),
    ((AdjustmentApproved,), "nothing proposed to approve"),
    ((UsageBatchAccepted,), "its rows were replaced, or add up to nothing"),
    ((UsageWindowDeclared, UsageGapWaived), "says which batches to expect"),
)
_STREAMS = {
    "entity": "master data: the next run measures with it",
    "customer": "master data: usage waits until its customer is registered",
    "product": "master data: the next run measures with it",
    "meter": "master data: the next run measures with it",
    "price": "master data: the next run measures with it",
    "policy": "master data: the next run measures with it",
    "invoicing": "master data: documents after it are issued by it",
    "rates": "master data: what is in these currencies is measured with it",
    "tax": "master data: documents after it are taxed by it",
}


# The books' own facts settle or draw lines, coupons are told by invoices: none waits for a run.
_ACTS = {
    "book": "an act of the books: it says which periods take entries",
    "run": "an act of the books: it settles what is known",
    "parked": "an act of the books: it says which unit waits",
    "bank": "says what an entry of a bank's statement is; the payment's own facts move the money",
    "dunning": "an act of dunning: it says who is reminded, and moves nothing",
    "threshold": "an act of the billing run: it says which level was reached",
    "judgement": "a judgement: reports say what changed closed periods, the books stay as they are",
    "coupon": "what it may take off is on the lines of invoices",
}
# For a fact that must stand in a line, and was measured.
COMES_TO_NOTHING = "what rests on it comes to nothing so far"


class Standing(Struct, frozen=True, kw_only=True):
    """What a ledger knows of a fact beside its stream: whether a run came since, and what keeps
    its unit or its usage waiting.
    """

    is_settled: bool = True
    parked: str | None = None
    pending: str | None = None


SETTLED = Standing()


def why_without_effect(
    fact: Fact, of_stream: Sequence[Fact], standing: Standing = SETTLED
) -> str | None:
    """The first reason that holds; none where a fact of this kind must stand in a line."""
    by = corrected(of_stream).get(fact.position)
    if by is not None:
        return f"replaced or taken back by fact {by}"
    category = fact.stream.partition(":")[0]
    if category in _ACTS:
        return _ACTS[category]
    if not standing.is_settled:
        return "no posting run has come after it yet"
    if standing.parked is not None:
        return f"its unit is parked: {standing.parked}"
    if standing.pending is not None:
        return f"its usage is pending: {standing.pending}"
    words = (told for kinds, told in _WORDS if isinstance(fact.event, kinds))
    return next(words, None) or _STREAMS.get(category)
