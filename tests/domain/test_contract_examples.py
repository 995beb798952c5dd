"""The standards' own examples, step by step, to the figures they publish."""

from datetime import date
from decimal import Decimal

import pytest

from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ContractTerminated,
    CriteriaMet,
    CustomerPaymentPromised,
    DiscountOption,
    Fee,
    Financing,
    Milestone,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    RegularBundle,
    Renewal,
    Restated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.errors import Rejected
from tests.domain.contracting import (
    YEAR,
    balance,
    billed,
    by_month,
    even,
    on,
    opened,
    point,
    revenue,
    satisfied,
    scheduled,
    steps,
    units,
)

# --- allocation (rules 25 to 29) ---


def test_three_equal_promises_share_by_largest_remainder() -> None:
    rows = [even(name, *YEAR, ssp_minor=100) for name in "ABC"]
    schedule = scheduled(opened("2024-01-01", *rows, price_minor=1000_00))

    assert [revenue(schedule, "2024-01-01", "2024-12-31", name) for name in "ABC"] == [
        333_34,
        333_33,
        333_33,
    ]
    assert by_month(schedule, "2024-01-01", 12, "A")[:4] == [27_78, 27_78, 27_78, 27_77]


def test_a_discount_that_evidence_ties_to_some_promises_is_theirs() -> None:
    rows = [point("A", 40_00), point("B", 55_00), point("C", 45_00)]
    bundle = RegularBundle(obligations=("B", "C"), price_minor=60_00)
    done = [satisfied("2020-01-01", name) for name in "ABC"]
    open_ = opened("2020-01-01", *rows, price_minor=100_00, bundles=(bundle,))

    by_evidence = scheduled(open_, *done)
    to_all = scheduled(open_, *done, discounts="to-all")

    assert [revenue(by_evidence, "2020-01-01", "2020-01-31", n) for n in "ABC"] == [
        40_00,
        33_00,
        27_00,
    ]
    assert [revenue(to_all, "2020-01-01", "2020-01-31", n) for n in "ABC"] == [
        28_57,
        39_29,
        32_14,
    ]


@pytest.mark.parametrize(("price", "left"), [(130_00, 30_00), (115_00, 15_00)])
def test_what_is_left_is_the_price_of_what_was_only_observed_as_a_range(
    price: int, left: int
) -> None:
    bundle = RegularBundle(obligations=("B", "C"), price_minor=60_00)
    rows = [point("A", 40_00), point("B", 55_00), point("C", 45_00)]
    rows.append(point("D", ssp_range_minor=(15_00, 45_00)))
    schedule = scheduled(
        opened("2020-01-01", *rows, price_minor=price, bundles=(bundle,)),
        satisfied("2020-01-01", "D"),
    )

    assert revenue(schedule, "2020-01-01", "2020-01-31") == left


def test_a_residual_outside_what_was_observed_is_refused() -> None:
    bundle = RegularBundle(obligations=("B", "C"), price_minor=60_00)
    rows = [point("A", 40_00), point("B", 55_00), point("C", 45_00)]
    rows.append(point("D", ssp_range_minor=(15_00, 45_00)))

    with pytest.raises(Rejected) as no:
        scheduled(opened("2020-01-01", *rows, price_minor=105_00, bundles=(bundle,)))

    assert no.value.code == "residual-out-of-range"
    assert no.value.context["residual"] == 5_00


def test_a_fee_on_what_is_sold_later_is_earned_as_it_is_sold() -> None:
    royalty = Obligation(
        obligation="Y", pattern="percent-of-base", percent_of_base=Decimal(3), ssp_minor=1000_00
    )
    schedule = scheduled(
        opened("2020-01-01", point("X", 800_00, price_minor=800_00), royalty),
        satisfied("2020-01-01", "Y"),
        satisfied("2020-02-01", "X"),
        BaseReported(when=on("2020-03-31"), obligation="Y", base_minor=10_000_00),
    )

    assert by_month(schedule, "2020-01-01", 3) == [0, 800_00, 300_00]


# --- modifications (rules 6 to 15) ---


