"""Contracts whose price or payment is uncertain: a bonus, a share of a base, payment in advance."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import structs

from domain.contract_commands import PromiseCustomerPayment
from domain.contract_facts import Financing, NonCash, Obligation, Outcome, VariableAmount
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.survey import Survey, the_price, when
from replay.accounting_cases.terms import served
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

BONUS = "bonus"
PENALTY = "penalty"
VARIABLE = "variable"
OUTCOMES = "outcomes"
# More likely than not (IFRS 15.53(b), ASC 606-10-32-8(b)).
EVEN = Decimal("0.5")
METHODS: dict[str, Literal["expected-value", "most-likely"]] = {
    "expected-value": "expected-value",
    "expected value": "expected-value",
    "most-likely": "most-likely",
    "most likely": "most-likely",
    "most likely amount": "most-likely",
}
INCENTIVE = "incentive"
SHARES = "shares"


def by_costs(fact: Words, known: Survey) -> Deal:
    """Work measured by its costs, at a price; materials at cost may be among them."""
    changed = known.first("contract_modified", "distinct")
    one = Obligation(
        obligation=known.promise,
        pattern="percent-complete",
        expected_cost_minor=fact.money("expected_costs"),
        materials_minor=fact.money("expected_materials") if fact.has("expected_materials") else 0,
        distinct=changed.flag("distinct") if changed else None,
    )
    # What is billed as the work goes on is due by its bills, the rest when all of it is done.
    return Deal(obligations=(one,), price_minor=the_price(fact), right_after=one.obligation)


def with_bonus(fact: Words, known: Survey, deal: Deal) -> Deal:
    """What may come on top if all goes well."""
    del known
    return _more(deal, bonus(fact, fact.money(BONUS)))


def bonus(fact: Words, stated: int) -> VariableAmount:
    """In the price or not, as the fact says: whether it is constrained, or how likely it is."""
    counted = not (fact.has("bonus_constrained") and fact.flag("bonus_constrained"))
    if fact.has("bonus_included"):
        counted = fact.flag("bonus_included")
    elif fact.has("bonus_probability"):
        counted = fact.number("bonus_probability") > EVEN
    return VariableAmount(name=BONUS, stated_minor=stated, included_minor=None if counted else 0)


def with_penalty(fact: Words, known: Survey, deal: Deal) -> Deal:
    """What may be taken off."""
    del known
    return _more(deal, penalty(fact, fact.taken_off(PENALTY)))


def penalty(fact: Words, taken_off: int) -> VariableAmount:
    """Taken off the price where it is expected, or more likely than not."""
    expected = fact.has("penalty_expected") and fact.flag("penalty_expected")
    if fact.has("penalty_probability"):
        expected = fact.number("penalty_probability") > EVEN
    return VariableAmount(name=PENALTY, estimate_minor=taken_off if expected else 0)


def on_top(fact: Words, known: Survey, deal: Deal) -> Deal:
    """At most the highest amount, most likely the estimate."""
    return _more(deal, variable(fact, known))


def variable(fact: Words, known: Survey) -> VariableAmount:
    """What is stated at most, what is expected of it, and what the price includes; what is certain
    is no variable amount.
    """
    if fact.has("variable_low") and fact.money("variable_low"):
        fact.refuse("variable_low", "nothing: what is certain is no variable amount")
    stated, expected = (
        fact if fact.has(field) else known.first("contract_signed", field)
        for field in ("variable_high", "variable_estimate")
    )
    constrained = fact.has("variable_constrained") and fact.flag("variable_constrained")
    if known.first("contract_signed", "incentive_percent"):
        return VariableAmount(
            name=INCENTIVE,
            estimate_minor=expected.money("variable_estimate") if expected else None,
            included_minor=0 if constrained else _included(fact),
            obligations=(INCENTIVE,),
        )
    return VariableAmount(
        name=VARIABLE,
        stated_minor=stated.money("variable_high") if stated else 0,
        estimate_minor=expected.money("variable_estimate") if expected else None,
        included_minor=0 if constrained else _included(fact),
        obligations=_wholly_to(fact, known),
    )


def _included(fact: Words) -> int | None:
    """So much of it, or whether the estimate is in the price at all; not said: all of it."""
    said = fact.raw.get("variable_included")
    if said is None or said is True:
        return None
    return fact.money("variable_included") if said else 0


def _wholly_to(fact: Words, known: Survey) -> tuple[str, ...]:
    """The promise a variable amount is wholly for, if one is said (rule 26)."""
    said = fact if fact.has("variable_to") else known.first("contract_signed", "variable_to")
    return (said.text("variable_to"),) if said else ()


def with_outcomes(fact: Words, known: Survey, deal: Deal) -> Deal:
    """How an amount may turn out, each way with its chance."""
    del known
    return _more(deal, outcomes(fact))


def outcomes(fact: Words) -> VariableAmount:
    method = fact.text("method") if fact.has("method") else "expected-value"
    if method not in METHODS:
        fact.refuse("method", " or ".join(METHODS))
    return VariableAmount(
        name=OUTCOMES,
        method=METHODS[method],
        outcomes=tuple(
            Outcome(amount_minor=row.money("amount"), probability=row.number("probability"))
            for row in fact.lines("outcomes")
        ),
    )


def in_shares(fact: Words, known: Survey) -> Deal:
    """All that is paid is so many shares."""
    start, end = served(fact)
    one = Obligation(obligation=known.promise, service_from=start, service_to=end)
    shares = NonCash(
        name=SHARES, quantity=fact.units("shares"), unit_value=fact.price("fair_value")
    )
    return Deal(obligations=(one,), non_cash=(shares,))


def with_payable(fact: Words, known: Survey, deal: Deal) -> Deal:
    """Owed to the customer, but for what it gives in return at fair value."""
    del known
    promised = PromiseCustomerPayment(
        when=when(fact),
        amount_minor=fact.money("payable_to_customer"),
        fair_value_minor=(
            fact.money("fair_value_received") if fact.has("fair_value_received") else 0
        ),
        purchases_minor=fact.money("purchases") if fact.has("purchases") else None,
    )
    return structs.replace(deal, payable=promised)


def as_bought(fact: Words, known: Survey) -> Deal:
    """So much is to be bought, each purchase at the price of its invoice."""
    del fact
    return Deal(obligations=(Obligation(obligation=known.promise, pattern="as-invoiced"),))


def _more(deal: Deal, amount: VariableAmount) -> Deal:
    return structs.replace(deal, variable=(*deal.variable, amount))


def paid_later(fact: Words, known: Survey) -> Deal:
    """Delivered now and paid in one sum later, worth less today (rule 21)."""
    signed = fact.day("effective")
    stated = fact.percent_of_share("rate_annual") if fact.has("rate_annual") else None
    rate = stated if stated is not None else known.elected.rate
    one = Obligation(obligation=known.promise, pattern="point-in-time")
    if rate is None and known.elected.options.financing == "not-adjusted":
        return Deal(obligations=(one,), price_minor=the_price(fact))
    if rate is None:
        raise CaseError("contract_signed.due_months: neither a field nor the policy states a rate")
    financing = Financing(
        kind="arrears", rate_percent=rate, until=fact.months_after(signed, "due_months")
    )
    return Deal(obligations=(one,), price_minor=the_price(fact), financing=financing)


def share_of_base(fact: Words, known: Survey) -> Deal:
    """A fee that is a share of what is managed, quarter by quarter; an incentive may come on top.

    Nobody states what the incentive may come to, and the policy leaves it out.
    """
    if not fact.flag("series"):
        fact.refuse("series", "true: else each quarter is a promise of its own")
    start, end = served(fact)
    one = Obligation(
        obligation=known.promise,
        pattern="percent-of-base",
        percent_of_base=fact.number("fee_percent_per_quarter"),
        service_from=start,
        service_to=end,
    )
    if not fact.has("incentive_percent"):
        return Deal(obligations=(one,))
    if not known.elected.incentive_left_out:
        raise CaseError("contract_signed.incentive_percent: no estimate of it is stated")
    # It is for all of the service, and for no quarter alone: what is included of it is earned with
    # the time that passes.
    whole = Obligation(obligation=INCENTIVE, service_from=start, service_to=end)
    left_out = VariableAmount(name=INCENTIVE, included_minor=0, obligations=(INCENTIVE,))
    return Deal(obligations=(one, whole), variable=(left_out,))


def paid_before(fact: Words, known: Survey) -> Deal:
    """Two prices, for payment at delivery or now: money that came at signing chooses the second."""
    signed = fact.day("effective")
    if not any(paid.day("effective") == signed for paid in known.of("payment_received")):
        raise CaseError("contract_signed.option_b_price: nothing was paid when it was signed")
    rate = known.elected.rate
    if rate is None:
        raise CaseError("contract_signed.option_b_price: the policy states no rate")
    one = Obligation(obligation=known.promise, pattern="point-in-time")
    until = fact.months_after(signed, "option_a_due_months")
    return Deal(
        obligations=(one,),
        price_minor=fact.money("option_b_price"),
        financing=Financing(
            kind="advance",
            rate_percent=rate,
            until=until,
            later_minor=fact.money("option_a_price"),
        ),
    )
