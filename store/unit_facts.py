"""What measuring a unit reads: all of its facts up to a position, and the usage of a subscription.

Settling, looking back and explaining read the same, so what is explained is what was posted.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.facts import Fact, timeline
from domain.ledger import Fresh
from domain.master import MasterData
from domain.subscription import SubscriptionStarted
from domain.usage import UsageDay
from store import log
from store.db import Connection, queries
from store.usage_days import usage_days

SQL = queries(__file__)


def fresh(
    connection: Connection,
    entity: str,
    units: Iterable[str],
    run: int,
    master: MasterData,
) -> dict[str, Fresh]:
    """All facts of some units up to a run, each read once, and the usage of subscriptions."""
    wanted_units = sorted(units)
    if not wanted_units:
        return {}
    arguments = {"entity": entity, "units": wanted_units, "run": run}
    found = connection.execute(SQL.facts_of_units, arguments, binary=True)
    places: dict[str, list[int]] = {unit: positions or [] for unit, positions in found}
    wanted = {position for positions in places.values() for position in positions}
    facts = {fact.position: fact for fact in log.read_positions(connection, entity, wanted)}
    of_unit = {unit: tuple(facts[at] for at in positions) for unit, positions in places.items()}
    usage = _usage(connection, entity, of_unit, run, master)
    return {unit: Fresh(facts=own, usage=usage.get(unit, ())) for unit, own in of_unit.items()}


def zone_of(facts: Iterable[Fact]) -> str:
    """The zone of a subscription's days: its own, or UTC before it is known."""
    said = list(facts)
    started = [fact for fact in said if isinstance(fact.event, SubscriptionStarted)]
    if len(started) == 1 and all(fact.corrects != started[0].position for fact in said):
        return _zone(started[0])
    alive = (fact for fact in timeline(said) if isinstance(fact.event, SubscriptionStarted))
    return next(map(_zone, alive), "UTC")


def _zone(fact: Fact) -> str:
    assert isinstance(fact.event, SubscriptionStarted), fact
    return fact.event.zone


def _usage(
    connection: Connection,
    entity: str,
    of_unit: dict[str, tuple[Fact, ...]],
    run: int,
    master: MasterData,
) -> dict[str, tuple[UsageDay, ...]]:
    zones = {
        unit.partition(":")[2]: zone_of(own)
        for unit, own in of_unit.items()
        if unit.startswith("subscription:")
    }
    found: dict[str, list[UsageDay]] = {}
    for day in usage_days(
        connection, entity, zones, by_row=master.by_row, earned=master.zone, upto=run
    ):
        found.setdefault(f"subscription:{day.subscription}", []).append(day)
    return {unit: tuple(days) for unit, days in found.items()}