def test_additions_at_their_own_price_are_a_contract_apart() -> None:
    schedule = scheduled(
        opened("2020-01-01", units("original", "120", "100")),
        satisfied("2020-04-01", "original", "60"),
        ContractModified(
            when=on("2020-04-01"),
            price_change_minor=0,
            added=(units("additional", "30", "95", unit_ssp=Decimal(95)),),
        ),
        satisfied("2020-06-30", "original", "60"),
        satisfied("2020-06-30", "additional", "30"),
    )

    assert revenue(schedule, "2020-01-01", "2020-04-30") == 6_000_00
    assert revenue(schedule, "2020-01-01", "2020-12-31", "additional") == 2_850_00
    assert revenue(schedule, "2020-01-01", "2020-12-31") == 14_850_00


def test_more_units_at_a_lower_price_are_blended_and_a_concession_is_not() -> None:
    schedule = scheduled(
        opened("2020-01-01", units("product", "120", "100")),
        satisfied("2020-04-01", "product", "60"),
        PriceConceded(when=on("2020-04-02"), obligation="product", amount_minor=900_00),
        ContractModified(
            when=on("2020-04-03"),
            price_change_minor=0,
            restated=(
                Restated(
                    obligation="product", added_quantity=Decimal(30), added_unit_price=Decimal(80)
                ),
            ),
        ),
        satisfied("2020-06-30", "product", "45"),
        satisfied("2020-07-31", "product", "45"),
    )

    assert revenue(schedule, "2020-01-01", "2020-04-01") == 6_000_00
    assert revenue(schedule, "2020-04-02", "2020-05-31") == -900_00
    assert by_month(schedule, "2020-06-01", 2) == [4_200_00, 4_200_00]
    assert steps(schedule, "product")["remaining consideration"] == "8400.00"


def test_a_series_is_extended_at_a_lower_price_for_what_remains() -> None:
    fee = Fee(
        amount_minor=100_000_00,
        service_from=date(2020, 1, 1),
        service_to=date(2023, 1, 1),
        per="year",
    )
    last = Fee(amount_minor=80_000_00, service_from=date(2022, 1, 1), service_to=date(2023, 1, 1))
    more = Fee(amount_minor=200_000_00, service_from=date(2023, 1, 1), service_to=date(2026, 1, 1))
    schedule = scheduled(
        opened("2020-01-01", even("service", "2020-01-01", "2023-01-01", fees=(fee,))),
        ContractModified(
            when=on("2021-12-31"),
            price_change_minor=0,
            restated=(
                Restated(obligation="service", service_to=date(2026, 1, 1), fees=(last, more)),
            ),
        ),
    )

    years = [revenue(schedule, f"{year}-01-01", f"{year}-12-31") for year in range(2020, 2026)]
    assert years == [100_000_00, 100_000_00, 70_000_00, 70_000_00, 70_000_00, 70_000_00]


def test_a_price_cut_spreads_over_what_remains() -> None:
    schedule = scheduled(
        opened(
            "2024-01-01", point("licence", 600_00), even("saas", *YEAR, 400_00), price_minor=1000_00
        ),
        satisfied("2024-01-01", "licence"),
        ContractModified(when=on("2024-07-01"), price_change_minor=-100_00),
    )

    months = by_month(schedule, "2024-01-01", 12)
    assert months[0] == 633_33
    assert months[6:] == [16_67, 16_66, 16_67, 16_67, 16_66, 16_67]
    assert sum(months) == 900_00


def test_the_same_cut_foreseen_as_variable_is_shared_as_at_inception() -> None:
    rebate = VariableAmount(name="rebate", estimate_minor=0)
    schedule = scheduled(
        opened(
            "2024-01-01",
            point("licence", 600_00),
            even("saas", *YEAR, 400_00),
            price_minor=1000_00,
            variable=(rebate,),
        ),
        satisfied("2024-01-01", "licence"),
        PriceEstimated(
            when=on("2024-07-01"),
            variable=(VariableAmount(name="rebate", estimate_minor=-100_00),),
        ),
    )

    # July: -60.00 of the licence, -20.00 of six months of service, and a month at 30.00.
    months = by_month(schedule, "2024-01-01", 12)
    assert months[6] == -60_00 - 20_00 + 30_00
    assert months[7:] == [30_00] * 5
    assert sum(months) == 900_00


