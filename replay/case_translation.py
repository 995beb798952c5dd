"""What a case says, in the ledger's commands: by table, blind to what it expects, no arithmetic.

The translator sees the facts and the policy of a case and nothing else. It renames and converts:
amounts to minor units, instants to dates, terms in months to their end. What its tables do not
name, it refuses by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct, structs

from domain.balance import ApplyBalance, GrantBalance
from domain.cash import ChargePaymentFee, ReceivePayment, RefundPayment
from domain.chargeback import LoseChargeback, OpenChargeback, WinChargeback
from domain.contract_commands import (
    ModifyContract,
    OpenContract,
    SatisfyObligation,
    TerminateContract,
)
from domain.contract_facts import Obligation
from domain.decimals import plain
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.payment_facts import Application
from domain.policy import Options
from domain.write_off import WriteOffInvoice
from replay.case_format import CaseError, Given, Words, unknown_words
from replay.case_policy import Aggregation, Elections, elections, unknown_policy

CUSTOMER = "customer"
USAGE = "usage"
CREDIT_REASONS: dict[str, Literal["correction", "concession"]] = {
    "service_unsatisfactory": "concession",
    "billing_error": "correction",
}
Command = (
    OpenContract
    | ModifyContract
    | SatisfyObligation
    | TerminateContract
    | IssueInvoice
    | VoidInvoice
    | IssueCredit
    | WriteOffInvoice
    | ReceivePayment
    | RefundPayment
    | ChargePaymentFee
    | OpenChargeback
    | WinChargeback
    | LoseChargeback
    | GrantBalance
    | ApplyBalance
)


class Submit(Struct, frozen=True, kw_only=True):
    """One command on one stream. `source` is (kind, id) where the case gives an id of its own."""

    stream: str
    command: Command
    source: tuple[str, str] | None = None


class Ingest(Struct, frozen=True, kw_only=True):
    """One usage row on its way in; delivered again under its event id it changes nothing."""

    event_id: str
    meter: str
    quantity: Decimal
    occurred_at: datetime


class Close(Struct, frozen=True, kw_only=True):
    """A period is closed, and with it every earlier one."""

    period: str


class NoEffect(Struct, frozen=True, kw_only=True):
    """A fact the ledger need not be told, and why."""

    why: str


class Step(Struct, frozen=True, kw_only=True):
    """One fact of the case: its place in the file, when it was recorded and what it becomes, in one
    part or several.
    """

    fact: int
    recorded: datetime
    order: int
    does: Submit | Ingest | Close | NoEffect
    part: int = 1


class UsageTerms(Struct, frozen=True, kw_only=True):
    """What the usage of a case belongs to: one subscription, a meter and an item for each price."""

    prices: tuple[Decimal, ...]
    aggregation: Aggregation = "sum"
    started: date | None = None


class Translation(Struct, frozen=True, kw_only=True):
    """A case in the ledger's words, before the harness puts it on a time line."""

    currency: str
    zone: str
    options: Options
    steps: tuple[Step, ...]
    usage: UsageTerms | None = None


class Survey(Struct, frozen=True, kw_only=True):
    """What one fact may need to know of the others: names that stand for "the only one"."""

    facts: tuple[Words, ...]
    contracts: tuple[str, ...]
    invoices: tuple[str, ...]
    payments: tuple[str, ...]
    usage: UsageTerms | None
    promises: dict[str, tuple[Obligation, ...]] = {}


def translate(given: Given) -> Translation:
    """Every fact in the ledger's words, in the order they were recorded."""
    unknown = (*unknown_words(given), *unknown_policy(given))
    if unknown:
        raise CaseError(*unknown)
    elected = elections(given)
    facts = tuple(
        Words(event=raw["event"], place=place, raw=raw, currency=given.currency, zone=elected.zone)
        for place, raw in enumerate(given.facts, start=1)
    )
    survey = _survey(facts, elected)
    survey = structs.replace(survey, promises=_promises(facts, survey))
    steps = [step for fact in facts for step in _steps(fact, survey)]
    return Translation(
        currency=given.currency,
        zone=elected.zone,
        options=elected.options,
        steps=tuple(sorted(steps, key=lambda step: (step.recorded, step.order))),
        usage=survey.usage,
    )


def _survey(facts: tuple[Words, ...], elected: Elections) -> Survey:
    return Survey(
        facts=facts,
        contracts=_names(facts, "contract_signed", "contract"),
        invoices=_names(facts, "invoice_issued", "number"),
        payments=tuple(
            name
            for event in ("payment_received", "payment_received_external")
            for name in _names(facts, event, "event_id")
        ),
        usage=_usage_terms(facts, elected.aggregation),
    )


