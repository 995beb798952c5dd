"""What a case says, in the ledger's commands: by table, blind to what it expects, no arithmetic.

The translator sees the facts and the policy of a case and nothing else. It renames and converts:
amounts to minor units, instants to dates, terms in months to their end. What its tables do not
name, it refuses by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from msgspec import structs

from domain.contract_commands import ModifyContract, OpenContract
from domain.contract_facts import Obligation, Restated
from replay.accounting_cases import (
    changes,
    contracts,
    currency,
    documents,
    money,
    plans,
    progress,
    sold,
)
from replay.accounting_cases.corrections import TAKES_BACK, in_place_of, never_was, stands_for
from replay.accounting_cases.format import Given, unknown_words
from replay.accounting_cases.periods import QUARTER, months_of
from replay.accounting_cases.policy import elections, policy_notes, unknown_policy
from replay.accounting_cases.steps import Close, Does, Done, Step, Submit, Translation
from replay.accounting_cases.survey import Survey, opens, survey
from replay.accounting_cases.values import impossible
from replay.accounting_cases.words import Words, currency_of
from replay.case_format import CaseError


def translate(given: Given) -> Translation:
    """Every fact in the ledger's words, in the order they were recorded."""
    unknown = (*unknown_words(given), *unknown_policy(given))
    if unknown:
        raise CaseError(*unknown)
    elected = elections(given)
    facts = tuple(
        Words(
            event=raw["event"],
            place=place,
            raw=raw,
            currency=currency_of(str(raw.get("currency", given.currency))),
            zone=elected.zone,
        )
        for place, raw in enumerate(given.facts, start=1)
    )
    wrong = impossible(facts)
    if wrong:
        raise CaseError(*wrong)
    known = survey(currency_of(given.currency), facts, elected, plans.usage_terms(facts, elected))
    known = structs.replace(known, promises=_promises(facts, known))
    known = structs.replace(known, standing=_standing(facts, known))
    steps = [step for fact in facts for step in _steps(fact, known)]
    return Translation(
        currency=currency_of(given.currency),
        zone=elected.zone,
        options=elected.options,
        steps=tuple(sorted(steps, key=lambda step: (step.recorded, step.order))),
        usage=known.usage,
        beside=elected.beside,
        shown_in_whole=elected.shown_in_whole,
        alike=_alike(known),
        notes=tuple(policy_notes(given)),
        rounds_to_whole=elected.options.allocation_unit == "whole",
    )


def _alike(known: Survey) -> int:
    """The contracts of a portfolio, of whichever deal has one."""
    sizes = (row.portfolio for rows in known.promises.values() for row in rows)
    return next((size for size in sizes if size > 1), 1)


def _promises(facts: tuple[Words, ...], known: Survey) -> dict[str, tuple[Obligation, ...]]:
    """Each contract's obligations, its modifications' too: what an invoice line may bill."""
    found: dict[str, tuple[Obligation, ...]] = {}
    for fact in facts:
        found = _with(fact, found, known)
    return found


def _with(
    fact: Words, found: dict[str, tuple[Obligation, ...]], known: Survey
) -> dict[str, tuple[Obligation, ...]]:
    """And what a fact adds to them."""
    if not opens(fact) and fact.event != "contract_modified":
        return found
    more = {name: {row.obligation: row for row in rows} for name, rows in found.items()}
    for one in TRANSLATE[fact.event](fact, structs.replace(known, promises=found)):
        if isinstance(one, Submit):
            names = more.setdefault(one.stream.partition(":")[2], {})
            names.update({row.obligation: row for row in _added(one)})
    return {name: tuple(rows.values()) for name, rows in more.items() if rows}


def _added(one: Submit) -> tuple[Obligation, ...]:
    match one.command:
        case OpenContract():
            return one.command.obligations
        case ModifyContract():
            return one.command.added
        case _:
            return ()


def _standing(
    facts: tuple[Words, ...], known: Survey
) -> dict[int, dict[str, tuple[Obligation, ...]]]:
    """For each fact that changes a contract, what it changes."""
    changing = [fact for fact in facts if fact.event in CHANGING]
    found: dict[int, dict[str, tuple[Obligation, ...]]] = {}
    for fact in changing:
        told = structs.replace(known, standing=found)
        before = [one for one in changing if one.place < fact.place]
        gone = [stands_for(one, known) for one in before]
        rows = known.promises
        for one in before:
            if one.event == "contract_modified" and one not in gone:
                rows = _left(one, rows, told)
        found[fact.place] = rows
    return found


def _left(
    fact: Words, rows: dict[str, tuple[Obligation, ...]], known: Survey
) -> dict[str, tuple[Obligation, ...]]:
    """The promises as a change leaves them: their term and their fees."""
    for one in TRANSLATE[fact.event](fact, known):
        if isinstance(one, Submit) and isinstance(one.command, ModifyContract):
            anew = {row.obligation: row for row in one.command.restated}
            contract = one.stream.partition(":")[2]
            own = tuple(
                _restated(promise, anew[promise.obligation])
                if promise.obligation in anew
                else promise
                for promise in rows.get(contract, ())
            )
            rows = {**rows, contract: own}
    return rows


