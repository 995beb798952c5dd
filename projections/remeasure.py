"""Units measured again as they were known at a position, from what the poster settled from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.facts import Fact, known
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
    """Schedules as a run measured them, or would have."""
    return {
        unit: measure(unit, known.facts, known.usage, master, book, through)
        for unit, known in fresh(connection, entity, units, run, master).items()
    }


def schedules_agreed(
    connection: Connection,
    entity: str,
    book: str,
    units: Iterable[str],
    run: int,
    master: MasterData,
    day: date,
) -> dict[str, Schedule]:
    """The same without what was agreed, or happened, after a day: as the deals stood then."""
    return {
        unit: measure(
            unit,
            [fact for fact in known(read.facts) if _agreed(fact) <= day],
            [used for used in read.usage if used.day <= day],
            master,
            book,
            day,
        )
        for unit, read in fresh(connection, entity, units, run, master).items()
    }


def _agreed(fact: Fact) -> date:
    return fact.when.agreed_on or fact.when.effective
