"""Emptying a database for a new demo: all of it goes, once it is known to be a demo.

Facts are never deleted. This deletes a ledger of made-up facts as a whole, and refuses any other.
"""

from collections.abc import Collection

from store import log
from store.db import Connection, migrate, queries
from store.failure import StoreError

SQL = queries(__file__)


def is_empty(connection: Connection) -> bool:
    return not log.heads(connection)


def made_only_by(connection: Connection, actor: str) -> bool:
    """Whether every fact of every entity came from one actor; an empty ledger has none other."""
    return connection.execute(SQL.another_actor, {"actor": actor}).fetchone() is None


def reset(connection: Connection, *, actor: str, entities: Collection[str]) -> None:
    """Drop and make again the ledger that `actor` made of these entities, and nothing else."""
    others = sorted(set(log.heads(connection)) - set(entities))
    if others or not made_only_by(connection, actor):
        raise StoreError(
            "not-a-demo", f"the ledger holds facts that are not the demo's ({', '.join(others)})"
        )
    with connection.transaction():
        connection.execute(SQL.drop_all)
    migrate(connection)
