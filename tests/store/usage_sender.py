"""A sender of usage, as a process: `python -m tests.store.usage_sender DSN NUMBER TOGETHER`.

It waits for a line, sends batches of events that other senders send too, each in an order of its
own, and tells the receipts. Every fiftieth event it tells in a way that nobody else does.
"""

import sys
from datetime import UTC, datetime
from random import Random

import msgspec

from store import db
from store.usage_rows import ingest
from store.usage_stage import UsageBatch

EVENTS = 1_500
BATCHES = 6
ROWS = 500
NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)


def row(number, sender):
    return {
        "event_id": f"{number}",
        "subscription": f"s{number % 7}",
        "meter": "calls",
        "quantity": f"{number}.{sender}" if number % 50 == 0 else f"{number}",
        "occurred_at": f"2024-{number % 3 + 1:02}-05T00:00:00Z",
    }


def send(dsn, sender, together):
    random = Random(sender)
    with db.connect(dsn) as connection:
        sys.stdin.readline()
        for batch in range(BATCHES):
            order = UsageBatch(entity="e", source="app", key=f"{sender}:{batch}")
            rows = [row(number, sender) for number in random.sample(range(EVENTS), ROWS)]
            receipt = ingest(connection, order, rows, clock=lambda: NOW, together=together)
            sys.stdout.write(msgspec.json.encode(receipt).decode() + "\n")


if __name__ == "__main__":
    send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
