from datetime import date

import pytest

from domain.calendar import Period, months
from domain.entity import (
    CalendarDefined,
    DefineCalendar,
    EntityIdentified,
    EntityOpened,
    IdentifyEntity,
    OpenEntity,
)
from tests.domain.given import code, decide, on, refusal, state

SELF = "entity:self"
OPEN = OpenEntity(
    when=on(1, 1), name="Acme", functional_currency="EUR", zone="Europe/Berlin", group="acme-group"
)
OPENED = EntityOpened(
    when=on(1, 1), name="Acme", functional_currency="EUR", zone="Europe/Berlin", group="acme-group"
)
QUARTER = DefineCalendar(when=on(1, 1), periods=months(date(2024, 1, 1), 3))


def test_an_entity_opens() -> None:
    assert decide(SELF, OPEN) == (OPENED,)


def test_an_open_entity_is_not_opened_again() -> None:
    assert code(SELF, OPEN, OPENED) == "entity-already-open"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (OpenEntity(when=on(1, 1), name=" ", functional_currency="EUR"), "empty-text"),
        (OpenEntity(when=on(1, 1), name="A", functional_currency="EURO"), "unknown-currency"),
        (OpenEntity(when=on(1, 1), name="A", functional_currency="eur"), "unknown-currency"),
        (
            OpenEntity(when=on(1, 1), name="A", functional_currency="EUR", zone="Mars/Olympus"),
            "unknown-zone",
        ),
        (
            OpenEntity(when=on(1, 1), name="A", functional_currency="EUR", zone="../etc/passwd"),
            "unknown-zone",
        ),
    ],
)
def test_an_entity_needs_a_name_a_currency_and_a_zone_that_exist(
    command: OpenEntity, expected: str
) -> None:
    assert code(SELF, command) == expected


def test_a_calendar_is_rows() -> None:
    assert decide(SELF, QUARTER, OPENED) == (
        CalendarDefined(when=on(1, 1), periods=months(date(2024, 1, 1), 3)),
    )


def test_a_calendar_grows_at_either_end() -> None:
    known = CalendarDefined(when=on(1, 1), periods=months(date(2024, 4, 1), 3))
    before = DefineCalendar(when=on(2, 1), periods=months(date(2024, 1, 1), 3))
    after = DefineCalendar(when=on(2, 1), periods=months(date(2024, 7, 1), 1))

    assert decide(SELF, before, OPENED, known)
    assert decide(SELF, after, OPENED, known)


def test_a_four_four_five_calendar_is_as_good() -> None:
    weeks = (
        Period(name="P1", first=date(2024, 1, 1), last=date(2024, 1, 28)),
        Period(name="P2", first=date(2024, 1, 29), last=date(2024, 2, 25)),
        Period(name="P3", first=date(2024, 2, 26), last=date(2024, 3, 31)),
    )

    assert decide(SELF, DefineCalendar(when=on(1, 1), periods=weeks), OPENED)


def test_a_calendar_has_no_gap() -> None:
    later = DefineCalendar(when=on(1, 1), periods=months(date(2024, 5, 1), 1))
    known = CalendarDefined(when=on(1, 1), periods=months(date(2024, 1, 1), 3))

    assert refusal(SELF, later, OPENED, known) == ("calendar-gap", {"period": "2024-05"})


def test_a_calendar_has_no_overlap() -> None:
    twice = (
        Period(name="P1", first=date(2024, 1, 1), last=date(2024, 1, 31)),
        Period(name="P2", first=date(2024, 1, 31), last=date(2024, 2, 29)),
    )

    assert code(SELF, DefineCalendar(when=on(1, 1), periods=twice), OPENED) == "calendar-gap"


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ((), "empty-calendar"),
        ((Period(name="", first=date(2024, 1, 1), last=date(2024, 1, 31)),), "empty-text"),
        (
            (Period(name="P1", first=date(2024, 1, 31), last=date(2024, 1, 1)),),
            "period-ends-before-it-begins",
        ),
        (
            (
                Period(name="P1", first=date(2024, 1, 1), last=date(2024, 1, 31)),
                Period(name="P1", first=date(2024, 2, 1), last=date(2024, 2, 29)),
            ),
            "duplicate-period",
        ),
    ],
)
def test_periods_are_named_once_and_end_after_they_begin(
    periods: tuple[Period, ...], expected: str
) -> None:
    assert code(SELF, DefineCalendar(when=on(1, 1), periods=periods), OPENED) == expected


def test_a_period_may_be_one_day_long() -> None:
    day = (Period(name="cut", first=date(2024, 1, 1), last=date(2024, 1, 1)),)

    assert decide(SELF, DefineCalendar(when=on(1, 1), periods=day), OPENED)


def test_nothing_more_is_refused_as_empty_even_on_a_calendar_that_has_periods() -> None:
    known = CalendarDefined(when=on(1, 1), periods=months(date(2024, 1, 1), 3))

    assert code(SELF, DefineCalendar(when=on(1, 1), periods=()), known) == "empty-calendar"


def test_periods_are_kept_in_order_whatever_the_order_of_the_facts() -> None:
    later = CalendarDefined(when=on(1, 1), periods=months(date(2024, 4, 1), 3))
    earlier = CalendarDefined(when=on(1, 1), periods=months(date(2024, 1, 1), 3))

    assert state(SELF, OPENED, later, earlier).calendar.periods == months(date(2024, 1, 1), 6)


def test_who_the_entity_is_on_documents_is_said_as_often_as_it_changes() -> None:
    first = EntityIdentified(when=on(1, 1), party="seller", party_digest="ab", locale="de")
    moved = IdentifyEntity(when=on(6, 1), party="seller", party_digest="cd")

    assert decide(SELF, moved, OPENED, first) == (
        EntityIdentified(when=on(6, 1), party="seller", party_digest="cd"),
    )
    assert code(SELF, IdentifyEntity(when=on(6, 1), party=" "), OPENED) == "empty-text"
    assert code(SELF, IdentifyEntity(when=on(6, 1), party="s", locale="x")) == "unknown-locale"
