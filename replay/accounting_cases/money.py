"""Money that comes and goes: payments, refunds, fees, disputes."""

from __future__ import annotations

from domain.cash import ChargePaymentFee, ReceivePayment, RefundPayment
from domain.chargeback import LoseChargeback, OpenChargeback, WinChargeback
from domain.payment_facts import Application
from replay.accounting_cases.currency import stated_rate
from replay.accounting_cases.sold import credits_sold, paid, sale_recorded
from replay.accounting_cases.steps import CUSTOMER, Does
from replay.accounting_cases.survey import Survey, name, only, submit, when
from replay.accounting_cases.words import Words


def payment_received(fact: Words, known: Survey) -> Does:
    """What came by another way than the vendor's own did not come into its account.

    Money for the only contract of a case that bills nothing was due when it came: an invoice of its
    day; for what is no contract yet it is a deposit. What buys credits is a deal, too.
    """
    if fact.has("credits"):
        yield from credits_sold(fact, known)
    agreed = known.of("agreement_signed")
    if _is_a_sale(known):
        yield from sale_recorded(fact, known)
        return
    contract = _paid_for(fact, known)
    if contract and not agreed:
        yield from paid(fact, known)
        return
    command = ReceivePayment(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=fact.money("amount"),
        contract=contract,
        deposit=bool(agreed),
        rate=stated_rate(fact),
        applications=_applied(fact, known),
        out_of_band=fact.event == "payment_received_external",
    )
    yield submit(fact, f"payment:{name(fact, 'payment')}", command)


def _is_a_sale(known: Survey) -> bool:
    """A vendor's report takes money for nothing that is billed or agreed as a sale of its day."""
    told = known.contracts or known.invoices or known.usage
    return known.elected.options.given_back == "contra-revenue" and not told


def _paid_for(fact: Words, known: Survey) -> str | None:
    """Where nothing is billed, the deal that money names or makes, or the only one."""
    if known.invoices:
        return None
    if fact.has("contract") or fact.has("credits"):
        return name(fact, "contract")
    return known.contracts[0] if len(known.contracts) == 1 else None


def _applied(fact: Words, known: Survey) -> tuple[Application, ...]:
    """Money is for the invoice it names. After the only one was given up it is for that: nothing
    else is open.
    """
    if fact.has("invoice"):
        return _for(fact, fact.text("invoice"))
    given_up = known.of("invoice_marked_uncollectible")
    if not given_up or given_up[0].instant("effective") > fact.instant("effective"):
        return ()
    invoice = only(given_up[0], known.invoices, "number")
    return _for(fact, invoice)


def _for(fact: Words, invoice: str) -> tuple[Application, ...]:
    return (Application(invoice=invoice, amount_minor=fact.money("amount")),)


def refund_issued(fact: Words, known: Survey) -> Does:
    command = RefundPayment(
        when=when(fact), amount_minor=fact.money("amount"), rate=stated_rate(fact)
    )
    yield submit(fact, f"payment:{_the_payment(fact, known)}", command)


def processing_fee(fact: Words, known: Survey) -> Does:
    command = ChargePaymentFee(when=when(fact), amount_minor=fact.money("amount"))
    yield submit(fact, f"payment:{_the_payment(fact, known)}", command)


def dispute_opened(fact: Words, known: Survey) -> Does:
    command = OpenChargeback(
        when=when(fact), chargeback="dispute", amount_minor=fact.money("amount")
    )
    yield submit(fact, f"payment:{_the_payment(fact, known)}", command)


def dispute_decided(fact: Words, known: Survey) -> Does:
    """What was decided is the whole dispute, whatever amount is said with it."""
    decided = WinChargeback if fact.event == "dispute_won" else LoseChargeback
    command = decided(when=when(fact), chargeback="dispute")
    yield submit(fact, f"payment:{_the_payment(fact, known)}", command)


def _the_payment(fact: Words, known: Survey) -> str:
    """The one it names, the one for the invoice it names, or the only one."""
    if fact.has("payment"):
        return fact.text("payment")
    if fact.has("invoice"):
        paid = known.of("payment_received", "payment_received_external")
        mine = tuple(
            name(one, "payment") for one in paid if one.raw.get("invoice") == fact.text("invoice")
        )
        return only(fact, mine, "payment")
    return only(fact, known.payments, "payment")
