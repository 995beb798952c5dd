"""What a unit's state keeps, when it is measured again, and on which day late amounts stand."""

from datetime import date, timedelta

import pytest
from msgspec import structs

from domain.accounting.curves import At
from domain.accounting.revenue import over_time
from domain.accounting.schedule import Schedule
from domain.errors import Rejected
from domain.journal import Due, Slot
from domain.ledger import Fresh, News, Posted, changes, is_outrun, moves, settle
from domain.policy import Options
from domain.terms import horizon
from tests.domain.test_ledger import CLOSED, CREDIT, JANUARY, ledger, run
from tests.laws.memory import Books, fresh_of

UNIT = "invoice:i:1"
SLOT = Slot(date(2024, 1, 31), "release", "seat", "revenue", "seat")


def fresh(books: Books) -> Fresh:
    return fresh_of(books, UNIT, len(books.facts))


@pytest.mark.parametrize(
    ("elected", "expected"),
    [("first-day", date(2024, 2, 1)), ("day-recorded", date(2024, 2, 20))],
)
def test_what_is_late_stands_on_the_elected_day_of_the_open_month(
    elected: str, expected: date
) -> None:
    books = ledger(CLOSED, ("invoice:i", CREDIT, None), run(2, 29))
    settled = books.settlements[-1]
    options = Options(ratable_by="month", closed_period_date=elected)  # type: ignore[arg-type]
    master = structs.replace(settled.run.master, policies={"b": ((date.min, options),)})
    late = structs.replace(settled.run, master=master, recorded_on=date(2024, 2, 20))

    (entry,) = settle(UNIT, books.settlements[0].states[UNIT], fresh(books), late).entries
    days = {line.slot.earned: line.accounting_date for line in entry.lines}

    assert days[date(2024, 1, 31)] == expected


def test_a_state_keeps_no_steps_and_knows_up_to_where_it_is_measured() -> None:
    books = ledger(run(2, 29))
    first, second = books.settlements

    assert first.states[UNIT].measured_at == first.run.position
    assert second.states[UNIT].measured_at == first.run.position
    assert all(flow.told is None for flow in first.states[UNIT].schedule.flows)
    assert second.states[UNIT].schedule is first.states[UNIT].schedule


def test_what_stands_in_one_currency_does_not_become_another() -> None:
    books = ledger()
    settled = books.settlements[0]
    state = settled.states[UNIT]
    other = structs.replace(state, schedule=structs.replace(state.schedule, currency="JPY"))

    with pytest.raises(Rejected) as no:
        settle(UNIT, other, fresh(books), settled.run)

    assert no.value.code == "currency-changed"
    empty = structs.replace(other, posted=())
    assert settle(UNIT, empty, fresh(books), settled.run).entries


@pytest.mark.parametrize("amounts", [(5, 0), (0, 5)])
def test_a_difference_in_either_currency_is_a_change(amounts: tuple[int, int]) -> None:
    minor, functional = amounts
    due = Due(minor, functional, (1,), "ratable-by-day@1")
    (more,) = changes({SLOT: due}, [], News())
    (less,) = changes({}, [Posted(SLOT, minor, functional, (1,))], News())

    assert (more.minor, more.functional_minor) == amounts
    assert (less.minor, less.functional_minor) == (-minor, -functional)
    assert changes({}, [Posted(SLOT, 0, 0, (1,))], News()) == ()


def test_a_schedule_without_end_is_outrun_by_a_later_year() -> None:
    bare = Schedule(unit="subscription:s", book="b", currency="USD")
    reached = horizon(date(2024, 5, 1))

    assert not is_outrun(bare, date(2099, 1, 1))
    assert not is_outrun(structs.replace(bare, measured_to=reached), date(2024, 12, 31))
    assert is_outrun(structs.replace(bare, measured_to=reached), date(2025, 1, 1))
    assert is_outrun(structs.replace(bare, valued_to=JANUARY), JANUARY + timedelta(days=1))
    assert not is_outrun(structs.replace(bare, valued_to=JANUARY), JANUARY)


def test_a_flow_moves_from_its_first_day_to_its_last() -> None:
    flow = over_time("seat", JANUARY, date(2024, 4, 1), 90, "day", (1,))
    schedule = Schedule(unit="subscription:s", book="b", currency="USD", flows=(flow,))
    before = JANUARY - timedelta(days=1)

    assert moves(schedule, before - timedelta(days=1), JANUARY)
    assert not moves(schedule, before - timedelta(days=1), before)
    assert moves(schedule, date(2024, 3, 30), date(2024, 3, 31))
    once = structs.replace(flow, curve=At(JANUARY, 5))
    assert not moves(structs.replace(schedule, flows=(once,)), JANUARY, date(2024, 2, 1))
