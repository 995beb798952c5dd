"""Invoices and what becomes of them: credit notes, voids, write-offs, credit applied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from domain.balance import ApplyBalance, GrantBalance
from domain.cash import ReceivePayment
from domain.contract_commands import ModifyContract
from domain.contract_facts import Obligation
from domain.credit_note import CreditInvoice
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.payment_facts import Application
from domain.write_off import WriteOffInvoice
from replay.accounting_cases.billing import billed_as_a_whole
from replay.accounting_cases.currency import stated_rate
from replay.accounting_cases.plans import PLAN, billed_plan, plan_started, used_since
from replay.accounting_cases.steps import CUSTOMER, USAGE, Does, NoEffect, Submit
from replay.accounting_cases.survey import (
    Survey,
    may_be_left,
    name,
    only,
    submit,
    the_contract,
    when,
)
from replay.accounting_cases.words import Words
from replay.case_format import CaseError
from replay.case_terms import Row, each, read_terms

Purpose = Literal["correction", "concession"]
ERROR: Row = {"purpose": "correction"}
GIVEN: Row = {"purpose": "concession"}
# What a price was expected to come to less: the estimate has lowered the revenue (rule 20).
SETTLED: Row = {"purpose": "concession", "settles": True}
# What a reason says by the terms it holds.
REASONS: dict[str, Row] = {
    **each(ERROR, "error", "order change", "duplicate", "wrong", "incorrect", "correction"),
    **each(ERROR, "mistake", "overcharge", "overcharged", "overbilled", "quantity", "plan change"),
    **each(GIVEN, "unsatisfactory", "goodwill", "cancellation", "cancelled", "courtesy", "sla"),
    **each(
        GIVEN, "outage", "quality", "defect", "defects", "defective", "damaged", "late delivery"
    ),
    **each(GIVEN, "compensation", "service credit", "service level", "downtime", "satisfaction"),
    **each(SETTLED, "rebate", "rebates", "price protection", "return", "returns", "returned"),
    **each(SETTLED, "volume discount", "concession", "discount", "penalty", "retrospective"),
}
# Facts that say what is expected of a price, and where a deal states it.
EXPECTED = (
    *("expected_concession_percent", "expected_return_percent", "expected_returns"),
    *("expected_to_exceed", "variable_estimate", "penalty_expected", "penalty_probability"),
)


def invoice_issued(fact: Words, known: Survey) -> Does:
    """An invoice, and the money for it where the fact says that it was paid.

    The first of a plan whose change waits for an invoice says that the plan was sold.
    """
    number = name(fact, "number")
    if billed_plan(known) and fact == known.of("invoice_issued")[0]:
        yield from plan_started(known)
    lines = tuple(
        one
        for place, line in enumerate(fact.lines(), start=1)
        for one in (_line(f"{place}", line, fact, known), *_tax(f"{place}", line))
    )
    command = IssueInvoice(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        lines=lines,
        due_on=fact.day("due") if fact.has("due") else None,
        replaces=fact.text("replaces") if fact.has("replaces") else None,
        rate=stated_rate(fact),
    )
    yield submit(fact, f"invoice:{number}", command)
    if fact.has("paid") and fact.flag("paid"):
        paid = ReceivePayment(
            when=when(fact),
            customer=CUSTOMER,
            currency=fact.currency,
            amount_minor=fact.money("amount"),
            applications=(Application(invoice=number, amount_minor=fact.money("amount")),),
            rate=stated_rate(fact),
        )
        yield Submit(stream=f"payment:{number}", command=paid)


def _tax(number: str, line: Words) -> Iterator[InvoiceLine]:
    """What is owed to others of it, on top of its amount."""
    if line.has("tax"):
        yield InvoiceLine(line=f"{number}-tax", amount_minor=line.money("tax"), kind="tax")


def payment_due(fact: Words, known: Survey) -> Does:
    """Due on its own day: an invoice of that day for the contract; what the customer may still
    leave is not due.
    """
    if any(map(may_be_left, known.of("contract_signed"))):
        yield NoEffect(why="the customer may leave: nobody has a right to it yet")
        return
    line = InvoiceLine(
        line="1",
        amount_minor=fact.money("amount"),
        kind="one-off",
        contract=the_contract(fact, known),
    )
    command = IssueInvoice(
        when=when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        lines=(line,),
        due_on=fact.day("effective"),
    )
    yield submit(fact, f"invoice:{name(fact, 'number')}", command)


def _line(number: str, line: Words, fact: Words, known: Survey) -> InvoiceLine:
    """A line with no service period bills the usage since the invoice before if there is any, else
    the one contract.
    """
    amount = line.money("amount")
    served = line.has("service_from") or line.has("service_to")
    if known.usage is not None and not served and used_since(fact, known):
        return InvoiceLine(line=number, amount_minor=amount, kind="usage", subscription=USAGE)
    named = line if line.has("contract") else fact
    billed = the_contract(named, known) if known.contracts else None
    if not served:
        return InvoiceLine(
            line=number,
            amount_minor=amount,
            kind="one-off",
            contract=billed,
            obligation=line.text("obligation") if line.has("obligation") else None,
        )
    plan = billed_plan(known)
    return InvoiceLine(
        line=number,
        amount_minor=amount,
        service_from=line.day("service_from"),
        service_to=line.day("service_to"),
        service_from_at=_moment(line, "service_from"),
        service_to_at=_moment(line, "service_to"),
        contract=billed,
        subscription=plan,
        obligation=PLAN if plan else _promise(line, known.promises.get(billed or "", ())),
    )


def _moment(line: Words, field: str) -> datetime | None:
    """The time of day, where one is stated."""
    return line.instant(field) if line.is_instant(field) else None


def _promise(line: Words, promises: tuple[Obligation, ...]) -> str | None:
    """The promise a line names; else the one of the contract with the line's own service period,
    if there is just one.
    """
    if line.has("obligation"):
        return line.text("obligation")
    period: tuple[date, date] = (line.day("service_from"), line.day("service_to"))
    same = [row.obligation for row in promises if (row.service_from, row.service_to) == period]
    return same[0] if len(same) == 1 else None


def invoice_voided(fact: Words, known: Survey) -> Does:
    yield submit(fact, f"invoice:{_the_invoice(fact, known)}", VoidInvoice(when=when(fact)))


def invoice_marked_uncollectible(fact: Words, known: Survey) -> Does:
    yield submit(fact, f"invoice:{_the_invoice(fact, known)}", WriteOffInvoice(when=when(fact)))


def _the_invoice(fact: Words, known: Survey) -> str:
    return fact.text("number") if fact.has("number") else only(fact, known.invoices, "number")


def credit_note_issued(fact: Words, known: Survey) -> Does:
    """On the invoice it names, the only one, or the one that a deal was billed by as a whole."""
    invoice = fact.text("invoice") if fact.has("invoice") else billed_as_a_whole(known)
    invoice = invoice or only(fact, known.invoices, "invoice")
    reason = fact.text("reason") if fact.has("reason") else "service_unsatisfactory"
    said = read_terms(REASONS, reason.replace("_", " "))
    if said is None:
        raise CaseError(f"unknown phrase for credit_note_issued.reason: {reason}")
    credited = next((other for other in known.facts if _is_invoice(other, invoice)), None)
    purpose = _purpose(fact, known, said)
    if _lowered_that_day(fact, known) or settles(fact, known):
        purpose = "correction"
    elif purpose == "correction" and known.contracts and not _gave_back(known):
        # Of a deal, what its price should have been from the start (rule 9).
        anew = ModifyContract(
            when=when(fact),
            price_change_minor=fact.taken_off("amount"),
            treatment="cumulative",
            judgement=f"a credit note that corrects: {reason}",
        )
        yield Submit(stream=f"contract:{the_contract(fact, known)}", command=anew)
    minor = fact.money("amount")
    of_several = credited is not None and len(credited.lines()) > 1
    yield submit(fact, f"invoice:{invoice}", _credit(fact, minor, purpose, of_several=of_several))


def _credit(
    fact: Words, minor: int, purpose: Purpose, *, of_several: bool
) -> IssueCredit | CreditInvoice:
    """Of several lines each is credited its share of what is left of the invoice: what is given
    back relates to none of them alone (rules 19 and 25).
    """
    number = name(fact, "number")
    if of_several:
        return CreditInvoice(when=when(fact), number=number, amount_minor=minor, purpose=purpose)
    rows = (CreditLine(line="1", amount_minor=minor),)
    return IssueCredit(when=when(fact), number=number, lines=rows, purpose=purpose)


def _purpose(fact: Words, known: Survey, said: Row) -> Purpose:
    """A correction follows a change of the deal: what a cancellation gave back, or as elected."""
    follows = not fact.has("reason") and _gave_back(known)
    corrects = follows or known.elected.credits_correct or said["purpose"] == "correction"
    return "correction" if corrects else "concession"


def settles(fact: Words, known: Survey) -> Words | None:
    """What was said last, by then, of what is expected to go back, where a credit note is the
    document of it: it takes off nothing more.
    """
    said = (
        read_terms(REASONS, fact.text("reason").replace("_", " ")) if fact.has("reason") else None
    )
    if said is None or "settles" not in said:
        return None
    estimates = (one for one in known.facts if any(one.has(field) for field in EXPECTED))
    by_then = (one for one in estimates if one.instant("effective") <= fact.instant("effective"))
    in_order = sorted(by_then, key=lambda one: one.instant("effective"))
    return next(reversed(in_order), None)


def _lowered_that_day(fact: Words, known: Survey) -> bool:
    """Whether a change of the deal says that its price falls on the day of a credit note: then that
    is the document of it, and takes off nothing more.
    """
    return any(
        _lowers(change) and change.day("effective") == fact.day("effective")
        for change in known.of("contract_modified")
    )


def _lowers(change: Words) -> bool:
    """Whether a change takes something off the price, or off how many there are."""
    if change.has("price_change"):
        return change.text("price_change").startswith("-")
    if change.has("quantity_from") and change.has("quantity_to"):
        return change.units("quantity_to") < change.units("quantity_from")
    return False


def _gave_back(known: Survey) -> bool:
    """Whether a cancellation says itself what is given back."""
    return any(
        fact.has("refund") for fact in known.of("subscription_cancelled", "contract_terminated")
    )


def _is_invoice(fact: Words, number: str) -> bool:
    return fact.event == "invoice_issued" and name(fact, "number") == number


def customer_balance_applied(fact: Words, known: Survey) -> Does:
    """The customer had the credit before the case begins: nothing in it says how it came."""
    named = name(fact, "event_id")
    granted = GrantBalance(
        when=When(effective=fact.day_before_month("effective")),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=fact.money("amount"),
        reason="taken-over",
    )
    yield Submit(stream=f"balance:{named}", command=granted)
    invoice = fact.text("invoice") if fact.has("invoice") else None
    invoice = invoice or only(fact, known.invoices, "invoice")
    rows = (Application(invoice=invoice, amount_minor=fact.money("amount")),)
    yield submit(fact, f"balance:{named}", ApplyBalance(when=when(fact), applications=rows))
