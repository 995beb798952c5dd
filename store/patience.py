"""No limit on a statement or a lock for a job that is known to be long, such as a migration."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from store.named import queries

SQL = queries(__file__)


@contextmanager
def patient(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Within the block; afterwards the connection's limits are what they were."""
    before = connection.execute(SQL.limits).fetchone()
    assert before is not None, "a session has settings"
    connection.execute(SQL.set_limits, {"statement": "0", "lock": "0"})
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute(SQL.set_limits, {"statement": before[0], "lock": before[1]})
