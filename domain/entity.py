"""A legal entity, its functional currency, its zone and its accounting periods."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.calendar import ONE_DAY, Calendar, Period
from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When


class EntityOpened(Event, frozen=True, kw_only=True, tag="entity-opened"):
    """The entity's log begins. `group` names the entity whose shared master data it adopts."""

    name: str
    functional_currency: str
    zone: str = "UTC"
    region: str = ""
    group: str | None = None
    ar_owner: Literal["tieout", "erp"] = "tieout"


class CalendarDefined(Event, frozen=True, kw_only=True, tag="calendar-defined"):
    """Accounting periods added after those already known; rows, never a formula."""

    periods: tuple[Period, ...]


class OpenEntity(Struct, frozen=True, kw_only=True, tag="open-entity", forbid_unknown_fields=True):
    """Begin the entity's log."""

    when: When
    name: str
    functional_currency: str
    zone: str = "UTC"
    region: str = ""
    group: str | None = None
    ar_owner: Literal["tieout", "erp"] = "tieout"


class DefineCalendar(
    Struct, frozen=True, kw_only=True, tag="define-calendar", forbid_unknown_fields=True
):
    """Add accounting periods."""

    when: When
    periods: tuple[Period, ...]


class EntityState(Struct, frozen=True, kw_only=True):
    """Whether the entity is open, and its calendar so far."""

    is_open: bool = False
    calendar: Calendar = Calendar()


def evolve(state: EntityState, fact: Fact) -> EntityState:
    event = fact.event
    match event:
        case EntityOpened():
            return structs.replace(state, is_open=True)
        case CalendarDefined():
            rows = sorted((*state.calendar.periods, *event.periods), key=lambda row: row.first)
            return structs.replace(state, calendar=Calendar(tuple(rows)))
        case _:
            return state


def decide(
    command: OpenEntity | DefineCalendar, state: EntityState, context: Context
) -> tuple[Event, ...]:
    del context
    match command:
        case OpenEntity():
            if state.is_open:
                raise Rejected("entity-already-open", field="stream")
            exponent(command.functional_currency)
            return (EntityOpened(**structs.asdict(command)),)
        case DefineCalendar():
            _require_contiguous((*state.calendar.periods, *command.periods))
            return (CalendarDefined(when=command.when, periods=command.periods),)
        case _:
            assert_never(command)


def _require_contiguous(periods: tuple[Period, ...]) -> None:
    """Periods follow one another without gap or overlap, each under a name of its own."""
    if not periods:
        raise Rejected("empty-calendar", field="periods")
    if len({period.name for period in periods}) < len(periods):
        raise Rejected("duplicate-period", field="periods")
    for period in periods:
        if period.last < period.first:
            raise Rejected("period-ends-before-it-begins", field="periods", period=period.name)
    for before, after in pairwise(periods):
        if after.first != before.last + ONE_DAY:
            raise Rejected("calendar-gap", field="periods", period=after.name)


DECIDER: Decider[EntityState, OpenEntity | DefineCalendar] = Decider(
    category="entity",
    initial=EntityState(),
    evolve=evolve,
    decide=decide,
    commands=(OpenEntity, DefineCalendar),
    events=(EntityOpened, CalendarDefined, Retracted),
)