def _promises(facts: tuple[Words, ...], survey: Survey) -> dict[str, tuple[Obligation, ...]]:
    """Each contract's obligations, its modifications' too: what an invoice line may bill."""
    found: dict[str, dict[str, Obligation]] = {}
    for fact in facts:
        if fact.event not in ("contract_signed", "contract_modified"):
            continue
        for does in TRANSLATE[fact.event](fact, survey):
            assert isinstance(does, Submit)
            command = does.command
            assert isinstance(command, OpenContract | ModifyContract)
            added = command.obligations if isinstance(command, OpenContract) else command.added
            names = found.setdefault(does.stream.partition(":")[2], {})
            names.update({promise.obligation: promise for promise in added})
    return {contract: tuple(names.values()) for contract, names in found.items()}


def _names(facts: tuple[Words, ...], event: str, field: str) -> tuple[str, ...]:
    named = (_name(fact, field) for fact in facts if fact.event == event)
    return tuple(dict.fromkeys(named))


def _name(fact: Words, field: str) -> str:
    """What a document is called: its number, else its source's id, else its place in the file."""
    for known in (field, "event_id"):
        if fact.has(known):
            return fact.text(known)
    return f"{fact.event}-{fact.place}"


def _usage_terms(facts: tuple[Words, ...], aggregation: Aggregation) -> UsageTerms | None:
    usage = [fact for fact in facts if fact.event == "usage_reported"]
    sold = [fact for fact in facts if fact.event == "subscription_started"]
    if not usage and not sold:
        return None
    if len(sold) > 1:
        raise CaseError("subscription_started more than once: usage does not say which it is of")
    prices = (
        *(fact.price("price_per_unit") for fact in sold),
        *(fact.price("unit_price") for fact in usage if fact.has("unit_price")),
    )
    if not prices:
        raise CaseError("missing field usage_reported.unit_price")
    return UsageTerms(
        prices=tuple(dict.fromkeys(prices)),
        aggregation=aggregation,
        started=sold[0].day("effective") if sold else None,
    )


def _steps(fact: Words, survey: Survey) -> Iterator[Step]:
    recorded = fact.instant("recorded" if fact.has("recorded") else "effective")
    for part, does in enumerate(TRANSLATE[fact.event](fact, survey), start=1):
        yield Step(fact=fact.place, recorded=recorded, order=fact.seq(), does=does, part=part)


Does = Iterator[Submit | Ingest | Close | NoEffect]


def _contract_signed(fact: Words, _survey: Survey) -> Does:
    price = fact.money("transaction_price" if fact.has("transaction_price") else "amount")
    start, end = _service(fact)
    alone = {"service": price}
    obligations = fact.by_name("ssp") if fact.has("ssp") else alone
    command = OpenContract(
        when=_when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        price_minor=price,
        obligations=tuple(_obligation(name, ssp, start, end) for name, ssp in obligations.items()),
    )
    yield _submit(fact, f"contract:{_name(fact, 'contract')}", command)


def _service(fact: Words) -> tuple[date | None, date | None]:
    """The service period; a term in months runs from `service_from` or the effective date."""
    start = fact.day("service_from" if fact.has("service_from") else "effective")
    if fact.has("service_to"):
        return start, fact.day("service_to")
    if fact.has("months"):
        return start, fact.months_after(start, "months")
    if fact.has("through"):
        return start, fact.day_after("through")
    if fact.has("service_from"):
        raise CaseError(f"missing field {fact.event}.service_to")
    return None, None


def _obligation(name: str, ssp: int, start: date | None, end: date | None) -> Obligation:
    """A promise with a term is ratable over it; one without is satisfied at a point in time."""
    if start is None:
        return Obligation(obligation=name, ssp_minor=ssp, pattern="point-in-time")
    return Obligation(obligation=name, ssp_minor=ssp, service_from=start, service_to=end)


def _contract_modified(fact: Words, survey: Survey) -> Does:
    price = fact.money("price_change" if fact.has("price_change") else "amount")
    start, end = _service(fact)
    reflects = fact.flag("price_reflects_ssp")
    added: tuple[Obligation, ...] = ()
    if not fact.has("price_change"):
        if start is None:
            raise CaseError("missing field contract_modified.through")
        # A price that reflects its stand-alone selling price is that price.
        ssp = price if reflects else fact.money("ssp")
        added = (_obligation(_name(fact, "event_id"), ssp, start, end),)
    command = ModifyContract(
        when=_when(fact), price_change_minor=price, added=added, price_reflects_ssp=reflects
    )
    yield _submit(fact, f"contract:{_the_contract(fact, survey)}", command)


