"""Revenue of what single lines bill: cut as if never or from now, conceded, as invoiced."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import structs

from domain.accounting.curves import At, first_day, last_day, standing
from domain.accounting.documents import BilledLine, billed_lines
from domain.accounting.invoices import concessions, invoiced_flows, line_revenue, not_before
from domain.accounting.schedule import Flow, stands, totals
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from tests.domain.given import fact, on

JANUARY, NEXT_YEAR = date(2024, 1, 1), date(2025, 1, 1)


def billed(*events: Event, **how: object) -> BilledLine:
    """A line of 366.00 for 2024, 1.00 a day, and what comes after it."""
    fields = {"amount_minor": 366_00, "service_from": JANUARY, "service_to": NEXT_YEAR, **how}
    line = InvoiceLine(line="1", **fields)  # type: ignore[arg-type]
    issued = InvoiceIssued(
        when=on(1, 10), customer="c", currency="USD", number="1", due_on=JANUARY, lines=(line,)
    )
    rows = [fact(at, stream="invoice:i", event=one) for at, one in enumerate((issued, *events), 1)]
    (row,) = billed_lines(rows)
    return row


def credit(month: int, minor: int, treatment: str = "from-now") -> CreditIssued:
    return CreditIssued(
        when=on(month, 1),
        number=f"C{month}",
        lines=(CreditLine(line="1", amount_minor=minor),),
        treatment=treatment,  # type: ignore[arg-type]
    )


def told(flow: Flow) -> list[tuple[str, str]]:
    return [(step.what, step.value) for step in flow.steps]


def test_each_credit_from_now_on_spreads_what_the_one_before_left() -> None:
    row = billed(credit(4, 27_50), credit(7, 18_40))
    flows = line_revenue(row, "day")

    # 91 days; 247.50 over 275 days; what is left of 320.10 after 81.90 more, over 184.
    assert stands(flows, date(2024, 3, 31)) == 91_00
    assert stands(flows, date(2024, 6, 30)) == 91_00 + 81_90
    assert totals(flows) == 320_10
    assert stands(flows, date(2024, 7, 1)) == 172_90 + 80
    assert told(flows[-1]) == [
        ("amount of the line", "366.00"),
        ("price of the line", "366.00"),
        ("C4", "-27.50"),
        ("price before the cut", "338.50"),
        ("cut", "18.40"),
        ("left to earn", "147.20"),
        ("earned evenly by day", "2024-07-01 to 2025-01-01"),
    ]
    assert [flow.causes for flow in flows] == [(1, 2), (1, 2, 3), (1, 2, 3)]


def test_what_was_never_is_told_as_part_of_the_price() -> None:
    (flow,) = line_revenue(billed(credit(7, 18_30, "as-if-never")), "day")

    assert stands((flow,), JANUARY) == 95
    assert told(flow)[:3] == [
        ("amount of the line", "366.00"),
        ("C7", "-18.30"),
        ("price of the line", "347.70"),
    ]
    assert flow.causes == (1, 2)


def test_a_void_takes_all_back_on_its_day_and_so_does_a_credit_after_the_service() -> None:
    void = line_revenue(billed(InvoiceVoided(when=on(4, 1), treatment="from-now")), "day")
    late = line_revenue(billed(credit(2, 6_00), service_to=date(2024, 2, 1)), "day")

    assert [stands(void, date(2024, *day)) for day in ((3, 31), (4, 1))] == [91_00, 0]
    assert (last_day(void[-1].curve), totals(void)) == (date(2024, 4, 1), 0)
    assert late[-1].curve == At(date(2024, 2, 1), -6_00)


def test_by_months_a_credit_inside_one_counts_from_its_first_day() -> None:
    row = billed(credit(7, 60_00), amount_minor=1200_00)
    inside = billed(
        CreditIssued(
            when=on(7, 20),
            number="C",
            lines=(CreditLine(line="1", amount_minor=60_00),),
            treatment="from-now",
        ),
        amount_minor=1200_00,
    )

    for one in (row, inside):
        flows = line_revenue(one, "month")
        assert [stands(flows, date(2024, *day)) for day in ((6, 30), (7, 31))] == [600_00, 690_00]


@pytest.mark.parametrize("edge", [{"service_from": None}, {"service_to": None}])
def test_a_line_without_a_whole_period_is_earned_as_it_is_invoiced(edge: dict[str, None]) -> None:
    row = billed(credit(4, 27_50), credit(7, 18_40, "as-if-never"), **edge)
    flows = line_revenue(row, "day")

    assert [flow.curve for flow in flows] == [
        At(date(2024, 1, 10), 366_00),
        At(date(2024, 4, 1), -27_50),
        At(date(2024, 1, 10), -18_40),
    ]
    assert [told(flow)[0] for flow in invoiced_flows(row)] == [
        ("invoiced", "366.00"),
        ("credited", "-27.50"),
        ("credited", "-18.40"),
    ]
    assert [flow.causes for flow in flows] == [(1,), (1, 2), (1, 3)]


def test_what_is_not_for_service_is_no_revenue() -> None:
    row = billed(credit(4, 27_50), kind="tax", service_from=None, service_to=None)

    assert (line_revenue(row, "day"), concessions(row, "day", ())) == ((), ())


def test_a_concession_is_less_revenue_from_its_day_or_from_the_start_of_service() -> None:
    row = billed(credit(4, 27_50), credit(7, 36_60, "as-if-never"))
    now, never = concessions(row, "day", (9,))

    # 0.10 a day for 275 days; 0.10 a day for 366.
    assert (first_day(now.curve), stands((now,), date(2024, 4, 1))) == (date(2024, 4, 1), -10)
    assert (first_day(never.curve), stands((never,), JANUARY)) == (JANUARY, -10)
    assert (totals((now,)), totals((never,))) == (-27_50, -36_60)
    assert told(now)[0] == ("concession", "-27.50")
    assert (now.causes, never.causes) == ((1, 2, 9), (1, 3, 9))
    assert now.subject == row.subject


def test_a_concession_on_what_is_over_or_has_no_period_counts_at_once() -> None:
    over = billed(credit(2, 27_50), service_to=date(2024, 2, 1))
    bare = billed(
        credit(4, 27_50), credit(7, 18_40, "as-if-never"), service_from=None, service_to=None
    )
    half = billed(credit(4, 27_50), service_to=None)

    assert [flow.curve for flow in concessions(over, "day", ())] == [At(date(2024, 2, 1), -27_50)]
    assert [flow.curve for flow in concessions(half, "day", ())] == [At(date(2024, 4, 1), -27_50)]
    assert [flow.curve for flow in concessions(bare, "day", ())] == [
        At(date(2024, 4, 1), -27_50),
        At(date(2024, 1, 10), -18_40),
    ]


def test_by_months_a_concession_in_the_month_after_service_counts_on_its_day() -> None:
    """Service is over when February begins, the month in which the note of the 10th counts."""
    note = structs.replace(credit(2, 27_50), when=on(2, 10))
    over = billed(note, service_to=date(2024, 2, 1))

    (flow,) = concessions(over, "month", ())
    assert flow.curve == At(date(2024, 2, 10), -27_50)


def test_a_book_may_earn_nothing_before_the_line_is_issued_and_then_all_that_was_served() -> None:
    (flow,) = line_revenue(billed(), "day")
    late = not_before(flow, date(2024, 1, 31))

    days = (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 12, 31))
    assert [standing(late.curve, day) for day in days] == [0, 31_00, 32_00, 366_00]
    assert told(late) == [*told(flow), ("earned from the date of the invoice on", "2024-01-31")]
    # Once the service is over, all of it at once.
    assert not_before(flow, NEXT_YEAR).curve == At(NEXT_YEAR, 366_00)
    assert not_before(flow, date(2025, 3, 1)).curve == At(date(2025, 3, 1), 366_00)


def test_what_is_issued_before_its_service_is_earned_with_it() -> None:
    (flow,) = line_revenue(billed(), "day")
    at_once, _ = invoiced_flows(billed(credit(4, 66_00)))

    assert not_before(flow, JANUARY) is flow
    # What is earned at issue knows no service before it.
    assert not_before(at_once, NEXT_YEAR) is at_once


def test_by_months_a_credit_in_the_month_after_the_service_counts_on_its_day() -> None:
    late = CreditIssued(
        when=on(1, 15, year=2025),
        number="C",
        lines=(CreditLine(line="1", amount_minor=66_00),),
        treatment="from-now",
    )
    flows = line_revenue(billed(late), "month")

    days = (date(2024, 12, 31), date(2025, 1, 14), date(2025, 1, 15))
    assert [stands(flows, day) for day in days] == [366_00, 366_00, 300_00]