def _restated(promise: Obligation, anew: Restated) -> Obligation:
    since = anew.fees[0].service_from if anew.fees else None
    kept = (
        structs.replace(fee, service_to=since) if since and since < fee.service_to else fee
        for fee in promise.fees
        if since is None or fee.service_from < since
    )
    end = anew.service_to or promise.service_to
    return structs.replace(promise, fees=(*kept, *anew.fees), service_to=end)


def _steps(fact: Words, known: Survey) -> Iterator[Step]:
    recorded = fact.instant("recorded" if fact.has("recorded") else "effective")
    for part, does in enumerate(_does(fact, known), start=1):
        yield Step(
            fact=fact.place,
            recorded=_recorded(does, recorded, fact.zone),
            order=fact.seq(),
            does=_by_part(does, part),
            part=part,
        )


def _by_part(does: Done, part: int) -> Done:
    """A source's id is that of one thing: what else its fact becomes has one of its own."""
    if part == 1 or not isinstance(does, Submit) or does.source is None:
        return does
    event, number = does.source
    return structs.replace(does, source=(f"{event}-{part}", number))


def _does(fact: Words, known: Survey) -> list[Done]:
    """What a fact becomes, in the place of another where it says that it corrects one."""
    was = stands_for(fact, known)
    if was is None:
        return [*TRANSLATE[fact.event](fact, known)]
    did = [*TRANSLATE[was.event](was, known)]
    if fact.event in TAKES_BACK:
        return [*never_was(fact, was, did)]
    return in_place_of(fact, was, [*TRANSLATE[fact.event](fact, known)], did)


def _recorded(does: Done, recorded: datetime, zone: str) -> datetime:
    """What is done on a day of its own is recorded on it, never before its fact."""
    on: date | None = does.on if isinstance(does, Submit) else None
    if on is None:
        return recorded
    morning = datetime.combine(on, time(), ZoneInfo(zone))
    _, later = sorted((recorded, morning))
    return later


def taken_back(_fact: Words, _known: Survey) -> Does:
    """It does nothing itself: it stands for another fact."""
    yield from ()


def period_closed(fact: Words, _known: Survey) -> Does:
    """Of a quarter, its last month: the earlier ones close with it."""
    quarter = QUARTER.fullmatch(fact.text("period"))
    if quarter is None:
        yield Close(period=fact.period("period"))
    else:
        yield Close(period=months_of((fact.event, "period"), quarter[0]).last)


# One row for each event of the format: the table a case is translated by.
TRANSLATE: Mapping[str, Callable[[Words, Survey], Does]] = {
    "agreement_signed": contracts.agreement_signed,
    "contract_signed": contracts.contract_signed,
    "contract_modified": changes.contract_modified,
    "contract_corrected": changes.contract_corrected,
    "price_concession_on_delivered": changes.price_concession,
    "obligation_satisfied": sold.obligation_satisfied,
    "control_transferred": sold.control_transferred,
    "units_transferred": progress.units_transferred,
    "progress_measured": progress.progress_measured,
    "fee_base_measured": progress.fee_base_measured,
    "estimate_made": progress.estimate_made,
    "estimate_revised": progress.estimate_made,
    "variable_consideration_resolved": progress.estimate_made,
    "criteria_met": contracts.criteria_met,
    "customer_payment_promised": contracts.customer_payment_promised,
    "shares_received": contracts.shares_received,
    "milestone_reached": progress.milestone_reached,
    "royalty_earned": progress.royalty_earned,
    "sales_reported": progress.fee_base_measured,
    "goods_sold": sold.goods_sold,
    "points_redeemed": progress.rights_used,
    "points_expired": progress.rights_expired,
    "credits_used": progress.rights_used,
    "credits_expired": progress.rights_expired,
    "option_exercised": progress.rights_used,
    "option_expired": progress.rights_expired,
    "customers_renewed": progress.customers_renewed,
    "sale_recorded": sold.sale_recorded,
    "sale_corrected": sold.sale_corrected,
    "subscription_started": plans.subscription_started,
    "subscription_cancelled": changes.subscription_cancelled,
    "contract_terminated": changes.subscription_cancelled,
    "plan_changed": plans.plan_changed,
    "usage_reported": plans.usage_reported,
    "invoice_issued": documents.invoice_issued,
    "payment_due": documents.payment_due,
    "invoice_voided": documents.invoice_voided,
    "credit_note_issued": progress.credit_note_issued,
    "invoice_marked_uncollectible": documents.invoice_marked_uncollectible,
    "payment_received": money.payment_received,
    "payment_received_external": money.payment_received,
    "refund_issued": money.refund_issued,
    "processing_fee": money.processing_fee,
    "dispute_opened": money.dispute_opened,
    "dispute_won": money.dispute_decided,
    "dispute_lost": money.dispute_decided,
    "customer_balance_applied": documents.customer_balance_applied,
    "fx_rate": currency.fx_rate,
    "period_closed": period_closed,
    "modification_deleted": taken_back,
    "amendment_deleted": taken_back,
    "fact_retracted": taken_back,
}
CHANGING = ("contract_modified", "subscription_cancelled", "contract_terminated", *TAKES_BACK)
