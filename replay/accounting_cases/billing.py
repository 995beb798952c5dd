"""Invoices that a phrase says and no fact of the case: each on its day, with what a deal states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.calendar import add_months
from domain.contract_facts import Fee, Obligation
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.phrases import EACH_LINE, EACH_YEAR, MONTHLY_FROM_4
from replay.accounting_cases.steps import CUSTOMER, Does, Submit
from replay.accounting_cases.survey import Survey, name
from replay.accounting_cases.words import Words

MONTH_4 = 3
# What is credited or given back was billed.
TAKES_BACK = ("credit_note_issued", "subscription_cancelled")


def billed(fact: Words, known: Survey, deal: Deal) -> Does:
    """By the phrase of the deal or of the policy; else what no document bills and one takes back
    was billed as a whole when the deal was made.
    """
    phrase = fact.text("billing") if fact.has("billing") else known.elected.bills
    if phrase is not None:
        if phrase not in SAYS:
            fact.refuse("billing", "a phrase that is known")
        for promise in deal.obligations:
            yield from SAYS[phrase](fact, promise)
    elif billed_as_a_whole(known) == _whole(fact):
        for promise in deal.obligations:
            yield _invoice(fact, promise, fact.day("effective"), deal.price_minor, _whole(fact))


def billed_as_a_whole(known: Survey) -> str | None:
    """The invoice of a deal whose amount no document bills and something takes back."""
    signed = tuple(fact for fact in known.of("contract_signed") if fact.has("amount"))
    if known.invoices or len(signed) != 1 or not known.of(*TAKES_BACK):
        return None
    return _whole(signed[0])


def _whole(fact: Words) -> str:
    return f"{name(fact, 'contract')}-whole"


def _each_line(fact: Words, promise: Obligation) -> Iterator[Submit]:
    """Its own price on the first day of its month."""
    assert promise.service_from is not None, promise
    assert promise.price_minor is not None, promise
    yield _invoice(fact, promise, promise.service_from, promise.price_minor)


def _each_year(fact: Words, promise: Obligation) -> Iterator[Submit]:
    """The fee of a year on its first day."""
    for fee in promise.fees:
        yield _fee(fact, promise, fee, fee.service_from, fee.service_to)


def _monthly_from_4(fact: Words, promise: Obligation) -> Iterator[Submit]:
    """The fee of a month on its first day, from the fourth month of the term on."""
    assert promise.service_from is not None, promise
    assert promise.service_to is not None, promise
    day = add_months(promise.service_from, MONTH_4)
    while day < promise.service_to:
        for fee in promise.fees:
            yield _fee(fact, promise, fee, day, add_months(day, 1))
        day = add_months(day, 1)


SAYS = {EACH_LINE: _each_line, EACH_YEAR: _each_year, MONTHLY_FROM_4: _monthly_from_4}


def _fee(fact: Words, promise: Obligation, fee: Fee, start: date, end: date) -> Submit:
    service = Obligation(obligation=promise.obligation, service_from=start, service_to=end)
    return _invoice(fact, service, start, fee.amount_minor)


def _invoice(
    fact: Words, promise: Obligation, day: date, minor: int, number: str | None = None
) -> Submit:
    contract = name(fact, "contract")
    line = InvoiceLine(
        line="1",
        amount_minor=minor,
        kind="subscription" if promise.service_from else "one-off",
        service_from=promise.service_from,
        service_to=promise.service_to,
        contract=contract,
        obligation=promise.obligation,
    )
    command = IssueInvoice(
        when=When(effective=day), customer=CUSTOMER, currency=fact.currency, lines=(line,)
    )
    number = number or f"{contract}-{promise.obligation}-{day}"
    return Submit(stream=f"invoice:{number}", command=command, on=day)