def _obligation_satisfied(fact: Words, survey: Survey) -> Does:
    command = SatisfyObligation(when=_when(fact), obligation=fact.text("obligation"))
    yield _submit(fact, f"contract:{_the_contract(fact, survey)}", command)


def _subscription_started(_fact: Words, _survey: Survey) -> Does:
    yield NoEffect(why="its price and term are those of the subscription that usage belongs to")


def _subscription_cancelled(fact: Words, survey: Survey) -> Does:
    refund = fact.money("refund") if fact.has("refund") else 0
    command = TerminateContract(when=_when(fact), refund_minor=refund)
    yield _submit(fact, f"contract:{_the_contract(fact, survey)}", command)


def _plan_changed(fact: Words, survey: Survey) -> Does:
    """A change of plan reaches the books through its invoice; one no invoice carries is refused."""
    day = fact.day("effective")
    invoiced = (other for other in survey.facts if other.event == "invoice_issued")
    if not any(other.day("effective") == day for other in invoiced):
        raise CaseError("plan_changed: no invoice of its date carries it")
    yield NoEffect(why="carried by the invoice of its date")


def _usage_reported(fact: Words, survey: Survey) -> Does:
    assert survey.usage is not None
    price = fact.price("unit_price") if fact.has("unit_price") else survey.usage.prices[0]
    yield Ingest(
        event_id=_name(fact, "event_id"),
        meter=usage_meter(price),
        quantity=fact.units("units"),
        occurred_at=fact.instant("effective"),
    )


def usage_meter(price: Decimal) -> str:
    """Usage at one price has a meter of its own, so that each row meets its price."""
    return f"units-at-{plain(price)}"


def _invoice_issued(fact: Words, survey: Survey) -> Does:
    _require_own_currency(fact)
    command = IssueInvoice(
        when=_when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        lines=tuple(
            _invoice_line(f"{number}", line, fact, survey)
            for number, line in enumerate(fact.lines(), start=1)
        ),
        due_on=fact.day("due") if fact.has("due") else None,
        replaces=fact.text("replaces") if fact.has("replaces") else None,
    )
    yield _submit(fact, f"invoice:{_name(fact, 'number')}", command)


def _invoice_line(number: str, line: Words, fact: Words, survey: Survey) -> InvoiceLine:
    """A line with no service period bills the usage if there is any, else the one contract."""
    amount = line.money("amount")
    served = line.has("service_from") or line.has("service_to")
    if survey.usage is not None and not served:
        return InvoiceLine(line=number, amount_minor=amount, kind="usage", subscription=USAGE)
    billed = _the_contract(fact, survey) if survey.contracts else None
    if not served:
        return InvoiceLine(line=number, amount_minor=amount, kind="one-off", contract=billed)
    return InvoiceLine(
        line=number,
        amount_minor=amount,
        service_from=line.day("service_from"),
        service_to=line.day("service_to"),
        contract=billed,
        obligation=_billed_obligation(line, survey.promises.get(billed or "", ())),
    )


def _billed_obligation(line: Words, promises: tuple[Obligation, ...]) -> str | None:
    """The one promise of the contract with the line's own service period, if there is just one."""
    period = (line.day("service_from"), line.day("service_to"))
    same = [row.obligation for row in promises if (row.service_from, row.service_to) == period]
    return same[0] if len(same) == 1 else None


def _invoice_voided(fact: Words, survey: Survey) -> Does:
    invoice = fact.text("number") if fact.has("number") else _only(fact, survey.invoices, "number")
    yield _submit(fact, f"invoice:{invoice}", VoidInvoice(when=_when(fact)))


def _credit_note_issued(fact: Words, survey: Survey) -> Does:
    invoice = fact.text("invoice") if fact.has("invoice") else None
    invoice = invoice or _only(fact, survey.invoices, "invoice")
    reason = fact.text("reason") if fact.has("reason") else "service_unsatisfactory"
    if reason not in CREDIT_REASONS:
        raise CaseError(f"unknown phrase for credit_note_issued.reason: {reason}")
    credited = next((other for other in survey.facts if _is_invoice(other, invoice)), None)
    if credited is not None and len(credited.lines()) > 1:
        raise CaseError("credit_note_issued: the invoice has several lines")
    command = IssueCredit(
        when=_when(fact),
        number=_name(fact, "number"),
        lines=(CreditLine(line="1", amount_minor=fact.money("amount")),),
        purpose=CREDIT_REASONS[reason],
    )
    yield _submit(fact, f"invoice:{invoice}", command)


def _is_invoice(fact: Words, number: str) -> bool:
    return fact.event == "invoice_issued" and _name(fact, "number") == number


def _invoice_marked_uncollectible(fact: Words, survey: Survey) -> Does:
    invoice = fact.text("number") if fact.has("number") else _only(fact, survey.invoices, "number")
    yield _submit(fact, f"invoice:{invoice}", WriteOffInvoice(when=_when(fact)))


