"""Deals that are agreed: by the fields that state them, in the table of shapes."""

from __future__ import annotations

from domain.contract_commands import MeetCriteria, PromiseCustomerPayment, ReceiveNonCash
from domain.contract_facts import Obligation
from replay.accounting_cases import fixed, recurring, uncertain
from replay.accounting_cases.billing import billed
from replay.accounting_cases.deals import Deal, extra, opened, read_deal, shape
from replay.accounting_cases.steps import Does
from replay.accounting_cases.survey import Survey, submit, the_contract, when
from replay.accounting_cases.words import Words

TERM = "months term_months years service_from service_to"
PRICE = "amount|transaction_price|price|fixed|stated_price|consideration"
# The first whose needed fields are all there is how a price is stated.
SHAPES = (
    shape("monthly|monthly_fee|monthly_bill ssp", TERM, recurring.several_by_month),
    shape(f"ssp {PRICE}", f"regular_bundle {TERM}", fixed.shared),
    shape("transaction_price ssp_allocation payment_conditional_on", "", fixed.conditional),
    shape("amount release", "", fixed.released),
    shape("fees fees_match_value", "", recurring.by_year),
    shape("monthly_bill months", "free_months service_from", recurring.with_free_months),
    shape(
        "monthly|monthly_fee months|term_months|years", "quantity service_from", recurring.monthly
    ),
    shape("annual_fee years|months", "ssp_per_year service_from", recurring.annual),
    shape("option_a_price option_a_due_months option_b_price", "", uncertain.paid_before),
    shape("year1_price renewal_prices prices_without_option customers", "", recurring.renewable),
    shape("fee_percent_per_quarter years series", "incentive_percent", uncertain.share_of_base),
    shape("obligations", f"{PRICE.replace('|', ' ')} regular_bundle {TERM}", fixed.named),
    shape("lines", "", fixed.by_lines),
    shape("unit_price retro_unit_price threshold_units", "expected_to_exceed", fixed.rebated),
    shape("unit_price", f"units quantity consideration {TERM}", fixed.counted),
    shape("due_months cash_price|rate_annual price|amount", "", uncertain.paid_later),
    shape("purchases", "", uncertain.as_bought),
    shape("shares fair_value", TERM, uncertain.in_shares),
    shape(f"milestones {PRICE}", "", fixed.in_stages),
    shape(f"expected_costs {PRICE}", f"expected_materials {TERM}", uncertain.by_costs),
    shape(PRICE, f"units quantity {TERM}", fixed.whole),
)
EXTRAS = (
    extra("bonus bonus_constrained bonus_included bonus_probability", uncertain.with_bonus),
    extra("penalty penalty_expected penalty_probability", uncertain.with_penalty),
    extra(
        "variable_low variable_high variable_estimate variable_included variable_constrained "
        "variable_to",
        uncertain.on_top,
    ),
    extra("outcomes method", uncertain.with_outcomes),
    extra("upfront_fee customer_life_months customer_life_years", fixed.with_fee),
    extra("variable_consideration", fixed.as_told),
    extra("payable_to_customer fair_value_received", uncertain.with_payable),
    extra("presentation others_share", fixed.presented),
    extra("available_from", fixed.available),
)


def contract_signed(fact: Words, known: Survey) -> Does:
    deal = read_deal(fact, known, SHAPES, EXTRAS)
    yield from opened(fact, deal)
    yield from billed(fact, known, deal)


def criteria_met(fact: Words, known: Survey) -> Does:
    """From now on it is a contract."""
    yield submit(fact, f"contract:{the_contract(fact, known)}", MeetCriteria(when=when(fact)))


def customer_payment_promised(fact: Words, known: Survey) -> Does:
    """Payable to the customer from now on, but for what it gives in return."""
    fair = fact.money("fair_value_received") if fact.has("fair_value_received") else 0
    command = PromiseCustomerPayment(
        when=when(fact), amount_minor=fact.money("amount"), fair_value_minor=fair
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def shares_received(fact: Words, known: Survey) -> Does:
    """So many of the shares came, worth so much by then."""
    command = ReceiveNonCash(
        when=when(fact),
        name=uncertain.SHARES,
        quantity=fact.units("quantity"),
        unit_value=fact.price("fair_value") if fact.has("fair_value") else None,
    )
    yield submit(fact, f"contract:{the_contract(fact, known)}", command)


def agreement_signed(fact: Words, known: Survey) -> Does:
    """It is no contract while nobody expects the customer to pay."""
    promise = Obligation(obligation=known.promise, pattern="point-in-time")
    deal = Deal(
        obligations=(promise,),
        price_minor=fact.money("promised_consideration"),
        criteria_met=fact.flag("collectability_probable"),
    )
    yield from opened(fact, deal)
