"""Variable amounts of stated contracts: who shares them, what is told, and what is owed back."""

from __future__ import annotations

from decimal import Decimal

from domain.contract_facts import (
    ContractModified,
    CustomerPaymentPromised,
    Outcome,
    PriceEstimated,
    VariableAmount,
)
from tests.domain.contracting import (
    SERVICE,
    YEAR,
    balance,
    by_month,
    causes,
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


def estimated(day: str, **how: object) -> PriceEstimated:
    return PriceEstimated(when=on(day), variable=(VariableAmount(**how),))  # type: ignore[arg-type]


def test_another_price_of_units_is_of_units_alone_and_owed_back_as_they_are_delivered() -> None:
    volume = VariableAmount(name="volume", unit_price=Decimal(125))
    schedule = scheduled(
        opened("2024-01-01", SERVICE, units("goods", "100", "150"), variable=(volume,)),
        satisfied("2024-01-10", "goods", "40"),
        estimated("2024-02-15", name="volume", unit_price=Decimal(120)),
        satisfied("2024-03-10", "goods", "60"),
    )

    # 40 at 125; then 5 less for each of them; then 60 at 120.
    assert by_month(schedule, "2024-01-01", 3, "goods") == [5000_00, -200_00, 7200_00]
    assert by_month(schedule, "2024-01-01", 3, "service") == [100_00] * 3
    days = ("2024-01-31", "2024-02-29", "2024-03-31")
    assert [balance(schedule, "refund-liability", day) for day in days] == [
        -1000_00,
        -1200_00,
        -3000_00,
    ]


def test_what_is_hoped_for_above_the_price_is_owed_back_to_nobody() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=120_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(bonus,)),
        estimated("2024-07-01", name="bonus", estimate_minor=240_00),
    )

    assert by_month(schedule, "2024-06-01", 3) == [110_00, 180_00, 120_00]
    assert balance(schedule, "refund-liability", "2024-12-31") == 0
    assert "expected after bonus" not in steps(schedule, "service")


def test_a_concession_tells_what_is_expected_after_it() -> None:
    terms = VariableAmount(
        name="terms", conceded_percent=Decimal(10), included_conceded_percent=Decimal(20)
    )
    schedule = scheduled(
        opened("2024-01-01", point("goods", price_minor=1000_00), variable=(terms,)),
        satisfied("2024-01-10", "goods"),
    )
    told = steps(schedule, "goods")

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 800_00
    assert told["expected after terms"] == "900.00"
    assert told["estimate of terms"] == "-100.00"
    assert told["included of terms"] == "-200.00"


def test_what_may_turn_out_in_several_ways_is_weighed_or_the_likeliest() -> None:
    ways = (
        Outcome(amount_minor=100_00, probability=Decimal("0.4")),
        Outcome(amount_minor=60_00, probability=Decimal("0.5")),
        Outcome(amount_minor=0, probability=Decimal("0.1")),
    )

    def price(**how: object) -> int:
        row = VariableAmount(name="bonus", outcomes=ways, **how)  # type: ignore[arg-type]
        schedule = scheduled(opened("2024-01-01", SERVICE, variable=(row,)))
        return revenue(schedule, "2024-01-01", "2024-12-31")

    # 40.00 and 30.00; 60.00.
    assert price() == 1270_00
    assert price(method="most-likely") == 1260_00
    assert price(included_minor=40_00) == 1240_00
    assert price(obligations=("service",), stated_minor=90_00) == 1270_00


def test_an_estimate_after_what_is_left_was_spread_anew_goes_along_all_of_each_promise() -> None:
    rows = (SERVICE, even("other", *YEAR, price_minor=600_00))
    rebate = VariableAmount(name="rebate", estimate_minor=0)
    schedule = scheduled(
        opened("2024-01-01", *rows, variable=(rebate,)),
        ContractModified(when=on("2024-07-01"), price_change_minor=-90_00),
        estimated("2024-09-01", name="rebate", estimate_minor=-180_00),
    )

    # 60.00 and 30.00 less over six months; then 120.00 and 60.00 less over twelve.
    assert by_month(schedule, "2024-07-01", 4, "service") == [90_00, 90_00, 0, 80_00]
    assert by_month(schedule, "2024-07-01", 4, "other") == [45_00, 45_00, 0, 40_00]
    assert causes(schedule, "other", "2024-10-31") == (1, 2, 3)


