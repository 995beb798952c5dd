"""An option on service is earned over that service, and not when it is exercised (B40, 55-42)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.curves import Steps, standing
from domain.accounting.schedule import Schedule
from domain.calendar import ONE_DAY
from domain.contract_commands import ExerciseRights
from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    ExpectationRevised,
    Obligation,
    PriceEstimated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.errors import Rejected
from domain.facts import Event
from domain.money import rounded
from tests.domain.contracting import balance, by_month, on, opened, point, revenue, scheduled, steps
from tests.domain.given import decide

RIGHT = Obligation(obligation="right", ssp_minor=1200, pattern="as-exercised", quantity=Decimal(12))
GOODS = point("goods", 8800)
DEAL = opened("2024-01-01", GOODS, RIGHT, price_minor=100_00)
ALONE = opened("2024-01-01", RIGHT, price_minor=12_00)


def used(day: str, quantity: str | None = None, *service: str, **how: Any) -> RightsExercised:
    first, after = map(date.fromisoformat, service) if service else (None, None)
    number = None if quantity is None else Decimal(quantity)
    return RightsExercised(
        when=on(day),
        obligation="right",
        quantity=number,
        service_from=first,
        service_to=after,
        **how,
    )


def expired(day: str, quantity: str | None = None) -> RightsExpired:
    number = None if quantity is None else Decimal(quantity)
    return RightsExpired(when=on(day), obligation="right", quantity=number)


def months(*said: Event, count: int = 6, **options: object) -> list[int]:
    return by_month(scheduled(ALONE, *said, **options), "2024-01-01", count)


HALF_YEAR = ("2024-02-01", "2024-06-01")


def test_what_was_paid_for_an_option_is_earned_over_the_service_it_was_used_for() -> None:
    """12.00 of 100.00 are for the right: taken up in January for four months from February on."""
    schedule = scheduled(DEAL, used("2024-01-20", None, *HALF_YEAR))

    assert by_month(schedule, "2024-01-01", 6) == [0, 300, 300, 300, 300, 0]
    told = steps(schedule, "right")
    said = "rights used, earned evenly by month over 2024-02-01 to 2024-06-01"
    assert told[said] == "12 of 12"
    (flow,) = [one for one in schedule.flows if one.subject == "right" and one.kind == "release"]
    assert [step.what for step in flow.steps].count(said) == 1
    assert "rights used" not in told


@pytest.mark.parametrize(
    ("said", "earned"),
    [
        # At once where no service is said.
        ([used("2024-01-20")], [1200, 0, 0, 0, 0, 0]),
        # Half of them at once, half over four months.
        ([used("2024-01-20", "6"), used("2024-01-25", "6", *HALF_YEAR)],
         [600, 150, 150, 150, 150, 0]),
        # Two that overlap.
        ([used("2024-01-20", "4", *HALF_YEAR), used("2024-03-01", "8", "2024-03-01", "2024-05-01")],
         [0, 100, 500, 500, 100, 0]),
        # Exercised when the service had begun: what was served is caught up that day.
        ([used("2024-03-10", None, *HALF_YEAR)], [0, 0, 600, 300, 300, 0]),
        ([used("2024-06-10", None, *HALF_YEAR)], [0, 0, 0, 0, 0, 1200]),
        # What nobody expected to expire is earned when it does; what is still to be served is not
        # dearer by it (ASC 606-10-55-42, 55-48, IFRS 15.B40, B46).
        ([used("2024-01-20", "4", *HALF_YEAR), expired("2024-03-05")],
         [0, 100, 900, 100, 100, 0]),
        ([used("2024-01-20", "4"), expired("2024-03-05", "2"), used("2024-04-05", "6")],
         [400, 0, 200, 600, 0, 0]),
        # Where some are expected to stay unused, that more expire is a change of that: each of ten
        # earns 1.20, each of eight 1.50, as served.
        ([used("2024-01-20", "4", *HALF_YEAR, expected=Decimal(10)), expired("2024-03-05", "4"),
          used("2024-05-20", "4")],
         [0, 120, 180, 150, 750, 0]),
        ([used("2024-01-20", "4", *HALF_YEAR, expected=Decimal(10)), expired("2024-03-05")],
         [0, 120, 480, 300, 300, 0]),
        # By a number in all: those that are more are for the service.
        ([used("2024-01-20", "4"), used("2024-01-25", None, *HALF_YEAR, cumulative=Decimal(8))],
         [400, 100, 100, 100, 100, 0]),
        # Fewer in all than before: nothing more is used for it.
        ([used("2024-01-20", "4"), used("2024-01-25", None, *HALF_YEAR, cumulative=Decimal(4))],
         [400, 0, 0, 0, 0, 0]),
        ([used("2024-01-20", "4"), used("2024-01-25", None, *HALF_YEAR, cumulative=Decimal(3))],
         [300, 0, 0, 0, 0, 0]),
        # Fewer in all than are still to be served: nothing is earned until fewer are.
        ([used("2024-01-20", "8", *HALF_YEAR), used("2024-01-25", None, cumulative=Decimal(4))],
         [0, 0, 0, 200, 200, 0]),
        # A part of a month by its days, as what is earned evenly by month.
        ([used("2024-02-01", None, "2024-02-15", "2024-04-15")], [0, 313, 605, 282, 0, 0]),
    ],
)  # fmt: skip
def test_each_use_is_earned_as_its_service_is_given(said: list[Event], earned: list[int]) -> None:
    assert months(*said) == earned


def test_what_is_expected_to_be_used_by_nobody_is_earned_along_what_is_served() -> None:
    """Ten of twelve are expected to be used, so each earns 1.20: five over four months."""
    five = used("2024-01-20", "5", *HALF_YEAR, expected=Decimal(10))
    rest = used("2024-05-20", "5")

    assert months(five, rest) == [0, 150, 150, 150, 750, 0]
    # Without breakage in proportion, each earns 1.00 until those left expire.
    assert months(five, rest, expired("2024-06-10"), breakage="remote") == [
        *(0, 125, 125, 125, 625), 200
    ]  # fmt: skip


def test_what_expires_is_earned_when_it_does_beside_what_is_served() -> None:
    said = [used("2024-01-20", "4", *HALF_YEAR), expired("2024-03-05")]

    assert months(*said, breakage="remote") == [0, 100, 900, 100, 100, 0]


def test_days_count_as_the_policy_earns_evenly() -> None:
    schedule = scheduled(ALONE, used("2024-01-20", None, *HALF_YEAR), ratable_by="day")

    assert by_month(schedule, "2024-01-01", 6) == [0, 288, 307, 298, 307, 0]
    # 1200 * 10 / 121 days.
    assert revenue(schedule, "2024-02-01", "2024-02-10") == 99


def test_a_cut_of_the_price_is_spread_over_what_is_still_to_be_served() -> None:
    """6.00 of 12.00 are earned by the end of March; 3.00 less leaves 1.50 a month."""
    cut = ContractModified(when=on("2024-04-01"), price_change_minor=-3_00)

    assert months(used("2024-01-20", None, *HALF_YEAR), cut) == [0, 300, 300, 150, 150, 0]


def test_what_was_served_by_the_day_of_a_change_is_of_before_it() -> None:
    """Of 121 days 60 are over by the end of March. On 1 April one right expires, and the price is
    cut: 5.45 of 11.00 and 1.00 are earned, the 5.55 that are left go on as 3.03 over 61 days.
    """
    cut = ContractModified(when=on("2024-04-01"), price_change_minor=-2_52)
    schedule = scheduled(
        ALONE,
        *(used("2024-01-20", "11", *HALF_YEAR), expired("2024-04-01", "1"), cut),
        ratable_by="day",
        breakage="remote",
    )

    by_march = _earned(schedule, date(2024, 3, 31))
    assert by_march == rounded(Fraction(1100 * 60, 121))
    on_the_day = _earned(schedule, date(2024, 4, 1))
    assert on_the_day == by_march + 100 + 5
    assert _earned(schedule, date(2024, 6, 1)) == 12_00 - 2_52


def test_nothing_is_told_of_days_before_a_use_was_known() -> None:
    schedule = scheduled(ALONE, used("2024-06-10", None, *HALF_YEAR), ratable_by="day")
    (flow,) = [one for one in schedule.flows if one.kind == "release"]

    assert flow.curve == Steps(((date(2024, 6, 10), 12_00),))


def test_what_a_change_stopped_rests_on_it() -> None:
    def kept(day: str) -> list[bool]:
        cut = ContractModified(when=on(day), price_change_minor=-1_00)
        schedule = scheduled(ALONE, used("2024-01-20", None, *HALF_YEAR), cut)
        return sorted(3 in flow.causes for flow in schedule.flows if flow.kind == "release")

    assert kept("2024-04-01") == [True, True]
    # All was served by then: it rests on nothing that came later.
    assert kept("2024-07-01") == [False, True]


def test_what_an_estimate_changes_is_caught_up_and_goes_on_along_the_service() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=4_00)
    more = PriceEstimated(when=on("2024-04-10"), variable=(bonus,))

    assert months(used("2024-01-20", None, *HALF_YEAR), more) == [0, 300, 300, 600, 400, 0]


@pytest.mark.parametrize(("refund", "april"), [(0, 600), (6_00, 0), (4_00, 200)])
def test_where_the_contract_ends_what_was_not_served_is_kept_or_given_back(
    refund: int, april: int
) -> None:
    end = ContractTerminated(when=on("2024-04-01"), refund_minor=refund)

    assert months(used("2024-01-20", None, *HALF_YEAR), end) == [0, 300, 300, april, 0, 0]


def test_what_is_not_served_yet_is_a_liability() -> None:
    schedule = scheduled(ALONE, used("2024-01-20", None, *HALF_YEAR))

    assert [balance(schedule, "revenue", day) for day in ("2024-03-31", "2024-05-31")] == [
        -600,
        -1200,
    ]


def _by_hand(uses: list[RightsExercised], every: int, minor: int, day: date) -> int:
    """Right by right: each use earns its part of the price along its own service, by days."""
    share = Fraction(0)
    for event in uses:
        part = Fraction(event.quantity or 0) / every
        if event.service_from is None or event.service_to is None:
            share += part * (event.when.effective <= day)
        elif event.when.effective <= day:
            length = (event.service_to - event.service_from).days
            over = (min(day + ONE_DAY, event.service_to) - event.service_from).days
            share += part * Fraction(max(over, 0), length)
    return rounded(minor * share)


def test_any_day_is_what_is_served_by_then_of_each_use() -> None:
    uses = [
        used("2024-01-20", "3", "2024-02-03", "2024-05-01"),
        used("2024-03-01", "2"),
        used("2024-03-01", "4", "2024-01-15", "2024-07-10"),
        used("2024-04-11", "1", "2024-04-11", "2024-04-12"),
    ]
    schedule = scheduled(ALONE, *uses, ratable_by="day")
    days = [date(2024, 1, 1) + ONE_DAY * number for number in range(250)]

    assert [_earned(schedule, day) for day in days] == [
        _by_hand(uses, 12, 1200, day) for day in days
    ]


def _earned(schedule: Schedule, day: date) -> int:
    return sum(standing(flow.curve, day) for flow in schedule.flows if flow.kind == "release")


def test_a_later_look_at_what_is_expected_moves_nothing_that_is_done() -> None:
    service = used("2024-01-20", "6", *HALF_YEAR)
    fewer = ExpectationRevised(
        when=on("2024-04-10"), obligation="right", expected_exercised=Decimal(8)
    )

    # 3.00 by March; from 10 April on each earns 1.50: three quarters of 9.00 by the end of April.
    assert months(service, fewer) == [0, 150, 150, 375, 225, 0]


@pytest.mark.parametrize(
    ("code", "field", "service"),
    [
        ("ratable-without-term", "service_to", {"service_from": date(2024, 2, 1)}),
        ("ratable-without-term", "service_from", {"service_to": date(2024, 2, 1)}),
        (
            "service-ends-before-it-begins",
            "service_to",
            {"service_from": date(2024, 2, 1), "service_to": date(2024, 2, 1)},
        ),
    ],
)
def test_a_service_has_a_first_day_and_one_after_its_last(
    code: str, field: str, service: dict[str, date]
) -> None:
    command = ExerciseRights(when=on("2024-01-20"), obligation="right", **service)

    with pytest.raises(Rejected) as caught:
        decide("contract:k1", command, ALONE)

    assert (caught.value.code, caught.value.field) == (code, field)
    whole = {"service_from": date(2024, 2, 1), "service_to": date(2024, 2, 2)}
    assert decide("contract:k1", structs.replace(command, **whole), ALONE)


def test_more_than_were_expected_to_be_used_earn_no_more_than_the_price() -> None:
    expecting = structs.replace(RIGHT, breakage_percent=Decimal(25))
    deal = opened("2024-01-01", expecting, price_minor=12_00)

    schedule = scheduled(deal, used("2024-02-01", "8"), used("2024-03-01", "2"))

    # 8 of the 9 that are expected, then all: 10 of 9 are used.
    assert by_month(schedule, "2024-01-01", 4) == [0, 10_67, 1_33, 0]
