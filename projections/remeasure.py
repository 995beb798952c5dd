"""Units measured again as they were known at a position, from what the poster settled from."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.errors import Rejected
from domain.facts import Fact, known
from domain.master import MasterData
from store.db import Connection
from store.unit_facts import fresh

DEALS = frozenset({"contract", "invoice", "opening", "subscription"})


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
    """The same without what was agreed, or happened, after a day: as the deals stood then. Units
    that are refused by name are left out.
    """
    found = {}
    for unit, read in fresh(connection, entity, units, run, master).items():
        facts = [fact for fact in known(read.facts) if _agreed(fact) <= day]
        usage = [used for used in read.usage if used.day <= day]
        with suppress(Rejected):
            found[unit] = measure(unit, facts, usage, master, book, day)
    return found


def _agreed(fact: Fact) -> date:
    """Deals and documents are agreed; what is known of customers and usage counts by other days."""
    if fact.stream.partition(":")[0] not in DEALS:
        return date.min
    return fact.when.agreed_on or fact.when.effective
