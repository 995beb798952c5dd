"""A legal entity, its functional currency, its zone and its accounting periods."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.calendar import ONE_DAY, Calendar, Period
from domain.currency import exponent
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.locales import require_locale
from domain.zones import require_zone


class EntityOpened(Event, frozen=True, kw_only=True, tag="entity-opened"):
    """The entity's log begins. `group` names the entity whose shared master data it adopts."""

    name: str
    functional_currency: str
    zone: str = "UTC"
    region: str = ""
    group: str | None = None
    ar_owner: Literal["tieout", "erp"] = "tieout"


class EntityIdentified(Event, frozen=True, kw_only=True, tag="entity-identified"):
    """Who the entity is on its documents from `effective` on: an opaque vault id and its digest.

    `locale`: of documents for customers that state none.
    """

    party: str
    party_digest: str | None = None
    locale: str = "en"


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


class IdentifyEntity(
    Struct, frozen=True, kw_only=True, tag="identify-entity", forbid_unknown_fields=True
):
    """Say who the entity is on its documents from a day on."""

    when: When
    party: str
    party_digest: str | None = None
    locale: str = "en"


class DefineCalendar(
    Struct, frozen=True, kw_only=True, tag="define-calendar", forbid_unknown_fields=True
):
    """Add accounting periods."""

    when: When
    periods: tuple[Period, ...]


EntityEvent = EntityOpened | EntityIdentified | CalendarDefined
EntityCommand = OpenEntity | IdentifyEntity | DefineCalendar


class EntityState(Struct, frozen=True, kw_only=True):
    """Whether the entity is open, and its calendar so far."""

    is_open: bool = False
    functional_currency: str = ""
    calendar: Calendar = Calendar()


def evolve(state: EntityState, fact: Fact) -> EntityState:
    event = fact.event
    assert isinstance(event, EntityEvent), fact
    match event:
        case EntityOpened():
            functional = event.functional_currency
            return structs.replace(state, is_open=True, functional_currency=functional)
        case EntityIdentified():
            return state
        case CalendarDefined():
            return structs.replace(state, calendar=_joined(state.calendar, event.periods))
        case _:
            assert_never(event)


def decide(command: EntityCommand, state: EntityState, context: Context) -> tuple[Event, ...]:
    """An entity opens once; its calendar may grow at either end, never tear or overlap (SPEC 3)."""
    del context
    match command:
        case OpenEntity():
            if state.is_open:
                raise Rejected("entity-already-open", field="stream")
            require_name(command.name, "name")
            exponent(command.functional_currency)
            require_zone(command.zone)
            return (EntityOpened(**structs.asdict(command)),)
        case IdentifyEntity():
            require_name(command.party, "party")
            require_locale(command.locale)
            return (EntityIdentified(**structs.asdict(command)),)
        case DefineCalendar():
            if not command.periods:
                raise Rejected("empty-calendar", field="periods")
            _require_contiguous(_joined(state.calendar, command.periods).periods)
            return (CalendarDefined(when=command.when, periods=command.periods),)
        case _:
            assert_never(command)


def _joined(calendar: Calendar, more: tuple[Period, ...]) -> Calendar:
    return Calendar(tuple(sorted((*calendar.periods, *more), key=lambda row: row.first)))


def _require_contiguous(periods: tuple[Period, ...]) -> None:
    """Periods follow one another without gap or overlap, each under a name of its own."""
    if len({period.name for period in periods}) < len(periods):
        raise Rejected("duplicate-period", field="periods")
    for period in periods:
        require_name(period.name, "periods.name")
        if period.last < period.first:
            raise Rejected("period-ends-before-it-begins", field="periods", period=period.name)
    for before, after in pairwise(periods):
        if after.first != before.last + ONE_DAY:
            raise Rejected("calendar-gap", field="periods", period=after.name)


DECIDER: Decider[EntityState, EntityCommand] = Decider(
    category="entity",
    initial=EntityState(),
    evolve=evolve,
    decide=decide,
    commands=(OpenEntity, IdentifyEntity, DefineCalendar),
    events=(EntityOpened, EntityIdentified, CalendarDefined, Retracted),
)
