"""Deals that are agreed: by the fields that state them, in the table of shapes."""

from __future__ import annotations

from domain.contract_facts import Obligation
from replay.accounting_cases import fixed, recurring, uncertain
from replay.accounting_cases.billing import billed
from replay.accounting_cases.deals import Deal, opened, read_deal, shape
from replay.accounting_cases.steps import Does
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.words import Words

TERM = "months years service_from service_to"
# The first whose needed fields are all there is how a price is stated.
SHAPES = (
    shape("ssp transaction_price", f"regular_bundle saas_months {TERM}", fixed.shared),
    shape("ssp amount", f"regular_bundle saas_months {TERM}", fixed.shared),
    shape("transaction_price ssp_allocation payment_conditional_on", "", fixed.conditional),
    shape("amount release", "", fixed.released),
    shape("amount", TERM, fixed.whole),
    shape("transaction_price", TERM, fixed.whole),
    shape("obligations", "", fixed.named),
    shape("lines", "", fixed.by_lines),
    shape("unit_price retro_unit_price threshold_units expected_to_exceed", "", fixed.rebated),
    shape("unit_price units", f"consideration term_months {TERM}", fixed.counted),
    shape("stated_price", "units", fixed.at_once),
    shape("price", "due", fixed.at_once),
    shape("fees fees_match_value", "", recurring.by_year),
    shape("monthly_bill months", "free_months service_from", recurring.with_free_months),
    shape("monthly months", "quantity service_from", recurring.monthly),
    shape(
        "monthly_fee months",
        "service_from variable_low variable_high variable_estimate",
        recurring.monthly,
    ),
    shape("annual_fee years series", "ssp_per_year service_from", recurring.annual),
    shape("year1_price renewal_prices prices_without_option customers", "", recurring.renewable),
    shape("fixed expected_costs", "bonus bonus_constrained", uncertain.with_bonus),
    shape("fee_percent_per_quarter years series", "incentive_percent", uncertain.share_of_base),
    shape("option_a_price option_a_due_months option_b_price", "", uncertain.paid_before),
)


def contract_signed(fact: Words, known: Survey) -> Does:
    deal = read_deal(fact, known, SHAPES)
    yield from opened(fact, deal)
    yield from billed(fact, known, deal)


def agreement_signed(fact: Words, known: Survey) -> Does:
    """It is no contract while nobody expects the customer to pay."""
    promise = Obligation(obligation=known.promise, pattern="point-in-time")
    deal = Deal(
        obligations=(promise,),
        price_minor=fact.money("promised_consideration"),
        criteria_met=fact.flag("collectability_probable"),
    )
    yield from opened(fact, deal)
