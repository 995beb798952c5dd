"""What a contract states for single promises: conceded, stated anew, told before any is kept."""

from decimal import Decimal

from domain.accounting.curves import total
from domain.contract_facts import (
    ContractModified,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from tests.domain.contracting import (
    balance,
    even,
    on,
    opened,
    point,
    revenue,
    scheduled,
    steps,
)


def test_a_concession_that_states_nothing_is_of_what_its_promises_state() -> None:
    goods = Obligation(
        obligation="goods",
        pattern="point-in-time",
        quantity=Decimal(1000),
        unit_price=Decimal("100.00"),
    )
    conceded = VariableAmount(
        name="concession",
        conceded_percent=Decimal(40),
        included_conceded_percent=Decimal(50),
        obligations=("goods",),
    )
    schedule = scheduled(
        opened("2020-12-01", goods),
        ObligationSatisfied(when=on("2020-12-01"), obligation="goods"),
        PriceEstimated(when=on("2020-12-01"), variable=(conceded,)),
    )

    assert revenue(schedule, "2020-12-01", "2020-12-31") == 50_000_00
    assert steps(schedule, "goods")["expected after concession"] == "60000.00"
    assert steps(schedule, "goods")["estimate of concession"] == "-40000.00"
    assert steps(schedule, "goods")["included of concession"] == "-50000.00"


def test_a_price_by_the_unit_takes_the_place_of_one_as_a_whole() -> None:
    plan = even("plan", "2019-01-01", "2020-01-01", quantity=Decimal(12), price_minor=12_000_00)
    anew = Restated(obligation="plan", quantity=Decimal(18), unit_price=Decimal("1000.00"))
    change = ContractModified(when=on("2019-06-01"), price_change_minor=0, restated=(anew,))
    schedule = scheduled(opened("2019-01-01", plan), change)

    assert revenue(schedule, "2019-01-01", "2019-05-31") == 5_000_00
    assert revenue(schedule, "2019-01-01", "2019-12-31") == 18_000_00


def test_a_price_as_a_whole_takes_the_place_of_one_by_the_unit() -> None:
    plan = even(
        "plan", "2019-01-01", "2020-01-01", quantity=Decimal(12), unit_price=Decimal("1000.00")
    )
    anew = Restated(obligation="plan", price_minor=15_000_00)
    change = ContractModified(when=on("2019-06-01"), price_change_minor=0, restated=(anew,))
    schedule = scheduled(opened("2019-01-01", plan), change)

    assert revenue(schedule, "2019-01-01", "2019-12-31") == 15_000_00


def test_what_nobody_kept_yet_tells_its_share_and_what_that_rests_on() -> None:
    rows = (point("A", 40_00), point("B", 60_00))
    schedule = scheduled(opened("2020-01-01", *rows, price_minor=80_00))
    told = {
        memo.subject: (total(memo.curve), {step.what: step.value for step in memo.steps})
        for memo in schedule.memos
        if memo.kind == "promised"
    }

    assert schedule.flows == ()
    assert told["A"][0] == 32_00
    assert told["A"][1]["stand-alone selling price"] == "40.00"
    assert told["A"][1]["transaction price"] == "80.00"


def test_what_is_due_for_a_promise_is_due_once_however_often_its_price_is_estimated() -> None:
    service = even("service", "2024-01-01", "2025-01-01", price_minor=1200_00)
    nothing, bonus = (VariableAmount(name="bonus", estimate_minor=minor) for minor in (0, 60_00))
    schedule = scheduled(
        opened("2024-01-01", service, variable=(nothing,)),
        ContractModified(when=on("2024-04-01"), price_change_minor=90_00),
        PriceEstimated(when=on("2024-07-01"), variable=(bonus,)),
    )

    # Three months at 100, four at 110, seven twelfths of the bonus; due are seven at 100.
    assert balance(schedule, "revenue", "2024-07-31") == -775_00
    assert balance(schedule, "unbilled-receivable", "2024-07-31") == 700_00
    assert balance(schedule, "contract-asset", "2024-07-31") == 75_00
