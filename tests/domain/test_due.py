"""A schedule cut into slots: from an edge on, past the calendar, and explained slot by slot."""

from __future__ import annotations

from datetime import date

import pytest

from domain.accounting.curves import Steps
from domain.accounting.schedule import Flow, Paper, Schedule
from domain.calendar import Calendar, months
from domain.contract_facts import ContractModified, Fee, ObligationSatisfied
from domain.due import by_period, due
from domain.errors import Rejected
from domain.explained import explain
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from tests.domain.contracting import CALENDAR, balance, billed, even, on, opened, point, scheduled

YEAR = ("2024-01-01", "2025-01-01")
END = date(2025, 1, 31)
ROWS = (
    point("licence", price_minor=300_00, ssp_minor=600_00),
    even("service", *YEAR, 600_00, price_minor=1200_00),
    # Begins with the last day of a month, and ends with one.
    even("short", "2024-01-31", "2024-03-01", price_minor=50_00),
)


def sold(**options: object) -> Schedule:
    return scheduled(
        opened("2024-01-01", *ROWS),
        ObligationSatisfied(when=on("2024-01-31"), obligation="licence"),
        billed("2024-02-29", 200_00),
        ContractModified(when=on("2024-04-15"), price_change_minor=-90_00),
        billed("2024-06-30", 500_00, 2),
        billed("2024-12-01", 760_00, 3),
        ratable_by="day",
        **options,
    )


@pytest.mark.parametrize("edge", [period.last for period in months(date(2023, 12, 1), 13)])
def test_what_is_cut_from_an_edge_on_is_what_the_whole_is_after_it(edge: date) -> None:
    schedule = sold()
    whole = due(schedule, END, CALENDAR)
    cut = due(schedule, END, CALENDAR, edge)

    assert cut == {slot: amount for slot, amount in whole.items() if slot.earned > edge}


def test_what_is_presented_comes_to_nothing_when_all_is_billed() -> None:
    schedule = sold()

    # 1550.00 by 600, 600 and 50. January: 744.00, 63.02 and 2.07 are earned; 300.00, 101.64 and
    # 1.67 are due for that.
    days = ("2024-01-31", "2024-12-31")
    assert [balance(schedule, "unbilled-receivable", day) for day in days] == [403_31, 0]
    assert [balance(schedule, "contract-asset", day) for day in days] == [405_78, 0]
    assert [balance(schedule, "contract-liability", day) for day in days] == [0, 0]


@pytest.mark.parametrize("first", [date(2024, 2, 1), date(2023, 1, 1)])
def test_what_has_no_period_waits_for_one(first: date) -> None:
    with pytest.raises(Rejected) as no:
        due(sold(), END, Calendar(months(first, 13)))

    assert no.value.code == "no-period"


@pytest.mark.parametrize(
    ("first", "count"),
    # From its second month on, up to the one before its last, and all before and after it.
    [(date(2024, 2, 1), 24), (date(2023, 12, 1), 12), (date(2023, 1, 1), 6), (date(2025, 2, 1), 6)],
)
def test_what_goes_on_beyond_the_calendar_has_no_period(first: date, count: int) -> None:
    schedule = scheduled(opened("2024-01-01", even("service", *YEAR, 600_00, price_minor=1200_00)))
    (flow,) = schedule.flows

    with pytest.raises(Rejected) as no:
        by_period(flow, date(2024, 12, 31), Calendar(months(first, count)))

    assert no.value.context == {"first": "2024-01-01", "last": "2024-12-31"}


def test_every_slot_is_explained_by_flows_that_sum_to_it() -> None:
    schedule = sold()

    for slot, amount in due(schedule, END, CALENDAR).items():
        rows = explain(schedule, slot, END, CALENDAR)
        assert rows
        if slot.kind in ("release", "billing"):
            assert sum(row.minor for row in rows) == amount.minor


def test_what_is_billed_of_service_that_is_over_may_stand_below_what_is_due() -> None:
    fees = tuple(
        Fee(amount_minor=minor, service_from=date(year, 1, 1), service_to=date(year + 1, 1, 1))
        for year, minor in ((2024, 200_00), (2025, 100_00))
    )
    service = even("service", "2024-01-01", "2026-01-01", fees=fees)
    line = InvoiceLine(
        line="1",
        amount_minor=200_00,
        service_from=date(2024, 1, 1),
        service_to=date(2025, 1, 1),
        contract="k1",
    )
    bill = InvoiceIssued(
        when=on("2024-01-01"),
        customer="c1",
        currency="USD",
        number="I1",
        due_on=date(2024, 1, 1),
        lines=(line,),
    )
    deal = opened("2024-01-01", service)
    habit = scheduled(deal, bill, overbilled="negative-unbilled")
    days = ("2024-01-31", "2024-12-31", "2025-03-31", "2025-12-31")

    # 16.67 of 200.00 is served, 12.50 of 300.00 earned; then 200.00 and 150.00, 187.50, all.
    found = [balance(habit, "unbilled-receivable", day) for day in days]
    assert found == [-4_17, -50_00, -12_50, 100_00]
    found = [balance(scheduled(deal, bill), "unbilled-receivable", day) for day in days]
    assert found == [0, 0, 0, 100_00]


@pytest.mark.parametrize("through", [date(2024, 1, 1), date(2024, 1, 15), date(2024, 3, 31)])
def test_what_documents_charge_goes_off_on_their_days_from_its_own_first_day_on(
    through: date,
) -> None:
    """100.00 charged on 1 January, of which a document of 10 March takes all back."""
    marks = ((date(2024, 1, 1), 100_00), (date(2024, 3, 10), 0))
    flow = Flow(
        kind="refund-owed",
        subject="goods",
        legs=(("contract-liability", 1), ("refund-liability", -1)),
        curve=Steps(marks),
        causes=(1,),
        rule="beyond-notice@1",
        charged=(Paper(date(2024, 1, 1), 100_00), Paper(date(2024, 3, 10), -100_00)),
    )
    found = [(period.last, minor) for period, minor in by_period(flow, through, CALENDAR)]

    assert [row for row in found if row[1]] == [
        (date(2024, 1, 31), 100_00),
        (date(2024, 3, 31), -100_00),
    ]