def test_what_is_paid_to_the_customer_lowers_the_price_of_all_by_what_they_sell_for() -> None:
    rows = (SERVICE, point("licence", price_minor=600_00))
    schedule = scheduled(
        opened("2024-01-01", *rows),
        satisfied("2024-01-10", "licence"),
        CustomerPaymentPromised(when=on("2024-07-01"), amount_minor=180_00),
    )

    assert by_month(schedule, "2024-07-01", 2, "licence") == [-60_00, 0]
    assert by_month(schedule, "2024-07-01", 2, "service") == [90_00 - 60_00, 90_00]
    assert steps(schedule, "licence")["payable to the customer"] == "180.00"
    assert balance(schedule, "customer-payable", "2024-07-31") == -180_00


def test_an_amount_that_relates_to_one_promise_is_its_own() -> None:
    rows = (SERVICE, point("licence", price_minor=600_00))
    bonus = VariableAmount(name="bonus", estimate_minor=60_00, obligations=("licence",))
    schedule = scheduled(
        opened("2024-01-01", *rows, variable=(bonus,)),
        satisfied("2024-01-10", "licence"),
        estimated("2024-03-01", name="bonus", estimate_minor=90_00, obligations=("licence",)),
    )

    assert by_month(schedule, "2024-01-01", 3, "licence") == [660_00, 0, 30_00]
    assert by_month(schedule, "2024-01-01", 3, "service") == [100_00] * 3
    assert causes(schedule, "service", "2024-03-31") == (1,)


REBATE = VariableAmount(name="rebate", estimate_minor=0)


def test_each_estimate_is_caught_up_from_the_one_before() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(REBATE,)),
        estimated("2024-07-01", name="rebate", estimate_minor=-120_00),
        estimated("2024-09-01", name="rebate", estimate_minor=-240_00),
    )

    # 90.00 a month less 10.00 for each of six; then 80.00 less 10.00 for each of eight.
    assert by_month(schedule, "2024-06-01", 5) == [100_00, 30_00, 90_00, 0, 80_00]


def test_each_estimate_of_units_is_caught_up_from_the_one_before() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("goods", "100", "100"), variable=(REBATE,)),
        satisfied("2024-01-10", "goods", "40"),
        estimated("2024-02-01", name="rebate", estimate_minor=-1000_00),
        satisfied("2024-02-10", "goods", "20"),
        estimated("2024-03-01", name="rebate", estimate_minor=-2000_00),
        satisfied("2024-04-10", "goods", "40"),
    )

    # 40 at 100; 10 less for each, 20 at 90; 10 less for each of 60; 40 at 80.
    assert by_month(schedule, "2024-01-01", 4) == [4000_00, 1400_00, -600_00, 3200_00]


def test_two_estimates_of_one_fact_are_caught_up_together() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=0)
    both_ = (
        VariableAmount(name="rebate", estimate_minor=-1000_00),
        VariableAmount(name="bonus", estimate_minor=500_00),
    )
    schedule = scheduled(
        opened("2024-01-01", units("goods", "100", "100"), variable=(REBATE, bonus)),
        satisfied("2024-01-10", "goods", "40"),
        PriceEstimated(when=on("2024-02-01"), variable=both_),
        satisfied("2024-03-10", "goods", "60"),
    )

    assert by_month(schedule, "2024-01-01", 3) == [4000_00, -200_00, 5700_00]


def test_what_was_caught_up_inside_a_month_outlives_a_change_later_in_it() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(REBATE,)),
        estimated("2024-07-10", name="rebate", estimate_minor=-120_00),
        ContractModified(when=on("2024-07-20"), price_change_minor=-54_00),
    )

    # 60.00 less for six months that are over; 540.00 less 54.00 for the six from July on.
    assert by_month(schedule, "2024-06-01", 3) == [100_00, 81_00 - 60_00, 81_00]
    assert steps(schedule, "service")["caught up"] == "2024-07-10, what was earned by 2024-06-30"


