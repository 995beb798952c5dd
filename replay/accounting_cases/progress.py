"""What is told of promises as time passes: units, costs, bases, rights used, estimates."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

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
from replay.accounting_cases import documents
from replay.accounting_cases.fixed import CONSIDERATION, at_the_lower_price
from replay.accounting_cases.sold import CONCESSION, owed, paid
from replay.accounting_cases.steps import Does, NoEffect, Submit
from replay.accounting_cases.survey import (
    Survey,
    name,
    only,
    submit,
    the_contract,
    the_promise,
    when,
)
from replay.accounting_cases.uncertain import (
    BONUS,
    PENALTY,
    VARIABLE,
    bonus,
    outcomes,
    penalty,
    variable,
)
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

RETURNS = "returns"
# What an estimate says that stands with the promises it is about, from their inception on.
WITH_THE_PROMISES = ("ssp_per_point", "renewal_rate")


def units_transferred(fact: Words, known: Survey) -> Does:
    """Units of the promise that is named, or of the only one in units."""
    if known.elected.delivered_evenly:
        yield NoEffect(why="the policy says that units are delivered evenly over the term")
        return
    contract, promise = _units_of(fact, known)
    command = SatisfyObligation(when=when(fact), obligation=promise, quantity=fact.units("units"))
    yield submit(fact, f"contract:{contract}", command)
    yield from owed(fact, known)


def _units_of(fact: Words, known: Survey) -> tuple[str, str]:
    """A contract may be named, or a promise of the only one."""
    said = fact.text("contract") if fact.has("contract") else None
    contract = said if said in known.contracts else only(fact, known.contracts, "contract")
    names = tuple(row.obligation for row in known.promises[contract] if row.pattern == "units")
    promise = fact.text("obligation") if fact.has("obligation") else said
    if promise is None or promise == contract:
        return contract, only(fact, names, "contract")
    if promise not in names:
        fact.refuse("contract", f"one of {', '.join(names)}")
    return contract, promise


def progress_measured(fact: Words, known: Survey) -> Does:
    """By what it cost of all it will cost, less what shows no progress; or by a percentage. What
    shows none may be materials that are earned at cost.
    """
    excluded, at_cost = _money(fact, "excluded_costs"), known.elected.materials_at_cost
    command = MeasureProgress(
        when=when(fact),
        obligation=the_promise(fact, known, "percent-complete"),
        percent=fact.number("percent_complete") if fact.has("percent_complete") else None,
        incurred_minor=_money(fact, "costs_incurred"),
        expected_minor=_money(fact, "expected_total_costs"),
        excluded_minor=0 if at_cost else excluded or 0,
        materials_minor=excluded if at_cost else None,
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def _money(fact: Words, field: str) -> int | None:
    return fact.money(field) if fact.has(field) else None


def milestone_reached(fact: Words, known: Survey) -> Does:
    command = SatisfyObligation(
        when=when(fact),
        obligation=the_promise(fact, known, "milestones"),
        milestone=fact.text("milestone"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def fee_base_measured(fact: Words, known: Survey) -> Does:
    """What a fee is a share of: assets that are managed, sales of who was given a licence."""
    command = ReportBase(
        when=when(fact),
        obligation=the_promise(fact, known, "percent-of-base"),
        base_minor=fact.money("assets" if fact.has("assets") else "sales"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def royalty_earned(fact: Words, known: Survey) -> Does:
    """An amount that nobody estimates before: of all promises, or of the one it is wholly for."""
    amount = VariableAmount(
        name=name(fact, "event_id"),
        estimate_minor=fact.money("amount"),
        obligations=(fact.text("obligation"),) if fact.has("obligation") else (),
    )
    command = EstimatePrice(when=when(fact), variable=(amount,))
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def rights_used(fact: Words, known: Survey) -> Does:
    """So many more, or so many in all; neither: all of them."""
    command = ExerciseRights(
        when=when(fact),
        obligation=the_promise(fact, known, "as-exercised"),
        quantity=_units(fact, "quantity"),
        cumulative=_units(fact, "cumulative"),
        expected=_units(fact, "expected_total"),
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def rights_expired(fact: Words, known: Survey) -> Does:
    """So many, or all that are left."""
    promise = the_promise(fact, known, "as-exercised")
    command = ExpireRights(when=when(fact), obligation=promise, quantity=_units(fact, "quantity"))
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def _units(fact: Words, field: str) -> Decimal | None:
    return fact.units(field) if fact.has(field) else None


def customers_renewed(fact: Words, known: Survey) -> Does:
    """So many took up the renewal: their money comes in; its price stands with the promise."""
    yield from paid(fact, known)


def estimate_made(fact: Words, known: Survey) -> Does:
    """What is now expected of the price, of rights or of costs; or what stands with the promises
    already.
    """
    contract = f"contract:{the_contract(fact, known)}"
    expected = _of_a_promise(fact, known)
    if any(fact.has(field) for field in WITH_THE_PROMISES):
        yield NoEffect(why="stands with the promises, as of their inception")
    elif expected is not None:
        yield submit(fact, contract, expected)
    else:
        said = dict.fromkeys(read for field, read in UNCERTAIN.items() if fact.has(field))
        rows = tuple(read(fact, known) for read in said)
        if not rows:
            raise CaseError("estimate_made: no estimate that is known by these fields")
        yield submit(fact, contract, EstimatePrice(when=when(fact), variable=rows))


def _of_a_promise(fact: Words, known: Survey) -> ReviseExpectation | None:
    """How much of its rights will be used, or what it will cost."""
    if fact.has("breakage_percent") or fact.has("expected_total"):
        return ReviseExpectation(
            when=when(fact),
            obligation=the_promise(fact, known, "as-exercised"),
            breakage_percent=fact.number("breakage_percent")
            if fact.has("breakage_percent")
            else None,
            expected_exercised=_units(fact, "expected_total"),
        )
    if fact.has("expected_total_costs"):
        return ReviseExpectation(
            when=when(fact),
            obligation=the_promise(fact, known, "percent-complete"),
            expected_cost_minor=fact.money("expected_total_costs"),
        )
    return None


def credit_note_issued(fact: Words, known: Survey) -> Does:
    """The document; where it settles what was expected to go back, that is known now, and nothing
    more is owed back.
    """
    yield from documents.credit_note_issued(fact, known)
    estimated = documents.settles(fact, known)
    if estimated is not None and _is_done(fact, known):
        read = next(read for field, read in UNCERTAIN.items() if estimated.has(field))
        row = read(estimated, known)
        settled = VariableAmount(
            name=row.name, obligations=row.obligations, estimate_minor=fact.taken_off("amount")
        )
        command = EstimatePrice(when=when(fact), variable=(settled,))
        yield Submit(stream=f"contract:{the_contract(fact, known)}", command=command)


def _is_done(fact: Words, known: Survey) -> bool:
    """Whether nothing more is handed over of what is priced by the unit: what goes back of units to
    come is not known by what goes back of these.
    """
    rows = known.promises.get(the_contract(fact, known), ())
    units = [row.quantity for row in rows if row.pattern == "units"]
    return units == [one.units("units") for one in known.of("units_transferred")][: len(units)]


def _consideration(fact: Words, known: Survey) -> VariableAmount:
    """An amount in place of the stated one."""
    return VariableAmount(
        name=CONSIDERATION,
        stated_minor=_stated(known).money("stated_price"),
        estimate_minor=fact.money("expected_consideration"),
    )


def _conceded(fact: Words, known: Survey) -> VariableAmount:
    """A share of the price that will be conceded."""
    surely = "highly_probable_concession_percent"
    return VariableAmount(
        name=CONCESSION,
        conceded_percent=fact.number("expected_concession_percent"),
        included_conceded_percent=fact.number(surely) if fact.has(surely) else None,
        obligations=_named(fact, known),
    )


def _returned(fact: Words, known: Survey) -> VariableAmount:
    """A share, or so many, of what was handed over will come back (rule 20)."""
    share = "expected_return_percent"
    return VariableAmount(
        name=RETURNS,
        conceded_percent=fact.number(share) if fact.has(share) else None,
        conceded_quantity=_units(fact, "expected_returns"),
        obligations=_named(fact, known),
    )


def _named(fact: Words, known: Survey) -> tuple[str, ...]:
    """The promise it names, or the only one of its contract."""
    if fact.has("obligation"):
        return (fact.text("obligation"),)
    promises = known.promises.get(the_contract(fact, known), ())
    return (promises[0].obligation if len(promises) == 1 else known.promise,)


def _at_the_lower_price(fact: Words, known: Survey) -> VariableAmount:
    """Whether so many are now expected that all of them cost less."""
    agreed = known.first("contract_signed", "retro_unit_price")
    if agreed is None:
        raise CaseError("estimate_made.expected_to_exceed: no price for more units was agreed")
    if not fact.flag("expected_to_exceed"):
        return VariableAmount(name=at_the_lower_price(agreed).name)
    return at_the_lower_price(agreed)


def _price_moved(fact: Words, known: Survey) -> VariableAmount:
    """What was uncertain of the price from the start is now so much more or less."""
    del known
    return VariableAmount(name=VARIABLE, estimate_minor=fact.money("price_change"))


def _bonus(fact: Words, known: Survey) -> VariableAmount:
    return bonus(fact, _agreed(fact, known, BONUS).money(BONUS))


def _penalty(fact: Words, known: Survey) -> VariableAmount:
    return penalty(fact, _agreed(fact, known, PENALTY).taken_off(PENALTY))


def _agreed(fact: Words, known: Survey, field: str) -> Words:
    agreed = known.first("contract_signed", field)
    if agreed is None:
        raise CaseError(f"{fact.event}: no {field} was agreed")
    return agreed


# The field an estimate is told by, and what it says.
UNCERTAIN: dict[str, Callable[[Words, Survey], VariableAmount]] = {
    "expected_consideration": _consideration,
    "expected_concession_percent": _conceded,
    "expected_return_percent": _returned,
    "expected_returns": _returned,
    "expected_to_exceed": _at_the_lower_price,
    "variable_estimate": variable,
    "variable_included": variable,
    "variable_constrained": variable,
    "bonus_included": _bonus,
    "bonus_probability": _bonus,
    "penalty_expected": _penalty,
    "penalty_probability": _penalty,
    "outcomes": lambda fact, _: outcomes(fact),
    "price_change": _price_moved,
}


def _stated(known: Survey) -> Words:
    for event in ("contract_signed", "obligation_satisfied"):
        stated = known.first(event, "stated_price")
        if stated is not None:
            return stated
    raise CaseError("estimate_made.expected_consideration: no price was stated")