def test_what_is_one_with_what_was_done_is_caught_up() -> None:
    def building(**options: object) -> list[int]:
        schedule = scheduled(
            opened(
                "2020-01-01",
                Obligation(
                    obligation="building",
                    pattern="percent-complete",
                    expected_cost_minor=700_000_00,
                ),
                price_minor=1_000_000_00,
                variable=(
                    VariableAmount(name="bonus", estimate_minor=200_000_00, included_minor=0),
                ),
            ),
            ProgressMeasured(
                when=on("2020-12-31"),
                obligation="building",
                incurred_minor=420_000_00,
                expected_minor=700_000_00,
            ),
            ContractModified(
                when=on("2021-03-31"),
                price_change_minor=150_000_00,
                restated=(Restated(obligation="building", added_cost_minor=120_000_00),),
                variable=(VariableAmount(name="bonus", estimate_minor=200_000_00),),
            ),
            **options,
        )
        return [
            revenue(schedule, "2020-01-01", "2020-12-31"),
            revenue(schedule, "2021-01-01", "2021-03-31"),
        ]

    assert building() == [600_000_00, 91_463_41]
    assert building(progress_percent="tenths") == [600_000_00, 91_200_00]


def test_a_price_stated_anew_twice_counts_from_the_last_time() -> None:
    schedule = scheduled(
        opened("2024-01-01", point("goods", price_minor=100_00)),
        satisfied("2024-01-10", "goods"),
        *(
            ContractModified(
                when=on(day),
                price_change_minor=0,
                restated=(Restated(obligation="goods", price_minor=minor),),
            )
            for day, minor in (("2024-02-01", 150_00), ("2024-03-01", 120_00))
        ),
    )

    assert by_month(schedule, "2024-01-01", 3) == [100_00, 50_00, -30_00]


def test_costs_that_a_change_adds_are_not_expected_before_it() -> None:
    schedule = scheduled(
        opened(
            "2020-01-01",
            Obligation(
                obligation="building", pattern="percent-complete", expected_cost_minor=700_00
            ),
            price_minor=1000_00,
        ),
        ProgressMeasured(when=on("2020-03-31"), obligation="building", incurred_minor=420_00),
        ContractModified(
            when=on("2020-05-01"),
            price_change_minor=0,
            restated=(Restated(obligation="building", added_cost_minor=140_00),),
        ),
    )

    assert by_month(schedule, "2020-03-01", 3) == [600_00, 0, -100_00]


def test_more_seats_for_the_same_term_are_spread_over_what_is_left_of_it() -> None:
    seats = even(
        "seats", "2019-01-01", "2020-01-01", quantity=Decimal(12), unit_price=Decimal(1000)
    )
    schedule = scheduled(
        opened("2019-01-01", seats),
        ContractModified(
            when=on("2019-06-01"),
            price_change_minor=0,
            restated=(
                Restated(obligation="seats", quantity=Decimal(18), unit_price=Decimal(1000)),
            ),
        ),
    )

    assert by_month(schedule, "2019-05-01", 4) == [1000_00, 1857_14, 1857_15, 1857_14]
    assert revenue(schedule, "2019-01-01", "2019-12-31") == 18_000_00


def test_a_cancellation_with_a_full_refund_takes_back_what_was_earned() -> None:
    schedule = scheduled(
        opened("2023-01-01", even("service", "2023-01-01", "2023-07-01"), price_minor=600_00),
        ContractTerminated(when=on("2023-04-01"), refund_minor=600_00),
    )

    assert by_month(schedule, "2023-01-01", 6) == [100_00, 100_00, 100_00, -300_00, 0, 0]


# --- the price (rules 16 to 22) ---


