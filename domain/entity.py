"""A legal entity, its functional currency, its zone and its accounting periods."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from domain.calendar import Calendar, Period
from domain.facts import Event, Fact, Retracted, When


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
    when: When
    name: str
    functional_currency: str
    zone: str = "UTC"
    region: str = ""
    group: str | None = None
    ar_owner: Literal["tieout", "erp"] = "tieout"


class DefineCalendar(Struct, frozen=True, kw_only=True, tag="define-calendar", forbid_unknown_fields=True):
    when: When
    periods: tuple[Period, ...]
