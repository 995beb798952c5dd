"""The schedules that balances rest on: those of the last run, or measured again for an earlier."""

from __future__ import annotations

from collections.abc import Iterable

from domain.accounting.schedule import Schedule
from projections.question import Horizon
from projections.remeasure import place_at, schedules_standing
from store import unit_states
from store.db import Connection


def schedules_known(
    connection: Connection, seen: Horizon, units: Iterable[str]
) -> dict[str, Schedule]:
    """Schedules of some units as the last run before the question's position had them."""
    wanted = set(units)
    found = unit_states.schedules(connection, seen.entity, seen.book, wanted, seen.run)
    if older := sorted(wanted - found.keys()):
        place = place_at(connection, seen.entity, seen.book, seen.run, seen.as_of)
        found |= schedules_standing(connection, place, older)
    return found
