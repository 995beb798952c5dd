"""Release flows by their rules: what they come to, and the words that tell why."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from domain.accounting.curves import Instants, Ratable
from domain.accounting.revenue import over_time, release
from domain.accounting.schedule import Flow
from domain.explain import Step
from tests.domain.drawing import JANUARY, Desk

FEBRUARY = date(2024, 2, 1)


def told(flow: Flow) -> list[tuple[str, str]]:
    return [(step.what, step.value) for step in flow.steps]


def test_a_flow_tells_what_it_was_given_written_or_to_be_written() -> None:
    curve = Ratable(JANUARY, FEBRUARY, 31_00, "day")
    step = Step(what="a", value="b")

    assert told(release("o", curve, (1,), "rule@1", (step,))) == [("a", "b")]
    assert told(release("o", curve, (1,), "rule@1", lambda: (step,))) == [("a", "b")]


def test_the_word_of_a_rule_is_the_progress_it_is_earned_by() -> None:
    by_day = over_time("o", JANUARY, FEBRUARY, 31_00, "day", (1,))
    by_time = over_time("o", JANUARY, FEBRUARY, 31_00, Instants("UTC"), (1,))
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 31, 12, tzinfo=UTC)
    from_noon = over_time("o", JANUARY, FEBRUARY, 31_00, Instants("UTC", *noon), (1,))

    assert by_day.rule == "ratable-by-day@1"
    assert told(by_day) == [("earned evenly by day", "2024-01-01 to 2024-02-01")]
    assert by_time.rule == "ratable-by-instant@1"
    assert told(by_time) == [("earned evenly by instant", "2024-01-01 to 2024-02-01")]
    assert told(from_noon) == [("earned evenly by instant", f"{noon[0]} to {noon[1]}")]


def test_where_no_day_is_left_an_amount_is_earned_at_once() -> None:
    flow = over_time("o", FEBRUARY, JANUARY, 31_00, "day", (1,), (Step(what="a", value="b"),))

    assert flow.rule == "point-in-time@1"
    assert told(flow) == [("a", "b"), ("earned", "2024-02-01")]


def test_what_was_promised_and_not_used_is_earned_at_the_end_of_its_period() -> None:
    desk = Desk()
    desk.sell("calls", "2", minimum=Decimal(100))
    desk.start("calls", to=date(2024, 3, 1))
    desk.use("calls", date(2024, 1, 10), "30")
    january, february = date(2024, 1, 31), date(2024, 2, 29)
    days = (date(2024, 1, 10), date(2024, 1, 30), january, date(2024, 2, 28), february)

    # 60.00 is used of 100.00, then nothing.
    found = [desk.revenue("calls", day) for day in days]
    assert found == [60_00, 60_00, 100_00, 100_00, 200_00]
    assert {flow.rule for flow in desk.schedule().flows} == {
        "usage-as-it-occurs@1",
        "shortfall@1",
    }
