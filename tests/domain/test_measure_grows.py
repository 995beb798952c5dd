"""Measuring grows with a contract, counted in steps of the interpreter, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from types import FrameType
from typing import Any

from bench.grown_contract import ACCOUNT, UNIT, account, grown
from domain.accounting.measure import measure
from domain.due import due
from domain.ledger import Run, UnitState, settle
from domain.master import MasterData
from domain.periods import PeriodStates

BOOK = "main"
END = date(2024, 12, 31)


def steps_of(work: Callable[[], object]) -> int:
    """How many bytecodes our own code runs; what C does inside one of them is not seen."""
    count = 0

    def step(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def measuring(facts: int) -> int:
    fresh, master = grown(facts)
    assert len(fresh.facts) == facts
    return steps_of(lambda: measure(UNIT, fresh.facts, fresh.usage, master, BOOK, END))


def test_ten_times_the_facts_take_at_most_twelve_times_the_steps() -> None:
    assert measuring(500) <= 12 * measuring(50)


def settling(facts: int) -> int:
    known = account(facts)
    return steps_of(lambda: measure(ACCOUNT, known, (), MasterData(), BOOK, END))


def test_an_account_grows_with_its_documents() -> None:
    assert settling(500) <= 12 * settling(50)


def settled(facts: int) -> tuple[UnitState, MasterData]:
    fresh, master = grown(facts)
    return settle(UNIT, None, fresh, run(master, master.calendar.periods[-3].last)).state, master


def run(master: MasterData, through: date) -> Run:
    return Run(
        entity="bench",
        book=BOOK,
        position=10**6,
        through=through,
        recorded_on=through,
        master=master,
        periods=PeriodStates(calendar=master.calendar),
    )


def cutting(facts: int) -> int:
    state, master = settled(facts)
    return steps_of(
        lambda: settle(UNIT, state, None, run(master, master.calendar.periods[-2].last))
    )


def test_a_cut_takes_fewer_steps_than_looking_at_every_period_again() -> None:
    state, master = settled(500)
    through = master.calendar.periods[-2].last
    whole = steps_of(lambda: due(state.schedule, through, master.calendar))

    assert 2 * cutting(500) < whole


def test_a_cut_posts_what_cutting_everything_again_would_post() -> None:
    state, master = settled(100)
    forgetful = UnitState(
        schedule=state.schedule, posted=state.posted, measured_at=state.measured_at
    )
    month_on = run(master, master.calendar.periods[-2].last)

    cut, whole = (settle(UNIT, one, None, month_on) for one in (state, forgetful))

    assert cut.entries != ()
    assert cut == whole
