"""Commands of one customer in a few words, and how often a client waits for the server."""

import tempfile
from contextlib import contextmanager
from datetime import UTC, date, datetime

from psycopg.pq import Trace

from domain.facts import When
from domain.party import AmendCustomer, RegisterCustomer
from store.request import Request

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WHEN = When(effective=date(2026, 1, 1))


def clock():
    return NOW


def register(key, name="a"):
    command = RegisterCustomer(when=WHEN, currency="USD")
    return Request(entity="e", stream=f"customer:{name}", key=key, command=command)


def amend(key, name="a"):
    command = AmendCustomer(when=WHEN, party=key)
    return Request(entity="e", stream=f"customer:{name}", key=key, command=command)


@contextmanager
def round_trips(connection):
    """How often the client waits for the server, as libpq itself tells it."""
    counted = []
    with tempfile.TemporaryFile("w+") as trace:
        connection.pgconn.trace(trace.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        yield counted
        connection.pgconn.untrace()
        trace.seek(0)
        counted.append(sum("ReadyForQuery" in line for line in trace if line.startswith("B")))
