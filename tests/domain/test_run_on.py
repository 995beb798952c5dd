"""After a cancellation service is over; a book may let the schedule of what was billed run on."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.schedule import Schedule
from domain.contract_facts import ContractTerminated
from domain.facts import Event
from domain.invoice_facts import InvoiceLine, InvoiceVoided
from domain.pricing import PerUnit
from domain.subscription import ItemChange, SubscriptionAmended, SubscriptionCancelled
from tests.domain import contracting
from tests.domain.contracting import by_month, even, on, opened
from tests.domain.subscribing import credit, flat, invoice, priced, sold, started

PRICES = {"plan": flat("366", once=True), "more": flat("732", once=True)}
SOLD = started("2024-01-01", "2025-01-01", "plan")
BILLED = invoice("2024-01-01", ("plan", 36_600, "2024-01-01", "2025-01-01"))
DAYS = [3100, 2900, 3100, 3000, 3100, 3000, 3100, 3100, 3000, 3100, 3000, 3100]


def cancelled(agreed: str | None = None, **how: Any) -> SubscriptionCancelled:
    return SubscriptionCancelled(when=on("2024-04-01", agreed), **how)


def earned(*said: Event, run_on: str = "run-on") -> list[int]:
    told = sold(PRICES, SOLD, BILLED, *said, after_cancellation=run_on)
    return by_month(told, "2024-01-01", 12)


def test_service_is_over_where_it_stops() -> None:
    kept = cancelled(refund="none")

    assert earned(cancelled(), run_on="stop") == [*DAYS[:3], *[0] * 9]
    assert earned(kept, run_on="stop") == [*DAYS[:3], 27_500, *[0] * 8]


@pytest.mark.parametrize("refund", ["none", "prorated"])
def test_the_schedule_of_what_was_billed_and_not_given_back_runs_on(refund: str) -> None:
    assert earned(cancelled(refund=refund)) == DAYS


def test_what_was_never_billed_does_not_run_on() -> None:
    told = sold(PRICES, SOLD, cancelled(), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == [*DAYS[:3], *[0] * 9]


def test_a_credit_note_takes_it_back_as_it_says() -> None:
    never = credit("2024-07-01", 27_500, "as-if-never")
    since = credit("2024-07-01", 27_500, "from-now")
    void = InvoiceVoided(when=on("2024-07-01"), treatment="from-now")
    stopped = [*DAYS[:6], -9100, *[0] * 5]

    assert earned(cancelled(), never) == [*DAYS[:3], *[0] * 9]
    assert earned(cancelled(), since) == earned(cancelled(), void) == stopped


def test_part_of_it_given_back_leaves_less_for_the_days_that_are_left() -> None:
    """Of 275.00 for April to December 92.00 go back on 1 July, so 92.00 are left of 184.00."""
    found = earned(cancelled(), credit("2024-07-01", 9200, "from-now"))

    assert found == [*DAYS[:6], 1550, 1550, 1500, 1550, 1500, 1550]


def test_several_lines_run_on_together() -> None:
    """366.00 and, from July on, 184.00 more for the rest of the year, cancelled in October."""
    more = ItemChange(item="plan", price="more")
    upgrade = SubscriptionAmended(when=on("2024-07-01"), items=(more,))
    billed = invoice(
        "2024-01-01",
        ("plan", 36_600, "2024-01-01", "2025-01-01"),
        ("plan", 18_400, "2024-07-01", "2025-01-01"),
    )
    gone = SubscriptionCancelled(when=on("2024-10-01"))
    told = sold(PRICES, SOLD, billed, upgrade, gone, after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == [*DAYS[:6], *(2 * day for day in DAYS[6:])]


def test_what_is_learned_late_is_caught_up_when_it_is_measured() -> None:
    """Agreed on 1 June: the deal takes 61.00 of April and May back, what was billed earns it."""
    assert earned(cancelled("2024-06-01")) == DAYS


def test_the_rest_of_a_promise_that_is_terminated_runs_on_too() -> None:
    deal = opened("2024-01-01", even("plan", "2024-01-01", "2025-01-01"), price_minor=120_000)
    end = ContractTerminated(when=on("2024-05-01"), refund_minor=20_000)

    stopped = contracting.scheduled(deal, end)
    told = contracting.scheduled(deal, end, after_cancellation="run-on")
    assert by_month(stopped, "2024-01-01", 12) == [*[10_000] * 4, 60_000, *[0] * 7]
    assert by_month(told, "2024-01-01", 12) == [*[10_000] * 4, *[7_500] * 8]


def test_what_others_charge_counts_against_their_own_lines() -> None:
    """366.00 and 732.00 a year, both billed whole; lines of an item go on as that item did."""
    billed = invoice(
        "2024-01-01",
        ("plan", 36_600, "2024-01-01", "2025-01-01"),
        ("more", 73_200, "2024-01-01", "2025-01-01"),
    )
    deal = started("2024-01-01", "2025-01-01", "plan", "more")
    told = sold(PRICES, deal, billed, cancelled(), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12, "plan") == DAYS
    assert by_month(told, "2024-01-01", 12, "more") == [2 * day for day in DAYS]


def test_what_is_billed_to_the_day_of_the_end_does_not_run_on() -> None:
    """200.00 were billed of 182 days at 1.00 each."""
    gone = SubscriptionCancelled(when=on("2024-07-01"))
    billed = invoice("2024-01-01", ("plan", 20_000, "2024-01-01", "2024-07-01"))
    told = sold(PRICES, SOLD, billed, gone, after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == [*DAYS[:6], *[0] * 6]


def test_what_is_billed_of_days_after_the_end_is_earned_over_them() -> None:
    billed = invoice("2024-01-01", ("plan", 18_400, "2024-07-01", "2025-01-01"))
    told = sold(PRICES, SOLD, billed, cancelled(), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == [*DAYS[:3], 0, 0, 0, *DAYS[6:]]


def test_the_end_inside_what_is_billed_is_the_one_that_counts() -> None:
    """Not sold in the second half of March; cancelled on the first day of what is billed."""
    gone, back = (
        SubscriptionAmended(when=on(day), items=(change,))
        for day, change in (
            ("2024-03-01", ItemChange(item="plan", removed=True)),
            ("2024-03-15", ItemChange(item="plan", price="plan", quantity=Decimal(1))),
        )
    )
    billed = invoice("2024-04-01", ("plan", 27_500, "2024-04-01", "2025-01-01"))
    told = sold(PRICES, SOLD, gone, back, cancelled(), billed, after_cancellation="run-on")

    assert by_month(told, "2024-04-01", 9) == DAYS[3:]
    assert said(told)["sold no more from"] == "2024-04-01"


def test_without_a_term_what_is_learned_late_runs_on_from_the_end_itself() -> None:
    """Agreed on 1 June; month by month there is no term left for what was earned of April and May
    before, so it is caught up by itself.
    """
    yearly = {"plan": flat("366", interval_months=12)}
    deal = started("2024-01-01", None, "plan")
    told = sold(yearly, deal, BILLED, cancelled("2024-06-01"), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == DAYS
    assert "measured" not in said(told)


@pytest.mark.parametrize(("beyond", "flows"), [(0, 1), (1, 2)])
def test_one_minor_unit_beyond_runs_on_and_nothing_does_not(beyond: int, flows: int) -> None:
    billed = invoice("2024-01-01", ("plan", 9_100 + beyond, "2024-01-01", "2025-01-01"))
    told = sold(PRICES, SOLD, billed, cancelled(), after_cancellation="run-on")

    assert sum(by_month(told, "2024-01-01", 12)) == 9_100 + beyond
    assert sum(flow.kind == "release" for flow in told.flows) == flows


def test_one_minor_unit_given_back_is_not_earned() -> None:
    found = earned(cancelled(), credit("2024-07-01", 1, "from-now"))

    assert sum(found) == 36_599


def said(told: Schedule) -> dict[str, str]:
    return {step.what: step.value for step in told.flows[-1].steps}


def test_explain_names_when_it_was_measured_if_that_is_later_than_the_end() -> None:
    late, in_time = (
        sold(PRICES, SOLD, BILLED, cancelled(agreed), after_cancellation="run-on")
        for agreed in ("2024-06-01", None)
    )

    assert said(late)["measured"] == "2024-06-01"
    assert "measured" not in said(in_time)


def test_explain_names_what_was_billed_and_when_the_item_ended() -> None:
    told = sold(PRICES, SOLD, BILLED, cancelled(), after_cancellation="run-on")
    steps = [(step.what, step.value) for step in told.flows[-1].steps]

    assert ("plan@2000-01-01 billed to 2025-01-01", "366.00") in steps
    assert ("sold no more from", "2024-04-01") in steps
    assert told.flows[-1].causes == (1, 2, 3)


def test_only_what_is_earned_evenly_runs_on() -> None:
    calls = priced(PerUnit(unit_amount=Decimal(1)), meter="calls")
    billed = invoice(
        "2024-01-01",
        ("plan", 36_600, "2024-01-01", "2025-01-01"),
        ("calls", 36_600, "2024-01-01", "2025-01-01"),
    )
    deal = started("2024-01-01", "2025-01-01", "plan", "calls")
    prices = {**PRICES, "calls": calls}
    told = sold(prices, deal, billed, cancelled(), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == DAYS


def test_a_line_without_a_period_runs_on_to_nowhere() -> None:
    line = InvoiceLine(line="1", amount_minor=36_600, subscription="s", obligation="plan")
    billed = structs.replace(BILLED, lines=(line,))
    told = sold(PRICES, SOLD, billed, cancelled(), after_cancellation="run-on")

    assert by_month(told, "2024-01-01", 12) == [*DAYS[:3], *[0] * 9]
