"""Units measured again as they were known at a position, from what the poster settled from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date

from domain.accounting.as_agreed import as_agreed
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.errors import Rejected
from domain.facts import known
from domain.ledger import Fresh
from domain.master import MasterData
from store.db import Connection
from store.unit_facts import fresh


def schedules_at(
    connection: Connection,
    entity: str,
    book: str,
    units: Iterable[str],
    run: int,
    master: MasterData,
    through: date,
) -> dict[str, Schedule]:
    """Schedules as a run measured them, or would have. Raises Rejected as measuring does."""
    return {
        unit: measure(unit, read.facts, read.usage, master, book, through)
        for unit, read in fresh(connection, entity, units, run, master).items()
    }


def schedules_standing(
    connection: Connection,
    entity: str,
    book: str,
    units: Iterable[str],
    run: int,
    master: MasterData,
    through: date,
) -> dict[str, Schedule]:
    """The same without units that are refused by name: they wait, and stand as before."""

    def measured(unit: str, read: Fresh) -> Schedule:
        return measure(unit, read.facts, read.usage, master, book, through)

    return _each(fresh(connection, entity, units, run, master), measured)


def schedules_agreed(
    connection: Connection,
    entity: str,
    book: str,
    units: Iterable[str],
    run: int,
    master: MasterData,
    day: date,
) -> dict[str, Schedule]:
    """The same, of the deals as they stood at the end of a day."""

    def measured(unit: str, read: Fresh) -> Schedule:
        return measured_as_agreed(unit, read, master, book, day)

    return _each(fresh(connection, entity, units, run, master), measured)


def measured_as_agreed(
    unit: str, read: Fresh, master: MasterData, book: str, day: date
) -> Schedule:
    """What the deal came to as it stood at the end of a day; usage after it is left aside. Raises
    Rejected as measuring does.
    """

    def void_default(issued: date) -> str:
        return master.options(book, issued).void_default

    facts = as_agreed(known(read.facts), day, void_default)
    usage = [used for used in read.usage if used.day <= day]
    return measure(unit, facts, usage, master, book, day)


def _each(
    units: dict[str, Fresh], measured: Callable[[str, Fresh], Schedule]
) -> dict[str, Schedule]:
    found = {}
    for unit, read in units.items():
        with suppress(Rejected):
            found[unit] = measured(unit, read)
    return found