def test_twice_caught_up_inside_a_month_is_taken_off_once() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(REBATE,)),
        estimated("2024-04-01", name="rebate", estimate_minor=-120_00),
        estimated("2024-07-10", name="rebate", estimate_minor=-240_00),
        ContractModified(when=on("2024-07-20"), price_change_minor=-54_00),
    )

    # April: 90.00 less 30.00. July: 60.00 less for six months; then 480.00 less 54.00 over six.
    months = by_month(schedule, "2024-03-01", 6)
    assert months == [100_00, 60_00, 90_00, 90_00, 71_00 - 60_00, 71_00]


def test_what_joins_after_an_estimate_is_due_beside_it() -> None:
    training = point("training", 300_00, price_minor=300_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(REBATE,)),
        ContractModified(when=on("2024-07-01"), price_change_minor=-60_00),
        estimated("2024-09-01", name="rebate", estimate_minor=-120_00),
        ContractModified(when=on("2024-11-01"), price_change_minor=0, added=(training,)),
        satisfied("2024-12-01", "training"),
    )

    # 1020.00 and 300.00 are earned, 1200.00 and 300.00 are stated for it.
    assert balance(schedule, "unbilled-receivable", "2024-12-31") == 1320_00
    assert balance(schedule, "contract-asset", "2024-12-31") == 0


def test_what_had_not_begun_when_the_rest_was_shared_anew_shares_a_later_estimate_as_then() -> None:
    """ASC 606-10-32-45(a), IFRS 15.90(a)."""
    licence = point("licence", 600_00, price_minor=600_00)
    schedule = scheduled(
        opened("2024-01-01", licence, SERVICE, variable=(REBATE,)),
        ContractModified(when=on("2024-07-01"), price_change_minor=-90_00),
        estimated("2024-09-01", name="rebate", estimate_minor=-180_00),
        satisfied("2024-10-10", "licence"),
    )

    # 555.00 each. 60.00 less for the licence is 30.00 for it and 30.00, 5.00 a month, for the
    # service; 120.00 less for the service is 10.00 a month of the whole year.
    months = by_month(schedule, "2024-07-01", 4, "service")
    assert months == [92_50, 92_50, 92_50 - 90_00 - 15_00, 77_50]
    assert by_month(schedule, "2024-07-01", 4, "licence") == [0, 0, 0, 525_00]


def test_what_had_begun_goes_along_all_of_it() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "60"), SERVICE, variable=(REBATE,)),
        satisfied("2024-02-10", "goods", "5"),
        ContractModified(when=on("2024-07-01"), price_change_minor=-90_00),
        estimated("2024-09-01", name="rebate", estimate_minor=-180_00),
        satisfied("2024-10-10", "goods", "5"),
    )

    # 30.00 and 60.00 less of what is left; then 60.00 and 120.00 less of the whole.
    assert by_month(schedule, "2024-09-01", 2, "goods") == [-30_00, 270_00 - 30_00]
    assert by_month(schedule, "2024-09-01", 2, "service") == [0, 80_00]


def test_goods_expected_back_are_no_part_of_the_price() -> None:
    back = VariableAmount(name="returns", conceded_quantity=Decimal(3))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "100", "10"), variable=(back,)),
        satisfied("2024-01-10", "goods", "100"),
    )

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 970_00
    assert steps(schedule, "goods")["expected after returns"] == "970.00"


def test_a_change_takes_in_what_it_expects_more_than_was_included() -> None:
    rebate = VariableAmount(name="rebate", estimate_minor=-120_00)
    less = VariableAmount(name="rebate", estimate_minor=-180_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(rebate,)),
        ContractModified(when=on("2024-07-01"), price_change_minor=0, variable=(less,)),
    )

    assert by_month(schedule, "2024-06-01", 3) == [90_00, 80_00, 80_00]
