"""Units measured again as they were known at a position, from what the poster settled from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date

from msgspec import Struct

from domain.accounting.as_agreed import as_agreed
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.errors import Rejected
from domain.facts import known
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from store import log
from store.db import Connection
from store.unit_facts import fresh


class Place(Struct, frozen=True, kw_only=True):
    """Where a ledger is looked at: a book at the end of a day, as a posting run knew it.

    `run` is the position of the run, `master` the master data that it knew.
    """

    entity: str
    book: str
    run: int
    day: date
    master: MasterData


def place_at(connection: Connection, entity: str, book: str, run: int, day: date) -> Place:
    """With the master data read from the log."""
    kept = log.read_categories(connection, entity, MASTER_CATEGORIES, upto=run)
    return Place(entity=entity, book=book, run=run, day=day, master=master_data(kept))


def schedules_at(connection: Connection, place: Place, units: Iterable[str]) -> dict[str, Schedule]:
    """Schedules as a run measured them, or would have. Raises Rejected as measuring does."""
    return {unit: measured(unit, read, place) for unit, read in _read(connection, place, units)}


def schedules_standing(
    connection: Connection, place: Place, units: Iterable[str]
) -> dict[str, Schedule]:
    """The same without units that are refused by name: they wait, and stand as before."""
    return _unless_refused(measured, connection, place, units)


def schedules_agreed(
    connection: Connection, place: Place, units: Iterable[str]
) -> dict[str, Schedule]:
    """The same, of the deals as they stood at the end of the day."""
    return _unless_refused(measured_as_agreed, connection, place, units)


def measured(unit: str, read: Fresh, place: Place) -> Schedule:
    """What a unit's facts imply. Raises Rejected as measuring does."""
    return measure(unit, read.facts, read.usage, place.master, place.book, place.day)


def measured_as_agreed(unit: str, read: Fresh, place: Place) -> Schedule:
    """What the deal came to as it stood at the end of the day; usage after it is left aside. Raises
    Rejected as measuring does.
    """

    def void_default(issued: date) -> str:
        return place.master.options(place.book, issued).void_default

    facts = as_agreed(known(read.facts), place.day, void_default)
    usage = tuple(used for used in read.usage if used.day <= place.day)
    return measured(unit, Fresh(facts=tuple(facts), usage=usage), place)


def _unless_refused(
    measuring: Callable[[str, Fresh, Place], Schedule],
    connection: Connection,
    place: Place,
    units: Iterable[str],
) -> dict[str, Schedule]:
    found = {}
    for unit, read in _read(connection, place, units):
        with suppress(Rejected):
            found[unit] = measuring(unit, read, place)
    return found


def _read(
    connection: Connection, place: Place, units: Iterable[str]
) -> Iterable[tuple[str, Fresh]]:
    return fresh(connection, place.entity, units, place.run, place.master).items()
