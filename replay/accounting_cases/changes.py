"""Contracts that change: by the fields that state the change, in a table of readings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from domain.calendar import add_months
from domain.contract_commands import ConcedePrice, ModifyContract, TerminateContract
from domain.contract_facts import Fee, Obligation, Restated, VariableAmount
from domain.facts import When
from domain.invoice import IssueCredit
from domain.invoice_facts import CreditLine
from replay.accounting_cases.billing import billed_as_a_whole
from replay.accounting_cases.fields import EVERY
from replay.accounting_cases.steps import Does
from replay.accounting_cases.survey import Survey, name, submit, the_contract, when
from replay.accounting_cases.terms import promised, term
from replay.accounting_cases.uncertain import BONUS
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

ADDITIONAL = "additional"
YEAR_3 = 24
Change = Callable[[Words, Survey], ModifyContract]


def contract_modified(fact: Words, known: Survey) -> Does:
    said = {field for field in fact.raw if fact.has(field)}
    for needs, may, read in CHANGES:
        if {*needs.split()} <= said:
            strange = sorted(said.difference(EVERY, ("contract",), needs.split(), may.split()))
            if strange:
                raise CaseError(
                    *(
                        f"contract_modified.{field}: not with the fields beside it"
                        for field in strange
                    )
                )
            yield submit(fact, f"contract:{the_contract(fact, known)}", read(fact, known))
            return
    raise CaseError("contract_modified: no change that is known by these fields")


def _priced(fact: Words, known: Survey) -> ModifyContract:
    """Service added at a price. One that reflects what it sells for alone is that price."""
    del known
    price = fact.money("amount")
    start, end = term(fact)
    reflects = fact.flag("price_reflects_ssp")
    if end is None:
        raise CaseError("missing field contract_modified.through")
    ssp = price if reflects else fact.money("ssp")
    added = promised(name(fact, "event_id"), ssp, start, end)
    return ModifyContract(
        when=when(fact), price_change_minor=price, added=(added,), price_reflects_ssp=reflects
    )


def _repriced(fact: Words, known: Survey) -> ModifyContract:
    """Another price for the same scope."""
    del known
    return ModifyContract(when=when(fact), price_change_minor=fact.money("price_change"))


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


def _monthly(fact: Words, known: Survey) -> ModifyContract:
    """Another fee by the month from the change on."""
    first = _first_promise(fact, known)
    assert first.service_to is not None, first
    fee = Fee(
        amount_minor=fact.money("monthly"),
        service_from=fact.day("effective"),
        service_to=first.service_to,
        per="month",
    )
    return _restating(fact, Restated(obligation=first.obligation, fees=(fee,)))


def _another_quantity(fact: Words, known: Survey) -> ModifyContract:
    """So many from now on, at a price each for the whole term."""
    first = _first_promise(fact, known)
    restated = Restated(
        obligation=first.obligation,
        quantity=fact.units("quantity_to"),
        unit_price=fact.price("unit_price"),
    )
    return _restating(fact, restated)


def _extended(fact: Words, known: Survey) -> ModifyContract:
    """Another fee for the third year, and years on top of the term for a total.

    Agreed when the fact says; in force from the third year on.
    """
    first = _first_promise(fact, known)
    assert first.service_from is not None, first
    assert first.service_to is not None, first
    third = add_months(first.service_from, YEAR_3)
    end = fact.years_after(first.service_to, "extension_years")
    fees = (
        Fee(amount_minor=fact.money("year3_fee"), service_from=third, service_to=first.service_to),
        Fee(
            amount_minor=fact.money("extension_total"),
            service_from=first.service_to,
            service_to=end,
        ),
    )
    restated = Restated(obligation=first.obligation, fees=fees, service_to=end)
    return _restating(fact, restated, on=third)


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
            Restated(obligation=first.obligation, added_cost_minor=fact.money("added_costs")),
        ),
        variable=included,
    )


# Fields that state a change together, those that may be with them, and what they say.
CHANGES: tuple[tuple[str, str, Change], ...] = (
    ("price_change", "scope_change", _repriced),
    ("added_units added_unit_price", "price_reflects_ssp ssp", _more_units),
    ("added_units negotiated_unit_price", "price_reflects_ssp ssp", _more_units),
    ("monthly", "", _monthly),
    ("quantity_to unit_price", "quantity_from distinct", _another_quantity),
    (
        "year3_fee extension_years extension_total",
        "extension_annual_payment ssp_per_year",
        _extended,
    ),
    ("added_fixed added_costs", "bonus_now_included distinct", _more_work),
    ("amount", "added_monthly ssp through service_from service_to price_reflects_ssp", _priced),
)


def _restating(fact: Words, restated: Restated, on: date | None = None) -> ModifyContract:
    day = When(effective=on, agreed_on=fact.day("effective")) if on else when(fact)
    return ModifyContract(when=day, price_change_minor=0, restated=(restated,))


def _first_promise(fact: Words, known: Survey) -> Obligation:
    """What was sold first of the contract; the only thing, or the case fails."""
    promises = known.promises.get(the_contract(fact, known), ())
    if not promises:
        raise CaseError(f"{fact.event}: no contract before it")
    return promises[0]


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
    """The contract ends; what is given back of its price is credited where it was billed."""
    refund = fact.money("refund") if fact.has("refund") else 0
    command = TerminateContract(when=when(fact), refund_minor=refund)
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)
    billed_whole = billed_as_a_whole(known)
    if refund and billed_whole is not None:
        credit = IssueCredit(
            when=when(fact),
            number=name(fact, "event_id"),
            lines=(CreditLine(line="1", amount_minor=refund),),
            purpose="correction",
        )
        yield submit(fact, f"invoice:{billed_whole}", credit)
