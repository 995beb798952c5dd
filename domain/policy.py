"""Elections per book as options of a closed schema: no free text, no callable, no amount of money.

Streams are `policy:BOOK`. A policy fact posts nothing by itself; the next run does. An obligation
follows the policy in force at its inception.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.rates import OWN

RATE_AGE_DAYS_MAX = 366

# How exactly a percentage is taken: to so many places, or as it is.
Percent = Literal["exact", "whole", "tenths", "hundredths"]
PLACES: dict[str, int] = {"whole": 0, "tenths": 1, "hundredths": 2}


ReceivableAt = Literal["by-right", "issue", "due", "service-start"]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every election; docs/reference/policy.md says who would want each and why."""

    ratable_by: Literal["day", "month", "half-month", "instant"] = "day"
    month_ends: Literal["prorated", "last-month-cut-off"] = "prorated"
    closed_period_date: Literal["first-day", "day-recorded"] = "first-day"
    void_default: Literal["as-if-never", "from-now"] = "as-if-never"
    given_back: Literal["by-document", "contra-revenue"] = "by-document"
    after_cancellation: Literal["stop", "run-on"] = "stop"
    breakage: Literal["proportional", "remote"] = "proportional"
    subscription_price: Literal["shared", "as-charged"] = "shared"
    discounts: Literal["by-evidence", "to-all"] = "by-evidence"
    financing: Literal["adjusted", "not-adjusted"] = "adjusted"
    allocation_unit: Literal["minor", "whole"] = "minor"
    allocation_percent: Percent = "exact"
    progress_percent: Percent = "exact"
    remaining_of_a_year: Literal["shown", "left-out"] = "shown"
    remaining_allocated: Literal["shown", "left-out"] = "shown"
    overbilled: Literal["liability", "negative-unbilled"] = "liability"
    remeasure: Literal["period-end", "realised-only"] = "period-end"
    rate_source: str = OWN
    rate_age_days: int = 4
    cross_rates: Literal["refused", "common-currency"] = "refused"
    receivable_at: ReceivableAt = "by-right"
    served_before_issue: Literal["as-served", "at-issue"] = "as-served"


# ASC 250-10-45-5 to 45-7, IAS 8.19: from a date on, or as if it had always been so.
Transition = Literal["prospective", "retrospective"]


class PolicyAdopted(Event, frozen=True, kw_only=True, tag="policy-adopted"):
    """The elections in force from `effective` on; retrospectively, in place of all before as well.

    What a retrospective adoption moves of closed periods is booked in the open one, as ever.
    """

    options: Options
    transition: Transition = "prospective"


class AdoptPolicy(
    Struct, frozen=True, kw_only=True, tag="adopt-policy", forbid_unknown_fields=True
):
    """Elect options for a book from a date on."""

    when: When
    options: Options
    transition: Transition = "prospective"


def evolve(state: None, fact: Fact) -> None:
    """Elections stand each for themselves; which is in force is read by effective date."""
    del state
    assert isinstance(fact.event, PolicyAdopted), fact


def decide(command: AdoptPolicy, state: None, context: Context) -> tuple[Event, ...]:
    """The options are a closed schema, and a book may elect before it opens."""
    del state, context
    require_name(command.options.rate_source, "options.rate_source")
    days = command.options.rate_age_days
    if not 0 <= days <= RATE_AGE_DAYS_MAX:
        raise Rejected("rate-age-out-of-range", field="options.rate_age_days", days=days)
    return (PolicyAdopted(**structs.asdict(command)),)


DECIDER: Decider[None, AdoptPolicy] = Decider(
    category="policy",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(AdoptPolicy,),
    events=(PolicyAdopted, Retracted),
)