def test_a_concession_that_is_expected_is_no_part_of_the_price() -> None:
    row = VariableAmount(
        name="price", stated_minor=1_000_000_00, estimate_minor=400_000_00, obligations=("drug",)
    )
    schedule = scheduled(
        opened("2020-01-01", point("drug"), variable=(row,)), satisfied("2020-01-01", "drug")
    )

    assert revenue(schedule, "2020-01-01", "2020-01-31") == 400_000_00
    assert balance(schedule, "refund-liability", "2020-01-31") == -600_000_00


def test_estimate_and_constraint_are_two_amounts() -> None:
    row = VariableAmount(
        name="price",
        stated_minor=100_000_00,
        conceded_percent=Decimal(40),
        included_conceded_percent=Decimal(50),
    )
    schedule = scheduled(
        opened("2020-12-01", point("goods"), variable=(row,)), satisfied("2020-12-01", "goods")
    )

    assert revenue(schedule, "2020-12-01", "2020-12-31") == 50_000_00
    assert steps(schedule, "goods")["estimate of price"] == "60000.00"
    assert steps(schedule, "goods")["included of price"] == "50000.00"


def test_units_at_a_price_that_is_expected_to_fall_leave_a_refund_liability() -> None:
    product = Obligation(obligation="product", pattern="units", unit_price=Decimal(150))
    schedule = scheduled(
        opened(
            "2019-01-01",
            product,
            variable=(VariableAmount(name="volume", unit_price=Decimal(125)),),
        ),
        satisfied("2019-01-02", "product", "100"),
    )

    assert revenue(schedule, "2019-01-01", "2019-01-31") == 12_500_00
    assert balance(schedule, "refund-liability", "2019-01-31") == -2_500_00
    assert balance(schedule, "unbilled-receivable", "2019-01-31") == 15_000_00


def test_a_fee_on_assets_is_of_its_quarter() -> None:
    fee = Obligation(obligation="fee", pattern="percent-of-base", percent_of_base=Decimal(2))
    schedule = scheduled(
        opened("2020-01-01", fee),
        BaseReported(when=on("2020-03-31"), obligation="fee", base_minor=100_000_000_00),
    )

    assert revenue(schedule, "2020-01-01", "2020-03-31") == 2_000_000_00


def test_what_is_paid_over_years_is_worth_less_at_transfer() -> None:
    terms = Financing(
        kind="arrears", rate_percent=Decimal(12), stated_rate_percent=Decimal(5), instalments=60
    )
    open_ = opened("2020-01-01", point("machine"), price_minor=1_000_000_00, financing=terms)
    done = satisfied("2020-01-01", "machine")

    schedule = scheduled(open_, done)
    not_adjusted = scheduled(open_, done, financing="not-adjusted")

    assert revenue(schedule, "2020-01-01", "2020-01-31") == 848_357_03
    assert revenue(not_adjusted, "2020-01-01", "2020-01-31") == 1_000_000_00


def test_what_is_paid_years_before_bears_interest_until_transfer() -> None:
    terms = Financing(
        kind="advance", rate_percent=Decimal(6), until=date(2022, 1, 1), later_minor=5_000_00
    )
    schedule = scheduled(
        opened("2020-01-01", point("asset"), price_minor=4_000_00, financing=terms),
        billed("2020-01-01", 4_000_00),
        satisfied("2021-12-31", "asset"),
    )

    assert revenue(schedule, "2020-01-01", "2021-12-31") == 4_494_40
    assert balance(schedule, "interest-expense", "2020-12-31") == 240_00
    assert balance(schedule, "interest-expense", "2021-12-31") == 494_40
    assert balance(schedule, "contract-liability", "2021-12-31") == 0


