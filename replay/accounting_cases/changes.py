"""Contracts that change: by the fields that state the change, in a table of readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from msgspec import structs

from domain.calendar import add_months
from domain.contract_commands import ConcedePrice, ModifyContract, TerminateContract
from domain.contract_facts import Fee, Obligation, Restated, VariableAmount
from domain.facts import When
from domain.invoice import IssueCredit
from domain.invoice_facts import CreditLine
from replay.accounting_cases.billing import PER, billed_as_a_whole
from replay.accounting_cases.fields import EVERY, own_terms
from replay.accounting_cases.fixed import promise_of
from replay.accounting_cases.steps import Does, Submit
from replay.accounting_cases.survey import Survey, name, submit, the_contract, when
from replay.accounting_cases.terms import own_term, promised, term
from replay.accounting_cases.uncertain import BONUS
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

ADDITIONAL = "additional"
YEAR = 12
# When a year of a term begins, in months from its start.
YEARS = {"year2_fee": 12, "year3_fee": 24, "year4_fee": 36, "year5_fee": 48}
Change = Callable[[Words, Survey], ModifyContract]


def contract_modified(fact: Words, known: Survey) -> Does:
    """By the first reading whose fields are all there. Where the facts do not decide how a change
    is accounted for, what the policy says of it is the judgement of the source.
    """
    said = {field for field in fact.raw if fact.has(field)}
    for needs, may, read in CHANGES:
        if {*needs.split()} <= said:
            known_too = (*needs.split(), *may.split(), *ANY_CHANGE, *own_terms(fact.raw))
            strange = sorted(said.difference(EVERY, known_too))
            if strange:
                raise CaseError(
                    *(
                        f"contract_modified.{field}: not with the fields beside it"
                        for field in strange
                    )
                )
            change = _as_judged(fact, known, read(fact, known))
            yield submit(fact, f"contract:{the_contract(fact, known)}", change)
            return
    raise CaseError("contract_modified: no change that is known by these fields")


def _as_judged(fact: Words, known: Survey, change: ModifyContract) -> ModifyContract:
    """The treatment a fact states, or the policy where neither scope nor price decides it."""
    if fact.has("treatment"):
        treatment = fact.text("treatment")
        if treatment not in TREATMENTS:
            fact.refuse("treatment", " or ".join(TREATMENTS))
        return structs.replace(
            change, treatment=TREATMENTS[treatment], judgement="as the fact says"
        )
    decided = any(fact.has(field) for field in DECIDES) or change.added
    if decided or known.elected.treatment in ("by-rule", "separate"):
        return change
    return structs.replace(
        change, treatment=known.elected.treatment, judgement="as the policy of the source says"
    )


def _priced(fact: Words, known: Survey) -> ModifyContract:
    """Something added at a price. One that reflects what it sells for alone is that price; others
    say what it, and what is left of the promises there are, would sell for.
    """
    price = fact.money("amount")
    promise = name(fact, "added_obligation")
    reflects = fact.flag("price_reflects_ssp")
    worth = _worths(fact, promise)
    ssp = price if reflects else worth.pop(promise, None)
    if ssp is None:
        raise CaseError("missing field contract_modified.ssp")
    added = promised(promise, ssp, *_added_term(fact, known, promise))
    return ModifyContract(
        when=when(fact),
        price_change_minor=price,
        added=(added,),
        restated=tuple(
            Restated(obligation=left, ssp_minor=minor)
            for left, minor in worth.items()
            if left != promise and not reflects
        ),
        price_reflects_ssp=reflects,
    )


def _worths(fact: Words, promise: str) -> dict[str, int]:
    """What each promise would sell for now: of what is added alone, or by name."""
    if not fact.has("ssp"):
        return {}
    if isinstance(fact.raw["ssp"], dict):
        return fact.by_name("ssp")
    return {promise: fact.money("ssp")}


def _added_term(fact: Words, known: Survey, promise: str) -> tuple[date | None, date | None]:
    """Its own, else up to the end of the service there is; a thing has none."""
    start, end = own_term(fact, promise)
    if end is not None:
        return start, end
    if fact.has("added_obligation"):
        return None, None
    end = _first_promise(fact, known).service_to
    if end is None:
        raise CaseError("missing field contract_modified.through")
    return start, end


def _several(fact: Words, known: Survey) -> ModifyContract:
    """Promises added by name, each by its own fields."""
    del known
    rows = fact.parts("added")
    price = fact.money("amount") if fact.has("amount") else 0
    return ModifyContract(
        when=when(fact),
        price_change_minor=price,
        added=tuple(promise_of(fact, promise, row) for promise, row in rows.items()),
        price_reflects_ssp=fact.flag("price_reflects_ssp"),
    )


def _repriced(fact: Words, known: Survey) -> ModifyContract:
    """Another price for the same scope, or for a longer or a shorter term."""
    price = fact.money("price_change")
    if not any(fact.has(field) for field in TERM.split()):
        return ModifyContract(when=when(fact), price_change_minor=price)
    changed = _named_promise(fact, known)
    if changed.service_to is None:
        raise CaseError("contract_modified: what it changes has no term")
    end = _new_end(fact, changed.service_to)
    restated = Restated(obligation=changed.obligation, service_to=end)
    return structs.replace(_restating(fact, restated), price_change_minor=price)


def _more_units(fact: Words, known: Survey) -> ModifyContract:
    """Units at a price that reflects what they sell for alone are a promise of their own; at
    another price, more of the promise there was.
    """
    first = _first_promise(fact, known)
    field = "added_unit_price" if fact.has("added_unit_price") else "negotiated_unit_price"
    price, quantity = fact.price(field), fact.units("added_units")
    alone = fact.price("ssp") if fact.has("ssp") else None
    if not fact.flag("price_reflects_ssp") and alone != price:
        more = Restated(
            obligation=first.obligation, added_quantity=quantity, added_unit_price=price
        )
        return _restating(fact, more)
    ratable = first.pattern == "ratable"
    added = Obligation(
        obligation=ADDITIONAL,
        pattern=first.pattern,
        quantity=quantity,
        unit_price=price,
        unit_ssp=alone,
        service_from=fact.day("effective") if ratable else None,
        service_to=first.service_to if ratable else None,
    )
    return ModifyContract(
        when=when(fact), price_change_minor=0, added=(added,), price_reflects_ssp=True
    )


def _recurring(fact: Words, known: Survey) -> ModifyContract:
    """Another fee by the month or the year from the change on, and more of the term or less."""
    first = _first_promise(fact, known)
    if first.service_to is None:
        raise CaseError("contract_modified: what it changes has no term")
    end = _new_end(fact, first.service_to)
    fee = _fee_of(fact, end)
    restated = Restated(
        obligation=first.obligation,
        fees=(fee,) if fee else _going_on(fact, first, end),
        service_to=end if end != first.service_to else None,
        price_minor=fact.money("transaction_price") if fact.has("transaction_price") else None,
    )
    added = fact.money("amount") if fact.has("amount") else 0
    return structs.replace(_restating(fact, restated), price_change_minor=added)


def _new_end(fact: Words, end: date) -> date:
    if fact.has("extension_months"):
        return fact.months_after(end, "extension_months")
    if fact.has("extension_years"):
        return fact.years_after(end, "extension_years")
    _, stated = term(fact)
    return stated or end


def _fee_of(fact: Words, end: date) -> Fee | None:
    for field, per in FEES.items():
        if fact.has(field):
            return Fee(
                amount_minor=fact.money(field),
                service_from=fact.day("effective"),
                service_to=end,
                per=per,
            )
    return None


def _going_on(fact: Words, first: Obligation, end: date) -> tuple[Fee, ...]:
    """A longer term for no other money is at the fee there is: the fees from the change on."""
    *_, last = first.fees or (None,)
    said = any(fact.has(field) for field in ("amount", "transaction_price"))
    if last is None or last.per == "whole" or said or end <= last.service_to:
        return ()
    day = fact.day("effective")
    kept = (_from(day, fee) for fee in first.fees if fee.service_to > day)
    return (*kept, structs.replace(last, service_from=last.service_to, service_to=end))


def _another_quantity(fact: Words, known: Survey) -> ModifyContract:
    """So many from now on, at a price each for the whole term."""
    first = _first_promise(fact, known)
    restated = Restated(
        obligation=first.obligation,
        quantity=fact.units("quantity_to"),
        unit_price=fact.price("unit_price") if fact.has("unit_price") else None,
    )
    return _restating(fact, restated)


def _extended(fact: Words, known: Survey) -> ModifyContract:
    """Another fee for a year to come, and maybe years on top of the term for a total.

    Agreed when the fact says; in force from that year on.
    """
    first = _first_promise(fact, known)
    assert first.service_from is not None, first
    assert first.service_to is not None, first
    field, months = next(row for row in YEARS.items() if fact.has(row[0]))
    begins = add_months(first.service_from, months)
    ends = add_months(begins, YEAR)
    # Its years after that keep their fees.
    kept = (_from(ends, fee) for fee in first.fees if fee.service_to > ends)
    fees = (Fee(amount_minor=fact.money(field), service_from=begins, service_to=ends), *kept)
    restated = Restated(obligation=first.obligation, fees=fees)
    if fact.has("extension_total"):
        end = fact.years_after(first.service_to, "extension_years")
        more = Fee(
            amount_minor=fact.money("extension_total"),
            service_from=first.service_to,
            service_to=end,
        )
        restated = structs.replace(restated, fees=(*fees, more), service_to=end)
    return _restating(fact, restated, on=begins)


def _from(day: date, fee: Fee) -> Fee:
    """What is left of a fee from a day on."""
    return structs.replace(fee, service_from=day) if fee.service_from < day else fee


def _more_work(fact: Words, known: Survey) -> ModifyContract:
    """More work for more money; a bonus that was left out may be counted in from now on."""
    first = _first_promise(fact, known)
    included: tuple[VariableAmount, ...] = ()
    if fact.has("bonus_now_included") and fact.flag("bonus_now_included"):
        stated = known.first("contract_signed", BONUS)
        if stated is None:
            raise CaseError("contract_modified.bonus_now_included: no bonus was agreed")
        included = (VariableAmount(name=BONUS, stated_minor=stated.money(BONUS)),)
    return ModifyContract(
        when=when(fact),
        price_change_minor=fact.money("added_fixed"),
        restated=(
            Restated(
                obligation=first.obligation,
                added_cost_minor=fact.money("added_costs") if fact.has("added_costs") else 0,
            ),
        ),
        variable=included,
    )


FEE = "termination_fee"
FEES: dict[str, Literal["month", "year"]] = {"monthly": "month", "annual_fee": "year"}
TERM = "extension_months extension_years months years through service_from service_to"
# What may be said of any change, and what decides how it is accounted for.
ANY_CHANGE = ("contract", "treatment", "price_approved", "scope_change")
DECIDES = ("distinct", "price_reflects_ssp", "ssp", "added_units", "extension_total")
TREATMENTS: dict[str, Literal["separate", "prospective", "cumulative"]] = {
    "separate": "separate",
    "prospective": "prospective",
    "cumulative": "cumulative",
}
# Fields that state a change together, those that may be with them, and what they say.
CHANGES: tuple[tuple[str, str, Change], ...] = (
    ("price_change", f"obligation distinct {TERM}", _repriced),
    ("added_units added_unit_price", "price_reflects_ssp ssp", _more_units),
    ("added_units negotiated_unit_price", "price_reflects_ssp ssp", _more_units),
    ("quantity_to", "quantity_from unit_price distinct", _another_quantity),
    *(
        (field, "extension_years extension_total extension_annual_payment ssp_per_year", _extended)
        for field in YEARS
    ),
    ("added_fixed", "added_costs bonus_now_included distinct", _more_work),
    ("added", "amount price_reflects_ssp", _several),
    ("monthly", TERM, _recurring),
    ("annual_fee", TERM, _recurring),
    ("extension_months", "amount transaction_price", _recurring),
    ("extension_years", "amount transaction_price", _recurring),
    ("amount", f"added_monthly added_obligation ssp price_reflects_ssp {TERM}", _priced),
    ("transaction_price", TERM, _recurring),
)


def _restating(fact: Words, restated: Restated, on: date | None = None) -> ModifyContract:
    day = When(effective=on, agreed_on=fact.day("effective")) if on else when(fact)
    return ModifyContract(when=day, price_change_minor=0, restated=(restated,))


def _first_promise(fact: Words, known: Survey) -> Obligation:
    """What was sold first of the contract; the only thing, or the case fails."""
    standing = known.standing.get(fact.place, known.promises)
    promises = standing.get(the_contract(fact, known), ())
    if not promises:
        raise CaseError(f"{fact.event}: no contract before it")
    return promises[0]


def _named_promise(fact: Words, known: Survey) -> Obligation:
    """The one it names, else what was sold first."""
    standing = known.standing.get(fact.place, known.promises)
    promises = standing.get(the_contract(fact, known), ())
    if not fact.has("obligation"):
        return _first_promise(fact, known)
    named = [one for one in promises if one.obligation == fact.text("obligation")]
    if not named:
        fact.refuse("obligation", "a promise of the contract")
    return named[0]


def contract_corrected(fact: Words, known: Survey) -> Does:
    """What the deal comes to, stated anew."""
    first = _first_promise(fact, known)
    restated = Restated(obligation=first.obligation, price_minor=fact.money("amount"))
    yield submit(fact, f"contract:{the_contract(fact, known)}", _restating(fact, restated))


def price_concession(fact: Words, known: Survey) -> Does:
    """Given back for units that were handed over; per unit and for how many is a note."""
    command = ConcedePrice(
        when=when(fact),
        obligation=_first_promise(fact, known).obligation,
        amount_minor=fact.money("amount"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def subscription_cancelled(fact: Words, known: Survey) -> Does:
    """The contract ends; what is given back of its price is credited where it was billed. Where
    nothing says what is given back, fees of months or years that have not begun are not owed; what
    is paid for leaving early takes the place of those of a term that binds.
    """
    stream = f"contract:{the_contract(fact, known)}"
    refund = fact.money("refund") if fact.has("refund") else 0
    charged = fact.money(FEE) if fact.has(FEE) else 0
    unbegun = () if fact.has("refund") else tuple(_unbegun(fact, known))
    if charged and not unbegun:
        fact.refuse(FEE, "beside fees by the month or the year that are not owed any more")
    if unbegun:
        cut = ModifyContract(
            when=when(fact),
            price_change_minor=0,
            restated=unbegun,
            treatment="prospective",
            judgement="what has not begun when a contract ends is not owed",
        )
        yield Submit(stream=stream, command=cut)
    yield submit(fact, stream, TerminateContract(when=when(fact), refund_minor=refund))
    if charged:
        # Nothing is left to serve for it.
        yield Submit(
            stream=stream, command=ModifyContract(when=when(fact), price_change_minor=charged)
        )
    billed_whole = billed_as_a_whole(known)
    if refund and billed_whole is not None:
        credit = IssueCredit(
            when=when(fact),
            number=name(fact, "event_id"),
            lines=(CreditLine(line="1", amount_minor=refund),),
            purpose="correction",
        )
        yield submit(fact, f"invoice:{billed_whole}", credit)


def _unbegun(fact: Words, known: Survey) -> Iterator[Restated]:
    """Each promise with fees, as if it ended with the last month or year of them that has begun."""
    signed = () if fact.has(FEE) else known.of("contract_signed")
    if any(one.has("non_cancellable") and one.flag("non_cancellable") for one in signed):
        return
    standing = known.standing.get(fact.place, known.promises)
    for one in standing.get(the_contract(fact, known), ()):
        end = _begun(one, fact.day("effective"))
        if end is not None and one.service_to is not None and end < one.service_to:
            yield Restated(obligation=one.obligation, service_to=end)


def _begun(promise: Obligation, day: date) -> date | None:
    """Where the month or the year of its fees ends that a day falls in."""
    for fee in promise.fees:
        end = fee.service_from
        while end < day and end < fee.service_to and fee.per != "whole":
            end = add_months(end, PER[fee.per])
        if day <= end:
            return end
    return None
