"""A day is judged by the history of its own subscription: the median, and how far days are off."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import When
from domain.meter import MeterDefined
from domain.plausibility import PLAUSIBLE_MEDIANS, Outlier, is_judged, lower_median, outliers

FIRST = date(2024, 1, 1)
AMOUNTS = st.decimals(Decimal("0.001"), Decimal(1_000_000), places=3)
HISTORIES = st.lists(AMOUNTS, min_size=0, max_size=40)


def by_day(amounts):
    return {FIRST + timedelta(days=n): Decimal(amount) for n, amount in enumerate(amounts)}


def flagged(*amounts):
    return [str(one.quantity) for one in outliers(by_day(amounts))]


def test_given_eight_steady_days_when_one_is_a_hundredfold_then_it_stands_beside_the_median():
    found = outliers(by_day([10, 11, 9, 10, 1000, 10, 12, 10, 8]))

    assert found == (Outlier(day=date(2024, 1, 5), quantity=Decimal(1000), median=Decimal(10)),)


def test_given_seven_other_days_when_one_is_a_hundredfold_then_there_is_no_history_to_judge_by():
    assert flagged(*[10] * 7, 1000) == []


def test_given_days_without_use_when_one_is_a_hundredfold_then_they_are_no_history():
    assert flagged(*[10] * 7, 0, 0, 0, 1000) == []
    assert flagged(*[10] * 8, 0, 0, 0, 1000) == ["1000"]


@pytest.mark.parametrize(("last", "found"), [("60", []), ("60.001", ["60.001"])])
def test_given_a_steady_meter_then_a_day_may_be_six_medians(last, found):
    assert flagged(*[10] * 8, last) == found


@pytest.mark.parametrize(("last", "found"), [("200", []), ("200.001", ["200.001"])])
def test_given_days_that_differ_then_a_day_may_be_ten_deviations_off(last, found):
    # The median is 20; the days are 18, 16, 0, 0, 0, 18, 18, 20 off it, and the last far more.
    assert flagged(2, 4, 20, 20, 20, 38, 38, 40, last) == found


def test_given_one_day_when_more_is_taken_back_than_was_used_then_it_is_not_plausible():
    assert outliers(by_day([-3])) == (Outlier(day=FIRST, quantity=Decimal(-3), median=None),)
    assert flagged(10, -3, 10) == ["-3"]


def test_of_two_in_the_middle_the_lower_is_the_median():
    assert lower_median(map(Decimal, [4, 1, 3, 2])) == 2


def test_quantities_longer_than_a_default_context_are_compared_exactly():
    steady = Decimal("1000000000000000000000.000000000000001")
    just = 6 * Decimal(10**21)

    assert flagged(*[steady] * 8, just) == []
    over = Decimal("6000000000000000000000.000000000000007")
    assert flagged(*[steady] * 8, over) == [str(over)]


@given(HISTORIES, AMOUNTS)
def test_in_another_unit_the_same_days_stand_out(amounts, factor):
    scaled = [amount * factor for amount in amounts]

    assert [one.day for one in outliers(by_day(scaled))] == [
        one.day for one in outliers(by_day(amounts))
    ]


@given(HISTORIES, st.randoms())
def test_in_whatever_order_they_came_the_same_days_stand_out(amounts, chance):
    days = list(by_day(amounts).items())
    chance.shuffle(days)

    assert outliers(dict(days)) == outliers(by_day(amounts))


@given(AMOUNTS, st.integers(0, 60))
def test_what_is_always_the_same_never_stands_out(amount, days):
    assert outliers(by_day([amount] * days)) == ()


@given(st.lists(st.integers(50, 100), min_size=8, max_size=40), st.data())
def test_one_hundredfold_day_among_like_ones_is_the_only_one(amounts, data):
    place = data.draw(st.integers(0, len(amounts)))
    amounts.insert(place, 10_000)

    assert [one.day for one in outliers(by_day(amounts))] == [FIRST + timedelta(days=place)]


@given(HISTORIES)
def test_what_stands_out_is_always_above_what_the_query_looks_for(amounts):
    for one in outliers(by_day(amounts)):
        assert one.median is not None
        assert one.quantity > PLAUSIBLE_MEDIANS * one.median


@pytest.mark.parametrize(
    ("aggregation", "recurring", "judged"),
    [
        ("sum", False, True),
        ("count", False, True),
        ("unique-count", False, True),
        ("sum", True, False),
        ("max", False, False),
        ("latest", False, False),
        ("time-weighted-sum", True, False),
    ],
)
def test_days_are_compared_where_their_rows_add_up(aggregation, recurring, judged):
    meter = MeterDefined(when=When(effective=FIRST), aggregation=aggregation, recurring=recurring)

    assert is_judged(meter) is judged
