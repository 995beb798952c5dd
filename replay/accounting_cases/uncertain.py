"""Contracts whose price or payment is uncertain: a bonus, a share of a base, payment in advance."""

from __future__ import annotations

from domain.contract_facts import Financing, Obligation, VariableAmount
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.terms import served
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

BONUS = "bonus"
INCENTIVE = "incentive"


def with_bonus(fact: Words, known: Survey) -> Deal:
    """Work measured by its costs, at a fixed price and a bonus that may be constrained away."""
    changed = known.first("contract_modified", "distinct")
    one = Obligation(
        obligation=known.promise,
        pattern="percent-complete",
        expected_cost_minor=fact.money("expected_costs"),
        distinct=changed.flag("distinct") if changed else None,
    )
    variable: tuple[VariableAmount, ...] = ()
    if fact.has("bonus"):
        constrained = fact.has("bonus_constrained") and fact.flag("bonus_constrained")
        variable = (
            VariableAmount(
                name=BONUS,
                stated_minor=fact.money("bonus"),
                included_minor=0 if constrained else None,
            ),
        )
    return Deal(obligations=(one,), price_minor=fact.money("fixed"), variable=variable)


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
    left_out = fact.has("incentive_percent") and known.elected.incentive_left_out
    if fact.has("incentive_percent") and not left_out:
        raise CaseError("contract_signed.incentive_percent: no estimate of it is stated")
    variable = (VariableAmount(name=INCENTIVE, included_minor=0),) if left_out else ()
    return Deal(obligations=(one,), variable=variable)


def paid_before(fact: Words, known: Survey) -> Deal:
    """Two prices, for payment at delivery or now: money that came at signing chooses the second."""
    signed = fact.day("effective")
    if not any(paid.day("effective") == signed for paid in known.of("payment_received")):
        raise CaseError("contract_signed.option_b_price: nothing was paid when it was signed")
    rate = known.elected.borrowing_rate
    if rate is None:
        raise CaseError("contract_signed.option_b_price: the policy states no borrowing rate")
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
