"""The harness adds what a case leaves unsaid: master data, posting runs, closes before a close."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from domain.entity import DefineCalendar
from domain.subscription import StartSubscription
from replay.accounting_cases.format import document
from replay.accounting_cases.plan import Act, Plan, Run, SetUp, plan
from replay.accounting_cases.steps import Close
from replay.accounting_cases.translation import translate
from replay.case_format import CaseError, read_document

CASES = Path(__file__).parent / "accounting"


def planned(name: str, last_expected: str | None) -> Plan:
    given = document(read_document(CASES / f"{name}.json"), name).given
    return plan(translate(given), last_expected)


def told(act: Act) -> tuple[str, str, Any]:
    match act.does:
        case Run():
            return f"{act.at:%Y-%m-%d}", "run through", f"{act.does.through}"
        case Close():
            return f"{act.at:%Y-%m-%d}", "close", act.does.period
        case _:
            return f"{act.at:%Y-%m-%d}", "fact", act.key


def test_runs_stand_at_each_month_end_and_before_each_close() -> None:
    course = planned("bt-backdated-upgrade-closed", "2024-05")
    acts = [told(act) for act in course.acts if not isinstance(act.does, SetUp)]

    assert acts == [
        ("2024-01-01", "fact", "fact-1"),
        ("2024-01-01", "fact", "fact-2"),
        ("2024-01-31", "run through", "2024-01-31"),
        ("2024-02-29", "run through", "2024-02-29"),
        ("2024-03-31", "run through", "2024-03-31"),
        ("2024-04-05", "run through", "2024-03-31"),
        ("2024-04-05", "close", "2024-01"),
        ("2024-04-05", "close", "2024-02"),
        ("2024-04-05", "close", "2024-03"),
        ("2024-04-10", "fact", "fact-4"),
        ("2024-04-10", "fact", "fact-5"),
        ("2024-04-30", "run through", "2024-04-30"),
        ("2024-05-31", "run through", "2024-05-31"),
    ]
    assert course.through == date(2024, 5, 31)


def test_the_clock_never_goes_back_and_keys_are_used_once() -> None:
    for path in sorted(CASES.glob("*.json")):
        try:
            acts = planned(path.stem, "2024-12").acts
        except CaseError:
            # What cannot be translated yet is listed where the cases are played.
            continue

        assert [act.at for act in acts] == sorted(act.at for act in acts)
        assert len({act.key for act in acts}) == len(acts)


def test_the_calendar_reaches_from_the_first_date_of_a_case_well_beyond_its_last() -> None:
    (calendar,) = (
        act.does.command.periods
        for act in planned("stripe-annual-sub", "2019-03").acts
        if isinstance(act.does, SetUp) and isinstance(act.does.command, DefineCalendar)
    )

    assert (calendar[0].name, calendar[-1].name) == ("2019-01", "2021-01")


def test_a_case_that_names_no_month_runs_to_its_last_date() -> None:
    course = planned("stripe-annual-sub", None)

    assert course.through == date(2020, 1, 31)


def test_all_usage_of_a_case_is_in_one_subscription_over_its_whole_span() -> None:
    acts = planned("bt-late-usage-after-close", "2024-04").acts
    stage = [act.does.command for act in acts if isinstance(act.does, SetUp)]
    (started,) = (command for command in stage if isinstance(command, StartSubscription))

    assert (started.term_from, started.term_to) == (date(2024, 3, 1), date(2025, 5, 1))
    assert [(item.item, item.price) for item in started.items] == [("units-at-2", "units-at-2")]


def test_a_second_close_is_left_for_the_ledger_to_refuse() -> None:
    close = {"event": "period_closed", "effective": "2024-01-31", "period": "2024-01"}
    raw = {"currency": "USD", "facts": [close, close], "expected": {}}
    course = plan(translate(document(raw, "case").given), "2024-01")

    assert [act.key for act in course.acts if isinstance(act.does, Close)] == [
        "close-2024-01",
        "close-2024-01-again",
    ]
    assert course.acts[-1].at == datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)
