"""What may go back of what is neither billed nor due (ASC 606-10-32-10 and 45-3, IFRS 15.55, 107).

A sells for 400.00, and a tenth of that is expected back; B for 600.00. Nothing is due before B is
delivered.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from domain.accounting.rules import rule_of
from domain.accounting.schedule import Schedule
from domain.contract_facts import PriceEstimated, VariableAmount
from domain.due import due
from domain.facts import Event
from domain.invoice_facts import InvoiceIssued
from tests.domain.contracting import (
    CALENDAR,
    FAR,
    balance,
    billed,
    on,
    opened,
    point,
    revenue,
    satisfied,
    scheduled,
    units,
)
from tests.domain.test_foreign_contracts import bill
from tests.domain.test_foreign_contracts import opened as open_abroad
from tests.domain.test_foreign_contracts import satisfied as satisfy
from tests.domain.test_foreign_currency import Ledger, balanced

A, B = point("a", 0, price_minor=400_00), point("b", 0, price_minor=600_00)
RETURNS = VariableAmount(name="returns", conceded_percent=Decimal(10), obligations=("a",))
DEAL = opened("2024-01-01", A, B, variable=(RETURNS,), right_after="b")
ACCOUNTS = ("unbilled-receivable", "contract-asset", "refund-liability", "contract-liability")


def stands(schedule: Schedule, day: str) -> list[int]:
    return [balance(schedule, account, day) for account in ACCOUNTS]


def told(*said: Event, deal: Event = DEAL) -> Schedule:
    return scheduled(deal, satisfied("2024-01-15", "a"), *said)


def line_of(name: str, day: str, minor: int) -> InvoiceIssued:
    event = billed(day, minor)
    return structs.replace(event, lines=(structs.replace(event.lines[0], obligation=name),))


def test_before_it_is_due_it_lowers_the_contract_asset_then_it_is_owed_back() -> None:
    schedule = told(satisfied("2024-03-10", "b"))

    assert stands(schedule, "2024-02-29") == [0, 360_00, 0, 0]
    assert stands(schedule, "2024-03-31") == [1000_00, 0, -40_00, 0]
    assert revenue(schedule, "2024-01-01", "2024-03-31") == 960_00


def test_what_is_due_by_its_own_price_may_go_back_although_it_is_not_billed() -> None:
    """As any right to payment (ASC 606-10-45-4, IFRS 15.108)."""
    schedule = told(deal=structs.replace(DEAL, right_after=None))

    assert stands(schedule, "2024-01-31") == [400_00, 0, -40_00, 0]


@pytest.mark.parametrize(
    ("invoice", "then"),
    [
        # 390.00 of A are billed: 10.00 are not, and would go back; 30.00 of what is billed do.
        (line_of("a", "2024-02-10", 390_00), [0, 0, -30_00, 0]),
        # 100.00 of all are billed: more than would go back.
        (billed("2024-02-10", 100_00), [0, 300_00, -40_00, 0]),
        (billed("2024-02-10", 15_00), [0, 360_00, -15_00, 0]),
        # 15.00 are billed of B ahead.
        (line_of("b", "2024-02-10", 15_00), [0, 360_00, -15_00, 0]),
        (billed("2024-02-10", 500_00), [0, 0, -40_00, -100_00]),
    ],
)
def test_what_is_billed_is_owed_back_as_far_as_it_may_go_back(
    invoice: InvoiceIssued, then: list[int]
) -> None:
    schedule = told(invoice)

    assert stands(schedule, "2024-01-31") == [0, 360_00, 0, 0]
    assert stands(schedule, "2024-02-29") == then


def test_what_is_billed_of_one_promise_is_no_more_than_that_of_another() -> None:
    """390.00 of A are billed, and B is delivered; nothing is due before C is."""
    deal = opened(
        "2024-01-01", A, B, point("c", 0, price_minor=1_00), variable=(RETURNS,), right_after="c"
    )
    schedule = told(line_of("a", "2024-02-10", 390_00), satisfied("2024-02-11", "b"), deal=deal)

    assert stands(schedule, "2024-02-29") == [0, 600_00, -30_00, 0]


def test_what_may_go_back_of_what_is_due_stays_owed_beside_a_contract_asset() -> None:
    """Units are due as delivered, 1,100.00 for all of them when all are."""
    deal = opened(
        "2024-01-01",
        units("a", "10", "40"),
        units("b", "1", "40"),
        price_minor=110_00,
        variable=(RETURNS,),
    )
    schedule = scheduled(deal, satisfied("2024-01-15", "a", "10"))

    assert stands(schedule, "2024-01-31") == [400_00, 100_00, -40_00, 0]


@pytest.mark.parametrize(
    ("minor", "then"),
    [(0, [400_00, 60_00, 0, 0]), (430_00, [0, 30_00, 0, 0]), (480_00, [0, 0, -20_00, 0])],
)
def test_of_a_lump_beside_prices_of_their_own_only_what_is_billed_may_go_back(
    minor: int, then: list[int]
) -> None:
    """100.00 are stated beside, of which 60.00 are expected: the units are due, and 100.00 are not
    before they are billed. Of what is billed what will be kept counts as paid first.
    """
    bonus = VariableAmount(name="bonus", stated_minor=100_00, estimate_minor=60_00)
    deal = opened("2024-01-01", units("a", "10", "40"), variable=(bonus,))
    said = (billed("2024-01-31", minor),) if minor else ()
    schedule = scheduled(deal, satisfied("2024-01-15", "a", "10"), *said)

    assert stands(schedule, "2024-01-31") == then


def test_stated_in_another_way_it_is_held_in_that_way() -> None:
    """A tenth of the units comes back; then that is not expected, and 40.00 of 100.00 beside."""
    tenth = VariableAmount(name="returns", conceded_percent=Decimal(10))
    beside = VariableAmount(name="returns", stated_minor=100_00, estimate_minor=60_00)
    deal = opened("2024-01-01", units("a", "10", "40"), variable=(tenth,))
    anew = PriceEstimated(when=on("2024-02-10"), variable=(beside,))
    schedule = scheduled(deal, satisfied("2024-01-15", "a", "10"), anew)

    assert stands(schedule, "2024-01-31") == [400_00, 0, -40_00, 0]
    assert stands(schedule, "2024-02-29") == [400_00, 60_00, 0, 0]


def test_what_is_shown_as_billed_beyond_service_takes_no_part() -> None:
    schedule = scheduled(
        DEAL,
        satisfied("2024-01-15", "a"),
        billed("2024-01-10", 500_00),
        overbilled="negative-unbilled",
    )

    assert balance(schedule, "refund-liability", "2024-01-31") == -40_00


def test_it_is_a_reclass_pair_that_says_its_rule() -> None:
    balances = due(told(), FAR, CALENDAR)
    rows = {
        (slot.account, slot.kind): (row.minor, row.rule)
        for slot, row in balances.items()
        if slot.kind == "refund-conditional"
    }

    assert rows == {
        ("refund-liability", "refund-conditional"): (40_00, "refund-conditional@1"),
        ("contract-liability", "refund-conditional"): (-40_00, "refund-conditional@1"),
    }
    assert rule_of("refund-conditional@1").paragraphs == (
        "ASC 606-10-32-10, 45-3",
        "IFRS 15.55, 107",
    )


def test_abroad_it_leaves_the_contract_asset_at_its_cost_and_is_told_anew_with_it() -> None:
    """360.00 at 1.10, told at 1.20; with B 1,000.00 is due and 40.00 owed back, both at 1.30."""
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.30"), (4, 30, "1.30")):
        ledger.rate(month, last, rate)
    open_abroad(ledger, A, B, variable=(RETURNS,), right_after="b")
    satisfy(ledger, 1, 15, "a")
    ledger.run(1, 31)
    assert ledger.stands("contract-asset") == 396_00
    assert ledger.stands("refund-liability") == ledger.stands("contract-liability") == 0

    ledger.run(2, 29)
    assert ledger.stands("contract-asset") == 432_00
    assert ledger.stands("refund-liability") == 0

    satisfy(ledger, 3, 10, "b")
    ledger.run(3, 31)
    assert ledger.stands("unbilled-receivable") == 1300_00
    assert ledger.stands("refund-liability") == -52_00
    assert ledger.stands("contract-asset") == ledger.stands("contract-liability") == 0
    assert ledger.stands("currency-exchange") == -72_00

    bill(ledger, "i1", 4, 10, 1000_00, "1.30")
    ledger.run(4, 30)
    assert ledger.stands("unbilled-receivable") == ledger.stands("contract-liability") == 0
    assert ledger.stands("refund-liability") == -52_00
    assert balanced(ledger)
