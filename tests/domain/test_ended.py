"""What is owed back of a deal that ended (ASC 606-10-32-10 and 45-2, IFRS 15.55 and 106).

A year for 1,200.00, by months; it ends after three of them, and 900.00 go back.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from msgspec import structs

from domain.accounting.schedule import Schedule
from domain.contract_facts import ContractModified, ContractTerminated
from domain.due import due
from domain.explain import Step
from domain.facts import Event, When
from domain.invoice_facts import CreditIssued, CreditLine
from domain.service import SubscriptionPaused
from domain.subscription import Refund, SubscriptionCancelled
from tests.domain.contracting import (
    CALENDAR,
    YEAR,
    balance,
    billed,
    even,
    on,
    opened,
    point,
    scheduled,
)
from tests.domain.subscribing import credit, flat, invoice, sold, started
from tests.domain.test_debts_in_currency import gained
from tests.domain.test_foreign_contracts import bill
from tests.domain.test_foreign_contracts import opened as open_abroad
from tests.domain.test_foreign_currency import Ledger, balanced, day

SERVICE = even("service", *YEAR)
DEAL = opened("2024-01-01", SERVICE, price_minor=1200_00)
ENDS = ContractTerminated(when=on("2024-04-01"), refund_minor=900_00)
BILL = billed("2024-01-01", 1200_00)
OF_DEALS = ("unbilled-receivable", "refund-liability", "contract-liability")


def credited(day: str, minor: int) -> CreditIssued:
    lines = (CreditLine(line="1", amount_minor=minor),)
    how: Literal["from-now"] = "from-now"
    return CreditIssued(when=on(day), number="C1", treatment=how, purpose="correction", lines=lines)


def stands(schedule: Schedule, day: str) -> list[int]:
    return [balance(schedule, account, day) for account in OF_DEALS]


def test_from_the_end_to_the_credit_note_it_is_a_refund_liability() -> None:
    schedule = scheduled(DEAL, BILL, ENDS, credited("2024-06-10", 900_00))

    assert stands(schedule, "2024-03-31") == [0, 0, -900_00]
    assert stands(schedule, "2024-04-30") == [0, -900_00, 0]
    assert stands(schedule, "2024-05-31") == [0, -900_00, 0]
    assert stands(schedule, "2024-06-30") == [0, 0, 0]


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ((), [300_00, 0, 0]),
        ((billed("2024-01-01", 200_00),), [100_00, 0, 0]),
        ((billed("2024-01-01", 500_00),), [0, -200_00, 0]),
    ],
)
def test_only_what_was_charged_is_owed_back(said: tuple[Event, ...], after: list[int]) -> None:
    assert stands(scheduled(DEAL, *said, ENDS), "2024-04-30") == after


def test_where_nothing_is_owed_back_nothing_says_so() -> None:
    schedule = scheduled(DEAL, billed("2024-01-01", 300_00), ENDS)

    assert not [flow for flow in schedule.flows if flow.kind == "owed-back"]


def test_a_single_minor_unit_is_owed_back_in_the_name_of_the_contract() -> None:
    schedule = scheduled(DEAL, billed("2024-01-01", 300_01), ENDS)
    (owed,) = [flow for flow in schedule.flows if flow.kind == "owed-back"]

    assert (owed.subject, owed.obligation) == ("k1:ended", "service")
    assert stands(schedule, "2024-04-30") == [0, -1, 0]


def test_it_stands_for_the_first_promise_whichever_earned_or_was_billed() -> None:
    deal = opened("2024-01-01", point("goods", 1), SERVICE, price_minor=1200_00)
    (owed,) = [one for one in scheduled(deal, BILL, ENDS).flows if one.kind == "owed-back"]

    assert owed.obligation == "goods"


def test_the_end_that_was_measured_first_counts() -> None:
    again = structs.replace(ENDS, when=on("2024-02-01"), refund_minor=0)
    schedule = scheduled(DEAL, BILL, ENDS, again)

    assert stands(schedule, "2024-01-31") == [0, 0, -1100_00]
    assert stands(schedule, "2024-02-29")[2] == 0


def test_a_part_that_was_credited_is_owed_back_no_more() -> None:
    schedule = scheduled(DEAL, BILL, ENDS, credited("2024-05-10", 250_00))

    assert stands(schedule, "2024-05-31") == [0, -650_00, 0]


def test_a_credit_note_that_is_known_ahead_takes_what_is_owed_with_it() -> None:
    """It has its own date, and does not wait for a run to come to it."""
    schedule = scheduled(DEAL, BILL, ENDS, credited("2024-06-10", 900_00))
    by_may = due(schedule, date(2024, 5, 31), CALENDAR)
    last = {slot.account: (slot.earned, one.minor) for slot, one in by_may.items()}

    assert last["refund-liability"] == (date(2024, 6, 30), 900_00)
    assert sum(one.minor for slot, one in by_may.items() if slot.account in OF_DEALS) == 0


def test_of_two_ends_of_one_day_the_first_is_why() -> None:
    schedule = scheduled(DEAL, BILL, ENDS, structs.replace(ENDS, refund_minor=0))
    (owed,) = [flow for flow in schedule.flows if flow.kind == "owed-back"]

    assert owed.causes == (1, 2, 3)


def test_what_still_goes_on_being_earned_is_no_refund_liability() -> None:
    ends = ContractTerminated(when=on("2024-04-01"), refund_minor=500_00)
    schedule = scheduled(DEAL, BILL, ends, after_cancellation="run-on")

    assert stands(schedule, "2024-04-30") == [0, -500_00, -355_56]


def test_what_the_price_falls_by_after_the_end_is_owed_back_too() -> None:
    less = ContractModified(when=on("2024-05-20"), price_change_minor=-100_00)
    schedule = scheduled(DEAL, BILL, ENDS, less)

    assert stands(schedule, "2024-04-30") == [0, -900_00, 0]
    assert stands(schedule, "2024-05-31") == [0, -1000_00, 0]


@pytest.mark.parametrize(("refund", "back"), [("prorated", 275_00), ("none", 0), ("full", 366_00)])
def test_of_a_subscription_that_was_cancelled(refund: Refund, back: int) -> None:
    """A yearly price of 1.00 a day, billed in advance."""
    prices = {"plan": flat("366", interval_months=12)}
    deal = started("2024-01-01", "2025-01-01", "plan")
    charged = invoice("2024-01-01", ("plan", 366_00, *YEAR))
    ends = SubscriptionCancelled(when=on("2024-04-01"), refund=refund)
    note = (credit("2024-06-10", back, "from-now"),) if back else ()
    schedule = sold(prices, deal, charged, ends, *note, ratable_by="day")
    kept = Step(what="earned of plan in all", value=f"{(366_00 - back) // 100}.00")

    assert all(kept in flow.steps for flow in schedule.flows if flow.kind == "owed-back")
    assert stands(schedule, "2024-03-31") == [0, 0, -max(back, 275_00)]
    assert stands(schedule, "2024-04-30") == [0, -back, 0]
    assert stands(schedule, "2024-06-30") == [0, 0, 0]


def test_a_cancellation_that_was_agreed_later_counts_when_it_was_agreed() -> None:
    prices = {"plan": flat("366", interval_months=12)}
    deal = started("2024-01-01", "2025-01-01", "plan")
    charged = invoice("2024-01-01", ("plan", 366_00, *YEAR))
    when = When(effective=date(2024, 4, 1), agreed_on=date(2024, 5, 10))
    schedule = sold(prices, deal, charged, SubscriptionCancelled(when=when), ratable_by="day")

    assert stands(schedule, "2024-04-30")[1] == 0
    assert stands(schedule, "2024-05-31") == [0, -275_00, 0]


def test_what_makes_an_item_earn_nothing_is_why_it_is_owed_back() -> None:
    """Service that never ran earned nothing, and no amount of it could say so."""
    prices = {"plan": flat("31", interval_months=1)}
    said = (
        started("2024-01-01", "2025-01-01", "plan"),
        invoice("2024-01-01", ("plan", 31_00, "2024-01-01", "2024-02-01")),
        SubscriptionPaused(when=on("2024-01-01")),
        SubscriptionCancelled(when=on("2024-01-21")),
    )
    schedule = sold(prices, *said, ratable_by="day")
    (owed,) = [flow for flow in schedule.flows if flow.rule == "owed-back-at-the-end@1"]

    assert stands(schedule, "2024-01-31") == [0, -31_00, 0]
    assert owed.causes == (1, 2, 3, 4)
    assert owed.steps[:2] == (
        Step(what="ended", value="2024-01-21"),
        Step(what="earned of plan in all", value="0.00"),
    )


def test_from_the_end_on_it_is_owed_in_money_and_told_anew() -> None:
    """ASC 830-10-45-17, IAS 21.16 and 23: what was paid in advance was not, until then."""
    ledger = Ledger()
    for month, last, rate in ((1, 1, "1.10"), (3, 31, "1.20"), (4, 30, "1.30"), (5, 31, "1.40")):
        ledger.rate(month, last, rate)
    open_abroad(ledger, SERVICE, price=1200_00)
    bill(ledger, "i1", 1, 1, 1200_00, "1.10")
    ledger.say("contract:k", ContractTerminated(when=day(4, 1), refund_minor=900_00))
    for month, last in ((3, 31), (4, 30), (5, 31)):
        ledger.run(month, last)

    # 990.00 at their cost, worth 1,170.00 by the end of April and 1,260.00 by that of May.
    assert ledger.moved("refund-liability") == {"2024-04": -1170_00, "2024-05": -90_00}
    assert ledger.stands("contract-liability") == 0
    assert gained(ledger, "2024-05")["refund-liability"] == -90_00
    assert balanced(ledger)
