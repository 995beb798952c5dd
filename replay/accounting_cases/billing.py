"""Invoices that a phrase says and no fact of the case: each on its day, with what a deal states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from msgspec import structs

from domain.accounting.contract.pricing import fee_minor
from domain.calendar import add_months
from domain.contract_facts import Fee, Obligation
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.phrases import read_phrase
from replay.accounting_cases.steps import CUSTOMER, Does, Submit
from replay.accounting_cases.survey import Survey, name
from replay.accounting_cases.words import Words

FROM_MONTH = re.compile(r"from month ([0-9]+)")
PER = {"month": 1, "year": 12}
# What is credited or given back was billed.
TAKES_BACK = ("credit_note_issued", "subscription_cancelled")


def billed(fact: Words, known: Survey, deal: Deal) -> Does:
    """By the phrase of the deal or of the policy; else what no document bills and one takes back
    was billed as a whole when the deal was made.
    """
    phrase = fact.text("billing") if fact.has("billing") else known.elected.bills
    if phrase is not None:
        says = (read_phrase("billing", phrase) or {}).get("bills")
        if says is None:
            fact.refuse("billing", "a phrase that is known")
        by_fees = tuple(promise for promise in deal.obligations if promise.fees)
        for promise in by_fees or deal.obligations:
            for one in SAYS[str(says)](fact, promise, phrase):
                if not _has_ended(fact, known, one.on):
                    yield one
    elif billed_as_a_whole(known) == _whole(fact):
        for promise in deal.obligations:
            yield _invoice(fact, promise, fact.day("effective"), deal.price_minor, _whole(fact))


def _has_ended(fact: Words, known: Survey, day: date | None) -> bool:
    """What has ended, and is known to, is not billed any more."""
    named = name(fact, "contract")
    return day is not None and any(
        one.day("effective") <= day and one.day(_known_from(one)) <= day
        for one in known.of("subscription_cancelled", "contract_terminated")
        if not one.has("contract") or one.text("contract") == named
    )


def _known_from(fact: Words) -> str:
    return "recorded" if fact.has("recorded") else "effective"


def billed_as_a_whole(known: Survey) -> str | None:
    """The invoice of a deal whose amount no document bills and something takes back."""
    signed = tuple(fact for fact in known.of("contract_signed") if fact.has("amount"))
    if known.invoices or len(signed) != 1 or not known.of(*TAKES_BACK):
        return None
    return _whole(signed[0])


def _whole(fact: Words) -> str:
    return f"{name(fact, 'contract')}-whole"


def _each_line(fact: Words, promise: Obligation, _phrase: str) -> Iterator[Submit]:
    """Its own price on the first day of its month."""
    if promise.service_from is None or promise.price_minor is None:
        fact.refuse("billing", "a phrase for what has no lines")
    yield _invoice(fact, promise, promise.service_from, promise.price_minor)


def _by(months: int) -> Callable[[Words, Obligation, str], Iterator[Submit]]:
    """The fee of so many months on their first day, from the month the phrase says on."""

    def read(fact: Words, promise: Obligation, phrase: str) -> Iterator[Submit]:
        if not promise.fees:
            fact.refuse("billing", "a phrase for what has no fees")
        for fee in promise.fees:
            first = FROM_MONTH.search(phrase)
            begins = _nth_month(promise, int(first[1])) if first else fee.service_from
            if fee.per == "whole":
                yield _fee(fact, promise, fee, fee.service_from, fee.service_to)
            elif PER[fee.per] != months:
                fact.refuse("billing", f"by the {fee.per}, as its fee is stated")
            else:
                yield from _stretches(fact, promise, fee, begins)

    return read


def _stretches(fact: Words, promise: Obligation, fee: Fee, begins: date) -> Iterator[Submit]:
    _, day = sorted((begins, fee.service_from))
    while day < fee.service_to:
        end = add_months(day, PER[fee.per])
        yield _fee(fact, promise, fee, day, end)
        day = end


def _nth_month(promise: Obligation, number: int) -> date:
    """The first day of a month of the term, counted from 1."""
    assert promise.service_from is not None, promise
    day = promise.service_from
    for _ in range(1, number):
        day = add_months(day, 1)
    return day


def _at_once(fact: Words, promise: Obligation, _phrase: str) -> Iterator[Submit]:
    """Its whole price on the day of signing."""
    minor = promise.price_minor if promise.price_minor is not None else promise.ssp_minor
    yield _invoice(fact, promise, fact.day("effective"), minor)


SAYS = {"each-line": _each_line, "year": _by(12), "month": _by(1), "whole": _at_once}


def _fee(fact: Words, promise: Obligation, fee: Fee, start: date, end: date) -> Submit:
    service = Obligation(obligation=promise.obligation, service_from=start, service_to=end)
    due = fee_minor(structs.replace(fee, service_from=start, service_to=end))
    return _invoice(fact, service, start, due)


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