def _payment_received(fact: Words, _survey: Survey) -> Does:
    """What came by another way than the vendor's own did not come into its account."""
    _require_own_currency(fact)
    command = ReceivePayment(
        when=_when(fact),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=fact.money("amount"),
        out_of_band=fact.event == "payment_received_external",
    )
    yield _submit(fact, f"payment:{_name(fact, 'event_id')}", command)


def _refund_issued(fact: Words, survey: Survey) -> Does:
    _require_own_currency(fact)
    payment = _only(fact, survey.payments, "payment")
    command = RefundPayment(when=_when(fact), amount_minor=fact.money("amount"))
    yield _submit(fact, f"payment:{payment}", command)


def _processing_fee(fact: Words, survey: Survey) -> Does:
    payment = _only(fact, survey.payments, "payment")
    command = ChargePaymentFee(when=_when(fact), amount_minor=fact.money("amount"))
    yield _submit(fact, f"payment:{payment}", command)


def _dispute_opened(fact: Words, survey: Survey) -> Does:
    payment = _only(fact, survey.payments, "payment")
    command = OpenChargeback(
        when=_when(fact), chargeback="dispute", amount_minor=fact.money("amount")
    )
    yield _submit(fact, f"payment:{payment}", command)


def _dispute_decided(fact: Words, survey: Survey) -> Does:
    """What was decided is the whole dispute, whatever amount is said with it."""
    payment = _only(fact, survey.payments, "payment")
    decided = WinChargeback if fact.event == "dispute_won" else LoseChargeback
    command = decided(when=_when(fact), chargeback="dispute")
    yield _submit(fact, f"payment:{payment}", command)


def _customer_balance_applied(fact: Words, survey: Survey) -> Does:
    """The customer had the credit before the case begins: nothing in it says how it came."""
    name = _name(fact, "event_id")
    granted = GrantBalance(
        when=When(effective=fact.day_before_month("effective")),
        customer=CUSTOMER,
        currency=fact.currency,
        amount_minor=fact.money("amount"),
        reason="taken-over",
    )
    yield Submit(stream=f"balance:{name}", command=granted)
    invoice = fact.text("invoice") if fact.has("invoice") else None
    invoice = invoice or _only(fact, survey.invoices, "invoice")
    rows = (Application(invoice=invoice, amount_minor=fact.money("amount")),)
    yield _submit(fact, f"balance:{name}", ApplyBalance(when=_when(fact), applications=rows))


def _period_closed(fact: Words, _survey: Survey) -> Does:
    yield Close(period=fact.period("period"))


# One row for each event of the format: the table a case is translated by.
TRANSLATE: Mapping[str, Callable[[Words, Survey], Does]] = {
    "contract_signed": _contract_signed,
    "contract_modified": _contract_modified,
    "obligation_satisfied": _obligation_satisfied,
    "subscription_started": _subscription_started,
    "subscription_cancelled": _subscription_cancelled,
    "plan_changed": _plan_changed,
    "usage_reported": _usage_reported,
    "invoice_issued": _invoice_issued,
    "invoice_voided": _invoice_voided,
    "credit_note_issued": _credit_note_issued,
    "invoice_marked_uncollectible": _invoice_marked_uncollectible,
    "payment_received": _payment_received,
    "payment_received_external": _payment_received,
    "refund_issued": _refund_issued,
    "processing_fee": _processing_fee,
    "dispute_opened": _dispute_opened,
    "dispute_won": _dispute_decided,
    "dispute_lost": _dispute_decided,
    "customer_balance_applied": _customer_balance_applied,
    "period_closed": _period_closed,
}


def _when(fact: Words) -> When:
    agreed = fact.day("agreed") if fact.has("agreed") else None
    return When(effective=fact.day("effective"), agreed_on=agreed)


def _submit(fact: Words, stream: str, command: Command) -> Submit:
    source = (fact.event, fact.text("event_id")) if fact.has("event_id") else None
    return Submit(stream=stream, command=command, source=source)


def _the_contract(fact: Words, survey: Survey) -> str:
    if fact.has("contract"):
        return fact.text("contract")
    return _only(fact, survey.contracts, "contract")


def _only(fact: Words, names: tuple[str, ...], field: str) -> str:
    if len(names) != 1:
        raise CaseError(f"{fact.event}: {len(names)} it could mean, and no {field} says which")
    return names[0]


def _require_own_currency(fact: Words) -> None:
    if fact.has("currency") and fact.text("currency") != fact.currency:
        raise CaseError(f"{fact.event}.currency {fact.text('currency')} is not the case's own")
