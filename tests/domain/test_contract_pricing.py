"""What is stated for a promise, what it sells for alone, and what is due for it, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec import structs

from domain.accounting.contract.pricing import (
    fee_minor,
    months_of,
    restated,
    ssp_minor,
    stated_minor,
    weight_minor,
    within,
)
from domain.contract_facts import (
    BaseReported,
    ContractModified,
    CriteriaMet,
    DiscountOption,
    Fee,
    Financing,
    Obligation,
    PriceEstimated,
    Renewal,
    Restated,
    VariableAmount,
)
from domain.errors import Rejected
from domain.service import AccessGranted
from tests.domain.contracting import (
    YEAR,
    balance,
    billed,
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

JANUARY, MARCH = date(2024, 1, 1), date(2024, 3, 1)


def fee(minor: int, first: str, after: str, per: str = "whole") -> Fee:
    begin, end = date.fromisoformat(first), date.fromisoformat(after)
    return Fee(amount_minor=minor, service_from=begin, service_to=end, per=per)  # type: ignore[arg-type]


# --- what is stated ---


@pytest.mark.parametrize(
    ("first", "after", "months"),
    [
        ("2024-01-15", "2025-01-15", Fraction(12)),
        ("2024-01-31", "2024-02-29", Fraction(1)),
        ("2023-11-15", "2024-02-01", 2 + Fraction(17, 31)),
        # From 15 February there are 29 days to the next 15th.
        ("2024-01-15", "2024-03-01", 1 + Fraction(15, 29)),
        ("2024-01-15", "2024-01-20", Fraction(5, 31)),
    ],
)
def test_months_are_counted_from_day_to_day(first: str, after: str, months: Fraction) -> None:
    assert months_of(date.fromisoformat(first), date.fromisoformat(after)) == months


@pytest.mark.parametrize(
    ("row", "minor"),
    [
        (fee(29_00, "2024-01-15", "2024-03-01"), 29_00),
        (fee(29_00, "2024-01-15", "2024-03-01", "month"), 44_00),
        (fee(30_00, "2024-01-01", "2024-04-01", "month"), 90_00),
        (fee(120_00, "2024-01-01", "2024-04-01", "year"), 30_00),
    ],
)
def test_a_fee_is_for_the_months_of_its_stretch(row: Fee, minor: int) -> None:
    assert fee_minor(row) == minor


@pytest.mark.parametrize(
    ("row", "minor"),
    [
        (fee(30_00, "2024-01-01", "2024-04-01", "month"), 225_00),
        # 17 of 31 days of 75.00, rounded once.
        (fee(30_00, "2024-01-15", "2024-02-01", "month"), 41_13),
        (fee(120_00, "2024-01-01", "2024-04-01", "year"), 75_00),
        (fee(29_01, "2024-01-15", "2024-03-01"), 72_53),
    ],
)
def test_a_fee_may_be_for_each_of_so_many(row: Fee, minor: int) -> None:
    row = structs.replace(row, quantity=Decimal("2.5"))

    assert fee_minor(row) == minor
    # Cut and put together again it comes to the same.
    assert fee_minor(*within((row,), row.service_from, row.service_to)) == minor


def test_of_a_whole_fee_for_so_many_a_part_is_of_all_of_them() -> None:
    row = structs.replace(fee(10_01, "2024-01-01", "2024-03-01"), quantity=Decimal(3))

    (half,) = within((row,), date(2024, 1, 1), date(2024, 2, 1))
    assert (half.amount_minor, half.quantity) == (15_02, 1)
    assert fee_minor(half) == 15_02


def test_a_whole_fee_is_cut_by_its_months_and_a_monthly_one_is_not() -> None:
    whole = fee(120_00, "2024-01-01", "2025-01-01")
    monthly = fee(10_00, "2024-01-01", "2025-01-01", "month")
    after = fee(5_00, "2024-03-01", "2024-06-01")

    assert within((whole, monthly, after), JANUARY, MARCH) == (
        fee(20_00, "2024-01-01", "2024-03-01"),
        fee(10_00, "2024-01-01", "2024-03-01", "month"),
    )
    assert within((whole,), JANUARY, date(2025, 1, 1)) == (whole,)


def test_what_is_stated_anew_takes_the_place_of_what_was() -> None:
    goods = units("goods", "10", "5")
    rows = (fee(30_00, "2024-01-01", "2024-07-01"), fee(40_00, "2024-07-01", "2025-01-01"))
    service = even("service", *YEAR, fees=rows)
    new = fee(90_00, "2024-04-01", "2025-01-01")

    def anew(own: Obligation, **how: object) -> Obligation:
        row = Restated(obligation=own.obligation, **how)  # type: ignore[arg-type]
        return restated(own, row, date(2024, 4, 1))

    lump = anew(goods, price_minor=70_00)
    assert (lump.price_minor, lump.unit_price, stated_minor(lump, "USD")) == (70_00, None, 70_00)
    assert stated_minor(anew(lump, unit_price=Decimal(6)), "USD") == 60_00
    assert stated_minor(anew(goods, quantity=Decimal(8)), "USD") == 40_00
    assert stated_minor(anew(goods, added_quantity=Decimal(3)), "USD") == 65_00
    assert stated_minor(anew(goods, quantity=Decimal(8), added_quantity=Decimal(1)), "USD") == 45_00
    assert anew(service, fees=(new,)).fees == (fee(15_00, "2024-01-01", "2024-04-01"), new)
    assert anew(service, service_to=date(2024, 9, 1)).fees == rows
    assert anew(service, service_to=date(2024, 9, 1)).service_to == date(2024, 9, 1)


def test_what_a_promise_sells_for_alone_is_an_amount_a_unit_price_a_share_or_an_option() -> None:
    option = DiscountOption(
        average_purchase_minor=200_00, percent=Decimal(25), probability=Decimal("0.5")
    )
    nothing_more = DiscountOption(
        average_purchase_minor=200_00, percent=Decimal(5), percent_for_anybody=Decimal(10)
    )

    assert ssp_minor(point("a", 70_00), "USD") == 70_00
    assert ssp_minor(point("a", unit_ssp=Decimal("1.5"), quantity=Decimal(7)), "USD") == 10_50
    assert ssp_minor(point("a", unit_ssp=Decimal("1.5")), "USD") == 0
    assert ssp_minor(point("a", list_minor=90_00, ssp_percent=Decimal(80)), "USD") == 72_00
    assert ssp_minor(point("a", 60_00, list_minor=90_00), "USD") == 60_00
    assert ssp_minor(point("a", option=option), "USD") == 25_00
    assert ssp_minor(point("a", option=nothing_more), "USD") == 0
    assert weight_minor(point("a", price_minor=5_00), "USD") == 5_00
    assert weight_minor(point("a", price_minor=5_00, ssp_range_minor=(1, 9)), "USD") == 0
    assert weight_minor(units("a", "3", "2", unit_ssp=Decimal(4)), "USD") == 12_00


def test_renewals_are_stated_as_far_as_they_are_expected_of_the_whole_portfolio() -> None:
    rows = tuple(
        Renewal(
            service_from=date(2020 + year, 1, 1),
            service_to=date(2021 + year, 1, 1),
            price_minor=100_00,
            expected_cost_minor=50_00,
            probability=Decimal(chance),
        )
        for year, chance in enumerate(("1", "0.5", "0.5"))
    )

    assert stated_minor(Obligation(obligation="a", renewals=rows, portfolio=10), "USD") == 1750_00
    schedule = scheduled(
        opened("2020-01-01", Obligation(obligation="a", renewals=rows, portfolio=10))
    )
    told = steps(schedule, "a")
    # 1, 0.5 and 0.25 of the cost: 1000.00, 500.00 and 250.00.
    years = [revenue(schedule, f"{year}-01-01", f"{year}-12-31") for year in (2020, 2021, 2022)]
    assert years == [1000_00, 500_00, 250_00]
    assert told["price of one contract"] == "175.00"
    assert told["share of one contract"] == "25.00"
    assert told["expected cost of the stretch"] == "12.50"


@pytest.mark.parametrize(
    ("elected", "shares"),
    [
        ({}, [333_33, 666_67]),
        ({"allocation_unit": "whole"}, [333_00, 667_00]),
        ({"allocation_percent": "whole"}, [330_00, 670_00]),
        ({"allocation_percent": "tenths"}, [333_00, 667_00]),
        ({"allocation_percent": "hundredths"}, [333_30, 666_70]),
    ],
)
def test_shares_are_exact_or_rounded_as_elected(elected: dict[str, str], shares: list[int]) -> None:
    rows = (even("a", *YEAR, 100_00), even("b", *YEAR, 200_00))
    schedule = scheduled(opened("2024-01-01", *rows, price_minor=1000_00), **elected)

    assert [revenue(schedule, "2024-01-01", "2024-12-31", name) for name in "ab"] == shares


def test_only_one_promise_may_have_the_price_that_is_left() -> None:
    rows = [point(name, ssp_range_minor=(1, 999_00)) for name in "ab"]

    with pytest.raises(Rejected) as no:
        scheduled(opened("2024-01-01", point("c", 10_00), *rows, price_minor=100_00))

    assert (no.value.code, no.value.context["obligations"]) == ("residual-out-of-range", ["a", "b"])


# --- what is due for what was transferred ---


def test_what_is_earned_above_what_is_stated_for_it_is_no_receivable_yet() -> None:
    licence = point("licence", 600_00, price_minor=300_00)
    service = even("service", *YEAR, 600_00, price_minor=1200_00)
    schedule = scheduled(opened("2024-01-01", licence, service), satisfied("2024-01-01", "licence"))

    told = steps(schedule, "licence")
    assert told["transaction price"] == "1500.00"
    assert told["stated price"] == "300.00"
    assert told["carved in or out"] == "450.00"
    # 750.00 each; January: 812.50 is earned, 300.00 and 100.00 are due.
    assert balance(schedule, "unbilled-receivable", "2024-01-31") == 400_00
    assert balance(schedule, "contract-asset", "2024-01-31") == 412_50
    assert balance(schedule, "unbilled-receivable", "2024-12-31") == 1500_00
    assert balance(schedule, "contract-asset", "2024-12-31") == 0


def test_units_are_due_at_their_price_beside_what_states_none() -> None:
    goods = units("goods", "10", "30", unit_ssp=Decimal(60))
    training = point("training", 300_00)
    schedule = scheduled(
        opened("2024-01-01", goods, training, price_minor=150_00),
        satisfied("2024-01-10", "goods", "4"),
        satisfied("2024-02-10", "training"),
    )

    # 450.00 by 600 and 300: 4 of 10 units are 120.00 at their price and earned at 120.00.
    assert balance(schedule, "unbilled-receivable", "2024-01-31") == 120_00
    assert balance(schedule, "unbilled-receivable", "2024-02-29") == 270_00
    assert balance(schedule, "contract-asset", "2024-02-29") == 0


# --- by themselves ---


def test_units_without_a_number_are_earned_at_the_price_now_expected() -> None:
    product = Obligation(obligation="product", pattern="units", unit_price=Decimal(150))
    other = Obligation(obligation="other", pattern="units", unit_price=Decimal(10))

    def price(day: str, minor: int, *names: str) -> PriceEstimated:
        row = VariableAmount(name="volume", unit_price=Decimal(minor), obligations=names)
        return PriceEstimated(when=on(day), variable=(row,))

    schedule = scheduled(
        opened("2024-01-01", product, other),
        satisfied("2024-01-10", "product", "100"),
        satisfied("2024-01-10", "other", "100"),
        price("2024-02-01", 125, "product"),
        price("2024-03-01", 140, "product"),
        satisfied("2024-04-10", "product", "50"),
    )

    assert by_month(schedule, "2024-01-01", 4, "product") == [
        15_000_00,
        -2500_00,
        1500_00,
        7000_00,
    ]
    assert by_month(schedule, "2024-01-01", 4, "other") == [1000_00, 0, 0, 0]
    days = ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
    assert [balance(schedule, "refund-liability", day) for day in days] == [
        0,
        -2500_00,
        -1000_00,
        -1500_00,
    ]
    assert causes(schedule, "other", "2024-01-10") == (1, 3)
    assert steps(schedule, "product")["units at a unit price"] == "150 at 140 of 150"


# --- who gets what, and since when ---


def test_an_agent_owes_the_share_of_others_as_it_is_transferred() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=900_00)
    gross = even("own", *YEAR, price_minor=1200_00, others_share_minor=900_00)
    schedule = scheduled(opened("2024-01-01", sale, gross))

    assert revenue(schedule, "2024-01-01", "2024-01-31", "hotel") == 25_00
    assert revenue(schedule, "2024-01-01", "2024-01-31", "own") == 100_00
    assert balance(schedule, "partner-payable", "2024-01-31") == -75_00


def test_a_part_that_is_a_lease_is_no_revenue_of_the_contract() -> None:
    lease = even("lease", *YEAR, price_minor=1200_00, presented="elsewhere")
    schedule = scheduled(opened("2024-01-01", lease, even("own", *YEAR, price_minor=600_00)))

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 50_00
    assert balance(schedule, "external-clearing", "2024-01-31") == -100_00


def test_before_there_is_a_contract_each_way_of_earning_waits_for_it() -> None:
    rows = (
        point("licence", price_minor=600_00),
        units("goods", "10", "10"),
        even("service", *YEAR, price_minor=1200_00),
        even("short", "2024-01-01", "2024-03-01", price_minor=60_00),
    )
    said = (
        opened("2024-01-01", *rows, criteria_met=False),
        satisfied("2024-02-01", "licence"),
        satisfied("2024-02-10", "goods", "4"),
        satisfied("2024-06-10", "goods", "6"),
        CriteriaMet(when=on("2024-05-10")),
        CriteriaMet(when=on("2024-04-10")),
    )
    schedule = scheduled(*said)

    def months(name: str) -> list[int]:
        return by_month(schedule, "2024-01-01", 6, name)

    assert months("licence") == [0, 0, 0, 600_00, 0, 0]
    assert months("goods") == [0, 0, 0, 40_00, 0, 60_00]
    assert months("service") == [0, 0, 0, 400_00, 100_00, 100_00]
    assert months("short") == [0, 0, 0, 60_00, 0, 0]
    assert causes(schedule, "licence", "2024-04-10") == (1, 2, 6)
    not_yet = scheduled(*said[:-2])
    assert (not_yet.flows, {memo.kind for memo in not_yet.memos}) == ((), {"promised"})
    assert steps(schedule, "service")["a contract since"] == "2024-04-10"


# --- financing ---


def test_interest_on_what_was_paid_before_stands_month_by_month() -> None:
    terms = Financing(
        kind="advance", rate_percent=Decimal(6), until=date(2022, 1, 1), later_minor=5000_00
    )
    schedule = scheduled(
        opened("2020-01-01", point("asset"), price_minor=4000_00, financing=terms),
        billed("2020-01-01", 4000_00),
        satisfied("2021-12-31", "asset"),
    )
    days = ("2020-01-31", "2020-02-29", "2020-12-31", "2021-01-31", "2021-12-31")
    (told,) = [
        {step.what: step.value for step in flow.steps}
        for flow in schedule.flows
        if flow.kind == "interest"
    ]

    # 20.00 a month in the first year; then 1.06 times 1.005.
    found = [balance(schedule, "interest-expense", day) for day in days]
    assert found == [20_00, 40_00, 240_00, 261_20, 494_40]
    assert balance(schedule, "contract-liability", "2020-01-31") == -4020_00
    assert told == {
        "stated price": "4000.00",
        "yearly rate": "6 %",
        "price at transfer": "4494.40",
        "implicit yearly rate": "11.8 %",
    }


def test_an_advance_of_less_than_two_months_bears_interest_for_its_days() -> None:
    terms = Financing(kind="advance", rate_percent=Decimal(6), until=date(2020, 2, 15))
    schedule = scheduled(
        opened("2020-01-01", point("asset"), price_minor=4000_00, financing=terms),
        satisfied("2020-02-15", "asset"),
    )

    # 14 of the 29 days of February.
    assert balance(schedule, "interest-expense", "2020-01-31") == 20_00
    assert balance(schedule, "interest-expense", "2020-02-29") == 29_66
    assert revenue(schedule, "2020-01-01", "2020-12-31") == 4029_66


@pytest.mark.parametrize(
    ("rate", "stated", "price", "interest"),
    [
        ("12", "0", 1125_51, [-11_26, -21_62, -74_49]),
        ("0", "0", 1200_00, [0, 0, 0]),
        # Twelve instalments of 106.62 are 1279.42.
        ("0", "12", 1279_42, [0, 0, 0]),
        ("12", "12", 1200_00, [-12_00, -23_05, -79_42]),
    ],
)
def test_interest_on_what_is_paid_after_is_on_what_is_still_owed(
    rate: str, stated: str, price: int, interest: list[int]
) -> None:
    terms = Financing(
        kind="arrears",
        rate_percent=Decimal(rate),
        stated_rate_percent=Decimal(stated),
        instalments=12,
    )
    schedule = scheduled(
        opened("2020-01-01", point("machine"), price_minor=1200_00, financing=terms),
        satisfied("2020-01-01", "machine"),
    )
    days = ("2020-02-29", "2020-03-31", "2021-01-31")

    assert revenue(schedule, "2020-01-01", "2020-01-31") == price
    assert [balance(schedule, "interest-income", day) for day in days] == interest


def test_what_is_paid_at_once_and_later_is_worth_less_by_its_years() -> None:
    terms = Financing(kind="arrears", rate_percent=Decimal(10), until=date(2022, 1, 1))
    schedule = scheduled(
        opened("2020-01-01", point("machine"), price_minor=1210_00, financing=terms),
        satisfied("2020-01-01", "machine"),
    )
    days = ("2020-12-31", "2021-12-31")

    assert revenue(schedule, "2020-01-01", "2020-01-31") == 1000_00
    assert [balance(schedule, "interest-income", day) for day in days] == [-100_00, -210_00]


def test_access_on_the_day_it_was_planned_for_moves_nothing() -> None:
    def earned(day: str) -> tuple[list[int], tuple[int, ...]]:
        schedule = scheduled(
            opened("2024-01-01", even("service", *YEAR, price_minor=1100_00)),
            AccessGranted(when=on(day), item="service"),
        )
        return by_month(schedule, "2024-01-01", 2), causes(schedule, "service", "2024-02-29")

    assert earned("2024-01-01") == ([91_67, 91_66], (1,))
    assert earned("2024-02-01") == ([0, 100_00], (1, 2))


def test_a_change_by_order_is_measured_after_what_came_before_it_that_day() -> None:
    base = BaseReported(when=on("2024-03-31"), obligation="fee", base_minor=100_00)
    rate = Obligation(obligation="fee", pattern="percent-of-base", percent_of_base=Decimal(2))
    change = ContractModified(when=on("2024-03-31"), price_change_minor=-90_00)
    schedule = scheduled(
        opened("2024-01-01", rate, even("service", *YEAR, price_minor=1200_00)), base, change
    )

    assert revenue(schedule, "2024-03-01", "2024-04-30", "fee") == 2_00
    assert revenue(schedule, "2024-04-01", "2024-04-30", "service") == 90_00
