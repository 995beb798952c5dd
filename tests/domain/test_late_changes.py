"""Changes agreed late, one after the other, to the day and the cent, with what they say."""

from datetime import date

from domain.accounting.curves import At, first_day, last_day, standing
from domain.accounting.modification import Version, modified
from domain.accounting.revenue import over_time
from domain.accounting.schedule import stands, totals

JANUARY, JULY, NEXT_YEAR = date(2024, 1, 1), date(2024, 7, 1), date(2025, 1, 1)


def version(
    cause: int,
    minor: int,
    measured: date,
    *,
    late: bool = True,
    start: date = JANUARY,
    end: date = NEXT_YEAR,
) -> Version:
    flow = over_time("seat", start, end, minor, "day", (1, cause))
    return Version(flows=(flow,), measured=measured, late=late, cause=cause)


SOLD = version(1, 36_600, JANUARY, late=False)


def test_each_late_change_spreads_what_the_one_before_left() -> None:
    second = version(6, 48_600, date(2024, 10, 1))
    flows = modified([SOLD, version(5, 55_000, JULY), second], "day", "USD")

    # 100 a day for 182 days, then 200 for 92, then what is left of 486.00 for 92.
    assert [(first_day(f.curve), last_day(f.curve)) for f in flows] == [
        (JANUARY, date(2024, 6, 30)),
        (JULY, date(2024, 9, 30)),
        (date(2024, 10, 1), date(2024, 12, 31)),
    ]
    assert stands(flows, date(2024, 6, 30)) == 18_200
    assert stands(flows, date(2024, 9, 30)) == 36_600
    assert totals(flows) == 48_600
    assert [flow.causes for flow in flows] == [(1, 5), (1, 5, 6), (1, 5, 6)]
    assert [(step.what, step.value) for step in flows[2].steps] == [
        ("price after fact 5, measured 2024-07-01", "550.00"),
        ("price of the whole term", "486.00"),
        ("recognised before 2024-10-01", "366.00"),
        ("remaining", "120.00"),
        ("earned evenly by day", "2024-10-01 to 2025-01-01"),
    ]
    kept = [(step.what, step.value) for step in flows[1].steps]
    assert kept[-2:] == [
        ("price after fact 5, measured 2024-07-01", "550.00"),
        ("price after fact 6, measured 2024-10-01", "486.00"),
    ]


def test_what_changes_once_the_term_is_over_is_earned_when_it_is_measured() -> None:
    late = version(5, 40_000, date(2025, 2, 10))
    flows = modified([SOLD, late], "day", "USD")

    assert stands(flows, date(2024, 12, 31)) == 36_600
    assert flows[-1].curve == At(date(2025, 2, 10), 3_400)
    assert len(flows) == 2
    assert ("remaining", "34.00") in [(step.what, step.value) for step in flows[-1].steps]


def test_a_term_that_ends_on_the_day_of_the_change_has_nothing_left() -> None:
    flows = modified([SOLD, version(5, 20_000, JULY, end=JULY)], "day", "USD")

    assert stands(flows, date(2024, 6, 30)) == 18_200
    assert flows[-1].curve == At(JULY, 1_800)


def test_a_day_that_is_left_takes_all_that_is_left() -> None:
    flows = modified([SOLD, version(5, 20_000, JULY, end=date(2024, 7, 2))], "day", "USD")

    assert standing(flows[-1].curve, JULY) == 1_800
    assert first_day(flows[-1].curve) == JULY


def test_what_would_have_begun_before_the_change_says_that_it_did_not() -> None:
    march = version(1, 30_600, JANUARY, late=False, start=date(2024, 3, 1))
    # By the month a change inside it counts from its first day; the service never came.
    gone = Version(
        flows=(over_time("seat", JANUARY, date(2024, 2, 1), 500, "month", (1, 5)),),
        measured=date(2024, 3, 20),
        late=True,
        cause=5,
    )
    flows = modified([march, gone], "month", "USD")

    assert [flow.curve for flow in flows] == [
        At(date(2024, 3, 1), 0),
        At(date(2024, 3, 20), 500),
    ]


def test_what_begins_with_the_change_is_not_said_to_be_given_up() -> None:
    march = version(1, 30_600, JANUARY, late=False, start=date(2024, 3, 1))
    gone = version(5, 500, date(2024, 3, 1), end=date(2024, 2, 1))
    flows = modified([march, gone], "day", "USD")

    assert [flow.curve for flow in flows] == [At(date(2024, 3, 1), 500)]


def test_an_obligation_that_a_late_change_ends_keeps_its_name() -> None:
    gone = Version(flows=(), measured=JULY, late=True, cause=5)
    flows = modified([SOLD, gone], "day", "USD")

    assert standing(flows[-1].curve, JULY) == -18_200
    assert {flow.obligation for flow in flows} == {"seat"}
    assert totals(flows) == 0
