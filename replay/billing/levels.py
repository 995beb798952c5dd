"""Levels of spend between two billing runs: who used something since, and what passed a level."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.master import MASTER_CATEGORIES, master_data
from replay.billing.run import SUBSCRIPTIONS_TOGETHER, Desk, Part, Wanted, issue
from store import log
from store.db import Connection, queries

SQL = queries(__file__)


def bill_levels(
    connection: Connection, entity: str, through: date, since: int, upto: int, desk: Desk
) -> Iterator[Part]:
    """Bill the running periods whose use passed a level, of whom batches after `since` name."""
    if not _has_levels(connection, entity, upto):
        return
    names = _used_since(connection, entity, since, upto)
    for first in range(0, len(names), SUBSCRIPTIONS_TOGETHER):
        some = tuple(names[first : first + SUBSCRIPTIONS_TOGETHER])
        wanted = Wanted(entity=entity, through=through, subscriptions=some, only_levels=True)
        yield from issue(connection, wanted, desk)


def _has_levels(connection: Connection, entity: str, upto: int) -> bool:
    master = master_data(log.read_categories(connection, entity, MASTER_CATEGORIES, upto=upto))
    return any(one.price.thresholds for own in master.prices.values() for one in own)


def _used_since(connection: Connection, entity: str, since: int, upto: int) -> list[str]:
    arguments = {"entity": entity, "since": since, "upto": upto}
    return [name for (name,) in connection.execute(SQL.used_since, arguments).fetchall()]
