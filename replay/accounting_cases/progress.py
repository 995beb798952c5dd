"""What is told of promises as time passes: units, costs, bases, rights used, estimates."""

from __future__ import annotations

from domain.contract_commands import (
    EstimatePrice,
    ExerciseRights,
    ExpireRights,
    MeasureProgress,
    ReportBase,
    ReviseExpectation,
    SatisfyObligation,
)
from domain.contract_facts import VariableAmount
from replay.accounting_cases.fixed import CONSIDERATION
from replay.accounting_cases.sold import CONCESSION, paid
from replay.accounting_cases.steps import Does, NoEffect
from replay.accounting_cases.survey import (
    Survey,
    only,
    submit,
    the_contract,
    the_promise,
    when,
)
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

# What an estimate says that stands with the promises it is about, from their inception on.
WITH_THE_PROMISES = ("ssp_per_point", "renewal_rate")


def units_transferred(fact: Words, known: Survey) -> Does:
    """Units of the promise that is named, or of the only one in units."""
    if known.elected.delivered_evenly:
        yield NoEffect(why="the policy says that units are delivered evenly over the term")
        return
    contract = only(fact, known.contracts, "contract")
    promise = _units_of(fact, known, contract)
    command = SatisfyObligation(when=when(fact), obligation=promise, quantity=fact.units("units"))
    yield submit(fact, f"contract:{contract}", command)


def _units_of(fact: Words, known: Survey, contract: str) -> str:
    names = tuple(row.obligation for row in known.promises[contract] if row.pattern == "units")
    if fact.has("contract"):
        if fact.text("contract") not in names:
            fact.refuse("contract", f"one of {', '.join(names)}")
        return fact.text("contract")
    return only(fact, names, "contract")


def progress_measured(fact: Words, known: Survey) -> Does:
    total = fact.has("expected_total_costs")
    command = MeasureProgress(
        when=when(fact),
        obligation=the_promise(fact, known, "percent-complete"),
        incurred_minor=fact.money("costs_incurred"),
        expected_minor=fact.money("expected_total_costs") if total else None,
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def fee_base_measured(fact: Words, known: Survey) -> Does:
    command = ReportBase(
        when=when(fact),
        obligation=the_promise(fact, known, "percent-of-base"),
        base_minor=fact.money("assets"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def points_redeemed(fact: Words, known: Survey) -> Does:
    command = ExerciseRights(
        when=when(fact),
        obligation=the_promise(fact, known, "as-exercised"),
        cumulative=fact.units("cumulative"),
        expected=fact.units("expected_total"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def credits_used(fact: Words, known: Survey) -> Does:
    promise = the_promise(fact, known, "as-exercised")
    command = ExerciseRights(when=when(fact), obligation=promise, quantity=fact.units("quantity"))
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def credits_expired(fact: Words, known: Survey) -> Does:
    promise = the_promise(fact, known, "as-exercised")
    command = ExpireRights(when=when(fact), obligation=promise, quantity=fact.units("quantity"))
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def customers_renewed(fact: Words, known: Survey) -> Does:
    """So many took up the renewal: their money comes in; its price stands with the promise."""
    yield from paid(fact, known)


def estimate_made(fact: Words, known: Survey) -> Does:
    """What is now expected of the price, or of rights; or what stands with the promises already."""
    contract = f"contract:{the_contract(fact, known)}"
    if any(fact.has(field) for field in WITH_THE_PROMISES):
        yield NoEffect(why="stands with the promises, as of their inception")
    elif fact.has("breakage_percent"):
        promise = the_promise(fact, known, "as-exercised")
        expected = ReviseExpectation(
            when=when(fact), obligation=promise, breakage_percent=fact.number("breakage_percent")
        )
        yield submit(fact, contract, expected)
    else:
        estimated = EstimatePrice(when=when(fact), variable=(_uncertain(fact, known),))
        yield submit(fact, contract, estimated)


def _uncertain(fact: Words, known: Survey) -> VariableAmount:
    """An amount in place of the stated one, or a share of the price that will be conceded."""
    if fact.has("expected_consideration"):
        stated = _stated(known)
        return VariableAmount(
            name=CONSIDERATION,
            stated_minor=stated.money("stated_price"),
            estimate_minor=fact.money("expected_consideration"),
        )
    return VariableAmount(
        name=CONCESSION,
        conceded_percent=fact.number("expected_concession_percent"),
        included_conceded_percent=fact.number("highly_probable_concession_percent"),
        obligations=(known.promise,),
    )


def _stated(known: Survey) -> Words:
    for event in ("contract_signed", "obligation_satisfied"):
        stated = known.first(event, "stated_price")
        if stated is not None:
            return stated
    raise CaseError("estimate_made.expected_consideration: no price was stated")
