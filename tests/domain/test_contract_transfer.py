"""How far promises are transferred by what is said of them, and what a change leaves of that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.accounting.contract.costs import AtCost
from domain.accounting.schedule import Schedule
from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ExpectationRevised,
    Milestone,
    Obligation,
    ObligationSatisfied,
    ProgressMeasured,
    Restated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.facts import Event
from tests.domain.contracting import (
    SERVICE,
    balance,
    billed,
    by_month,
    causes,
    on,
    opened,
    point,
    revenue,
    satisfied,
    scheduled,
    steps,
    units,
)


def spent(day: str, minor: int | None, **how: int) -> ProgressMeasured:
    return ProgressMeasured(when=on(day), obligation="work", incurred_minor=minor, **how)


def building(expected: int | None, *said: Event) -> list[int]:
    """Revenue month by month of a building at 1000.00 that is to cost so much."""
    work = Obligation(obligation="work", pattern="percent-complete", expected_cost_minor=expected)
    schedule = scheduled(opened("2024-01-01", work, price_minor=1000_00), *said)
    return by_month(schedule, "2024-01-01", 4)


def revised(day: str, minor: int | None) -> ExpectationRevised:
    return ExpectationRevised(when=on(day), obligation="work", expected_cost_minor=minor)


def percent(day: str, share: str) -> ProgressMeasured:
    return ProgressMeasured(when=on(day), obligation="work", percent=Decimal(share))


# --- costs and percentages ---


def test_what_says_nothing_of_costs_is_no_reason_for_what_is_earned() -> None:
    """Neither an expectation that names none nor that control passed of what costs measure."""
    work = Obligation(obligation="work", pattern="percent-complete", expected_cost_minor=400_00)
    schedule = scheduled(
        opened("2024-01-01", work, price_minor=1000_00),
        spent("2024-01-31", 100_00),
        revised("2024-02-10", None),
        satisfied("2024-02-20", "work"),
        spent("2024-03-31", 400_00),
    )

    assert by_month(schedule, "2024-01-01", 3) == [250_00, 0, 750_00]
    assert {flow.causes for flow in schedule.flows} == {(1, 2, 5)}


def test_of_a_price_of_nothing_materials_earn_nothing() -> None:
    assert AtCost(done=5, every=10).with_share(0, 1, 4) == 0


@pytest.mark.parametrize(
    ("expected", "said", "months"),
    [
        (10, [revised("2024-02-01", 8)], [0, 0, 0, 0]),
        (None, [spent("2024-01-31", 500)], [0, 0, 0, 0]),
        (10, [spent("2024-01-31", None)], [0, 0, 0, 0]),
        (700, [spent("2024-01-31", 420), revised("2024-03-01", 840)], [600_00, 0, -100_00, 0]),
        (700, [spent("2024-01-31", 420), revised("2024-03-01", None)], [600_00, 0, 0, 0]),
        (700, [spent("2024-01-31", 420), percent("2024-02-01", "70")], [600_00, 100_00, 0, 0]),
        (700, [percent("2024-01-31", "70"), spent("2024-02-01", 420)], [700_00, -100_00, 0, 0]),
        # Materials of 200 that are not installed yet depict nothing: 300 of 500.
        (700, [spent("2024-01-31", 500, excluded_minor=200)], [600_00, 0, 0, 0]),
        (200, [spent("2024-01-31", 200, excluded_minor=200)], [0, 0, 0, 0]),
        (700, [spent("2024-01-31", 900)], [1000_00, 0, 0, 0]),
        # Of two reports the costs last expected count.
        (700, [spent("2024-01-31", 420, expected_minor=840), spent("2024-02-29", 630)],
         [500_00, 250_00, 0, 0]),
    ],
)  # fmt: skip
def test_progress_is_what_was_spent_of_what_is_expected_or_as_it_was_measured(
    expected: int | None, said: list[Event], months: list[int]
) -> None:
    assert building(expected, *said) == months


def lift(*said: Event, price: int = 5000_00, materials: int = 1500_00) -> Schedule:
    """A building with a lift that is delivered long before it is installed (example 19)."""
    work = Obligation(
        obligation="work",
        pattern="percent-complete",
        expected_cost_minor=4000_00,
        materials_minor=materials,
    )
    return scheduled(opened("2024-01-01", work, price_minor=price), *said)


HALF_A_MILLION = spent("2024-02-29", 2000_00, materials_minor=1500_00)


@pytest.mark.parametrize(
    ("said", "months"),
    [
        # 20 % of the 3500.00 that are not for the lift, and the lift at its cost.
        ([HALF_A_MILLION], [0, 2200_00, 0, 0]),
        # Before it is delivered, a tenth of the rest alone; what is said once stands.
        ([spent("2024-01-31", 250_00), HALF_A_MILLION, spent("2024-03-31", 2750_00)],
         [350_00, 1850_00, 1050_00, 0]),
        # Dearer than expected: so much less is for the rest.
        ([spent("2024-01-31", 2250_00, materials_minor=1750_00)], [1750_00 + 722_22, 0, 0, 0]),
        ([HALF_A_MILLION,
          ExpectationRevised(when=on("2024-03-01"), obligation="work", materials_minor=2000_00)],
         [0, 2200_00, 50_00, 0]),
        # By a percentage: of what is done beside, and all of it when it is complete.
        ([ProgressMeasured(when=on("2024-01-31"), obligation="work", percent=Decimal(20),
                           materials_minor=1500_00)], [2200_00, 0, 0, 0]),
        ([percent("2024-01-31", "50"), percent("2024-02-29", "100")], [1750_00, 3250_00, 0, 0]),
        # A concession in the middle comes off what is not at cost.
        ([HALF_A_MILLION, ContractModified(when=on("2024-03-01"), price_change_minor=-500_00),
          percent("2024-04-30", "100")], [0, 2200_00, -100_00, 2400_00]),
    ],
)  # fmt: skip
def test_materials_that_show_no_progress_are_earned_at_their_cost(
    said: list[Event], months: list[int]
) -> None:
    assert by_month(lift(*said), "2024-01-01", 4) == months


def test_materials_are_earned_for_no_more_than_the_price() -> None:
    schedule = lift(HALF_A_MILLION, percent("2024-03-31", "100"), price=1000_00)

    assert by_month(schedule, "2024-01-01", 3) == [0, 1000_00, 0]


@pytest.mark.parametrize(
    ("before", "months"),
    [
        # A third of the lift and 20 % beside: 500.00 and 700.00. Of the 4,800.00 that are left then
        # 1,000.00 are for the lift; 40 of the 80 % that remain are half of the others.
        (spent("2024-02-29", 1000_00, materials_minor=500_00), [1200_00, 0, 2900_00, 1900_00]),
        # All of the lift is there: what is left is for the rest of the work alone.
        (HALF_A_MILLION, [2200_00, 0, 1900_00, 1900_00]),
    ],
)
def test_what_a_change_spreads_anew_holds_of_materials_what_is_not_there_yet(
    before: Event, months: list[int]
) -> None:
    anew = ContractModified(
        when=on("2024-03-01"),
        price_change_minor=1000_00,
        treatment="prospective",
        judgement="as counsel found",
    )
    later = spent("2024-04-30", 3000_00, materials_minor=1500_00), percent("2024-05-31", "100")
    schedule = lift(before, anew, *later)

    assert by_month(schedule, "2024-02-01", 4) == months


def test_what_a_change_spreads_anew_holds_the_materials_that_are_still_to_come() -> None:
    anew = ContractModified(
        when=on("2024-02-15"),
        price_change_minor=-100_00,
        treatment="prospective",
        judgement="as counsel found",
    )
    early = spent("2024-01-31", 250_00)
    schedule = lift(early, anew, HALF_A_MILLION, percent("2024-03-31", "100"))

    # 4550.00 are left, 1500.00 of them for the lift; of the rest 10 of the 90 % that are left.
    assert by_month(schedule, "2024-01-01", 3) == [350_00, 1500_00 + 338_89, 2711_11]


def test_materials_that_cost_less_than_was_earned_at_their_cost_leave_the_rest_to_the_work() -> (
    None
):
    anew = ContractModified(
        when=on("2024-02-15"),
        price_change_minor=1000_00,
        treatment="prospective",
        judgement="as counsel found",
    )
    dear = spent("2024-01-31", 2250_00, materials_minor=1750_00)
    less = spent("2024-03-31", 2750_00, materials_minor=1500_00)
    schedule = lift(dear, anew, less, percent("2024-04-30", "100"))

    # 1750.00 and 2 of 9 of what is beside are earned before. Of 3527.78 that are left then 250.00
    # more are for work: 1500.00 is all that the lift cost. 5 of 14 of that is done until March.
    assert by_month(schedule, "2024-01-01", 4) == [2472_22, 0, 1349_21 - 250_00, 2428_57]


def test_work_that_is_done_before_its_materials_come_leaves_them_and_what_is_left() -> None:
    anew = ContractModified(
        when=on("2024-02-15"),
        price_change_minor=100_00,
        treatment="prospective",
        judgement="as counsel found",
    )
    late = spent("2024-03-31", 4000_00, materials_minor=1500_00)
    schedule = lift(spent("2024-01-31", 2500_00), anew, late)

    assert by_month(schedule, "2024-01-01", 3) == [3500_00, 0, 1600_00]


def test_what_is_held_back_of_a_price_goes_along_the_work_and_not_its_materials() -> None:
    rebate = VariableAmount(name="rebate", stated_minor=350_00, included_minor=0)
    work = Obligation(
        obligation="work",
        pattern="percent-complete",
        expected_cost_minor=4000_00,
        materials_minor=1500_00,
    )
    deal = opened("2024-01-01", work, price_minor=5000_00, variable=(rebate,))
    schedule = scheduled(deal, billed("2024-01-01", 5350_00), HALF_A_MILLION)

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 2200_00
    assert balance(schedule, "refund-liability", "2024-02-29") == -70_00


def test_materials_at_cost_are_told() -> None:
    told = steps(lift(HALF_A_MILLION), "work")

    assert told["percent complete"] == "20"
    assert told["materials at cost, minor units"] == "150000 of 150000"


def test_progress_is_told_in_percent() -> None:
    work = Obligation(obligation="work", pattern="percent-complete", expected_cost_minor=300)
    said = opened("2024-01-01", work, price_minor=900_00), spent("2024-01-31", 100)

    assert steps(scheduled(*said), "work")["percent complete"] == "33.333333"


# --- units, milestones, rights, a base ---


def test_units_left_are_told_with_the_price_of_one() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("goods", "12", "100")),
        satisfied("2024-01-10", "goods", "5"),
        ContractModified(when=on("2024-02-01"), price_change_minor=-140_00),
        satisfied("2024-03-01", "goods", "7"),
    )
    told = steps(schedule, "goods")

    assert by_month(schedule, "2024-01-01", 3) == [500_00, 0, 560_00]
    assert told["remaining units"] == "7"
    assert told["unit price"] == "80.00"
    assert told["units transferred"] == "12 of 12"
    assert "remaining units" not in steps(scheduled(opened("2024-01-01", SERVICE)), "service")


def test_of_units_that_are_all_delivered_none_remains_to_be_told() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "100"), SERVICE),
        satisfied("2024-01-10", "goods", "5"),
        ContractModified(
            when=on("2024-02-01"),
            price_change_minor=0,
            restated=(Restated(obligation="goods", quantity=Decimal(5)),),
        ),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 500_00 + 1200_00


def test_a_quantity_cut_to_what_was_delivered_leaves_nothing_unearned() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "100")),
        satisfied("2024-01-10", "goods", "5"),
        ContractModified(
            when=on("2024-02-01"),
            price_change_minor=100_00,
            restated=(Restated(obligation="goods", quantity=Decimal(5)),),
        ),
    )

    assert by_month(schedule, "2024-01-01", 3) == [500_00, 100_00, 0]


def test_milestones_that_weigh_nothing_are_all_done_with_the_first() -> None:
    stages = tuple(Milestone(milestone=name, weight=Decimal(0)) for name in "ab")
    project = Obligation(obligation="project", pattern="milestones", milestones=stages)
    reached = ObligationSatisfied(when=on("2024-02-01"), obligation="project", milestone="a")
    schedule = scheduled(opened("2024-01-01", project, price_minor=100_00), reached)

    assert by_month(schedule, "2024-01-01", 3) == [0, 100_00, 0]


def test_milestones_left_share_what_a_change_leaves() -> None:
    stages = tuple(
        Milestone(milestone=name, weight=Decimal(weight))
        for name, weight in zip("abc", "235", strict=True)
    )
    project = Obligation(
        obligation="project", pattern="milestones", milestones=stages, distinct=True
    )
    reached = [
        ObligationSatisfied(when=on(day), obligation="project", milestone=name)
        for day, name in (("2024-01-10", "a"), ("2024-03-01", "b"), ("2024-04-01", "c"))
    ]
    cut = ContractModified(when=on("2024-02-01"), price_change_minor=-80_00)
    schedule = scheduled(
        opened("2024-01-01", project, price_minor=1000_00), reached[0], cut, *reached[1:]
    )

    # 720.00 is left, three parts and five of eight.
    assert by_month(schedule, "2024-01-01", 4) == [200_00, 0, 270_00, 450_00]


def test_rights_are_told_as_used_of_those_expected() -> None:
    rights = Obligation(
        obligation="rights",
        pattern="as-exercised",
        quantity=Decimal(100),
        breakage_percent=Decimal(20),
    )
    schedule = scheduled(
        opened("2024-01-01", rights, price_minor=800_00),
        RightsExercised(when=on("2024-01-31"), obligation="rights", quantity=Decimal(20)),
        ExpectationRevised(
            when=on("2024-02-10"), obligation="rights", breakage_percent=Decimal(50)
        ),
        RightsExpired(when=on("2024-03-31"), obligation="rights", quantity=Decimal(10)),
        RightsExercised(when=on("2024-04-30"), obligation="rights"),
    )

    # 20 of 80, then 20 of 50; what expires earns nothing while others are left; then all.
    assert by_month(schedule, "2024-01-01", 4) == [200_00, 120_00, 0, 480_00]
    assert steps(schedule, "rights")["rights used"] == "90 of 50"


def test_what_expired_is_expected_to_be_used_no_more() -> None:
    """5 of 100 would be left, then 10 expire: 70 of 90 are used, the rest is still expected."""
    rights = Obligation(
        obligation="rights",
        pattern="as-exercised",
        quantity=Decimal(100),
        breakage_percent=Decimal(5),
    )
    facts = (
        opened("2024-01-01", rights, price_minor=855_00),
        RightsExercised(when=on("2024-01-31"), obligation="rights", quantity=Decimal(70)),
        RightsExpired(when=on("2024-02-29"), obligation="rights", quantity=Decimal(10)),
        RightsExercised(when=on("2024-03-31"), obligation="rights", quantity=Decimal(20)),
    )

    assert by_month(scheduled(*facts), "2024-01-01", 3) == [630_00, 35_00, 190_00]
    assert steps(scheduled(*facts[:3]), "rights")["rights used"] == "70 of 90"
    assert by_month(scheduled(*facts, breakage="remote"), "2024-01-01", 3) == [
        598_50,
        85_50,
        171_00,
    ]


def test_a_percentage_is_earned_when_both_the_base_and_the_transfer_are_there() -> None:
    fee = Obligation(obligation="fee", pattern="percent-of-base", percent_of_base=Decimal(100))
    schedule = scheduled(
        opened("2024-01-01", fee),
        BaseReported(when=on("2024-01-31"), obligation="fee", base_minor=7),
        satisfied("2024-03-01", "fee"),
        BaseReported(when=on("2024-04-30"), obligation="fee", base_minor=5),
    )

    assert by_month(schedule, "2024-01-01", 4) == [0, 0, 7, 5]
    assert causes(schedule, "fee", "2024-03-01") == (1, 2, 3, 4)


def test_what_is_a_percentage_of_nothing_said_is_nothing() -> None:
    fee = Obligation(obligation="fee", pattern="percent-of-base")
    schedule = scheduled(
        opened("2024-01-01", fee),
        BaseReported(when=on("2024-01-31"), obligation="fee", base_minor=700),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 0


def test_what_passed_twice_was_earned_the_first_time() -> None:
    schedule = scheduled(
        opened("2024-01-01", point("licence", price_minor=600_00)),
        satisfied("2024-02-01", "licence"),
        satisfied("2024-04-01", "licence"),
    )

    assert by_month(schedule, "2024-01-01", 4) == [0, 600_00, 0, 0]
    assert causes(schedule, "licence", "2024-02-01") == (1, 2)
    assert steps(schedule, "licence")["earned"] == "2024-02-01"


def test_what_is_left_is_complete_by_its_share_of_what_was_left() -> None:
    work = Obligation(obligation="work", pattern="percent-complete", distinct=True)
    schedule = scheduled(
        opened("2024-01-01", work, price_minor=1000_00),
        percent("2024-01-31", "25"),
        ContractModified(when=on("2024-02-01"), price_change_minor=-150_00),
        percent("2024-03-31", "50"),
        percent("2024-04-30", "100"),
    )

    # 600.00 of 750.00 is left for three quarters; the second is a third of them.
    assert by_month(schedule, "2024-01-01", 4) == [250_00, 0, 200_00, 400_00]


def test_what_says_nothing_of_progress_does_not_end_it() -> None:
    said = (percent("2024-01-31", "25"), satisfied("2024-02-10", "work"))

    assert building(700, *said, percent("2024-03-31", "50")) == [250_00, 0, 250_00, 0]


def test_rights_expected_to_be_used_may_be_told_by_number() -> None:
    rights = Obligation(
        obligation="rights",
        pattern="as-exercised",
        quantity=Decimal(100),
        expected_exercised=Decimal(80),
    )
    schedule = scheduled(
        opened("2024-01-01", rights, price_minor=800_00),
        RightsExercised(when=on("2024-01-31"), obligation="rights", quantity=Decimal(20)),
        ExpectationRevised(
            when=on("2024-02-10"), obligation="rights", expected_exercised=Decimal(40)
        ),
    )

    assert by_month(schedule, "2024-01-01", 2) == [200_00, 200_00]
