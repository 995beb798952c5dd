"""Other names that authors have for events and fields, brought to those of the schema.

A name is read for another only where the event does not know it itself and knows the other. What
has no other name here stays as it is, and is refused by the schema.
"""

from __future__ import annotations


def _each(name: str, *others: str) -> dict[str, str]:
    return dict.fromkeys(others, name)


# What authors call an event, and the event of the schema.
EVENTS: dict[str, str] = {
    **_each("contract_signed", "contract_started", "contract_entered", "contract_inception"),
    **_each(
        "contract_signed", "contract_booked", "contract_created", "order_signed", "order_booked"
    ),
    **_each("contract_modified", "contract_amended", "amendment_signed", "contract_changed"),
    **_each("contract_modified", "modification_agreed", "change_order_approved", "change_order"),
    **_each("contract_modified", "contract_extended", "contract_renewed", "subscription_changed"),
    **_each("obligation_satisfied", "performance_obligation_satisfied", "goods_delivered"),
    **_each(
        "obligation_satisfied", "product_delivered", "goods_transferred", "product_transferred"
    ),
    **_each("obligation_satisfied", "licence_delivered", "license_delivered", "service_completed"),
    **_each("control_transferred", "control_passed"),
    **_each("units_transferred", "units_delivered", "units_shipped", "goods_shipped"),
    **_each("payment_received", "cash_received", "payment_collected", "cash_collected"),
    **_each("payment_received", "advance_received", "customer_paid", "invoice_paid"),
    **_each("invoice_issued", "invoice_sent", "invoice_finalized", "invoice_finalised"),
    **_each("invoice_issued", "invoice_created", "invoice_raised", "invoice_posted"),
    **_each("credit_note_issued", "credit_memo_issued", "credit_note_created", "credit_issued"),
    **_each("refund_issued", "refund_paid", "refund_made", "cash_refunded", "payment_refunded"),
    **_each("invoice_marked_uncollectible", "invoice_written_off", "receivable_written_off"),
    **_each("dispute_opened", "dispute_created", "chargeback_opened", "chargeback_received"),
    **_each("dispute_won", "chargeback_won"),
    **_each("dispute_lost", "chargeback_lost"),
    **_each("usage_reported", "usage_recorded", "usage_received", "usage_occurred"),
    **_each("period_closed", "books_closed", "month_closed", "period_locked"),
    **_each("fx_rate", "exchange_rate", "closing_rate", "spot_rate", "rate_published"),
    **_each("estimate_made", "initial_estimate", "estimate_recorded"),
    **_each("estimate_revised", "estimate_updated", "estimate_changed", "estimate_reassessed"),
    **_each("variable_consideration_resolved", "uncertainty_resolved", "variable_resolved"),
    **_each("contract_terminated", "contract_cancelled", "contract_canceled", "contract_ended"),
    **_each("subscription_cancelled", "subscription_canceled", "subscription_terminated"),
    **_each("progress_measured", "progress_reported", "progress_updated"),
    **_each("sales_reported", "sales_occurred", "licensee_sales_reported"),
    **_each("royalty_earned", "royalty_reported"),
    **_each("credits_used", "credits_consumed", "credits_redeemed"),
    **_each("option_exercised", "material_right_exercised", "renewal_option_exercised"),
    **_each("option_expired", "option_lapsed", "material_right_expired", "material_right_lapsed"),
    **_each("milestone_reached", "milestone_achieved", "milestone_completed", "milestone_met"),
    **_each("criteria_met", "contract_criteria_met"),
    **_each("modification_deleted", "modification_undone", "modification_reversed"),
}
# What of these hands over units where it says how many.
OF_UNITS = ("goods_delivered", "product_delivered", "goods_transferred", "product_transferred")
# What authors call a field, and the fields it may be, the first that the event knows.
NAMES: dict[str, tuple[str, ...]] = {}


def _also(fields: str, *others: str) -> None:
    for other in others:
        NAMES[other] = (*NAMES.get(other, ()), *fields.split())


_also("amount", "contract_price", "contract_value", "total_price", "total_contract_value")
_also("amount", "fixed_price", "fixed_fee", "fixed_consideration", "total_amount")
_also("monthly", "monthly_price", "price_per_month", "fee_per_month", "monthly_rate")
_also("annual_fee", "annual_price", "yearly_fee", "price_per_year", "fee_per_year")
_also("months", "duration_months", "contract_months", "term_in_months")
_also("years", "term_years", "duration_years", "contract_years")
_also("service_from", "start", "start_date", "service_start")
_also("ssp", "standalone_selling_prices", "stand_alone_selling_prices", "standalone_prices")
_also("ssp", "standalone_selling_price", "stand_alone_selling_price", "ssps")
_also("upfront_fee", "up_front_fee", "setup_fee", "set_up_fee", "activation_fee", "joining_fee")
_also("upfront_fee", "non_refundable_fee", "nonrefundable_fee", "onboarding_fee")
_also("upfront_fee", "implementation_fee", "registration_fee")
_also("customer_life_months", "expected_customer_life_months", "expected_life_months")
_also("customer_life_years", "expected_customer_life_years", "expected_life_years")
_also("unit_price", "price_per_unit")
_also("units", "number_of_units", "units_delivered", "units_shipped")
_also("percent_complete", "percentage_complete", "completion_percent", "progress_percent")
_also("costs_incurred", "costs_to_date", "cumulative_costs", "cost_incurred")
_also("expected_total_costs", "estimated_total_costs", "total_expected_costs", "budgeted_costs")
_also("expected_costs", "estimated_costs", "estimated_total_costs", "total_expected_costs")
_also("expected_costs", "expected_total_costs", "budgeted_costs")
_also("cash_price", "cash_selling_price")
_also("rate_annual", "annual_rate", "discount_rate", "discount_rate_annual", "interest_rate")
_also("fx_rate", "rate", "exchange_rate", "spot_rate")
_also("rate", "fx_rate", "exchange_rate", "closing_rate", "spot_rate")
_also("expected_return_percent", "expected_returns_percent", "return_rate_percent")
_also("expected_returns", "expected_return_units", "units_expected_back")
_also("breakage_percent", "expected_breakage_percent", "breakage_rate_percent")
_also("points_to_be_redeemed", "expected_redemptions", "points_expected_to_be_redeemed")
_also("refund", "refund_amount")
_also("bonus", "performance_bonus", "bonus_amount")
_also("penalty", "penalty_amount", "late_penalty")
_also("payable_to_customer", "consideration_payable", "payment_to_customer")
_also("termination_fee", "termination_penalty", "cancellation_fee", "early_termination_fee")
_also("non_cancellable", "noncancellable", "non_cancelable")
_also("cancellable", "cancelable")
_also("price_change", "change_in_price", "price_adjustment")
_also("added_units", "additional_units")
_also("added_unit_price", "additional_unit_price")
_also("extension_months", "additional_months", "extended_months")
_also("extension_years", "additional_years", "extended_years")
_also("notice_days", "notice_period_days")
_also("period", "month")
_also("number", "invoice_number", "credit_note_number")
_also("invoice", "invoice_number", "invoice_id")
_also("contract", "contract_id")
