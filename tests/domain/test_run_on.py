"""After a cancellation service is over; a book may let the schedule of what was billed run on."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

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