def test_what_is_paid_to_the_customer_lowers_revenue() -> None:
    schedule = scheduled(
        opened("2024-01-01", even("supply", *YEAR), price_minor=1200_00),
        CustomerPaymentPromised(when=on("2024-07-01"), amount_minor=150_00, fair_value_minor=30_00),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 1080_00
    assert revenue(schedule, "2024-07-01", "2024-07-31") == 90_00 - 60_00
    assert balance(schedule, "customer-payable", "2024-12-31") == -120_00


# --- rights (rules 34 to 37) ---


def test_rights_nobody_will_use_are_earned_as_others_are_used_or_when_they_expire() -> None:
    credits_ = Obligation(
        obligation="credits",
        pattern="as-exercised",
        quantity=Decimal(10_000),
        breakage_percent=Decimal(10),
    )
    said = (
        opened("2024-01-01", credits_, price_minor=10_000_00),
        RightsExercised(when=on("2024-03-31"), obligation="credits", quantity=Decimal(3600)),
        RightsExercised(when=on("2024-06-30"), obligation="credits", quantity=Decimal(2700)),
        RightsExercised(when=on("2024-09-30"), obligation="credits", quantity=Decimal(2200)),
        RightsExpired(when=on("2024-09-30"), obligation="credits", quantity=Decimal(1500)),
    )

    def quarters(**options: object) -> list[int]:
        found = by_month(scheduled(*said, **options), "2024-01-01", 9)
        return [sum(found[at : at + 3]) for at in (0, 3, 6)]

    assert quarters() == [4000_00, 3000_00, 3000_00]
    assert quarters(breakage="remote") == [3600_00, 2700_00, 3700_00]


def test_points_are_earned_as_they_are_expected_to_be_redeemed() -> None:
    points = Obligation(
        obligation="points",
        pattern="as-exercised",
        quantity=Decimal(10_000),
        unit_ssp=Decimal("0.95"),
        expected_exercised=Decimal(9_500),
    )
    schedule = scheduled(
        opened("2020-06-30", point("goods", 100_000_00), points, price_minor=100_000_00),
        satisfied("2020-06-30", "goods"),
        RightsExercised(
            when=on("2020-12-31"),
            obligation="points",
            cumulative=Decimal(4500),
            expected=Decimal(9500),
        ),
        RightsExercised(
            when=on("2021-12-31"),
            obligation="points",
            cumulative=Decimal(8500),
            expected=Decimal(9700),
        ),
    )

    assert revenue(schedule, "2020-01-01", "2020-12-31", "goods") == 91_324_20
    assert revenue(schedule, "2020-01-01", "2020-12-31", "points") == 4_109_59
    assert revenue(schedule, "2021-01-01", "2021-12-31", "points") == 3_492_92


def test_only_what_a_voucher_gives_beyond_what_anybody_gets_is_a_right() -> None:
    voucher = Obligation(
        obligation="voucher",
        pattern="as-exercised",
        option=DiscountOption(
            average_purchase_minor=50_00,
            percent=Decimal(40),
            percent_for_anybody=Decimal(10),
            probability=Decimal("0.8"),
        ),
    )
    schedule = scheduled(
        opened("2020-01-01", point("A", 100_00), voucher, price_minor=100_00),
        satisfied("2020-01-01", "A"),
        RightsExercised(when=on("2020-03-01"), obligation="voucher"),
    )

    assert by_month(schedule, "2020-01-01", 3) == [89_29, 0, 10_71]


def test_renewals_are_looked_through_by_expected_costs() -> None:
    stretches = tuple(
        Renewal(
            service_from=date(2020 + year, 1, 1),
            service_to=date(2021 + year, 1, 1),
            price_minor=1000_00,
            expected_cost_minor=cost,
            probability=Decimal(chance),
        )
        for year, (cost, chance) in enumerate([(600_00, "1"), (750_00, "0.9"), (1000_00, "0.9")])
    )
    service = Obligation(obligation="service", renewals=stretches, portfolio=100)
    schedule = scheduled(opened("2020-01-01", service), allocation_unit="whole")

    years = [revenue(schedule, f"{year}-01-01", f"{year}-12-31") for year in (2020, 2021, 2022)]
    assert years == [78_000_00, 87_700_00, 105_300_00]


def test_an_agent_earns_what_is_left_for_it() -> None:
    sale = point("hotel", price_minor=1000_00, presented="net", others_share_minor=900_00)
    schedule = scheduled(opened("2024-01-01", sale), satisfied("2024-02-01", "hotel"))

    assert revenue(schedule, "2024-01-01", "2024-02-29") == 100_00
    assert balance(schedule, "partner-payable", "2024-02-29") == -900_00


def test_milestones_count_by_their_weight() -> None:
    project = Obligation(
        obligation="project",
        pattern="milestones",
        milestones=(
            Milestone(milestone="design", weight=Decimal(1)),
            Milestone(milestone="build", weight=Decimal(3)),
        ),
    )
    schedule = scheduled(
        opened("2024-01-01", project, price_minor=1000_00),
        ObligationSatisfied(when=on("2024-02-01"), obligation="project", milestone="design"),
        ObligationSatisfied(when=on("2024-05-01"), obligation="project", milestone="build"),
    )

    assert by_month(schedule, "2024-01-01", 5) == [0, 250_00, 0, 0, 750_00]


# --- presentation (rules 1 and 38) ---


def test_before_there_is_a_contract_nothing_is_earned_and_then_it_is_caught_up() -> None:
    said = opened("2024-01-01", even("service", *YEAR), price_minor=1200_00, criteria_met=False)

    assert revenue(scheduled(said), "2024-01-01", "2024-12-31") == 0
    met = scheduled(said, CriteriaMet(when=on("2024-04-10")))
    assert by_month(met, "2024-03-01", 3) == [0, 400_00, 100_00]


def test_what_waits_for_more_to_be_delivered_is_a_contract_asset() -> None:
    rows = (point("A", 400_00), point("B", 600_00))
    said = (
        opened("2020-01-01", *rows, price_minor=1000_00, right_after="B"),
        satisfied("2020-02-01", "A"),
    )

    before = scheduled(*said)
    after = scheduled(*said, satisfied("2020-03-01", "B"))

    assert balance(before, "contract-asset", "2020-02-29") == 400_00
    assert balance(before, "unbilled-receivable", "2020-02-29") == 0
    assert balance(after, "contract-asset", "2020-02-29") == 400_00
    assert balance(after, "contract-asset", "2020-03-31") == 0
    assert balance(after, "unbilled-receivable", "2020-03-31") == 1000_00


def test_free_months_are_a_contract_asset_until_they_are_billed() -> None:
    fee = Fee(
        amount_minor=100_00,
        service_from=date(2024, 4, 1),
        service_to=date(2025, 4, 1),
        per="month",
    )
    bills = [billed(f"2024-{month:02}-01", 100_00, month) for month in range(4, 13)]
    bills += [billed(f"2025-{month:02}-01", 100_00, 12 + month) for month in range(1, 4)]
    schedule = scheduled(
        opened("2024-01-01", even("service", "2024-01-01", "2025-04-01", fees=(fee,))), *bills
    )

    days = ("2024-01-31", "2024-03-31", "2024-04-30", "2024-12-31", "2025-03-31")
    assert [balance(schedule, "contract-asset", day) for day in days] == [
        80_00,
        240_00,
        220_00,
        60_00,
        0,
    ]
    assert [balance(schedule, "unbilled-receivable", day) for day in days] == [0] * 5


def test_a_ramp_that_does_not_follow_value_is_even_and_a_contract_asset() -> None:
    fees = tuple(
        Fee(amount_minor=minor, service_from=date(year, 1, 1), service_to=date(year + 1, 1, 1))
        for year, minor in ((2024, 100_000_00), (2025, 150_000_00), (2026, 200_000_00))
    )
    bills = [billed(f"{fee.service_from}", fee.amount_minor, at) for at, fee in enumerate(fees)]
    schedule = scheduled(
        opened("2024-01-01", even("service", "2024-01-01", "2027-01-01", fees=fees)), *bills
    )

    years = (2024, 2025, 2026)
    assert [revenue(schedule, f"{y}-01-01", f"{y}-12-31") for y in years] == [150_000_00] * 3
    assert [balance(schedule, "contract-asset", f"{y}-12-31") for y in years] == [
        50_000_00,
        50_000_00,
        0,
    ]
