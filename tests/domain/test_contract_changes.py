"""Changes of stated contracts, each step of their measure by itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    Fee,
    Obligation,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    Restated,
    Treatment,
    VariableAmount,
)
from domain.facts import When
from tests.domain.contracting import (
    SERVICE,
    YEAR,
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

TRAINING = point("training", 300_00)
USAGE = Obligation(obligation="usage", pattern="as-invoiced")
BUILDING = Obligation(obligation="building", pattern="percent-complete", price_minor=1000_00)
HALF = ProgressMeasured(when=on("2024-03-01"), obligation="building", percent=Decimal(50))
CARE = Restated(obligation="service", price_minor=1310_00)
DEARER = (Restated(obligation="building", price_minor=1200_00),)


# --- apart or not (rule 7) ---

TRAINED = satisfied("2024-08-01", "training")


@pytest.mark.parametrize(
    ("how", "months"),
    [
        # 600.00 that is left and 100.00 for the training, shared 600 to 300.
        ({}, [77_78, 311_11]),
        ({"treatment": "prospective", "price_reflects_ssp": True}, [77_78, 311_11]),
        ({"treatment": "separate"}, [100_00, 200_00]),
        ({"price_reflects_ssp": True}, [100_00, 200_00]),
    ],
)
def test_an_addition_below_its_own_price_is_apart_only_where_it_is_said_to_be(
    how: dict[str, object], months: list[int]
) -> None:
    change = ContractModified(
        when=on("2024-07-01"),
        price_change_minor=100_00,
        added=(TRAINING,),
        **how,  # type: ignore[arg-type]
    )
    schedule = scheduled(opened("2024-01-01", SERVICE), change, TRAINED)

    assert by_month(schedule, "2024-07-01", 2) == months


def test_what_states_anything_anew_beside_an_addition_is_not_apart() -> None:
    change = ContractModified(
        when=on("2024-07-01"),
        price_change_minor=100_00,
        added=(TRAINING,),
        price_reflects_ssp=True,
        restated=(Restated(obligation="service", price_minor=1080_00),),
    )
    schedule = scheduled(opened("2024-01-01", SERVICE), change, TRAINED)

    # 600.00 less 120.00 and 100.00 more are left: 386.67 of six months of service, 193.33.
    assert revenue(schedule, "2024-07-01", "2024-07-31", "service") == 64_45
    assert revenue(schedule, "2024-08-01", "2024-08-31", "training") == 193_33


@pytest.mark.parametrize(("lump", "rests_on"), [(50_00, (1,)), (0, (1, 2))])
def test_at_what_it_sells_for_alone_it_leaves_what_was_promised_as_it_was(
    lump: int, rests_on: tuple[int, ...]
) -> None:
    """The price agreed for an addition is what it states, and what the change states for it."""
    added = structs.replace(TRAINING, price_minor=250_00)
    change = ContractModified(when=on("2024-07-01"), price_change_minor=lump, added=(added,))
    schedule = scheduled(opened("2024-01-01", SERVICE), change, TRAINED)

    assert causes(schedule, "service", "2024-09-30") == rests_on


def test_an_addition_without_a_stated_price_is_of_the_contract_whatever_it_costs() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=300_00, added=(TRAINING,))
    schedule = scheduled(opened("2024-01-01", SERVICE), change, TRAINED)

    assert causes(schedule, "service", "2024-09-30") == (1, 2)


@pytest.mark.parametrize(("more", "july"), [(0, 100_00), (-60_00, 90_00)])
def test_what_is_earned_as_invoiced_bears_no_change_of_price(more: int, july: int) -> None:
    change = ContractModified(
        when=on("2024-07-01"), price_change_minor=more, added=(USAGE,), treatment="separate"
    )
    ended = ContractTerminated(when=on("2024-10-01"))
    schedule = scheduled(opened("2024-01-01", SERVICE), change, ended)

    assert revenue(schedule, "2024-07-01", "2024-07-31") == july
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 1200_00 + more
    assert revenue(schedule, "2024-01-01", "2024-12-31", "usage") == 0


def test_usage_joins_at_no_price_of_its_own_beside_what_is_caught_up() -> None:
    change = ContractModified(when=on("2024-04-01"), price_change_minor=100_00, added=(USAGE,))
    ended = ContractTerminated(when=on("2024-05-01"))
    schedule = scheduled(opened("2024-01-01", BUILDING), HALF, change, ended)

    assert by_month(schedule, "2024-03-01", 3) == [500_00, 50_00, 550_00]
    assert revenue(schedule, "2024-01-01", "2024-12-31", "usage") == 0


def test_what_begins_before_it_is_agreed_is_caught_up_when_it_is() -> None:
    half = even("half", "2024-04-01", "2024-10-01", 600_00, price_minor=600_00)

    def told(agreed: str | None) -> tuple[list[int], str | None]:
        change = ContractModified(
            when=on("2024-04-01", agreed), price_change_minor=0, added=(half,)
        )
        schedule = scheduled(opened("2024-01-01", SERVICE), change)
        return by_month(schedule, "2024-04-01", 4, "half"), steps(schedule, "half").get("agreed on")

    assert told(None) == ([100_00] * 4, None)
    assert told("2024-06-10") == ([0, 0, 300_00, 100_00], "2024-06-10")


# --- caught up or spread (rules 8 to 10) ---


def test_a_promise_caught_up_takes_its_own_price_and_the_change_of_all() -> None:
    change = ContractModified(when=on("2024-04-01"), price_change_minor=100_00, restated=DEARER)
    schedule = scheduled(opened("2024-01-01", BUILDING), HALF, change)

    assert revenue(schedule, "2024-01-01", "2024-03-31") == 500_00
    assert revenue(schedule, "2024-04-01", "2024-04-30") == 150_00


def test_in_a_mixed_change_what_is_caught_up_takes_its_own_price_only() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-60_00, restated=DEARER)
    schedule = scheduled(opened("2024-01-01", BUILDING, SERVICE), HALF, change)

    assert revenue(schedule, "2024-07-01", "2024-07-31", "building") == 100_00
    assert revenue(schedule, "2024-07-01", "2024-07-31", "service") == 90_00


def test_an_addition_takes_the_price_of_a_change_before_what_is_caught_up_does() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=100_00, added=(TRAINING,))
    schedule = scheduled(opened("2024-01-01", BUILDING), HALF, change, TRAINED)

    assert by_month(schedule, "2024-07-01", 2) == [0, 100_00]


@pytest.mark.parametrize(
    ("distinct", "treatment", "july"),
    [
        # 1140.00 in all: 60.00 less over six months, or 95.00 for each of seven months at once.
        (None, "by-rule", 90_00),
        (True, "by-rule", 90_00),
        (False, "by-rule", 65_00),
        (None, "cumulative", 65_00),
        (False, "prospective", 90_00),
    ],
)
def test_what_is_one_with_what_was_done_is_caught_up_as_said_or_judged(
    distinct: bool | None, treatment: Treatment, july: int
) -> None:
    service = structs.replace(SERVICE, distinct=distinct)
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-60_00, treatment=treatment)
    schedule = scheduled(opened("2024-01-01", service), change)

    assert revenue(schedule, "2024-07-01", "2024-07-31") == july


def test_one_of_two_buildings_that_costs_more_leaves_the_other_as_it_was() -> None:
    other = structs.replace(BUILDING, obligation="other")
    done = structs.replace(HALF, when=on("2024-09-01"), obligation="other")
    change = ContractModified(when=on("2024-07-01"), price_change_minor=0, restated=DEARER)
    schedule = scheduled(opened("2024-01-01", other, BUILDING), HALF, change, done)

    assert revenue(schedule, "2024-07-01", "2024-07-31", "building") == 100_00
    assert causes(schedule, "other", "2024-09-01") == (1, 4)


def test_more_units_without_a_price_are_at_the_price_of_the_others() -> None:
    more = Restated(obligation="goods", added_quantity=Decimal(5))
    change = ContractModified(when=on("2024-02-01"), price_change_minor=0, restated=(more,))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "100")),
        satisfied("2024-01-10", "goods", "4"),
        change,
        satisfied("2024-03-01", "goods", "11"),
    )

    assert by_month(schedule, "2024-01-01", 3) == [400_00, 0, 1100_00]


def test_what_is_left_counts_by_what_it_sells_for_now_where_that_is_said() -> None:
    rows = [even(name, *YEAR, price_minor=1200_00) for name in "AB"]
    now = tuple(
        Restated(obligation=name, ssp_minor=minor) for name, minor in (("A", 400_00), ("B", 800_00))
    )
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-300_00, restated=now)
    schedule = scheduled(opened("2024-01-01", *rows), change)

    # 600.00 and 600.00 less 300.00 are left: 300.00 and 600.00 over six months.
    assert [revenue(schedule, "2024-07-01", "2024-07-31", name) for name in "AB"] == [50_00, 100_00]


SEATS = even("seats", *YEAR, quantity=Decimal(12), unit_price=Decimal(1000))
BESIDE = even("support", *YEAR, price_minor=6000_00)


@pytest.mark.parametrize(
    ("row", "seats", "support"),
    [
        # 6,000.00 left and 6,000.00 for more of it are its own, as are 3,000.00 of the support.
        (Restated(obligation="seats", quantity=Decimal(18)), 2000_00, 500_00),
        (
            Restated(
                obligation="seats",
                added_quantity=Decimal(6),
                added_unit_price=Decimal(500),
            ),
            1500_00,
            500_00,
        ),
        # Dearer, and no more of it: what it sells for alone is what it was. 12,000.00 by 2 and 1.
        (Restated(obligation="seats", unit_price=Decimal(1250)), 1333_33, 666_67),
        (Restated(obligation="seats", price_minor=15000_00), 1333_33, 666_67),
        # What it sells for now is said: 15,000.00 by 1 and 1.
        (
            Restated(obligation="seats", quantity=Decimal(18), ssp_minor=3000_00),
            1250_00,
            1250_00,
        ),
    ],
)
def test_more_of_a_promise_counts_by_what_is_stated_for_it(
    row: Restated, seats: int, support: int
) -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=0, restated=(row,))
    base = structs.replace(SEATS, unit_price=None, price_minor=12000_00)
    schedule = scheduled(opened("2024-01-01", base if row.price_minor else SEATS, BESIDE), change)

    assert revenue(schedule, "2024-06-01", "2024-06-30", "seats") == 1000_00
    assert revenue(schedule, "2024-07-01", "2024-07-31", "seats") == seats
    assert revenue(schedule, "2024-07-01", "2024-07-31", "support") == support


# --- more of what was done ---


@pytest.mark.parametrize("day", ["2024-12-31", "2025-01-01"])
def test_a_term_that_goes_on_from_its_end_is_earned_over_what_comes(day: str) -> None:
    longer = Restated(obligation="service", service_to=date(2026, 1, 1), price_minor=2160_00)
    change = ContractModified(when=on(day), price_change_minor=0, restated=(longer,))
    schedule = scheduled(opened("2024-01-01", SERVICE, point("kit", price_minor=300_00)), change)

    assert by_month(schedule, "2024-12-01", 3, "service") == [100_00, 80_00, 80_00]
    assert revenue(schedule, "2025-01-01", "2025-12-31", "service") == 960_00
    assert steps(schedule, "service")["remaining months"] == "12"


def test_what_changes_of_the_price_once_all_is_done_is_shared_as_at_inception() -> None:
    """ASC 606-10-32-43 and 32-44, IFRS 15.88 and 89."""
    kits = point("kit", 300_00), point("training", 600_00)
    done = satisfied("2024-02-01", "kit"), satisfied("2024-03-01", "training")
    change = ContractModified(when=on("2024-04-10"), price_change_minor=-90_00)
    schedule = scheduled(opened("2024-01-01", *kits, price_minor=900_00), *done, change)

    assert by_month(schedule, "2024-02-01", 3, "kit") == [300_00, 0, -30_00]
    assert by_month(schedule, "2024-02-01", 3, "training") == [0, 600_00, -60_00]
    assert causes(schedule, "kit", "2024-04-10") == (1, 2, 3, 4)


@pytest.mark.parametrize("day", ["2024-04-16", "2024-04-20"])
def test_what_was_over_inside_a_month_is_done_though_the_term_goes_on(day: str) -> None:
    """1,000.00 over two months and a half, then 500.00 over two and a half more."""
    service = even("service", "2024-02-01", "2024-04-16", price_minor=1000_00)
    longer = Restated(obligation="service", service_to=date(2024, 7, 1), price_minor=1500_00)
    change = ContractModified(when=on(day), price_change_minor=0, restated=(longer,))
    schedule = scheduled(opened("2024-02-01", service), change)

    assert by_month(schedule, "2024-02-01", 5) == [400_00, 400_00, 300_00, 200_00, 200_00]
    assert revenue(schedule, "2024-04-01", "2024-04-15") == 200_00


def test_a_term_that_goes_on_by_days_is_earned_from_its_end_on() -> None:
    longer = Restated(obligation="service", service_to=date(2026, 1, 1), price_minor=1565_00)
    change = ContractModified(when=on("2025-01-01"), price_change_minor=0, restated=(longer,))
    schedule = scheduled(opened("2024-01-01", SERVICE), change, ratable_by="day")

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 1200_00
    assert revenue(schedule, "2025-01-01", "2025-01-31") == 31_00


@pytest.mark.parametrize(
    ("agreed", "months"),
    [
        (None, [100_00, 80_00, 80_00, 80_00]),
        # January is caught up on the day, as is all of it where it is over by then.
        ("2025-02-15", [100_00, 0, 160_00, 80_00]),
        ("2026-01-15", [100_00, 0, 0, 0]),
    ],
)
def test_a_term_that_went_on_before_that_was_agreed_is_caught_up_when_it_is(
    agreed: str | None, months: list[int]
) -> None:
    longer = Restated(obligation="service", service_to=date(2026, 1, 1), price_minor=2160_00)
    change = ContractModified(
        when=on("2025-01-01", agreed), price_change_minor=0, restated=(longer,)
    )
    cut = ContractModified(when=on("2025-07-01"), price_change_minor=-60_00)
    schedule = scheduled(opened("2024-01-01", SERVICE), change)

    assert by_month(schedule, "2024-12-01", 4) == months
    assert revenue(schedule, "2024-01-01", "2026-12-31") == 2160_00
    if agreed == "2025-02-15":
        later = scheduled(opened("2024-01-01", SERVICE), change, cut)
        assert by_month(later, "2025-06-01", 3) == [80_00, 70_00, 70_00]


def test_units_that_are_added_when_all_were_transferred_are_earned_as_they_are() -> None:
    more = Restated(obligation="goods", added_quantity=Decimal(5), added_unit_price=Decimal(80))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "100"), point("kit", price_minor=300_00)),
        satisfied("2024-01-10", "goods", "10"),
        ContractModified(when=on("2024-02-10"), price_change_minor=0, restated=(more,)),
        satisfied("2024-03-10", "goods", "5"),
        satisfied("2024-04-10", "kit"),
    )

    assert by_month(schedule, "2024-01-01", 4) == [1000_00, 0, 400_00, 300_00]


def test_work_that_was_done_and_is_widened_is_caught_up() -> None:
    """7/8 of 1,200.00 on the day, and the rest when it is done (rule 9)."""
    work = structs.replace(BUILDING, price_minor=1000_00, expected_cost_minor=700_00)
    wider = Restated(obligation="building", added_cost_minor=100_00)
    schedule = scheduled(
        opened("2024-01-01", work),
        structs.replace(HALF, when=on("2024-01-31"), percent=None, incurred_minor=700_00),
        ContractModified(when=on("2024-02-10"), price_change_minor=200_00, restated=(wider,)),
        structs.replace(HALF, when=on("2024-03-31"), percent=None, incurred_minor=800_00),
    )

    assert by_month(schedule, "2024-01-01", 3) == [1000_00, 50_00, 150_00]


def test_a_price_alone_does_not_begin_again_what_was_done() -> None:
    dearer = Restated(obligation="goods", unit_price=Decimal(110))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "10", "100"), SERVICE),
        satisfied("2024-01-10", "goods", "10"),
        ContractModified(when=on("2024-07-01"), price_change_minor=0, restated=(dearer,)),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31", "goods") == 1000_00
    assert revenue(schedule, "2024-07-01", "2024-12-31", "service") == 700_00


def test_a_price_alone_does_not_catch_up_work_that_was_done() -> None:
    """200.00 more for work that is complete: for what is left of the deal, 600.00 of service."""
    schedule = scheduled(
        opened("2024-01-01", BUILDING, SERVICE),
        structs.replace(HALF, percent=Decimal(100)),
        ContractModified(when=on("2024-07-01"), price_change_minor=0, restated=DEARER),
    )

    assert by_month(schedule, "2024-03-01", 5, "building") == [1000_00, 0, 0, 0, 0]
    assert revenue(schedule, "2024-07-01", "2024-12-31", "service") == 800_00


def test_what_ended_does_not_go_on() -> None:
    longer = Restated(obligation="service", service_to=date(2026, 1, 1))
    schedule = scheduled(
        opened("2024-01-01", SERVICE),
        ContractTerminated(when=on("2024-07-01"), refund_minor=600_00),
        ContractModified(when=on("2024-07-01"), price_change_minor=60_00, restated=(longer,)),
    )

    assert by_month(schedule, "2024-06-01", 3) == [100_00, 60_00, 0]


def test_what_is_left_rests_on_what_was_done_before_and_on_nothing_after() -> None:
    licence = point("licence", 600_00)
    schedule = scheduled(
        opened("2024-01-01", licence, SERVICE, units("goods", "10", "60")),
        satisfied("2024-01-01", "licence"),
        satisfied("2024-02-01", "goods", "5"),
        ContractModified(when=on("2024-07-01"), price_change_minor=-90_00),
        satisfied("2024-08-01", "goods", "5"),
    )
    told = steps(schedule, "service")

    assert causes(schedule, "service", "2024-07-31") == (1, 2, 3, 4)
    assert causes(schedule, "goods", "2024-08-01") == (1, 2, 3, 4, 5)
    # 1800.00 by prices alone of 600, 1200 and 600.
    assert told["licence transferred"] == "450.00 by 2024-01-01"
    assert told["service"] == "450.00 of 900.00 not earned"
    assert told["goods"] == "225.00 of 450.00 not earned"
    assert told["price change"] == "-90.00"
    assert told["remaining consideration"] == "585.00"
    assert "service transferred" not in told


def test_where_nothing_is_left_a_change_of_price_is_earned_when_it_is_measured() -> None:
    schedule = scheduled(
        opened("2024-01-01", point("licence", price_minor=600_00), USAGE),
        satisfied("2024-01-01", "licence"),
        ContractModified(when=on("2024-03-01"), price_change_minor=50_00),
    )

    assert by_month(schedule, "2024-01-01", 3) == [600_00, 0, 50_00]
    assert causes(schedule, "licence", "2024-03-01") == (1, 2, 3)
    assert steps(schedule, "licence")["licence transferred"] == "600.00 by 2024-01-01"


def test_an_estimate_after_a_concession_rests_on_it() -> None:
    rebate = VariableAmount(name="rebate", estimate_minor=0)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(rebate,)),
        PriceConceded(when=on("2024-03-01"), obligation="service", amount_minor=30_00),
        PriceEstimated(
            when=on("2024-07-01"), variable=(structs.replace(rebate, estimate_minor=-120_00),)
        ),
    )

    # March: 100.00 less 30.00; July: 90.00 less 10.00 for each of six months.
    assert by_month(schedule, "2024-03-01", 5) == [70_00, 100_00, 100_00, 100_00, 30_00]
    assert causes(schedule, "service", "2024-09-30") == (1, 2, 3)


def test_a_change_by_days_counts_from_its_own_day() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-92_00)
    base = opened("2024-01-01", even("service", *YEAR), price_minor=366_00)
    schedule = scheduled(base, change, ratable_by="day")

    assert revenue(schedule, "2024-06-30", "2024-06-30") == 1_00
    assert revenue(schedule, "2024-07-01", "2024-07-01") == 50


def test_what_a_change_ends_shares_nothing_of_what_is_left() -> None:
    other = even("other", *YEAR, price_minor=1200_00)
    ended = Restated(obligation="other", service_to=date(2024, 7, 1))
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-600_00, restated=(ended,))
    schedule = scheduled(opened("2024-01-01", SERVICE, other), change)

    assert by_month(schedule, "2024-06-01", 3, "other") == [100_00, 0, 0]
    assert by_month(schedule, "2024-06-01", 3, "service") == [100_00] * 3


MONTHLY = even(
    "service",
    *YEAR,
    fees=(
        Fee(
            amount_minor=100_00,
            per="month",
            service_from=date(2024, 1, 1),
            service_to=date(2025, 1, 1),
        ),
    ),
)


def dearer_from(day: date) -> Restated:
    fee = Fee(amount_minor=150_00, per="month", service_from=day, service_to=date(2025, 1, 1))
    return Restated(obligation="service", fees=(fee,))


@pytest.mark.parametrize(
    ("when", "price"),
    [
        (on("2024-06-01"), 1550_00),
        # 14 of 30 days of June at the old fee; at the new one 6 months and 17 of 31 days.
        (on("2024-06-15"), 1528_93),
        # Agreed in October, in force since June: the fees it replaces are those since June.
        (on("2024-06-01", "2024-10-01"), 1550_00),
    ],
)
def test_a_fee_stated_anew_takes_the_place_of_the_old_one_from_its_own_day_on(
    when: When, price: int
) -> None:
    """No day of service is without a fee, and none has two (rule 8, 606-10-25-13(a))."""
    change = ContractModified(
        when=when, price_change_minor=0, restated=(dearer_from(when.effective),)
    )
    schedule = scheduled(opened("2024-01-01", MONTHLY), change)

    assert revenue(schedule, *("2024-01-01", "2024-12-31")) == price


def test_a_fee_by_the_month_is_not_owed_beyond_a_term_that_is_cut_short() -> None:
    """What is left of the price is for the months that are left (IFRS 15.11, 606-10-25-3)."""
    shorter = Restated(obligation="service", service_to=date(2024, 10, 1))
    change = ContractModified(when=on("2024-07-01"), price_change_minor=0, restated=(shorter,))
    schedule = scheduled(opened("2024-01-01", MONTHLY), change)

    assert by_month(schedule, "2024-06-01", 5) == [100_00] * 4 + [0]


def test_of_fees_that_are_all_given_back_nothing_is_earned() -> None:
    change = ContractModified(when=on("2024-01-01"), price_change_minor=-1200_00)
    schedule = scheduled(opened("2024-01-01", MONTHLY, cancellable_days=30), change)

    assert by_month(schedule, "2024-01-01", 12) == [0] * 12


@pytest.mark.parametrize(
    "more",
    [
        {
            "price_change_minor": 0,
            "restated": (Restated(obligation="service", price_minor=1310_00),),
        },
        {"price_change_minor": 110_00},
    ],
)
def test_what_goes_along_a_promise_beside_it_has_no_part_of_a_later_price(
    more: dict[str, Any],
) -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE),
        ContractModified(when=on("2024-02-01"), price_change_minor=110_00),
        PriceEstimated(
            when=on("2024-03-01"), variable=(VariableAmount(name="bonus", estimate_minor=120_00),)
        ),
        ContractModified(when=on("2024-04-01"), treatment="cumulative", judgement="so", **more),
    )

    # 110.00 a month since February; the bonus of 10.00 a month since January, caught up in March;
    # 10.00 a month more since February, caught up in April.
    assert by_month(schedule, "2024-01-01", 5) == [100_00, 110_00, 140_00, 150_00, 130_00]


def test_a_service_that_has_not_begun_is_spread_from_its_beginning() -> None:
    service = even("service", "2024-04-01", "2024-10-01", price_minor=600_00)
    change = ContractModified(when=on("2024-02-01"), price_change_minor=-60_00)
    schedule = scheduled(opened("2024-01-01", service), change)

    assert by_month(schedule, "2024-02-01", 4) == [0, 0, 90_00, 90_00]
    assert steps(schedule, "service")["remaining months"] == "6"


def test_less_than_a_month_that_is_left_is_told_as_its_part() -> None:
    service = even("service", "2024-01-01", "2024-07-16", price_minor=197_00)
    change = ContractModified(when=on("2024-07-01"), price_change_minor=15_00)
    schedule = scheduled(opened("2024-01-01", service), change, ratable_by="day")

    assert revenue(schedule, "2024-07-01", "2024-07-01") == 2_00
    # 15 days of 31.
    assert steps(schedule, "service")["remaining months"] == "0.483871"


def test_what_joins_and_was_delivered_before_it_was_agreed_is_caught_up_when_it_is() -> None:
    change = ContractModified(
        when=on("2024-03-01", "2024-06-01"), price_change_minor=100_00, added=(TRAINING,)
    )
    trained = satisfied("2024-04-10", "training")
    schedule = scheduled(opened("2024-01-01", SERVICE), change, trained)

    # 700.00 and 100.00 are left in June, by 700 and 300.
    assert by_month(schedule, "2024-03-01", 4, "training") == [0, 0, 0, 240_00]
    assert by_month(schedule, "2024-05-01", 3, "service") == [100_00, 80_00, 80_00]


def test_units_that_join_and_were_delivered_in_part_are_caught_up_as_far() -> None:
    goods = Obligation(
        obligation="goods", pattern="units", quantity=Decimal(10), unit_ssp=Decimal(30)
    )
    change = ContractModified(
        when=on("2024-03-01", "2024-06-01"), price_change_minor=100_00, added=(goods,)
    )
    delivered = (satisfied("2024-04-10", "goods", "4"), satisfied("2024-08-10", "goods", "6"))
    schedule = scheduled(opened("2024-01-01", SERVICE), change, *delivered)

    # 240.00 of the 800.00 that are left in June: four of ten at once.
    assert by_month(schedule, "2024-04-01", 5, "goods") == [0, 0, 96_00, 0, 144_00]
