"""Why a fact stands in no line: the first reason that holds, in words, for every kind of fact."""

from decimal import Decimal

from domain.anchor import BillingAnchorChanged
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.effects import Standing, why_without_effect
from domain.facts import Fact, Retracted
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from tests.domain.given import fact, on
from tests.laws.histories import history
from tests.laws.purses import purses

MEASURED_WITH = "master data: the next run measures with it"
AWAITED = "master data: usage waits until its customer is registered"
BY_INVOICES = "what it may take off is on the lines of invoices"
DRAWS_LINES = "an act of the books: it says which periods take entries"
BANK = "says what an entry of a bank's statement is; the payment's own facts move the money"
DUNNING = "an act of dunning: it says who is reminded, and moves nothing"
WORDS = {
    "bank-entry-left": BANK,
    "bank-entry-set-aside": BANK,
    "bank-row-unread": BANK,
    "dunning-held": DUNNING,
    "dunning-released": DUNNING,
    "dunning-step-reached": DUNNING,
    "payment-promised": DUNNING,
    "access-granted": "evidence of access: nothing is earned otherwise by it",
    "access-withdrawn": "evidence of access: nothing is earned otherwise by it",
    "adjustment-approved": "nothing proposed to approve",
    "adjustment-proposed": "not approved",
    "adopted": MEASURED_WITH,
    "balance-applied": "its credit or invoice is not known, or of another account",
    "balance-granted": None,
    "balance-refunded": "the credit it is of is not known",
    "balance-unapplied": "nothing of it stood against the invoice",
    "balance-withdrawn": "the credit it is of is not known",
    "billing-anchor-changed": "no billing period begins or ends elsewhere because of it",
    "book-opened": DRAWS_LINES,
    "calendar-defined": MEASURED_WITH,
    "chargeback-lost": "its payment or its opening is not known, or it stood so",
    "chargeback-opened": "its payment is not known, or it was opened before",
    "chargeback-won": "its payment or its opening is not known, or it stood so",
    "contract-modified": "nothing of it is transferred or priced yet",
    "contract-opened": "nothing of it is transferred or priced yet",
    "contract-terminated": "what it ends is no longer due",
    "coupon-granted": BY_INVOICES,
    "coupon-withdrawn": BY_INVOICES,
    "document-sent": "says what left the house, and moves nothing",
    "credit-issued": "the invoice was void before, has no such line, or is nobody's right yet",
    "customer-amended": AWAITED,
    "customer-registered": AWAITED,
    "discount-granted": "no billing period is charged less or more by it",
    "discount-withdrawn": "no billing period is charged less or more by it",
    "dispute-opened": "a dispute moves no amount; a credit note does",
    "dispute-resolved": "a dispute moves no amount; a credit note does",
    "entity-identified": MEASURED_WITH,
    "draft-adjusted": "a draft has no effect until it is issued",
    "draft-approved": "a draft has no effect until it is issued",
    "draft-discarded": "a draft has no effect until it is issued",
    "entity-opened": MEASURED_WITH,
    "invoice-drafted": "a draft has no effect until it is issued",
    "invoice-issued": "what it bills is no contract yet, so it is nobody's right",
    "invoice-recovered": "nothing was written off, or the invoice is not known",
    "invoice-voided": "nothing was left to take back",
    "invoice-written-off": "the invoice is not known, or nothing of it was open",
    "invoicing-adopted": "master data: documents after it are issued by it",
    "meter-defined": MEASURED_WITH,
    "obligation-satisfied": "no such obligation, or it was transferred before",
    "payment-applied": "its payment or invoice is not known, or of another account",
    "payment-attempt-failed": "an attempt to pay that brought no money",
    "payment-failed": "its payment is not known",
    "payment-fee-charged": "its payment is not known",
    "payment-named": "its payment or the contract is not known, or nothing of it is left",
    "payment-received": None,
    "payment-refunded": "its payment is not known",
    "payment-unapplied": "nothing of it stood against the invoice",
    "period-closed": DRAWS_LINES,
    "period-reopened": DRAWS_LINES,
    "period-sealed": DRAWS_LINES,
    "period-soft-closed": DRAWS_LINES,
    "policy-adopted": MEASURED_WITH,
    "posting-run": "an act of the books: it settles what is known",
    "price-set": MEASURED_WITH,
    "product-defined": MEASURED_WITH,
    "rates-published": "master data: what is in these currencies is measured with it",
    "retracted": "takes back the fact it names",
    "subscription-amended": "nothing more is sold because of it",
    "subscription-cancelled": "what it ends is no longer due",
    "subscription-paused": "nothing is served on the days it stops",
    "subscription-renewed": "its term adds no day to be served, or nothing more is sold in it",
    "subscription-resumed": "nothing had stopped, or nothing more is served",
    "subscription-started": "it opens no contract by rule, or nothing of it is charged yet",
    "subscription-suspended": "nothing is served on the days it stops",
    "tax-rates-set": "master data: documents after it are taxed by it",
    "usage-batch-accepted": "its rows were replaced, or add up to nothing",
    "usage-gap-waived": "says which batches to expect",
    "usage-window-declared": "says which batches to expect",
}


BESIDE_THE_SALE = (
    BillingAnchorChanged(when=on(1, 1), anchor_day=5),
    DiscountGranted(when=on(1, 1), discount="launch", percent=Decimal(5)),
    DiscountWithdrawn(when=on(1, 1), discount="launch"),
    SubscriptionPaused(when=on(1, 1)),
    SubscriptionSuspended(when=on(1, 1)),
    SubscriptionResumed(when=on(1, 1)),
    AccessGranted(when=on(1, 1)),
    AccessWithdrawn(when=on(1, 1)),
)


def drawn() -> list[Fact]:
    """Facts of every kind, each alone in its stream."""
    histories = [draw(seed, 100) for seed in range(12) for draw in (history, purses)]
    arrivals = (one for drawn in histories for log in drawn.logs.values() for one in log)
    return [
        *(fact(1, stream=one.stream, event=one.event) for one in arrivals),
        *(fact(1, stream="subscription:s1", event=event) for event in BESIDE_THE_SALE),
    ]


def test_every_kind_of_fact_says_why_or_must_stand_in_a_line() -> None:
    found = {row.event.__struct_config__.tag: why_without_effect(row, [row]) for row in drawn()}

    assert found == WORDS


def test_what_was_done_to_a_fact_comes_before_what_it_is() -> None:
    amended = next(row for row in drawn() if row.stream == "customer:c1")
    undone = fact(2, stream=amended.stream, event=Retracted(when=on(1, 1)), corrects=1)

    assert why_without_effect(amended, [amended, undone]) == "replaced or taken back by fact 2"


def test_what_keeps_a_fact_waiting_comes_before_what_it_is() -> None:
    paid = next(row for row in drawn() if row.stream.startswith("payment:"))

    assert [
        why_without_effect(paid, [paid], standing)
        for standing in (
            Standing(is_settled=False, parked="no-period", pending="out-of-term"),
            Standing(parked="no-period", pending="out-of-term"),
            Standing(pending="out-of-term"),
        )
    ] == [
        "no posting run has come after it yet",
        "its unit is parked: no-period",
        "its usage is pending: out-of-term",
    ]


def test_an_act_of_the_books_waits_for_no_run() -> None:
    run = next(row for row in drawn() if row.stream == "run:self")

    assert why_without_effect(run, [run], Standing(is_settled=False)) == WORDS["posting-run"]
